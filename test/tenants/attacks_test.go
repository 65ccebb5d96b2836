// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tenants_test

import (
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// issue is the request by which OrderCloud is asked for a token of bravo-user.
const issue = "acme/users/bravo-user/accesstoken"

// secretOf is the Secret of a token, as whoever declared the token reads it.
func secretOf(s *stage, of *person, token *v1alpha1.ImpersonationToken) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := of.Get(s, client.ObjectKeyFromObject(token), secret)
	return secret, err
}

var _ = Describe("Who wants a token for another tenant's user, under that tenant's grant", func() {
	It("gets it only under a grant of its own or of the owner", func(ctx SpecContext) {
		s := prepare(ctx, "-token", func(s *stage) {
			tenants := tenants()
			tenants[1] = *tenants[0].DeepCopy()
			tenants[1].Namespaces.MatchLabels["team"] = "c"
			s.marketplace.Spec.Tenants = tenants
		})
		user, grant := s.user("bravo-user", "acme"), s.grant("bravo-grant")
		own := s.token("bravo-token", "bravo-user")
		s.b.declare(s, user, grant, own)
		s.b.eventually(s, own, v1alpha1.ReadyCondition, "True")
		s.expectCalls(issue, 1)

		By("asking for it with no grant of its own")
		stolen := s.token("charlie-token", "bravo-user")
		s.c.declare(s, stolen)
		s.c.eventually(s, stolen, v1alpha1.SyncedCondition, fmt.Sprintf("False NotPermitted: spec.tenants of Marketplace %s/default gives namespace %q tokens "+
			"only under a grant of its own or of the Marketplace's owner, and no ImpersonationConfig of these that is in OrderCloud lets the operator's user act as buyers/acme/users/bravo-user in ",
			s.owner.namespace, s.c.namespace))
		Expect(conditionOf(stolen, v1alpha1.ReadyCondition)).To(HavePrefix("False NotPermitted"))
		Expect(s.c.sees(s)).NotTo(Or(ContainSubstring("bravo-grant"), ContainSubstring(s.b.namespace)))
		s.expectCalls(issue, 1)
		_, err := secretOf(s, s.c, stolen)
		Expect(err).To(MatchError(ContainSubstring("not found")))

		By("declaring nothing at all, where tenants has no entry for the namespace")
		foreign := s.token("foreign-token", "bravo-user")
		s.stranger.declare(s, foreign)
		s.stranger.eventuallyRefused(s, foreign, s.refusal(s.stranger, "ImpersonationToken", noEntry))
		s.expectCalls(issue, 1)

		By("the owner's declaring a grant that covers the user")
		s.owner.declare(s, s.grant("olympus-grant", over(""), profile("cs-rep")))
		s.c.eventually(s, stolen, v1alpha1.ReadyCondition, "True")
		s.expectCalls(issue, 2)
	})
})

