// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
)

// newLogger returns the operator's logger. Of lines that are all alike it leaves some out
// after the first hundred of a second, as controller-runtime has it, but none of the audit.
func newLogger(options *zap.Options) logr.Logger {
	var all zapcore.Core
	options.ZapOpts = append(options.ZapOpts, uberzap.WrapCore(func(core zapcore.Core) zapcore.Core {
		all = core // before controller-runtime wraps it
		return core
	}))
	sampled := zap.NewRaw(zap.UseFlagOptions(options))
	return zapr.NewLogger(sampled.WithOptions(uberzap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return auditInFull{Core: core, all: all}
	})))
}

// auditInFull is a sampled core that lets all lines of the audit through.
type auditInFull struct {
	zapcore.Core

	all zapcore.Core
}

// With returns a core that adds the fields to every line.
func (c auditInFull) With(fields []zapcore.Field) zapcore.Core {
	return auditInFull{Core: c.Core.With(fields), all: c.all.With(fields)}
}

// Check adds the core that writes the line, if any does.
func (c auditInFull) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if entry.LoggerName == audit.LoggerName {
		return c.all.Check(entry, checked)
	}
	return c.Core.Check(entry, checked)
}
