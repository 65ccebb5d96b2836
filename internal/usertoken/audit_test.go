// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// audited is what is logged beside the passes' own lines, at every verbosity.
var audited struct {
	sync.Mutex

	lines []string
}

func TestMain(m *testing.M) {
	ctrllog.SetLogger(funcr.NewJSON(func(line string) {
		audited.Lock()
		defer audited.Unlock()
		audited.lines = append(audited.lines, line)
	}, funcr.Options{Verbosity: 100}))
	os.Exit(m.Run())
}

// auditedSince lists the lines after the first so many.
func auditedSince(count int) []string {
	audited.Lock()
	defer audited.Unlock()
	return slices.Clone(audited.lines[count:])
}

func TestEveryTokenThatIsAskedForHasOneLineInTheAudit(t *testing.T) {
	for name, test := range map[string]struct {
		fault *sandbox.Fault
		want  string
	}{
		"one that is issued":  {nil, `"outcome":"succeeded","status":200`},
		"one that is refused": {&sandbox.Fault{Method: http.MethodPost, Path: "/v1/**", Status: http.StatusForbidden}, `"outcome":"failed","status":403`},
		"one that is lost":    {&sandbox.Fault{Method: http.MethodPost, Path: "/v1/**", Kind: sandbox.FaultLostAnswer}, `"outcome":"lost","status":0`},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			if test.fault != nil {
				w.box.Inject(*test.fault)
			}
			began := len(auditedSince(0))
			w.pass()
			lines := auditedSince(began)
			if len(lines) != 1 || w.box.Stats().Writes() != 1 {
				t.Fatalf("%d writes have %d lines: %q", w.box.Stats().Writes(), len(lines), lines)
			}
			for _, want := range []string{
				`"logger":"audit"`, `"msg":"Write to OrderCloud"`, `"marketplace":"shop/default"`, `"namespace":"shop","kind":"ImpersonationToken","name":"walk-in"`,
				`"uid":"token-uid","generation":1,"reason":"Issued","method":"POST"`, `"path":"buyers/acme/users/walk-in"`,
				`"fields":["ClientID","CustomRoles","Roles"]`, test.want,
			} {
				if !strings.Contains(lines[0], want) {
					t.Errorf("the line lacks %s: %s", want, lines[0])
				}
			}
			token := w.token()
			if token == "" {
				return
			}
			if strings.Contains(lines[0], token[strings.LastIndex(token, ".")+1:]) {
				t.Error("the token is told")
			}
			began = len(auditedSince(0))
			w.pass()
			if lines := auditedSince(began); len(lines) != 0 {
				t.Errorf("a pass that asks for no token logs %q", lines)
			}
		})
	}
}
