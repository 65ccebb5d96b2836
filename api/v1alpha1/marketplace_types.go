// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Environment is the kind of environment that a marketplace lives in.
// +kubebuilder:validation:Enum=Production;Staging;Sandbox
type Environment string

const (
	// EnvironmentProduction is where real orders are placed.
	EnvironmentProduction Environment = "Production"
	// EnvironmentStaging is overwritten from production every Sunday at 03:00
	// UTC, by OrderCloud.
	EnvironmentStaging Environment = "Staging"
	// EnvironmentSandbox is where marketplaces are developed.
	EnvironmentSandbox Environment = "Sandbox"
)

// Region is where OrderCloud runs the marketplace.
// +kubebuilder:validation:Enum=USWest;USEast;AustraliaEast;WestEurope;JapanEast
type Region string

const (
	// RegionUSWest is OrderCloud's first region and the default.
	RegionUSWest Region = "USWest"
	// RegionUSEast is the region US East.
	RegionUSEast Region = "USEast"
	// RegionAustraliaEast is the region Australia East.
	RegionAustraliaEast Region = "AustraliaEast"
	// RegionWestEurope is the region West Europe.
	RegionWestEurope Region = "WestEurope"
	// RegionJapanEast is the region Japan East.
	RegionJapanEast Region = "JapanEast"
)

// LocalSecretReference names a Secret in the object's own namespace.
type LocalSecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="not a name that a Secret can have: use lower-case letters, digits, - and . and begin and end with a letter or digit"
	Name string `json:"name"`
}

// RateLimit bounds what the operator asks of one marketplace, whatever for: looks,
// writes, repeated attempts and tokens.
type RateLimit struct {
	// requestsPerSecond that are sent at most, on average: 1 to 1000. One second's
	// worth may be sent at once. After OrderCloud has answered 429, fewer are sent
	// for a while. Default 10.
	// +optional
	// +default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`

	// concurrency is how many requests are under way at most at the same time,
	// besides one for a token: 1 to 256. A quarter is kept for objects that somebody
	// has changed. Default 8.
	// +optional
	// +default=8
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Concurrency int32 `json:"concurrency,omitempty"`
}

// DeletionGuard says how many deletions in OrderCloud are too many to be meant.
// Objects that are retained do not count, nor do those of a namespace that is
// itself deleted.
type DeletionGuard struct {
	// maxDeletions in the window; all further ones are held until a person
	// confirms them or raises the number. 0 holds none. Default 20.
	// +optional
	// +default=20
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	MaxDeletions *int32 `json:"maxDeletions,omitempty"`

	// window in which deletions are counted, as a duration such as 10m or 1h, at
	// least 1s. It slides: in no span of this length more are let through. Default 10m.
	// +optional
	// +default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) >= duration('1s')",message="window must be a duration such as 10m or 1h30m, and at least 1s"
	Window *metav1.Duration `json:"window,omitempty"`

	// grace is how long a deletion in OrderCloud of what holds data, that is of users
	// and not of grants and tokens, waits for another resource that declares the same
	// object, as a duration such as 15s or 1m: a declaration that moves or is renamed
	// may be pruned before it is applied in its new place. 0s waits for none. Default
	// 15s.
	// +optional
	// +default="15s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) >= duration('0s')",message="grace must be a duration such as 15s or 1m30s; 0s waits for no other resource"
	Grace *metav1.Duration `json:"grace,omitempty"`

	// confirmableBy says whose confirmation releases deletions that are held: with
	// Anyone, the annotation ordercloud.io/confirm-delete on an object releases that
	// object, in whichever namespace it is; with Owner, only that of an object in the
	// Marketplace's own namespace does, and those of other namespaces are released by a
	// larger maxDeletions. Default Anyone.
	// +optional
	// +default="Anyone"
	ConfirmableBy Confirmers `json:"confirmableBy,omitempty"`
}

