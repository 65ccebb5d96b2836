// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// lastLook is what the metric tells, or 0.
func lastLook(t *testing.T) float64 {
	t.Helper()
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "ordercloud_last_successful_look_timestamp_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == "shop/default" {
				return metric.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// pages answers everything with a page of its own while it is shown.
type pages struct {
	next  http.Handler
	shown atomic.Bool
}

func (p *pages) show() (remove func()) {
	p.shown.Store(true)
	return func() { p.shown.Store(false) }
}

// ServeHTTP answers.
func (p *pages) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if !p.shown.Load() {
		p.next.ServeHTTP(writer, request)
		return
	}
	writer.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(writer, "<html>please log in</html>")
}

func TestOnlyAnsweredLooksCountAsLooks(t *testing.T) {
	box, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	page := &pages{next: box}
	server := httptest.NewServer(page)
	defer server.Close()
	at, secret := declared(), credentials()
	at.Spec.URL = server.URL
	clientID, clientSecret := box.Credentials()
	secret.Data = map[string][]byte{marketplace.ClientIDKey: []byte(clientID), marketplace.ClientSecretKey: []byte(clientSecret)}
	w := begin(t, at, secret)
	w.registry = marketplace.NewRegistry(w.kube, w.kube, endpoints(t, server.URL), "ordercloud-operator/test")
	defer w.registry.Forget(client.ObjectKeyFromObject(at))
	connection := w.connect()
	look := func() error {
		_, _, err := connection.Looks.BuyerUser(t.Context(), "acme", "nobody")
		return err
	}

	if _, err := connection.Client.Me(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := lastLook(t); got != 0 {
		t.Errorf("the check counts as a look at %v", got)
	}
	before := time.Now().Add(-time.Second)
	if err := look(); err != nil {
		t.Fatal(err)
	}
	first := lastLook(t)
	if first < float64(before.Unix()) {
		t.Errorf("that there is no such user is no look: %v", first)
	}
	for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError, 0} {
		remove := box.Inject(sandbox.Fault{Method: http.MethodGet, Status: status})
		if status == 0 {
			remove = page.show()
		}
		if err := look(); err == nil {
			t.Fatalf("no error from %d", status)
		}
		remove()
		if got := lastLook(t); got != first {
			t.Errorf("an answer %d counts as a look", status)
		}
	}
	user := ordercloud.BuyerUser{ID: "new", Username: "new@acme.example", FirstName: "N", LastName: "N", Email: "n@acme.example"}
	if _, err := connection.Client.BuyerUsers("acme").Create(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	if got := lastLook(t); got != first {
		t.Error("a write counts as a look")
	}
	if err := look(); err != nil {
		t.Fatal(err)
	}
	if got := lastLook(t); got <= first {
		t.Error("the next look does not count")
	}

	w.registry.Forget(client.ObjectKeyFromObject(at))
	if got := lastLook(t); got != 0 {
		t.Errorf("a Marketplace that is gone was looked at, at %v", got)
	}
}
