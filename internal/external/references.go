// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/reference"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// resolve finds out what the names and references of the spec stand for, in this
// marketplace and now.
func (c *impersonationConfig) resolve(ctx context.Context, claimed bool) error {
	c.desired = declaredConfig(c.object)
	err := c.resolveReferences(ctx, claimed)
	problem := failure.As(err)
	if problem != nil && problem.Reason == v1alpha1.ReasonReferenceNotFound && claimed && c.resolveAsBefore() {
		c.unresolved, err = problem, nil
	}
	return err
}

func (c *impersonationConfig) resolveReferences(ctx context.Context, claimed bool) error {
	spec, want := &c.object.Spec, &c.desired
	if err := c.resolveUser(ctx, spec.ImpersonationUserRef, claimed, &want.ImpersonationBuyerID, &want.ImpersonationUserID); err != nil {
		return err
	}
	if err := c.resolveUser(ctx, spec.UserRef, claimed, &want.BuyerID, &want.UserID); err != nil {
		return err
	}
	c.describeParties()
	c.lacksClientOnly = true
	return c.resolveClient(ctx)
}

// resolveAsBefore takes what the references of this very generation stood for
// when they last could be resolved: a grant that exists is still compared, and a
// widened one put back. Those of an older generation are forgotten, since mixed
// with a newer declaration they could grant what nobody declared.
func (c *impersonationConfig) resolveAsBefore() bool {
	before, spec := c.object.Status.Resolved, &c.object.Spec
	if before == nil || before.ObservedGeneration != c.object.Generation || !isComplete(spec, before) {
		return false
	}
	useResolved(&c.desired, spec, before)
	c.describeParties()
	return true
}

// isComplete says that every reference stood for something. Half of one would be
// a null in OrderCloud, and a null buyer is every buyer.
func isComplete(spec *v1alpha1.ImpersonationConfigSpec, resolved *v1alpha1.ResolvedReferences) bool {
	return (spec.ImpersonationUserRef == nil || resolved.ImpersonationBuyerID != "" && resolved.ImpersonationUserID != "") &&
		(spec.UserRef == nil || resolved.BuyerID != "" && resolved.UserID != "") &&
		(spec.ClientName == "" || resolved.ClientID != "" && (resolved.ClientName == "" || resolved.ClientName == spec.ClientName))
}

// resolveUser waits for the referenced user while nothing is granted yet. Once
// the config exists, a user that is in trouble must not stop the comparison of
// who may impersonate whom.
func (c *impersonationConfig) resolveUser(ctx context.Context, named *v1alpha1.BuyerUserReference, claimed bool, buyerID, userID **string) error {
	if named == nil {
		return nil
	}
	referrer := reference.Referrer{Namespace: c.object.Namespace, Marketplace: c.object.Spec.MarketplaceRef, WaitForReady: !claimed}
	buyer, user, err := referrer.BuyerUser(ctx, c.Reader, *named)
	if err != nil {
		return err
	}
	*buyerID, *userID = optional(buyer), optional(user)
	return nil
}

// resolveClient looks an application up by its name.
func (c *impersonationConfig) resolveClient(ctx context.Context) error {
	if c.object.Spec.ClientName == "" {
		return nil
	}
	id, err := reference.APIClient(ctx, c.connection, c.object.Spec.ClientName)
	if err == nil {
		c.desired.ClientID = id
	}
	return err
}

// checkProfile asks before a write whether there is the security profile: a
// thousand configs that name a missing one cost one call and no refused write.
func (c *impersonationConfig) checkProfile(ctx context.Context) error {
	id := c.desired.SecurityProfileID
	// What this look cannot find out, the write will.
	if found, err := c.connection.Looks.SecurityProfileExists(ctx, id); err == nil && !found {
		return failure.MissingInOrderCloud("security profile", id, c.connection.Client.BaseURL())
	}
	return nil
}

// checkCreation asks before anything is claimed whether a config could be created.
func (c *impersonationConfig) checkCreation(ctx context.Context) error {
	if c.object.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		return nil
	}
	if err := c.awaitUsers(ctx); err != nil {
		return err
	}
	return c.checkProfile(ctx)
}

// awaitUsers waits for users that the config names by their IDs, and that the same
// Marketplace declares: OrderCloud would answer that they do not exist.
func (c *impersonationConfig) awaitUsers(ctx context.Context) error {
	for _, party := range PartiesByID(c.object) {
		if err := AwaitUser(ctx, c.Reader, c.object, c.object.Spec.MarketplaceRef, c.connection.Tenancy, party); err != nil {
			return err
		}
	}
	return nil
}

// noteResolved also notices that a reference stands for something else than
// before, which is a change of the declaration and no drift.
func (c *impersonationConfig) noteResolved(application tenant.Application) {
	c.resolved = &v1alpha1.ResolvedReferences{
		ObservedGeneration:   c.object.Generation,
		ClientID:             strings.ToLower(c.desired.ClientID),
		ImpersonationBuyerID: deref(c.desired.ImpersonationBuyerID),
		ImpersonationUserID:  deref(c.desired.ImpersonationUserID),
		BuyerID:              deref(c.desired.BuyerID),
		UserID:               deref(c.desired.UserID),
	}
	before := c.object.Status.Resolved
	c.redeclared = before != nil && before.ObservedGeneration == c.object.Generation && !standsForTheSame(*before, *c.resolved)
	if len(application.Names) > 0 {
		c.resolved.ClientName = application.Names[0]
	}
}

// standsForTheSame leaves out by which name tenants may use the application.
func standsForTheSame(before, now v1alpha1.ResolvedReferences) bool {
	before.ClientName = now.ClientName
	return before == now
}

// describeParties says in short who may impersonate whom, for the columns.
func (c *impersonationConfig) describeParties() {
	want, status := &c.desired, &c.object.Status
	status.Target = party("any buyer", deref(want.BuyerID), deref(want.GroupID), deref(want.UserID))
	switch {
	case want.ImpersonationBuyerID != nil:
		status.Impersonator = party("", *want.ImpersonationBuyerID, deref(want.ImpersonationGroupID), deref(want.ImpersonationUserID))
	case want.ImpersonationGroupID != nil:
		status.Impersonator = "admin group " + *want.ImpersonationGroupID
	case want.ImpersonationUserID != nil:
		status.Impersonator = "admin " + *want.ImpersonationUserID
	default:
		status.Impersonator = "admins"
	}
}

func party(anyone, buyerID, groupID, userID string) string {
	switch {
	case buyerID == "":
		return anyone
	case groupID != "":
		return buyerID + "/group " + groupID
	case userID != "":
		return buyerID + "/" + userID
	default:
		return buyerID
	}
}
