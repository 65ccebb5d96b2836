// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
)

// marked says in the audit log for which resource and why something is written. Of an
// update only what differs is told, though all of it may be sent.
func (p *pass[T]) marked(ctx context.Context, verb Verb, isDrift bool, differences drift.Fields) context.Context {
	kind, _ := p.Client.GroupVersionKindFor(p.object) // the client knows what it has read
	write := audit.Write{
		Namespace: p.object.GetNamespace(), Kind: kind.Kind, Name: p.object.GetName(),
		UID: p.object.GetUID(), Generation: p.object.GetGeneration(), Path: p.path(), Reason: whyWritten(verb, isDrift),
	}
	if verb == Update {
		write.Fields = differences.Names()
	}
	return audit.With(ctx, write)
}

// whyWritten is the reason that the status or the event of the write has.
func whyWritten(verb Verb, isDrift bool) string {
	switch {
	case isDrift:
		return v1alpha1.ReasonCorrected
	case verb == Create:
		return v1alpha1.ReasonCreated
	case verb == Update:
		return v1alpha1.ReasonUpdated
	case verb == Deactivate:
		return EventDeactivated
	default:
		return EventDeleted
	}
}
