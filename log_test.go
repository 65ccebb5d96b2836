// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
)

func TestNoLineOfTheAuditIsLeftOut(t *testing.T) {
	const burst = 1000
	parsed, _ := parseFlags(t)
	var out bytes.Buffer
	parsed.zap.DestWriter = &out
	logger := newLogger(&parsed.zap)
	told := logger.WithName(audit.LoggerName).WithValues("marketplace", "shop/default")
	for range burst {
		told.Info(audit.Message)
		logger.WithName("another").Info("Something else")
	}
	if got := strings.Count(out.String(), `"msg":"`+audit.Message+`","marketplace":"shop/default"`); got != burst {
		t.Errorf("%d of %d lines of the audit are there", got, burst)
	}
	if got := strings.Count(out.String(), "Something else"); got == 0 || got == burst {
		t.Errorf("%d of %d other lines are there", got, burst)
	}
}

func TestTheLogLevelIsTheOneThatIsAskedFor(t *testing.T) {
	for level, want := range map[string]int{"error": 0, "info": 1, "debug": 2} {
		parsed, _ := parseFlags(t, "--zap-log-level="+level)
		var out bytes.Buffer
		parsed.zap.DestWriter = &out
		logger := newLogger(&parsed.zap)
		logger.WithName(audit.LoggerName).Info("told")
		logger.V(1).Info("told")
		if got := strings.Count(out.String(), `"msg":"told"`); got != want {
			t.Errorf("%s: %d lines: %s", level, got, out.String())
		}
	}
}
