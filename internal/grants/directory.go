// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import (
	"iter"
	"slices"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// directory knows the users of a marketplace and the parties they belong to.
type directory struct {
	accounts map[User]*account
	// members of admin users, buyers and groups; a user alone is no entry.
	members map[party][]User
	// buyers with users.
	buyers []string
}

// account is what the rule has to know about one user.
type account struct {
	// bar is why the user cannot impersonate anybody, or "".
	bar Reason
	// parties the user belongs to: itself, its groups, its buyer or all admin users [I].
	parties []party
}

func newDirectory(snapshot Snapshot) *directory {
	d := &directory{accounts: map[User]*account{}, members: map[party][]User{}}
	inactive := map[string]bool{}
	for _, buyer := range snapshot.Buyers {
		inactive[buyer.ID] = !buyer.Active
	}
	for _, admin := range snapshot.AdminUsers {
		d.add(User{UserID: admin.ID}, ordercloud.BuyerUser(admin), true)
	}
	for _, user := range snapshot.BuyerUsers {
		d.add(User{BuyerID: user.CompanyID, UserID: user.ID}, user, !inactive[user.CompanyID])
	}
	for _, member := range snapshot.GroupMembers {
		d.join(User{BuyerID: member.BuyerID, UserID: member.UserID}, party{buyerID: member.BuyerID, groupID: member.GroupID})
	}
	return d
}

func (d *directory) add(user User, described ordercloud.BuyerUser, companyActive bool) {
	company := party{buyerID: user.BuyerID}
	if !user.IsAdmin() && d.members[company] == nil {
		d.buyers = append(d.buyers, user.BuyerID)
	}
	d.accounts[user] = &account{bar: barOf(described, companyActive), parties: []party{user.party()}}
	d.join(user, company)
}

func (d *directory) join(user User, joined party) {
	known, ok := d.accounts[user]
	if !ok {
		return
	}
	known.parties = append(known.parties, joined)
	d.members[joined] = append(d.members[joined], user)
}

// rolesToImpersonate are those of which an impersonator needs one [D].
var rolesToImpersonate = []string{"BuyerImpersonation", "FullAccess"}

// barOf says what keeps a user from impersonating anybody: it cannot authenticate, or it
// lacks the role.
func barOf(user ordercloud.BuyerUser, companyActive bool) Reason {
	switch {
	case !user.Active || !companyActive:
		return ImpersonatorInactive
	case !slices.ContainsFunc(rolesToImpersonate, func(role string) bool { return slices.Contains(user.AvailableRoles, role) }):
		return RoleMissing
	}
	return ""
}

// bar is why a user cannot impersonate anybody, or "".
func (d *directory) bar(user User) Reason {
	known, ok := d.accounts[user]
	if !ok {
		return ImpersonatorNotFound
	}
	return known.bar
}

// hasBuyerUser tells whether there is a buyer user of that name.
func (d *directory) hasBuyerUser(user User) bool {
	_, ok := d.accounts[user]
	return ok && !user.IsAdmin()
}

// asImpersonator lists the parties by which a config may let a user impersonate.
func (d *directory) asImpersonator(user User) []party {
	known, ok := d.accounts[user]
	if !ok {
		return nil
	}
	return known.parties
}

// asImpersonated lists the parties by which a config may let a buyer user be
// impersonated.
func (d *directory) asImpersonated(user User) []party {
	return append(slices.Clip(d.asImpersonator(user)), everyone)
}

// membersOf lists the users of a party; everyone are the admin users. A party of both a
// group and a user, which OrderCloud refuses [I], has none.
func (d *directory) membersOf(of party) []User {
	if of.userID == "" || of.groupID != "" {
		return d.members[of]
	}
	user := User{BuyerID: of.buyerID, UserID: of.userID}
	if _, ok := d.accounts[user]; !ok {
		return nil
	}
	return []User{user}
}

// impersonated yields the users of a party that is impersonated, as far as they reach an
// application.
func (d *directory) impersonated(of party, in *application) iter.Seq[User] {
	buyers := []string{of.buyerID}
	if of == everyone {
		buyers = d.buyers
	}
	return func(yield func(User) bool) {
		for _, buyerID := range buyers {
			if !in.reaches(buyerID) {
				continue
			}
			for _, user := range d.membersOf(party{buyerID: buyerID, groupID: of.groupID, userID: of.userID}) {
				if !yield(user) {
					return
				}
			}
		}
	}
}
