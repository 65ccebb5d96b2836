// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

func xp(object string) *runtime.RawExtension { return &runtime.RawExtension{Raw: []byte(object)} }

const wholeUser = `{"ID":"jdoe","Username":"jdoe@acme.example","FirstName":"Jane","LastName":"Doe",` +
	`"Email":"jdoe@acme.example","Phone":null,"TermsAccepted":null,"Active":true,"xp":null}`

// Each case is compared, and then written, with either policy.
func TestAUserIsComparedAndWrittenAsItsPolicySays(t *testing.T) {
	for name, test := range map[string]struct {
		declare func(*v1alpha1.BuyerUserSpec)
		theirs  map[string]any
		// What differs, and the body of the PATCH that changes it; none when empty.
		merge []string
		patch string
		// What differs with Replace; the PUT always sends everything declared.
		replace []string
		put     string
	}{
		"equal": {},
		"the declared texts": {
			theirs: map[string]any{"Username": "x", "FirstName": "X", "LastName": "Y", "Email": "x@x.example"},
			merge:  []string{"Username", "FirstName", "LastName", "Email"},
			patch:  `{"Username":"jdoe@acme.example","FirstName":"Jane","LastName":"Doe","Email":"jdoe@acme.example"}`,
			replace: []string{
				"Username", "FirstName", "LastName", "Email",
			},
			put: wholeUser,
		},
		"active by default": {
			theirs: map[string]any{"Active": false},
			merge:  []string{"Active"}, patch: `{"Active":true}`, replace: []string{"Active"}, put: wholeUser,
		},
		"declared inactive": {
			declare: func(spec *v1alpha1.BuyerUserSpec) { spec.Active = new(false) },
			merge:   []string{"Active"}, patch: `{"Active":false}`, replace: []string{"Active"},
			put: strings.Replace(wholeUser, `"Active":true`, `"Active":false`, 1),
		},
		"undeclared phone and terms of others": {
			theirs:  map[string]any{"Phone": "555-0100", "TermsAccepted": "2026-01-02T03:04:05Z"},
			replace: []string{"Phone", "TermsAccepted"}, put: wholeUser,
		},
		"declared phone and terms": {
			declare: func(spec *v1alpha1.BuyerUserSpec) {
				spec.Phone, spec.TermsAccepted = new("555-0100"), new(v1alpha1.DateTime("2026-01-02T04:04:05+01:00"))
			},
			merge: []string{"Phone", "TermsAccepted"}, patch: `{"Phone":"555-0100","TermsAccepted":"2026-01-02T03:04:05Z"}`,
			replace: []string{"Phone", "TermsAccepted"},
			put: strings.NewReplacer(`"Phone":null`, `"Phone":"555-0100"`,
				`"TermsAccepted":null`, `"TermsAccepted":"2026-01-02T03:04:05Z"`).Replace(wholeUser),
		},
		"one moment, written in another way": {
			declare: func(spec *v1alpha1.BuyerUserSpec) {
				spec.TermsAccepted = new(v1alpha1.DateTime("2026-01-02T03:04:05Z"))
			},
			theirs: map[string]any{"TermsAccepted": "2026-01-02T05:04:05.25+02:00"},
		},
		"one moment, in lower case": {
			declare: func(spec *v1alpha1.BuyerUserSpec) {
				spec.TermsAccepted = new(v1alpha1.DateTime("2026-01-02t03:04:05z"))
			},
			theirs: map[string]any{"TermsAccepted": "2026-01-02T03:04:05Z"},
		},
		"terms in lower case": {
			declare: func(spec *v1alpha1.BuyerUserSpec) {
				spec.TermsAccepted = new(v1alpha1.DateTime("2026-01-02t04:04:05+01:00"))
			},
			merge: []string{"TermsAccepted"}, patch: `{"TermsAccepted":"2026-01-02T03:04:05Z"}`,
			replace: []string{"TermsAccepted"}, put: strings.Replace(wholeUser, `"TermsAccepted":null`, `"TermsAccepted":"2026-01-02T03:04:05Z"`, 1),
		},
		"xp of others only": {
			theirs:  map[string]any{"xp": map[string]any{"theirs": 1, "more": nil}},
			replace: []string{"xp.theirs"}, put: wholeUser,
		},
		"own keys of xp among those of others": {
			declare: func(spec *v1alpha1.BuyerUserSpec) { spec.XP = xp(`{"ours":{"b":2,"a":1.0},"gone":null,"same":[1,2]}`) },
			theirs:  map[string]any{"xp": map[string]any{"theirs": 1, "ours": map[string]any{"a": 1}, "gone": true, "same": []any{1, 2.0}}},
			merge:   []string{"xp.gone", "xp.ours"}, patch: `{"xp":{"ours":{"b":2,"a":1.0},"gone":null}}`,
			replace: []string{"xp.gone", "xp.ours", "xp.theirs"},
			put:     strings.Replace(wholeUser, `"xp":null`, `"xp":{"ours":{"b":2,"a":1.0},"gone":null,"same":[1,2]}`, 1),
		},
		"a key of xp with dots and spaces": {
			declare: func(spec *v1alpha1.BuyerUserSpec) { spec.XP = xp(`{"a.b c":"x"}`) },
			merge:   []string{"xp.a.b c"}, patch: `{"xp":{"a.b c":"x"}}`,
			replace: []string{"xp.a.b c"}, put: strings.Replace(wholeUser, `"xp":null`, `"xp":{"a.b c":"x"}`, 1),
		},
		"a key of xp that is a field's name": {
			declare: func(spec *v1alpha1.BuyerUserSpec) { spec.XP = xp(`{"Password":"x","xp.a":1}`) },
			merge:   []string{"xp.Password", "xp.xp.a"}, patch: `{"xp":{"Password":"x","xp.a":1}}`,
			replace: []string{"xp.Password", "xp.xp.a"}, put: strings.Replace(wholeUser, `"xp":null`, `"xp":{"Password":"x","xp.a":1}`, 1),
		},
		"a number that no float holds": {
			declare: func(spec *v1alpha1.BuyerUserSpec) { spec.XP = xp(`{"n":9007199254740993}`) },
			theirs:  map[string]any{"xp": map[string]any{"n": int64(9007199254740992)}},
			merge:   []string{"xp.n"}, patch: `{"xp":{"n":9007199254740993}}`,
			replace: []string{"xp.n"}, put: strings.Replace(wholeUser, `"xp":null`, `"xp":{"n":9007199254740993}`, 1),
		},
		"an empty xp is none": {
			declare: func(spec *v1alpha1.BuyerUserSpec) { spec.XP = xp(`{}`) },
		},
	} {
		for policy, want := range map[v1alpha1.UpdatePolicy][]string{v1alpha1.UpdateMerge: test.merge, v1alpha1.UpdateReplace: test.replace} {
			t.Run(name+", "+string(policy), func(t *testing.T) {
				w := begin(t)
				w.mutate(http.MethodPost, "buyers/acme/users", inOrderCloud(test.theirs))
				user := declaredUser()
				user.Spec.UpdatePolicy = policy
				if test.declare != nil {
					test.declare(&user.Spec)
				}
				bound := w.bindUser(user)
				seen := w.observe(bound)
				expectDifferences(t, seen, want...)
				if len(want) == 0 {
					return
				}
				after, err := bound.Update(t.Context(), seen.Differences)
				if err != nil {
					t.Fatal(err)
				}
				expectDifferences(t, after)
				if policy == v1alpha1.UpdateMerge {
					w.expectSent(http.MethodPatch, test.patch)
				} else {
					w.expectSent(http.MethodPut, test.put)
				}
				expectDifferences(t, w.observe(bound))
			})
		}
	}
}

