// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Page sizes of a list [D].
const (
	defaultPageSize = 20
	maximumPageSize = 100
)

// order is one property to sort by.
type order struct {
	property   string
	descending bool
}

// listQuery is what a list request asks for.
type listQuery struct {
	page, pageSize int
	conditions     []condition
	search         string
	searchOn       []string
	orders         []order
	group          string // user group path; only its members
}

// item is an object together with where it is.
type item struct {
	collection *collection
	record     *record
}

// meta is the Meta of a list [D].
type meta struct {
	Page        int
	PageSize    int
	TotalCount  int
	TotalPages  int
	ItemRange   [2]int
	NextPageKey *string
}

func newMeta(page, pageSize, total int) meta {
	first := (page-1)*pageSize + 1
	last := min(page*pageSize, total)
	return meta{
		Page:       page,
		PageSize:   pageSize,
		TotalCount: total,
		TotalPages: (total + pageSize - 1) / pageSize,
		// Nothing on the page leaves the end below the start: [1,0] for an
		// empty list [D].
		ItemRange:   [2]int{first, max(last, first-1)},
		NextPageKey: nextPageKey(),
	}
}

// parseListQuery reads the query of a list of one kind.
func parseListQuery(k *kind, values url.Values) (listQuery, *refusal) {
	query, refused := parsePaging(values)
	if refused != nil {
		return query, refused
	}
	query.search, query.searchOn = values.Get("search"), k.searchable
	if wanted := commaList(values["searchOn"]); len(wanted) > 0 {
		query.searchOn = wanted
	}
	for _, property := range query.searchOn {
		if !slices.Contains(k.searchable, property) {
			return query, refuse(statusMalformed, "List.InvalidSearchProperty", "Cannot search on "+property+".", nil)
		}
	}
	for _, property := range commaList(values["sortBy"]) {
		wanted := order{property: strings.TrimPrefix(property, "!"), descending: strings.HasPrefix(property, "!")}
		if !slices.Contains(k.sortable, wanted.property) {
			return query, refuse(statusMalformed, "List.InvalidSortProperty", "Cannot sort by "+wanted.property+".", nil)
		}
		query.orders = append(query.orders, wanted)
	}
	if len(query.orders) == 0 {
		query.orders = []order{{property: defaultSortProperty}}
	}
	refused = query.parseConditions(k, values)
	return query, refused
}

func (q *listQuery) parseConditions(k *kind, values url.Values) *refusal {
	reserved := []string{"page", "pageSize", "search", "searchOn", "sortBy", "userGroupID"}
	for _, property := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(reserved, property) {
			continue
		}
		f, known := k.field(property)
		if (!known || f.secret) && !strings.HasPrefix(property, "xp.") {
			return refuse(statusMalformed, "List.InvalidProperty", "Cannot filter by "+property+".", nil)
		}
		for _, expression := range values[property] {
			q.conditions = append(q.conditions, parseCondition(property, expression))
		}
	}
	return nil
}

func parsePaging(values url.Values) (listQuery, *refusal) {
	query := listQuery{page: 1, pageSize: defaultPageSize}
	for name, target := range map[string]*int{"page": &query.page, "pageSize": &query.pageSize} {
		given := values.Get(name)
		if given == "" {
			continue
		}
		number, err := strconv.Atoi(given)
		if err != nil || number < 1 {
			return query, refuse(statusMalformed, "List.InvalidType", name+" must be a whole number from 1.", nil)
		}
		*target = number
	}
	if query.pageSize > maximumPageSize {
		return query, refuse(statusMalformed, "List.InvalidPageSize", "pageSize must be at most 100.", nil)
	}
	return query, nil
}

func commaList(values []string) []string {
	var elements []string
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			if element != "" {
				elements = append(elements, element)
			}
		}
	}
	return elements
}
