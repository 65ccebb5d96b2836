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
	"github.com/ordercloud-operator/ordercloud-operator/internal/metadata"
)

// MarketplaceIndex is the index of the cache, required of each of the guard's kinds, in
// which objects are found by the NAMESPACE/NAME of their Marketplace.
const MarketplaceIndex = "marketplace"

// pageSize is how many objects the API server is asked for at once.
const pageSize = 500

// needsLeave says that the deletion of an object changes OrderCloud and that no person
// has confirmed it.
func needsLeave(object lifecycle.Object) bool {
	spec, _ := object.Managed()
	return isLeaving(object) && !isConfirmed(object) &&
		lifecycle.PlanDeletion(lifecycle.PolicyOf(spec), true).Verb != lifecycle.Release
}

// isLeaving says that the object is being deleted and that something in OrderCloud is
// its own.
func isLeaving(object lifecycle.Object) bool {
	return !object.GetDeletionTimestamp().IsZero() && lifecycle.HoldsClaim(object)
}

func isConfirmed(object client.Object) bool {
	return object.GetAnnotations()[v1alpha1.ConfirmDeleteAnnotation] == "true"
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
	// isExempt says of a namespace that its objects are not guarded.
	isExempt map[string]bool
	found    standing
}

func (g *Guard) newSurvey(declared *v1alpha1.Marketplace) *survey {
	s := &survey{
		guard: g, declared: declared, underWay: map[string]bool{}, isExempt: map[string]bool{},
		found: standing{there: map[string]bool{}},
	}
	if known := declared.Status.Deletions; known != nil {
		for _, uid := range known.UnderWay {
			s.underWay[uid] = true
		}
	}
	return s
}

// inCache surveys what the cache knows.
func (s *survey) inCache(ctx context.Context) (standing, error) {
	key := client.ObjectKeyFromObject(s.declared).String()
	for _, newList := range s.guard.Kinds {
		list := newList()
		if err := s.guard.Client.List(ctx, list, client.MatchingFields{MarketplaceIndex: key},
			client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			return standing{}, fmt.Errorf("listing the objects of Marketplace %s: %w", key, err)
		}
		if err := s.addAll(ctx, list); err != nil {
			return standing{}, err
		}
	}
	return s.found, nil
}

// live surveys what the API server knows, page by page.
func (s *survey) live(ctx context.Context) (standing, error) {
	namespaces := s.guard.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, newList := range s.guard.Kinds {
		for _, namespace := range namespaces {
			if err := s.addPages(ctx, newList, namespace); err != nil {
				return standing{}, err
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
	if !needsLeave(object) {
		return nil
	}
	isExempt, known := s.isExempt[object.GetNamespace()]
	if !known {
		var err error
		if isExempt, err = s.guard.isExempt(ctx, s.declared, object.GetNamespace()); err != nil {
			return err
		}
		s.isExempt[object.GetNamespace()] = isExempt
	}
	if !isExempt {
		s.found.waiting = append(s.found.waiting, deletionOf(object))
	}
	return nil
}

// isExempt says that the objects of a namespace are not guarded: it is being deleted as
// a whole, or the Marketplace does not let it in, so that nothing of it is deleted.
func (g *Guard) isExempt(ctx context.Context, declared *v1alpha1.Marketplace, namespace string) (bool, error) {
	err := g.checkNamespace(ctx, declared, namespace)
	if problem := failure.As(err); problem != nil && problem.Reason == v1alpha1.ReasonNamespaceNotAllowed {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return g.isEnding(ctx, namespace)
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
