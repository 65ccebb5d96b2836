// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// maxAccounts is how many accounts of tenants a record has at most.
const maxAccounts = 100

// waiter is a deletion that takes the guard's leave, and where its object is.
type waiter struct {
	deletion

	origin origin
}

// sight is how the objects of a Marketplace are, whichever account they are of.
type sight struct {
	// there are those that are under way and whose deletion is not done yet.
	there   map[string]bool
	waiting []waiter
}

// decide answers one deletion by all that is known of a Marketplace, and says what is
// known from then on. It is a pure function, as the one for a single account is. Only a
// change of spec.tenants carries anything from one account into another.
func (a arrangement) decide(now time.Time, known v1alpha1.Deletions, asks waiter, seen sight) (v1alpha1.Deletions, answer) {
	if isUnderWay(known, asks.uid) {
		return known, admitted
	}
	key, _ := a.accountOf(asks.origin)
	next := a.rearrange(upgrade(known, a.own.window), append(slices.Clone(seen.waiting), asks))
	own := standing{there: seen.there, waiting: a.sorted(seen.waiting)[key]}
	decided, said := decide(a.limitsOf(key), now, accountIn(next, key), asks.deletion, own)
	next = withAccount(next, key, decided)
	if equality.Semantic.DeepEqual(known, next) {
		return known, said
	}
	isDone := func(uid string) bool { return uid != asks.uid && !seen.there[uid] }
	return a.tidy(now, next, isDone), said
}

// decideAlone answers a deletion that no other object has a part in, and says whether it
// could.
func (a arrangement) decideAlone(known v1alpha1.Deletions, asks waiter) (answer, bool) {
	if isUnderWay(known, asks.uid) {
		return admitted, true
	}
	if !a.isRecorded(known) {
		return held, false
	}
	key, _ := a.accountOf(asks.origin)
	return decideAlone(a.limitsOf(key), accountIn(known, key), asks.deletion)
}

// heldOf lists those of all accounts that are held.
func (a arrangement) heldOf(known v1alpha1.Deletions, seen sight) []deletion {
	known = a.rearrange(known, seen.waiting)
	var found []deletion
	for key, waiting := range a.sorted(seen.waiting) {
		found = append(found, heldOf(a.limitsOf(key), accountIn(known, key), standing{there: seen.there, waiting: waiting})...)
	}
	return found
}

// sorted has those who wait by their accounts, without those who are of none.
func (a arrangement) sorted(waiting []waiter) map[string][]deletion {
	type place struct {
		account string
		ok      bool
	}
	places, found := map[string]place{}, map[string][]deletion{}
	for _, waits := range waiting {
		of, known := places[waits.origin.namespace]
		if !known {
			of.account, of.ok = a.accountOf(waits.origin)
			places[waits.origin.namespace] = of
		}
		if of.ok {
			found[of.account] = append(found[of.account], waits.deletion)
		}
	}
	return found
}

// isRecorded says that what is held was held by this arrangement.
func (a arrangement) isRecorded(known v1alpha1.Deletions) bool {
	return !isHolding(known) || slices.Equal(known.Selectors, a.selectors(known))
}

// selectors are those of the entries, and behind them those of former ones that still hold
// something of namespaces which no entry matches. Without spec.tenants there are none.
func (a arrangement) selectors(known v1alpha1.Deletions) []string {
	if a.isShared {
		return nil
	}
	found := a.keys()
	for _, tenant := range known.Tenants {
		if tenant.HeldAbove != nil && a.tenantOf(tenant.Namespaces) == nil {
			found = append(found, tenant.Namespaces)
		}
	}
	return found
}

// rearrange carries what is held over into the accounts that it is of by now: entries that
// are renamed, added, removed or put in another order release nothing. A hold goes with
// those who are held and not with the entry, so that whom an entry matches from now on is
// not held by what others have deleted. Who is of no account stays where it was, and
// hinders nobody there. It is released as all are: by a maximum, that of its new account,
// which is larger than the one that it was held above.
func (a arrangement) rearrange(known v1alpha1.Deletions, waiting []waiter) v1alpha1.Deletions {
	if a.isRecorded(known) {
		return known
	}
	before := arrangementIn(known, a.owner)
	next := withoutHolds(known)
	for _, waits := range waiting {
		from, ok := before.accountOf(waits.origin)
		holds := accountIn(known, from)
		if !ok || !isAmongHeld(holds, waits.deletion) {
			continue
		}
		to, ok := a.accountOf(waits.origin)
		if !ok {
			to = from
		}
		next = withAccount(next, to, holdAlso(accountIn(next, to), *holds.HeldAbove, waits.asked))
	}
	next.Selectors = a.selectors(next)
	return next
}

