// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// kind is what a collection has to know about its objects.
type kind[T any] struct {
	// idName is the ID's name in route templates and in errors.
	idName string
	id     func(T) string
	// body returns what a POST or PUT sends, with the given ID. It is nil for
	// objects that this client knows only a part of.
	body func(object T, id string) any
}

// Collection is the objects of one kind, of the marketplace or of one buyer. It
// is a value, cheap to make and safe for use by many goroutines.
//
// An ID that OrderCloud could not have is answered with an
// *InvalidRequestError, and nothing is sent; all other errors are *Error.
type Collection[T any] struct {
	client *Client
	kind   *kind[T]
	// path and route are without /v1/: "buyers/acme/users" and
	// "buyers/{buyerID}/users".
	path    string
	route   string
	problem error
}

func newCollection[T any](client *Client, kind *kind[T], path string) Collection[T] {
	return Collection[T]{client: client, kind: kind, path: path, route: path}
}

func newBuyerCollection[T any](client *Client, kind *kind[T], buyerID, name string) Collection[T] {
	return Collection[T]{
		client:  client,
		kind:    kind,
		path:    "buyers/" + buyerID + "/" + name,
		route:   "buyers/{buyerID}/" + name,
		problem: checkID("buyerID", buyerID),
	}
}

// BuyerUsers are the users of a buyer; needs BuyerUserAdmin, or BuyerUserReader
// to read [D].
func (c *Client) BuyerUsers(buyerID string) Collection[BuyerUser] {
	return newBuyerCollection(c, buyerUserKind, buyerID, "users")
}

// ListBuyerUsers reads one page of the users of all buyers; their CompanyID tells
// them apart, because a user's ID is unique only inside its buyer. It needs
// BuyerUserReader, and BuyerUserAdmin does not do [D].
func (c *Client) ListBuyerUsers(ctx context.Context, query Query) (Page[BuyerUser], error) {
	return newCollection(c, buyerUserKind, "buyerusers").List(ctx, query)
}

// ImpersonationConfigs are the marketplace's impersonation configs; needs
// SetSecurityProfile, to read as well [D].
func (c *Client) ImpersonationConfigs() Collection[ImpersonationConfig] {
	return newCollection(c, impersonationConfigKind, "impersonationconfig")
}

// Buyers are the marketplace's buyers; needs BuyerReader to read [D].
func (c *Client) Buyers() Collection[Buyer] { return newCollection(c, buyerKind, "buyers") }

// SecurityProfiles are the marketplace's security profiles; needs
// SecurityProfileReader or SetSecurityProfile to read [D].
func (c *Client) SecurityProfiles() Collection[SecurityProfile] {
	return newCollection(c, securityProfileKind, "securityprofiles")
}

// APIClients are the marketplace's API clients; needs ApiClientReader to read
// [D]. Create and Save refuse them, see APIClient.
func (c *Client) APIClients() Collection[APIClient] {
	return newCollection(c, apiClientKind, "apiclients")
}

// UserGroups are the user groups of a buyer; needs UserGroupReader to read [D].
func (c *Client) UserGroups(buyerID string) Collection[UserGroup] {
	return newBuyerCollection(c, userGroupKind, buyerID, "usergroups")
}

// AdminUserGroups are the seller's user groups; needs AdminUserGroupReader to read [D].
func (c *Client) AdminUserGroups() Collection[UserGroup] {
	return newCollection(c, userGroupKind, "usergroups")
}

// AdminUsers are the seller's users; needs AdminUserReader to read [D].
func (c *Client) AdminUsers() Collection[AdminUser] {
	return newCollection(c, adminUserKind, "adminusers")
}

// Path returns the object's URL path without /v1/: "buyers/acme/users/jdoe". It
// names an object to people and in status; it does not check the ID.
func (c Collection[T]) Path(id string) string { return c.path + "/" + id }

// ListPath returns the path of the collection's list, "/v1/buyers/acme/users", so
// that a caller can tell how long a URL will be.
func (c Collection[T]) ListPath() string { return "/v1/" + c.path }

// Get reads one object; IsNotFound tells that it, or its buyer, does not exist.
func (c Collection[T]) Get(ctx context.Context, id string) (T, error) {
	return c.exchangeItem(ctx, http.MethodGet, id, nil)
}

// Create makes a new object by POST and returns it as stored. The object has to
// bring its ID: without one, a create whose answer was lost could not be found
// again. IsIDExists tells that there is one already, IsUsernameTaken that a
// user of another ID has the username, IsNotFound that something it names is
// missing, IsInvalid that a field was refused. It is never repeated.
func (c Collection[T]) Create(ctx context.Context, object T) (T, error) {
	id := c.kind.id(object)
	if err := c.check(id); err != nil {
		return *new(T), err
	}
	if c.kind.body == nil {
		return *new(T), errPartial
	}
	return c.exchange(ctx, id, call{
		method: http.MethodPost,
		route:  "/v1/" + c.route,
		path:   "/v1/" + c.path,
		body:   c.kind.body(object, id),
		wants:  answer.Object,
	})
}

// Save creates or overwrites the whole object by PUT and returns it as stored.
// An empty ID in the object means the given one; another one is refused,
// because OrderCloud would rename the object [I]. Errors are those of Create,
// except that an existing object is none.
func (c Collection[T]) Save(ctx context.Context, id string, object T) (T, error) {
	if own := c.kind.id(object); own != "" && own != id {
		return *new(T), errRename
	}
	if c.kind.body == nil {
		return *new(T), errPartial
	}
	return c.exchangeItem(ctx, http.MethodPut, id, c.kind.body(object, id))
}

