// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard decides whether a deletion in OrderCloud is let through: a wrong
// branch or a bad prune must not empty a marketplace.
package guard

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
)

const (
	// defaultMaximum and defaultWindow are those of spec.deletionGuard, for objects
	// that were stored before the API server could fill them in.
	defaultMaximum = 20
	defaultWindow  = 10 * time.Minute
)

// Guard counts the deletions of every Marketplace.
type Guard struct {
	// Client reads Marketplaces and Namespaces, from a cache perhaps, and writes the
	// status of Marketplaces.
	Client client.Client
	// Clock tells in which window a deletion falls.
	Clock clock.PassiveClock
	// SeesNamespaces says that the operator may read Namespaces. Otherwise it cannot
	// tell that one is deleted as a whole, and guards its objects like all others.
	SeesNamespaces bool

	lock     sync.Mutex
	counters map[types.NamespacedName]*counter
}

// counter is what is known of one Marketplace's deletions. Its lock is held while
// they are written down: two at a time must not both be the last that is admitted.
type counter struct {
	lock sync.Mutex
	// of is whose status, which outlives the operator, was taken over. A Marketplace
	// that is made anew under the same name begins with none.
	of    types.UID
	state v1alpha1.Deletions
	// admitted are the objects that were let through in this window, whose deletion
	// may take several attempts.
	admitted map[types.UID]bool
}

// Admit lets a deletion through, or returns a *failure.Failure with the reason
// DeletionHeld. An admission is written into the Marketplace's status before it
// counts, so that a restart of the operator does not open the guard.
func (g *Guard) Admit(ctx context.Context, object client.Object, of v1alpha1.MarketplaceReference) error {
	if object.GetAnnotations()[v1alpha1.ConfirmDeleteAnnotation] == "true" {
		return nil
	}
	key := marketplace.Key(object.GetNamespace(), of)
	var declared v1alpha1.Marketplace
	err := g.Client.Get(ctx, key, &declared)
	if apierrors.IsNotFound(err) {
		return nil // with it went its guard
	}
	if err != nil {
		return fmt.Errorf("getting Marketplace %s: %w", key, err)
	}
	maximum, window := limits(&declared)
	if maximum == 0 {
		return nil
	}
	if ending, err := g.isEnding(ctx, object.GetNamespace()); err != nil || ending {
		return err
	}
	kept := g.counter(key)
	kept.lock.Lock()
	defer kept.lock.Unlock()
	if kept.admitted[object.GetUID()] {
		return nil
	}
	next, admitted := kept.next(&declared, g.Clock.Now(), maximum, window)
	if err := g.write(ctx, &declared, kept.state, next); err != nil {
		return err
	}
	kept.state = next
	if !admitted {
		return held(key, maximum, window)
	}
	kept.admitted[object.GetUID()] = true
	return nil
}

func held(key types.NamespacedName, maximum int32, window time.Duration) error {
	return failure.New(v1alpha1.ReasonDeletionHeld,
		"Marketplace %s lets %d deletions in %s through, and there were more: if they are meant, set the annotation %s: \"true\" on this object, or raise the Marketplace's deletionGuard.maxDeletions",
		key, maximum, window, v1alpha1.ConfirmDeleteAnnotation).Stall()
}

func limits(declared *v1alpha1.Marketplace) (maximum int32, window time.Duration) {
	maximum, window = defaultMaximum, defaultWindow
	if declared.Spec.DeletionGuard.MaxDeletions != nil {
		maximum = *declared.Spec.DeletionGuard.MaxDeletions
	}
	if declared.Spec.DeletionGuard.Window != nil {
		window = declared.Spec.DeletionGuard.Window.Duration
	}
	return maximum, window
}

// isEnding says that the namespace is deleted as a whole: nothing could be brought
// back in it, and whoever holds its objects only wedges it.
func (g *Guard) isEnding(ctx context.Context, name string) (bool, error) {
	if !g.SeesNamespaces {
		return false, nil
	}
	namespace := metadata.Of("Namespace")
	if err := g.Client.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		return false, fmt.Errorf("getting the namespace %s: %w", name, err)
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

func (g *Guard) counter(key types.NamespacedName) *counter {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.counters == nil {
		g.counters = map[types.NamespacedName]*counter{}
	}
	kept, ok := g.counters[key]
	if !ok {
		kept = &counter{admitted: map[types.UID]bool{}}
		g.counters[key] = kept
	}
	return kept
}

// next is what is known after one more deletion was asked for, and whether that is
// admitted. Once deletions are held, time alone releases none: a bad prune must not
// take effect by and by. A larger maximum does, and when nothing is held any more
// the next window begins as usual.
func (c *counter) next(declared *v1alpha1.Marketplace, now time.Time, maximum int32, window time.Duration) (v1alpha1.Deletions, bool) {
	if c.of != declared.UID {
		c.of, c.state = declared.UID, v1alpha1.Deletions{}
		if declared.Status.Deletions != nil {
			c.state = *declared.Status.Deletions
		}
	}
	next := c.state
	isOver := !now.Before(next.WindowStart.Add(window))
	if next.HeldAbove != nil && (maximum > *next.HeldAbove || isOver && declared.Status.DeletionsHeld == 0) {
		next.HeldAbove = nil
	}
	if next.HeldAbove != nil {
		return next, false
	}
	if isOver {
		next.WindowStart, next.Admitted = metav1.NewTime(now.Truncate(time.Second)), 0
		clear(c.admitted)
	}
	if next.Admitted >= maximum {
		next.HeldAbove = new(maximum)
		return next, false
	}
	next.Admitted++
	return next, true
}

// write notes the deletions in the Marketplace's status, of which nobody else
// writes this part.
func (g *Guard) write(ctx context.Context, declared *v1alpha1.Marketplace, before, after v1alpha1.Deletions) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	changed := declared.DeepCopy()
	declared.Status.Deletions, changed.Status.Deletions = nil, &after
	if !before.WindowStart.IsZero() {
		declared.Status.Deletions = &before
	}
	err := g.Client.Status().Patch(ctx, changed, client.MergeFrom(declared))
	if err = client.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("noting a deletion in the status of Marketplace %s: %w", client.ObjectKeyFromObject(declared), err)
	}
	return nil
}
