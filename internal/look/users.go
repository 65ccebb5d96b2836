// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// acrossPath lists the users of all buyers.
const acrossPath = "/v1/buyerusers"

// rolesAcross let a token list the users of all buyers [D]; BuyerUserAdmin does
// not.
var rolesAcross = []string{"FullAccess", "BuyerUserReader"}

// ownListFrom is how many users of one buyer have to wait for the buyer's own list
// to be worth a call when the list across buyers would hold others too.
const ownListFrom = ordercloud.MaximumPageSize / 2

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
	// refused says that such a list was not answered usably: it is not tried again
	// with this client.
	refused bool
	// crowded are IDs, in lower case, of which the list across buyers holds so many
	// that others find no place. These users are looked up in their buyer's own list.
	crowded map[string]bool
}

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
	u.across = !u.refused &&
		slices.ContainsFunc(rolesAcross, func(role string) bool { return slices.Contains(token.Roles, role) })
	return nil
}

func (u *users) choose(waiting []userKey, _ bool) ([]userKey, bool) {
	u.lock.Lock()
	defer u.lock.Unlock()
	first := waiting[0]
	ownPath := u.client.BaseURL() + u.client.BuyerUsers(first.buyerID).ListPath() + byID
	own, whole := fit(waiting, ownPath, func(key userKey) (string, bool) { return key.userID, key.buyerID == first.buyerID })
	if !u.across || u.isCrowded(first) || len(own) >= ownListFrom {
		return own, whole
	}
	chosen, isFull := fit(waiting, u.client.BaseURL()+acrossPath+byID, func(key userKey) (string, bool) { return key.userID, !u.isCrowded(key) })
	if !slices.ContainsFunc(chosen, func(key userKey) bool { return key.buyerID != first.buyerID }) {
		return own, whole // it is the buyer's own list that is asked, whose URL is longer
	}
	return chosen, isFull
}

func (u *users) isCrowded(key userKey) bool { return u.crowded[key.fold().userID] }

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
	if ordercloud.IsForbidden(err) || err == nil && !isUsable(keys, page.Items) {
		u.refuse()
		return nil, nil, errUnusable
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
	u.refused, u.across = true, false
}

// noteCrowded notes the IDs that brought along users whom nobody asked for: as long
// as somebody found no place, there is one.
func (u *users) noteCrowded(asked []userKey, answered []ordercloud.BuyerUser) {
	u.lock.Lock()
	defer u.lock.Unlock()
	for _, user := range answered {
		if key := (userKey{user.CompanyID, user.ID}); !slices.Contains(asked, key) {
			u.crowded[key.fold().userID] = true
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
