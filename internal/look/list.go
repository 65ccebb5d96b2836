// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"errors"
	"iter"
	"net/url"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// maximumURL is how long a URL may be: OrderCloud's host is IIS, whose limit is
// about 2,000 characters [I].
const maximumURL = 1990

// errUnusable says that a list answered something else than what was asked for.
var errUnusable = errors.New("the list cannot be used")

// byID is what stands in the URL of a list besides its path and the IDs.
const byID = "?ID=&pageSize=100"

// fit chooses, in order, the wanted keys that one page and one URL hold, and says
// whether there is room for no more. Rest is what else stands in the URL; id
// returns what stands there for a key.
func fit[K comparable](waiting []K, rest string, id func(K) (text string, wanted bool)) (chosen []K, whole bool) {
	room := maximumURL - len(rest)
	seen := map[string]bool{}
	for _, key := range waiting {
		text, wanted := id(key)
		if !wanted {
			continue
		}
		if !seen[text] {
			seen[text] = true
			room -= len(url.QueryEscape(text)) + len("%7C")
			if room < 0 && len(chosen) > 0 {
				return chosen, true
			}
		}
		chosen = append(chosen, key)
		if len(chosen) == ordercloud.MaximumPageSize {
			return chosen, true
		}
	}
	return chosen, false
}

// listByID asks for the page that holds the objects with the IDs.
func listByID[T any](ctx context.Context, list func(context.Context, ordercloud.Query) (ordercloud.Page[T], error), ids []string) (ordercloud.Page[T], error) {
	filter, err := ordercloud.FilterByID(ids...)
	if err != nil {
		return ordercloud.Page[T]{}, err
	}
	return list(ctx, ordercloud.Query{Filters: []ordercloud.Filter{filter}, PageSize: ordercloud.MaximumPageSize})
}

// every yields all objects of a collection, as its All does, and tells the observer
// of each page.
func every[T any](ctx context.Context, objects ordercloud.Collection[T], observer Observer, filters ...ordercloud.Filter) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		observer.called()
		listed := 0
		for object, err := range objects.All(ctx, filters...) {
			if listed > 0 && listed%ordercloud.MaximumPageSize == 0 {
				observer.called()
			}
			listed++
			if !yield(object, err) {
				return
			}
		}
	}
}

// isCut says that more objects match than the page holds.
func isCut[T any](page ordercloud.Page[T]) bool {
	return page.Meta.TotalPages > 1 || page.Meta.TotalCount > len(page.Items)
}

// assign finds for every key its object in an answer. A key that is there in
// another letter case only is unsure: whether OrderCloud takes both for the same
// is not established [N], so it has to be asked for that very one.
func assign[K comparable, T any](asked []K, answered map[K]T, fold func(K) K) (found map[K]T, unsure []K) {
	folded := map[K]bool{}
	for key := range answered {
		folded[fold(key)] = true
	}
	found = map[K]T{}
	for _, key := range asked {
		if object, ok := answered[key]; ok {
			found[key] = object
		} else if folded[fold(key)] {
			unsure = append(unsure, key)
		}
	}
	return found, unsure
}

// present turns the answer to a GET into an object that is there or not.
func present[T any](object T, err error) (T, bool, error) {
	if ordercloud.IsNotFound(err) {
		return object, false, nil
	}
	return object, err == nil, err
}
