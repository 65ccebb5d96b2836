// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	// marketplaceName is what objects refer to that do not say otherwise.
	marketplaceName = "default"
	// longInterval lets objects alone for longer than a phase takes.
	longInterval = 10 * time.Minute
	// requestsPerSecond is as much as a Marketplace can allow.
	requestsPerSecond = 1000
)

// startAll opens the marketplace, starts the operator and declares the Marketplace.
func (r *run) startAll(ctx context.Context) error {
	var err error
	if r.marketplace, err = openMarketplace(ctx); err != nil {
		return err
	}
	if err := r.marketplace.plantGroups(r.size); err != nil {
		return err
	}
	if r.tracker, err = startTracker(ctx, r.cluster, r.layout.namespaces()); err != nil {
		return err
	}
	if err := r.startOperator(); err != nil {
		return err
	}
	if err := r.wait(ctx, "the operator to be ready", look, func(ctx context.Context) error { return r.operator.CheckReady(ctx) }); err != nil {
		return err
	}
	clientID, clientSecret := r.marketplace.Credentials()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	}
	declared := &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: marketplaceName},
		Spec: v1alpha1.MarketplaceSpec{
			URL:                  r.marketplace.url,
			CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: secret.Name},
			Interval:             &metav1.Duration{Duration: longInterval},
			RateLimit:            v1alpha1.RateLimit{RequestsPerSecond: requestsPerSecond, Concurrency: parallelism},
		},
	}
	r.layout.share(&declared.Spec)
	if err := errors.Join(r.cluster.Create(ctx, secret), r.cluster.Create(ctx, declared)); err != nil {
		return fmt.Errorf("declaring the Marketplace: %w", err)
	}
	return r.wait(ctx, "the Marketplace to be in sync", look, r.checkMarketplace)
}

// checkMarketplace is an error unless the Marketplace is in sync as it is declared.
func (r *run) checkMarketplace(ctx context.Context) error {
	var declared v1alpha1.Marketplace
	if err := r.cluster.Get(ctx, types.NamespacedName{Namespace: namespace, Name: marketplaceName}, &declared); err != nil {
		return fmt.Errorf("getting the Marketplace: %w", err)
	}
	if declared.Status.ObservedGeneration != declared.Generation {
		return errors.New("the Marketplace was not looked at yet")
	}
	if !meta.IsStatusConditionTrue(declared.Status.Conditions, v1alpha1.SyncedCondition) {
		return errors.New("the Marketplace is not in sync")
	}
	return nil
}

// patchMarketplace changes the Marketplace.
func (r *run) patchMarketplace(ctx context.Context, patch string) error {
	declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: marketplaceName}}
	return r.cluster.mergePatch(ctx, declared, patch)
}

// creation creates all objects and waits until they are Ready.
func (r *run) creation(ctx context.Context) error {
	writes, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	before, err := r.operator.read(ctx)
	if err != nil {
		return err
	}
	started := time.Now()
	if err := r.parallel(ctx, "objects that are declared", r.size, r.declare); err != nil {
		return err
	}
	if err := r.wait(ctx, "the objects to exist in OrderCloud", glance, r.checkCreated); err != nil {
		return err
	}
	r.figures.set(createSeconds, time.Since(started).Seconds())
	if err := r.wait(ctx, "the objects to be Ready", glance, r.checkReady); err != nil {
		return err
	}
	r.figures.set(readySeconds, time.Since(started).Seconds())
	r.figures.set(createTimesLimit, r.figures[readySeconds]/max(r.figures[limitAPIServer], r.figures[limitSandbox]))
	if err := r.wait(ctx, "the operator to be idle", look, r.checkIdle); err != nil {
		return err
	}
	after, err := r.operator.read(ctx)
	if err != nil {
		return err
	}
	r.figures.set(createProcessorSeconds, after[processorMetric]-before[processorMetric])
	r.figures.set(memoryCreation, r.memory.mebibytes())
	r.memory.reset()
	// Later waits count looks: without the metric they would wait for nothing.
	if after[looksMetric] < float64(r.size) {
		return fmt.Errorf("the operator has created %d objects and its metric %s is %.0f", r.size, looksMetric, after[looksMetric])
	}
	return r.countCreation(ctx, writes)
}

func (r *run) countCreation(ctx context.Context, before kubernetesWrites) error {
	after, err := r.cluster.settledWrites(ctx)
	if err != nil {
		return err
	}
	written, size := after.minus(before), float64(r.size)
	// All that was called since the marketplace exists, so the token and the look
	// at the Marketplace are among it.
	r.figures.set(createCalls, r.marketplace.calls()/size)
	r.figures.set(createWrites, written.objects/size)
	r.figures.set(createMarketplaceWrites, written.marketplaces)
	r.figures.set(createEvents, written.events/size)
	return nil
}

func (r *run) declare(ctx context.Context, number int) error {
	object := r.layout.declaration(number)
	if err := r.cluster.Create(ctx, object); err != nil {
		return fmt.Errorf("creating %s: %w", object.GetName(), err)
	}
	return nil
}

func (r *run) checkCreated(context.Context) error {
	if created := int(r.marketplace.created.Load()); created < r.size {
		return fmt.Errorf("%s of %s exist in OrderCloud", grouped(created), grouped(r.size))
	}
	return nil
}

func (r *run) checkReady(context.Context) error {
	if ready := r.tracker.tally().ready; ready < r.size {
		return fmt.Errorf("%s of %s are Ready", grouped(ready), grouped(r.size))
	}
	return nil
}

func (r *run) checkSynced(context.Context) error {
	if synced := r.tracker.tally().synced; synced < r.size {
		return fmt.Errorf("%s of %s are in sync", grouped(synced), grouped(r.size))
	}
	return nil
}

// checkIdle is an error while the operator has something to do right now.
func (r *run) checkIdle(ctx context.Context) error {
	read, err := r.operator.read(ctx)
	if err != nil {
		return err
	}
	if !read.isIdle() {
		return fmt.Errorf("%.0f objects wait for a worker, %.0f are worked on", read[depthMetric], read[workersMetric])
	}
	return nil
}