// Confirmers says whose confirmation releases deletions that are held.
// +kubebuilder:validation:Enum=Anyone;Owner
type Confirmers string

const (
	// ConfirmableByAnyone lets whoever may annotate an object confirm its deletion.
	ConfirmableByAnyone Confirmers = "Anyone"
	// ConfirmableByOwner lets only those confirm deletions of other namespaces who may
	// change the Marketplace.
	ConfirmableByOwner Confirmers = "Owner"
)

// NamespacesFrom says which namespaces may refer to a Marketplace.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

const (
	// NamespacesSame lets only the Marketplace's own namespace refer to it.
	NamespacesSame NamespacesFrom = "Same"
	// NamespacesAll lets every namespace refer to it.
	NamespacesAll NamespacesFrom = "All"
	// NamespacesSelector lets the namespaces refer to it whose labels match.
	NamespacesSelector NamespacesFrom = "Selector"
)

// GrantsPolicy says what becomes of impersonation configs that no object declares.
// +kubebuilder:validation:Enum=Report;Ignore
type GrantsPolicy string

const (
	// GrantsReport lists all impersonation configs of the marketplace at the interval
	// and tells which of them no object declares. They are never changed.
	GrantsReport GrantsPolicy = "Report"
	// GrantsIgnore does not look for them.
	GrantsIgnore GrantsPolicy = "Ignore"
)

