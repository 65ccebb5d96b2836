// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
)

// pageSize is how many objects the API server is asked for at once.
const pageSize = 500

// needsLeave says that the deletion of an object changes OrderCloud and that nobody has
// confirmed it who may.
func needsLeave(declared *v1alpha1.Marketplace, object lifecycle.Object) bool {
	spec, _ := object.Managed()
	return isLeaving(object) && !isConfirmed(declared, object) &&
		lifecycle.PlanDeletion(lifecycle.PolicyOf(spec), true).Verb != lifecycle.Release
}

// isLeaving says that the object is being deleted and that something in OrderCloud is
// its own.
func isLeaving(object lifecycle.Object) bool {
	return !object.GetDeletionTimestamp().IsZero() && lifecycle.HoldsClaim(object)
}

// isConfirmed says that the deletion of this object, and of no other, is confirmed.
func isConfirmed(declared *v1alpha1.Marketplace, object client.Object) bool {
	return object.GetAnnotations()[v1alpha1.ConfirmDeleteAnnotation] == "true" && isConfirmable(declared, object.GetNamespace())
}

// isConfirmable says that the annotation counts on objects of a namespace. Who may write
// in the Marketplace's own is one of its owners.
func isConfirmable(declared *v1alpha1.Marketplace, namespace string) bool {
	return declared.Spec.DeletionGuard.ConfirmableBy != v1alpha1.ConfirmableByOwner || namespace == declared.Namespace
}

func deletionOf(object client.Object) deletion {
	asks := deletion{uid: string(object.GetUID())}
	if deleted := object.GetDeletionTimestamp(); deleted != nil {
		asks.asked = *deleted
	}
	return asks
}

// survey finds out how the objects of a Marketplace are.
type survey struct {
	guard    *Guard
	declared *v1alpha1.Marketplace
	underWay map[string]bool
	// rules are those of now, and before those by which deletions were held.
	rules, before arrangement
	// places has what is known of each namespace, and nil when its objects are not guarded.
	places map[string]*origin
	found  sight
}

func (g *Guard) newSurvey(declared *v1alpha1.Marketplace) *survey {
	known := recordOf(declared)
	s := &survey{
		guard: g, declared: declared, underWay: map[string]bool{}, places: map[string]*origin{},
		rules: arrangementOf(declared), before: arrangementIn(known, declared.Namespace),
		found: sight{there: map[string]bool{}},
	}
	for _, account := range accountsIn(known) {
		for _, uid := range account.UnderWay {
			s.underWay[uid] = true
		}
	}
	return s
}

// see surveys what the API server knows when it has to be sure, and what the cache knows
// otherwise.
func (s *survey) see(ctx context.Context, isSure bool) (sight, error) {
	if isSure {
		return s.live(ctx)
	}
	return s.inCache(ctx)
}

// inCache surveys what the cache knows.
func (s *survey) inCache(ctx context.Context) (sight, error) {
	key := client.ObjectKeyFromObject(s.declared).String()
	for _, newList := range s.guard.Kinds {
		list := newList()
		if err := s.guard.Client.List(ctx, list, client.MatchingFields{lifecycle.MarketplaceIndex: key},
			client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			return sight{}, fmt.Errorf("listing the objects of Marketplace %s: %w", key, err)
		}
		if err := s.addAll(ctx, list); err != nil {
			return sight{}, err
		}
	}
	return s.found, nil
}

// live surveys what the API server knows, page by page.
func (s *survey) live(ctx context.Context) (sight, error) {
	namespaces := s.guard.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, newList := range s.guard.Kinds {
		for _, namespace := range namespaces {
			if err := s.addPages(ctx, newList, namespace); err != nil {
				return sight{}, err
			}
		}
	}
	return s.found, nil
}

func (s *survey) addPages(ctx context.Context, newList func() client.ObjectList, namespace string) error {
	next := ""
	for {
		list := newList()
		err := s.guard.live().List(ctx, list, client.InNamespace(namespace), client.Limit(pageSize), client.Continue(next))
		if err != nil {
			return fmt.Errorf("listing the objects of Marketplace %s at the API server: %w", client.ObjectKeyFromObject(s.declared), err)
		}
		if err := s.addAll(ctx, list); err != nil {
			return err
		}
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

func (s *survey) addAll(ctx context.Context, list client.ObjectList) error {
	return meta.EachListItem(list, func(item runtime.Object) error {
		object, ok := item.(lifecycle.Object)
		if !ok || lifecycle.MarketplaceOf(object) != client.ObjectKeyFromObject(s.declared) {
			return nil
		}
		return s.add(ctx, object)
	})
}

func (s *survey) add(ctx context.Context, object lifecycle.Object) error {
	uid := string(object.GetUID())
	if s.underWay[uid] {
		// A cache that lags behind may not show yet that the object is being deleted.
		s.found.there[uid] = object.GetDeletionTimestamp().IsZero() || isLeaving(object)
		return nil
	}
	if !needsLeave(s.declared, object) {
		return nil
	}
	place, err := s.placeOf(ctx, object.GetNamespace())
	if err == nil && place != nil {
		s.found.waiting = append(s.found.waiting, waiter{deletion: deletionOf(object), origin: *place})
	}
	return err
}

// placeOf asks once about each namespace. It returns nil for one whose objects are not
// guarded: it is being deleted as a whole, or the Marketplace does not let it in or may not
// read its labels, so that nothing of it is deleted.
func (s *survey) placeOf(ctx context.Context, namespace string) (*origin, error) {
	if place, ok := s.places[namespace]; ok {
		return place, nil
	}
	place, err := s.placeIn(ctx, namespace)
	if marketplace.IsNotAdmitted(err) {
		place, err = nil, nil
	}
	if err == nil {
		s.places[namespace] = place
	}
	return place, err
}

func (s *survey) placeIn(ctx context.Context, namespace string) (*origin, error) {
	if err := s.guard.checkNamespace(ctx, s.declared, namespace); err != nil {
		return nil, err
	}
	if isEnding, err := s.guard.isEnding(ctx, namespace); err != nil || isEnding {
		return nil, err
	}
	place, err := s.originOf(ctx, namespace)
	return &place, err
}

// originOf asks for the labels of a namespace if they decide which account it is of, or was
// of when deletions were held. Only the first cannot do without.
func (s *survey) originOf(ctx context.Context, namespace string) (origin, error) {
	place, isNeeded := origin{namespace: namespace}, s.rules.asksLabels(namespace)
	if s.guard.Admission == nil || !isNeeded && !s.before.asksLabels(namespace) {
		return place, nil
	}
	found, err := s.guard.Admission.LabelsOf(ctx, s.declared, namespace)
	if failure.As(err) != nil && !isNeeded {
		err = nil
	}
	place.labels = found
	return place, err
}

func (g *Guard) checkNamespace(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) error {
	if g.Admission == nil {
		return nil
	}
	return g.Admission.CheckNamespace(ctx, declared, namespace)
}

// isEnding says that the namespace is deleted as a whole: nothing could be brought
// back in it, and whoever holds its objects only wedges it.
func (g *Guard) isEnding(ctx context.Context, name string) (bool, error) {
	if len(g.Namespaces) > 0 {
		// Who watches some namespaces only may not read any, and cannot tell.
		return false, nil
	}
	namespace := metadata.Of("Namespace")
	if err := g.Client.Get(ctx, types.NamespacedName{Name: name}, namespace); err != nil {
		return false, fmt.Errorf("getting the namespace %s: %w", name, err)
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}