var _ = Describe("Who grants the rights of the operator's own user to itself", func() {
	It("deletes another tenant's user with them, unless tenants forbids it", func(ctx SpecContext) {
		s := prepare(ctx, "-rights", func(s *stage) { s.marketplace.Spec.Tenants = nil })
		victim := s.user("charlie-user", "acme")
		s.c.declare(s, victim)
		s.c.eventually(s, victim, v1alpha1.ReadyCondition, "True")

		s.exists("buyers/acme/users/bravo-user", userFields("bravo-user"))
		grant := s.grant("bravo-grant", to("", "", "operator"), profile("user-admin"))
		token := s.token("bravo-token", "bravo-user", roles("BuyerUserAdmin"))
		s.b.declare(s, grant, token)
		s.b.eventually(s, token, v1alpha1.ReadyCondition, "True")
		secret, err := secretOf(s, s.b, token)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(secret.Data["token"])).NotTo(BeEmpty())
		Expect(deleteAs(s, string(secret.Data["token"]), "buyers/acme/users/charlie-user")).To(Equal(http.StatusNoContent))

		By("forbidding it takes the token away, and gives no other")
		s.exists("buyers/acme/users/charlie-user", userFields("charlie-user"))
		s.tenantsAre(tenants())
		s.b.eventuallyRefused(s, grant, s.refusal(s.b, "ImpersonationConfig", "impersonators.adminUsers of its entry 0 does not list operator"))
		s.b.eventuallyRefused(s, token, s.refusal(s.b, "ImpersonationToken", "tokenRoles of its entry 0 does not list BuyerUserAdmin"))
		secret, err = secretOf(s, s.b, token)
		Expect(err).NotTo(HaveOccurred())
		Expect(secret.Data).NotTo(HaveKey("token"))
	})

	It("is refused the grant in each form, and the token", func(ctx SpecContext) {
		s := prepare(ctx, "-operator")
		s.exists("buyers/acme/users/bravo-user", userFields("bravo-user"))
		refused := map[client.Object]string{
			s.grant("bravo-by-user", to("", "", "operator"), profile("user-admin")): "impersonators.adminUsers of its entry 0 does not list operator",
			s.grant("bravo-by-group", profile("user-admin")):                        "securityProfiles of its entry 0 does not list user-admin",
			s.grant("bravo-by-any", to("", "", ""), profile("user-admin")):          "its entry 0 does not allow impersonators.anyAdmin",
		}
		for grant, why := range refused {
			s.b.declare(s, grant)
			s.b.eventuallyRefused(s, grant, s.refusal(s.b, "ImpersonationConfig", why))
		}

		By("a grant of the portal gives more than the tenant may have")
		s.exists("impersonationconfig/portal-grant", map[string]any{
			"ImpersonationUserID": "operator", "BuyerID": "acme", "UserID": "bravo-user", "SecurityProfileID": "user-admin", "ClientID": storefrontID,
		})
		grant, token := s.grant("bravo-grant"), s.token("bravo-token", "bravo-user", roles("BuyerUserAdmin"))
		s.b.declare(s, grant, token)
		s.b.eventually(s, grant, v1alpha1.ReadyCondition, "True")
		s.b.eventuallyRefused(s, token, s.refusal(s.b, "ImpersonationToken", "tokenRoles of its entry 0 does not list BuyerUserAdmin"))
		s.expectCalls(issue, 0)
		Expect(s.writes()).To(Equal([]string{"POST /v1/impersonationconfig"}))
	})
})

// deleteAs deletes an object with somebody's token, and returns the status of the answer.
func deleteAs(s *stage, token, path string) int {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(s, http.MethodDelete, s.marketplace.Spec.URL+"/v1/"+path, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode
}

// seize takes over a user, and makes its password that of a Secret.
func seize(user *userSpec) {
	user.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
	user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "password"}
	user.Spec.PasswordPolicy = v1alpha1.PasswordEnforce
}

