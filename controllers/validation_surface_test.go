// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// asTable is how kubectl asks for the columns that it prints.
const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io"

// ask sends a GET to the API server, as kubectl does.
func (s *story) ask(path, accept string, answer any) {
	GinkgoHelper()
	kubectl, err := discovery.NewDiscoveryClientForConfig(suite.plane.AdminConfig)
	Expect(err).NotTo(HaveOccurred())
	body, err := kubectl.RESTClient().Get().AbsPath(path).SetHeader("Accept", accept).Do(s).Raw()
	Expect(err).NotTo(HaveOccurred())
	Expect(json.Unmarshal(body, answer)).To(Succeed())
}

// rows are the cells of each object of a kind, as kubectl prints them, by the
// name of the object; headers are those of the columns, without the name's.
func (s *story) rows(plural string) (headers []string, cells map[string]map[string]any) {
	GinkgoHelper()
	var table metav1.Table
	s.ask("/apis/ordercloud.io/v1alpha1/namespaces/"+s.namespace+"/"+plural, asTable, &table)
	for _, column := range table.ColumnDefinitions {
		headers = append(headers, strings.ToUpper(column.Name))
	}
	cells = map[string]map[string]any{}
	for _, row := range table.Rows {
		named := map[string]any{}
		for index, cell := range row.Cells {
			named[headers[index]] = cell
		}
		name, ok := named["NAME"].(string)
		Expect(ok).To(BeTrue())
		delete(named, "NAME")
		Expect(named["AGE"]).To(MatchRegexp(`^[0-9]+s$`))
		delete(named, "AGE")
		cells[name] = named
	}
	return headers[1:], cells
}

