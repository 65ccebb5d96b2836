// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types, on every kind of this group.
const (
	// ReadyCondition is True when OrderCloud is known to hold what this
	// generation declares. An outage does not unmake it: what was last seen
	// stands. A Marketplace is Ready when OrderCloud accepted its credentials
	// and the token holds every role that the declared objects need.
	ReadyCondition = "Ready"
	// SyncedCondition is True when the latest attempt to compare, and to write
	// if need be, succeeded.
	SyncedCondition = "Synced"
	// DriftedCondition is True when OrderCloud differs from the spec as last
	// seen. BuyerUser and ImpersonationConfig bear it.
	DriftedCondition = "Drifted"
	// GrantsDeclaredCondition is True when some ImpersonationConfig declares every
	// impersonation config of the marketplace, and Unknown while that cannot be seen.
	// A Marketplace bears it, unless unmanagedImpersonationConfigs is Ignore.
	GrantsDeclaredCondition = "GrantsDeclared"
	// ReconcilingCondition is present, and True, only while the operator is
	// working or waiting to become Ready.
	ReconcilingCondition = "Reconciling"
	// StalledCondition is present, and True, only while the object is not Ready
	// and nothing will change until a person or another system acts.
	StalledCondition = "Stalled"
)

// Reasons of conditions. Each answers the question "why is it so, and who has
// to do something".
const (
	// ReasonInSync says that OrderCloud holds what the object declares.
	ReasonInSync = "InSync"
	// ReasonCreated says that the operator created the object in OrderCloud.
	ReasonCreated = "Created"
	// ReasonUpdated says that the operator wrote a changed spec to OrderCloud.
	ReasonUpdated = "Updated"
	// ReasonCorrected says that somebody had changed the object in OrderCloud
	// and that the operator put it back.
	ReasonCorrected = "Corrected"
	// ReasonDrifted says that OrderCloud differs and that the operator may not
	// write (managementPolicy Observe), or could not yet.
	ReasonDrifted = "Drifted"
	// ReasonSuspended says that spec.suspend is true: nothing is read or
	// written until it is false again.
	ReasonSuspended = "Suspended"
	// ReasonMarketplaceNotReady says that the Marketplace cannot be used; its
	// own conditions say why.
	ReasonMarketplaceNotReady = "MarketplaceNotReady"
	// ReasonMarketplaceNotFound says that spec.marketplaceRef names a
	// Marketplace that does not exist.
	ReasonMarketplaceNotFound = "MarketplaceNotFound"
	// ReasonNamespaceNotAllowed says that the Marketplace's allowedNamespaces
	// does not let this object's namespace refer to it.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonNotPermitted says that no entry of the Marketplace's spec.tenants allows the
	// object's namespace to declare it.
	ReasonNotPermitted = "NotPermitted"
	// ReasonCredentialsInvalid says that the credentials are missing,
	// incomplete or refused by OrderCloud.
	ReasonCredentialsInvalid = "CredentialsInvalid"
	// ReasonSellerChanged says that a Marketplace's credentials belong to another
	// seller than the one that the Marketplace stays with.
	ReasonSellerChanged = "SellerChanged"
	// ReasonAccessDenied says that OrderCloud refuses the operation for want of
	// a role, or that the operator is not allowed to contact that endpoint.
	ReasonAccessDenied = "AccessDenied"
	// ReasonRateLimited says that OrderCloud asked to slow down.
	ReasonRateLimited = "RateLimited"
	// ReasonUnavailable says that OrderCloud could not be reached or answered
	// with a failure of its own. The operator tries again by itself.
	ReasonUnavailable = "Unavailable"
	// ReasonRejected says that OrderCloud refuses the declared values, or that the
	// operator creates no Secret of the declared name.
	ReasonRejected = "Rejected"
	// ReasonUsernameTaken says that another user of the marketplace has the
	// declared username.
	ReasonUsernameTaken = "UsernameTaken"
	// ReasonNotOwned says that the object already exists in OrderCloud, was not
	// made by this resource, and that adoptionPolicy forbids to take it.
	ReasonNotOwned = "NotOwned"
	// ReasonConflict says that another resource declares the same OrderCloud
	// object.
	ReasonConflict = "Conflict"
	// ReasonContended says that somebody keeps changing the object back.
	ReasonContended = "Contended"
	// ReasonNotConverging says that OrderCloud accepted a write and still shows
	// other values.
	ReasonNotConverging = "NotConverging"
	// ReasonReferenceNotFound says that something the object names does not
	// exist, in Kubernetes or in OrderCloud.
	ReasonReferenceNotFound = "ReferenceNotFound"
	// ReasonReferenceNotReady says that a referenced BuyerUser exists and is
	// not Ready yet.
	ReasonReferenceNotReady = "ReferenceNotReady"
	// ReasonUnmanagedGrants says that the marketplace holds impersonation configs that
	// no object declares.
	ReasonUnmanagedGrants = "UnmanagedGrants"
	// ReasonAllDeclared says that every impersonation config of the marketplace is
	// declared.
	ReasonAllDeclared = "AllDeclared"
	// ReasonIssued says that OrderCloud issued a token and that the Secret holds it.
	ReasonIssued = "Issued"
	// ReasonNotGranted says that OrderCloud does not let the operator's user act as the
	// declared user: no impersonation config applies, or it gives none of the roles.
	ReasonNotGranted = "NotGranted"
	// ReasonInUse says that OrderCloud refuses the deletion because something
	// else still needs the object, or that a Marketplace is being deleted while
	// objects need it.
	ReasonInUse = "InUse"
	// ReasonDeletionHeld says that a deletion waits for a person's confirmation.
	ReasonDeletionHeld = "DeletionHeld"
	// ReasonDeletionQueued says that a deletion waits for others of its Marketplace to
	// be carried out: as many as may be are under way.
	ReasonDeletionQueued = "DeletionQueued"
	// ReasonOrphaned says that the object was let go without being deleted in
	// OrderCloud.
	ReasonOrphaned = "Orphaned"
)

