// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"net/http"
	"strings"
)

// assignmentRoutes adds the assignments: security profiles to parties, API
// clients to buyers, users to groups [D].
func (s *Sandbox) assignmentRoutes(reads, writes func(string, access, endpoint)) {
	profileWriters := access{roles: []string{"SecurityProfileAdmin", "SetSecurityProfile"}, sellerOnly: true}
	reads("GET /v1/securityprofiles/assignments", profileWriters, listProfileAssignments)
	writes("POST /v1/securityprofiles/assignments", profileWriters, assignProfile)
	writes("DELETE /v1/securityprofiles/{securityProfileID}/assignments", profileWriters, unassignProfile)

	clientReaders := access{roles: []string{"ApiClientAdmin", "ApiClientReader"}, sellerOnly: true}
	clientWriters := access{roles: []string{"ApiClientAdmin"}, sellerOnly: true}
	reads("GET /v1/apiclients/assignments", clientReaders, listClientAssignments)
	writes("POST /v1/apiclients/assignments", clientWriters, assignClient)
	writes("DELETE /v1/buyers/{buyerID}/ApiClients/Assignments/{apiClientID}", clientWriters, unassignClient)

	for _, k := range []*kind{s.kinds.buyerUserGroup, s.kinds.adminUserGroup} {
		reader := access{roles: k.readers, sellerOnly: k.sellerOnly, ownBuyer: true}
		writer := access{roles: k.writers, sellerOnly: k.sellerOnly, ownBuyer: true}
		reads("GET /v1/"+k.template+"/assignments", reader, listMembers)
		writes("POST /v1/"+k.template+"/assignments", writer, assignMember)
		writes("DELETE /v1/"+k.template+"/{userGroupID}/assignments/{userID}", writer, unassignMember)
	}
}

// assignmentPage answers a page of assignments that match every filter of the
// query.
func (c *call) assignmentPage(rows []map[string]any) answer {
	values := c.request.URL.Query()
	query, refused := parsePaging(values)
	if refused != nil {
		return refused.answer()
	}
	matching := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		if rowMatches(row, values) {
			matching = append(matching, row)
		}
	}
	first := min((query.page-1)*query.pageSize, len(matching))
	last := min(first+query.pageSize, len(matching))
	return encoded(map[string]any{
		"Meta":  newMeta(query.page, query.pageSize, len(matching)),
		"Items": matching[first:last],
	})
}

// rowMatches applies query parameters such as buyerID to fields such as
// BuyerID. Parameters without a field of that name are no filters.
func rowMatches(row map[string]any, values map[string][]string) bool {
	for name, value := range row {
		for parameter, wanted := range values {
			if strings.EqualFold(parameter, name) && !strings.EqualFold(textOf(value), wanted[0]) {
				return false
			}
		}
	}
	return true
}

func (c *call) require(path, objectType, id string) *refusal {
	if _, _, found := c.state.at(path); !found {
		return notFound(objectType, id)
	}
	return nil
}

// idAt is the ID, as it is answered, of the object that a path names.
func (s *state) idAt(path string) any {
	if _, found, ok := s.at(path); ok {
		return found.id()
	}
	return nil
}

func listProfileAssignments(c *call) answer {
	var rows []map[string]any
	level, commerceRole := c.request.URL.Query().Get("level"), c.request.URL.Query().Get("commerceRole")
	for _, pair := range c.state.profiles.pairs() {
		row := c.state.partyRow(pair[1])
		row["SecurityProfileID"] = c.state.idAt(pair[0])
		if (level == "" || level == partyLevel(row)) && (commerceRole == "" || commerceRole == partyRole(row)) {
			rows = append(rows, row)
		}
	}
	return c.assignmentPage(rows)
}

// partyRow names a party by the fields that an assignment has for it.
func (s *state) partyRow(party string) map[string]any {
	row := map[string]any{"BuyerID": nil, "SupplierID": nil, "UserID": nil, "UserGroupID": nil}
	parts := strings.Split(party, "/")
	if parts[0] == "buyers" {
		row["BuyerID"] = s.idAt(strings.Join(parts[:2], "/"))
		if len(parts) == 2 {
			return row
		}
		parts = parts[2:]
	}
	switch parts[0] {
	case "users", "adminusers":
		row["UserID"] = s.idAt(party)
	case "usergroups":
		row["UserGroupID"] = s.idAt(party)
	}
	return row
}

func partyLevel(row map[string]any) string {
	switch {
	case row["UserID"] != nil:
		return "User"
	case row["UserGroupID"] != nil:
		return "Group"
	}
	return "Company"
}

