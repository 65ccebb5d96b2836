// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// refusal tells a person why a deletion waits, and what to do. It speaks of the account of
// the object only: what others delete is none of its business.
func (a arrangement) refusal(said answer, declared *v1alpha1.Marketplace, where origin) error {
	key, _ := a.accountOf(where)
	given, of := a.limitsOf(key), ""
	if tenant := a.tenantOf(key); tenant != nil {
		of = fmt.Sprintf(" of the namespaces of its spec.tenants[%d]", tenant.entry)
	}
	name := client.ObjectKeyFromObject(declared)
	switch said {
	case admitted:
		return nil
	case queued:
		return failure.New(v1alpha1.ReasonDeletionQueued,
			"%d deletions of Marketplace %s%s are under way: this one waits until one of them is done", given.underWay, name, of)
	default:
		return failure.New(v1alpha1.ReasonDeletionHeld,
			"Marketplace %s lets %d deletions%s in %s through, and there were more: if they are meant, %s",
			name, given.maximum, of, given.window, a.remedy(declared, where.namespace, given)).Stall()
	}
}

// remedy says what those who read it in a namespace can do. Tenants, and whoever may not
// confirm, cannot be taken for owners of the Marketplace.
func (a arrangement) remedy(declared *v1alpha1.Marketplace, namespace string, given limits) string {
	isConfirmable := isConfirmable(declared, namespace)
	raise := fmt.Sprintf("ask those who own Marketplace %s to raise its spec.%s", client.ObjectKeyFromObject(declared), given.field)
	if namespace == declared.Namespace || a.isShared && isConfirmable {
		raise = "raise the Marketplace's " + given.field
	}
	if !isConfirmable {
		return raise
	}
	return fmt.Sprintf("set the annotation %s: \"true\" on this object, or %s", v1alpha1.ConfirmDeleteAnnotation, raise)
}