// Labels, annotations and the finalizers of this group.
const (
	// TokenSecretPrefixLabel is on a Namespace and allows the Secrets of its
	// ImpersonationTokens another name than those that begin with the token's own: its
	// value, and what begins with that and a hyphen.
	TokenSecretPrefixLabel = "ordercloud.io/token-secret-prefix"
	// TokenForAnnotation is on the Secret of an ImpersonationToken and tells for which
	// declaration the token in it was issued, as a hash.
	TokenForAnnotation = "ordercloud.io/token-for"
	// TokenIssuedAnnotation is on the Secret of an ImpersonationToken and tells when
	// the token in it was issued, in RFC 3339.
	TokenIssuedAnnotation = "ordercloud.io/token-issued"
	// ReconcileAtAnnotation asks for a look now: any new value does. The value
	// that was last acted upon is echoed in status.lastHandledReconcileAt.
	ReconcileAtAnnotation = "ordercloud.io/reconcile-at"
	// ConfirmDeleteAnnotation with the value "true" releases a deletion that the
	// Marketplace's deletionGuard holds.
	ConfirmDeleteAnnotation = "ordercloud.io/confirm-delete"
	// InUseFinalizer keeps a Marketplace for as long as objects refer to it: they
	// could not be deleted in OrderCloud without it.
	InUseFinalizer = "ordercloud.io/in-use"
	// ClaimFinalizer goes with a claim, which status.claim records: the object stays
	// until what it owns in OrderCloud has been deleted, handed over or let go.
	ClaimFinalizer = "ordercloud.io/claim"
	// ClaimedInAnnotation is what an earlier version wrote with the finalizer: the base
	// URL of the marketplace in which the object was claimed. It is read on an object
	// that this version has not recorded yet, and never written.
	ClaimedInAnnotation = "ordercloud.io/claimed-in"
)