func TestMergingLeavesToOthersWhatIsTheirs(t *testing.T) {
	w := begin(t)
	w.mutate(http.MethodPost, "buyers/acme/users", inOrderCloud(map[string]any{
		"Phone": "555-0100", "FirstName": "X", "xp": map[string]any{"theirs": "kept"},
	}))
	user := declaredUser()
	user.Spec.XP = xp(`{"ours":"set"}`)
	bound := w.bindUser(user)
	if _, err := bound.Update(t.Context(), w.observe(bound).Differences); err != nil {
		t.Fatal(err)
	}
	stored, _ := w.box.Object(userPath)
	want := map[string]any{"FirstName": "Jane", "Phone": "555-0100", "xp": map[string]any{"ours": "set", "theirs": "kept"}}
	for field, value := range want {
		if diff := cmp.Diff(value, stored[field]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", field, diff)
		}
	}
}

func TestAUserIsCreatedWhole(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Spec.Phone, user.Spec.XP = new("555-0100"), xp(`{"team":"blue"}`)
	bound := w.bindUser(user)
	seen, err := w.look(bound, false)
	if err != nil || seen.Exists {
		t.Fatalf("got %+v, %v", seen, err)
	}
	created, err := bound.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expectDifferences(t, created)
	w.expectSent(http.MethodPost, strings.NewReplacer(`"Phone":null`, `"Phone":"555-0100"`, `"xp":null`, `"xp":{"team":"blue"}`).Replace(wholeUser))
	if user.Status.CompanyID != "acme" || user.Status.DateCreated == nil ||
		!cmp.Equal(user.Status.AvailableRoles, []string{"MeAdmin", "Shopper"}) {
		t.Errorf("the status has %+v", user.Status)
	}
}

