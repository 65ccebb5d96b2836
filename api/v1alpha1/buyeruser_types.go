// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// UpdatePolicy says how much of a buyer user the manifest owns.
// +kubebuilder:validation:Enum=Merge;Replace
type UpdatePolicy string

const (
	// UpdateMerge leaves undeclared fields and xp keys to others.
	UpdateMerge UpdatePolicy = "Merge"
	// UpdateReplace makes the manifest the whole truth.
	UpdateReplace UpdatePolicy = "Replace"
)

// PasswordPolicy says when the declared password is written.
// +kubebuilder:validation:Enum=Initial;Enforce
type PasswordPolicy string

const (
	// PasswordInitial writes the password only when the user is created.
	PasswordInitial PasswordPolicy = "Initial"
	// PasswordEnforce writes the password again when the Secret changes, and
	// when PasswordLastSetDate shows that someone else set it.
	PasswordEnforce PasswordPolicy = "Enforce"
)

// SecretKeyReference names one key of a Secret in the object's own namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not a name that a Secret can have: use lower-case letters, digits, - and . and begin and end with a letter or digit"
	Name string `json:"name"`

	// key of the Secret's data that holds the value. Default "password".
	// +optional
	// +default="password"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._A-Za-z0-9]*$')",message="not a key that a Secret can have: use letters, digits, -, _ and ."
	Key string `json:"key,omitempty"`
}

// BuyerUserSpec declares one buyer user of OrderCloud.
// +kubebuilder:validation:XValidation:rule="!has(self.passwordPolicy) || self.passwordPolicy != 'Enforce' || has(self.passwordSecretRef)",message="passwordPolicy Enforce needs passwordSecretRef: name the Secret that holds the password, or set passwordPolicy to Initial",fieldPath=".passwordSecretRef",reason=FieldValueRequired
type BuyerUserSpec struct {
	ManagedSpec `json:",inline"`

	// buyerID is the ID of the buyer that the user belongs to: 1 to 100 letters,
	// digits, underscores and hyphens. Immutable.
	// +required
	BuyerID ID `json:"buyerID"`

	// userID is the ID of the user inside its buyer: 1 to 100 letters, digits,
	// underscores and hyphens. Unset means metadata.name, which then has to be
	// such an ID. Immutable.
	// +optional
	UserID ID `json:"userID,omitempty"`

	// username to sign in with, at most 100 characters, unique in the whole
	// marketplace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Username string `json:"username"`

	// firstName of the user, at most 100 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	FirstName string `json:"firstName"`

	// lastName of the user, at most 100 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	LastName string `json:"lastName"`

	// email address of the user, at most 200 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Email string `json:"email"`

	// active says whether the user may sign in and be impersonated. Default
	// true.
	// +optional
	// +default=true
	Active *bool `json:"active,omitempty"`

	// phone number, at most 100 characters. Unset means not managed with
	// updatePolicy Merge, and null with Replace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Phone *string `json:"phone,omitempty"`

	// termsAccepted is when the user accepted the terms (RFC 3339, such as
	// 2026-03-01T09:00:00Z). OrderCloud is sent the same moment in UTC. Unset means
	// not managed with updatePolicy Merge, and null with Replace.
	// +optional
	TermsAccepted *DateTime `json:"termsAccepted,omitempty"`

	// xp holds the extended properties, any JSON object of at most 8,000
	// characters. With updatePolicy Merge only the top-level keys that are
	// declared here are managed.
	// +optional
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	XP *runtime.RawExtension `json:"xp,omitempty"`

	// updatePolicy says how much of the user this manifest owns: with Merge,
	// undeclared fields and xp keys belong to others and are left alone
	// (PATCH); with Replace the manifest is the whole truth (PUT). Default
	// Merge.
	// +optional
	// +default="Merge"
	UpdatePolicy UpdatePolicy `json:"updatePolicy,omitempty"`

	// passwordSecretRef names the Secret key, in this namespace, that holds the
	// user's password. Unset means that the operator never sets a password.
	// +optional
	PasswordSecretRef *SecretKeyReference `json:"passwordSecretRef,omitempty"`

	// passwordPolicy says when the password is written: Initial only when the
	// operator creates the user; Enforce again when the Secret changes, and
	// when PasswordLastSetDate shows that someone else set it. Enforce needs
	// passwordSecretRef. Default Initial.
	// +optional
	// +default="Initial"
	PasswordPolicy PasswordPolicy `json:"passwordPolicy,omitempty"`
}

