// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grants is the rule by which OrderCloud decides who may impersonate whom.
package grants
