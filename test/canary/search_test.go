// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/test/canary"
)

func TestACanaryIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	const secret = `Canary/Pass+9&"word`
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	var canaries canary.Canaries
	canaries.Add("password", secret)
	for name, text := range map[string]string{
		"as it is":                secret,
		"cut":                     secret[:14],
		"its end":                 secret[4:],
		"in a query":              url.QueryEscape(secret),
		"in a query, twice":       url.QueryEscape(url.QueryEscape(secret)),
		"in HTML":                 html.EscapeString(secret),
		"in JSON":                 string(quoted),
		"in JSON in JSON":         string(twice),
		"in base64":               base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64 for URLs":      base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"within base64":           base64.StdEncoding.EncodeToString([]byte("x=" + secret + ";")),
		"in base64 after letters": "x" + base64.StdEncoding.EncodeToString([]byte(secret)),
		"in hex":                  hex.EncodeToString([]byte(secret)),
		"in a dump":               hex.Dump([]byte("some bytes before " + secret + " and after")),
		"in a dump in JSON":       func() string { b, _ := json.Marshal(hex.Dump([]byte("before " + secret))); return string(b) }(),
		"in base64 in a query":    url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
	} {
		if got := canaries.In("before " + text + " after"); len(got) == 0 {
			t.Errorf("%s: %q is not found", name, text)
		}
	}
	if got := canaries.In("Canary and Pass and word"); len(got) > 0 {
		t.Errorf("found %q", got)
	}
}

func TestWhatLooksLikeAnEntityHidesNoEscape(t *testing.T) {
	t.Parallel()
	var canaries canary.Canaries
	canaries.Add("password", "p;assword-12")
	if got := canaries.In(`before &\u0070;assword-12 after`); len(got) == 0 {
		t.Error("it is not found")
	}
}
