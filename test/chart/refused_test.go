// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("A value that is wrong is refused by both versions of Helm, with its name and what is wrong",
	func(ctx SpecContext, value, complaint string) {
		for version, helm := range suite.helms {
			_, err := helm.template(ctx, release, system, "--set-json", value)
			Expect(err).To(MatchError(ContainSubstring(complaint)), version)
		}
	},
	// What values.schema.json says.
	Entry("a misspelt name", `replica=2`, "at '': additional properties 'replica' not allowed"),
	Entry("a misspelt name below another", `metrics.serviceMonitor.enable=true`, "at '/metrics/serviceMonitor': additional properties 'enable' not allowed"),
	Entry("too few replicas", `replicas=-1`, "at '/replicas': minimum: got -1, want 0"),
	Entry("a number as text", `replicas="two"`, "at '/replicas': got string, want integer"),
	Entry("text as a truth value", `crds.keep="no"`, "at '/crds/keep': got string, want boolean"),
	Entry("an unknown word", `image.pullPolicy="always"`, "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"),
	Entry("a digest without its algorithm", `image.digest="0123"`, "at '/image/digest': '0123' does not match pattern"),
	Entry("a name that no namespace has", `watchNamespaces=["Shop"]`, "at '/watchNamespaces/0': 'Shop' does not match pattern"),
	Entry("one namespace twice", `watchNamespaces=["shop","shop"]`, "at '/watchNamespaces': items at 0 and 1 are equal"),
	Entry("one namespace as text", `impersonationTokens.namespaces="shop"`, "at '/impersonationTokens/namespaces': got string, want array"),
	Entry("a host without a scheme", `allowedEndpoints=["api.ordercloud.io"]`, "at '/allowedEndpoints/0': 'api.ordercloud.io' does not match pattern"),
	Entry("no duration", `orphanAfter="soon"`, "at '/orphanAfter': 'soon' does not match pattern"),
	Entry("an unknown level", `logging.level="warn"`, "at '/logging/level': value must be one of '', 'debug', 'info', 'error', 'panic'"),
	Entry("no flag", `extraArgs=["enable-http2"]`, "at '/extraArgs/0': 'enable-http2' does not match pattern"),
	Entry("no port", `metrics.port=70000`, "at '/metrics/port': maximum: got 70,000, want 65,535"),
	Entry("a subject without a name", `metrics.readers=[{"kind":"User"}]`, "at '/metrics/readers/0': missing property 'name'"),
	Entry("an interval with a space", `metrics.serviceMonitor.interval="30 s"`, "at '/metrics/serviceMonitor/interval': '30 s' does not match pattern"),
	Entry("a budget that lets nobody go", `podDisruptionBudget.maxUnavailable=0`, "at '/podDisruptionBudget/maxUnavailable': minimum: got 0, want 1"),
	Entry("a label that is no text", `nodeSelector.gpu=true`, "at '/nodeSelector/gpu': got boolean, want string"),
	Entry("a profile with an asterisk inside", `admissionPolicies.securityProfiles.allowed=["a*b"]`, "at '/admissionPolicies/securityProfiles/allowed/0': 'a*b' does not match pattern"),
	Entry("a buyer with an asterisk inside", `admissionPolicies.buyers.allowed=["a*b"]`, "at '/admissionPolicies/buyers/allowed/0': 'a*b' does not match pattern"),
	Entry("an impersonator of no kind", `admissionPolicies.impersonators.allowed=["desk"]`, "at '/admissionPolicies/impersonators/allowed/0': 'desk' does not match pattern"),
	Entry("a role with a space", `admissionPolicies.tokenRoles.allowed=["Me Admin"]`, "at '/admissionPolicies/tokenRoles/allowed/0': 'Me Admin' does not match pattern"),
	Entry("a kind that there is not", `userRoles.aggregate.edit=["User"]`, "at '/userRoles/aggregate/edit/0': value must be one of 'Marketplace', 'BuyerUser', 'ImpersonationConfig', 'ImpersonationToken'"),
	Entry("what userRoles.aggregate was before", `userRoles.aggregate=false`, "at '/userRoles/aggregate': got boolean, want object"),
	Entry("no address", `networkPolicy.apiServer.cidrs=["kubernetes"]`, "at '/networkPolicy/apiServer/cidrs/0': 'kubernetes' does not match pattern"),
	// What the templates say: values that contradict each other.
	Entry("an account that nobody makes", `serviceAccount.create=false`, "serviceAccount.name: with serviceAccount.create=false, name the ServiceAccount that is there"),
	Entry("a policy without the API server", `networkPolicy.enabled=true`, "networkPolicy.apiServer.cidrs: a chart cannot know where the API server is: list the addresses"),
	Entry("a monitor without metrics", `metrics={"enabled":false,"serviceMonitor":{"enabled":true}}`, "metrics.serviceMonitor.enabled: there is nothing to read: set metrics.enabled=true"),
	Entry("alerts without metrics", `metrics={"enabled":false,"prometheusRule":{"enabled":true}}`, "metrics.prometheusRule.enabled: there is nothing to read: set metrics.enabled=true"),
	Entry("a certificate without TLS", `metrics={"secure":false,"certificate":{"secretName":"metrics"}}`, "metrics.certificate.secretName: metrics.secure=false serves metrics without a certificate: set only one of them"),
	Entry("readers of what everybody may read", `metrics={"secure":false,"readers":[{"kind":"User","name":"jdoe"}]}`, "metrics.readers: with metrics.secure=false everybody may read the metrics: set only one of them"),
)

var _ = DescribeTable("Tokens in a namespace that is not watched are refused", func(ctx SpecContext, version string) {
	_, err := suite.helms[version].template(ctx, release, system, "--set", "watchNamespaces={shop},impersonationTokens.namespaces={support}")
	Expect(err).To(MatchError(ContainSubstring(`impersonationTokens.namespaces: "support" is not watched: add it to watchNamespaces, or take it out`)))
}, Entry(nil, "Helm 4"), Entry(nil, "Helm 3"))
