// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tenant decides what the objects of a namespace may declare through a
// Marketplace, by the Marketplace's spec.tenants. It asks nobody: its caller knows the
// labels of the namespace, and what the references of a declaration stand for.
package tenant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// Declaration is what an object declares, with its references resolved, or what an object
// that exists in OrderCloud would have to be declared as.
type Declaration struct {
	// Kind of the object.
	Kind v1alpha1.TenantKind
	// BuyerID is the buyer of the user that is declared, impersonated or acted as. Empty, of
	// an ImpersonationConfig, means users of any buyer.
	BuyerID string
	// Impersonator is to whom an ImpersonationConfig grants.
	Impersonator Impersonator
	// SecurityProfileID is what an ImpersonationConfig grants.
	SecurityProfileID string
	// Application is where an ImpersonationConfig or an ImpersonationToken is good.
	Application Application
	// Roles are those that an ImpersonationToken asks for, custom ones too.
	Roles []string
	// Unresolved says that something is missing, because a reference is not resolved:
	// nobody may declare what nobody knows.
	Unresolved bool
}

// Impersonator is who may impersonate. Without any ID, every admin user may.
type Impersonator struct {
	// BuyerID is the buyer whose users may; empty means admin users.
	BuyerID string
	// GroupID is a group of that buyer, or an admin user group.
	GroupID string
	// UserID is a user of that buyer, or an admin user.
	UserID string
}

// Application is an API client.
type Application struct {
	// ID of the API client, in any letter case [I].
	ID string
	// Names are the AppNames that are known to stand for it, and for no other API client.
	Names []string
}

// Refusal is why an entry does not allow a declaration.
type Refusal struct {
	// Entry is the entry's place in spec.tenants, from 0 on; -1 when none is for the
	// namespace.
	Entry int
	// Limit is the field of the entry that does not allow it, such as buyers.
	Limit string
	// Value is what the declaration has there; empty for a limit that is on or off.
	Value string
	// passed is how many limits the declaration is within.
	passed int
}

// String says in the entry's terms what is not allowed.
func (r Refusal) String() string {
	switch {
	case r.Entry < 0:
		return "none of its entries is for this namespace"
	case r.Value == "":
		return fmt.Sprintf("its entry %d does not allow %s", r.Entry, r.Limit)
	default:
		return fmt.Sprintf("%s of its entry %d does not list %s", r.Limit, r.Entry, r.Value)
	}
}

// Entry is one entry of spec.tenants.
type Entry struct {
	// Index is its place in spec.tenants, from 0 on.
	Index int
	// Tenant is the entry itself.
	*v1alpha1.Tenant
}

// Decide returns nil if one of the entries allows all of the declaration. Otherwise it
// returns why the entry does not that allows most of it. The entries are those that are
// for the namespace: what others may has no part in it.
func Decide(entries []Entry, of Declaration) *Refusal {
	closest := &Refusal{Entry: -1, passed: -1}
	for _, entry := range entries {
		refusal := entry.decide(of)
		if refusal == nil {
			return nil
		}
		if refusal.passed > closest.passed {
			closest = refusal
		}
	}
	return closest
}

// limit is one thing that an entry has to allow.
type limit struct {
	name   string
	value  string
	allows bool
}

func (e Entry) decide(of Declaration) *Refusal {
	for passed, limit := range e.limits(of) {
		if !limit.allows {
			return &Refusal{Entry: e.Index, Limit: limit.name, Value: limit.value, passed: passed}
		}
	}
	return nil
}

// limits are those that a declaration of its kind has to be within, in the order in which
// they are named to a person.
func (e Entry) limits(of Declaration) []limit {
	limits := []limit{
		{"kinds", string(of.Kind), slices.Contains(e.Kinds, of.Kind)},
		{"a reference that is not resolved", "", !of.Unresolved},
		e.target(of),
	}
	switch of.Kind {
	case v1alpha1.TenantBuyerUser:
		return limits
	case v1alpha1.TenantImpersonationConfig:
		return append(limits, e.impersonator(of.Impersonator),
			listed("securityProfiles", e.SecurityProfiles, of.SecurityProfileID), e.application(of.Application))
	case v1alpha1.TenantImpersonationToken:
		return append(append(limits, e.application(of.Application)), e.roles(of.Roles)...)
	default:
		return append(limits, limit{"kinds", string(of.Kind), false})
	}
}

// target is whose users are declared, impersonated or acted as.
func (e Entry) target(of Declaration) limit {
	if of.BuyerID != "" {
		return listed("buyers", e.Buyers, of.BuyerID)
	}
	return limit{"anyBuyer", "", of.Kind == v1alpha1.TenantImpersonationConfig && isSet(e.AnyBuyer)}
}

func (e Entry) impersonator(of Impersonator) limit {
	allowed := &e.Impersonators
	switch {
	case of.BuyerID != "":
		return listed("impersonators.buyers", allowed.Buyers, of.BuyerID)
	case of.GroupID != "":
		return listed("impersonators.adminGroups", allowed.AdminGroups, of.GroupID)
	case of.UserID != "":
		return listed("impersonators.adminUsers", allowed.AdminUsers, of.UserID)
	default:
		return limit{"impersonators.anyAdmin", "", isSet(allowed.AnyAdmin)}
	}
}

// application compares IDs in any letter case, which changes between endpoints [I].
func (e Entry) application(of Application) limit {
	allows := e.Clients == nil || slices.ContainsFunc(e.Clients, func(client string) bool {
		return client == v1alpha1.Everyone || of.ID != "" && strings.EqualFold(client, of.ID) || slices.Contains(of.Names, client)
	})
	value := of.ID
	if len(of.Names) > 0 {
		value = of.Names[0]
	}
	return limit{"clients", value, allows}
}

func (e Entry) roles(asked []string) []limit {
	limits := make([]limit, 0, len(asked))
	for _, role := range asked {
		limits = append(limits, listed("tokenRoles", e.TokenRoles, role))
	}
	return limits
}

// listed compares exactly: whether letter case matters to OrderCloud is not established
// [N], and what is narrower is safe.
func listed[T ~string](name string, list []T, value string) limit {
	allows := slices.ContainsFunc(list, func(allowed T) bool {
		return value != "" && (string(allowed) == value || allowed == v1alpha1.Everyone)
	})
	return limit{name, value, allows}
}

func isSet(value *bool) bool { return value != nil && *value }
