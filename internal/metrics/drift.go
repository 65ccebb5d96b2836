// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "strings"

var (
	driftDetected = newCounter("ordercloud_drift_detected_total",
		"Fields that were found changed in OrderCloud, each counted once for each time that it drifted. Every key of the extended properties counts as xp, an object that is missing as ID.",
		labelKind, labelField)
	driftCorrected = newCounter("ordercloud_drift_corrected_total",
		"Fields that had drifted and that the operator put back. Every key of the extended properties counts as xp, an object that was created again as ID.",
		labelKind, labelField)
)

// fields are what can drift, by kind. Their counters are there from the start: of one
// that begins with 1, Prometheus sees no increase.
var fields = map[string][]string{
	"BuyerUser": {"ID", "Username", "FirstName", "LastName", "Email", "Active", "Phone", "TermsAccepted", "xp", "Password"},
	"ImpersonationConfig": {
		"ID", "ImpersonationBuyerID", "ImpersonationGroupID", "ImpersonationUserID", "BuyerID", "GroupID", "UserID", "SecurityProfileID", "ClientID",
	},
}

func init() {
	for kind, names := range fields {
		for _, name := range names {
			driftDetected.WithLabelValues(kind, name)
			driftCorrected.WithLabelValues(kind, name)
		}
	}
}

// DriftDetected counts that fields of one object of a kind, in OrderCloud's names,
// were found changed, but for those that were known to be. All extended properties
// together are one field.
func DriftDetected(kind string, found, known []string) {
	for _, field := range beside(known, found) {
		driftDetected.WithLabelValues(kind, field).Inc()
	}
}

// DriftCorrected counts that fields of one object of a kind, in OrderCloud's names,
// which had drifted, were put back, but for those that still differ. All extended
// properties together are one field.
func DriftCorrected(kind string, drifted, still []string) {
	for _, field := range beside(still, drifted) {
		driftCorrected.WithLabelValues(kind, field).Inc()
	}
}

// beside returns what is only in the second list, once. What users name freely is
// cut off, so that labels stay few.
func beside(known, found []string) []string {
	seen := map[string]bool{}
	for _, field := range known {
		seen[bounded(field)] = true
	}
	var names []string
	for _, field := range found {
		if name := bounded(field); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func bounded(field string) string {
	name, _, _ := strings.Cut(field, ".")
	return name
}
