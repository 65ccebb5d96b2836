// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is the engine: it claims, observes, plans, writes and
// records, for every kind that mirrors one OrderCloud object. It is the only
// writer of such an object's status and events.
package lifecycle

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// Object is a resource that declares one OrderCloud object.
type Object interface {
	client.Object
	// Managed returns the shared parts of spec and status.
	Managed() (*v1alpha1.ManagedSpec, *v1alpha1.ManagedStatus)
}

// External is one object in OrderCloud, bound to the resource that declares it.
// Its methods record the kind's own part of the status on that resource, in
// memory. Their errors are a *failure.Failure where a person has to read them.
type External interface {
	// Resolve finds out what the declaration stands for, before anything of the object is
	// looked at. Claimed says whether the resource already owns the object: only an
	// unclaimed one has to wait for what it refers to. Beside a failure, the declaration has
	// what decides about the permission all the same, or is its zero value.
	Resolve(ctx context.Context, claimed bool) (tenant.Declaration, error)
	// Observe looks at the object, after Resolve. A missing one is no error.
	Observe(ctx context.Context) (Observation, error)
	// Look looks at the object and compares nothing, so that it needs nothing else that
	// the resource refers to.
	Look(ctx context.Context) (Observation, error)
	// Digest is that of what Create would send, as far as a look can show it. It is
	// valid after Observe.
	Digest() string
	// Create makes the object with the declared ID. It returns ErrExists when
	// there is one already.
	Create(ctx context.Context) (Observation, error)
	// Update writes what differs. It returns ErrGone when the object vanished.
	Update(ctx context.Context, differences drift.Fields) (Observation, error)
	// Delete removes the object. One that is already gone is no error.
	Delete(ctx context.Context) error
}

// Deactivator is an External whose object can be kept and lose its effect.
type Deactivator interface {
	// Deactivate takes the object's effect away. One that is gone is no error.
	Deactivate(ctx context.Context) error
}

// Kind is what the engine has to know about one kind of resource.
type Kind[T Object] interface {
	// New returns an empty resource.
	New() T
	// NewList returns an empty list of resources.
	NewList() client.ObjectList
	// Path names the declared object in OrderCloud, such as
	// buyers/acme/users/jdoe. It is known without reaching OrderCloud.
	Path(object T) string
	// Exclusive is what of the object no other one in the marketplace may have, as far as
	// the resource tells; empty while it does not.
	Exclusive(object T) string
	// HoldsData says that a deletion loses what nobody declares, such as dates and what
	// other programs wrote.
	HoldsData() bool
	// Describe records in the kind's part of the status what the declaration tells
	// by itself.
	Describe(object T)
	// Declaration is what the declaration of a resource stands for, as far as its status
	// has it: nothing is asked for it.
	Declaration(object T) tenant.Declaration
	// Check refuses a declaration that cannot be right in any marketplace. It is told also
	// where there is none.
	Check(object T) error
	// Bind binds a resource to its object in the marketplace that the connection
	// reaches. It calls nothing.
	Bind(object T, connection *marketplace.Connection) External
}

// Observation is what a look or the answer to a write showed.
type Observation struct {
	// Exists says whether the object is in OrderCloud.
	Exists bool
	// Digest is that of the object that was seen: equal to External.Digest when it shows
	// exactly what a create sent. Empty when there is none.
	Digest string
	// Declaration is what the object that was seen would have to be declared as.
	Declaration tenant.Declaration
	// Differences are the fields in which it differs from the declaration.
	Differences drift.Fields
	// Redeclared says that what is declared changed since the last write though
	// the generation did not: a Secret or something referred to has changed.
	Redeclared bool
	// Unresolved is why a part of the declaration could not be found out, else
	// nil. The rest was compared all the same: a Secret or a reference that is
	// gone must not hide what somebody does to a grant.
	Unresolved *failure.Failure
}

// Identical says that nothing that can be compared differs.
func (o Observation) Identical() bool { return o.Exists && len(o.Differences.Comparable()) == 0 }

// InSync says that the object exists and that there is nothing to write.
func (o Observation) InSync() bool { return o.Exists && len(o.Differences) == 0 }

var (
	// ErrExists says that a create met an object that was not there a moment
	// ago: somebody else made it.
	ErrExists = errors.New("the object already exists in OrderCloud")
	// ErrGone says that an update met no object though there was one a moment
	// ago: somebody else deleted it.
	ErrGone = errors.New("the object is gone from OrderCloud")
)

// Connector reaches the marketplace that an object refers to.
type Connector interface {
	// Connect returns a connection, or a *failure.Failure that says why there is
	// none. The connection beside a failure, if any, tells the interval.
	Connect(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*marketplace.Connection, error)
	// ConnectToDelete also returns a connection when the Marketplace or its Secret is
	// gone, as long as the credentials are still known.
	ConnectToDelete(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*marketplace.Connection, error)
	// Where returns the marketplace that a reference names at present, as far as that is
	// known without a call: without a seller while none is proven, and nothing when there
	// is no such Marketplace.
	Where(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (claim.Marketplace, error)
	// Standing returns the marketplace that a Marketplace is proven to be, and how far
	// that is known.
	Standing(key types.NamespacedName) (claim.Marketplace, marketplace.Standing)
	// Peers lists the Marketplaces that are proven to be a marketplace.
	Peers(of claim.Marketplace) []types.NamespacedName
	// Tenancy returns what a namespace may declare through a Marketplace, or a
	// *failure.Failure for one that may not refer to it. OrderCloud is not asked.
	Tenancy(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (tenant.Tenancy, error)
	// CheckNow returns an error unless, by the API server's own word, the namespace may
	// use the Marketplace and that still reaches the marketplace. It also returns what the
	// namespace may declare now.
	CheckNow(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference, at claim.Marketplace) (tenant.Tenancy, error)
}
