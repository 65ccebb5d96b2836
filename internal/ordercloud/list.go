// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"net/url"
	"strconv"
	"strings"
)

// MaximumPageSize is the largest page that OrderCloud answers [D].
const MaximumPageSize = 100

// Filter restricts a list to the objects whose field matches an expression.
type Filter struct {
	// Field is a top-level field, or "xp." and a path inside xp [D].
	Field string
	// Expression is a value, or one with OrderCloud's operators: "*" for any
	// characters, "a|b" for either, "!a" for not, ">a" for after [D]. How an
	// operator inside a value would be escaped is not established [N], so
	// callers compare what comes back.
	Expression string
}

// FilterByID matches the objects with any of the IDs [D]. It returns an
// *InvalidRequestError when there is none or one that no object can have; with
// about fifty IDs the URL nears the 2,000 characters that the host takes [I].
func FilterByID(ids ...string) (Filter, error) {
	if len(ids) == 0 {
		return Filter{}, &InvalidRequestError{Field: "filter ID", Problem: "needs at least one ID"}
	}
	for _, id := range ids {
		if err := checkID("filter ID", id); err != nil {
			return Filter{}, err
		}
	}
	return Filter{Field: "ID", Expression: strings.Join(ids, "|")}, nil
}

// Query says which page of a list to answer. Its zero value asks for the first
// page of everything, 20 objects of it [D].
type Query struct {
	// Filters all have to match; several on one field too [D].
	Filters []Filter
	// Search is a word or phrase, looked for in the server's choice of fields [D].
	Search string
	// SortBy is a comma-separated list of fields, "!" before one reverses it [D].
	SortBy string
	// Page counts from 1; 0 leaves it to the server, which means 1 [D].
	Page int
	// PageSize is 1 to 100; 0 leaves it to the server, which means 20 [D].
	PageSize int
}

// Page is one page of a list.
type Page[T any] struct {
	Meta  Meta `json:"Meta"`
	Items []T  `json:"Items"`
}

// Meta describes a page and the list that it is part of [D].
type Meta struct {
	Page        int    `json:"Page"`
	PageSize    int    `json:"PageSize"`
	TotalCount  int    `json:"TotalCount"`
	TotalPages  int    `json:"TotalPages"`
	ItemRange   []int  `json:"ItemRange"`
	NextPageKey string `json:"NextPageKey"`
}

// listParameters are the query parameters that are no filters [D]; a filter
// of that name would silently change the page instead.
var listParameters = []string{"page", "pageSize", "search", "searchOn", "sortBy", "searchType", "filters"}

func (query Query) values() (url.Values, error) {
	values := url.Values{}
	for _, filter := range query.Filters {
		if err := filter.check(); err != nil {
			return nil, err
		}
		values.Add(filter.Field, filter.Expression)
	}
	if query.Page < 0 || query.PageSize < 0 || query.PageSize > MaximumPageSize {
		return nil, &InvalidRequestError{Field: "query", Problem: "needs a page from 1 and a page size from 1 to 100"}
	}
	setText(values, "search", query.Search)
	setText(values, "sortBy", query.SortBy)
	setNumber(values, "page", query.Page)
	setNumber(values, "pageSize", query.PageSize)
	return values, nil
}

// check refuses above all the empty expression: a server that ignores it would
// answer every object for a filter that was meant to match a few.
func (filter Filter) check() error {
	if filter.Field == "" || filter.Expression == "" {
		return &InvalidRequestError{Field: "filter", Problem: "needs a field and an expression"}
	}
	for _, name := range listParameters {
		if strings.EqualFold(filter.Field, name) {
			return &InvalidRequestError{Field: "filter", Problem: "has the name of a list parameter: " + name}
		}
	}
	return nil
}

func setText(values url.Values, name, text string) {
	if text != "" {
		values.Set(name, text)
	}
}

func setNumber(values url.Values, name string, number int) {
	if number != 0 {
		values.Set(name, strconv.Itoa(number))
	}
}
