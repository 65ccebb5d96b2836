// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// acrossPath lists the users of all buyers.
const acrossPath = "/v1/buyerusers"

// rolesAcross let a token list the users of all buyers [D]; BuyerUserAdmin does
// not.
var rolesAcross = []string{"FullAccess", "BuyerUserReader"}

// userKey names a user: an ID is unique inside of its buyer only [D].
type userKey struct{ buyerID, userID string }

func (k userKey) fold() userKey {
	return userKey{buyerID: strings.ToLower(k.buyerID), userID: strings.ToLower(k.userID)}
}

// users looks users up in their buyer's list or, where the token may, in the list
// across all buyers, so that batches fill though each buyer has only a few.
type users struct {
	client   *ordercloud.Client
	observer Observer

	lock sync.Mutex
	// across says that the token may list across buyers.
	across bool
	// refused is when such a list was not answered usably: for a while it is not tried
	// again.
	refused time.Time
	// crowded are IDs, in lower case, of which the list across buyers held so many
	// that others found no place, and when. For a while these users are looked up in their
	// buyer's own list.
	crowded map[string]time.Time
}

// relearnAfter is how long what was learnt of the lists of a marketplace is believed:
// roles are granted, and users move.
const relearnAfter = 5 * time.Minute

func (u *users) route() string { return "/v1/buyers/{buyerID}/users" }

// prepare asks what the token may. Without a token there are no looks, and to find
// that out for each buyer would take a request each.
func (u *users) prepare(ctx context.Context) error {
	token, err := u.client.Token(ctx)
	if err != nil {
		return err
	}
	u.lock.Lock()
	defer u.lock.Unlock()
	for id, since := range u.crowded {
		if time.Since(since) >= relearnAfter {
			delete(u.crowded, id)
		}
	}
	u.across = (u.refused.IsZero() || time.Since(u.refused) >= relearnAfter) &&
		slices.ContainsFunc(rolesAcross, func(role string) bool { return slices.Contains(token.Roles, role) })
	return nil
}

func (u *users) choose(waiting []userKey, _ bool) ([]userKey, bool) {
	u.lock.Lock()
	defer u.lock.Unlock()
	first := waiting[0]
	own, whole := u.ofBuyer(first.buyerID, waiting)
	if !u.across || u.isCrowded(first) || whole {
		return own, whole
	}
	chosen, isFull := fit(waiting, u.client.BaseURL()+acrossPath+byID, func(key userKey) (string, bool) { return key.userID, !u.isCrowded(key) })
	if !slices.ContainsFunc(chosen, func(key userKey) bool { return key.buyerID != first.buyerID }) {
		return own, whole // it is the buyer's own list that is asked, whose URL is longer
	}
	return chosen, isFull
}

// ofBuyer chooses those whom one call of the buyer's own list answers.
func (u *users) ofBuyer(buyerID string, waiting []userKey) (chosen []userKey, whole bool) {
	path := u.client.BaseURL() + u.client.BuyerUsers(buyerID).ListPath() + byID
	return fit(waiting, path, func(key userKey) (string, bool) { return key.userID, key.buyerID == buyerID })
}

func (u *users) isCrowded(key userKey) bool { return !u.crowded[key.fold().userID].IsZero() }

func (u *users) one(ctx context.Context, key userKey) (ordercloud.BuyerUser, bool, error) {
	u.observer.called()
	return present(u.client.BuyerUsers(key.buyerID).Get(ctx, key.userID))
}

func (u *users) many(ctx context.Context, keys []userKey) (found map[userKey]ordercloud.BuyerUser, unsure []userKey, err error) {
	isOther := func(key userKey) bool { return key.buyerID != keys[0].buyerID }
	if slices.ContainsFunc(keys, isOther) {
		return u.manyAcross(ctx, keys)
	}
	return u.manyOfBuyer(ctx, keys)
}

