// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guard decides whether a deletion in OrderCloud is let through: a wrong
// branch or a bad prune must not empty a marketplace.
package guard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

const (
	// defaultMaximum, defaultWindow and defaultGrace are those of spec.deletionGuard,
	// for objects that were stored before the API server could fill them in.
	defaultMaximum = 20
	defaultWindow  = 10 * time.Minute
	defaultGrace   = 15 * time.Second

	// maxRaces is how often the guard decides again in one go because somebody else
	// wrote the Marketplace's status meanwhile.
	maxRaces = 5
)

// Admission says which namespaces may refer to a Marketplace, and how they are labelled.
type Admission interface {
	// CheckNamespace returns a *failure.Failure with the reason NamespaceNotAllowed
	// for a namespace that may not.
	CheckNamespace(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) error
	// LabelsOf returns the labels of a namespace, by which spec.tenants selects it. The
	// error is a *failure.Failure with the reason NotPermitted when they may not be read.
	LabelsOf(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (labels.Set, error)
}

// Guard lets deletions through or holds them. All that it knows is in the status of the
// Marketplaces and in the objects themselves, so that neither a restart nor another
// leader opens it.
type Guard struct {
	// Client reads Marketplaces, Namespaces and the objects of Kinds, from a cache
	// perhaps, and writes the status of Marketplaces.
	Client client.Client
	// Live reads them from the API server, where a cache that lags behind could open
	// the guard; nil means Client.
	Live client.Reader
	// Clock tells when a deletion is let through.
	Clock clock.PassiveClock
	// Kinds make an empty list of each kind whose deletions are guarded.
	Kinds []func() client.ObjectList
	// Admission says which namespaces may refer to a Marketplace; nil means all,
	// and that none has labels.
	Admission Admission
	// Namespaces are the only ones that Client knows; empty means all. With it the
	// operator cannot tell that a namespace is deleted as a whole, and guards its
	// objects like all others.
	Namespaces []string

	lock  sync.Mutex
	turns map[types.NamespacedName]*sync.Mutex
}

// Admit lets a deletion through, or returns a *failure.Failure: with the reason
// DeletionHeld when it has to wait for a person. One that is let through is written
// into the Marketplace's status before it counts. It is let through for as long as the
// object exists, and counted once.
func (g *Guard) Admit(ctx context.Context, object client.Object, of v1alpha1.MarketplaceReference) error {
	key := marketplace.Key(object.GetNamespace(), of)
	// Each would make the others' writes conflicts.
	turn := g.turnOf(key)
	turn.Lock()
	defer turn.Unlock()
	var err error
	for read, race := g.read, 0; race < maxRaces; read, race = g.readLive, race+1 {
		declared, problem := read(ctx, key)
		if problem != nil || declared == nil {
			return problem // with the Marketplace went its guard
		}
		if err = g.ask(ctx, declared, object); !apierrors.IsConflict(err) {
			return err
		}
	}
	return err
}

// Grace is how long the deletion of an object that holds data waits for another resource
// that declares the same; 0 when it does not.
func (g *Guard) Grace(ctx context.Context, object client.Object, of v1alpha1.MarketplaceReference) (time.Duration, error) {
	declared, err := g.read(ctx, marketplace.Key(object.GetNamespace(), of))
	if err != nil {
		return 0, err
	}
	if declared == nil || declared.Spec.DeletionGuard.Grace == nil {
		return defaultGrace, nil
	}
	return max(declared.Spec.DeletionGuard.Grace.Duration, 0), nil
}

// Held has the UIDs of the objects of a Marketplace whose deletion is held, of whichever
// account they are.
func (g *Guard) Held(ctx context.Context, declared *v1alpha1.Marketplace) (map[types.UID]bool, error) {
	known := recordOf(declared)
	if !isHolding(known) {
		return nil, nil
	}
	seen, err := g.newSurvey(declared).see(ctx, false)
	if err != nil {
		return nil, err
	}
	uids := map[types.UID]bool{}
	for _, waits := range arrangementOf(declared).heldOf(known, seen) {
		uids[types.UID(waits.uid)] = true
	}
	return uids, nil
}

// ask decides by the Marketplace as it was read, and returns a conflict when its status
// is another one by now.
func (g *Guard) ask(ctx context.Context, declared *v1alpha1.Marketplace, object client.Object) error {
	looks, namespace := g.newSurvey(declared), object.GetNamespace()
	if err := g.checkNamespace(ctx, declared, namespace); err != nil {
		return err
	}
	place, err := looks.originOf(ctx, namespace)
	if err != nil {
		return err
	}
	rules := looks.rules
	key, ok := rules.accountOf(place)
	if !ok {
		return failure.New(v1alpha1.ReasonNotPermitted,
			"no entry of spec.tenants of Marketplace %s matches namespace %q: nothing is deleted for it; ask those who own the Marketplace to add one",
			client.ObjectKeyFromObject(declared), namespace).Stall()
	}
	if isConfirmed(declared, object) || rules.limitsOf(key).maximum == 0 {
		return nil
	}
	if isEnding, err := g.isEnding(ctx, namespace); err != nil || isEnding {
		return err
	}
	asks := waiter{deletion: deletionOf(object), origin: place}
	said, isDecided := rules.decideAlone(recordOf(declared), asks)
	if !isDecided {
		if said, err = g.decide(ctx, declared, asks); err != nil {
			return err
		}
	}
	return rules.refusal(said, declared, asks.origin)
}

// decide decides by the objects of the Marketplace as well, and writes down what follows.
// A cache that lags behind does not show everything that is held: it is not enough to open
// an account, nor to tell whom a changed spec.tenants has moved into which.
func (g *Guard) decide(ctx context.Context, declared *v1alpha1.Marketplace, asks waiter) (answer, error) {
	rules, known := arrangementOf(declared), recordOf(declared)
	isSure := !rules.isRecorded(known)
	for {
		seen, err := g.newSurvey(declared).see(ctx, isSure)
		if err != nil {
			return held, err
		}
		next, said := rules.decide(g.Clock.Now(), known, asks, seen)
		if isSure || !opens(known, next) {
			return said, g.write(ctx, declared, known, next)
		}
		isSure = true
	}
}

// write notes the deletions in the Marketplace's status, of which nobody else writes
// this part. It returns a conflict when the status is another one than was read: what
// was decided then was decided by something old.
func (g *Guard) write(ctx context.Context, declared *v1alpha1.Marketplace, known, next v1alpha1.Deletions) error {
	if equality.Semantic.DeepEqual(known, next) {
		return nil
	}
	changed := declared.DeepCopy()
	changed.Status.Deletions = &next
	patch := client.MergeFromWithOptions(declared, client.MergeFromWithOptimisticLock{})
	if err := client.IgnoreNotFound(g.Client.Status().Patch(ctx, changed, patch)); err != nil {
		return fmt.Errorf("noting a deletion in the status of Marketplace %s: %w", client.ObjectKeyFromObject(declared), err)
	}
	return nil
}

// read returns the Marketplace as the cache has it, and nil when there is none: the
// API server is asked before that is believed.
func (g *Guard) read(ctx context.Context, key types.NamespacedName) (*v1alpha1.Marketplace, error) {
	if len(g.Namespaces) > 0 && !slices.Contains(g.Namespaces, key.Namespace) {
		return nil, nil // nothing is deleted through a Marketplace that is not watched
	}
	declared := &v1alpha1.Marketplace{}
	err := g.Client.Get(ctx, key, declared)
	if apierrors.IsNotFound(err) {
		return g.readLive(ctx, key)
	}
	if err != nil {
		return nil, fmt.Errorf("getting Marketplace %s: %w", key, err)
	}
	return declared, nil
}

func (g *Guard) readLive(ctx context.Context, key types.NamespacedName) (*v1alpha1.Marketplace, error) {
	declared := &v1alpha1.Marketplace{}
	err := g.live().Get(ctx, key, declared)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("getting Marketplace %s from the API server: %w", key, err)
	}
	return declared, nil
}

func (g *Guard) live() client.Reader {
	if g.Live == nil {
		return g.Client
	}
	return g.Live
}

func (g *Guard) turnOf(key types.NamespacedName) *sync.Mutex {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.turns == nil {
		g.turns = map[types.NamespacedName]*sync.Mutex{}
	}
	turn, ok := g.turns[key]
	if !ok {
		turn = &sync.Mutex{}
		g.turns[key] = turn
	}
	return turn
}

func recordOf(declared *v1alpha1.Marketplace) v1alpha1.Deletions {
	if declared.Status.Deletions == nil {
		return v1alpha1.Deletions{}
	}
	return *declared.Status.Deletions
}
