// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// stage is one Marketplace with its sandbox, and those who declare through it: its owner,
// tenants b and c, and somebody for whom tenants has no entry. What belongs to whom is
// named after them: bravo, charlie, olympus, and portal for what nobody declares.
type stage struct {
	context.Context

	box         *sandbox.Sandbox
	marketplace *v1alpha1.Marketplace

	owner, b, c, stranger *person
}

// prepare opens a Marketplace "default" in the namespace shop, or in one with a suffix, with
// namespaces for all the others.
func prepare(ctx context.Context, suffix string, edits ...func(*stage)) *stage {
	GinkgoHelper()
	box, err := sandbox.New(sandbox.WithSeed(seed()))
	Expect(err).NotTo(HaveOccurred())
	s := &stage{Context: ctx, box: box}
	s.owner = let(ctx, namespace(ctx, "shop"+suffix, nil), ofOwner)
	s.b = let(ctx, namespace(ctx, "team-b"+suffix, map[string]string{"team": "b"}), ofEveryone)
	s.c = let(ctx, namespace(ctx, "team-c"+suffix, map[string]string{"team": "c"}), ofEveryone)
	s.stranger = let(ctx, namespace(ctx, "stranger"+suffix, nil), ofEveryone)
	clientID, clientSecret := box.Credentials()
	s.marketplace = &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Name: "default"},
		Spec: v1alpha1.MarketplaceSpec{
			URL: serve(box), CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			Interval:          &metav1.Duration{Duration: time.Hour},
			RateLimit:         v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 64},
			DeletionGuard:     v1alpha1.DeletionGuard{Grace: &metav1.Duration{}},
			AllowedNamespaces: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll},
			Tenants:           tenants(),
		},
	}
	for _, edit := range edits {
		edit(s)
	}
	s.owner.declare(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "ordercloud"},
		StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	}, s.marketplace)
	DeferCleanup(s.clear)
	return s
}

// namespace creates a namespace in which the operator may write Secrets of tokens.
func namespace(ctx context.Context, name string, labels map[string]string) string {
	GinkgoHelper()
	Expect(suite.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})).To(Succeed())
	Expect(suite.plane.GrantTokens(ctx, name)).To(Succeed())
	return name
}

// seed is a marketplace with what the tenants' entries name, and what they do not.
func seed() sandbox.Seed {
	seed := sandbox.DefaultSeed()
	maps.Copy(seed.Objects, map[string]map[string]any{
		"buyers/initech":            {"Name": "Initech", "Active": true},
		"usergroups/desk":           {"Name": "Desk"},
		"usergroups/managers":       {"Name": "Managers"},
		"buyers/acme/users/walk-in": userFields("walk-in"),
		"apiclients/" + mobileID:    {"AppName": "Mobile", "Active": true, "AccessTokenDuration": 600, "AllowAnyBuyer": true, "AllowSeller": true},
		"apiclients/" + adminID:     {"AppName": "Admin", "Active": true, "AccessTokenDuration": 600, "AllowAnyBuyer": true, "AllowSeller": true},
	})
	seed.GroupMembers["usergroups/desk"] = []string{"adminusers/operator"}
	seed.Objects["securityprofiles/user-admin"] = map[string]any{"Name": "Administrator of users", "Roles": []string{"BuyerUserAdmin", "BuyerUserReader"}}
	seed.ProfileAssignments["shopper"] = append(seed.ProfileAssignments["shopper"], "buyers/initech")
	return seed
}

const (
	storefrontID = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"
	mobileID     = "5A3D0C5E-1D7B-4C0E-9A43-0000000000D1"
	adminID      = "5A3D0C5E-1D7B-4C0E-9A43-0000000000C1"
)

// tenants is what the tenants may declare. Both may have users of initech.
func tenants() []v1alpha1.Tenant {
	return []v1alpha1.Tenant{{
		Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": "b"}},
		Kinds: []v1alpha1.TenantKind{
			v1alpha1.TenantBuyerUser, v1alpha1.TenantImpersonationConfig, v1alpha1.TenantImpersonationToken,
		},
		Buyers: []v1alpha1.TenantID{"acme", "initech"},
		Impersonators: v1alpha1.TenantImpersonators{
			Buyers: []v1alpha1.TenantID{"acme"}, AdminGroups: []v1alpha1.TenantID{"desk"}, AdminUsers: []v1alpha1.TenantID{"jane"},
		},
		SecurityProfiles: []v1alpha1.TenantID{"shopper"},
		Clients:          []string{"Storefront", mobileID},
		TokenRoles:       []v1alpha1.TenantRole{"Shopper", "MeAdmin"},
	}, {
		Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": "c"}},
		Kinds:      []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser},
		Buyers:     []v1alpha1.TenantID{"globex", "initech"},
	}}
}

