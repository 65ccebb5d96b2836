// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// declare stores an object and returns it as stored: what the answer of a
// create holds, nobody else has touched yet.
func (s *story) declare(kind, name, overlay string) *unstructured.Unstructured {
	GinkgoHelper()
	object := s.manifest(kind, name, overlay)
	s.create(object)
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
	})
	return object.DeepCopy()
}

func inJSON(value any) string {
	GinkgoHelper()
	text, err := json.Marshal(value)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

var _ = Describe("The API server accepts", func() {
	DescribeTable("the smallest manifest and fills in", func(ctx SpecContext, kind, spec string) {
		s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
		stored := s.declare(kind, "smallest", "")
		Expect(inJSON(stored.Object["spec"])).To(MatchYAML(spec))
		Expect(inJSON(stored.Object["status"])).To(MatchJSON(`{"observedGeneration": -1}`))
		Expect(stored.GetGeneration()).To(BeEquivalentTo(1))
	},
		Entry("a Marketplace", marketplaceKind, `
            environment: Sandbox
            credentialsSecretRef: {name: ordercloud}
            interval: 10m
            rateLimit: {requestsPerSecond: 10, concurrency: 8}
            deletionGuard: {maxDeletions: 20, window: 10m, grace: 15s, confirmableBy: Anyone}
            allowedNamespaces: {from: Same}
            unmanagedImpersonationConfigs: Report`),
		Entry("a BuyerUser", buyerUserKind, `
            marketplaceRef: {name: default}
            managementPolicy: Enforce
            adoptionPolicy: IfIdentical
            deletionPolicy: Delete
            suspend: false
            buyerID: acme
            username: jdoe@acme.example
            firstName: Joan
            lastName: Doe
            email: jdoe@acme.example
            active: true
            updatePolicy: Merge
            passwordPolicy: Initial`),
		Entry("an ImpersonationConfig", configKind, `
            marketplaceRef: {name: default}
            managementPolicy: Enforce
            adoptionPolicy: IfIdentical
            deletionPolicy: Delete
            suspend: false
            securityProfileID: cs-rep
            clientName: Storefront`),
		Entry("an ImpersonationToken", tokenKind, `
            marketplaceRef: {name: default}
            suspend: false
            buyerID: acme
            userID: jdoe
            clientName: Storefront
            roles: [Shopper]
            refreshBefore: 10m`),
	)

	It("a status in a manifest, and ignores it", func(ctx SpecContext) {
		s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
		for kind := range soundSpecs {
			object := s.manifest(kind, "pretender", "")
			object.Object["status"] = map[string]any{"observedGeneration": int64(7)}
			s.create(object)
			DeferCleanup(suite.admin.Delete, object.DeepCopy())
			Expect(inJSON(object.Object["status"])).To(MatchJSON(`{"observedGeneration": -1}`), kind)
		}
	})

	hundred := strings.Repeat("a", 100)

	DescribeTable("and stores", func(ctx SpecContext, kind, name, overlay, stored string) {
		s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
		spec, ok := s.declare(kind, name, overlay).Object["spec"].(map[string]any)
		Expect(ok).To(BeTrue())
		if stored == "" {
			stored = overlay
		}
		for key, value := range parseYAML(stored) {
			if value == nil {
				Expect(spec).NotTo(HaveKey(key))
				continue
			}
			Expect(inJSON(spec[key])).To(MatchJSON(inJSON(value)), key)
		}
	},
		Entry("a region", marketplaceKind, "", `{environment: Production, region: WestEurope}`, ""),
		Entry("a url", marketplaceKind, "", `{environment: null, url: "https://sandboxapi.ordercloud.io"}`, ""),
		Entry("a url with a port and a slash", marketplaceKind, "", `{environment: null, url: "https://proxy.example:8443/"}`, ""),
		Entry("a url with an IPv6 address", marketplaceKind, "", `{environment: null, url: "https://[2001:db8::1]:8443"}`, ""),
		Entry("http to localhost", marketplaceKind, "", `{environment: null, url: "http://localhost:9990"}`, ""),
		Entry("http to an IPv4 loopback address", marketplaceKind, "", `{environment: null, url: "http://127.0.0.1:9990"}`, ""),
		Entry("http to the IPv6 loopback address", marketplaceKind, "", `{environment: null, url: "http://[::1]:9990"}`, ""),
		Entry("a seller's ID", marketplaceKind, "", `{sellerID: Acme-Shop_1}`, ""),
		Entry("the shortest interval", marketplaceKind, "", `{interval: 1s}`, ""),
		Entry("the longest interval", marketplaceKind, "", `{interval: 999999h999999h99999h}`, ""),
		Entry("an interval as Go writes it", marketplaceKind, "", `{interval: 1h30m0.5s}`, ""),
		Entry("an interval with a fraction", marketplaceKind, "", `{interval: 1.5h}`, ""),
		Entry("the lowest limits", marketplaceKind, "", `{rateLimit: {requestsPerSecond: 1, concurrency: 1}}`, ""),
		Entry("the highest limits", marketplaceKind, "", `{rateLimit: {requestsPerSecond: 1000, concurrency: 256}}`, ""),
		Entry("one limit, with the other's default", marketplaceKind, "",
			`{rateLimit: {requestsPerSecond: 5}}`, `{rateLimit: {requestsPerSecond: 5, concurrency: 8}}`),
		Entry("an empty rateLimit, with both defaults", marketplaceKind, "",
			`{rateLimit: {}}`, `{rateLimit: {requestsPerSecond: 10, concurrency: 8}}`),
		Entry("a list of tenants without any, which allows nobody anything", marketplaceKind, "",
			`{tenants: []}`, `{tenants: []}`),
		Entry("no deletion guard", marketplaceKind, "",
			`{deletionGuard: {maxDeletions: 0}}`, `{deletionGuard: {maxDeletions: 0, window: 10m, grace: 15s, confirmableBy: Anyone}}`),
		Entry("a deletion guard whose deletions wait for nobody", marketplaceKind, "",
			`{deletionGuard: {grace: 0s}}`, `{deletionGuard: {maxDeletions: 20, window: 10m, grace: 0s, confirmableBy: Anyone}}`),
		Entry("a deletion guard without anything", marketplaceKind, "",
			`{deletionGuard: {}}`, `{deletionGuard: {maxDeletions: 20, window: 10m, grace: 15s, confirmableBy: Anyone}}`),
		Entry("all namespaces", marketplaceKind, "", `{allowedNamespaces: {from: All}}`, ""),
		Entry("an empty allowedNamespaces, with its default", marketplaceKind, "",
			`{allowedNamespaces: {}}`, `{allowedNamespaces: {from: Same}}`),
		Entry("a selector by labels", marketplaceKind, "", `{allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}`, ""),
		Entry("a selector by expressions", marketplaceKind, "",
			`{allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: In, values: [shop]}, {key: test, operator: DoesNotExist}]}}}`, ""),
		Entry("an empty selector beside Same", marketplaceKind, "", `{allowedNamespaces: {from: Same, selector: {}}}`, ""),
		Entry("a selector of every namespace", marketplaceKind, "", `{allowedNamespaces: {from: Selector, selector: {}}}`, ""),

		Entry("a name with dots beside a userID", buyerUserKind, "jane.doe", `{userID: jane_doe}`, ""),
		Entry("a name of 100 characters", buyerUserKind, hundred, `{userID: null}`, ""),
		Entry("IDs of 100 characters", buyerUserKind, "", `{buyerID: `+hundred+`, userID: `+hundred+`}`, ""),
		Entry("IDs of every sort of character", buyerUserKind, "", `{buyerID: _-A1, userID: "-"}`, ""),
		Entry("names of 100 characters, not bytes", buyerUserKind, "",
			`{username: `+strings.Repeat("ü", 100)+`, firstName: `+strings.Repeat("愛", 100)+`, lastName: `+hundred+`, phone: `+hundred+`}`, ""),
		Entry("an email of 200 characters", buyerUserKind, "", `{email: `+hundred+hundred+`}`, ""),
		Entry("an inactive user", buyerUserKind, "", `{active: false}`, ""),
		Entry("terms accepted in some time zone", buyerUserKind, "", `{termsAccepted: "2026-05-04T13:00:00+02:00"}`, ""),
		Entry("an empty xp", buyerUserKind, "", `{xp: {}}`, ""),
		Entry("every policy other than the default", buyerUserKind, "",
			`{managementPolicy: Observe, adoptionPolicy: Always, deletionPolicy: Retain, suspend: true, updatePolicy: Replace}`, ""),
		Entry("an enforced password, with the default key", buyerUserKind, "",
			`{passwordPolicy: Enforce, passwordSecretRef: {name: jdoe}}`, `{passwordPolicy: Enforce, passwordSecretRef: {name: jdoe, key: password}}`),
		Entry("an interval of its own", buyerUserKind, "", `{interval: 30s}`, ""),
		Entry("a Marketplace of another namespace, with the default name", buyerUserKind, "",
			`{marketplaceRef: {namespace: shop}}`, `{marketplaceRef: {name: default, namespace: shop}}`),
		Entry("an empty marketplaceRef, with the default name", configKind, "", `{marketplaceRef: {}}`, `{marketplaceRef: {name: default}}`),

		Entry("a name with dots beside an id", configKind, "cs.desk", `{id: cs_desk}`, ""),
		Entry("an application by its ID", configKind, "", `{clientName: null, clientID: 7c4ec4eb-0d5b-4c9b-8e3d-0fb1a1b7c4a0}`, ""),
		Entry("an application by any name", configKind, "", `{clientName: "Shop: Zürich (new)"}`, ""),
		Entry("an admin group for a group of a buyer", configKind, "",
			`{impersonationGroupID: desk, buyerID: acme, groupID: staff}`, ""),
		Entry("an admin user for a user of a buyer", configKind, "",
			`{impersonationUserID: ann, buyerID: acme, userID: jdoe}`, ""),
		Entry("a group of a buyer for a buyer", configKind, "",
			`{impersonationBuyerID: acme, impersonationGroupID: leads, buyerID: acme}`, ""),
		Entry("references to BuyerUsers on both sides", configKind, "",
			`{impersonationUserRef: {name: ann}, userRef: {name: jane.doe}}`, ""),
	)

	DescribeTable("a change of", func(ctx SpecContext, kind, overlay, change string) {
		s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
		object := s.declare(kind, "jdoe", overlay)
		Expect(suite.admin.Patch(s, object, changeOf(change))).To(Succeed())
	},
		Entry("environment to url", marketplaceKind, "", `{environment: null, url: "https://proxy.example"}`),
		Entry("userID from unset to metadata.name", buyerUserKind, "", `{userID: jdoe}`),
		Entry("userID from metadata.name to unset", buyerUserKind, `{userID: jdoe}`, `{userID: null}`),
		Entry("id from unset to metadata.name", configKind, "", `{id: jdoe}`),
		Entry("id from metadata.name to unset", configKind, `{id: jdoe}`, `{id: null}`),
		Entry("marketplaceRef to the same with the namespace spelt out as empty", buyerUserKind, "", `{marketplaceRef: {namespace: ""}}`),
		Entry("marketplaceRef from an empty namespace to none", configKind, `{marketplaceRef: {namespace: ""}}`, `{marketplaceRef: {namespace: null}}`),
		Entry("what a user is called", buyerUserKind, "", `{username: j2, firstName: J, lastName: D, email: j2@acme.example, phone: "5", xp: {a: 1}}`),
		Entry("whom and what a config names", configKind, `{buyerID: acme, userID: jdoe}`,
			`{buyerID: null, userID: null, userRef: {name: jdoe}, clientName: null, clientID: abc, securityProfileID: other, impersonationUserID: ann}`),
	)
})

var _ = Describe("The API server lets the operator echo", func() {
	It("the longest reconcile-at annotation", func(ctx SpecContext) {
		s := begin(ctx)
		user := s.user("jdoe")
		user.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: strings.Repeat("a", 200_000)}
		s.create(user)
		s.eventuallyReady(user, v1alpha1.ReasonCreated)
		Expect(user.Status.LastHandledReconcileAt).To(Equal(user.Annotations[v1alpha1.ReconcileAtAnnotation]))
	})
})

