// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
)

// slow is the registry, and says how long requests wait for their turn: a queue that
// is really that long takes that long to make.
type slow struct {
	lifecycle.Connector
	delays map[string]time.Duration
}

func (s slow) Delay(key types.NamespacedName) time.Duration { return s.delays[key.Name] }

// busy lets one pass of a Marketplace take all its workers, and goes on in the
// middle of it.
func (w *world) busy(user *v1alpha1.BuyerUser, goOn func()) {
	w.t.Helper()
	w.users.Workers = 2 // one for each, and one for the next that comes
	w.looked = goOn
	w.mustPass(user)
	w.expect(user, "Ready", "True Created")
}

func (w *world) otherwise(object client.Object) ctrl.Result {
	w.t.Helper()
	result, err := w.pass(object)
	if err != nil {
		w.t.Error(err)
	}
	return result
}

func TestAPassIsSentAwayFromASlowMarketplaceOnly(t *testing.T) {
	const elsewhere = "main"
	for name, test := range map[string]struct {
		delays map[string]time.Duration
		of     string
		away   bool
	}{
		"one of the slow Marketplace":      {map[string]time.Duration{"default": 10 * time.Second}, "default", true},
		"one of another Marketplace":       {map[string]time.Duration{"default": 10 * time.Second}, elsewhere, false},
		"one of a Marketplace in its time": {map[string]time.Duration{"default": time.Second}, "default", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			clientID, clientSecret := w.box.Credentials()
			w.marketplace(clientID, clientSecret)
			w.users.Marketplaces = slow{w.users.Marketplaces, test.delays}
			under, next := declaredUser(), declaredUser()
			next.Name, next.UID, next.Spec.Username = "next", "next", "next"
			next.Spec.MarketplaceRef.Name = test.of
			w.declare(under, next)
			w.busy(under, func() {
				result := w.otherwise(next)
				if !test.away {
					w.expect(next, "Ready", "True Created")
					return
				}
				if result.RequeueAfter < 5*time.Second || result.RequeueAfter > 10*time.Second {
					t.Errorf("comes back after %s", result.RequeueAfter)
				}
				if result.Priority != nil {
					t.Error("whoever waits for it waits longer than it was sent away for")
				}
				w.expectWrites()
				w.expect(next, "Ready", "")
			})
			// It comes back when there is room.
			w.otherwise(next)
			w.expect(next, "Ready", "True Created")
		})
	}
}
