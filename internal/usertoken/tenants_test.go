// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken_test

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// owner is the namespace of the Marketplace; the token's is the one of team b.
const owner = "owner"

// share makes the Marketplace one with tenants, of which team b may have tokens.
func (w *world) share(change func(*v1alpha1.Tenant)) {
	w.t.Helper()
	entry := v1alpha1.Tenant{
		Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": "b"}},
		Kinds:      []v1alpha1.TenantKind{v1alpha1.TenantImpersonationConfig, v1alpha1.TenantImpersonationToken},
		Buyers:     []v1alpha1.TenantID{"acme"}, SecurityProfiles: []v1alpha1.TenantID{"cs-rep"},
		TokenRoles:    []v1alpha1.TenantRole{"Shopper", "MeAdmin"},
		Impersonators: v1alpha1.TenantImpersonators{AdminUsers: []v1alpha1.TenantID{"operator"}, AdminGroups: []v1alpha1.TenantID{"*"}},
	}
	change(&entry)
	other := v1alpha1.Tenant{
		Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": "c"}},
		Kinds:      []v1alpha1.TenantKind{v1alpha1.TenantImpersonationConfig}, Buyers: []v1alpha1.TenantID{"*"},
		SecurityProfiles: []v1alpha1.TenantID{"*"}, Impersonators: entry.Impersonators,
	}
	w.shared = &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: owner, Name: "default"}}
	w.shared.Spec.Tenants = []v1alpha1.Tenant{entry, other}
	w.connection.Marketplace = claim.Marketplace{SellerID: "acme-shop", URL: w.url}
	w.connection.UserID = "operator"
	w.connection.Tenancy = w.tenancyOf(namespace)
}

func (w *world) tenancyOf(of string) tenant.Tenancy {
	return tenant.Of(w.shared, of, labels.Set{"team": map[string]string{namespace: "b", "another": "c"}[of]})
}

func asIs(*v1alpha1.Tenant) {}

// declareGrant declares, in a namespace, the grant that OrderCloud holds for the operator's user.
func (w *world) declareGrant(of string, change func(*v1alpha1.ImpersonationConfig)) *v1alpha1.ImpersonationConfig {
	w.t.Helper()
	config := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: of, Name: "tokens-acme", UID: "grant", Generation: 1}}
	config.Spec = v1alpha1.ImpersonationConfigSpec{
		ImpersonationUserID: "operator", BuyerID: "acme", SecurityProfileID: "cs-rep", ClientName: "Storefront",
	}
	config.Spec.MarketplaceRef.Namespace = namespace
	config.Status.Resolved = &v1alpha1.ResolvedReferences{ObservedGeneration: 1, ClientID: strings.ToLower(storefrontID), BuyerID: "acme"}
	config.Status.Claim = &v1alpha1.Claim{
		State: v1alpha1.ClaimHeld, UID: "grant", Path: "impersonationconfig/tokens-acme", Since: metav1.Now(),
		Marketplace: v1alpha1.MarketplaceIdentity(w.connection.Marketplace),
	}
	config.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.DriftedCondition, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInSync, ObservedGeneration: 1, LastTransitionTime: metav1.Now(),
	}}
	change(config)
	if err := w.kube.Create(w.t.Context(), config); err != nil {
		w.t.Fatal(err)
	}
	return config
}

func asDeclared(*v1alpha1.ImpersonationConfig) {}

func TestATenantGetsATokenUnderAGrantOfItsOwnOrTheOwners(t *testing.T) {
	for name, test := range map[string]struct {
		of     string
		change func(*v1alpha1.ImpersonationConfig)
		served bool
	}{
		"its own":           {namespace, asDeclared, true},
		"the owner's":       {owner, asDeclared, true},
		"another tenant's":  {"another", asDeclared, false},
		"of another buyer":  {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.BuyerID = "globex" }, false},
		"of any buyer":      {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.BuyerID = "" }, true},
		"of another user":   {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.UserID = "jdoe" }, false},
		"of the very user":  {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.UserID = "walk-in" }, true},
		"of a group of his": {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.GroupID = "purchasers" }, true},
		"to another admin":  {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.ImpersonationUserID = "jane" }, false},
		"to every admin":    {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.ImpersonationUserID = "" }, true},
		"to users of acme": {owner, func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.ImpersonationBuyerID, config.Spec.ImpersonationUserID = "acme", ""
		}, false},
		"of another client":  {owner, func(config *v1alpha1.ImpersonationConfig) { config.Status.Resolved.ClientID = "another" }, false},
		"not in OrderCloud":  {owner, func(config *v1alpha1.ImpersonationConfig) { config.Status.Claim = nil }, false},
		"being deleted":      {owner, func(config *v1alpha1.ImpersonationConfig) { config.Finalizers = []string{v1alpha1.ClaimFinalizer} }, false},
		"not its to declare": {namespace, func(config *v1alpha1.ImpersonationConfig) { config.Spec.SecurityProfileID = "admin" }, false},
		"of a foreign group": {owner, func(config *v1alpha1.ImpersonationConfig) { config.Spec.GroupID = "managers" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.mutate(http.MethodPost, "buyers/acme/usergroups/assignments", map[string]any{"UserGroupID": "purchasers", "UserID": "walk-in"})
			w.share(asIs)
			if grant := w.declareGrant(test.of, test.change); len(grant.Finalizers) > 0 {
				w.removeGrant() // which waits for the finalizer
			}
			w.pass()
			if test.served {
				w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
				return
			}
			message := w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
			if w.issued() != 0 || !strings.Contains(message, "only under a grant of its own or of the Marketplace's owner") {
				t.Errorf("%d tokens were asked for: %s", w.issued(), message)
			}
		})
	}
}