var _ = Describe("The API server keeps extended properties", func() {
	It("verbatim, nested nulls, numbers and lists included", func(ctx SpecContext) {
		s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
		const extended = `{
			"null": null, "true": true, "": "empty key", "a.b/c": "odd key", "text": "ü \" \\ \u2028",
			"numbers": [0, -1, 9007199254740993, 0.1, 1.5e300],
			"nested": {"null": null, "list": [1, "two", null, [], {}, {"three": [null]}], "empty": {}},
			"apiVersion": 1, "kind": null, "metadata": {"name": false, "managedFields": []}
		}`
		// Read as kubectl does: whole numbers beyond 2^53 stay whole.
		var parsed map[string]any
		Expect(utiljson.Unmarshal([]byte(extended), &parsed)).To(Succeed())
		object := s.manifest(buyerUserKind, "extended", "")
		Expect(unstructured.SetNestedMap(object.Object, parsed, "spec", "xp")).To(Succeed())
		s.create(object)
		DeferCleanup(suite.admin.Delete, object.DeepCopy())

		var user v1alpha1.BuyerUser
		Expect(suite.admin.Get(s, client.ObjectKeyFromObject(object), &user)).To(Succeed())
		Expect(user.Spec.XP.Raw).To(MatchJSON(extended))
		Expect(string(user.Spec.XP.Raw)).To(ContainSubstring("9007199254740993"))

		// A typed client that writes the object back changes nothing.
		change(s, &user, func(*v1alpha1.BuyerUser) {})
		Expect(user.Generation).To(BeEquivalentTo(1))
	})
})

