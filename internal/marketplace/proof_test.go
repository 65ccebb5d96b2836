// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// shop is the Marketplace shop/default.
var shop = types.NamespacedName{Namespace: "shop", Name: "default"}

// questions is how often OrderCloud was asked for a token and whose it is.
func (w *world) questions() [2]int {
	calls := w.box.Stats().Calls
	return [2]int{calls["POST /oauth/token"], calls["GET /v1/me"]}
}

// refusal is why there is no connection, and nothing when there is one.
func (w *world) refusal() string {
	w.t.Helper()
	connection, err := w.registry.Connect(w.t.Context(), "shop", v1alpha1.MarketplaceReference{})
	problem := failure.As(err)
	switch {
	case err == nil && connection.Marketplace.IsProven():
		return ""
	case problem == nil:
		w.t.Fatalf("got %+v, %v", connection, err)
	case connection.Client != nil || connection.Marketplace.IsProven():
		w.t.Errorf("a connection beside the problem: %+v", connection)
	}
	return problem.Reason + ": " + problem.Message
}

func (w *world) expectStanding(key types.NamespacedName, want marketplace.Standing) {
	w.t.Helper()
	at, got := w.registry.Standing(key)
	if got != want || at.IsProven() != (want == marketplace.StandingProven) {
		w.t.Errorf("the standing of %s is %d at %v, want %d", key, got, at, want)
	}
}

func TestTenThousandObjectsShareOneProof(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.expectStanding(shop, marketplace.StandingUnknown)
	var group sync.WaitGroup
	for range 10_000 {
		group.Go(func() {
			connection, err := w.registry.Connect(t.Context(), "shop", v1alpha1.MarketplaceReference{})
			if err != nil {
				t.Error(err)
				return
			}
			if want := (claim.Marketplace{SellerID: "sandbox-marketplace", URL: w.url}); connection.Marketplace != want {
				t.Errorf("connected to %v", connection.Marketplace)
			}
		})
	}
	group.Wait()
	proof, err := w.prove()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.questions(); got != [2]int{1, 1} {
		t.Errorf("tokens and questions: %v", got)
	}
	want := marketplace.User{ID: "operator", Username: "operator@shop.example"}
	if proof.User != want || !slices.IsSorted(proof.Roles) || len(proof.Roles) == 0 || !proof.At.Equal(w.clock.Now()) {
		t.Errorf("proof %+v", proof)
	}
	w.expectStanding(shop, marketplace.StandingProven)
}

func TestTenThousandObjectsInAnOutageAskOnceAndThenEverLater(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.box.Inject(sandbox.Fault{Path: "/v1/me", Status: http.StatusTooManyRequests})
	wait := time.Second
	for round := range 4 {
		before := w.questions()
		for range 2_500 {
			if got := w.refusal(); !strings.HasPrefix(got, v1alpha1.ReasonRateLimited+": ") {
				t.Fatalf("got %q", got)
			}
		}
		asked := w.questions()
		if before == asked {
			t.Errorf("round %d: nobody asked", round)
		}
		// One question is repeated by the client a few times.
		if asked[1]-before[1] > 5 || asked[0] != 1 {
			t.Errorf("round %d: %v questions after %v", round, asked, before)
		}
		w.expectStanding(shop, marketplace.StandingUnknown)
		w.clock.Step(wait - time.Millisecond)
		if w.refusal(); w.questions() != asked {
			t.Errorf("round %d: asked before %s", round, wait)
		}
		w.clock.Step(time.Millisecond)
		wait *= 2
	}
	w.box.ClearFaults()
	if got := w.refusal(); got != "" {
		t.Errorf("after the outage: %q", got)
	}
}

func TestAWrongSecretIsTriedOnceForAllObjects(t *testing.T) {
	wrong := credentials()
	wrong.Data["clientSecret"] = []byte("q7-wrong")
	w := begin(t, declared(), wrong)
	for range 10_000 {
		got := w.refusal()
		if !strings.HasPrefix(got, v1alpha1.ReasonCredentialsInvalid+": "+w.url+" refuses the Marketplace's credentials") || strings.Contains(got, "q7") {
			t.Fatalf("got %q", got)
		}
	}
	if got := w.questions(); got != [2]int{1, 0} {
		t.Errorf("tokens and questions: %v", got)
	}
	w.expectStanding(shop, marketplace.StandingRefused)
	edit(w, credentials(), func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(clientSecret) })
	if got := w.refusal(); got != "" {
		t.Errorf("with the right secret: %q", got)
	}
}