// Patch changes the named fields, by their names on the wire, and returns the
// object as stored. A nil clears a field; the top-level keys of xp are merged
// and others kept [D]. A Secret among the values is sent as it is. It is never
// repeated.
func (c Collection[T]) Patch(ctx context.Context, id string, fields map[string]any) (T, error) {
	if own, ok := fields["ID"]; ok && own != id {
		return *new(T), errRename
	}
	return c.exchangeItem(ctx, http.MethodPatch, id, revealed(fields))
}

// Delete deletes an object. IsNotFound tells that there is none, or none any more, IsInUse
// that something needs it. Only an answer without content says that it is done: a page of
// something in between is an error.
func (c Collection[T]) Delete(ctx context.Context, id string) error {
	if err := c.check(id); err != nil {
		return err
	}
	deletion := c.itemCall(http.MethodDelete, id, nil)
	deletion.wants = answer.NoContent
	return c.client.do(ctx, deletion, nil)
}

// List reads one page.
func (c Collection[T]) List(ctx context.Context, query Query) (Page[T], error) {
	if c.problem != nil {
		return Page[T]{}, c.problem
	}
	values, err := query.values()
	if err != nil {
		return Page[T]{}, err
	}
	call := call{method: http.MethodGet, route: "/v1/" + c.route, path: "/v1/" + c.path, query: values, wants: answer.List}
	var page Page[T]
	if err := c.client.do(ctx, call, &page); err != nil {
		return Page[T]{}, err
	}
	for _, item := range page.Items {
		if c.kind.id(item) == "" {
			return Page[T]{}, c.unreadable(call)
		}
	}
	return page, nil
}

// All yields every object that matches all the filters, by ascending ID. It
// pages by the last ID, so that objects that come and go meanwhile make it
// neither miss nor repeat others. An error is the last thing it yields, with
// the zero object.
func (c Collection[T]) All(ctx context.Context, filters ...Filter) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query := Query{SortBy: "ID", Page: 1, PageSize: MaximumPageSize, Filters: filters}
		seen := map[string]bool{}
		for {
			page, err := c.List(ctx, query)
			if err != nil {
				yield(*new(T), err)
				return
			}
			last := page.lastID(c.kind)
			// A server that ignores the filter would be asked for ever.
			if seen[last] {
				yield(*new(T), c.unreadable(call{method: http.MethodGet, route: "/v1/" + c.route}))
				return
			}
			seen[last] = true
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if len(page.Items) == 0 || page.Meta.TotalPages == 1 {
				return
			}
			query.Filters = slices.Concat(filters, []Filter{{Field: "ID", Expression: ">" + last}})
		}
	}
}

func (page Page[T]) lastID(kind *kind[T]) string {
	if len(page.Items) == 0 {
		return ""
	}
	return kind.id(page.Items[len(page.Items)-1])
}

func (c Collection[T]) check(id string) error {
	if c.problem != nil {
		return c.problem
	}
	return checkID(c.kind.idName, id)
}

func (c Collection[T]) itemCall(method, id string, body any) call {
	return call{
		method: method,
		route:  "/v1/" + c.route + "/{" + c.kind.idName + "}",
		path:   "/v1/" + c.Path(id),
		body:   body,
		wants:  answer.Object,
	}
}

func (c Collection[T]) exchangeItem(ctx context.Context, method, id string, body any) (T, error) {
	if err := c.check(id); err != nil {
		return *new(T), err
	}
	return c.exchange(ctx, id, c.itemCall(method, id, body))
}

// exchange returns the object with the ID, in whatever letter case. Another one is not what
// was asked for: JSON of something in between has an "id", too.
func (c Collection[T]) exchange(ctx context.Context, id string, call call) (T, error) {
	var object T
	if err := c.client.do(ctx, call, &object); err != nil {
		return *new(T), err
	}
	if !strings.EqualFold(c.kind.id(object), id) {
		return *new(T), c.unreadable(call)
	}
	return object, nil
}

// unreadable is the error of an answer that lacks what this client needs of it.
func (c Collection[T]) unreadable(call call) error { return unreadable(call.method, call.route) }

func unreadable(method, route string) *Error {
	return &Error{Method: method, Route: route, Answer: answer.Lacking(http.StatusOK)}
}

var (
	errRename = &InvalidRequestError{
		Field: "body", Problem: "has another ID than the path, which would rename the object",
	}
	errPartial = &InvalidRequestError{
		Field: "body", Problem: "would hold only a part of the object and clear the rest",
	}
)

// revealed returns the fields with every Secret as the string that goes on the
// wire; encoded as it is, it would set the password "(redacted)".
func revealed(value any) any {
	switch value := value.(type) {
	case Secret:
		return value.Reveal()
	case *Secret:
		if value == nil {
			return nil
		}
		return value.Reveal()
	case map[string]any:
		copied := make(map[string]any, len(value))
		for key, element := range value {
			copied[key] = revealed(element)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for index, element := range value {
			copied[index] = revealed(element)
		}
		return copied
	case json.RawMessage:
		if value == nil {
			return nil
		}
		return value
	}
	return value
}
