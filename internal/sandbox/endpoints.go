// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// The endpoints that every kind has.

func (k *kind) list(c *call) answer {
	source, refused := c.state.collectionAt(k, c.path("buyerID"))
	if refused != nil {
		return refused.answer()
	}
	values := c.request.URL.Query()
	query, refused := parseListQuery(k, values)
	if refused != nil {
		return refused.answer()
	}
	if group := values.Get("userGroupID"); group != "" && k == c.state.kinds.buyerUser {
		query.group = source.owner + "/usergroups/" + idKey(group)
	}
	return answer{status: http.StatusOK, body: c.state.list([]*collection{source}, query)}
}

func (k *kind) get(c *call) answer {
	source, found, refused := k.find(c)
	if refused != nil {
		return refused.answer()
	}
	return answer{status: http.StatusOK, body: c.state.encode(source, found)}
}

func (k *kind) create(c *call) answer {
	target, refused := k.target(c)
	if refused != nil {
		return refused.answer()
	}
	created, refused := c.state.create(target, c.body, c.now)
	if refused != nil {
		return refused.answer()
	}
	return answer{
		status:   http.StatusCreated,
		location: c.request.URL.EscapedPath() + "/" + url.PathEscape(created.id()),
		body:     c.state.encode(target, created),
	}
}

func (k *kind) save(c *call) answer {
	target, refused := k.target(c)
	if refused != nil {
		return refused.answer()
	}
	saved, created, refused := c.state.save(target, c.path(k.parameter), c.body, c.now)
	if refused != nil {
		return refused.answer()
	}
	status := http.StatusOK
	if created {
		status = statusSavedNew
	}
	return answer{status: status, body: c.state.encode(target, saved)}
}

func (k *kind) patch(c *call) answer {
	target, refused := k.target(c)
	if refused != nil {
		return refused.answer()
	}
	patched, refused := c.state.patch(target, c.path(k.parameter), c.body, c.now)
	if refused != nil {
		return refused.answer()
	}
	return answer{status: http.StatusOK, body: c.state.encode(target, patched)}
}

func (k *kind) delete(c *call) answer {
	target, refused := c.state.collectionAt(k, c.path("buyerID"))
	if refused != nil {
		return refused.answer()
	}
	if refused := c.state.remove(target, c.path(k.parameter)); refused != nil {
		return refused.answer()
	}
	return answer{status: http.StatusNoContent}
}

// target is the collection that a body is written to.
func (k *kind) target(c *call) (*collection, *refusal) {
	if c.body == nil {
		return nil, invalidBody("The request has no body.")
	}
	return c.state.collectionAt(k, c.path("buyerID"))
}

// find is the object that a path names.
func (k *kind) find(c *call) (*collection, *record, *refusal) {
	source, refused := c.state.collectionAt(k, c.path("buyerID"))
	if refused != nil {
		return nil, nil, refused
	}
	found, ok := source.find(c.path(k.parameter))
	if !ok {
		return nil, nil, notFound(k.objectType, c.path(k.parameter))
	}
	return source, found, nil
}

func listAllBuyerUsers(c *call) answer {
	k := c.state.kinds.buyerUser
	query, refused := parseListQuery(k, c.request.URL.Query())
	if refused != nil {
		return refused.answer()
	}
	buyers := c.state.collections[c.state.kinds.buyer.template]
	sources := make([]*collection, 0, len(buyers.keys))
	for _, key := range buyers.keys {
		sources = append(sources, c.state.collections[buyers.path+"/"+key+"/"+k.segment])
	}
	return answer{status: http.StatusOK, body: c.state.list(sources, query)}
}

func getEnvironment(*call) answer { return encoded(environmentAnswer()) }

// getMe names the user of the token: a user with the company it belongs to [D].
func getMe(c *call) answer {
	if c.caller == nil {
		return refuse(http.StatusUnauthorized, codeInvalidToken, "There is no token.", nil).answer()
	}
	var me map[string]any
	if err := json.Unmarshal(c.state.encode(c.caller.collection, c.caller.user), &me); err != nil {
		return invalidBody("The user cannot be shown.").answer()
	}
	me["Buyer"], me["Seller"], me["Supplier"] = nil, nil, nil
	if _, buyer, ok := c.state.at(c.caller.company); ok {
		me["Buyer"] = map[string]any{"ID": buyer.id(), "DefaultCatalogID": buyer.fields["DefaultCatalogID"]}
	} else {
		me["Seller"] = map[string]any{"ID": c.state.marketplaceID}
	}
	return encoded(me)
}

// encoded answers 200 with a value.
func encoded(value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		return refuse(http.StatusInternalServerError, "ServerError", "The answer cannot be encoded.", nil).answer()
	}
	return answer{status: http.StatusOK, body: body}
}