func TestAProofStandsThroughAnOutageAndEndsWithARefusal(t *testing.T) {
	w := begin(t, declared(), credentials())
	w.connect()
	w.fresh = true
	remove := w.box.Inject(sandbox.Fault{Path: "/v1/me", Status: http.StatusServiceUnavailable})
	proof, err := w.prove()
	if problem := failure.As(err); problem == nil || problem.Reason != v1alpha1.ReasonUnavailable || !proof.Marketplace.IsProven() {
		t.Fatalf("in an outage: %+v, %v", proof, err)
	}
	w.expectStanding(shop, marketplace.StandingProven)
	w.connect()
	remove()

	w.box.RevokeTokens()
	if err := w.box.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: "apiclients/" + clientID, Body: map[string]any{"Active": false}}); err != nil {
		t.Fatal(err)
	}
	if _, err = w.prove(); failure.As(err) == nil {
		t.Fatalf("got %v", err)
	}
	w.expectStanding(shop, marketplace.StandingRefused)
	if got := w.refusal(); !strings.HasPrefix(got, v1alpha1.ReasonCredentialsInvalid) {
		t.Errorf("got %q", got)
	}
}

func TestWhoLeavesTakesTheAnswerAwayFromNobody(t *testing.T) {
	w := begin(t, declared(), credentials())
	arrived, leave := make(chan struct{}), make(chan struct{})
	hold := func() { arrived <- struct{}{}; <-leave }
	w.hold.Store(&hold)
	first, cancel := context.WithCancel(t.Context())
	answers := make(chan error)
	connect := func(ctx context.Context) {
		_, err := w.registry.Connect(ctx, "shop", v1alpha1.MarketplaceReference{})
		answers <- err
	}
	go connect(first)
	<-arrived
	go connect(t.Context())
	for w.registry.Waiting(shop) < 2 && t.Context().Err() == nil {
		runtime.Gosched()
	}
	cancel()
	if err := <-answers; !errors.Is(err, context.Canceled) || failure.As(err) != nil {
		t.Errorf("who left got %v", err)
	}
	close(leave)
	if err := <-answers; err != nil {
		t.Errorf("who stayed got %v", err)
	}
	if got := w.questions(); got != [2]int{1, 1} {
		t.Errorf("tokens and questions: %v", got)
	}
}

func TestAUserOfABuyerIsNoSeller(t *testing.T) {
	w := begin(t, declared(), credentials())
	err := w.box.Mutate(sandbox.Mutation{
		Method: http.MethodPatch, Path: "apiclients/" + clientID,
		Body: map[string]any{"DefaultContextUserName": "walk-in@acme.example", "AllowAnyBuyer": true},
	})
	if err != nil {
		t.Fatal(err)
	}
	// A user of a buyer needs a role that the operator asks for.
	err = w.box.Mutate(sandbox.Mutation{
		Method: http.MethodPatch, Path: "securityprofiles/shopper", Body: map[string]any{"Roles": []any{"BuyerReader"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := v1alpha1.ReasonMarketplaceNotReady + ": Marketplace shop/default is not ready: " + w.url +
		" accepts the credentials but names no seller for them: the API client's default context user has to be " +
		"an admin user of the marketplace, not one of a buyer or supplier"
	for range 3 {
		if diff := cmp.Diff(want, w.refusal()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if got := w.questions(); got != [2]int{1, 1} {
		t.Errorf("tokens and questions: %v", got)
	}
}

func TestCredentialsServeADeletionOnlyIfTheyWereProven(t *testing.T) {
	for name, isProven := range map[string]bool{"proven": true, "not proven": false} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, declared(), credentials())
			if !isProven {
				w.box.Inject(sandbox.Fault{Path: "/v1/me", Status: http.StatusServiceUnavailable})
			}
			if got := w.refusal(); (got == "") != isProven {
				t.Fatalf("got %q", got)
			}
			for _, object := range []client.Object{credentials(), declared()} {
				if err := w.kube.Delete(t.Context(), object); err != nil {
					t.Fatal(err)
				}
				connection, err := w.registry.ConnectToDelete(t.Context(), "shop", v1alpha1.MarketplaceReference{})
				if isProven && (err != nil || connection.Client == nil || connection.Marketplace.SellerID != "sandbox-marketplace") {
					t.Errorf("without the %T: %+v, %v", object, connection, err)
				}
				if !isProven && failure.As(err) == nil {
					t.Errorf("without the %T: %+v, %v", object, connection, err)
				}
			}
		})
	}
}
