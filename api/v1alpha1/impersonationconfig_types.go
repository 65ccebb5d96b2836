// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BuyerUserReference names a BuyerUser in the object's own namespace.
type BuyerUserReference struct {
	// name of the BuyerUser.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not a name that a BuyerUser can have: use lower-case letters, digits, - and . and begin and end with a letter or digit"
	Name string `json:"name"`
}

// ImpersonationConfigSpec declares who may impersonate whom, in which
// application, with which rights. Every field that is left out is null in
// OrderCloud.
//
// +kubebuilder:validation:XValidation:rule="has(self.clientID) || has(self.clientName)",message="exactly one of clientID and clientName must be set: they say in which application",fieldPath=".clientName",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="!has(self.clientID) || !has(self.clientName)",message="exactly one of clientID and clientName must be set: leave out one of them",fieldPath=".clientName",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="!(has(self.impersonationGroupID) && has(self.impersonationUserID))",message="impersonationGroupID and impersonationUserID exclude each other: leave out one of them",fieldPath=".impersonationGroupID",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="!has(self.impersonationUserRef) || !(has(self.impersonationBuyerID) || has(self.impersonationGroupID) || has(self.impersonationUserID))",message="impersonationUserRef gives buyer and user: leave out impersonationBuyerID, impersonationGroupID and impersonationUserID",fieldPath=".impersonationUserRef",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="!(has(self.groupID) && has(self.userID))",message="groupID and userID exclude each other: leave out one of them",fieldPath=".groupID",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="!has(self.userRef) || !(has(self.buyerID) || has(self.groupID) || has(self.userID))",message="userRef gives buyer and user: leave out buyerID, groupID and userID",fieldPath=".userRef",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="has(self.buyerID) || has(self.userRef) || !(has(self.groupID) || has(self.userID))",message="groupID and userID need buyerID: they are looked up inside that buyer",fieldPath=".buyerID",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="!has(self.deletionPolicy) || self.deletionPolicy != 'Deactivate'",message="deletionPolicy Deactivate is for BuyerUsers: an impersonation config cannot be deactivated, choose Delete or Retain",fieldPath=".deletionPolicy"
type ImpersonationConfigSpec struct {
	ManagedSpec `json:",inline"`

	// id of the impersonation config in OrderCloud: 1 to 100 letters, digits,
	// underscores and hyphens. Unset means metadata.name, which then has to be
	// such an ID. Immutable.
	// +optional
	ID ID `json:"id,omitempty"`

	// impersonationBuyerID is the buyer whose users may impersonate; unset
	// means that admin users may. With no group and no user either, every admin
	// user who holds the role BuyerImpersonation may.
	// +optional
	ImpersonationBuyerID ID `json:"impersonationBuyerID,omitempty"`

	// impersonationGroupID is the user group that may impersonate: of
	// impersonationBuyerID when that is set, else an admin user group. It
	// excludes impersonationUserID.
	// +optional
	ImpersonationGroupID ID `json:"impersonationGroupID,omitempty"`

	// impersonationUserID is the user who may impersonate: of
	// impersonationBuyerID when that is set, else an admin user. It excludes
	// impersonationGroupID.
	// +optional
	ImpersonationUserID ID `json:"impersonationUserID,omitempty"`

	// impersonationUserRef names a BuyerUser of this namespace who may
	// impersonate, instead of impersonationBuyerID and impersonationUserID.
	// +optional
	ImpersonationUserRef *BuyerUserReference `json:"impersonationUserRef,omitempty"`

	// buyerID is the buyer whose users are impersonated. Unset, without a
	// userRef, it means users of any buyer that can reach the application.
	// +optional
	BuyerID ID `json:"buyerID,omitempty"`

	// groupID is the user group of buyerID whose members are impersonated. It
	// needs buyerID and excludes userID.
	// +optional
	GroupID ID `json:"groupID,omitempty"`

	// userID is the user of buyerID who is impersonated. It needs buyerID and
	// excludes groupID.
	// +optional
	UserID ID `json:"userID,omitempty"`

	// userRef names a BuyerUser of this namespace who is impersonated, instead
	// of buyerID and userID.
	// +optional
	UserRef *BuyerUserReference `json:"userRef,omitempty"`

	// securityProfileID is the security profile whose roles the impersonator
	// gets.
	// +required
	SecurityProfileID ID `json:"securityProfileID"`

	// clientID is the ID (a GUID, in either letter case) of the application's
	// API client. It differs in every marketplace; clientName does not. Exactly
	// one of clientID and clientName must be set.
	// +optional
	ClientID ID `json:"clientID,omitempty"`

	// clientName is the AppName of the application's API client, looked up in
	// each marketplace, so that one manifest serves all environments. Exactly
	// one of clientID and clientName must be set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ClientName string `json:"clientName,omitempty"`
}

