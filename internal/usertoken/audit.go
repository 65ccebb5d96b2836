// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"context"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/audit"
)

// marked says in the audit log for which resource a token is asked for.
func (p *pass) marked(ctx context.Context) context.Context {
	return audit.With(ctx, audit.Write{
		Namespace: p.object.Namespace, Kind: "ImpersonationToken", Name: p.object.Name,
		UID: p.object.UID, Generation: p.object.Generation, Path: p.wanted.user(), Reason: v1alpha1.ReasonIssued,
	})
}
