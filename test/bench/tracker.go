// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// managedObject is an object of one of the kinds that are compared.
type managedObject interface {
	client.Object
	Managed() (*v1alpha1.ManagedSpec, *v1alpha1.ManagedStatus)
}

// objectState is what matters of one object's status.
type objectState struct {
	// ready and synced are about the generation that the object has now.
	ready, synced bool
	// detected and corrected are the times of the latest drift; zero when there
	// was none, or it lasts.
	detected, corrected time.Time
}

// tally counts objects.
type tally struct {
	total, ready, synced int
}

// tracker follows thousands of objects with one watch for each kind: the API
// server is asked nothing while the operator is measured.
type tracker struct {
	mutex  sync.Mutex
	states map[string]objectState
	counts tally

	cancel context.CancelFunc
	ended  chan error
}

// startTracker watches the measured namespaces.
func startTracker(ctx context.Context, c *cluster, namespaces []string) (*tracker, error) {
	watched := map[string]cache.Config{}
	for _, name := range namespaces {
		watched[name] = cache.Config{}
	}
	informers, err := cache.New(c.config, cache.Options{
		Scheme:            c.scheme,
		HTTPClient:        c.caller,
		DefaultNamespaces: watched,
		DefaultTransform:  keepStatus,
	})
	if err != nil {
		return nil, fmt.Errorf("making the watches: %w", err)
	}
	t := &tracker{states: map[string]objectState{}, ended: make(chan error, 1)}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t.cancel = cancel
	go func() { t.ended <- informers.Start(running) }()
	for _, object := range []client.Object{&v1alpha1.BuyerUser{}, &v1alpha1.ImpersonationConfig{}} {
		if err := t.follow(ctx, informers, object); err != nil {
			return nil, errors.Join(err, t.stop())
		}
	}
	return t, nil
}

func (t *tracker) follow(ctx context.Context, informers cache.Cache, object client.Object) error {
	informer, err := informers.GetInformer(ctx, object)
	if err != nil {
		return fmt.Errorf("watching %T: %w", object, err)
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    t.see,
		UpdateFunc: func(_, now any) { t.see(now) },
	})
	if err != nil {
		return fmt.Errorf("watching %T: %w", object, err)
	}
	return nil
}

func (t *tracker) stop() error {
	t.cancel()
	if err := <-t.ended; err != nil {
		return fmt.Errorf("ending the watches: %w", err)
	}
	return nil
}

// keepStatus takes off what the tracker does not look at.
func keepStatus(object any) (any, error) {
	switch typed := object.(type) {
	case *v1alpha1.BuyerUser:
		typed.Spec, typed.ManagedFields = v1alpha1.BuyerUserSpec{}, nil
	case *v1alpha1.ImpersonationConfig:
		typed.Spec, typed.ManagedFields = v1alpha1.ImpersonationConfigSpec{}, nil
	}
	return object, nil
}

func (t *tracker) see(object any) {
	managed, ok := object.(managedObject)
	if !ok {
		return
	}
	key, now := managed.GetName(), stateOf(managed)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	before, known := t.states[key]
	if known {
		t.counts.add(before, -1)
	}
	t.counts.add(now, 1)
	t.states[key] = now
}

func (c *tally) add(state objectState, count int) {
	c.total += count
	if state.ready {
		c.ready += count
	}
	if state.synced {
		c.synced += count
	}
}

func stateOf(object managedObject) objectState {
	_, status := object.Managed()
	current := status.ObservedGeneration == object.GetGeneration()
	state := objectState{
		ready:  current && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ReadyCondition),
		synced: current && meta.IsStatusConditionTrue(status.Conditions, v1alpha1.SyncedCondition),
	}
	if status.LastDrift != nil {
		state.detected = status.LastDrift.DetectedTime.Time
		if status.LastDrift.CorrectedTime != nil {
			state.corrected = status.LastDrift.CorrectedTime.Time
		}
	}
	return state
}

func (t *tracker) tally() tally {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.counts
}

// state is the one of an object. The names of users and of configs differ.
func (t *tracker) state(name string) objectState {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.states[name]
}