func TestATokenThatATenantMayNotHaveIsNotAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.Tenant)
		why    string
	}{
		"of the buyer":   {func(entry *v1alpha1.Tenant) { entry.Buyers = []v1alpha1.TenantID{"globex"} }, "buyers of its entry 0 does not list acme"},
		"with the role":  {func(entry *v1alpha1.Tenant) { entry.TokenRoles = []v1alpha1.TenantRole{"Shopper"} }, "tokenRoles of its entry 0 does not list MeAdmin"},
		"in the client":  {func(entry *v1alpha1.Tenant) { entry.Clients = []string{"Admin"} }, "clients of its entry 0 does not list Storefront"},
		"of the kind":    {func(entry *v1alpha1.Tenant) { entry.Kinds = nil }, "kinds of its entry 0 does not list ImpersonationToken"},
		"of the tenancy": {func(entry *v1alpha1.Tenant) { entry.Namespaces.MatchLabels["team"] = "d" }, "none of its entries is for this namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.share(test.change)
			w.declareGrant(owner, asDeclared)
			w.pass()
			message := w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
			w.expectCondition(v1alpha1.StalledCondition, "True NotPermitted")
			if w.issued() != 0 || !strings.Contains(message, test.why) {
				t.Errorf("%d tokens were asked for: %s", w.issued(), message)
			}
		})
	}
}

func TestATokenGoesWithThePermissionAndComesBack(t *testing.T) {
	withdraw := func(w *world) { w.share(func(entry *v1alpha1.Tenant) { entry.Buyers = nil }) }
	for name, test := range map[string]struct {
		withdraw func(*world)
		suspend  bool
	}{
		"withdrawn":                   {withdraw, false},
		"withdrawn while suspended":   {withdraw, true},
		"the grant is gone":           {func(w *world) { w.removeGrant() }, false},
		"a role, during an outage":    {func(w *world) { w.share(func(entry *v1alpha1.Tenant) { entry.TokenRoles = entry.TokenRoles[:1] }) }, false},
		"the grant, while it is idle": {func(w *world) { w.removeGrant() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.share(asIs)
			w.declareGrant(owner, asDeclared)
			w.pass()
			if w.token() == "" {
				t.Fatal("there is no token")
			}
			if test.suspend {
				w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.Suspend = true })
				w.pass()
			}
			test.withdraw(w)
			w.pass()
			if w.token() != "" {
				t.Error("the Secret still holds the token")
			}
			w.expectCondition(v1alpha1.ReadyCondition, "False NotPermitted")
			if !test.suspend && w.issued() != 1 {
				t.Errorf("%d tokens were asked for", w.issued())
			}

			w.share(asIs)
			w.removeGrant()
			w.declareGrant(owner, asDeclared)
			w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.Suspend = false })
			w.pass()
			w.expectCondition(v1alpha1.ReadyCondition, "True Issued")
		})
	}
}

func TestATokenWithARoleThatWasWithdrawnGoesThoughAnotherIsDeclared(t *testing.T) {
	w := begin(t)
	w.share(asIs)
	w.declareGrant(owner, asDeclared)
	w.pass()
	w.share(func(entry *v1alpha1.Tenant) { entry.TokenRoles = entry.TokenRoles[:1] })
	w.declare(func(token *v1alpha1.ImpersonationToken) { token.Spec.Roles = []v1alpha1.Role{"Shopper"} })
	w.answer = func(_ *http.Request, _ int, body string) (int, string) { return http.StatusServiceUnavailable, body }
	w.pass()
	if w.token() != "" {
		t.Error("the Secret still holds the token with the role")
	}
}

func (w *world) removeGrant() {
	w.t.Helper()
	config := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: owner, Name: "tokens-acme"}}
	if err := client.IgnoreNotFound(w.kube.Delete(w.t.Context(), config)); err != nil {
		w.t.Fatal(err)
	}
}

func TestAGrantThatCannotBeJudgedIsNotInTheWayOfAnother(t *testing.T) {
	for name, another := range map[string]bool{"alone": false, "beside another": true} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.share(asIs)
			w.answer = func(request *http.Request, status int, body string) (int, string) {
				if strings.Contains(request.URL.Path, "/assignments") {
					return http.StatusForbidden, `{"Errors":[{"ErrorCode":"InsufficientRoles","Message":"no","Data":null}]}`
				}
				return status, body
			}
			w.declareGrant(owner, func(config *v1alpha1.ImpersonationConfig) {
				config.Name, config.UID, config.Spec.GroupID = "a-group", "group", "purchasers"
				config.Status.Claim.UID, config.Status.Claim.Path = "group", "impersonationconfig/a-group"
			})
			if another {
				w.declareGrant(owner, asDeclared)
			}
			w.pass()
			want := "False AccessDenied"
			if another {
				want = "True Issued"
			}
			w.expectCondition(v1alpha1.ReadyCondition, want)
		})
	}
}
