// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

func TestEnvironmentAndRegionNameTheBaseURL(t *testing.T) {
	const production, staging, sandbox = v1alpha1.EnvironmentProduction, v1alpha1.EnvironmentStaging, v1alpha1.EnvironmentSandbox
	type place struct {
		environment v1alpha1.Environment
		region      v1alpha1.Region
	}
	want := map[place]string{
		{production, ""}:                           "https://api.ordercloud.io",
		{staging, ""}:                              "https://stagingapi.ordercloud.io",
		{sandbox, ""}:                              "https://sandboxapi.ordercloud.io",
		{production, v1alpha1.RegionUSWest}:        "https://api.ordercloud.io",
		{staging, v1alpha1.RegionUSWest}:           "https://stagingapi.ordercloud.io",
		{sandbox, v1alpha1.RegionUSWest}:           "https://sandboxapi.ordercloud.io",
		{production, v1alpha1.RegionUSEast}:        "https://useast-production.ordercloud.io",
		{staging, v1alpha1.RegionUSEast}:           "https://useast-staging.ordercloud.io",
		{sandbox, v1alpha1.RegionUSEast}:           "https://useast-sandbox.ordercloud.io",
		{production, v1alpha1.RegionAustraliaEast}: "https://australiaeast-production.ordercloud.io",
		{staging, v1alpha1.RegionAustraliaEast}:    "https://australiaeast-staging.ordercloud.io",
		{sandbox, v1alpha1.RegionAustraliaEast}:    "https://australiaeast-sandbox.ordercloud.io",
		{production, v1alpha1.RegionWestEurope}:    "https://westeurope-production.ordercloud.io",
		{staging, v1alpha1.RegionWestEurope}:       "https://westeurope-staging.ordercloud.io",
		{sandbox, v1alpha1.RegionWestEurope}:       "https://westeurope-sandbox.ordercloud.io",
		{production, v1alpha1.RegionJapanEast}:     "https://japaneast-production.ordercloud.io",
		{staging, v1alpha1.RegionJapanEast}:        "https://japaneast-staging.ordercloud.io",
		{sandbox, v1alpha1.RegionJapanEast}:        "https://japaneast-sandbox.ordercloud.io",
	}
	allowed := endpoints(t, marketplace.DefaultEndpoints)
	for place, url := range want {
		t.Run(string(place.environment)+" "+string(place.region), func(t *testing.T) {
			got := marketplace.BaseURL(&v1alpha1.MarketplaceSpec{Environment: place.environment, Region: place.region})
			if got != url {
				t.Errorf("got %s, want %s", got, url)
			}
			if !allowed.Allows(got) {
				t.Error("not allowed by default")
			}
		})
	}
}