func TestWhatHappensToAUserMeanwhileIsTold(t *testing.T) {
	w := begin(t)
	bound := w.bindUser(declaredUser())
	if _, err := bound.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := bound.Create(t.Context()); err != lifecycle.ErrExists { //nolint:errorlint // the engine's contract is this very error
		t.Errorf("a second create returned %v", err)
	}
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "x@x.example"})
	differences := w.observe(bound).Differences
	w.mutate(http.MethodDelete, userPath, nil)
	if _, err := bound.Update(t.Context(), differences); err != lifecycle.ErrGone { //nolint:errorlint // as above
		t.Errorf("an update of nothing returned %v", err)
	}
	if err := bound.Delete(t.Context()); err != nil {
		t.Errorf("deleting what is gone: %v", err)
	}
}

func TestAUserWithoutItsBuyerIsExplained(t *testing.T) {
	const message = `buyer "nowhere" does not exist in URL: create it there, or name another one`
	for name, answer := range map[string]func(*http.Request, int, string) (int, string){
		"named by OrderCloud":     nil,
		"not named by OrderCloud": withoutData,
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.answer = answer
			user := declaredUser()
			user.Spec.BuyerID = "nowhere"
			bound := w.bindUser(user)
			if seen, err := w.look(bound, false); err != nil || seen.Exists {
				t.Errorf("got %+v, %v", seen, err)
			}
			_, err := bound.Create(t.Context())
			w.expectFailure(err, v1alpha1.ReasonReferenceNotFound, message)
			if err := bound.Delete(t.Context()); err != nil {
				t.Errorf("deleting: %v", err)
			}
		})
	}
}

// withoutData leaves out of a refusal what is missing.
func withoutData(_ *http.Request, status int, body string) (int, string) {
	if status != http.StatusNotFound {
		return status, body
	}
	return status, `{"Errors":[{"ErrorCode":"NotFound","Message":"Object not found.","Data":null}]}`
}

