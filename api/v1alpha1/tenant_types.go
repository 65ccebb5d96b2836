// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TenantKind is a kind that a tenant of a Marketplace may declare.
// +kubebuilder:validation:Enum=BuyerUser;ImpersonationConfig;ImpersonationToken
type TenantKind string

const (
	// TenantBuyerUser stands for BuyerUsers.
	TenantBuyerUser TenantKind = "BuyerUser"
	// TenantImpersonationConfig stands for ImpersonationConfigs.
	TenantImpersonationConfig TenantKind = "ImpersonationConfig"
	// TenantImpersonationToken stands for ImpersonationTokens.
	TenantImpersonationToken TenantKind = "ImpersonationToken"
)

// Everyone stands, in a list of a tenant, for every ID or name.
const Everyone = "*"

// TenantID is an ID that a tenant may declare: 1 to 100 letters, digits, underscores and
// hyphens, compared exactly. "*" is every one.
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:Pattern=`^([*]|[A-Za-z0-9_-]{1,100})$`
type TenantID string

// TenantRole is a role that a tenant may ask for a token with. "*" is every one.
// +kubebuilder:validation:MaxLength=100
// +kubebuilder:validation:Pattern=`^[^\s]+$`
type TenantRole string

// NamespaceSelector selects namespaces by their labels, as a label selector does
// everywhere in Kubernetes: all of its conditions have to hold.
type NamespaceSelector struct {
	// matchLabels are labels that the namespace must have, with these values.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	MatchLabels map[string]string `json:"matchLabels,omitempty"`

	// matchExpressions are conditions on the labels of the namespace.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	MatchExpressions []NamespaceRequirement `json:"matchExpressions,omitempty"`
}

// NamespaceRequirement is one condition on the labels of a namespace.
// +kubebuilder:validation:XValidation:rule="self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",message="operator must be In or NotIn with values, or Exists or DoesNotExist without values",fieldPath=".values"
type NamespaceRequirement struct {
	// key of the label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=316
	Key string `json:"key"`

	// operator says how the label relates to values: In, NotIn, Exists or DoesNotExist.
	// +required
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
	Operator metav1.LabelSelectorOperator `json:"operator"`

	// values of the label, with In and NotIn.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=63
	Values []string `json:"values,omitempty"`
}

// LabelSelector returns the same as Kubernetes' own type.
func (s *NamespaceSelector) LabelSelector() *metav1.LabelSelector {
	selector := &metav1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, required := range s.MatchExpressions {
		selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement(required))
	}
	return selector
}

// TenantImpersonators says to whom the impersonation configs of a tenant may grant. What
// is left out may not be granted to.
type TenantImpersonators struct {
	// buyers whose users may impersonate: all of them, a group of them or one of them.
	// "*" is every buyer.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	Buyers []TenantID `json:"buyers,omitempty"`

	// adminGroups are the admin user groups whose members may impersonate. "*" is every
	// group.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	AdminGroups []TenantID `json:"adminGroups,omitempty"`

	// adminUsers are the admin users who may impersonate. "*" is every single one of
	// them, and not a config that names nobody: that takes anyAdmin.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	AdminUsers []TenantID `json:"adminUsers,omitempty"`

	// anyAdmin allows configs that name no impersonator: every admin user with the role
	// BuyerImpersonation may impersonate then. Default false.
	// +optional
	// +default=false
	AnyAdmin *bool `json:"anyAdmin,omitempty"`
}

// Tenant says what the objects of some namespaces may declare through a Marketplace. One
// entry has to allow all of a declaration: two entries that match the same namespace are
// not added up. What is left out is not allowed, except clients.
type Tenant struct {
	// namespaces selects the namespaces by their labels. An empty selector, {}, matches
	// every namespace that allowedNamespaces lets in.
	// +required
	Namespaces NamespaceSelector `json:"namespaces"` //nolint:kubeapilinter // an empty one is a selector of every namespace

	// kinds that may be declared. Default none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Kinds []TenantKind `json:"kinds,omitempty"`

	// buyers of the users that may be declared, impersonated and acted as. "*" is every
	// buyer. Default none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	Buyers []TenantID `json:"buyers,omitempty"`

	// impersonators to whom impersonation configs may grant. Default nobody.
	// +optional
	Impersonators TenantImpersonators `json:"impersonators,omitzero"`

	// securityProfiles that impersonation configs may grant. "*" is every one. Default
	// none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	SecurityProfiles []TenantID `json:"securityProfiles,omitempty"`

	// clients are the applications of impersonation configs and tokens, by the AppName or
	// the ID of their API client. Unset means all, an empty list none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Clients []string `json:"clients,omitzero"`

	// tokenRoles are the roles, custom ones too, that tokens may be asked for with. "*" is
	// every role. Default none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	TokenRoles []TenantRole `json:"tokenRoles,omitempty"`

	// anyBuyer allows impersonation configs that name no buyer: users of any buyer that
	// can reach the application are impersonated then. Default false.
	// +optional
	// +default=false
	AnyBuyer *bool `json:"anyBuyer,omitempty"`

	// maxDeletions is this entry's own share of the deletion guard: so many deletions of
	// its namespaces are let through in deletionGuard.window, and nobody else's count. 0
	// holds none. Unset means deletionGuard.maxDeletions. A namespace that several
	// entries match counts for the first of them.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	MaxDeletions *int32 `json:"maxDeletions,omitempty"`
}
