// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
)

// DefaultEndpoints are the hosts that the operator may contact unless it is
// told otherwise: OrderCloud's own [D].
const DefaultEndpoints = "https://*.ordercloud.io"

// Endpoints are the base URLs that the operator may contact. No other host ever
// gets a request, let alone credentials.
type Endpoints struct {
	patterns []endpoint
}

type endpoint struct {
	scheme string
	host   string // lower case; "*." in front stands for one or more labels
	port   string // never empty; anyPort only in a pattern
}

// anyPort stands for all ports of a loopback host: tests listen where they can, and
// nobody else is reached.
const anyPort = "*"

// ParseEndpoints reads a list of scheme://host[:port], in which a host may
// begin with "*." to stand for all its subdomains. Plain http is refused for
// any host but loopback, whose port may be * for all.
func ParseEndpoints(list []string) (Endpoints, error) {
	var endpoints Endpoints
	for _, text := range list {
		pattern, err := parsePattern(strings.TrimSpace(text))
		if err != nil {
			return Endpoints{}, fmt.Errorf("reading allowed endpoint %q: %w", text, err)
		}
		endpoints.patterns = append(endpoints.patterns, pattern)
	}
	return endpoints, nil
}

// Allows says whether a base URL may be contacted.
func (e Endpoints) Allows(baseURL string) bool {
	target, err := parseEndpoint(baseURL)
	if err != nil || strings.Contains(target.host, "*") {
		return false
	}
	for _, pattern := range e.patterns {
		if pattern.matches(target) {
			return true
		}
	}
	return false
}

func (e endpoint) matches(target endpoint) bool {
	if e.scheme != target.scheme || e.port != target.port && e.port != anyPort {
		return false
	}
	if suffix, ok := strings.CutPrefix(e.host, "*"); ok {
		return strings.HasSuffix(target.host, suffix) && len(target.host) > len(suffix)
	}
	return e.host == target.host
}

// parsePattern reads what is allowed, in which the port of a loopback host may be *.
func parsePattern(text string) (endpoint, error) {
	every, ok := strings.CutSuffix(strings.TrimSuffix(text, "/"), ":"+anyPort)
	if !ok {
		return parseEndpoint(text)
	}
	pattern, err := parseEndpoint(every)
	if err != nil {
		return endpoint{}, err
	}
	if !isLoopback(pattern.host) || strings.HasSuffix(every, ":"+pattern.port) {
		return endpoint{}, fmt.Errorf("the port * is for a loopback host only, such as http://127.0.0.1:*")
	}
	pattern.port = anyPort
	return pattern, nil
}

func parseEndpoint(text string) (endpoint, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return endpoint{}, fmt.Errorf("parsing the URL: %w", err)
	}
	if parsed.User != nil || strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "" {
		return endpoint{}, fmt.Errorf("only scheme://host[:port] is allowed")
	}
	result := endpoint{scheme: parsed.Scheme, host: strings.ToLower(parsed.Hostname()), port: parsed.Port()}
	if !validHost(parsed.Hostname()) {
		return endpoint{}, fmt.Errorf("the host is missing, is not ASCII or has a * elsewhere than in front of its first dot")
	}
	switch {
	case result.scheme == "https":
		result.port = orDefault(result.port, "443")
	case result.scheme == "http" && isLoopback(result.host):
		result.port = orDefault(result.port, "80")
	default:
		return endpoint{}, fmt.Errorf("the scheme must be https, or http for a loopback host")
	}
	return result, nil
}

// validHost takes names and addresses in ASCII only: the lower case of some other
// letters is ASCII (that of İ is i), and the HTTP client would go elsewhere.
func validHost(host string) bool {
	rest := strings.TrimPrefix(host, "*.")
	return rest != "" && !strings.ContainsFunc(rest, isNotInHosts)
}

func isNotInHosts(letter rune) bool {
	isLetter := letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z'
	isDigit := letter >= '0' && letter <= '9'
	return !isLetter && !isDigit && !strings.ContainsRune(".-:", letter)
}

func isLoopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

func orDefault(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// BaseURL resolves the base URL of OrderCloud's API that a Marketplace names, in its
// canonical form: two that reach the same place are equal. The hosts of environments and regions are
// OrderCloud's documented ones [D].
func BaseURL(spec *v1alpha1.MarketplaceSpec) string {
	if spec.URL != "" {
		return claim.CanonicalURL(spec.URL)
	}
	if spec.Region == "" || spec.Region == v1alpha1.RegionUSWest {
		prefix := map[v1alpha1.Environment]string{
			v1alpha1.EnvironmentStaging: "staging",
			v1alpha1.EnvironmentSandbox: "sandbox",
		}[spec.Environment]
		return "https://" + prefix + "api.ordercloud.io"
	}
	return fmt.Sprintf("https://%s-%s.ordercloud.io",
		strings.ToLower(string(spec.Region)), strings.ToLower(string(spec.Environment)))
}
