// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// cluster is the API server, for an administrator. It counts what the benchmark
// itself writes, so that the rest of what the API server counts is the operator's.
type cluster struct {
	client.Client

	config *rest.Config
	scheme *runtime.Scheme
	caller *http.Client
	own    *ownWrites
}

func newCluster(config *rest.Config) (*cluster, error) {
	c := &cluster{own: &ownWrites{}}
	c.config = rest.CopyConfig(config)
	c.config.WarningHandlerWithContext = rest.NoWarnings{}
	c.config.QPS = -1 // the API server is to be the limit
	c.config.Wrap(func(next http.RoundTripper) http.RoundTripper { return countingTransport{next: next, writes: c.own} })
	var err error
	if c.scheme, err = controlplane.Scheme(); err != nil {
		return nil, fmt.Errorf("making the scheme: %w", err)
	}
	if c.caller, err = rest.HTTPClientFor(c.config); err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	c.Client, err = client.New(c.config, client.Options{Scheme: c.scheme, HTTPClient: c.caller})
	if err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	return c, nil
}

// version is Kubernetes' own.
func (c *cluster) version() (string, error) {
	discovered, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return "", fmt.Errorf("making a discovery client: %w", err)
	}
	version, err := discovered.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("asking the API server for its version: %w", err)
	}
	return version.GitVersion, nil
}

// createNamespace makes a namespace.
func (c *cluster) createNamespace(ctx context.Context, name string) error {
	if err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		return fmt.Errorf("creating the namespace %s: %w", name, err)
	}
	return nil
}

// mergePatch is kubectl patch --type=merge. The object is changed to the answer.
func (c *cluster) mergePatch(ctx context.Context, object client.Object, patch string) error {
	if err := c.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		return fmt.Errorf("patching %s: %w", object.GetName(), err)
	}
	return nil
}

// deleteAllUsers deletes every BuyerUser of a namespace and waits until they are
// gone. A collection of thousands takes longer than a request may: then it is
// asked for again.
func (c *cluster) deleteAllUsers(ctx context.Context, namespace string) error {
	for {
		failed := c.DeleteAllOf(ctx, &v1alpha1.BuyerUser{}, client.InNamespace(namespace))
		left := &metav1.PartialObjectMetadataList{}
		left.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("BuyerUserList"))
		if err := c.List(ctx, left, client.InNamespace(namespace), client.Limit(1)); err != nil {
			return fmt.Errorf("looking what is left in the namespace %s: %w", namespace, err)
		}
		if len(left.Items) == 0 {
			return nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return fmt.Errorf("deleting the users of the namespace %s: %w", namespace, errors.Join(err, failed))
		}
	}
}

// kubernetesWrites is how many writes the API server was sent.
type kubernetesWrites struct {
	// objects counts those of BuyerUsers and ImpersonationConfigs, marketplaces
	// those of Marketplaces, events those of events.
	objects, marketplaces, events float64
}

// declared counts the writes of all kinds of the project.
func (w kubernetesWrites) declared() float64 { return w.objects + w.marketplaces }

func (w kubernetesWrites) minus(other kubernetesWrites) kubernetesWrites {
	return kubernetesWrites{
		objects: w.objects - other.objects, marketplaces: w.marketplaces - other.marketplaces, events: w.events - other.events,
	}
}

// requestsMetric is the API server's counter of requests.
const requestsMetric = "apiserver_request_total"

// operatorWrites asks the API server what it was sent so far, and leaves out what
// the benchmark sent itself.
func (c *cluster) operatorWrites(ctx context.Context) (kubernetesWrites, error) {
	samples, err := fetchMetrics(ctx, c.caller, strings.TrimRight(c.config.Host, "/")+"/metrics", requestsMetric)
	if err != nil {
		return kubernetesWrites{}, fmt.Errorf("counting the writes to the API server: %w", err)
	}
	return countWrites(samples).minus(c.own.read()), nil
}

// settledWrites is operatorWrites once they stand still: the API server counts a
// request a moment after it was answered, and events are sent behind the rest.
func (c *cluster) settledWrites(ctx context.Context) (kubernetesWrites, error) {
	last, err := c.operatorWrites(ctx)
	for err == nil {
		if err := sleep(ctx, time.Second); err != nil {
			return last, err
		}
		var now kubernetesWrites
		if now, err = c.operatorWrites(ctx); now == last {
			return now, err
		}
		last = now
	}
	return last, err
}

// countWrites sums up the API server's counters of requests that write.
func countWrites(samples []sample) kubernetesWrites {
	var counted kubernetesWrites
	for _, each := range samples {
		switch each.labels["verb"] {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION":
			counted.add(each.labels["group"], each.labels["resource"], each.value)
		default: // the others write nothing
		}
	}
	return counted
}

func (w *kubernetesWrites) add(group, resource string, count float64) {
	switch {
	case group == v1alpha1.GroupVersion.Group && resource == "marketplaces":
		w.marketplaces += count
	case group == v1alpha1.GroupVersion.Group:
		w.objects += count
	case resource == "events":
		w.events += count
	}
}

// ownWrites counts what the benchmark writes.
type ownWrites struct {
	mutex  sync.Mutex
	counts kubernetesWrites
}

func (o *ownWrites) read() kubernetesWrites {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.counts
}

func (o *ownWrites) count(request *http.Request) {
	group, resource := resourceOf(request.URL.Path)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.counts.add(group, resource, 1)
}

// resourceOf reads /apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE/...
func resourceOf(path string) (group, resource string) {
	elements := strings.Split(path, "/")
	if len(elements) < 7 || elements[1] != "apis" || elements[4] != "namespaces" {
		return "", ""
	}
	return elements[2], elements[6]
}

// countingTransport counts the writes that pass through it, once answered.
type countingTransport struct {
	next   http.RoundTripper
	writes *ownWrites
}

// RoundTrip sends the request on.
func (t countingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err == nil && request.Method != http.MethodGet {
		t.writes.count(request)
	}
	return response, err
}
