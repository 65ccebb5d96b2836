// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crowd shares the workers of a controller out, so that the passes of one
// marketplace that is slow, thousands of them perhaps, hold up nobody else's. Who finds no
// room leaves its worker at once and is parked: it is added to the controller's queue again
// when a place has become free, which is kept for it.
package crowd

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Crowd are the passes of one controller. Make it with New; nil lets everybody in.
type Crowd struct {
	lock  sync.Mutex
	room  *room
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// New returns the crowd of a controller that has so many workers.
func New(workers int) *Crowd { return &Crowd{room: newRoom(workers)} }

// Source is to be watched by the controller: it lends its queue.
func (c *Crowd) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		c.lock.Lock()
		defer c.lock.Unlock()
		c.queue = queue
		return nil
	})
}

// Enter gives the pass of a request a place, which leave frees. If there is none, the pass
// is to end, with no other wish to come back: the request is parked.
func (c *Crowd) Enter(request reconcile.Request, visit Visit) (leave func(), entered bool) {
	if c == nil {
		return func() {}, true
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	inside, entered := c.room.enter(request, visit)
	c.wake(c.room.call())
	if !entered {
		return nil, false
	}
	return func() { c.remove(inside) }, true
}

func (c *Crowd) remove(gone *guest) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.room.remove(gone)
	c.wake(c.room.call())
}

// wake adds those who were called to the queue, each before others of its kind: its place
// is empty until it comes.
func (c *Crowd) wake(called []*guest) {
	for _, each := range called {
		priority := 1
		if each.visit.IsSweep {
			priority = handler.LowPriority + 1
		}
		if queue, ok := c.queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, each.request)
		} else if c.queue != nil {
			c.queue.Add(each.request)
		}
	}
}

// Passes wraps the controller's reconciler. A pass that ends without having asked for the
// place that was kept for it, because its object is gone or cannot be read, frees it.
func (c *Crowd) Passes(next reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		if called := c.calledFor(request); called != nil {
			defer c.removeUnlessInside(called)
		}
		return next.Reconcile(ctx, request)
	})
}

func (c *Crowd) calledFor(request reconcile.Request) *guest {
	c.lock.Lock()
	defer c.lock.Unlock()
	if known := c.room.guests[request]; known != nil && known.state == isCalled {
		return known
	}
	return nil
}

func (c *Crowd) removeUnlessInside(called *guest) {
	c.lock.Lock()
	isWaitedFor := called.state == isCalled
	c.lock.Unlock()
	if isWaitedFor {
		c.remove(called)
	}
}