var _ = Describe("The API server finds nothing to do", func() {
	DescribeTable("when the same manifest is applied again:", func(ctx SpecContext, kind, overlay string) {
		s := &story{Context: ctx}
		s.namespace = s.newNamespace(nil)
		apply := func() *unstructured.Unstructured {
			object := s.manifest(kind, "", overlay)
			Expect(suite.admin.Apply(s, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("kubectl"))).To(Succeed())
			return object
		}
		first := apply()
		// The operator writes status meanwhile, and each of its writes gives the
		// object another version: an apply has to be seen between two of them.
		Eventually(func(g Gomega) {
			before := s.manifest(kind, "", "")
			g.Expect(suite.admin.Get(s, client.ObjectKeyFromObject(before), before)).To(Succeed())
			g.Expect(apply().GetResourceVersion()).To(Equal(before.GetResourceVersion()))
		}).WithContext(s).WithTimeout(10 * time.Second).Should(Succeed())
		Expect(apply().GetGeneration()).To(Equal(first.GetGeneration()))
		Expect(first.GetGeneration()).To(BeEquivalentTo(1))
	},
		Entry(marketplaceKind, marketplaceKind, `{rateLimit: {requestsPerSecond: 5}, allowedNamespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}`),
		Entry(buyerUserKind, buyerUserKind, `{xp: {a: null, b: [1, {c: null}], d: 0.5}, termsAccepted: "2026-05-04T13:00:00+02:00", interval: 90m}`),
		Entry(configKind, configKind, `{buyerID: acme, userID: jdoe, impersonationGroupID: desk}`),
	)
})
