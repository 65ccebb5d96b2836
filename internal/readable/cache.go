// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package readable keeps one kind from stopping the others. An object that the API server
// holds and that does not decode keeps its kind from being listed, at a start and while
// the operator runs. This package sees it, says it in a readiness check, a metric and the
// log, and lets whoever reads other kinds go on. The kind itself is tried again by its
// informer, and goes on when the object has been corrected or deleted.
package readable

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Cache is a cache whose kinds do not wait for each other: of one that cannot be read,
// reads fail with an *Unreadable, and nobody waits for it to be filled.
type Cache struct {
	cache.Cache

	kinds *kinds
}

var _ cache.Cache = (*Cache)(nil)

// NewCache makes a Cache. It is the NewCache of a manager's options.
func NewCache(config *rest.Config, options cache.Options) (cache.Cache, error) {
	finder, err := newFinder(config, options)
	if err != nil {
		return nil, err
	}
	known := &kinds{scheme: options.Scheme, undecodable: finder.undecodable, all: map[schema.GroupVersionKind]*kind{}}
	options.NewInformer = known.newInformer
	made, err := cache.New(config, options)
	if err != nil {
		return nil, fmt.Errorf("making the cache: %w", err)
	}
	return &Cache{Cache: made, kinds: known}, nil
}

// Start fills the cache and follows the API server until the context ends.
func (c *Cache) Start(ctx context.Context) error {
	collector := collector{kinds: c.kinds}
	if err := ctrlmetrics.Registry.Register(collector); err != nil {
		return fmt.Errorf("registering the metrics of kinds: %w", err)
	}
	defer ctrlmetrics.Registry.Unregister(collector)
	return c.Cache.Start(ctx)
}

// Get reads an object.
func (c *Cache) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	return c.kinds.read(ctx, object, func(ctx context.Context) error { return c.Cache.Get(ctx, key, object, options...) })
}

// List reads objects of one kind.
func (c *Cache) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	return c.kinds.read(ctx, list, func(ctx context.Context) error { return c.Cache.List(ctx, list, options...) })
}

// WaitForCacheSync waits until every kind is known, or known not to be readable.
func (c *Cache) WaitForCacheSync(ctx context.Context) bool {
	known := c.kinds.everything()
	if len(known) == 0 {
		return c.Cache.WaitForCacheSync(ctx)
	}
	settled := make([]toolscache.InformerSynced, 0, len(known))
	for _, kind := range known {
		settled = append(settled, kind.isSettled)
	}
	return toolscache.WaitForCacheSync(ctx.Done(), settled...)
}

// Problem returns why the kind of an object cannot be read from a cache that NewCache
// made, or nil.
func Problem(objects cache.Cache, object client.Object) *Unreadable {
	known, ok := objects.(*Cache)
	if !ok {
		return nil
	}
	if kind, err := known.kinds.of(object); err == nil {
		_, problem := kind.state()
		return problem
	}
	return nil // what is of no kind is in no cache
}

// reader is a client that waits for its own writes in a cache.
type reader struct {
	client.Client

	kinds *kinds
}

// NewClient makes a client. It is the NewClient of a manager's options. Before a read, the
// client may wait until the cache has seen what it wrote: of a kind that cannot be read,
// it does not wait for that either.
func NewClient(config *rest.Config, options client.Options) (client.Client, error) {
	made, err := client.New(config, options)
	if err != nil {
		return nil, fmt.Errorf("making the client: %w", err)
	}
	if options.Cache == nil {
		return made, nil
	}
	if known, ok := options.Cache.Reader.(*Cache); ok {
		return &reader{Client: made, kinds: known.kinds}, nil
	}
	return made, nil
}

// Get reads an object.
func (r *reader) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	return r.kinds.read(ctx, object, func(ctx context.Context) error { return r.Client.Get(ctx, key, object, options...) })
}

// List reads objects of one kind.
func (r *reader) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	return r.kinds.read(ctx, list, func(ctx context.Context) error { return r.Client.List(ctx, list, options...) })
}
