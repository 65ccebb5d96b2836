// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sandbox is Sitecore OrderCloud in memory: an [http.Handler] that
// answers the part of the OrderCloud API that the operator uses, with its own
// JSON and its own rules, so that a wrong name on the wire or a forgotten role
// shows in a test and not in a marketplace.
//
// # What it serves
//
//   - POST /oauth/token, GET /env, GET /v1/me;
//   - create, read, list, overwrite, patch and delete of buyers, buyer users,
//     buyer user groups, security profiles, API clients, admin users, admin
//     user groups and impersonation configs, and the assignments among them;
//   - impersonation tokens, revocation, unlocking and moving of buyer users;
//   - /_sandbox/..., which is not OrderCloud's: faults, changes from outside,
//     snapshot and restore, statistics. It asks for no credentials, so a
//     sandbox belongs on a loopback address.
//
// # What it rests on
//
// Comments mark where a behaviour comes from: [D] is documented by OrderCloud,
// [I] is inferred from its official clients and tools, [N] is not established.
// Everything of the third sort is in assumptions.go.
package sandbox
