// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

var leader = newGauge("ordercloud_operator_leader",
	"1 on the replica that works, 0 on one that waits to become the leader. Only the leader has metrics of objects.")

func init() { Leads(false) }

// Leads records whether this replica is the one that works.
func Leads(leads bool) {
	value := 0.0
	if leads {
		value = 1
	}
	leader.WithLabelValues().Set(value)
}