// ResolvedReferences are the OrderCloud IDs that names and references of the
// spec stand for.
type ResolvedReferences struct {
	// observedGeneration is the metadata.generation whose names and references
	// these are.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// clientID of the application's API client.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	ClientID string `json:"clientID,omitempty"`

	// clientName is the AppName that was found to stand for the API client: the declared
	// one, or that by which the Marketplace's spec.tenants allow one declared by its ID.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	ClientName string `json:"clientName,omitempty"`

	// impersonationBuyerID is the buyer whose users may impersonate.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	ImpersonationBuyerID string `json:"impersonationBuyerID,omitempty"`

	// impersonationUserID is the user who may impersonate.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	ImpersonationUserID string `json:"impersonationUserID,omitempty"`

	// buyerID is the buyer whose users are impersonated.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	BuyerID string `json:"buyerID,omitempty"`

	// userID is the user who is impersonated.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	UserID string `json:"userID,omitempty"`
}

// ImpersonationConfigStatus is what the operator last saw of the impersonation
// config.
type ImpersonationConfigStatus struct {
	ManagedStatus `json:",inline"`

	// resolved are the OrderCloud IDs that names and references stand for.
	// +optional
	Resolved *ResolvedReferences `json:"resolved,omitempty"`

	// impersonator says in short who may impersonate, such as "admins",
	// "admin group desk" or "acme/jdoe".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Impersonator string `json:"impersonator,omitempty"`

	// target says in short who is impersonated, such as "any buyer", "acme" or
	// "acme/jdoe".
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Target string `json:"target,omitempty"`
}

// ImpersonationConfig declares who may impersonate whom in an OrderCloud
// marketplace, in which application, with which rights.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ic,categories=ordercloud
// +kubebuilder:printcolumn:name="Impersonator",type=string,JSONPath=`.status.impersonator`
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.status.target`
// +kubebuilder:printcolumn:name="Client",type=string,JSONPath=`.spec['clientName','clientID']`
// +kubebuilder:printcolumn:name="Profile",type=string,JSONPath=`.spec.securityProfileID`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Synced")].reason`
// +kubebuilder:printcolumn:name="Drifted",type=string,JSONPath=`.status.conditions[?(@.type=="Drifted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:selectablefield:JSONPath=`.spec.securityProfileID`
// +kubebuilder:selectablefield:JSONPath=`.spec.clientName`
// +kubebuilder:selectablefield:JSONPath=`.spec.clientID`
// +kubebuilder:selectablefield:JSONPath=`.spec.buyerID`
// +kubebuilder:selectablefield:JSONPath=`.spec.marketplaceRef.name`
// +kubebuilder:validation:XValidation:rule="has(self.spec.id) || self.metadata.name.matches('^[A-Za-z0-9_-]{1,100}$')",message="metadata.name is not an OrderCloud ID (1 to 100 of A-Z, a-z, 0-9, _ and -): set spec.id",fieldPath=".spec.id"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.claim) || (has(self.spec.id) ? self.spec.id : self.metadata.name) == (has(oldSelf.spec.id) ? oldSelf.spec.id : self.metadata.name)",message="id is immutable while status.claim is there: declare another config by a resource of its own, and delete this one; deletionPolicy: Retain leaves its config in OrderCloud",fieldPath=".spec.id"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !has(oldSelf.status.claim) || self.spec.marketplaceRef.name == oldSelf.spec.marketplaceRef.name && (has(self.spec.marketplaceRef.__namespace__) ? self.spec.marketplaceRef.__namespace__ : \"\") == (has(oldSelf.spec.marketplaceRef.__namespace__) ? oldSelf.spec.marketplaceRef.__namespace__ : \"\")",message="marketplaceRef is immutable while status.claim is there: declare what another marketplace has to hold by a resource of its own, and delete this one; deletionPolicy: Retain leaves its object in OrderCloud",fieldPath=".spec.marketplaceRef"
type ImpersonationConfig struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the impersonation config, and how the operator deals with
	// it.
	// +required
	Spec ImpersonationConfigSpec `json:"spec"`

	// status is what the operator last saw.
	// +optional
	// +default={"observedGeneration":-1}
	Status ImpersonationConfigStatus `json:"status,omitzero"`
}

// ImpersonationConfigList is a list of ImpersonationConfigs.
//
// +kubebuilder:object:root=true
type ImpersonationConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ImpersonationConfig `json:"items"`
}

// ConfigID is the ID of the declared impersonation config: spec.id, or
// metadata.name when that is unset.
func (c *ImpersonationConfig) ConfigID() string {
	if c.Spec.ID != "" {
		return string(c.Spec.ID)
	}
	return c.Name
}

// Managed returns the shared parts of spec and status.
func (c *ImpersonationConfig) Managed() (*ManagedSpec, *ManagedStatus) {
	return &c.Spec.ManagedSpec, &c.Status.ManagedStatus
}
