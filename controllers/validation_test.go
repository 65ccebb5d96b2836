// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// The kinds of this API, as manifests name them.
const (
	marketplaceKind = "Marketplace"
	buyerUserKind   = "BuyerUser"
	configKind      = "ImpersonationConfig"
	tokenKind       = "ImpersonationToken"
)

// badInputPage is the page that tells users what is refused.
var badInputPage = filepath.Join("..", "docs", "bad-input.md")

// soundSpecs are the smallest specs that are accepted. The entries below say
// what differs from them: a mistake that a typed object cannot express is then
// as easy to write as any other.
var soundSpecs = map[string]string{
	marketplaceKind: `{environment: Sandbox, credentialsSecretRef: {name: ordercloud}}`,
	buyerUserKind:   `{buyerID: acme, username: jdoe@acme.example, firstName: Joan, lastName: Doe, email: jdoe@acme.example}`,
	configKind:      `{securityProfileID: cs-rep, clientName: Storefront}`,
	tokenKind:       `{buyerID: acme, userID: jdoe, clientName: Storefront, roles: [Shopper]}`,
}

// refusal is a mistake and what the API server has to say about it.
type refusal struct {
	// kind of the object.
	kind string
	// name of the object; empty means "jdoe".
	name string
	// spec is YAML laid over the sound spec: null takes a key away.
	spec string
	// change is YAML laid over an object that was accepted; empty means that
	// the object itself is refused.
	change string
	// field that the refusal has to name.
	field string
	// message is a part of the rule that the refusal has to state.
	message string
}

// manifest is an object as kubectl would send it.
func (s *story) manifest(kind, name, overlay string) *unstructured.Unstructured {
	GinkgoHelper()
	if name == "" {
		name = "jdoe"
	}
	spec := parseYAML(soundSpecs[kind])
	for key, value := range parseYAML(overlay) {
		if value == nil {
			delete(spec, key)
		} else {
			spec[key] = value
		}
	}
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	object.SetNamespace(s.namespace)
	object.SetName(name)
	return object
}

func parseYAML(text string) map[string]any {
	GinkgoHelper()
	parsed := map[string]any{}
	Expect(yaml.Unmarshal([]byte(text), &parsed)).To(Succeed())
	return parsed
}

// changeOf is the merge patch that lays YAML over a spec.
func changeOf(overlay string) client.Patch {
	GinkgoHelper()
	patch, err := yaml.YAMLToJSON([]byte("spec: " + overlay))
	Expect(err).NotTo(HaveOccurred())
	return client.RawPatch("application/merge-patch+json", patch)
}

// attempt makes the mistake and returns what the API server says.
func (r refusal) attempt(s *story) error {
	GinkgoHelper()
	object := s.manifest(r.kind, r.name, r.spec)
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(suite.admin.Delete(ctx, object))).To(Succeed())
	})
	if r.change == "" {
		return suite.admin.Create(s, object)
	}
	Expect(suite.admin.Create(s, object)).To(Succeed())
	if r.kind == buyerUserKind || r.kind == configKind {
		s.claim(object)
	}
	return suite.admin.Patch(s, object, changeOf(r.change))
}

// theRefusal returns the one cause that the API server gives. Beside a missing,
// overlong or wrongly typed field it adds that it has not looked at the other
// rules; a second cause of any other kind would be noise for the user.
func theRefusal(err error) metav1.StatusCause {
	GinkgoHelper()
	Expect(err).To(HaveOccurred(), "it was accepted")
	Expect(apierrors.IsInvalid(err)).To(BeTrue(), "the reason is not Invalid: %v", err)
	var refused apierrors.APIStatus
	Expect(errors.As(err, &refused)).To(BeTrue())
	Expect(refused.Status().Code).To(BeEquivalentTo(http.StatusUnprocessableEntity))
	var causes []metav1.StatusCause
	for _, cause := range refused.Status().Details.Causes {
		if !strings.Contains(cause.Message, "some validation rules were not checked") {
			causes = append(causes, cause)
		}
	}
	Expect(causes).To(HaveLen(1), "%v", err)
	return causes[0]
}

// refuses makes a mistake, and holds what the API server says to the page about it.
func refuses(ctx SpecContext, mistake refusal) {
	s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
	cause := theRefusal(mistake.attempt(s))
	Expect(cause.Field).To(Equal(mistake.field), cause.Message)
	Expect(cause.Message).To(ContainSubstring(mistake.message))
	expectDocumented(mistake.kind, CurrentSpecReport().LeafNodeText, cause)
}