func userFields(id string) map[string]any {
	return map[string]any{
		"Username": id + "@mail.example", "FirstName": "Joan", "LastName": "Doe", "Email": id + "@mail.example", "Active": true,
	}
}

// exists makes an object in OrderCloud that nobody declares.
func (s *stage) exists(path string, fields map[string]any) {
	GinkgoHelper()
	owner, id := path[:strings.LastIndex(path, "/")], path[strings.LastIndex(path, "/")+1:]
	body := map[string]any{"ID": id}
	maps.Copy(body, fields)
	Expect(s.box.Mutate(sandbox.Mutation{Method: http.MethodPost, Path: owner, Body: body})).To(Succeed())
}

// reference is how objects of all namespaces refer to the Marketplace.
func (s *stage) reference() v1alpha1.MarketplaceReference {
	return v1alpha1.MarketplaceReference{Namespace: s.owner.namespace}
}

// user declares the user NAME of a buyer.
func (s *stage) user(name, buyerID string, edits ...func(*v1alpha1.BuyerUser)) *v1alpha1.BuyerUser {
	fields := userFields(name)
	user := &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.BuyerUserSpec{
			ManagedSpec: v1alpha1.ManagedSpec{MarketplaceRef: s.reference()}, BuyerID: v1alpha1.ID(buyerID),
			Username: fmt.Sprint(fields["Username"]), Email: fmt.Sprint(fields["Email"]), FirstName: "Joan", LastName: "Doe",
		},
	}
	for _, edit := range edits {
		edit(user)
	}
	return user
}

// grant declares that the admin group desk may act as the users of acme in Storefront.
func (s *stage) grant(name string, edits ...func(*v1alpha1.ImpersonationConfigSpec)) *v1alpha1.ImpersonationConfig {
	config := &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ImpersonationConfigSpec{
			ManagedSpec:          v1alpha1.ManagedSpec{MarketplaceRef: s.reference()},
			ImpersonationGroupID: "desk", BuyerID: "acme", SecurityProfileID: "shopper", ClientName: "Storefront",
		},
	}
	for _, edit := range edits {
		edit(&config.Spec)
	}
	return config
}

// token declares a token for a user of acme, with Shopper in Storefront.
func (s *stage) token(name, userID string, edits ...func(*v1alpha1.ImpersonationTokenSpec)) *v1alpha1.ImpersonationToken {
	token := &v1alpha1.ImpersonationToken{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ImpersonationTokenSpec{
			MarketplaceRef: s.reference(), BuyerID: "acme", UserID: v1alpha1.ID(userID),
			ClientName: "Storefront", Roles: []v1alpha1.Role{"Shopper"},
		},
	}
	for _, edit := range edits {
		edit(&token.Spec)
	}
	return token
}

// refusal is why a namespace may not declare something.
func (s *stage) refusal(by *person, kind, why string) string {
	return fmt.Sprintf("spec.tenants of Marketplace %s/default does not let namespace %q declare this %s: %s. "+
		"Declare what is allowed, or have the owner of the Marketplace extend the entry", s.owner.namespace, by.namespace, kind, why)
}

// refusalToTake is why a namespace may not take over what exists.
func (s *stage) refusalToTake(by *person, path string) string {
	return fmt.Sprintf("spec.tenants of Marketplace %s/default does not let namespace %q take over %s, "+
		"which exists in OrderCloud and is not what this namespace may declare: choose another ID", s.owner.namespace, by.namespace, path)
}

// tenantsAre changes spec.tenants as the owner of the Marketplace.
func (s *stage) tenantsAre(changed []v1alpha1.Tenant) {
	GinkgoHelper()
	change(s, s.owner, s.marketplace, func(declared *v1alpha1.Marketplace) { declared.Spec.Tenants = changed })
}

// label changes the labels of somebody's namespace.
func (s *stage) label(of *person, labels map[string]string) {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: of.namespace}}
	change(s, &person{Client: suite.admin}, namespace, func(namespace *corev1.Namespace) { namespace.Labels = labels })
}

// expectCalls counts the requests so far whose path names something.
func (s *stage) expectCalls(naming string, count int) {
	GinkgoHelper()
	var found []string
	for _, request := range s.box.Requests() {
		if strings.Contains(request.Path, naming) {
			found = append(found, request.Method+" "+request.Path)
		}
	}
	Expect(found).To(HaveLen(count), naming)
}

// writes are the requests so far that have changed something.
func (s *stage) writes() []string {
	var found []string
	for _, request := range s.box.Requests() {
		if request.Method != http.MethodGet && request.Route != "POST /oauth/token" && request.Status < http.StatusBadRequest {
			found = append(found, request.Method+" "+request.Path)
		}
	}
	slices.Sort(found)
	return found
}

