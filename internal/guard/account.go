// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// ownAccount is the key of the account of the Marketplace's own namespace, which is
// everybody's without spec.tenants.
const ownAccount = ""

// everyNamespace is how a label selector is written that matches everything.
const everyNamespace = "<none>"

// limits bound the deletions of one account.
type limits struct {
	// maximum are let through in the window; 0 holds none.
	maximum int32
	window  time.Duration
	// underWay is how many may be under way at a time.
	underWay int
	// field of the Marketplace's spec says the maximum.
	field string
}

// origin is where an object is.
type origin struct {
	namespace string
	labels    labels.Set
}

// account is what an entry of spec.tenants makes.
type account struct {
	key     string
	selects labels.Selector
	limits  limits
	// entry is the place in spec.tenants.
	entry int
}

// arrangement says which deletions share an account: a number that is theirs, and a hold
// that is theirs.
type arrangement struct {
	// owner is the Marketplace's own namespace.
	owner string
	// own are the limits of its account.
	own limits
	// isShared says that this account is everybody's.
	isShared bool
	// tenants have the others, in the order in which they are asked.
	tenants []account
}

// arrangementOf is what a Marketplace declares.
func arrangementOf(declared *v1alpha1.Marketplace) arrangement {
	guarded := declared.Spec.DeletionGuard
	own := limits{maximum: defaultMaximum, window: defaultWindow, underWay: v1alpha1.MaxDeletionsUnderWay, field: "deletionGuard.maxDeletions"}
	if guarded.MaxDeletions != nil {
		own.maximum = *guarded.MaxDeletions
	}
	if guarded.Window != nil && guarded.Window.Duration > 0 {
		own.window = guarded.Window.Duration
	}
	made := arrangement{owner: declared.Namespace, own: own, isShared: declared.Spec.Tenants == nil}
	for index := range declared.Spec.Tenants {
		tenant := &declared.Spec.Tenants[index]
		selector := tenant.Namespaces.LabelSelector()
		selects, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			continue // it matches nothing
		}
		given := own
		// Those of all tenants together fit into the status, and nobody takes another's place.
		given.underWay = max(1, v1alpha1.MaxDeletionsUnderWay/len(declared.Spec.Tenants))
		if tenant.MaxDeletions != nil {
			given.maximum, given.field = *tenant.MaxDeletions, fmt.Sprintf("tenants[%d].maxDeletions", index)
		}
		made.tenants = append(made.tenants, account{
			key: metav1.FormatLabelSelector(selector), selects: selects, limits: given, entry: index,
		})
	}
	return made
}

// arrangementIn is what was declared when the deletions were held that a record holds.
func arrangementIn(known v1alpha1.Deletions, owner string) arrangement {
	made := arrangement{owner: owner, isShared: len(known.Selectors) == 0}
	for _, key := range known.Selectors {
		selects := labels.Everything()
		if key != everyNamespace {
			var err error
			if selects, err = labels.Parse(key); err != nil {
				continue // the guard has not written it
			}
		}
		made.tenants = append(made.tenants, account{key: key, selects: selects})
	}
	return made
}

// accountOf returns the key of an object's account: that of the first entry which matches
// its namespace. Nothing may be deleted of a namespace that has none.
func (a arrangement) accountOf(where origin) (key string, ok bool) {
	if a.isShared || where.namespace == a.owner {
		return ownAccount, true
	}
	for _, tenant := range a.tenants {
		if tenant.selects.Matches(where.labels) {
			return tenant.key, true
		}
	}
	return "", false
}

// asksLabels says that the labels of a namespace decide about its account.
func (a arrangement) asksLabels(namespace string) bool {
	return !a.isShared && namespace != a.owner && len(a.tenants) > 0 && !a.tenants[0].selects.Empty()
}

// tenantOf returns the entry that an account is of, and nil for the Marketplace's own. Of
// several with the same selector it is the first, which alone is ever found.
func (a arrangement) tenantOf(key string) *account {
	for index := range a.tenants {
		if a.tenants[index].key == key {
			return &a.tenants[index]
		}
	}
	return nil
}

func (a arrangement) limitsOf(key string) limits {
	if tenant := a.tenantOf(key); tenant != nil {
		return tenant.limits
	}
	return a.own
}

// keys are those of the tenants' accounts, each once, in the order of the entries.
func (a arrangement) keys() []string {
	var keys []string
	for _, tenant := range a.tenants {
		if !slices.Contains(keys, tenant.key) {
			keys = append(keys, tenant.key)
		}
	}
	return keys
}
