// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

// Tenancy is what a namespace may declare through a Marketplace. The zero value is one
// that may declare nothing.
type Tenancy struct {
	isUnbound bool
	entries   []Entry
	// marketplace and namespace are named to a person.
	marketplace, namespace string
}

// Unbound returns the tenancy that may declare anything: of the Marketplace's own
// namespace, and of everybody if the Marketplace has no spec.tenants.
func Unbound() Tenancy { return Tenancy{isUnbound: true} }

// Binds says that spec.tenants decides what a namespace may declare, so that its labels
// have to be known.
func Binds(declared *v1alpha1.Marketplace, namespace string) bool {
	return declared.Spec.Tenants != nil && namespace != declared.Namespace
}

// Of returns the tenancy of a namespace that has these labels.
func Of(declared *v1alpha1.Marketplace, namespace string, has labels.Set) Tenancy {
	if !Binds(declared, namespace) {
		return Unbound()
	}
	bound := Tenancy{marketplace: declared.Namespace + "/" + declared.Name, namespace: namespace}
	for index := range declared.Spec.Tenants {
		if entry := &declared.Spec.Tenants[index]; Matches(entry, has) {
			bound.entries = append(bound.entries, Entry{Index: index, Tenant: entry})
		}
	}
	return bound
}

// Matches says that an entry is for a namespace with these labels. A selector that is not
// valid matches none.
func Matches(entry *v1alpha1.Tenant, has labels.Set) bool {
	// Each pass asks every entry, and most of them are for others.
	for key, value := range entry.Namespaces.MatchLabels {
		if found, isThere := has[key]; !isThere || found != value {
			return false
		}
	}
	selector, err := metav1.LabelSelectorAsSelector(entry.Namespaces.LabelSelector())
	return err == nil && selector.Matches(has)
}

// IsUnbound says that the namespace may declare anything, and see who else does.
func (t Tenancy) IsUnbound() bool { return t.isUnbound }

// Permit returns nil if the namespace may declare that. Otherwise it returns a
// *failure.Failure with the reason NotPermitted, which names the entry and its limit.
func (t Tenancy) Permit(of Declaration) error {
	if t.isUnbound {
		return nil
	}
	refusal := Decide(t.entries, of)
	if refusal == nil {
		return nil
	}
	return t.refuse("declare this %s: %s. Declare what is allowed, or have the owner of the Marketplace extend the entry", of.Kind, refusal)
}

// PermitKind returns nil if the namespace may declare objects of a kind at all, whatever
// they declare. It is for who does not know yet what a declaration stands for.
func (t Tenancy) PermitKind(kind v1alpha1.TenantKind) error {
	isListed := func(entry Entry) bool { return slices.Contains(entry.Kinds, kind) }
	if t.isUnbound || slices.ContainsFunc(t.entries, isListed) {
		return nil
	}
	return t.Permit(Declaration{Kind: kind})
}

// PermitTaking returns nil if the namespace may take over what exists in OrderCloud: it
// has to be something that it could have declared as it is.
func (t Tenancy) PermitTaking(path string, of Declaration) error {
	if t.isUnbound || Decide(t.entries, of) == nil {
		return nil
	}
	return t.refuse("take over %s, which exists in OrderCloud and is not what this namespace may declare: choose another ID", path)
}

func (t Tenancy) refuse(format string, arguments ...any) error {
	arguments = append([]any{t.marketplace, t.namespace}, arguments...)
	return failure.New(v1alpha1.ReasonNotPermitted, "spec.tenants of Marketplace %s does not let namespace %q "+format, arguments...).Stall()
}

// Owns says that a grant of another namespace may serve the tokens of this one: that of
// the same namespace, of the Marketplace's own, or one that both could declare by an entry
// that is for both. An entry for everybody, which is about something else, makes no tenants
// of one another.
func (t Tenancy) Owns(other Tenancy, grant Declaration) bool {
	if t.isUnbound || other.isUnbound || t.namespace == other.namespace {
		return true
	}
	isOthersToo := func(entry Entry) bool {
		return slices.ContainsFunc(other.entries, func(same Entry) bool { return same.Index == entry.Index })
	}
	var shared []Entry
	for _, entry := range t.entries {
		if isOthersToo(entry) {
			shared = append(shared, entry)
		}
	}
	return Decide(shared, grant) == nil
}

// PermitHeld returns nil if the namespace may have a token as a user of the buyer, with these
// roles, in some application. It is for who cannot find out at present in which one.
func (t Tenancy) PermitHeld(buyerID string, roles []string) error {
	anywhere := t
	anywhere.entries = nil
	for _, entry := range t.entries {
		inAnyClient := *entry.Tenant
		inAnyClient.Clients = nil
		anywhere.entries = append(anywhere.entries, Entry{Index: entry.Index, Tenant: &inAnyClient})
	}
	return anywhere.Permit(Declaration{Kind: v1alpha1.TenantImpersonationToken, BuyerID: buyerID, Roles: roles})
}

// ClientNames lists what the tenancy's entries name applications by: AppNames and IDs.
func (t Tenancy) ClientNames() []string {
	var names []string
	for _, entry := range t.entries {
		names = append(names, entry.Clients...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
