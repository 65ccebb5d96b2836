// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// home is where the repository is published.
const home = "https://github.com/ordercloud-operator/ordercloud-operator"

// TestEveryLinkLeadsSomewhere follows the links of every Markdown file of the
// repository, to a file and to a heading in it.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	pages := map[string]page{}
	for _, page := range allPages(t) {
		pages[page.path] = page
	}
	followed := 0
	for _, from := range pages {
		for _, link := range from.links {
			target, fragment, isOurs := resolve(from.path, link.text)
			if !isOurs {
				continue
			}
			followed++
			to, isPage := pages[target]
			switch {
			case !exists(target):
				t.Errorf("%s: %s: there is no %s", link.at(), link.text, target)
			case isPage && !to.anchors[fragment]:
				t.Errorf("%s: %s: %s has no heading that makes #%s", link.at(), link.text, target, fragment)
			}
		}
	}
	t.Logf("%d links inside of the repository, in %d files", followed, len(pages))
	if followed < 100 {
		t.Error("hardly any link was found: does this test still read the pages?")
	}
}

// resolve is the path in the repository that a link leads to, if it leads there.
func resolve(from, destination string) (target, fragment string, isOurs bool) {
	parsed, err := url.Parse(destination)
	if err != nil {
		return destination, "", true
	}
	if parsed.Host != "" {
		// .../blob/main/config/crd is a file of the repository, too.
		inside, found := strings.CutPrefix(destination, home+"/")
		kind, rest, _ := strings.Cut(inside, "/")
		branch, rest, _ := strings.Cut(rest, "/")
		if !found || (kind != "blob" && kind != "tree") || branch != "main" {
			return "", "", false
		}
		return strings.TrimSuffix(rest, "#"+parsed.Fragment), parsed.Fragment, true
	}
	if parsed.Scheme != "" {
		return "", "", false
	}
	if parsed.Path == "" {
		return from, parsed.Fragment, true
	}
	return path.Join(path.Dir(from), parsed.Path), parsed.Fragment, true
}

// TestEveryPageIsInTheIndex: docs/README.md is the index, and the order of the
// site. Pages of a directory may have an index of their own.
func TestEveryPageIsInTheIndex(t *testing.T) {
	listed := map[string]bool{"docs/README.md": true}
	pages := documentation(t)
	for _, page := range pages {
		if path.Base(page.path) != "README.md" || !strings.HasPrefix(page.path, "docs/") {
			continue
		}
		for _, link := range page.links {
			if target, _, isOurs := resolve(page.path, link.text); isOurs {
				listed[target] = true
			}
		}
	}
	for _, page := range pages {
		if strings.HasPrefix(page.path, "docs/") && !listed[page.path] {
			t.Errorf("%s is not in docs/README.md, so nobody finds it", page.path)
		}
	}
}

// notInSlugs is what GitHub leaves out of a heading's anchor.
var notInSlugs = regexp.MustCompile(`[^\pL\pM\pN\p{Pc}\- ]`)

// slugOf is the anchor that GitHub gives a heading; the site has the same.
func slugOf(heading string) string {
	lower := strings.Map(unicode.ToLower, heading)
	return strings.ReplaceAll(notInSlugs.ReplaceAllString(lower, ""), " ", "-")
}

func TestSlugsAreThoseOfGitHub(t *testing.T) {
	for heading, want := range map[string]string{
		"Which request":                         "which-request",
		"Drift, and what is none":               "drift-and-what-is-none",
		"--max-concurrent-reconciles":           "--max-concurrent-reconciles",
		"429":                                   "429",
		"Staging's Sunday":                      "stagings-sunday",
		"ADR 0002: claims & reading":            "adr-0002-claims--reading",
		"spec.marketplaceRef_name (v1)":         "specmarketplaceref_name-v1",
		"Who is \u201ctrusted\u201d, for what?": "who-is-trusted-for-what",
	} {
		if got := slugOf(heading); got != want {
			t.Errorf("the anchor of %q is %q, want %q", heading, got, want)
		}
	}
}
