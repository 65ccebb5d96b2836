// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
)

// membership is a user's place in a group.
type membership struct {
	UserGroupID string `json:"UserGroupID"`
	UserID      string `json:"UserID"`
}

var membershipKind = &kind[membership]{idName: "userID", id: func(m membership) string { return m.UserID }}

// IsMember says whether a user is a member of a user group: of a buyer, or with an empty
// buyerID an admin user of an admin user group. It needs UserGroupReader, or for admin
// user groups AdminUserGroupReader [D]; IsForbidden tells that the token lacks it.
func (c *Client) IsMember(ctx context.Context, buyerID, groupID, userID string) (bool, error) {
	members := newCollection(c, membershipKind, "usergroups/assignments")
	if buyerID != "" {
		members = newBuyerCollection(c, membershipKind, buyerID, "usergroups/assignments")
	}
	page, err := members.List(ctx, Query{Filters: []Filter{
		{Field: "userGroupID", Expression: groupID}, {Field: "userID", Expression: userID},
	}})
	if err != nil {
		return false, err
	}
	for _, member := range page.Items {
		if member.UserGroupID == groupID && member.UserID == userID {
			return true, nil
		}
	}
	return false, nil
}
