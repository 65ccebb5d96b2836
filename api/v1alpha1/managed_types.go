// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ID is the caller-chosen identifier of an OrderCloud object: 1 to 100 letters,
// digits, underscores and hyphens.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_-]*$')",message="an OrderCloud ID has only the characters A-Z, a-z, 0-9, _ and -"
type ID string

// ManagementPolicy says whether the operator may write to OrderCloud.
// +kubebuilder:validation:Enum=Enforce;Observe
type ManagementPolicy string

const (
	// ManagementEnforce keeps OrderCloud equal to the spec.
	ManagementEnforce ManagementPolicy = "Enforce"
	// ManagementObserve reads and reports drift, and never writes.
	ManagementObserve ManagementPolicy = "Observe"
)

// AdoptionPolicy says what to do when the object already exists in OrderCloud
// and is not yet claimed by this resource.
// +kubebuilder:validation:Enum=IfIdentical;Always;Never
type AdoptionPolicy string

const (
	// AdoptIfIdentical takes an existing object only when it already holds what
	// the spec declares.
	AdoptIfIdentical AdoptionPolicy = "IfIdentical"
	// AdoptAlways takes an existing object and writes the spec over it.
	AdoptAlways AdoptionPolicy = "Always"
	// AdoptNever refuses an existing object.
	AdoptNever AdoptionPolicy = "Never"
)

// DeletionPolicy says what becomes of the OrderCloud object when the resource
// is deleted.
// +kubebuilder:validation:Enum=Delete;Retain;Deactivate
type DeletionPolicy string

const (
	// DeletionDelete deletes the OrderCloud object.
	DeletionDelete DeletionPolicy = "Delete"
	// DeletionRetain leaves the OrderCloud object as it is.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDeactivate keeps the user and forbids it to authenticate: its orders
	// stay, and nobody acts as it any more. Only a BuyerUser can be deactivated.
	DeletionDeactivate DeletionPolicy = "Deactivate"
)

// MarketplaceReference names the Marketplace that an object belongs to.
type MarketplaceReference struct {
	// name of the Marketplace. Default "default".
	// +optional
	// +default="default"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not a name that a Marketplace can have: use lower-case letters, digits, - and . and begin and end with a letter or digit"
	Name string `json:"name,omitempty"`

	// namespace of the Marketplace. Empty means the namespace of the object
	// itself; another namespace has to be let in by the Marketplace's
	// allowedNamespaces.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$')",message="not a name that a namespace can have: use lower-case letters, digits and - and begin and end with a letter or digit"
	Namespace string `json:"namespace,omitempty"`
}

// ManagedSpec is the part of the spec that every kind shares which mirrors one
// OrderCloud object.
type ManagedSpec struct {
	// marketplaceRef names the Marketplace in which the object lives. Default:
	// the one that is called "default", in the namespace of this object.
	// Immutable while the object is claimed: it does not move between marketplaces.
	// +optional
	// +default={"name":"default"}
	MarketplaceRef MarketplaceReference `json:"marketplaceRef,omitzero"`

	// managementPolicy says whether the operator may write to OrderCloud:
	// Enforce keeps OrderCloud equal to the spec, Observe only reads and
	// reports drift. Default Enforce.
	// +optional
	// +default="Enforce"
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// adoptionPolicy says what to do when the object already exists in
	// OrderCloud and is not yet claimed by this resource: IfIdentical takes it
	// only when it already holds what the spec declares, Always takes it and
	// writes the spec over it, Never refuses it. Default IfIdentical.
	// +optional
	// +default="IfIdentical"
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// deletionPolicy says what becomes of the OrderCloud object when this
	// resource is deleted: Delete deletes it, Retain leaves it as it is,
	// Deactivate, for a BuyerUser, keeps the user and sets Active to false.
	// Default Delete. An object that was never claimed is left alone anyway.
	// +optional
	// +default="Delete"
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// suspend stops all reads and writes while it is true. A deletion still
	// honours deletionPolicy. Default false.
	// +optional
	// +default=false
	Suspend bool `json:"suspend,omitempty"`

	// interval at which the object is compared with OrderCloud at the latest,
	// as a duration such as 30s, 10m or 1h, at least 1s. Unset means the
	// Marketplace's interval.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) >= duration('1s')",message="interval must be a duration such as 30s, 10m or 1h30m, and at least 1s"
	Interval *metav1.Duration `json:"interval,omitempty"`
}

// ClaimState says how far a resource has come to own its OrderCloud object.
// +kubebuilder:validation:Enum=Pending;Held
type ClaimState string