var _ = Describe("The API server shows kubectl", func() {
	DescribeTable("the short name and the category of", func(ctx SpecContext, plural, shortName string) {
		s := &story{Context: ctx}
		var list metav1.APIResourceList
		s.ask("/apis/ordercloud.io/v1alpha1", "application/json", &list)
		index := slices.IndexFunc(list.APIResources, func(resource metav1.APIResource) bool { return resource.Name == plural })
		Expect(index).To(BeNumerically(">=", 0))
		resource := list.APIResources[index]
		Expect(resource.ShortNames).To(ConsistOf(shortName))
		Expect(resource.Categories).To(ConsistOf("ordercloud"))
		Expect(resource.Namespaced).To(BeTrue())
		Expect(slices.ContainsFunc(list.APIResources, func(resource metav1.APIResource) bool {
			return resource.Name == plural+"/status"
		})).To(BeTrue(), "no status subresource")
	},
		Entry("Marketplace", "marketplaces", "mkt"),
		Entry("BuyerUser", "buyerusers", "bu"),
		Entry("ImpersonationConfig", "impersonationconfigs", "ic"),
		Entry("ImpersonationToken", "impersonationtokens", "it"),
	)

	It("the columns of each kind, and the application that is set, by name or by ID", func(ctx SpecContext) {
		s := begin(ctx)
		s.create(s.user("jdoe"))
		byName, byID := s.config("by-name"), s.config("by-id")
		byID.Spec.ClientName, byID.Spec.ImpersonationGroupID = "", ""
		byID.Spec.ClientID = v1alpha1.ID(s.clientID("Storefront"))
		s.create(byName)
		s.create(byID)

		headers, _ := s.rows("marketplaces")
		Expect(headers).To(Equal([]string{"URL", "READY", "REASON", "USERS", "CONFIGS", "UNMANAGED", "HELD", "AGE", "MESSAGE"}))
		headers, _ = s.rows("buyerusers")
		Expect(headers).To(Equal([]string{"BUYER", "USER", "READY", "REASON", "DRIFTED", "AGE"}))
		headers, _ = s.rows("impersonationconfigs")
		Expect(headers).To(Equal([]string{"IMPERSONATOR", "TARGET", "CLIENT", "PROFILE", "READY", "REASON", "DRIFTED", "AGE"}))
		headers, _ = s.rows("impersonationtokens")
		Expect(headers).To(Equal([]string{"USER", "CLIENT", "SECRET", "READY", "REASON", "EXPIRES", "AGE"}))

		eventuallyRows := func(plural string, expected map[string]map[string]any) {
			GinkgoHelper()
			Eventually(func() map[string]map[string]any {
				_, cells := s.rows(plural)
				return cells
			}).WithContext(s).Should(Equal(expected))
		}
		eventuallyRows("marketplaces", map[string]map[string]any{
			"default": {
				"URL": s.url, "READY": "True", "REASON": "InSync", "USERS": 1.0, "CONFIGS": 2.0, "UNMANAGED": nil, "HELD": nil,
				"MESSAGE": "OrderCloud accepts the credentials and the token holds every role that is needed",
			},
		})
		eventuallyRows("buyerusers", map[string]map[string]any{
			"jdoe": {"BUYER": "acme", "USER": "jdoe", "READY": "True", "REASON": "Created", "DRIFTED": "False"},
		})
		eventuallyRows("impersonationconfigs", map[string]map[string]any{
			"by-name": {
				"IMPERSONATOR": "admin group customer-service", "TARGET": "acme", "CLIENT": "Storefront", "PROFILE": "cs-rep",
				"READY": "True", "REASON": "Created", "DRIFTED": "False",
			},
			"by-id": {
				"IMPERSONATOR": "admins", "TARGET": "acme", "CLIENT": string(byID.Spec.ClientID), "PROFILE": "cs-rep",
				"READY": "True", "REASON": "Created", "DRIFTED": "False",
			},
		})
	})

	DescribeTable("the objects that a field selector names:", func(ctx SpecContext, kind, field, matching, other string) {
		s := &story{Context: ctx}
		s.namespace = s.newNamespace(nil)
		s.declare(kind, "matching", matching)
		s.declare(kind, "other", other)

		sought := s.manifest(kind, "", matching)
		steps := strings.Split(field, ".")
		value, found, err := unstructured.NestedString(sought.Object, steps...)
		Expect(err).NotTo(HaveOccurred())
		Expect(found).To(BeTrue())
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
		Expect(suite.admin.List(s, list, client.InNamespace(s.namespace), client.MatchingFields{field: value})).To(Succeed())
		Expect(list.Items).To(HaveLen(1))
		Expect(list.Items[0].GetName()).To(Equal("matching"))
	},
		Entry("Marketplaces by environment", marketplaceKind, "spec.environment", `{environment: Staging}`, ""),
		Entry("BuyerUsers by buyer", buyerUserKind, "spec.buyerID", `{buyerID: globex}`, ""),
		Entry("BuyerUsers by user", buyerUserKind, "spec.userID", `{userID: ann}`, ""),
		Entry("BuyerUsers by Marketplace", buyerUserKind, "spec.marketplaceRef.name", `{marketplaceRef: {name: second}}`, ""),
		Entry("ImpersonationConfigs by buyer", configKind, "spec.buyerID", `{buyerID: globex}`, `{buyerID: acme}`),
		Entry("ImpersonationConfigs by security profile", configKind, "spec.securityProfileID", `{securityProfileID: shopper}`, ""),
		Entry("ImpersonationConfigs by the application's name", configKind, "spec.clientName", `{clientName: Kiosk}`, ""),
		Entry("ImpersonationConfigs by the application's ID", configKind, "spec.clientID", `{clientName: null, clientID: abc}`, ""),
		Entry("ImpersonationConfigs by Marketplace", configKind, "spec.marketplaceRef.name", `{marketplaceRef: {name: second}}`, ""),
	)

	It("which field selectors do not exist", func(ctx SpecContext) {
		err := suite.admin.List(ctx, &v1alpha1.BuyerUserList{}, client.MatchingFields{"spec.email": "jdoe@acme.example"})
		Expect(apierrors.IsBadRequest(err)).To(BeTrue(), "%v", err)
		Expect(err).To(MatchError(ContainSubstring("field label not supported: spec.email")))
	})

	It("a sentence about every field", func(ctx SpecContext) {
		s := &story{Context: ctx}
		var document struct {
			Components struct {
				Schemas map[string]map[string]any `json:"schemas"`
			} `json:"components"`
		}
		s.ask("/openapi/v3/apis/ordercloud.io/v1alpha1", "application/json", &document)
		for kind := range soundSpecs {
			schema, exists := document.Components.Schemas["io.ordercloud.v1alpha1."+kind]
			Expect(exists).To(BeTrue(), kind)
			Expect(undocumented(kind, schema)).To(BeEmpty())
		}
	})
})

// undocumented lists the fields that `kubectl explain` would show without a
// word of description.
func undocumented(path string, schema map[string]any) []string {
	var list []string
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		property, ok := properties[name].(map[string]any)
		if !ok {
			continue
		}
		if text, _ := property["description"].(string); text == "" {
			list = append(list, path+"."+name)
		}
		list = append(list, undocumented(path+"."+name, property)...)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		list = append(list, undocumented(path+"[]", items)...)
	}
	return list
}
