// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// callForAnObject makes a call with the Marketplace's token.
func (u *unit) callForAnObject() error {
	proven := u.reconciler.checks[client.ObjectKeyFromObject(u.declared)].proof.Client
	_, err := proven.APIClients().List(u.t.Context(), ordercloud.Query{})
	return err
}

func (u *unit) expectCalled() {
	u.t.Helper()
	if err := u.callForAnObject(); err != nil {
		u.t.Error(err)
	}
}

func TestACheckAsksNothingThatOtherCallsHaveShown(t *testing.T) {
	const interval = 10 * time.Minute
	for name, test := range map[string]struct {
		// meanwhile is what happens before the check is due.
		meanwhile func(*unit)
		after     time.Duration
		// asked is how often OrderCloud is asked whose the token is, the first time included.
		asked int
	}{
		"nobody has called":              {func(*unit) {}, interval, 2},
		"OrderCloud has taken the token": {(*unit).expectCalled, interval, 1},
		"for more than an hour":          {(*unit).expectCalled, lastProof, 2},
		"the call was refused": {func(u *unit) {
			u.box.Inject(sandbox.Fault{Path: "/v1/apiclients", Status: http.StatusForbidden})
			if u.callForAnObject() == nil {
				u.t.Error("it was not")
			}
		}, interval, 2},
		"it has taken another token since": {func(u *unit) {
			u.box.RevokeTokens()
			u.expectCalled()
		}, interval, 2},
		"a person asks": {func(u *unit) {
			u.expectCalled()
			u.edit(u.declared, func() { u.declared.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"} })
		}, interval, 2},
	} {
		t.Run(name, func(t *testing.T) {
			u := beginUnit(t, nil)
			u.pass()
			test.meanwhile(u)
			u.clock.Step(test.after)
			if result := u.pass(); result.RequeueAfter <= 0 || result.RequeueAfter > interval {
				t.Errorf("looks again after %s", result.RequeueAfter)
			}
			if asked := u.box.Stats().Calls["GET /v1/me"]; asked != test.asked {
				t.Errorf("asked %d times, want %d", asked, test.asked)
			}
			u.expect(inSync)
		})
	}
}