var _ = Describe("Who takes over what others have, with adoptionPolicy Always", func() {
	It("gets no user of a buyer that is not its own, and no password", func(ctx SpecContext) {
		s := prepare(ctx, "-seize")
		s.b.declare(s, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "password"}, StringData: map[string]string{"password": "First-Horse-71"},
		})
		fields := userFields("portal-user")
		fields["Password"] = "Their-Zebra-17"
		s.exists("buyers/globex/users/portal-user", fields)
		ofOwner := s.user("olympus-user", "acme")
		s.owner.declare(s, ofOwner)
		s.owner.eventually(s, ofOwner, v1alpha1.ReadyCondition, "True")

		By("taking a user of another buyer")
		user := s.user("portal-user", "globex", seize)
		s.b.declare(s, user)
		s.b.eventuallyRefused(s, user, s.refusal(s.b, "BuyerUser", "buyers of its entry 0 does not list globex"))
		password, _ := s.box.Password("buyers/globex/users/portal-user")
		Expect(password).To(Equal("Their-Zebra-17"))
		s.expectCalls("portal-user", 0)

		By("taking a user of its own buyer that the owner declares")
		another := s.user("olympus-user", "acme", seize)
		s.b.declare(s, another)
		s.b.eventually(s, another, v1alpha1.SyncedCondition, "False Conflict: a resource of another tenant declares buyers/acme/users/olympus-user, too, and was there before")
		_, hasPassword := s.box.Password("buyers/acme/users/olympus-user")
		Expect(hasPassword).To(BeFalse())
		Expect(s.writes()).To(Equal([]string{"POST /v1/buyers/acme/users"}))
	})

	It("gets no grant of others, and sees nothing of it, be it to observe", func(ctx SpecContext) {
		s := prepare(ctx, "-grants")
		s.exists("impersonationconfig/contested", managersGrant(""))
		for _, edit := range []func(*grantSpec){adopted, observed, func(*grantSpec) {}} {
			grant := s.grant("bravo-grant", edit, func(spec *grantSpec) { spec.ID = "contested" })
			s.b.declare(s, grant)
			s.b.eventuallyRefused(s, grant, s.refusalToTake(s.b, "impersonationconfig/contested"))
			Expect(grant.Status.Drift).To(BeEmpty())
			Expect(s.b.sees(s)).NotTo(Or(ContainSubstring("managers"), ContainSubstring("globex"), ContainSubstring("cs-rep")))
			Expect(s.b.Delete(s, grant)).To(Succeed())
			s.b.eventuallyGone(s, grant)
		}
		Expect(s.writes()).To(BeEmpty())

		By("observing one that turns into another's")
		s.exists("impersonationconfig/changed", map[string]any{
			"ImpersonationGroupID": "desk", "BuyerID": "acme", "SecurityProfileID": "shopper", "ClientID": storefrontID,
		})
		grant := s.grant("changed", observed)
		s.b.declare(s, grant)
		s.b.eventually(s, grant, v1alpha1.ReadyCondition, "True InSync")
		s.patch("impersonationconfig/changed", map[string]any{"ImpersonationGroupID": "managers", "BuyerID": "globex"})
		s.lookAgain(s.b, grant)
		s.b.eventuallyRefused(s, grant, s.refusalToTake(s.b, "impersonationconfig/changed"))
		Expect(s.b.sees(s)).NotTo(Or(ContainSubstring("managers"), ContainSubstring("globex")))
	})
})

var _ = Describe("Who lies in wait for what another declares", func() {
	It("does not inherit a user that it may not declare", func(ctx SpecContext) {
		s := prepare(ctx, "-wait")
		user := s.user("charlie-user", "globex")
		s.c.declare(s, user)
		s.c.eventually(s, user, v1alpha1.ReadyCondition, "True")
		waits := s.user("bravo-user", "globex", always, func(user *userSpec) { user.Spec.UserID = "charlie-user" })
		s.b.declare(s, waits)
		s.b.eventuallyRefused(s, waits, s.refusal(s.b, "BuyerUser", "buyers of its entry 0 does not list globex"))

		Expect(s.c.Delete(s, user)).To(Succeed())
		s.c.eventuallyGone(s, user)
		s.expectExists("buyers/globex/users/charlie-user", false)
		s.b.eventuallyRefused(s, waits, s.refusal(s.b, "BuyerUser", "buyers of its entry 0 does not list globex"))
		Expect(waits.Status.Claim).To(BeNil())
		s.c.eventuallyTold(s, user, "Deleted", "deleted buyers/globex/users/charlie-user in OrderCloud")
		Expect(s.c.sees(s)).NotTo(ContainSubstring("HandedOver"))
	})

	It("does not inherit a grant that is more than it may declare, and makes its own", func(ctx SpecContext) {
		s := prepare(ctx, "-heir")
		grant := s.grant("contested", over(""), to("", "managers", ""), profile("cs-rep"), in("Admin", ""))
		s.owner.declare(s, grant)
		s.owner.eventually(s, grant, v1alpha1.ReadyCondition, "True")
		waits := s.grant("contested")
		s.b.declare(s, waits)
		s.b.eventually(s, waits, v1alpha1.SyncedCondition, "False Conflict: a resource of another tenant declares impersonationconfig/contested, too")

		Expect(s.owner.Delete(s, grant)).To(Succeed())
		s.owner.eventuallyGone(s, grant)
		s.b.eventually(s, waits, v1alpha1.ReadyCondition, "True Created")
		Expect(s.writes()).To(Equal([]string{
			"DELETE /v1/impersonationconfig/contested", "POST /v1/impersonationconfig", "POST /v1/impersonationconfig",
		}))
		kept, _ := s.box.Object("impersonationconfig/contested")
		Expect(kept).To(And(HaveKeyWithValue("BuyerID", "acme"), HaveKeyWithValue("SecurityProfileID", "shopper")))
	})
})
