// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Reasons of events. Beside these there is one Warning when Synced turns False, with
// the condition's reason.
const (
	// EventIssued says that the Secret holds a token, and held none before.
	EventIssued = "TokenIssued"
	// EventRevoked says that a token was refused before it expired.
	EventRevoked = "TokenRevoked"
)

// untilItExpires is added to why a token could not be refreshed.
const untilItExpires = "; the token in the Secret is good until it expires"

// record writes what the pass found out into the status, with one patch, and none if
// nothing changed.
func (p *pass) record(ctx context.Context, problem *failure.Failure) (ctrl.Result, error) {
	status := &p.object.Status
	status.ObservedGeneration = p.object.Generation
	status.LastHandledReconcileAt = p.object.Annotations[v1alpha1.ReconcileAtAnnotation]
	p.recordToken()
	wasReady := lifecycle.ReadyAt(status.Conditions, p.before.Status.ObservedGeneration)
	p.judge(problem)
	if err := p.patchStatus(ctx); err != nil {
		return ctrl.Result{}, err
	}
	if p.issued && !wasReady {
		p.event(EventIssued, "Secret %s holds a token for %s", p.object.SecretName(), p.wanted.user())
	}
	p.tell(ctx, problem)
	return p.next(problem), nil
}

// recordToken repeats what the Secret says.
func (p *pass) recordToken() {
	status, token := &p.object.Status, p.kept.token
	if token == nil {
		status.IssuedTime, status.ExpirationTime, status.RefreshTime = nil, nil, nil
		status.Roles, status.Impersonator, status.Username = nil, "", ""
		return
	}
	status.SecretName = p.object.SecretName()
	status.IssuedTime, status.ExpirationTime = wholeSeconds(token.issued), wholeSeconds(token.expiry)
	status.RefreshTime = wholeSeconds(p.refreshTime())
	status.Roles = slices.Compact(slices.Sorted(slices.Values(token.Roles)))
	status.Impersonator, status.Username = token.Impersonator, token.Username
}

func wholeSeconds(moment time.Time) *metav1.Time {
	whole := metav1.NewTime(moment.Truncate(time.Second))
	return &whole
}

// judge turns the outcome into conditions. The token in the Secret is what Ready is
// about: a refresh that fails does not unmake it until the token expires.
func (p *pass) judge(problem *failure.Failure) {
	conditions, generation := &p.object.Status.Conditions, p.object.Generation
	set := lifecycle.SetterOf(conditions, generation)
	if problem == nil {
		set(v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonIssued, p.readyMessage())
		set(v1alpha1.SyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonIssued, p.readyMessage())
		lifecycle.JudgeProgress(conditions, generation, false)
		return
	}
	message := problem.Message
	if p.staysReady() {
		message += untilItExpires
	} else {
		set(v1alpha1.ReadyCondition, metav1.ConditionFalse, problem.Reason, message)
	}
	set(v1alpha1.SyncedCondition, metav1.ConditionFalse, problem.Reason, message)
	lifecycle.JudgeProgress(conditions, generation, problem.Stalled)
}

// staysReady says that the token in the Secret is one for this very declaration. While
// it is not known what the declaration stands for, the one that was Ready is believed.
func (p *pass) staysReady() bool {
	if p.kept.token == nil {
		return false
	}
	return p.isGood() || p.wanted == nil && lifecycle.ReadyAt(p.object.Status.Conditions, p.object.Generation)
}

// recordSuspended leaves Secret and OrderCloud alone, and looks again when the token
// expires.
func (p *pass) recordSuspended(ctx context.Context) (ctrl.Result, error) {
	status := &p.object.Status
	status.ObservedGeneration = p.object.Generation
	status.LastHandledReconcileAt = p.object.Annotations[v1alpha1.ReconcileAtAnnotation]
	lifecycle.JudgeSuspended(&status.Conditions, p.object.Generation, true)
	if expiry := status.ExpirationTime; expiry == nil || p.until(expiry.Time) <= 0 {
		lifecycle.SetterOf(&status.Conditions, p.object.Generation)(v1alpha1.ReadyCondition, metav1.ConditionFalse,
			v1alpha1.ReasonSuspended, "spec.suspend is true, and the Secret holds no token that is good")
	}
	lifecycle.JudgeProgress(&status.Conditions, p.object.Generation, true)
	if err := p.patchStatus(ctx); err != nil || !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ReadyCondition) {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: p.until(status.ExpirationTime.Time)}, nil
}

func (p *pass) patchStatus(ctx context.Context) error {
	if equality.Semantic.DeepEqual(p.before.Status, p.object.Status) {
		return nil
	}
	patch := client.MergeFromWithOptions(p.before, client.MergeFromWithOptimisticLock{})
	if err := client.IgnoreNotFound(p.Client.Status().Patch(ctx, p.object, patch)); err != nil {
		return fmt.Errorf("recording the status of ImpersonationToken %s: %w", p.key(), err)
	}
	return nil
}

// tell emits a Warning and a log line when Synced turns False, and when what was
// waited for turns out to need a person.
func (p *pass) tell(ctx context.Context, problem *failure.Failure) {
	if problem == nil || problem.IsEverywhere {
		return
	}
	synced := meta.FindStatusCondition(p.before.Status.Conditions, v1alpha1.SyncedCondition)
	isNews := synced == nil || synced.Status != metav1.ConditionFalse || problem.Stalled && synced.Reason != problem.Reason
	if !isNews {
		return
	}
	log.FromContext(ctx).Info("No new token", "reason", problem.Reason, "cause", problem.Error(), "requestID", ordercloud.RequestID(problem))
	p.emit(corev1.EventTypeWarning, problem.Reason, problem.Message)
	of := marketplace.Key(p.object.Namespace, p.object.Spec.MarketplaceRef)
	lifecycle.TellOwner(ctx, p.Client, p.Recorder, p.object, of, problem)
}

func (p *pass) event(reason, format string, arguments ...any) {
	p.emit(corev1.EventTypeNormal, reason, fmt.Sprintf(format, arguments...))
}

func (p *pass) emit(kind, reason, note string) {
	p.Recorder.Eventf(p.object, nil, kind, reason, "Reconcile", "%s", lifecycle.Note(note))
}
