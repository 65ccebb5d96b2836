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
func (p *pass[T]) claimed() bool { return p.holdsClaim(p.object) }

func (p *pass[T]) holdsClaim(object T) bool {
	where := object.GetAnnotations()[v1alpha1.ClaimedInAnnotation]
	return bearsClaim(object) && (where == "" || p.baseURL == "" || where == p.baseURL)
}

// bearsClaim says that the resource claims an object, here or in another
// marketplace.
func (p *pass[T]) bearsClaim() bool { return bearsClaim(p.object) }

func bearsClaim[T Object](object T) bool {
	return controllerutil.ContainsFinalizer(object, v1alpha1.ClaimFinalizer)
}

// claim takes possession of the OrderCloud object: from now on the resource
// stays until deletionPolicy was carried out. It comes before the create, so
// that a crash in between leaves nothing behind that nobody owns.
func (p *pass[T]) claim(ctx context.Context) error {
	if err := p.patchMetadata(ctx, func(object T) { mark(object, p.baseURL) }); err != nil {
		return fmt.Errorf("claiming %s: %w", p.path(), err)
	}
	return nil
}

// mark puts a claim that is valid at the base URL on a resource.
func mark[T Object](object T, baseURL string) {
	controllerutil.AddFinalizer(object, v1alpha1.ClaimFinalizer)
	annotations := maps.Clone(object.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.ClaimedInAnnotation] = baseURL
	object.SetAnnotations(annotations)
}

// entitle puts the claim of this resource on another one. If that has one already,
// the patch changes nothing and makes sure that it has not just been given up.
func (p *pass[T]) entitle(ctx context.Context, heir T) error {
	entitled, _ := heir.DeepCopyObject().(T)
	mark(entitled, p.object.GetAnnotations()[v1alpha1.ClaimedInAnnotation])
	if err := p.Client.Patch(ctx, entitled, client.MergeFromWithOptions(heir, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("handing %s over to %s: %w", p.path(), client.ObjectKeyFromObject(heir), err)
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