func TestXPThatOrderCloudWouldRefuseIsNotSent(t *testing.T) {
	for name, test := range map[string]struct{ xp, message string }{
		"too long": {
			`{"a":"` + strings.Repeat("x", 7993) + `"}`,
			"spec.xp has 8001 characters as JSON and OrderCloud takes at most 8000: shorten it",
		},
		"no object": {`["a"]`, "spec.xp is not a JSON object: correct it"},
		"no JSON":   {`{"a":`, "spec.xp is not a JSON object: correct it"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			user.Spec.XP = xp(test.xp)
			_, err := w.look(w.bindUser(user), false)
			w.expectFailure(err, v1alpha1.ReasonRejected, test.message)
			if total := w.box.Stats().Total; total != 0 {
				t.Errorf("%d calls", total)
			}
		})
	}
	t.Run("characters are counted, not bytes", func(t *testing.T) {
		w := begin(t)
		user := declaredUser()
		user.Spec.XP = xp(`{"a":"` + strings.Repeat("é", 7992) + `"}`)
		if _, err := w.bindUser(user).Create(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTermsThatAreNoMomentAreNotSent(t *testing.T) {
	// The API server admits all of these as a date-time.
	for _, text := range []v1alpha1.DateTime{
		"2026-03-01T09:00:00x5Z", "2026-03-01T09:00:00Ztomorrow", "2026-03-01T09:00:00+99:99", "0000-01-01T00:00:00Z",
	} {
		t.Run(string(text), func(t *testing.T) {
			w := begin(t)
			user := declaredUser()
			user.Spec.TermsAccepted = new(text)
			_, err := w.look(w.bindUser(user), false)
			w.expectFailure(err, v1alpha1.ReasonRejected,
				"spec.termsAccepted is not a date and time by RFC 3339 between the years 1 and 9999: write it as in 2026-03-01T09:00:00Z")
			if total := w.box.Stats().Total; total != 0 {
				t.Errorf("%d calls", total)
			}
		})
	}
}

func TestXPThatIsNoObjectIsADifferenceAndNoDeadEnd(t *testing.T) {
	for name, test := range map[string]struct {
		declared string
		policy   v1alpha1.UpdatePolicy
		want     []string
	}{
		"nothing declared, Merge":     {"", v1alpha1.UpdateMerge, nil},
		"something declared, Merge":   {`{"a":1}`, v1alpha1.UpdateMerge, []string{"xp"}},
		"nothing declared, Replace":   {"", v1alpha1.UpdateReplace, []string{"xp"}},
		"something declared, Replace": {`{"a":1}`, v1alpha1.UpdateReplace, []string{"xp"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.mutate(http.MethodPost, "buyers/acme/users", inOrderCloud(nil))
			w.answer = func(_ *http.Request, status int, body string) (int, string) {
				return status, strings.Replace(body, `"xp":null`, `"xp":["theirs"]`, 1)
			}
			user := declaredUser()
			user.Spec.UpdatePolicy = test.policy
			if test.declared != "" {
				user.Spec.XP = xp(test.declared)
			}
			bound := w.bindUser(user)
			seen := w.observe(bound)
			expectDifferences(t, seen, test.want...)
			if test.policy == v1alpha1.UpdateMerge && test.want != nil {
				if _, err := bound.Update(t.Context(), seen.Differences); err != nil {
					t.Fatal(err)
				}
				w.expectSent(http.MethodPatch, `{"xp":{"a":1}}`)
			}
		})
	}
}

func TestAUsersPathIsKnownWithoutOrderCloud(t *testing.T) {
	kind := external.BuyerUsers{}
	user := declaredUser()
	if got := kind.Path(user); got != userPath {
		t.Errorf("got %s", got)
	}
	user.Spec.UserID = "J_DOE"
	if got := kind.Path(user); got != "buyers/acme/users/J_DOE" {
		t.Errorf("got %s", got)
	}
	if kind.New() == nil || (external.ImpersonationConfigs{}).New() == nil {
		t.Error("no empty resource")
	}
	if got := (external.ImpersonationConfigs{}).Path(declaredConfig()); got != "impersonationconfig/desk" {
		t.Errorf("got %s", got)
	}
}
