// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func TestWhatATokenClaimsIsCutToWhatCanBeRecorded(t *testing.T) {
	many := make([]string, 1200)
	for index := range many {
		many[index] = fmt.Sprint("Role", index)
	}
	for name, test := range map[string]struct{ claimed, want []string }{
		"good ones":          {[]string{"Shopper", "MeAdmin"}, []string{"Shopper", "MeAdmin"}},
		"a very long one":    {[]string{strings.Repeat("x", 300), "Shopper"}, []string{"Shopper"}},
		"one that is hidden": {[]string{"Shop\x1b[31mper", "", "Shopper"}, []string{"Shopper"}},
		"far too many":       {many, many[:1000]},
	} {
		t.Run(name, func(t *testing.T) {
			access := accessToken(jwt.MapClaims{"role": test.claimed, "usr": strings.Repeat("u", 300) + "\n", "imp": "\x00"})
			got, err := ReadAccessToken(Secret(access))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Roles); diff != "" {
				t.Errorf("roles (-want +got)\n%s", diff)
			}
			if len([]rune(got.Username)) > 256 || strings.ContainsAny(got.Username+got.Impersonator, "\n\x00") {
				t.Errorf("it stands for %q and %q", got.Username, got.Impersonator)
			}
		})
	}
}
