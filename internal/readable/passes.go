// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package readable

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// lookAgain is when a pass is repeated that met a kind that cannot be read. Informers try
// theirs again after half a minute at most.
const lookAgain = 30 * time.Second

// Passes wraps a reconciler. A pass that would read a kind that cannot be read is repeated
// later; it is no error, which would be logged for every object.
func Passes(next reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
		result, err := next.Reconcile(ctx, request)
		if As(err) != nil {
			return reconcile.Result{RequeueAfter: lookAgain}, nil //nolint:nilerr // told by the readiness probe and a metric, not by each object
		}
		return result, err
	})
}
