// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/reference"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// declaration is what an ImpersonationToken stands for in its marketplace.
type declaration struct {
	baseURL     string
	buyerID     string
	userID      string
	clientID    string
	application tenant.Application
	roles       []string
	customRoles []string
}

// resolve finds out what the names and references of the spec stand for.
func (p *pass) resolve(ctx context.Context) error {
	spec := &p.object.Spec
	wanted := &declaration{
		baseURL: p.connection.Client.BaseURL(),
		buyerID: string(spec.BuyerID), userID: string(spec.UserID), clientID: string(spec.ClientID),
		roles: sorted(spec.Roles), customRoles: sorted(spec.CustomRoles),
	}
	var err error
	if spec.UserRef != nil {
		referrer := reference.Referrer{
			Namespace: p.object.Namespace, Marketplace: spec.MarketplaceRef,
			// Once there is a token, a user that is in trouble does not end it.
			WaitForReady: p.kept.token == nil,
		}
		if wanted.buyerID, wanted.userID, err = referrer.BuyerUser(ctx, p.Client, *spec.UserRef); err != nil {
			return err
		}
	}
	if spec.ClientName != "" {
		if wanted.clientID, err = reference.APIClient(ctx, p.connection, spec.ClientName); err != nil {
			return p.besideUnknownClient(wanted, err)
		}
	}
	if wanted.application, err = reference.Application(ctx, p.connection, wanted.clientID, spec.ClientName); err != nil {
		return err
	}
	// The letter case of these differs between endpoints.
	wanted.clientID = strings.ToLower(wanted.clientID)
	p.wanted = wanted
	p.object.Status.User = wanted.user()
	return nil
}

// besideUnknownClient is why no application bears the declared name, told only to who may use
// one of that name: nobody else learns whether it exists.
func (p *pass) besideUnknownClient(wanted *declaration, err error) error {
	problem := failure.As(err)
	if problem == nil || problem.Reason != v1alpha1.ReasonReferenceNotFound {
		return err
	}
	wanted.application.Names = []string{p.object.Spec.ClientName}
	return cmp.Or(p.connection.Tenancy.Permit(wanted.declaration()), err)
}

func sorted(roles []v1alpha1.Role) []string {
	var list []string
	for _, role := range roles {
		list = append(list, string(role))
	}
	slices.Sort(list)
	return list
}

// user is the path of the user, such as buyers/acme/users/jdoe.
func (d *declaration) user() string { return "buyers/" + d.buyerID + "/users/" + d.userID }

// request asks for the token.
func (d *declaration) request() ordercloud.AccessTokenRequest {
	return ordercloud.AccessTokenRequest{ClientID: d.clientID, Roles: d.roles, CustomRoles: d.customRoles}
}

// fingerprint tells the declaration from others: as whom somebody acts and where,
// and with which roles.
func (d *declaration) fingerprint() string {
	return d.subject() + "." + hashOf(d.roles, d.customRoles)
}

// subject tells as whom somebody acts and where.
func (d *declaration) subject() string {
	return hashOf([]string{d.baseURL, d.buyerID, d.userID, d.clientID})
}

// hashOf is short, because it only has to tell a declaration from the few that the
// same object had before.
func hashOf(values ...[]string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", values))
	return hex.EncodeToString(sum[:8])
}
