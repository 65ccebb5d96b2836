// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// collection looks objects of one list up by their IDs.
type collection[T any] struct {
	objects ordercloud.Collection[T]
	id      func(T) string
	// url is that of the list.
	url      string
	observer Observer
}

func (c collection[T]) route() string { return c.objects.ListPath() }

func (collection[T]) prepare(context.Context) error { return nil }

func (c collection[T]) choose(waiting []string, _ bool) ([]string, bool) {
	return fit(waiting, c.url+byID, func(id string) (string, bool) { return id, true })
}

func (c collection[T]) one(ctx context.Context, id string) (T, bool, error) {
	c.observer.called()
	return present(c.objects.Get(ctx, id))
}

func (c collection[T]) many(ctx context.Context, ids []string) (found map[string]T, unsure []string, err error) {
	c.observer.called()
	page, err := listByID(ctx, c.objects.List, ids)
	if err != nil {
		return nil, nil, err
	}
	if isCut(page) {
		return nil, nil, errUnusable
	}
	answered := map[string]T{}
	for _, object := range page.Items {
		answered[c.id(object)] = object
	}
	found, unsure = assign(ids, answered, strings.ToLower)
	return found, unsure, nil
}

// filterOperators are what a filter takes for an operator [D]. How one inside of
// a value would be escaped is not established [N], so a name with one is looked
// for among all applications.
const filterOperators = "*|!<>"

// byName is what stands in the URL of a list of API clients besides its path and
// the names: an ID as well, from the second page on.
var byName = "?AppName=&ID=%3E" + strings.Repeat("x", 100) + "&page=1&pageSize=100&sortBy=ID"

// applications looks up the IDs of the API clients that bear a name.
type applications struct {
	client   *ordercloud.Client
	observer Observer
}

func (a applications) route() string { return a.client.APIClients().ListPath() }

func (applications) prepare(context.Context) error { return nil }

func (a applications) choose(waiting []string, _ bool) ([]string, bool) {
	if strings.ContainsAny(waiting[0], filterOperators) {
		return waiting[:1], true
	}
	rest := a.client.BaseURL() + a.client.APIClients().ListPath() + byName
	return fit(waiting, rest, func(name string) (string, bool) { return name, !strings.ContainsAny(name, filterOperators) })
}

func (a applications) one(ctx context.Context, name string) ([]string, bool, error) {
	named, _, err := a.many(ctx, []string{name})
	return named[name], len(named[name]) > 0, err
}

// many compares the names again: a filter may match more than it names [N].
func (a applications) many(ctx context.Context, names []string) (ids map[string][]string, unsure []string, err error) {
	var filters []ordercloud.Filter
	if !strings.ContainsAny(names[0], filterOperators) {
		filters = append(filters, ordercloud.Filter{Field: "AppName", Expression: strings.Join(names, "|")})
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	ids = map[string][]string{}
	for application, err := range every(ctx, a.client.APIClients(), a.observer, filters...) {
		if err != nil {
			return nil, nil, err
		}
		if wanted[application.AppName] {
			ids[application.AppName] = append(ids[application.AppName], application.ID)
		}
	}
	return ids, nil, nil
}