func (s *stage) expectExists(path string, exists bool) {
	GinkgoHelper()
	_, found := s.box.Object(path)
	Expect(found).To(Equal(exists), path)
}

// clear removes what a spec left, finalizers included: the operator shall not go on with it.
func (s *stage) clear(ctx SpecContext) {
	for _, whose := range []*person{s.b, s.c, s.stranger, s.owner} {
		for _, list := range []client.ObjectList{
			&v1alpha1.BuyerUserList{}, &v1alpha1.ImpersonationConfigList{}, &v1alpha1.ImpersonationTokenList{}, &v1alpha1.MarketplaceList{},
		} {
			Expect(suite.admin.List(ctx, list, client.InNamespace(whose.namespace))).To(Succeed())
			items, err := meta.ExtractList(list)
			Expect(err).NotTo(HaveOccurred())
			for _, item := range items {
				object, _ := item.(client.Object)
				patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
				Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
				Expect(client.IgnoreNotFound(suite.admin.Patch(ctx, object, patch))).To(Succeed())
			}
		}
	}
}

// conditionOf is "STATUS REASON: MESSAGE" of a condition that is about the generation of its
// object; empty while there is none.
func conditionOf(object client.Object, kind string) string {
	GinkgoHelper()
	var conditions []metav1.Condition
	switch typed := object.(type) {
	case *v1alpha1.BuyerUser:
		conditions = typed.Status.Conditions
	case *v1alpha1.ImpersonationConfig:
		conditions = typed.Status.Conditions
	case *v1alpha1.ImpersonationToken:
		conditions = typed.Status.Conditions
	case *v1alpha1.Marketplace:
		conditions = typed.Status.Conditions
	}
	condition := meta.FindStatusCondition(conditions, kind)
	if condition == nil || condition.ObservedGeneration != object.GetGeneration() {
		return ""
	}
	return string(condition.Status) + " " + condition.Reason + ": " + condition.Message
}

// patch changes an object in OrderCloud past the operator.
func (s *stage) patch(path string, fields map[string]any) {
	GinkgoHelper()
	Expect(s.box.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: path, Body: fields})).To(Succeed())
}

// lookAgain asks the operator to look at an object now, without waiting for that.
func (s *stage) lookAgain(as *person, object client.Object) {
	GinkgoHelper()
	change(s, as, object, func(object client.Object) {
		annotations := object.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.ReconcileAtAnnotation] = time.Now().Format(time.RFC3339Nano)
		object.SetAnnotations(annotations)
	})
}

// lookAgainAtUser asks the operator to look at a user now, and waits until it has.
func (s *stage) lookAgainAtUser(as *person, user *v1alpha1.BuyerUser) {
	GinkgoHelper()
	s.lookAgain(as, user)
	Eventually(func(g Gomega) {
		g.Expect(as.Get(s, nameOf(user), user)).To(Succeed())
		g.Expect(user.Status.LastHandledReconcileAt).To(Equal(user.Annotations[v1alpha1.ReconcileAtAnnotation]))
	}).WithContext(s).Should(Succeed())
}

// lookAgainAtMarketplace asks the operator to look at the Marketplace now, and waits until
// it has.
func (s *stage) lookAgainAtMarketplace() {
	GinkgoHelper()
	s.lookAgain(s.owner, s.marketplace)
	Eventually(func(g Gomega) {
		g.Expect(s.owner.Get(s, nameOf(s.marketplace), s.marketplace)).To(Succeed())
		g.Expect(s.marketplace.Status.LastHandledReconcileAt).To(Equal(s.marketplace.Annotations[v1alpha1.ReconcileAtAnnotation]))
	}).WithContext(s).Should(Succeed())
}

// maySend lets the operator send so many requests a second.
func (s *stage) maySend(requestsPerSecond int32) {
	GinkgoHelper()
	change(s, s.owner, s.marketplace, func(declared *v1alpha1.Marketplace) {
		declared.Spec.RateLimit.RequestsPerSecond = requestsPerSecond
	})
}

// expectHoldsToken looks, as tenant b, into the Secret of a token.
func (s *stage) expectHoldsToken(token *v1alpha1.ImpersonationToken, holds bool) {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(s.b.Get(s, nameOf(token), secret)).To(Succeed())
	for _, key := range []string{"token", "expiration"} {
		_, found := secret.Data[key]
		Expect(found).To(Equal(holds), key)
	}
}

func nameOf(object client.Object) client.ObjectKey { return client.ObjectKeyFromObject(object) }
