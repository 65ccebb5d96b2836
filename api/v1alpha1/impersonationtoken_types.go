// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Role is the name of an OrderCloud role, or of a custom role of the marketplace.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:XValidation:rule="self.matches('^[^[:space:]]*$')",message="a role has no white space"
type Role string

// ImpersonationTokenSpec says for which buyer user, in which application and with
// which roles a token is kept.
//
// +kubebuilder:validation:XValidation:rule="has(self.userRef) || (has(self.buyerID) && has(self.userID))",message="the user is missing: set userRef, or buyerID and userID",fieldPath=".userRef",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="!has(self.userRef) || !(has(self.buyerID) || has(self.userID))",message="userRef gives buyer and user: leave out buyerID and userID",fieldPath=".userRef",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="has(self.clientID) || has(self.clientName)",message="exactly one of clientID and clientName must be set: they say in which application",fieldPath=".clientName",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="!has(self.clientID) || !has(self.clientName)",message="exactly one of clientID and clientName must be set: leave out one of them",fieldPath=".clientName",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="has(self.roles) && size(self.roles) > 0 || has(self.customRoles) && size(self.customRoles) > 0",message="at least one role must be asked for: set roles or customRoles",fieldPath=".roles",reason=FieldValueRequired
type ImpersonationTokenSpec struct {
	// marketplaceRef names the Marketplace in which the user lives. Default: the one
	// that is called "default", in the namespace of this object. Immutable.
	// +optional
	// +default={"name":"default"}
	// +kubebuilder:validation:XValidation:rule="self.name == oldSelf.name && (has(self.__namespace__) ? self.__namespace__ : '') == (has(oldSelf.__namespace__) ? oldSelf.__namespace__ : '')",message="marketplaceRef is immutable: a token of another marketplace is declared by an object of its own"
	MarketplaceRef MarketplaceReference `json:"marketplaceRef,omitzero"`

	// userRef names a BuyerUser of this namespace for whom the token is, instead of
	// buyerID and userID.
	// +optional
	UserRef *BuyerUserReference `json:"userRef,omitempty"`

	// buyerID is the buyer of the user for whom the token is. It needs userID.
	// +optional
	BuyerID ID `json:"buyerID,omitempty"`

	// userID is the user of buyerID for whom the token is. It needs buyerID.
	// +optional
	UserID ID `json:"userID,omitempty"`

	// clientID is the ID (a GUID, in either letter case) of the API client of the
	// application that the token is for. Exactly one of clientID and clientName must
	// be set.
	// +optional
	ClientID ID `json:"clientID,omitempty"`

	// clientName is the AppName of the API client of the application that the token
	// is for, looked up in the marketplace. Exactly one of clientID and clientName
	// must be set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	ClientName string `json:"clientName,omitempty"`

	// roles of OrderCloud that are asked for, such as Shopper. OrderCloud grants those
	// of them that the security profile of the impersonation config has, see
	// status.roles. At least one of roles and customRoles must be set.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	Roles []Role `json:"roles,omitempty"`

	// customRoles of the marketplace that are asked for.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	CustomRoles []Role `json:"customRoles,omitempty"`

	// secretName is the Secret of this namespace that holds the token, with the keys
	// token, expiration and url. It is created by the operator and owned by this
	// object; one that is somebody else's is not touched. A new one is created only
	// under metadata.name, under the value of the label
	// ordercloud.io/token-secret-prefix of the namespace, or under a name that begins
	// with one of them and a hyphen. Unset means metadata.name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not a name that a Secret can have: use lower-case letters, digits, - and . and begin and end with a letter or digit"
	SecretName string `json:"secretName,omitempty"`

	// refreshBefore is how long before a token expires a new one is fetched, as a
	// duration such as 10m, at least 1s. It is at most half of the token's lifetime,
	// which is the API client's AccessTokenDuration: 10 to 600 minutes. Default 10m.
	// +optional
	// +default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) >= duration('1s')",message="refreshBefore must be a duration such as 10m or 1h30m, and at least 1s"
	RefreshBefore *metav1.Duration `json:"refreshBefore,omitempty"`

	// suspend stops all reads and writes while it is true: the Secret stays as it is,
	// and its token expires. Default false.
	// +optional
	// +default=false
	Suspend bool `json:"suspend,omitempty"`
}

// ImpersonationTokenStatus is what the operator knows about the token, without the
// token itself.
type ImpersonationTokenStatus struct {
	// observedGeneration is the metadata.generation that this status is about;
	// -1 until the operator has seen the object for the first time.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the object: Ready, Synced, and Reconciling or Stalled while it
	// is not Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// secretName is the Secret that holds the token.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// user is the path of the user for whom the token is, such as
	// buyers/acme/users/jdoe.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	User string `json:"user,omitempty"`

	// issuedTime is when the token in the Secret was issued; unset while the Secret
	// holds none.
	// +optional
	IssuedTime *metav1.Time `json:"issuedTime,omitempty"`

	// expirationTime is when the token in the Secret expires.
	// +optional
	ExpirationTime *metav1.Time `json:"expirationTime,omitempty"`

	// refreshTime is when the token in the Secret is replaced.
	// +optional
	RefreshTime *metav1.Time `json:"refreshTime,omitempty"`

	// roles that OrderCloud granted: those asked for that the security profile of
	// the impersonation config has.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	Roles []string `json:"roles,omitempty"`

	// impersonator is who acts with the token: the name of the operator's own user
	// in OrderCloud, as the token says it (claim imp).
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Impersonator string `json:"impersonator,omitempty"`

	// username is whom the token stands for, as the token says it (claim usr).
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Username string `json:"username,omitempty"`

	// lastHandledReconcileAt echoes the annotation ordercloud.io/reconcile-at
	// that was last acted upon, whole: it can be as long as annotations can.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// ImpersonationToken keeps a token with which somebody acts as one buyer user fresh
// in a Secret. OrderCloud issues it if an impersonation config lets the operator's
// own user act as that user in that application.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=it,categories=ordercloud
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.status.user`
// +kubebuilder:printcolumn:name="Client",type=string,JSONPath=`.spec['clientName','clientID']`
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=`.status.secretName`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Synced")].reason`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.status.expirationTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ImpersonationToken struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says for whom, where and with which roles a token is kept.
	// +required
	Spec ImpersonationTokenSpec `json:"spec"` //nolint:kubeapilinter // the rules of the spec require one field of each pair

	// status is what the operator knows about the token.
	// +optional
	// +default={"observedGeneration":-1}
	Status ImpersonationTokenStatus `json:"status,omitzero"`
}

// ImpersonationTokenList is a list of ImpersonationTokens.
//
// +kubebuilder:object:root=true
type ImpersonationTokenList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ImpersonationToken `json:"items"`
}

// SecretName is the Secret that holds the token: spec.secretName, or metadata.name
// when that is unset.
func (t *ImpersonationToken) SecretName() string {
	if t.Spec.SecretName != "" {
		return t.Spec.SecretName
	}
	return t.Name
}
