// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import "k8s.io/apimachinery/pkg/types"

// Waiting is how many callers wait for the answer of OrderCloud about a Marketplace.
func (r *Registry) Waiting(key types.NamespacedName) int {
	asks := r.known(key).prover
	asks.lock.Lock()
	defer asks.lock.Unlock()
	if asks.asked == nil {
		return 0
	}
	return asks.asked.waiters
}
