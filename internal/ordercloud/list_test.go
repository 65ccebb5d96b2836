// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pagingServer answers a list of configs by last ID, as OrderCloud does.
func pagingServer(t *testing.T, count int) *testServer {
	return newTestServer(t, func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		after, exact := "", map[string]bool{}
		for _, filter := range query["ID"] {
			if last, ok := strings.CutPrefix(filter, ">"); ok {
				after = last
				continue
			}
			for id := range strings.SplitSeq(filter, "|") {
				exact[id] = true
			}
		}
		var items []ImpersonationConfig
		matching := 0
		for number := range count {
			id := fmt.Sprintf("c%04d", number)
			if id <= after || len(exact) > 0 && !exact[id] {
				continue
			}
			if matching++; len(items) < MaximumPageSize {
				items = append(items, ImpersonationConfig{ID: id})
			}
		}
		if items == nil {
			items = []ImpersonationConfig{}
		}
		writeJSON(writer, http.StatusOK, map[string]any{
			"Meta":  map[string]any{"TotalCount": matching, "TotalPages": (matching + 99) / 100, "NextPageKey": nil},
			"Items": items,
		})
	})
}

func queriesOf(t *testing.T, server *testServer) []url.Values {
	t.Helper()
	var queries []url.Values
	for _, request := range server.recorded() {
		parsed, err := url.Parse(request.URI)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, parsed.Query())
	}
	return queries
}

func TestAllYieldsEveryObjectOnceByLastID(t *testing.T) {
	for count, wantPages := range map[int]int{0: 1, 1: 1, 99: 1, 100: 1, 101: 2, 200: 2, 250: 3} {
		t.Run(fmt.Sprintf("%d objects take %d pages", count, wantPages), func(t *testing.T) {
			server := pagingServer(t, count)
			var want, got []string
			for number := range count {
				want = append(want, fmt.Sprintf("c%04d", number))
			}
			for config, err := range server.client.ImpersonationConfigs().All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, config.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			queries := queriesOf(t, server)
			if len(queries) != wantPages {
				t.Fatalf("got %d pages, want %d", len(queries), wantPages)
			}
			for number, query := range queries {
				wanted := url.Values{"sortBy": {"ID"}, "page": {"1"}, "pageSize": {"100"}}
				if number > 0 {
					wanted["ID"] = []string{">" + want[number*100-1]}
				}
				if diff := cmp.Diff(wanted, query); diff != "" {
					t.Errorf("page %d (-want +got)\n%s", number+1, diff)
				}
			}
		})
	}
}

func TestAllKeepsTheCallersFilters(t *testing.T) {
	server := pagingServer(t, 300)
	var ids []string
	for number := range 150 {
		ids = append(ids, fmt.Sprintf("c%04d", number*2))
	}
	filter, err := FilterByID(ids...)
	if err != nil {
		t.Fatal(err)
	}
	// A caller's own slice with room to spare must not be written to.
	filters := append(make([]Filter, 0, 8), filter, Filter{Field: "ClientID", Expression: "abc"})
	var got []string
	for config, err := range server.client.ImpersonationConfigs().All(t.Context(), filters...) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, config.ID)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	second := queriesOf(t, server)[1]
	if diff := cmp.Diff([]string{filter.Expression, ">" + ids[99]}, second["ID"]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if second.Get("ClientID") != "abc" {
		t.Error("the other filter is lost")
	}
	if spare := filters[:3][2]; spare != (Filter{}) {
		t.Errorf("the caller's slice was written to: %v", spare)
	}
}

func TestAllStopsWhenTheCallerDoes(t *testing.T) {
	server := pagingServer(t, 250)
	for range server.client.ImpersonationConfigs().All(t.Context()) {
		break
	}
	if pages := len(server.recorded()); pages != 1 {
		t.Errorf("got %d pages, want 1", pages)
	}
}

func TestAllYieldsAnErrorLast(t *testing.T) {
	page := `{"Meta":{"TotalPages":2},"Items":[{"ID":"a"},{"ID":"b"}]}`
	tests := map[string]struct {
		second http.HandlerFunc
		check  func(error) bool
	}{
		"when a page is refused":                  {replies(http.StatusForbidden, `{"Errors":[{"ErrorCode":"Auth.InsufficientRoles"}]}`), IsForbidden},
		"when a page is not JSON":                 {replies(http.StatusOK, `<html>`), IsUnavailable},
		"when a page has no Items":                {replies(http.StatusOK, `{"Meta":{}}`), IsUnavailable},
		"when an item has no ID":                  {replies(http.StatusOK, `{"Meta":{},"Items":[{"ID":""}]}`), IsUnavailable},
		"when the server ignores the last ID":     {replies(http.StatusOK, page), IsUnavailable},
		"when the pages of a broken server cycle": {inTurn(replies(http.StatusOK, `{"Meta":{},"Items":[{"ID":"c"}]}`), replies(http.StatusOK, page)), IsUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newTestServer(t, inTurn(replies(http.StatusOK, page), test.second))
			var last error
			for config, err := range server.client.ImpersonationConfigs().All(t.Context()) {
				if last != nil {
					t.Fatal("something was yielded after the error")
				}
				if last = err; err != nil && config.ID != "" {
					t.Error("an error came with an object")
				}
			}
			if !test.check(last) {
				t.Errorf("got %v", last)
			}
		})
	}
}

func TestListSendsItsQuery(t *testing.T) {
	server := pagingServer(t, 0)
	_, err := server.client.ImpersonationConfigs().List(t.Context(), Query{
		Filters: []Filter{{"xp.team", "a&b=c*"}, {"ID", "!x"}, {"ID", ">a"}},
		Search:  "two words", SortBy: "!ID", Page: 2, PageSize: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"xp.team": {"a&b=c*"}, "ID": {"!x", ">a"}, "search": {"two words"},
		"sortBy": {"!ID"}, "page": {"2"}, "pageSize": {"50"},
	}
	if diff := cmp.Diff(want, queriesOf(t, server)[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestQueriesThatWouldListSomethingElseAreRefused(t *testing.T) {
	server := pagingServer(t, 0)
	_, noIDs := FilterByID()
	if !IsInvalid(noIDs) {
		t.Errorf("a filter by no ID: got %v", noIDs)
	}
	for name, query := range map[string]Query{
		"an empty expression":        {Filters: []Filter{{Field: "Username"}}},
		"no field":                   {Filters: []Filter{{Expression: "x"}}},
		"the name of a parameter":    {Filters: []Filter{{"PageSize", "1"}}},
		"a page size over 100":       {PageSize: 101},
		"a page before the first":    {Page: -1},
		"a page size of less than 1": {PageSize: -1},
	} {
		if _, err := server.client.Buyers().List(t.Context(), query); !IsInvalid(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if requests := server.recorded(); len(requests) != 0 {
		t.Errorf("something was sent: %v", requests)
	}
}