func partyRole(row map[string]any) string {
	if row["BuyerID"] != nil {
		return "Buyer"
	}
	return "Seller"
}

// party checks that the party of an assignment exists and returns its path.
func (c *call) party(buyerID, groupID, userID, supplierID string) (string, *refusal) {
	switch {
	case supplierID != "":
		return "", notFound("Supplier", supplierID)
	case groupID != "" && userID != "":
		return "", refuse(statusPartyAssignment, "PartyAssignment.CannotSpecifyGroupAndUser", "A group and a user exclude each other.", nil)
	}
	if buyerID != "" {
		if refused := c.require(buyerPath(buyerID), "Buyer", buyerID); refused != nil {
			return "", refused
		}
	}
	path := memberPath(buyerID, groupID, userID)
	switch {
	case groupID != "":
		return path, c.require(path, "UserGroup", groupID)
	case userID != "":
		return path, c.require(path, "User", userID)
	}
	return path, nil
}

func assignProfile(c *call) answer {
	profileID := textOf(c.body["SecurityProfileID"])
	profile := "securityprofiles/" + idKey(profileID)
	if refused := c.require(profile, "SecurityProfile", profileID); refused != nil {
		return refused.answer()
	}
	party, refused := c.party(textOf(c.body["BuyerID"]), textOf(c.body["UserGroupID"]), textOf(c.body["UserID"]), textOf(c.body["SupplierID"]))
	if refused != nil {
		return refused.answer()
	}
	c.state.profiles.add(profile, party)
	return c.assigned()
}

func unassignProfile(c *call) answer {
	values := c.request.URL.Query()
	profileID := c.path("securityProfileID")
	profile := "securityprofiles/" + idKey(profileID)
	party := memberPath(values.Get("buyerID"), values.Get("userGroupID"), values.Get("userID"))
	if !c.state.profiles.has(profile, party) {
		return notFound("SecurityProfileAssignment", profileID).answer()
	}
	c.state.profiles.remove(profile, party)
	return c.assigned()
}

// assigned ends a change of assignments: roles of users may have changed.
func (c *call) assigned() answer {
	c.state.generation++
	return answer{status: http.StatusNoContent}
}

func listClientAssignments(c *call) answer {
	var rows []map[string]any
	for _, pair := range c.state.clientBuyers.pairs() {
		rows = append(rows, map[string]any{
			"ApiClientID": c.state.idAt(pair[0]), "BuyerID": c.state.idAt(pair[1]), "SupplierID": nil,
		})
	}
	return c.assignmentPage(rows)
}

func assignClient(c *call) answer {
	return c.changeClient(textOf(c.body["ApiClientID"]), textOf(c.body["BuyerID"]), c.state.clientBuyers.add)
}

func unassignClient(c *call) answer {
	return c.changeClient(c.path("apiClientID"), c.path("buyerID"), c.state.clientBuyers.remove)
}

func (c *call) changeClient(clientID, buyerID string, change func(client, buyer string)) answer {
	client := "apiclients/" + clientKey(clientID)
	if refused := c.require(client, "ApiClient", clientID); refused != nil {
		return refused.answer()
	}
	if refused := c.require(buyerPath(buyerID), "Buyer", buyerID); refused != nil {
		return refused.answer()
	}
	change(client, buyerPath(buyerID))
	return c.assigned()
}

func listMembers(c *call) answer {
	prefix := memberPath(c.path("buyerID"), "", "")
	var rows []map[string]any
	for _, pair := range c.state.groupMembers.pairs() {
		inBuyer := strings.HasPrefix(pair[0], prefix+"/")
		inSeller := prefix == sellerParty && strings.HasPrefix(pair[0], "usergroups/")
		if inBuyer || inSeller {
			rows = append(rows, map[string]any{"UserGroupID": c.state.idAt(pair[0]), "UserID": c.state.idAt(pair[1])})
		}
	}
	return c.assignmentPage(rows)
}

func assignMember(c *call) answer {
	return c.changeMember(textOf(c.body["UserGroupID"]), textOf(c.body["UserID"]), c.state.groupMembers.add)
}

func unassignMember(c *call) answer {
	return c.changeMember(c.path("userGroupID"), c.path("userID"), c.state.groupMembers.remove)
}

func (c *call) changeMember(groupID, userID string, change func(group, user string)) answer {
	group := memberPath(c.path("buyerID"), groupID, "")
	if refused := c.require(group, "UserGroup", groupID); refused != nil {
		return refused.answer()
	}
	user := memberPath(c.path("buyerID"), "", userID)
	if refused := c.require(user, "User", userID); refused != nil {
		return refused.answer()
	}
	change(group, user)
	return c.assigned()
}
