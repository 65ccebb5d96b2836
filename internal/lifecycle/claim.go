// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// claimed says that the OrderCloud object in the marketplace at hand belongs to
// the resource. A claim that says nothing of a marketplace is valid in any.
func (p *pass[T]) claimed() bool {
	where := p.object.GetAnnotations()[v1alpha1.ClaimedInAnnotation]
	return p.bearsClaim() && (where == "" || p.baseURL == "" || where == p.baseURL)
}

// bearsClaim says that the resource claims an object, here or in another
// marketplace.
func (p *pass[T]) bearsClaim() bool {
	return controllerutil.ContainsFinalizer(p.object, v1alpha1.ClaimFinalizer)
}

// claim takes possession of the OrderCloud object: from now on the resource
// stays until deletionPolicy was carried out. It comes before the create, so
// that a crash in between leaves nothing behind that nobody owns.
func (p *pass[T]) claim(ctx context.Context) error {
	err := p.patchMetadata(ctx, func(object T) {
		controllerutil.AddFinalizer(object, v1alpha1.ClaimFinalizer)
		annotations := maps.Clone(object.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.ClaimedInAnnotation] = p.baseURL
		object.SetAnnotations(annotations)
	})
	if err != nil {
		return fmt.Errorf("claiming %s: %w", p.path(), err)
	}
	return nil
}

// release gives the possession up.
func (p *pass[T]) release(ctx context.Context) error {
	if !p.bearsClaim() {
		return nil
	}
	err := p.patchMetadata(ctx, func(object T) {
		controllerutil.RemoveFinalizer(object, v1alpha1.ClaimFinalizer)
		annotations := maps.Clone(object.GetAnnotations())
		delete(annotations, v1alpha1.ClaimedInAnnotation)
		object.SetAnnotations(annotations)
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("releasing %s: %w", p.path(), err)
	}
	return nil
}

// handBack gives up a claim to an object that turned out to be somebody else's.
// Until the API server has taken it back, the claim is remembered as void: a
// pass that believed it would write over that object, or delete it.
func (p *pass[T]) handBack(ctx context.Context) error {
	key := client.ObjectKeyFromObject(p.object)
	p.void.Store(key, p.object.GetUID())
	// Told to stop, the operator must not leave a void claim to its successor.
	ctx, cancel := settle(ctx)
	defer cancel()
	if err := p.release(ctx); err != nil {
		return err
	}
	p.void.Delete(key)
	return nil
}

// handBackVoid hands back a claim that an earlier pass could not.
func (p *pass[T]) handBackVoid(ctx context.Context) error {
	if uid, void := p.void.Load(client.ObjectKeyFromObject(p.object)); !void || uid != p.object.GetUID() {
		return nil
	}
	return p.handBack(ctx)
}

// patchMetadata writes finalizers and annotations and nothing else. What the pass
// has recorded in the status so far stays in memory for the one patch at its end.
func (p *pass[T]) patchMetadata(ctx context.Context, edit func(T)) error {
	patched, _ := p.before.DeepCopyObject().(T)
	base := client.MergeFromWithOptions(p.before, client.MergeFromWithOptimisticLock{})
	edit(patched)
	if err := p.Client.Patch(ctx, patched, base); err != nil {
		return err
	}
	for _, object := range []T{p.object, p.before} {
		object.SetFinalizers(patched.GetFinalizers())
		object.SetAnnotations(patched.GetAnnotations())
		object.SetResourceVersion(patched.GetResourceVersion())
		object.SetManagedFields(patched.GetManagedFields())
	}
	return nil
}