const (
	// ClaimPending is written before a create. It gives a right to an object that shows
	// exactly what was sent, and to no other.
	ClaimPending ClaimState = "Pending"
	// ClaimHeld is a claim that OrderCloud's answer or a look has confirmed. Only what a
	// valid Held claim covers is changed or deleted.
	ClaimHeld ClaimState = "Held"
)

// MarketplaceIdentity is which marketplace in OrderCloud something is in.
type MarketplaceIdentity struct {
	// sellerID is the ID of the marketplace's seller, as OrderCloud reported it for the
	// credentials that it accepted.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	SellerID string `json:"sellerID,omitempty"`

	// url is the base URL of OrderCloud's API; empty while nothing was seen in any.
	// +required
	// +kubebuilder:validation:MaxLength=253
	URL string `json:"url"`
}

// Claim says that this resource owns an object in OrderCloud, or is about to create it.
type Claim struct {
	// state is Pending from before the first create until OrderCloud's answer or a look
	// confirms the claim, and Held from then on.
	// +required
	State ClaimState `json:"state"`

	// uid of the resource that made the claim. A copy has another one, and no claim.
	// +required
	// +kubebuilder:validation:MaxLength=128
	UID string `json:"uid"`

	// marketplace in which the object is. In another one the claim gives no right.
	// +required
	Marketplace MarketplaceIdentity `json:"marketplace"`

	// path of the object, such as buyers/acme/users/jdoe.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Path string `json:"path"`

	// since is when the claim came into this state.
	// +required
	Since metav1.Time `json:"since"`

	// sent is a digest of what the latest create sent, while the claim is Pending: the
	// object that a lost answer left behind is recognized by it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Sent string `json:"sent,omitempty"`
}

// DriftEntry is one field in which OrderCloud differs from the spec.
type DriftEntry struct {
	// field is OrderCloud's name of the field, such as Email or xp.costCenter.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Field string `json:"field"`

	// desired is the declared value as text, "(unset)" when the field has to be
	// null, or "(redacted)" when it is a secret.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Desired string `json:"desired"`

	// observed is OrderCloud's value as text, "(unset)" when it is null, or
	// "(redacted)" when it is a secret.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Observed string `json:"observed"`
}

// LastDrift is the latest drift, kept after it was corrected.
type LastDrift struct {
	// detectedTime is when the operator first saw the difference.
	// +required
	DetectedTime metav1.Time `json:"detectedTime"`

	// correctedTime is when OrderCloud was equal to the spec again; unset while
	// it is not.
	// +optional
	CorrectedTime *metav1.Time `json:"correctedTime,omitempty"`

	// corrections is how often in a row the operator has put these fields back
	// and found them changed again soon after. From three on, somebody else keeps
	// changing them: the object says Contended, and is put back ever more seldom.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Corrections int32 `json:"corrections,omitempty"`

	// fields that differed, in OrderCloud's names, without their values.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MaxLength=512
	Fields []string `json:"fields"`
}

// ManagedStatus is the part of the status that every kind shares which mirrors
// one OrderCloud object.
type ManagedStatus struct {
	// observedGeneration is the metadata.generation that this status is about;
	// -1 until the operator has seen the object for the first time.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the object: Ready, Synced, Drifted, and Reconciling or
	// Stalled while it is not Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// path of the OrderCloud object that this resource declares, such as
	// buyers/acme/users/jdoe.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Path string `json:"path,omitempty"`

	// marketplace that this status is about: the one in which the object was seen last.
	// Empty while it was seen in none.
	// +optional
	Marketplace *MarketplaceIdentity `json:"marketplace,omitempty"`

	// claim to the OrderCloud object; absent while it is not this resource's own.
	// +optional
	Claim *Claim `json:"claim,omitempty"`

	// unansweredSeconds is for how long, in seconds, the operator has asked OrderCloud
	// to delete the object without an answer. Only time in which it asked counts.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UnansweredSeconds int64 `json:"unansweredSeconds,omitempty"`

	// drift is what differs right now, at most 20 fields; empty when in sync.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MaxItems=20
	Drift []DriftEntry `json:"drift,omitempty"`

	// lastDrift is the latest drift, kept after it was corrected.
	// +optional
	LastDrift *LastDrift `json:"lastDrift,omitempty"`

	// lastHandledReconcileAt echoes the annotation ordercloud.io/reconcile-at
	// that was last acted upon, whole: it can be as long as annotations can.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}
