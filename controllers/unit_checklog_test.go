// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
)

func TestTheLogSaysOnceWhatKeepsAMarketplaceFromAnswering(t *testing.T) {
	outage := failure.New(v1alpha1.ReasonUnavailable, "its host name is unknown")
	again := failure.New(v1alpha1.ReasonUnavailable, "its host name is unknown")
	other := failure.New(v1alpha1.ReasonUnavailable, "the proxy on the way refuses")
	for name, test := range map[string]struct {
		last, now *failure.Failure
		want      string
	}{
		"nothing is wrong":                  {nil, nil, ""},
		"it begins, or the process started": {nil, outage, "its host name is unknown"},
		"it goes on":                        {outage, again, ""},
		"it is something else now":          {outage, other, "the proxy on the way refuses"},
		"it is over":                        {other, nil, "can be used again"},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			logger := funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
			logCheck(log.IntoContext(t.Context(), logger), test.last, test.now)
			if got := strings.Join(lines, "\n"); (got == "") != (test.want == "") || !strings.Contains(got, test.want) || len(lines) > 1 {
				t.Errorf("the log says %q", got)
			}
		})
	}
}
