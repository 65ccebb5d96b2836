// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package failure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

func TestWhatIsNoErrorOfOrderCloudIsNotExplained(t *testing.T) {
	for name, err := range map[string]error{
		"no error":                      nil,
		"an error of the API server":    errors.New("etcdserver: request timed out"),
		"a cancelled context":           context.Canceled,
		"a wrapped cancelled context":   fmt.Errorf("reading: %w", context.Canceled),
		"a cancelled call of any route": &ordercloud.Error{Method: http.MethodGet, Route: "/v1/me", Answer: answer.Of(nil, context.Canceled)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (failure.Call{Doing: creating}).FromOrderCloud(err); got != nil {
				t.Errorf("explained as %s: %s", got.Reason, got.Message)
			}
		})
	}
}

func TestAStopOfTheOperatorIsNoFailureOfOrderCloud(t *testing.T) {
	for name, test := range map[string]struct {
		path    string
		attempt attempt
	}{
		"while it waits for a token": {"/oauth/token", createUser(asDeclared)},
		"while it waits for a write": {users, createUser(asDeclared)},
		"while it waits for a look": {users + "/*", func(ctx context.Context, w *world) error {
			_, err := w.client.BuyerUsers("acme").Get(ctx, "walk-in")
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.box.Inject(sandbox.Fault{Path: test.path, Kind: sandbox.FaultHang})
			ctx, cancel := context.WithCancel(t.Context())
			w.onRequest(test.path, cancel)
			err := test.attempt(ctx, w)
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			if got := w.call(creating).FromOrderCloud(err); got != nil {
				t.Errorf("explained as %s: %s", got.Reason, got.Message)
			}
		})
	}
}

func TestWhatOrderCloudEchoesOfAPersonIsNotRepeated(t *testing.T) {
	const password = "Correct-Horse-7"
	for name, test := range map[string]struct{ echo, want string }{
		"the e-mail address":              {"Email jane.doe@acme.example is not valid.", "Email (redacted) is not valid"},
		"in another letter case":          {"Email JANE.DOE@ACME.EXAMPLE is not valid.", "Email (redacted) is not valid"},
		"the username, which begins it":   {"jane.doe is taken, as is jane.doe@acme.example.", "(redacted) is taken, as is (redacted)"},
		"first and last name":             {"Jane Doe exists.", "(redacted) exists"},
		"the last name alone":             {"Mrs Doe exists.", "Mrs (redacted) exists"},
		"the phone number":                {"Phone 555-0100 is bad.", "Phone (redacted) is bad"},
		"the password":                    {"Password " + password + " is too weak.", "Password (redacted) is too weak"},
		"a short name":                    {"AL cannot call Al.", "(redacted) cannot call (redacted)"},
		"a short name of other letters":   {"Bö cannot call.", "(redacted) cannot call"},
		"a username that is a word":       {"The user has an order, Username: user.", "The user has an order, Username: (redacted)"},
		"letters for a terminal":          {"a\x1b[2J\x00b\u202ec is bad.", "a b c is bad"},
		"the password, encoded":           {"Body %22Correct-Horse-7%22 or Q29ycmVjdC1Ib3JzZS03.", "Body %22(redacted)%22 or (redacted)"},
		"one that the cut would split":    {strings.Repeat("x", 505) + " jane.doe@acme.example", strings.Repeat("x", 505) + " (redac…"},
		"letters of more than one byte":   {strings.Repeat("é", 300), strings.Repeat("é", 256) + "…"},
		"a letter that the cut would hit": {"x" + strings.Repeat("é", 300), "x" + strings.Repeat("é", 255) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			body, err := json.Marshal(map[string]any{"Errors": []any{
				map[string]any{"ErrorCode": "ValidationFailure", "Message": test.echo},
				map[string]any{"ErrorCode": "ValidationFailure", "Message": test.echo},
			}})
			if err != nil {
				t.Fatal(err)
			}
			w.answerInstead(http.StatusBadRequest, string(body))
			got := failure.Call{Doing: creating, BaseURL: w.server.URL, Personal: []string{
				"jane.doe", "jane.doe@acme.example", "Jane Doe", "Jane", "Al", "Bö", "Doe", "555-0100", "user", "",
			}, Secret: password}.FromOrderCloud(createUser(asDeclared)(t.Context(), w))
			want := "OrderCloud refuses creating buyers/acme/users/jdoe (ValidationFailure): " + test.want
			if diff := cmp.Diff(want, got.Message); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strings.Contains(got.Error(), test.echo) {
				t.Errorf("the text for logs repeats it: %s", got.Error())
			}
		})
	}
}