func TestAURLTakesThePlaceOfEnvironmentAndRegion(t *testing.T) {
	for url, want := range map[string]string{
		"https://proxy.example":       "https://proxy.example",
		"https://proxy.example/":      "https://proxy.example",
		"https://proxy.example:8443/": "https://proxy.example:8443",
	} {
		t.Run(url, func(t *testing.T) {
			spec := v1alpha1.MarketplaceSpec{URL: url, Region: v1alpha1.RegionJapanEast}
			if got := marketplace.BaseURL(&spec); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func endpoints(t *testing.T, list ...string) marketplace.Endpoints {
	t.Helper()
	parsed, err := marketplace.ParseEndpoints(list)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestOnlyListedHostsAreContacted(t *testing.T) {
	for name, test := range map[string]struct {
		allowed string
		url     string
		want    bool
	}{
		"a subdomain":                             {"https://*.ordercloud.io", "https://api.ordercloud.io", true},
		"a subdomain of a subdomain":              {"https://*.ordercloud.io", "https://a.b.ordercloud.io", true},
		"with a slash at the end":                 {"https://*.ordercloud.io", "https://api.ordercloud.io/", true},
		"with the scheme's own port":              {"https://*.ordercloud.io", "https://api.ordercloud.io:443", true},
		"in upper case":                           {"https://*.ordercloud.io", "HTTPS://API.OrderCloud.IO", true},
		"a list in upper case":                    {"HTTPS://*.OrderCloud.IO", "https://api.ordercloud.io", true},
		"the domain itself is no subdomain":       {"https://*.ordercloud.io", "https://ordercloud.io", false},
		"nothing before the dot":                  {"https://*.ordercloud.io", "https://.ordercloud.io", false},
		"a domain that ends alike":                {"https://*.ordercloud.io", "https://evilordercloud.io", false},
		"a domain that begins alike":              {"https://*.ordercloud.io", "https://api.ordercloud.io.evil.example", false},
		"as user information":                     {"https://*.ordercloud.io", "https://api.ordercloud.io@evil.example", false},
		"with user information":                   {"https://*.ordercloud.io", "https://user:secret@api.ordercloud.io", false},
		"with an empty user":                      {"https://*.ordercloud.io", "https://@api.ordercloud.io", false},
		"another port":                            {"https://*.ordercloud.io", "https://api.ordercloud.io:8443", false},
		"a port with zeros":                       {"https://*.ordercloud.io", "https://api.ordercloud.io:0443", false},
		"plain http":                              {"https://*.ordercloud.io", "http://api.ordercloud.io", false},
		"plain http to the port of https":         {"https://*.ordercloud.io", "http://api.ordercloud.io:443", false},
		"a dot at the end":                        {"https://*.ordercloud.io", "https://api.ordercloud.io.", false},
		"a path":                                  {"https://*.ordercloud.io", "https://api.ordercloud.io/v1", false},
		"a path to a directory above":             {"https://*.ordercloud.io", "https://api.ordercloud.io/..", false},
		"a query":                                 {"https://*.ordercloud.io", "https://api.ordercloud.io?x=https://evil.example", false},
		"an empty query":                          {"https://*.ordercloud.io", "https://api.ordercloud.io?", false},
		"a fragment":                              {"https://*.ordercloud.io", "https://evil.example#.ordercloud.io", false},
		"a backslash":                             {"https://*.ordercloud.io", `https://evil.example\.ordercloud.io`, false},
		"a space":                                 {"https://*.ordercloud.io", "https://evil.example .ordercloud.io", false},
		"a line break":                            {"https://*.ordercloud.io", "https://api.ordercloud.io\r\nHost: evil.example", false},
		"an escaped dot":                          {"https://*.ordercloud.io", "https://api%2eordercloud.io", false},
		"an escaped null":                         {"https://*.ordercloud.io", "https://evil.example%00.ordercloud.io", false},
		"a star":                                  {"https://*.ordercloud.io", "https://*.ordercloud.io", false},
		"no scheme":                               {"https://*.ordercloud.io", "api.ordercloud.io", false},
		"only slashes":                            {"https://*.ordercloud.io", "//api.ordercloud.io", false},
		"another scheme":                          {"https://*.ordercloud.io", "ftp://api.ordercloud.io", false},
		"a scheme without slashes":                {"https://*.ordercloud.io", "https:api.ordercloud.io", false},
		"nothing":                                 {"https://*.ordercloud.io", "", false},
		"a full-width dot":                        {"https://*.ordercloud.io", "https://evil.example。ordercloud.io", false},
		"a letter that only looks like another":   {"https://*.ordercloud.io", "https://api.оrdercloud.io", false},
		"a letter whose lower case is an i":       {"https://*.ordercloud.io", "https://api.ordercloud.İo", false},
		"a sign whose lower case is a k":          {"https://shop.example.uk", "https://shop.example.u\u212A", false},
		"a soft hyphen":                           {"https://*.ordercloud.io", "https://evil\u00ad.ordercloud.io", false},
		"exactly this host":                       {"https://api.ordercloud.io", "https://api.ordercloud.io", true},
		"not its neighbour":                       {"https://api.ordercloud.io", "https://sandboxapi.ordercloud.io", false},
		"exactly this port":                       {"https://proxy.example:8443", "https://proxy.example:8443", true},
		"not any port":                            {"https://proxy.example:8443", "https://proxy.example", false},
		"the https port, written out in the list": {"https://proxy.example:443", "https://proxy.example", true},
		"localhost over http":                     {"http://localhost:9990", "http://localhost:9990", true},
		"localhost on another port":               {"http://localhost:9990", "http://localhost:9991", false},
		"localhost is not 127.0.0.1":              {"http://localhost:9990", "http://127.0.0.1:9990", false},
		"a loopback address":                      {"http://127.0.0.1:9990", "http://127.0.0.1:9990", true},
		"a loopback address over https":           {"http://127.0.0.1:9990", "https://127.0.0.1:9990", false},
		"another loopback address":                {"http://127.0.0.1:9990", "http://127.0.0.2:9990", false},
		"a short loopback address":                {"http://127.0.0.1", "http://127.1", false},
		"the IPv6 loopback address":               {"http://[::1]:9990", "http://[::1]:9990", true},
		"an IPv6 address with a zone":             {"http://[::1]:9990", "http://[::1%25eth0]:9990", false},
		"any port of a loopback address":          {"http://127.0.0.1:*", "http://127.0.0.1:9990", true},
		"the port of http among any":              {"http://127.0.0.1:*/", "http://127.0.0.1", true},
		"any port of localhost over https":        {"https://localhost:*", "https://localhost:8443", true},
		"any port of the IPv6 loopback address":   {"http://[::1]:*", "http://[::1]:1", true},
		"any port of another loopback address":    {"http://127.0.0.1:*", "http://127.0.0.2:9990", false},
		"any port, over https":                    {"http://127.0.0.1:*", "https://127.0.0.1:9990", false},
		"any port is no port itself":              {"http://127.0.0.1:*", "http://127.0.0.1:*", false},
		"another IPv6 address":                    {"https://[2001:db8::1]", "https://[2001:db8::2]", false},
		"an IPv6 address over https":              {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := endpoints(t, test.allowed).Allows(test.url); got != test.want {
				t.Errorf("%q allows %q: %v", test.allowed, test.url, got)
			}
		})
	}
}

func TestAListMayHaveSeveralEndpointsOrNone(t *testing.T) {
	several := endpoints(t, " https://*.ordercloud.io", "http://127.0.0.1:9990 ")
	for url, want := range map[string]bool{
		"https://api.ordercloud.io": true, "http://127.0.0.1:9990": true, "https://127.0.0.1:9990": false,
	} {
		if several.Allows(url) != want {
			t.Errorf("%s: %v", url, !want)
		}
	}
	if endpoints(t).Allows("https://api.ordercloud.io") {
		t.Error("an empty list allows something")
	}
}

func TestAListThatAllowsMoreThanItSaysIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"everything":                          "https://*",
		"a star and a dot":                    "https://*.",
		"two stars":                           "https://*.*.io",
		"a star in the middle":                "https://api.*.io",
		"a star at the end":                   "https://api.ordercloud.*",
		"a star inside a label":               "https://api*.ordercloud.io",
		"a star without a dot":                "https://*ordercloud.io",
		"a star for the port":                 "https://api.ordercloud.io:*",
		"a star for a private network's port": "https://10.0.0.1:*",
		"a star for the port of subdomains":   "http://*.localhost:*",
		"a star after a port":                 "http://127.0.0.1:80:*",
		"a star within a port":                "http://127.0.0.1:9*",
		"a star for the port and a path":      "http://127.0.0.1:*/v1",
		"a star for the scheme":               "*://api.ordercloud.io",
		"plain http":                          "http://api.ordercloud.io",
		"plain http to a private network":     "http://10.0.0.1:9990",
		"plain http to anything in loopback":  "http://*.localhost",
		"plain http to every address":         "http://0.0.0.0:9990",
		"plain http to an IPv6 address":       "http://[2001:db8::1]",
		"a path":                              "https://api.ordercloud.io/v1",
		"user information":                    "https://user@api.ordercloud.io",
		"a query":                             "https://api.ordercloud.io?x",
		"an empty query":                      "https://api.ordercloud.io?",
		"no scheme":                           "api.ordercloud.io",
		"no host":                             "https://",
		"only a port":                         "https://:443",
		"nothing":                             "",
		"letters that are not ASCII":          "https://api.оrdercloud.io",
		"no URL":                              "https://[::1",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := marketplace.ParseEndpoints([]string{"https://api.ordercloud.io", text}); err == nil {
				t.Errorf("%q is accepted", text)
			}
		})
	}
}
