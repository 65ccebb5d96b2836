// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package logging makes the one logger that the operator and its libraries write to.
package logging

import (
	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// mostVerbose is the last level that is written, whatever is asked for: client-go prints
// headers at 7 and the bodies of requests and answers at 8, Secrets included.
const mostVerbose = 5

// SetUp makes the logger and gives it to all that log: the operator, controller-runtime,
// and client-go, which takes the logger of a pass from its context and klog's without one.
func SetUp(options zap.Options) {
	logger := New(options)
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
}

// New returns the logger. It writes every line, however many are alike: who asks what the
// operator did wants all of it. No line is more verbose than level 5.
func New(options zap.Options) logr.Logger {
	if asked := options.Level; asked != nil {
		options.Level = uberzap.LevelEnablerFunc(func(level zapcore.Level) bool {
			return level >= -mostVerbose && asked.Enabled(level)
		})
	}
	var unsampled zapcore.Core
	options.ZapOpts = append(options.ZapOpts, uberzap.WrapCore(func(core zapcore.Core) zapcore.Core {
		unsampled = core // before controller-runtime wraps it
		return core
	}))
	raw := zap.NewRaw(zap.UseFlagOptions(&options))
	return zapr.NewLogger(raw.WithOptions(uberzap.WrapCore(func(zapcore.Core) zapcore.Core { return unsampled })))
}