// holdAlso lets an account hold what another one has held: above the larger number, and
// until the later time.
func holdAlso(known v1alpha1.DeletionAccount, above int32, asked metav1.Time) v1alpha1.DeletionAccount {
	if known.HeldAbove == nil || *known.HeldAbove < above {
		known.HeldAbove = &above
	}
	if asked.After(known.HeldUntil.Time) {
		known.HeldUntil = asked
	}
	return known
}

// tidy is a record without what does not count any more: accounts of which nothing is
// known, those of former entries beyond what a record may have (their deletions ask
// again), and the arrangement unless something is held by it.
func (a arrangement) tidy(now time.Time, known v1alpha1.Deletions, isDone func(uid string) bool) v1alpha1.Deletions {
	trim := func(account v1alpha1.DeletionAccount) v1alpha1.DeletionAccount {
		account = upToDate(account, a.own.window, now)
		account.UnderWay = slices.DeleteFunc(slices.Clone(account.UnderWay), isDone)
		return account
	}
	next := v1alpha1.Deletions{DeletionAccount: trim(known.DeletionAccount)}
	keys := a.keys()
	for _, tenant := range known.Tenants {
		if !slices.Contains(keys, tenant.Namespaces) {
			keys = append(keys, tenant.Namespaces)
		}
	}
	for _, key := range keys {
		trimmed := v1alpha1.TenantDeletions{Namespaces: key, DeletionAccount: trim(accountIn(known, key))}
		isEmpty := len(trimmed.Recent) == 0 && len(trimmed.UnderWay) == 0 && trimmed.HeldAbove == nil
		if !isEmpty && len(next.Tenants) < maxAccounts {
			next.Tenants = append(next.Tenants, trimmed)
		}
	}
	if isHolding(next) {
		next.Selectors = a.selectors(next)
	}
	return next
}

// upgrade brings what earlier versions have written into today's form. They had one
// account.
func upgrade(known v1alpha1.Deletions, window time.Duration) v1alpha1.Deletions {
	if known.WindowStart.IsZero() {
		known.Admitted = 0
		return known
	}
	// When in their window they were let through was not written down: perhaps at its end.
	end := metav1.NewTime(known.WindowStart.Add(window).Truncate(time.Second).Add(time.Second))
	known.Recent = append(slices.Clone(known.Recent), v1alpha1.RecentDeletions{Until: end, Admitted: known.Admitted})
	known.WindowStart, known.Admitted = metav1.Time{}, 0
	return known
}

// accountsIn lists what is known of each account.
func accountsIn(known v1alpha1.Deletions) []v1alpha1.DeletionAccount {
	accounts := []v1alpha1.DeletionAccount{known.DeletionAccount}
	for _, tenant := range known.Tenants {
		accounts = append(accounts, tenant.DeletionAccount)
	}
	return accounts
}

func accountIn(known v1alpha1.Deletions, key string) v1alpha1.DeletionAccount {
	if key == ownAccount {
		return known.DeletionAccount
	}
	for _, tenant := range known.Tenants {
		if tenant.Namespaces == key {
			return tenant.DeletionAccount
		}
	}
	return v1alpha1.DeletionAccount{}
}

func withAccount(known v1alpha1.Deletions, key string, account v1alpha1.DeletionAccount) v1alpha1.Deletions {
	if key == ownAccount {
		known.DeletionAccount = account
		return known
	}
	known.Tenants = slices.Clone(known.Tenants)
	for index := range known.Tenants {
		if known.Tenants[index].Namespaces == key {
			known.Tenants[index].DeletionAccount = account
			return known
		}
	}
	known.Tenants = append(known.Tenants, v1alpha1.TenantDeletions{Namespaces: key, DeletionAccount: account})
	return known
}

func withoutHolds(known v1alpha1.Deletions) v1alpha1.Deletions {
	known.HeldAbove, known.HeldUntil = nil, metav1.Time{}
	known.Tenants = slices.Clone(known.Tenants)
	for index := range known.Tenants {
		known.Tenants[index].HeldAbove, known.Tenants[index].HeldUntil = nil, metav1.Time{}
	}
	return known
}

func isUnderWay(known v1alpha1.Deletions, uid string) bool {
	return slices.ContainsFunc(accountsIn(known), func(account v1alpha1.DeletionAccount) bool {
		return slices.Contains(account.UnderWay, uid)
	})
}

func isHolding(known v1alpha1.Deletions) bool {
	return slices.ContainsFunc(accountsIn(known), func(account v1alpha1.DeletionAccount) bool { return account.HeldAbove != nil })
}

// opens says that an account holds something in one record, and nothing in the next.
func opens(known, next v1alpha1.Deletions) bool {
	if known.HeldAbove != nil && next.HeldAbove == nil {
		return true
	}
	return slices.ContainsFunc(known.Tenants, func(tenant v1alpha1.TenantDeletions) bool {
		return tenant.HeldAbove != nil && accountIn(next, tenant.Namespaces).HeldAbove == nil
	})
}