// EnforcedPassword remembers, without the password, which one the operator set.
type EnforcedPassword struct {
	// secretVersion is the UID and resourceVersion of the Secret whose password
	// was written.
	// +required
	// +kubebuilder:validation:MaxLength=128
	SecretVersion string `json:"secretVersion"`

	// lastSetDate is OrderCloud's PasswordLastSetDate right after that write.
	// +optional
	LastSetDate *metav1.MicroTime `json:"lastSetDate,omitempty"`
}

// BuyerUserStatus is what the operator last saw of the buyer user.
type BuyerUserStatus struct {
	ManagedStatus `json:",inline"`

	// userID is the ID of the declared user inside its buyer.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	UserID string `json:"userID,omitempty"`

	// companyID is the ID of the buyer as OrderCloud reports it.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	CompanyID string `json:"companyID,omitempty"`

	// availableRoles are the roles that the user can be granted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	AvailableRoles []string `json:"availableRoles,omitempty"`

	// dateCreated is when the user was created in OrderCloud.
	// +optional
	DateCreated *metav1.Time `json:"dateCreated,omitempty"`

	// passwordLastSetDate is when the user's password was last set, by anyone.
	// +optional
	PasswordLastSetDate *metav1.Time `json:"passwordLastSetDate,omitempty"`

	// enforcedPassword remembers which password the operator wrote last, for
	// passwordPolicy Enforce.
	// +optional
	EnforcedPassword *EnforcedPassword `json:"enforcedPassword,omitempty"`
}

// BuyerUser declares one buyer user of an OrderCloud marketplace. The operator
// creates it, keeps it as declared, and reports where it differs.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=bu,categories=ordercloud
// +kubebuilder:printcolumn:name="Buyer",type=string,JSONPath=`.spec.buyerID`
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.userID`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Synced")].reason`
// +kubebuilder:printcolumn:name="Drifted",type=string,JSONPath=`.status.conditions[?(@.type=="Drifted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:selectablefield:JSONPath=`.spec.buyerID`
// +kubebuilder:selectablefield:JSONPath=`.spec.userID`
// +kubebuilder:selectablefield:JSONPath=`.spec.marketplaceRef.name`
// +kubebuilder:validation:XValidation:rule="has(self.spec.userID) || self.metadata.name.matches('^[A-Za-z0-9_-]{1,100}$')",message="metadata.name is not an OrderCloud ID (1 to 100 of A-Z, a-z, 0-9, _ and -): set spec.userID",fieldPath=".spec.userID"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.claim) || (has(self.spec.userID) ? self.spec.userID : self.metadata.name) == (has(oldSelf.spec.userID) ? oldSelf.spec.userID : self.metadata.name)",message="userID is immutable while status.claim is there: declare another user by a resource of its own, and delete this one; deletionPolicy: Retain leaves its user in OrderCloud",fieldPath=".spec.userID"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.claim) || self.spec.buyerID == oldSelf.spec.buyerID",message="buyerID is immutable while status.claim is there: declare a user of another buyer by a resource of its own, and delete this one; deletionPolicy: Retain leaves its user in OrderCloud",fieldPath=".spec.buyerID"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.claim) || self.spec.marketplaceRef.name == oldSelf.spec.marketplaceRef.name && (has(self.spec.marketplaceRef.__namespace__) ? self.spec.marketplaceRef.__namespace__ : \"\") == (has(oldSelf.spec.marketplaceRef.__namespace__) ? oldSelf.spec.marketplaceRef.__namespace__ : \"\")",message="marketplaceRef is immutable while status.claim is there: declare what another marketplace has to hold by a resource of its own, and delete this one; deletionPolicy: Retain leaves its object in OrderCloud",fieldPath=".spec.marketplaceRef"
type BuyerUser struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the user, and how the operator deals with it.
	// +required
	Spec BuyerUserSpec `json:"spec"`

	// status is what the operator last saw.
	// +optional
	// +default={"observedGeneration":-1}
	Status BuyerUserStatus `json:"status,omitzero"`
}

// BuyerUserList is a list of BuyerUsers.
//
// +kubebuilder:object:root=true
type BuyerUserList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []BuyerUser `json:"items"`
}

// UserID is the ID of the declared user inside its buyer: spec.userID, or
// metadata.name when that is unset.
func (u *BuyerUser) UserID() string {
	if u.Spec.UserID != "" {
		return string(u.Spec.UserID)
	}
	return u.Name
}

// Managed returns the shared parts of spec and status.
func (u *BuyerUser) Managed() (*ManagedSpec, *ManagedStatus) {
	return &u.Spec.ManagedSpec, &u.Status.ManagedStatus
}
