// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"maps"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
)

// ClaimOf returns the claim that is recorded on a resource; none is the zero value.
func ClaimOf(object Object) claim.Claim {
	_, status := object.Managed()
	recorded := status.Claim
	if recorded == nil {
		return formerClaim(object, status)
	}
	return claim.Claim{
		State: claim.State(recorded.State), UID: types.UID(recorded.UID), Path: recorded.Path,
		Marketplace: claim.Marketplace(recorded.Marketplace), Since: recorded.Since.Time, Sent: recorded.Sent,
	}
}

// formerClaim reads what a version of the operator has left that recorded a claim in an
// annotation. It counts on a resource only whose status that version has written and this
// one has not: whoever may create resources can write annotations, and no status. When the
// claim was made, it did not record.
func formerClaim(object Object, status *v1alpha1.ManagedStatus) claim.Claim {
	where := object.GetAnnotations()[v1alpha1.ClaimedInAnnotation]
	if where == "" || !bearsFinalizer(object) || status.ObservedGeneration < 1 || status.Marketplace != nil {
		return claim.Claim{}
	}
	return claim.Claim{
		State: claim.Held, UID: object.GetUID(), Path: status.Path, Marketplace: claim.Marketplace{URL: claim.CanonicalURL(where)},
		Since: object.GetCreationTimestamp().Time,
	}
}

// HoldsClaim says that a resource claims an object, wherever that is: it has to be asked
// what becomes of the object before the resource goes.
func HoldsClaim(object Object) bool {
	recorded := ClaimOf(object)
	return recorded.State != claim.None && recorded.UID == object.GetUID()
}

func bearsFinalizer(object client.Object) bool {
	return controllerutil.ContainsFinalizer(object, v1alpha1.ClaimFinalizer)
}

// locate notes in which marketplace the pass is, and what the claim is worth there.
func (p *pass[T]) locate(here claim.Marketplace) {
	p.here = here
	p.state = p.claim.At(p.object.GetUID(), here, p.path())
	if p.state == claim.None && bearsFinalizer(p.object) && p.status.ObservedGeneration == p.object.GetGeneration() {
		p.state = claim.Tried
	}
}

func (p *pass[T]) claimed() bool { return p.state == claim.Held }

// intend records, before a create is sent, that its object will be this resource's own, so
// that a process which ends in between leaves nothing behind that nobody owns.
func (p *pass[T]) intend(ctx context.Context, sent string) error {
	isRecorded := p.state == claim.Tried || p.state == claim.Held || p.state == claim.Pending && p.sent == sent
	p.state, p.sent = p.state.After(claim.Intends), sent
	if err := p.ensureFinalizer(ctx); err != nil || isRecorded {
		return err
	}
	p.recordClaim()
	if err := p.patchClaim(ctx); err != nil {
		return fmt.Errorf("claiming %s: %w", p.path(), err)
	}
	return nil
}

// adopt takes an object that is there.
func (p *pass[T]) adopt(ctx context.Context) error {
	p.state = p.state.After(claim.Adopts)
	return p.ensureFinalizer(ctx)
}

// ensureFinalizer keeps the resource, once it is deleted, until deletionPolicy was carried
// out. Tools that replace a resource take the finalizer off.
func (p *pass[T]) ensureFinalizer(ctx context.Context) error {
	if bearsFinalizer(p.object) {
		return nil
	}
	err := p.patchMetadata(ctx, func(object T) { controllerutil.AddFinalizer(object, v1alpha1.ClaimFinalizer) })
	if err != nil {
		return fmt.Errorf("adding the finalizer of a claim to %s: %w", p.path(), err)
	}
	return nil
}

// recordClaim writes the claim into the status, in memory.
func (p *pass[T]) recordClaim() {
	switch {
	case p.state.Claims():
		p.status.Claim = p.recordedClaim()
	case p.state == claim.Elsewhere:
		p.status.Claim = toRecord(p.claim)
	default:
		p.status.Claim = nil
	}
}

func (p *pass[T]) recordedClaim() *v1alpha1.Claim {
	wanted := claim.Claim{State: claim.Held, UID: p.object.GetUID(), Path: p.path(), Marketplace: p.here, Since: p.claim.Since}
	if p.state.IsPending() {
		wanted.State, wanted.Sent = claim.Pending, p.sent
	}
	if !p.here.IsProven() {
		wanted.Marketplace = p.claim.Marketplace
	}
	if wanted.State != p.claim.State || wanted.Marketplace != p.claim.Marketplace || wanted.Since.IsZero() {
		wanted.Since = p.Clock.Now()
	}
	return toRecord(wanted)
}

func toRecord(of claim.Claim) *v1alpha1.Claim {
	return &v1alpha1.Claim{
		State: v1alpha1.ClaimState(of.State), UID: string(of.UID), Path: of.Path, Sent: of.Sent,
		Marketplace: v1alpha1.MarketplaceIdentity(of.Marketplace), Since: metav1.NewTime(of.Since.Truncate(time.Second)),
	}
}

// patchClaim records the claim before a create. What else the pass has recorded so far
// goes with it.
func (p *pass[T]) patchClaim(ctx context.Context) error {
	patched, _ := p.object.DeepCopyObject().(T)
	base := client.MergeFromWithOptions(p.before, client.MergeFromWithOptimisticLock{})
	if err := p.Client.Status().Patch(ctx, patched, base); err != nil {
		return err
	}
	p.object.SetResourceVersion(patched.GetResourceVersion())
	p.object.SetManagedFields(patched.GetManagedFields())
	p.before, _ = p.object.DeepCopyObject().(T)
	return nil
}

// release lets the resource go once it is deleted.
func (p *pass[T]) release(ctx context.Context) error {
	if !bearsFinalizer(p.object) {
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
