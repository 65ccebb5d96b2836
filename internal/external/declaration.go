// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// declaredConfig is the config that a resource declares, without what it refers to.
func declaredConfig(object *v1alpha1.ImpersonationConfig) ordercloud.ImpersonationConfig {
	spec := &object.Spec
	return ordercloud.ImpersonationConfig{
		ID:                   object.ConfigID(),
		ImpersonationBuyerID: optional(spec.ImpersonationBuyerID),
		ImpersonationGroupID: optional(spec.ImpersonationGroupID),
		ImpersonationUserID:  optional(spec.ImpersonationUserID),
		BuyerID:              optional(spec.BuyerID),
		GroupID:              optional(spec.GroupID),
		UserID:               optional(spec.UserID),
		SecurityProfileID:    string(spec.SecurityProfileID),
		ClientID:             string(spec.ClientID),
	}
}

// useResolved puts in place of the references what they stood for before.
func useResolved(want *ordercloud.ImpersonationConfig, spec *v1alpha1.ImpersonationConfigSpec, before *v1alpha1.ResolvedReferences) {
	if spec.ImpersonationUserRef != nil {
		want.ImpersonationBuyerID, want.ImpersonationUserID = optional(before.ImpersonationBuyerID), optional(before.ImpersonationUserID)
	}
	if spec.UserRef != nil {
		want.BuyerID, want.UserID = optional(before.BuyerID), optional(before.UserID)
	}
	if spec.ClientName != "" {
		want.ClientID = before.ClientID
	}
}

// declarationOf is what a config would have to be declared as.
func declarationOf(config ordercloud.ImpersonationConfig, application tenant.Application) tenant.Declaration {
	return tenant.Declaration{
		Kind:    v1alpha1.TenantImpersonationConfig,
		BuyerID: deref(config.BuyerID),
		Impersonator: tenant.Impersonator{
			BuyerID: deref(config.ImpersonationBuyerID), GroupID: deref(config.ImpersonationGroupID), UserID: deref(config.ImpersonationUserID),
		},
		SecurityProfileID: config.SecurityProfileID,
		Application:       application,
	}
}

// applicationOf is the application of a config that was seen. It bears a name if it is the
// one that is declared.
func (c *impersonationConfig) applicationOf(seen ordercloud.ImpersonationConfig) tenant.Application {
	return tenant.Application{ID: seen.ClientID, Names: namesOf(seen.ClientID, c.resolved)}
}

// namesOf are the names that were found to stand for an application. What the spec says by
// now has no part in it: nobody has found out yet what that stands for.
func namesOf(clientID string, resolved *v1alpha1.ResolvedReferences) []string {
	if resolved == nil || resolved.ClientName == "" || !strings.EqualFold(resolved.ClientID, clientID) {
		return nil
	}
	return []string{resolved.ClientName}
}