var _ = Describe("The API server refuses", func() {
	long := func(length int) string { return strings.Repeat("a", length) }

	DescribeTable("a Marketplace with", refuses,
		Entry("neither `environment` nor `url`", refusal{
			kind: marketplaceKind, spec: `{environment: null}`,
			field: "spec.environment", message: "exactly one of environment and url must be set",
		}),
		Entry("`region` alone", refusal{
			kind: marketplaceKind, spec: `{environment: null, region: USEast}`,
			field: "spec.environment", message: "exactly one of environment and url must be set",
		}),
		Entry("both `environment` and `url`", refusal{
			kind: marketplaceKind, spec: `{url: "https://api.ordercloud.io"}`,
			field: "spec.url", message: "exactly one of environment and url must be set",
		}),
		Entry("`environment`, `region` and `url`", refusal{
			kind: marketplaceKind, spec: `{region: USEast, url: "https://api.ordercloud.io"}`,
			field: "spec.url", message: "leave out url, or environment and region",
		}),
		Entry("`region` with `url`", refusal{
			kind: marketplaceKind, spec: `{environment: null, region: USEast, url: "https://api.ordercloud.io"}`,
			field: "spec.region", message: "region goes with environment",
		}),
		Entry("`url` of plain http to another machine", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "http://api.ordercloud.io"}`,
			field: "spec.url", message: "http is accepted for localhost, 127.0.0.0/8 and [::1] only",
		}),
		Entry("`url` whose host only begins like a loopback address", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "http://127.0.0.1.evil.example"}`,
			field: "spec.url", message: "http is accepted for localhost, 127.0.0.0/8 and [::1] only",
		}),
		Entry("`url` with a path", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "https://api.ordercloud.io/v1"}`,
			field: "spec.url", message: "without a path",
		}),
		Entry("`url` with a query", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "https://api.ordercloud.io?a=b"}`,
			field: "spec.url", message: "url must be https://host[:port]",
		}),
		Entry("`url` with a user name", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "https://me@api.ordercloud.io"}`,
			field: "spec.url", message: "url must be https://host[:port]",
		}),
		Entry("`url` without a scheme", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "api.ordercloud.io"}`,
			field: "spec.url", message: "url must be https://host[:port]",
		}),
		Entry("`url` without a host", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "https://"}`,
			field: "spec.url", message: "url must be https://host[:port]",
		}),
		Entry("`url` of 254 characters", refusal{
			kind: marketplaceKind, spec: `{environment: null, url: "https://` + long(246) + `"}`,
			field: "spec.url", message: "253",
		}),
		Entry("an unknown `environment`", refusal{
			kind: marketplaceKind, spec: `{environment: Development}`,
			field: "spec.environment", message: `supported values: "Production", "Staging", "Sandbox"`,
		}),
		Entry("an unknown `region`", refusal{
			kind: marketplaceKind, spec: `{region: Moon}`,
			field: "spec.region", message: `supported values: "USWest", "USEast", "AustraliaEast", "WestEurope", "JapanEast"`,
		}),
		Entry("no `credentialsSecretRef`", refusal{
			kind: marketplaceKind, spec: `{credentialsSecretRef: null}`,
			field: "spec.credentialsSecretRef", message: "Required value",
		}),
		Entry("`credentialsSecretRef` without a name", refusal{
			kind: marketplaceKind, spec: `{credentialsSecretRef: {}}`,
			field: "spec.credentialsSecretRef.name", message: "Required value",
		}),
		Entry("`credentialsSecretRef` with a name that no Secret can have", refusal{
			kind: marketplaceKind, spec: `{credentialsSecretRef: {name: Order_Cloud}}`,
			field: "spec.credentialsSecretRef.name", message: "not a name that a Secret can have",
		}),
		Entry("`sellerID` that is empty", refusal{
			kind: marketplaceKind, spec: `{sellerID: ""}`,
			field: "spec.sellerID", message: "should be at least 1 chars long",
		}),
		Entry("`sellerID` with a space", refusal{
			kind: marketplaceKind, spec: `{sellerID: acme shop}`,
			field: "spec.sellerID", message: "only printable ASCII characters and no spaces",
		}),
		Entry("`sellerID` of 101 characters", refusal{
			kind: marketplaceKind, spec: `{sellerID: ` + long(101) + `}`,
			field: "spec.sellerID", message: "100",
		}),
		Entry("`interval` below 1s", refusal{
			kind: marketplaceKind, spec: `{interval: 999ms}`,
			field: "spec.interval", message: "at least 1s",
		}),
		Entry("`interval` below zero", refusal{
			kind: marketplaceKind, spec: `{interval: -10m}`,
			field: "spec.interval", message: "at least 1s",
		}),
		Entry("`interval` that is no duration", refusal{
			kind: marketplaceKind, spec: `{interval: often}`,
			field: "spec.interval", message: "must be a duration such as 30s, 10m or 1h30m",
		}),
		Entry("`interval` without a unit", refusal{
			kind: marketplaceKind, spec: `{interval: "600"}`,
			field: "spec.interval", message: "must be a duration such as 30s, 10m or 1h30m",
		}),
		Entry("`interval` as a number", refusal{
			kind: marketplaceKind, spec: `{interval: 600}`,
			field: "spec.interval", message: "must be of type string",
		}),
		Entry("`interval` of centuries", refusal{
			kind: marketplaceKind, spec: `{interval: 9999999h}`,
			field: "spec.interval", message: "must be a duration such as 30s, 10m or 1h30m",
		}),
		Entry("`allowedNamespaces` from: Selector without a selector", refusal{
			kind: marketplaceKind, spec: `{allowedNamespaces: {from: Selector}}`,
			field: "spec.allowedNamespaces.selector", message: "from: Selector needs selector",
		}),
		Entry("`allowedNamespaces` with a selector and no from", refusal{
			kind: marketplaceKind, spec: `{allowedNamespaces: {selector: {matchLabels: {team: shop}}}}`,
			field: "spec.allowedNamespaces.selector", message: "selector goes with from: Selector",
		}),
		Entry("`allowedNamespaces` from: All with a selector", refusal{
			kind: marketplaceKind, spec: `{allowedNamespaces: {from: All, selector: {matchLabels: {team: shop}}}}`,
			field: "spec.allowedNamespaces.selector", message: "selector goes with from: Selector",
		}),
		Entry("an unknown `allowedNamespaces.from`", refusal{
			kind: marketplaceKind, spec: `{allowedNamespaces: {from: Some}}`,
			field: "spec.allowedNamespaces.from", message: `supported values: "Same", "All", "Selector"`,
		}),
		Entry("a selector with an unknown operator", refusal{
			kind: marketplaceKind, spec: `{allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: Equals, values: [shop]}]}}}`,
			field: "spec.allowedNamespaces.selector.matchExpressions", message: "operator must be In or NotIn with values, or Exists or DoesNotExist without values",
		}),
		Entry("a selector whose operator In has no values", refusal{
			kind: marketplaceKind, spec: `{allowedNamespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: In}]}}}`,
			field: "spec.allowedNamespaces.selector.matchExpressions", message: "operator must be In or NotIn with values, or Exists or DoesNotExist without values",
		}),
		Entry("a tenant of no namespaces", refusal{
			kind: marketplaceKind, spec: `{tenants: [{kinds: [BuyerUser]}]}`,
			field: "spec.tenants[0].namespaces", message: "Required value",
		}),
		Entry("a tenant's selector whose operator In has no values", refusal{
			kind: marketplaceKind, spec: `{tenants: [{namespaces: {matchExpressions: [{key: team, operator: In}]}}]}`,
			field: "spec.tenants[0].namespaces.matchExpressions[0].values", message: "operator must be In or NotIn with values, or Exists or DoesNotExist without values",
		}),
		Entry("a tenant of an unknown kind", refusal{
			kind: marketplaceKind, spec: `{tenants: [{namespaces: {}, kinds: [Marketplace]}]}`,
			field: "spec.tenants[0].kinds[0]", message: `supported values: "BuyerUser", "ImpersonationConfig", "ImpersonationToken"`,
		}),
		Entry("a tenant's buyer that is no ID", refusal{
			kind: marketplaceKind, spec: `{tenants: [{namespaces: {}, buyers: ["acme*"]}]}`,
			field: "spec.tenants[0].buyers[0]", message: "should match '^([*]|[A-Za-z0-9_-]{1,100})$'",
		}),
		Entry("`rateLimit.requestsPerSecond` 0", refusal{
			kind: marketplaceKind, spec: `{rateLimit: {requestsPerSecond: 0}}`,
			field: "spec.rateLimit.requestsPerSecond", message: "should be greater than or equal to 1",
		}),
		Entry("`rateLimit.requestsPerSecond` 1001", refusal{
			kind: marketplaceKind, spec: `{rateLimit: {requestsPerSecond: 1001}}`,
			field: "spec.rateLimit.requestsPerSecond", message: "should be less than or equal to 1000",
		}),
		Entry("`rateLimit.requestsPerSecond` as text", refusal{
			kind: marketplaceKind, spec: `{rateLimit: {requestsPerSecond: "10"}}`,
			field: "spec.rateLimit.requestsPerSecond", message: "must be of type integer",
		}),
		Entry("`rateLimit.concurrency` 0", refusal{
			kind: marketplaceKind, spec: `{rateLimit: {concurrency: 0}}`,
			field: "spec.rateLimit.concurrency", message: "should be greater than or equal to 1",
		}),
		Entry("`rateLimit.concurrency` 257", refusal{
			kind: marketplaceKind, spec: `{rateLimit: {concurrency: 257}}`,
			field: "spec.rateLimit.concurrency", message: "should be less than or equal to 256",
		}),
		Entry("`deletionGuard.maxDeletions` below 0", refusal{
			kind: marketplaceKind, spec: `{deletionGuard: {maxDeletions: -1}}`,
			field: "spec.deletionGuard.maxDeletions", message: "should be greater than or equal to 0",
		}),
		Entry("`deletionGuard.grace` below 0", refusal{
			kind: marketplaceKind, spec: `{deletionGuard: {grace: -1s}}`,
			field: "spec.deletionGuard.grace", message: "grace must be a duration such as 15s or 1m30s; 0s waits for no other resource",
		}),
		Entry("`deletionGuard.grace` that is no duration", refusal{
			kind: marketplaceKind, spec: `{deletionGuard: {grace: "15"}}`,
			field: "spec.deletionGuard.grace", message: "grace must be a duration such as 15s or 1m30s; 0s waits for no other resource",
		}),
		Entry("`deletionGuard.window` below 1s", refusal{
			kind: marketplaceKind, spec: `{deletionGuard: {window: 0s}}`,
			field: "spec.deletionGuard.window", message: "window must be a duration such as 10m or 1h30m, and at least 1s",
		}),
	)

	DescribeTable("a BuyerUser with", refuses,
		Entry("no `buyerID`", refusal{
			kind: buyerUserKind, spec: `{buyerID: null}`,
			field: "spec.buyerID", message: "Required value",
		}),
		Entry("an empty `buyerID`", refusal{
			kind: buyerUserKind, spec: `{buyerID: ""}`,
			field: "spec.buyerID", message: "should be at least 1 chars long",
		}),
		Entry("a slash in `buyerID`", refusal{
			kind: buyerUserKind, spec: `{buyerID: acme/users}`,
			field: "spec.buyerID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("`buyerID` of 101 characters", refusal{
			kind: buyerUserKind, spec: `{buyerID: ` + long(101) + `}`,
			field: "spec.buyerID", message: "100",
		}),
		Entry("a dot in `userID`", refusal{
			kind: buyerUserKind, spec: `{userID: jane.doe}`,
			field: "spec.userID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("`userID` of 101 characters", refusal{
			kind: buyerUserKind, spec: `{userID: ` + long(101) + `}`,
			field: "spec.userID", message: "100",
		}),
		Entry("a dot in `metadata.name` and no `userID`", refusal{
			kind: buyerUserKind, name: "jane.doe",
			field: "spec.userID", message: "metadata.name is not an OrderCloud ID",
		}),
		Entry("`metadata.name` of 101 characters and no `userID`", refusal{
			kind: buyerUserKind, name: long(101),
			field: "spec.userID", message: "metadata.name is not an OrderCloud ID",
		}),
		Entry("no `username`", refusal{
			kind: buyerUserKind, spec: `{username: null}`,
			field: "spec.username", message: "Required value",
		}),
		Entry("an empty `username`", refusal{
			kind: buyerUserKind, spec: `{username: ""}`,
			field: "spec.username", message: "should be at least 1 chars long",
		}),
		Entry("`username` of 101 characters", refusal{
			kind: buyerUserKind, spec: `{username: ` + long(101) + `}`,
			field: "spec.username", message: "100",
		}),
		Entry("no `firstName`", refusal{
			kind: buyerUserKind, spec: `{firstName: null}`,
			field: "spec.firstName", message: "Required value",
		}),
		Entry("an empty `firstName`", refusal{
			kind: buyerUserKind, spec: `{firstName: ""}`,
			field: "spec.firstName", message: "should be at least 1 chars long",
		}),
		Entry("`firstName` of 101 characters", refusal{
			kind: buyerUserKind, spec: `{firstName: ` + long(101) + `}`,
			field: "spec.firstName", message: "100",
		}),
		Entry("no `lastName`", refusal{
			kind: buyerUserKind, spec: `{lastName: null}`,
			field: "spec.lastName", message: "Required value",
		}),
		Entry("an empty `lastName`", refusal{
			kind: buyerUserKind, spec: `{lastName: ""}`,
			field: "spec.lastName", message: "should be at least 1 chars long",
		}),
		Entry("`lastName` of 101 characters", refusal{
			kind: buyerUserKind, spec: `{lastName: ` + long(101) + `}`,
			field: "spec.lastName", message: "100",
		}),
		Entry("no `email`", refusal{
			kind: buyerUserKind, spec: `{email: null}`,
			field: "spec.email", message: "Required value",
		}),
		Entry("an empty `email`", refusal{
			kind: buyerUserKind, spec: `{email: ""}`,
			field: "spec.email", message: "should be at least 1 chars long",
		}),
		Entry("`email` of 201 characters", refusal{
			kind: buyerUserKind, spec: `{email: ` + long(201) + `}`,
			field: "spec.email", message: "200",
		}),
		Entry("an empty `phone`", refusal{
			kind: buyerUserKind, spec: `{phone: ""}`,
			field: "spec.phone", message: "should be at least 1 chars long",
		}),
		Entry("`phone` as a number", refusal{
			kind: buyerUserKind, spec: `{phone: 5550100}`,
			field: "spec.phone", message: "must be of type string",
		}),
		Entry("`phone` of 101 characters", refusal{
			kind: buyerUserKind, spec: `{phone: "` + long(101) + `"}`,
			field: "spec.phone", message: "100",
		}),
		Entry("`active` as text", refusal{
			kind: buyerUserKind, spec: `{active: "yes"}`,
			field: "spec.active", message: "must be of type boolean",
		}),
		Entry("`termsAccepted` that is no moment", refusal{
			kind: buyerUserKind, spec: `{termsAccepted: yesterday}`,
			field: "spec.termsAccepted", message: "must be of type date-time",
		}),
		Entry("`xp` as text", refusal{
			kind: buyerUserKind, spec: `{xp: '{"costCenter": 7}'}`,
			field: "spec.xp", message: "must be of type object",
		}),
		Entry("`xp` as a list", refusal{
			kind: buyerUserKind, spec: `{xp: [costCenter]}`,
			field: "spec.xp", message: "must be of type object",
		}),
		Entry("an unknown `updatePolicy`", refusal{
			kind: buyerUserKind, spec: `{updatePolicy: Patch}`,
			field: "spec.updatePolicy", message: `supported values: "Merge", "Replace"`,
		}),
		Entry("an unknown `passwordPolicy`", refusal{
			kind: buyerUserKind, spec: `{passwordPolicy: Always}`,
			field: "spec.passwordPolicy", message: `supported values: "Initial", "Enforce"`,
		}),
		Entry("`passwordPolicy` Enforce without `passwordSecretRef`", refusal{
			kind: buyerUserKind, spec: `{passwordPolicy: Enforce}`,
			field: "spec.passwordSecretRef", message: "passwordPolicy Enforce needs passwordSecretRef",
		}),
		Entry("`passwordSecretRef` without a name", refusal{
			kind: buyerUserKind, spec: `{passwordSecretRef: {key: password}}`,
			field: "spec.passwordSecretRef.name", message: "Required value",
		}),
		Entry("`passwordSecretRef` with a name that no Secret can have", refusal{
			kind: buyerUserKind, spec: `{passwordSecretRef: {name: jdoe@acme.example}}`,
			field: "spec.passwordSecretRef.name", message: "not a name that a Secret can have",
		}),
		Entry("`passwordSecretRef` with a key that no Secret can have", refusal{
			kind: buyerUserKind, spec: `{passwordSecretRef: {name: jdoe, key: pass word}}`,
			field: "spec.passwordSecretRef.key", message: "not a key that a Secret can have",
		}),
		Entry("`buyerID` changed, while claimed", refusal{
			kind: buyerUserKind, change: `{buyerID: globex}`,
			field: "spec.buyerID", message: "buyerID is immutable",
		}),
		Entry("`userID` changed, while claimed", refusal{
			kind: buyerUserKind, spec: `{userID: first}`, change: `{userID: second}`,
			field: "spec.userID", message: "userID is immutable",
		}),
		Entry("`userID` set later, to another value than `metadata.name`, while claimed", refusal{
			kind: buyerUserKind, change: `{userID: other}`,
			field: "spec.userID", message: "userID is immutable",
		}),
		Entry("`userID` taken away, with another `metadata.name`, while claimed", refusal{
			kind: buyerUserKind, spec: `{userID: other}`, change: `{userID: null}`,
			field: "spec.userID", message: "userID is immutable",
		}),
	)

	DescribeTable("an ImpersonationConfig with", refuses,
		Entry("`deletionPolicy` Deactivate", refusal{
			kind: configKind, spec: `{deletionPolicy: Deactivate}`,
			field: "spec.deletionPolicy", message: "deletionPolicy Deactivate is for BuyerUsers: an impersonation config cannot be deactivated, choose Delete or Retain",
		}),
		Entry("neither `clientID` nor `clientName`", refusal{
			kind: configKind, spec: `{clientName: null}`,
			field: "spec.clientName", message: "exactly one of clientID and clientName must be set",
		}),
		Entry("both `clientID` and `clientName`", refusal{
			kind: configKind, spec: `{clientID: 7C4EC4EB-0D5B-4C9B-8E3D-0FB1A1B7C4A0}`,
			field: "spec.clientName", message: "exactly one of clientID and clientName must be set",
		}),
		Entry("braces in `clientID`", refusal{
			kind: configKind, spec: `{clientName: null, clientID: "{7C4EC4EB-0D5B-4C9B-8E3D-0FB1A1B7C4A0}"}`,
			field: "spec.clientID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("an empty `clientName`", refusal{
			kind: configKind, spec: `{clientName: ""}`,
			field: "spec.clientName", message: "should be at least 1 chars long",
		}),
		Entry("`clientName` of 257 characters", refusal{
			kind: configKind, spec: `{clientName: ` + long(257) + `}`,
			field: "spec.clientName", message: "256",
		}),
		Entry("no `securityProfileID`", refusal{
			kind: configKind, spec: `{securityProfileID: null}`,
			field: "spec.securityProfileID", message: "Required value",
		}),
		Entry("a space in `securityProfileID`", refusal{
			kind: configKind, spec: `{securityProfileID: cs rep}`,
			field: "spec.securityProfileID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("`securityProfileID` of 101 characters", refusal{
			kind: configKind, spec: `{securityProfileID: ` + long(101) + `}`,
			field: "spec.securityProfileID", message: "100",
		}),
		Entry("a group and a user who may impersonate", refusal{
			kind: configKind, spec: `{impersonationGroupID: desk, impersonationUserID: ann}`,
			field: "spec.impersonationGroupID", message: "impersonationGroupID and impersonationUserID exclude each other",
		}),
		Entry("a group and a user to be impersonated", refusal{
			kind: configKind, spec: `{buyerID: acme, groupID: staff, userID: jdoe}`,
			field: "spec.groupID", message: "groupID and userID exclude each other",
		}),
		Entry("`groupID` without `buyerID`", refusal{
			kind: configKind, spec: `{groupID: staff}`,
			field: "spec.buyerID", message: "groupID and userID need buyerID",
		}),
		Entry("`userID` without `buyerID`", refusal{
			kind: configKind, spec: `{userID: jdoe}`,
			field: "spec.buyerID", message: "groupID and userID need buyerID",
		}),
		Entry("`impersonationUserRef` beside `impersonationBuyerID`", refusal{
			kind: configKind, spec: `{impersonationUserRef: {name: ann}, impersonationBuyerID: acme}`,
			field: "spec.impersonationUserRef", message: "leave out impersonationBuyerID",
		}),
		Entry("`impersonationUserRef` beside `impersonationGroupID`", refusal{
			kind: configKind, spec: `{impersonationUserRef: {name: ann}, impersonationGroupID: desk}`,
			field: "spec.impersonationUserRef", message: "leave out impersonationBuyerID, impersonationGroupID",
		}),
		Entry("`impersonationUserRef` beside `impersonationUserID`", refusal{
			kind: configKind, spec: `{impersonationUserRef: {name: ann}, impersonationUserID: ann}`,
			field: "spec.impersonationUserRef", message: "impersonationGroupID and impersonationUserID",
		}),
		Entry("`userRef` beside `buyerID`", refusal{
			kind: configKind, spec: `{userRef: {name: jdoe}, buyerID: acme}`,
			field: "spec.userRef", message: "leave out buyerID, groupID and userID",
		}),
		Entry("`userRef` beside `groupID`", refusal{
			kind: configKind, spec: `{userRef: {name: jdoe}, groupID: staff}`,
			field: "spec.userRef", message: "leave out buyerID, groupID and userID",
		}),
		Entry("`userRef` beside `userID`", refusal{
			kind: configKind, spec: `{userRef: {name: jdoe}, userID: jdoe}`,
			field: "spec.userRef", message: "leave out buyerID, groupID and userID",
		}),
		Entry("`userRef` without a name", refusal{
			kind: configKind, spec: `{userRef: {}}`,
			field: "spec.userRef.name", message: "Required value",
		}),
		Entry("`userRef` with a name that no BuyerUser can have", refusal{
			kind: configKind, spec: `{userRef: {name: acme/jdoe}}`,
			field: "spec.userRef.name", message: "not a name that a BuyerUser can have",
		}),
		Entry("`impersonationUserRef` without a name", refusal{
			kind: configKind, spec: `{impersonationUserRef: {}}`,
			field: "spec.impersonationUserRef.name", message: "Required value",
		}),
		Entry("`impersonationUserRef` with a name that no BuyerUser can have", refusal{
			kind: configKind, spec: `{impersonationUserRef: {name: ann@acme.example}}`,
			field: "spec.impersonationUserRef.name", message: "not a name that a BuyerUser can have",
		}),
		Entry("a slash in `impersonationBuyerID`", refusal{
			kind: configKind, spec: `{impersonationBuyerID: acme/1}`,
			field: "spec.impersonationBuyerID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("a space in `impersonationGroupID`", refusal{
			kind: configKind, spec: `{impersonationGroupID: Service Desk}`,
			field: "spec.impersonationGroupID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("an @ in `impersonationUserID`", refusal{
			kind: configKind, spec: `{impersonationUserID: ann@acme.example}`,
			field: "spec.impersonationUserID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("a slash in `buyerID`", refusal{
			kind: configKind, spec: `{buyerID: acme/1}`,
			field: "spec.buyerID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("a line break in `groupID`", refusal{
			kind: configKind, spec: `{buyerID: acme, groupID: "staff\n"}`,
			field: "spec.groupID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("a letter with an accent in `userID`", refusal{
			kind: configKind, spec: `{buyerID: acme, userID: andré}`,
			field: "spec.userID", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("a dot in `id`", refusal{
			kind: configKind, spec: `{id: cs.desk}`,
			field: "spec.id", message: "only the characters A-Z, a-z, 0-9, _ and -",
		}),
		Entry("`id` of 101 characters", refusal{
			kind: configKind, spec: `{id: ` + long(101) + `}`,
			field: "spec.id", message: "100",
		}),
		Entry("a dot in `metadata.name` and no `id`", refusal{
			kind: configKind, name: "cs.desk",
			field: "spec.id", message: "metadata.name is not an OrderCloud ID",
		}),
		Entry("`id` changed, while claimed", refusal{
			kind: configKind, spec: `{id: first}`, change: `{id: second}`,
			field: "spec.id", message: "id is immutable",
		}),
		Entry("`id` set later, to another value than `metadata.name`, while claimed", refusal{
			kind: configKind, change: `{id: other}`,
			field: "spec.id", message: "id is immutable",
		}),
		Entry("`id` taken away, with another `metadata.name`, while claimed", refusal{
			kind: configKind, spec: `{id: other}`, change: `{id: null}`,
			field: "spec.id", message: "id is immutable",
		}),
	)

	// What BuyerUser and ImpersonationConfig share is tried on each of them.
	for kind, article := range map[string]string{buyerUserKind: "a ", configKind: "an "} {
		DescribeTable(article+kind+", like each kind that names a Marketplace, with", refuses,
			Entry("`marketplaceRef` changed to another name, while claimed", refusal{
				kind: kind, spec: `{marketplaceRef: {name: first}}`, change: `{marketplaceRef: {name: second}}`,
				field: "spec.marketplaceRef", message: "marketplaceRef is immutable",
			}),
			Entry("`marketplaceRef` changed to another namespace, while claimed", refusal{
				kind: kind, change: `{marketplaceRef: {namespace: shop}}`,
				field: "spec.marketplaceRef", message: "marketplaceRef is immutable",
			}),
			Entry("`marketplaceRef` with a name that no Marketplace can have", refusal{
				kind: kind, spec: `{marketplaceRef: {name: Default}}`,
				field: "spec.marketplaceRef.name", message: "not a name that a Marketplace can have",
			}),
			Entry("`marketplaceRef` with a name that no namespace can have", refusal{
				kind: kind, spec: `{marketplaceRef: {namespace: shop.example}}`,
				field: "spec.marketplaceRef.namespace", message: "not a name that a namespace can have",
			}),
			Entry("an unknown `managementPolicy`", refusal{
				kind: kind, spec: `{managementPolicy: Watch}`,
				field: "spec.managementPolicy", message: `supported values: "Enforce", "Observe"`,
			}),
			Entry("an unknown `adoptionPolicy`", refusal{
				kind: kind, spec: `{adoptionPolicy: Sometimes}`,
				field: "spec.adoptionPolicy", message: `supported values: "IfIdentical", "Always", "Never"`,
			}),
			Entry("an unknown `deletionPolicy`", refusal{
				kind: kind, spec: `{deletionPolicy: Orphan}`,
				field: "spec.deletionPolicy", message: `supported values: "Delete", "Retain", "Deactivate"`,
			}),
			Entry("`suspend` as text", refusal{
				kind: kind, spec: `{suspend: "true"}`,
				field: "spec.suspend", message: "must be of type boolean",
			}),
			Entry("`interval` below 1s", refusal{
				kind: kind, spec: `{interval: 0s}`,
				field: "spec.interval", message: "at least 1s",
			}),
			Entry("`interval` that is no duration", refusal{
				kind: kind, spec: `{interval: 1 day}`,
				field: "spec.interval", message: "must be a duration such as 30s, 10m or 1h30m",
			}),
		)
	}

	DescribeTable("any kind with", func(ctx SpecContext, kind string) {
		s := &story{Context: ctx, namespace: metav1.NamespaceDefault}
		object := s.manifest(kind, "", "")
		delete(object.Object, "spec")
		cause := theRefusal(suite.admin.Create(s, object))
		Expect(cause.Field).To(Equal("spec"))
		Expect(cause.Message).To(Equal("Required value"))
		expectDocumented("every kind", CurrentSpecReport().LeafNodeText, cause)

		// kubectl asks for strict validation, and then a field that does not
		// exist is an error of the request and not of the object.
		err := client.WithFieldValidation(suite.admin, metav1.FieldValidationStrict).Create(s, s.manifest(kind, "", `{buyerId: acme}`))
		Expect(apierrors.IsBadRequest(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring(`strict decoding error: unknown field "spec.buyerId"`)))
	},
		Entry("no `spec`", marketplaceKind),
		Entry("no `spec`", buyerUserKind),
		Entry("no `spec`", configKind),
		Entry("no `spec`", tokenKind),
	)
})

// expectDocumented holds the page about bad input to what the API server really
// says: it has a row with this kind, this mistake and exactly this message.
func expectDocumented(kind, mistake string, cause metav1.StatusCause) {
	GinkgoHelper()
	row := fmt.Sprintf(" | %s | `%s: %s` |", mistake, cause.Field, cause.Message)
	GinkgoWriter.Println("ROW | " + kind + row)
	page, err := os.ReadFile(badInputPage)
	Expect(err).NotTo(HaveOccurred())
	for line := range strings.Lines(string(page)) {
		kinds, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "| "), " | ")
		if " | "+rest == row && strings.Contains(kinds, kind) {
			return
		}
	}
	Fail(badInputPage + " lacks this row: | " + kind + row)
}
