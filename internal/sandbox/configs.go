// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// reference is one object that an impersonation config names.
type reference struct {
	field      string
	path       string
	objectType string
}

// configReferences lists the objects that a config names, in the order in
// which they are checked.
func configReferences(config *record) []reference {
	var named []reference
	add := func(field, path, objectType string) {
		if config.text(field) != "" {
			named = append(named, reference{field: field, path: path, objectType: objectType})
		}
	}
	impersonatorBuyer, buyer := config.text("ImpersonationBuyerID"), config.text("BuyerID")
	add("SecurityProfileID", "securityprofiles/"+idKey(config.text("SecurityProfileID")), "SecurityProfile")
	add("ClientID", "apiclients/"+clientKey(config.text("ClientID")), "ApiClient")
	add("ImpersonationBuyerID", buyerPath(impersonatorBuyer), "Buyer")
	add("ImpersonationGroupID", memberPath(impersonatorBuyer, config.text("ImpersonationGroupID"), ""), "UserGroup")
	add("ImpersonationUserID", memberPath(impersonatorBuyer, "", config.text("ImpersonationUserID")), "User")
	add("BuyerID", buyerPath(buyer), "Buyer")
	add("GroupID", memberPath(buyer, config.text("GroupID"), ""), "UserGroup")
	add("UserID", memberPath(buyer, "", config.text("UserID")), "User")
	return named
}

// grantKey is what makes two configs conflict: client, profile, impersonator
// and impersonatee [D].
func grantKey(config *record) string {
	return strings.Join([]string{
		clientKey(config.text("ClientID")),
		idKey(config.text("SecurityProfileID")),
		memberPath(config.text("ImpersonationBuyerID"), config.text("ImpersonationGroupID"), config.text("ImpersonationUserID")),
		memberPath(config.text("BuyerID"), config.text("GroupID"), config.text("UserID")),
	}, " ")
}

// configIndex finds impersonation configs by what they name, so that writes
// and deletions among ten thousand do not look at each.
type configIndex struct {
	grants  map[string]*record
	byNamed map[string]map[*record]struct{}
}

func newConfigIndex() *configIndex {
	return &configIndex{grants: map[string]*record{}, byNamed: map[string]map[*record]struct{}{}}
}

func (i *configIndex) add(config *record) {
	i.grants[grantKey(config)] = config
	for _, named := range configReferences(config) {
		if i.byNamed[named.path] == nil {
			i.byNamed[named.path] = map[*record]struct{}{}
		}
		i.byNamed[named.path][config] = struct{}{}
	}
}

func (i *configIndex) remove(config *record) {
	if i.grants[grantKey(config)] == config {
		delete(i.grants, grantKey(config))
	}
	for _, named := range configReferences(config) {
		delete(i.byNamed[named.path], config)
		if len(i.byNamed[named.path]) == 0 {
			delete(i.byNamed, named.path)
		}
	}
}

// names tells whether any config names an object.
func (i *configIndex) names(path string) bool { return len(i.byNamed[path]) > 0 }

// naming lists the configs that name an object, or something inside it.
func (i *configIndex) naming(path string) []*record {
	return slices.SortedFunc(maps.Keys(i.byNamed[path]), func(a, b *record) int {
		return strings.Compare(a.id(), b.id())
	})
}

// prepareConfig checks a config: the letter case of ClientID [I], the shape of
// both parties, that what it names exists, and that no other config grants the
// same [D].
func prepareConfig(change *change) *refusal {
	config := change.next
	config.fields["ClientID"] = strings.ToLower(config.text("ClientID"))
	if refused := checkParties(config); refused != nil {
		return refused
	}
	for _, named := range configReferences(config) {
		if _, _, found := change.state.at(named.path); !found {
			refused := notFound(named.objectType, config.text(named.field))
			refused.status = statusReferenceMissing
			return refused
		}
	}
	if other, taken := change.state.configs.grants[grantKey(config)]; taken && other != change.previous {
		return refuse(http.StatusConflict, "ImpersonationConfig.ConflictingImpersonationConfigExists",
			"Another impersonation config grants the same already.", map[string]any{"ID": other.id()})
	}
	return nil
}

func checkParties(config *record) *refusal {
	if config.text("GroupID") != "" && config.text("UserID") != "" {
		return refuse(statusPartyAssignment, "PartyAssignment.CannotSpecifyGroupAndUser",
			"GroupID and UserID exclude each other.", nil)
	}
	if config.text("ImpersonationGroupID") != "" && config.text("ImpersonationUserID") != "" {
		return refuse(statusPartyAssignment, "PartyAssignment.CannotSpecifyGroupAndUser",
			"ImpersonationGroupID and ImpersonationUserID exclude each other.", nil)
	}
	if config.text("BuyerID") == "" && (config.text("GroupID") != "" || config.text("UserID") != "") {
		return refuse(statusPartyAssignment, "PartyAssignment.RequiresBuyer",
			"GroupID and UserID need a BuyerID.", nil)
	}
	return nil
}

// guardParty refuses to delete what an impersonation config names [D].
func guardParty(s *state, c *collection, r *record) *refusal {
	if s.configs.names(c.pathOf(r.id())) {
		return refuse(statusInUse, "Impersonation.CannotDeleteImpersonateeParty",
			"An impersonation config names this object.", nil)
	}
	return nil
}

func guardSecurityProfile(s *state, c *collection, r *record) *refusal {
	if s.configs.names(c.pathOf(r.id())) {
		return refuse(statusInUse, "Impersonation.CannotDeleteSecurityProfile",
			"An impersonation config uses this security profile.", nil)
	}
	return nil
}

func guardAPIClient(s *state, c *collection, r *record) *refusal {
	if s.configs.names(c.pathOf(r.id())) {
		return refuse(statusInUse, "ApiClient.UsedByImpersonationConfig",
			"An impersonation config uses this API client.", nil)
	}
	return nil
}
