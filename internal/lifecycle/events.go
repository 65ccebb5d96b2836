// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// Reasons of the events that the engine emits. Beside these there is one Warning
// when Synced turns False, with the condition's reason.
const (
	// EventCreated says that the object was created in OrderCloud.
	EventCreated = "Created"
	// EventUpdated says that a changed declaration was written to OrderCloud.
	EventUpdated = "Updated"
	// EventDriftDetected says that OrderCloud differs from what is declared.
	EventDriftDetected = "DriftDetected"
	// EventDriftCorrected says that the difference was written over.
	EventDriftCorrected = "DriftCorrected"
	// EventDeleted says that the object was deleted in OrderCloud.
	EventDeleted = "Deleted"
	// EventDeactivated says that the object was kept and lost its effect.
	EventDeactivated = "Deactivated"
	// EventHandedOver says that another resource, which declares the object as
	// well, holds the claim from now on.
	EventHandedOver = "HandedOver"
	// EventAdopted says that an existing object was taken into possession.
	EventAdopted = "Adopted"
)

// maxNote is how many bytes of text the API server takes in an event. It refuses
// a longer one, and nobody would hear of it.
const maxNote = 1024

// event emits a Normal event and returns its text.
func (p *pass[T]) event(reason, action, format string, arguments ...any) string {
	note := fmt.Sprintf(format, arguments...)
	p.emit(corev1.EventTypeNormal, reason, action, note)
	return note
}

func (p *pass[T]) emit(kind, reason, action, note string) {
	p.Recorder.Eventf(p.object, nil, kind, reason, action, "%s", Note(note))
}

// Note cuts a text to what the API server takes as the note of an event.
func Note(text string) string {
	if len(text) <= maxNote {
		return text
	}
	const more = "…"
	return strings.ToValidUTF8(text[:maxNote-len(more)], "") + more
}

// eventDriftDetected names the fields, never their values: whoever may read
// events may not be allowed to read personal data. The same drift is told once.
func (p *pass[T]) eventDriftDetected(differences drift.Fields) {
	last := p.status.LastDrift
	if last != nil && last.CorrectedTime == nil && slices.Equal(last.Fields, limitNames(differences)) {
		return
	}
	p.event(EventDriftDetected, "Compare", "%s in OrderCloud differs from what is declared: %s", p.path(), differences)
}

func (p *pass[T]) eventNotSynced(problem *failure.Failure) {
	p.emit(corev1.EventTypeWarning, problem.Reason, "Reconcile", problem.Message)
}

// TellOwner says, by an event of the Marketplace, to those who own it what the namespace of
// an object may not see.
func TellOwner(ctx context.Context, reader client.Reader, recorder events.EventRecorder, object client.Object, of types.NamespacedName, problem *failure.Failure) {
	if problem.ForOwner == "" {
		return
	}
	var declared v1alpha1.Marketplace
	if err := reader.Get(ctx, of, &declared); err != nil {
		log.FromContext(ctx).Error(err, "Reading the Marketplace whose owner has something to know failed")
		return
	}
	recorder.Eventf(&declared, object, corev1.EventTypeWarning, problem.Reason, "Reconcile", "%s",
		Note(client.ObjectKeyFromObject(object).String()+": "+problem.ForOwner))
}

func lastElement(path string) string {
	return path[strings.LastIndex(path, "/")+1:]
}
