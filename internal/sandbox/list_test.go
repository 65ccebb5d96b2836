// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// fleet is a buyer with users u01 to u25.
func fleet() sandbox.Seed {
	given := seed()
	given.Objects["buyers/fleet"] = object{"Name": "Fleet", "Active": true}
	for number := 1; number <= 25; number++ {
		given.Objects[fmt.Sprintf("buyers/fleet/users/u%02d", number)] = object{
			"Username":  fmt.Sprintf("driver-%02d", number),
			"FirstName": []string{"Ada", "Bob", "Cleo"}[number%3],
			"LastName":  fmt.Sprintf("L%02d", 26-number),
			"Email":     "driver@fleet.example",
			"Active":    number%2 == 0,
			"xp":        object{"depot": object{"city": []string{"Oslo", "Bergen"}[number%2]}, "shift": number % 4, "tags": []string{"a", "b"}},
		}
	}
	given.Objects["buyers/fleet/usergroups/night"] = object{"Name": "Night"}
	given.GroupMembers["buyers/fleet/usergroups/night"] = []string{"buyers/fleet/users/u03", "buyers/fleet/users/u07"}
	return given
}

func TestAListAnswersThePageThatIsAskedFor(t *testing.T) {
	s := startAsRoot(t, sandbox.WithSeed(fleet()))
	tests := map[string]struct {
		query string
		meta  object
		first string
	}{
		"the first 20 by default": {"", object{"Page": 1.0, "PageSize": 20.0, "TotalCount": 25.0, "TotalPages": 2.0, "ItemRange": []any{1.0, 20.0}, "NextPageKey": nil}, "u01"},
		"the last page":           {"page=3&pageSize=10", object{"Page": 3.0, "PageSize": 10.0, "TotalCount": 25.0, "TotalPages": 3.0, "ItemRange": []any{21.0, 25.0}, "NextPageKey": nil}, "u21"},
		"an empty list":           {"ID=nobody", object{"Page": 1.0, "PageSize": 20.0, "TotalCount": 0.0, "TotalPages": 0.0, "ItemRange": []any{1.0, 0.0}, "NextPageKey": nil}, ""},
		"past the end":            {"page=9", object{"Page": 9.0, "PageSize": 20.0, "TotalCount": 25.0, "TotalPages": 2.0, "ItemRange": []any{161.0, 160.0}, "NextPageKey": nil}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answered := s.must(http.StatusOK, "GET", "/v1/buyers/fleet/users?"+test.query, nil)
			same(t, "Meta", test.meta, answered.body["Meta"].(object))
			ids := append(answered.ids(), "")
			same(t, "first", test.first, ids[0])
		})
	}
}

func TestAListIsFilteredSearchedAndSorted(t *testing.T) {
	s := startAsRoot(t, sandbox.WithSeed(fleet()))
	tests := map[string]struct {
		query url.Values
		want  []string
	}{
		"chosen IDs":            {url.Values{"ID": {"u07|u03|nobody|u07"}}, []string{"u03", "u07"}},
		"chosen IDs, backwards": {url.Values{"ID": {"u07|u03"}, "sortBy": {"!ID"}}, []string{"u07", "u03"}},
		"after an ID":           {url.Values{"ID": {">u23"}, "sortBy": {"ID"}}, []string{"u24", "u25"}},
		"after an ID not there": {url.Values{"ID": {">u23x"}}, []string{"u24", "u25"}},
		"from an ID":            {url.Values{"ID": {">=u24"}}, []string{"u24", "u25"}},
		"between two IDs":       {url.Values{"ID": {">u02", "<u05"}}, []string{"u03", "u04"}},
		"a wildcard":            {url.Values{"ID": {"u*5"}}, []string{"u05", "u15", "u25"}},
		"not":                   {url.Values{"ID": {"u0*"}, "FirstName": {"!Ada"}, "Active": {"false"}}, []string{"u01", "u05", "u07"}},
		"or":                    {url.Values{"Username": {"driver-01|driver-02"}}, []string{"u01", "u02"}},
		"without letter case":   {url.Values{"Username": {"DRIVER-01"}}, []string{"u01"}},
		"repeated is and":       {url.Values{"ID": {"u1*"}, "LastName": {"L1*", "!L11", "!L12|L12"}}, []string{"u10", "u11", "u12", "u13", "u14", "u16"}},
		"a flag":                {url.Values{"ID": {"u01|u02"}, "Active": {"true"}}, []string{"u02"}},
		"inside xp":             {url.Values{"xp.depot.city": {"Oslo"}, "ID": {"<u05"}}, []string{"u02", "u04"}},
		"a number inside xp":    {url.Values{"xp.shift": {">2"}, "ID": {"<u08"}}, []string{"u03", "u07"}},
		"an element inside xp":  {url.Values{"xp.tags": {"b"}, "ID": {"u01"}}, []string{"u01"}},
		"has no value":          {url.Values{"Phone": {"!*"}, "ID": {"u01|u02"}}, []string{"u01", "u02"}},
		"has a value":           {url.Values{"Phone": {"*"}}, []string{}},
		"a search":              {url.Values{"search": {"IVER-2"}}, []string{"u20", "u21", "u22", "u23", "u24", "u25"}},
		"a search on":           {url.Values{"search": {"l05"}, "searchOn": {"LastName,FirstName"}}, []string{"u21"}},
		"sorted by two":         {url.Values{"sortBy": {"FirstName,!ID"}, "ID": {"u01|u02|u03|u04|u06"}}, []string{"u06", "u03", "u04", "u01", "u02"}},
		"sorted backwards":      {url.Values{"sortBy": {"!LastName"}, "pageSize": {"2"}}, []string{"u01", "u02"}},
		"members of a group":    {url.Values{"userGroupID": {"night"}}, []string{"u03", "u07"}},
		"IDs differ by case":    {url.Values{"ID": {"U07"}}, []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answered := s.must(http.StatusOK, "GET", "/v1/buyers/fleet/users?"+test.query.Encode(), nil)
			same(t, "IDs", test.want, answered.ids())
		})
	}
}