// AllowedNamespaces says who may refer to a Marketplace from elsewhere. The
// Marketplace's own namespace always may.
// +kubebuilder:validation:XValidation:rule="self.from != 'Selector' || has(self.selector)",message="from: Selector needs selector: say which labels a namespace must have",fieldPath=".selector",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.from == 'Selector' || !has(self.selector) || !has(self.selector.matchLabels) && !has(self.selector.matchExpressions)",message="selector goes with from: Selector: set from to Selector, or leave out selector",fieldPath=".selector",reason=FieldValueForbidden
type AllowedNamespaces struct {
	// from says which namespaces may refer to the Marketplace: only its own
	// (Same), All, or also those that match the selector (Selector). Default
	// Same.
	// +optional
	// +default="Same"
	From NamespacesFrom `json:"from,omitempty"`

	// selector of namespaces by their labels; required with from: Selector and
	// forbidden otherwise, unless it is empty. An empty selector, {}, matches every
	// namespace.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && size(e.values) > 0 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || size(e.values) == 0))",message="operator must be In or NotIn with values, or Exists or DoesNotExist without values",fieldPath=".matchExpressions"
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// MarketplaceSpec says how to reach one OrderCloud marketplace.
// +kubebuilder:validation:XValidation:rule="has(self.environment) || has(self.url)",message="exactly one of environment and url must be set: they say where OrderCloud's API is",fieldPath=".environment",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="!has(self.environment) || !has(self.url)",message="exactly one of environment and url must be set: leave out url, or environment and region",fieldPath=".url",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="!has(self.region) || has(self.environment) || !has(self.url)",message="region goes with environment: leave out region, or set environment instead of url",fieldPath=".region",reason=FieldValueForbidden
type MarketplaceSpec struct {
	// environment of the marketplace; together with region it gives the base
	// URL of OrderCloud's API. Exactly one of environment and url must be set.
	// +optional
	Environment Environment `json:"environment,omitempty"`

	// region in which OrderCloud runs the marketplace, with environment. Unset
	// means USWest.
	// +optional
	Region Region `json:"region,omitempty"`

	// url is the base URL of OrderCloud's API, without a path, instead of
	// environment and region. It must be https; plain http is accepted for
	// loopback hosts only. The operator's --allowed-endpoints has to list it.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[[][0-9A-Fa-f:.]+[]])(:[0-9]{1,5})?/?$') || self.matches('^http://(localhost|127([.][0-9]{1,3}){3}|[[]::1[]])(:[0-9]{1,5})?/?$')",message="url must be https://host[:port] without a path; http is accepted for localhost, 127.0.0.0/8 and [::1] only"
	URL string `json:"url,omitempty"`

	// credentialsSecretRef names the Secret, in this namespace, whose keys
	// clientID and clientSecret are those of an OrderCloud API client that may
	// use the client-credentials grant.
	// +required
	CredentialsSecretRef LocalSecretReference `json:"credentialsSecretRef"`

	// sellerID is the marketplace's own ID in OrderCloud, exactly as GET /v1/me
	// shows it in Seller.ID. Credentials of any other seller are refused with the
	// reason SellerChanged: nothing is read or written with them. Unset means the
	// seller that was seen first (status.sellerID); to move to another one on
	// purpose, name it here.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]*$')",message="an ID of a seller has only printable ASCII characters and no spaces"
	SellerID string `json:"sellerID,omitempty"`

	// interval at which every object of the marketplace is compared with
	// OrderCloud at the latest, as a duration such as 30s, 10m or 1h, at least
	// 1s. Objects that have the same interval are compared together, up to 100 of
	// them with one request. Default 10m. An object can have an interval of its own.
	// +optional
	// +default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) >= duration('1s')",message="interval must be a duration such as 30s, 10m or 1h30m, and at least 1s"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// rateLimit bounds what the operator asks of this marketplace, for all its
	// objects together. A change takes effect at once. Default: 10 requests per
	// second, 8 at the same time.
	// +optional
	// +default={"requestsPerSecond":10,"concurrency":8}
	RateLimit RateLimit `json:"rateLimit,omitzero"`

	// deletionGuard holds deletions when there are suspiciously many: a wrong
	// branch or a bad prune must not empty a marketplace. Default: more than 20 in
	// 10 minutes are held, and the deletion of a user waits 15 seconds for another
	// resource that declares it.
	// +optional
	// +default={"maxDeletions":20,"window":"10m","grace":"15s","confirmableBy":"Anyone"}
	DeletionGuard DeletionGuard `json:"deletionGuard,omitzero"`

	// allowedNamespaces says which objects of other namespaces may refer to
	// this Marketplace. Default: none, from: Same.
	// +optional
	// +default={"from":"Same"}
	AllowedNamespaces AllowedNamespaces `json:"allowedNamespaces,omitzero"`

	// tenants say what the objects of other namespaces may declare through this
	// Marketplace: which users, grants and tokens. Unset means anything; a list, be it
	// empty, means that what none of its entries allows is refused with the reason
	// NotPermitted. Objects of the Marketplace's own namespace are not bound by it. It
	// lets nobody in: allowedNamespaces does.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Tenants []Tenant `json:"tenants,omitzero"`

	// unmanagedImpersonationConfigs says what becomes of grants that exist in
	// OrderCloud and that no ImpersonationConfig declares: Report lists all impersonation
	// configs at the interval, one request for 100 of them, and tells in status, by the
	// condition GrantsDeclared and by events which are not declared; Ignore does not
	// look for them. They are never changed. Default Report.
	// +optional
	// +default="Report"
	UnmanagedImpersonationConfigs GrantsPolicy `json:"unmanagedImpersonationConfigs,omitempty"`
}

// UnmanagedImpersonationConfigs are the grants that exist in OrderCloud and that no
// object declares.
type UnmanagedImpersonationConfigs struct {
	// count of them.
	// +optional
	Count int32 `json:"count"`

	// ids of the first 50 of them, in the order of their IDs.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=256
	IDs []string `json:"ids,omitempty"`
}

// WideGrants counts the impersonation configs of the marketplace, declared or not,
// that grant more than one buyer or to more than chosen impersonators.
type WideGrants struct {
	// anyBuyer is how many have no BuyerID: users of any buyer that can reach the
	// application are impersonated.
	// +optional
	AnyBuyer int32 `json:"anyBuyer"`

	// anyAdmin is how many name no impersonator: any admin user with the role
	// BuyerImpersonation impersonates.
	// +optional
	AnyAdmin int32 `json:"anyAdmin"`
}

// ObjectCounts counts the objects of one kind that refer to a Marketplace and may.
type ObjectCounts struct {
	// kind of the objects, such as BuyerUser.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`

	// total number of objects.
	// +optional
	Total int32 `json:"total"`

	// ready is how many of them are Ready.
	// +optional
	Ready int32 `json:"ready"`

	// drifted is how many of them differ in OrderCloud right now.
	// +optional
	Drifted int32 `json:"drifted"`

	// failed is how many of them could not be compared or written at the latest
	// attempt.
	// +optional
	Failed int32 `json:"failed"`

	// held is how many deletions of them wait for a person's confirmation.
	// +optional
	Held int32 `json:"held"`
}

const (
	// MaxDeletionsUnderWay is how many deletions of one Marketplace are under way at
	// most: let through by the deletion guard, and not yet carried out.
	MaxDeletionsUnderWay = 1000
	// MaxRecentDeletions is into how many spans of time the deletions are summed up
	// that the deletion guard has let through lately.
	MaxRecentDeletions = 64
)

// RecentDeletions are the deletions that were let through in one span of time.
type RecentDeletions struct {
	// until is when the span ends. Its deletions count until the window has passed
	// since then.
	// +required
	Until metav1.Time `json:"until"`

	// admitted is how many were let through in it.
	// +optional
	Admitted int32 `json:"admitted"`
}

// DeletionAccount is what the deletion guard knows of the deletions that share one number
// of them.
type DeletionAccount struct {
	// recent are the deletions that were let through lately, the oldest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Recent []RecentDeletions `json:"recent,omitempty"`

	// underWay has the UIDs of the objects whose deletion was let through and that are
	// not gone yet. They are neither counted again nor held.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=64
	UnderWay []string `json:"underWay,omitempty"`

	// heldAbove is set while deletions are held: there were more than that, and a
	// larger maxDeletions releases them.
	// +optional
	HeldAbove *int32 `json:"heldAbove,omitempty"`

	// heldUntil is the latest deletionTimestamp of those that are held, as far as they
	// were seen: what was deleted until then is held, until a person confirms it.
	// +optional
	HeldUntil metav1.Time `json:"heldUntil,omitzero"`
}

// TenantDeletions is what the deletion guard knows of the deletions of one tenant.
type TenantDeletions struct {
	// namespaces is the label selector of the tenant's entry in spec.tenants, as
	// kubectl writes one. Entries with the same selector share an account.
	// +required
	// +kubebuilder:validation:MaxLength=98304
	Namespaces string `json:"namespaces"`

	DeletionAccount `json:",inline"`
}

// Deletions is what the deletion guard knows. It knows nothing else, so that a
// restart of the operator does not open it.
type Deletions struct {
	DeletionAccount `json:",inline"`

	// tenants has what is known of the deletions of each tenant, of which none counts
	// above.
	// +optional
	// +listType=map
	// +listMapKey=namespaces
	// +kubebuilder:validation:MaxItems=100
	Tenants []TenantDeletions `json:"tenants,omitempty"`

	// selectors are the label selectors of spec.tenants, in their order, by which
	// deletions were held, and behind them those of former entries that still hold some.
	// A changed spec.tenants releases none of them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=98304
	Selectors []string `json:"selectors,omitempty"`

	// windowStart and admitted were written by earlier versions of the operator, and
	// are read once: when the first deletion of their window was let through.
	// +optional
	WindowStart metav1.Time `json:"windowStart,omitzero"`

	// admitted is how many were let through since windowStart.
	// +optional
	Admitted int32 `json:"admitted,omitempty"`
}

// MarketplaceUser is the user that the operator is in OrderCloud.
type MarketplaceUser struct {
	// id of the admin user.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	ID string `json:"id,omitempty"`

	// username of the admin user: the API client's default context user.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Username string `json:"username,omitempty"`
}

// MarketplaceStatus is what the operator last saw of the marketplace.
type MarketplaceStatus struct {
	// observedGeneration is the metadata.generation that this status is about;
	// -1 until the operator has seen the object for the first time.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the Marketplace: Ready, Synced, GrantsDeclared, and Reconciling or
	// Stalled while it is not Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// unavailableSince is since when OrderCloud cannot be asked: it is out of reach, fails,
	// or has asked to slow down. Unset while it answers, and be it with a refusal.
	// +optional
	UnavailableSince *metav1.Time `json:"unavailableSince,omitempty"`

	// url is the resolved base URL of OrderCloud's API.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	URL string `json:"url,omitempty"`

	// sellerID is the marketplace's own ID in OrderCloud, as GET /v1/me showed it for
	// credentials that OrderCloud accepted. The Marketplace stays with this seller
	// until spec.sellerID names another one.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	SellerID string `json:"sellerID,omitempty"`

	// user is who the operator is in OrderCloud, as GET /v1/me showed it.
	// +optional
	User *MarketplaceUser `json:"user,omitempty"`

	// roles that the operator's token really holds.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=1000
	// +kubebuilder:validation:items:MaxLength=256
	Roles []string `json:"roles,omitempty"`

	// missingRoles are those that the declared objects need and the token lacks. The
	// condition Synced says what each of them is needed for.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=256
	MissingRoles []string `json:"missingRoles,omitempty"`

	// objects counts the objects that refer to this Marketplace, by their kind. Those
	// of a namespace that it does not let in are left out.
	// +optional
	// +listType=map
	// +listMapKey=kind
	// +kubebuilder:validation:MaxItems=32
	Objects []ObjectCounts `json:"objects,omitempty"`

	// unmanagedImpersonationConfigs are the grants that exist in OrderCloud and that no
	// object declares, as of the latest look at all of them. Unset until there was one.
	// +optional
	UnmanagedImpersonationConfigs *UnmanagedImpersonationConfigs `json:"unmanagedImpersonationConfigs,omitempty"`

	// wideGrants counts the grants, declared or not, over any buyer and to any admin
	// user. Unset until all were looked at.
	// +optional
	WideGrants *WideGrants `json:"wideGrants,omitempty"`

	// deletionsHeld is how many deletions wait for a person's confirmation.
	// +optional
	DeletionsHeld int32 `json:"deletionsHeld,omitempty"`

	// deletions is what the deletion guard has let through and holds.
	// +optional
	Deletions *Deletions `json:"deletions,omitempty"`

	// lastHandledReconcileAt echoes the annotation ordercloud.io/reconcile-at
	// that was last acted upon, whole: it can be as long as annotations can.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// Marketplace is one OrderCloud marketplace and how to reach it. BuyerUsers and
// ImpersonationConfigs refer to it; its status shows whether the credentials
// work and which roles they lack.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=mkt,categories=ordercloud
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Synced")].reason`
// +kubebuilder:printcolumn:name="Users",type=integer,JSONPath=`.status.objects[?(@.kind=="BuyerUser")].total`
// +kubebuilder:printcolumn:name="Configs",type=integer,JSONPath=`.status.objects[?(@.kind=="ImpersonationConfig")].total`
// +kubebuilder:printcolumn:name="Unmanaged",type=integer,JSONPath=`.status.unmanagedImpersonationConfigs.count`
// +kubebuilder:printcolumn:name="Held",type=integer,JSONPath=`.status.deletionsHeld`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:selectablefield:JSONPath=`.spec.environment`
type Marketplace struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says where the marketplace is, with which credentials and how often
	// to ask it, and who may refer to it.
	// +required
	Spec MarketplaceSpec `json:"spec"`

	// status is what the operator last saw.
	// +optional
	// +default={"observedGeneration":-1}
	Status MarketplaceStatus `json:"status,omitzero"`
}

// MarketplaceList is a list of Marketplaces.
//
// +kubebuilder:object:root=true
type MarketplaceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Marketplace `json:"items"`
}
