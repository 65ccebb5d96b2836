// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
)

// list answers one page. A single collection in the order of its IDs, narrowed
// by nothing but its IDs, is answered from the sorted index alone, so that
// fetching chosen objects and paging by last ID cost the same among ten
// thousand as among ten.
func (s *state) list(sources []*collection, query listQuery) []byte {
	if len(sources) == 1 && query.byIDOnly() {
		return s.listKeys(sources[0], query)
	}
	var found []item
	for _, source := range sources {
		keys, rest := query.narrow(source)
		for _, key := range keys {
			candidate := item{collection: source, record: source.records[key]}
			if s.satisfies(candidate, query, rest) {
				found = append(found, candidate)
			}
		}
	}
	s.sort(found, query.orders)
	first := min((query.page-1)*query.pageSize, len(found))
	last := min(first+query.pageSize, len(found))
	return s.encodePage(found[first:last], newMeta(query.page, query.pageSize, len(found)))
}

// byIDOnly tells whether the ID index alone can answer.
func (q listQuery) byIDOnly() bool {
	if q.search != "" || q.group != "" || len(q.conditions) > 1 || len(q.orders) > 1 {
		return false
	}
	if len(q.orders) == 1 && q.orders[0].property != "ID" {
		return false
	}
	if len(q.conditions) == 0 {
		return true
	}
	_, after := q.conditions[0].after()
	return q.conditions[0].property == "ID" && (after || q.conditions[0].exact())
}

func (s *state) listKeys(source *collection, query listQuery) []byte {
	keys, _ := query.narrow(source)
	descending := len(query.orders) == 1 && query.orders[0].descending
	first := min((query.page-1)*query.pageSize, len(keys))
	last := min(first+query.pageSize, len(keys))
	page := make([]item, 0, last-first)
	for position := first; position < last; position++ {
		key := keys[position]
		if descending {
			key = keys[len(keys)-1-position]
		}
		page = append(page, item{collection: source, record: source.records[key]})
	}
	return s.encodePage(page, newMeta(query.page, query.pageSize, len(keys)))
}

// narrow uses the ID index for the first condition that allows it and returns
// the conditions that are left to be checked object by object.
func (q listQuery) narrow(source *collection) (keys []string, rest []condition) {
	for position, each := range q.conditions {
		if each.property != "ID" {
			continue
		}
		last, after := each.after()
		switch {
		case after:
			start, found := slices.BinarySearch(source.keys, source.kind.key(last))
			if found {
				start++
			}
			keys = source.keys[start:]
		case each.exact():
			for _, wanted := range each.terms {
				if _, found := source.find(wanted.pattern); found {
					keys = append(keys, source.kind.key(wanted.pattern))
				}
			}
			slices.Sort(keys)
			keys = slices.Compact(keys)
		default:
			continue
		}
		return keys, slices.Delete(slices.Clone(q.conditions), position, position+1)
	}
	return source.keys, q.conditions
}

func (s *state) satisfies(candidate item, query listQuery, conditions []condition) bool {
	c, r := candidate.collection, candidate.record
	if query.group != "" && !s.groupMembers.has(query.group, c.pathOf(r.id())) {
		return false
	}
	for _, each := range conditions {
		fold := strings.ToLower
		if each.property == "ID" {
			fold = c.kind.key
		}
		if !each.matches(s.property(c, r, each.property), fold) {
			return false
		}
	}
	if query.search == "" {
		return true
	}
	sought := strings.ToLower(query.search)
	return slices.ContainsFunc(query.searchOn, func(property string) bool {
		return strings.Contains(strings.ToLower(written(s.value(c, r, property))), sought)
	})
}

// property is the value of a field, or of a place inside xp.
func (s *state) property(c *collection, r *record, name string) any {
	inside, isXP := strings.CutPrefix(name, "xp.")
	if !isXP {
		return s.value(c, r, name)
	}
	value := r.fields["xp"]
	for element := range strings.SplitSeq(inside, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[element]
	}
	return value
}

func (s *state) sort(found []item, orders []order) {
	orders = append(slices.Clone(orders), order{property: "ID"})
	slices.SortStableFunc(found, func(a, b item) int {
		for _, each := range orders {
			fold := strings.ToLower
			if each.property == "ID" {
				fold = a.collection.kind.key
			}
			left := fold(written(s.value(a.collection, a.record, each.property)))
			right := fold(written(s.value(b.collection, b.record, each.property)))
			result := strings.Compare(left, right)
			if each.descending {
				result = -result
			}
			if result != 0 {
				return result
			}
		}
		return 0
	})
}

func (s *state) encodePage(page []item, described meta) []byte {
	head, err := json.Marshal(described)
	if err != nil {
		head = []byte("{}")
	}
	body := append([]byte(`{"Meta":`), head...)
	body = append(body, `,"Items":[`...)
	for position, each := range page {
		if position > 0 {
			body = append(body, ',')
		}
		body = append(body, s.encode(each.collection, each.record)...)
	}
	return append(body, "]}"...)
}
