// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"

	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// explainWrite explains why OrderCloud refuses a config. When the answer does not
// name what is missing, everything that the config refers to is looked up, so
// that the status can.
func (c *impersonationConfig) explainWrite(ctx context.Context, verb string, err error) error {
	if ordercloud.IsNotFound(err) || ordercloud.IsInvalid(err) {
		c.connection.Looks.ForgetReferences()
	}
	if _, _, named := ordercloud.MissingObject(err); !named && (ordercloud.IsNotFound(err) || ordercloud.IsInvalid(err)) {
		if missing := c.findMissing(ctx); missing != nil {
			return missing.By(err)
		}
	}
	return c.call(verb).Explain(err)
}

// findMissing looks up what the config refers to, and tells the first that is
// not there. What the token may not read is left out.
func (c *impersonationConfig) findMissing(ctx context.Context) *failure.Failure {
	for _, referred := range c.references() {
		if referred.id != "" && ordercloud.IsNotFound(referred.look(ctx, referred.id)) {
			return failure.MissingInOrderCloud(referred.kind, referred.id, c.connection.Client.BaseURL())
		}
	}
	return nil
}

type referred struct {
	kind string
	id   string
	look func(ctx context.Context, id string) error
}

func (c *impersonationConfig) references() []referred {
	want, in := &c.desired, c.connection.Client
	buyerID, impersonationBuyerID := deref(want.BuyerID), deref(want.ImpersonationBuyerID)
	references := []referred{
		{"security profile", want.SecurityProfileID, lookIn(in.SecurityProfiles())},
		{"API client", want.ClientID, lookIn(in.APIClients())},
		{"buyer", buyerID, lookIn(in.Buyers())},
		{"user group", deref(want.GroupID), lookIn(in.UserGroups(buyerID))},
		{"user", deref(want.UserID), lookIn(in.BuyerUsers(buyerID))},
	}
	if impersonationBuyerID == "" {
		return append(references,
			referred{"admin user group", deref(want.ImpersonationGroupID), lookIn(in.AdminUserGroups())},
			referred{"admin user", deref(want.ImpersonationUserID), lookIn(in.AdminUsers())})
	}
	return append(references,
		referred{"buyer", impersonationBuyerID, lookIn(in.Buyers())},
		referred{"user group", deref(want.ImpersonationGroupID), lookIn(in.UserGroups(impersonationBuyerID))},
		referred{"user", deref(want.ImpersonationUserID), lookIn(in.BuyerUsers(impersonationBuyerID))})
}

func lookIn[T any](collection ordercloud.Collection[T]) func(context.Context, string) error {
	return func(ctx context.Context, id string) error {
		_, err := collection.Get(ctx, id)
		return err
	}
}
