// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

func TestTheAPIServerIsNotFloodedWithWrites(t *testing.T) {
	arrived, open := make(chan string, 200), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		arrived <- request.Method
		<-open
	}))
	defer server.Close()
	config := &rest.Config{Host: server.URL}
	BoundWrites(config)
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	send := func(ctx context.Context, method, path string) error {
		request, err := http.NewRequestWithContext(ctx, method, server.URL+path, http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	var group sync.WaitGroup
	for range maximumWrites {
		group.Go(func() {
			if err := send(t.Context(), http.MethodPatch, "/apis/ordercloud.io/v1alpha1/buyerusers"); err != nil {
				t.Error(err)
			}
		})
	}
	for range maximumWrites {
		<-arrived
	}
	// All slots are taken: another write waits, and leaves with its caller; a read
	// passes.
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- send(ctx, http.MethodPost, "/apis/events.k8s.io/v1/events") }()
	for method, path := range map[string]string{
		http.MethodGet: "/apis/ordercloud.io/v1alpha1/buyerusers",
		http.MethodPut: "/apis/coordination.k8s.io/v1/namespaces/ordercloud-system/leases/ordercloud-operator",
	} {
		group.Go(func() {
			if err := send(t.Context(), method, path); err != nil {
				t.Error(err)
			}
		})
		if got := <-arrived; got != method {
			t.Errorf("a %s arrived beyond the bound", got)
		}
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(open)
	group.Wait()
	if err := send(t.Context(), http.MethodPut, "/"); err != nil {
		t.Errorf("the slots did not become free: %v", err)
	}
}

func TestTheWritesOfOneNamespaceDoNotHoldUpThoseOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived, answer := make(chan string, 200), make(chan struct{})
		config := &rest.Config{}
		BoundWrites(config)
		bounded := config.WrapTransport(roundTrip(func(request *http.Request) (*http.Response, error) {
			arrived <- request.URL.Path
			<-answer
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}))
		var group sync.WaitGroup
		write := func(path string) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "https://kubernetes.default.svc"+path, http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			group.Go(func() {
				if response, err := bounded.RoundTrip(request); err != nil || response.Body.Close() != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for range 2 * maximumWrites {
			write("/apis/ordercloud.io/v1alpha1/namespaces/busy/buyerusers/one/status")
		}
		const status = "/apis/ordercloud.io/v1alpha1/namespaces/quiet/buyerusers/one/status"
		write("/apis/events.k8s.io/v1/namespaces/quiet/events")
		write(status)
		for range maximumWrites {
			<-arrived
		}
		answer <- struct{}{}
		if next := <-arrived; next != status {
			t.Errorf("the next is %s", next)
		}
		close(answer)
		group.Wait()
	})
}

// roundTrip answers without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

func TestTheTransportBelowTheBoundCanBeReached(t *testing.T) {
	config := &rest.Config{Host: "https://kubernetes.default.svc"}
	BoundWrites(config)
	below := &http.Transport{TLSClientConfig: &tls.Config{ServerName: "kubernetes.default.svc", MinVersion: tls.VersionTLS13}}
	bounded := config.WrapTransport(below)
	found, err := net.TLSClientConfig(bounded)
	if err != nil {
		t.Fatal(err)
	}
	if found != below.TLSClientConfig {
		t.Errorf("got the TLS configuration %v", found)
	}
}