func (u *users) manyOfBuyer(ctx context.Context, keys []userKey) (found map[userKey]ordercloud.BuyerUser, unsure []userKey, err error) {
	u.observer.called()
	page, err := listByID(ctx, u.client.BuyerUsers(keys[0].buyerID).List, userIDs(keys))
	if ordercloud.IsNotFound(err) {
		return nil, nil, nil // there is no such buyer, and so none of its users
	}
	if err != nil {
		return nil, nil, err
	}
	if isCut(page) {
		return nil, nil, errUnusable
	}
	answered := map[userKey]ordercloud.BuyerUser{}
	for _, user := range page.Items {
		answered[userKey{keys[0].buyerID, user.ID}] = user
	}
	found, unsure = assign(keys, answered, userKey.fold)
	return found, unsure, nil
}

// manyAcross asks for users of several buyers at once. Users of other buyers with
// the same IDs come along, and CompanyID tells them apart; where they leave no
// room, whoever did not find a place is unsure.
func (u *users) manyAcross(ctx context.Context, keys []userKey) (found map[userKey]ordercloud.BuyerUser, unsure []userKey, err error) {
	u.observer.called()
	page, err := listByID(ctx, u.client.ListBuyerUsers, userIDs(keys))
	if ordercloud.IsForbidden(err) {
		u.refuse() // and one look by itself tells whether only this list is
		return nil, nil, err
	}
	if err == nil && !isUsable(keys, page.Items) {
		u.refuse()
		return u.manyByBuyer(ctx, keys)
	}
	if err != nil {
		return nil, nil, err
	}
	answered := map[userKey]ordercloud.BuyerUser{}
	for _, user := range page.Items {
		answered[userKey{user.CompanyID, user.ID}] = user
	}
	found, unsure = assign(keys, answered, userKey.fold)
	if isCut(page) {
		u.noteCrowded(keys, page.Items)
		unsure = slices.DeleteFunc(slices.Clone(keys), func(key userKey) bool {
			_, ok := found[key]
			return ok
		})
	}
	return found, unsure, nil
}

// isUsable says that users can be told apart and that the filter was heeded.
func isUsable(asked []userKey, answered []ordercloud.BuyerUser) bool {
	wanted := map[string]bool{}
	for _, key := range asked {
		wanted[key.fold().userID] = true
	}
	return !slices.ContainsFunc(answered, func(user ordercloud.BuyerUser) bool {
		return user.CompanyID == "" || !wanted[strings.ToLower(user.ID)]
	})
}

func (u *users) refuse() {
	u.lock.Lock()
	defer u.lock.Unlock()
	u.refused, u.across = time.Now(), false
}

// manyByBuyer asks each buyer's own list.
func (u *users) manyByBuyer(ctx context.Context, keys []userKey) (found map[userKey]ordercloud.BuyerUser, unsure []userKey, err error) {
	found = map[userKey]ordercloud.BuyerUser{}
	for len(keys) > 0 {
		chosen, _ := u.ofBuyer(keys[0].buyerID, keys)
		if len(chosen) == 1 {
			unsure = append(unsure, chosen...)
		} else {
			some, others, err := u.manyOfBuyer(ctx, chosen)
			if err != nil {
				return found, unsure, err
			}
			maps.Copy(found, some)
			unsure = append(unsure, others...)
		}
		keys = slices.DeleteFunc(slices.Clone(keys), func(key userKey) bool { return slices.Contains(chosen, key) })
	}
	return found, unsure, nil
}

// noteCrowded notes the IDs that brought along users whom nobody asked for: as long
// as somebody found no place, there is one.
func (u *users) noteCrowded(asked []userKey, answered []ordercloud.BuyerUser) {
	u.lock.Lock()
	defer u.lock.Unlock()
	for _, user := range answered {
		if key := (userKey{user.CompanyID, user.ID}); !slices.Contains(asked, key) {
			u.crowded[key.fold().userID] = time.Now()
		}
	}
}

func userIDs(keys []userKey) []string {
	var ids []string
	seen := map[string]bool{}
	for _, key := range keys {
		if !seen[key.userID] {
			seen[key.userID] = true
			ids = append(ids, key.userID)
		}
	}
	return ids
}