func TestAListThatMakesNoSenseIsRefused(t *testing.T) {
	s := startAsRoot(t)
	for query, code := range map[string]string{
		"pageSize=101":       "List.InvalidPageSize",
		"page=0":             "List.InvalidType",
		"page=two":           "List.InvalidType",
		"sortBy=Phone":       "List.InvalidSortProperty",
		"searchOn=Phone":     "List.InvalidSearchProperty",
		"Shoe=44":            "List.InvalidProperty",
		"Password=Secret-1x": "List.InvalidProperty",
	} {
		t.Run(query, func(t *testing.T) {
			s.refused(http.StatusBadRequest, code, "GET", users+"?"+query, nil)
		})
	}
}

func TestPagingByLastIDFindsEveryoneOnce(t *testing.T) {
	s := startAsRoot(t, sandbox.WithSeed(fleet()))
	var found []string
	last := ""
	for range 4 {
		query := url.Values{"sortBy": {"ID"}, "pageSize": {"10"}}
		if last != "" {
			query.Set("ID", ">"+last)
		}
		ids := s.must(http.StatusOK, "GET", "/v1/buyers/fleet/users?"+query.Encode(), nil).ids()
		if len(ids) == 0 {
			break
		}
		found = append(found, ids...)
		last = ids[len(ids)-1]
	}
	same(t, "first", "u01", found[0])
	same(t, "count", 25, len(found))
}

func TestUsersAreListedAcrossBuyers(t *testing.T) {
	s := startAsRoot(t, sandbox.WithSeed(fleet()))
	answered := s.must(http.StatusOK, "GET", "/v1/buyerusers?pageSize=2&sortBy=!ID", nil)
	same(t, "IDs", []string{"walk-in", "u25"}, answered.ids())
	same(t, "one of each", []string{"u01", "walk-in"}, s.must(http.StatusOK, "GET", "/v1/buyerusers?ID=u01|walk-in", nil).ids())
}

func TestAListShowsAWriteAtOnce(t *testing.T) {
	s := startAsRoot(t)
	s.must(http.StatusCreated, "POST", users, jdoe())
	same(t, "after POST", []string{"jdoe", "walk-in"}, s.must(http.StatusOK, "GET", users, nil).ids())
	s.must(http.StatusOK, "PATCH", users+"/jdoe", object{"Phone": "1"})
	same(t, "after PATCH", []string{"jdoe"}, s.must(http.StatusOK, "GET", users+"?Phone=1", nil).ids())
	s.must(http.StatusNoContent, "DELETE", users+"/jdoe", nil)
	same(t, "after DELETE", []string{"walk-in"}, s.must(http.StatusOK, "GET", users, nil).ids())
}
