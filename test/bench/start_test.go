// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWhatAProcessTakesOfTheProcessorsIsRead(t *testing.T) {
	for name, test := range map[string]struct {
		stat string
		want time.Duration
	}{
		"plain":                  {"7 (operator) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 9 0 100", 2 * time.Second},
		"a name like a state":    {"7 (a) S 1 (b) S 1 7 7 0 -1 4194304 100 0 0 0 1 2 0 0 20", 30 * time.Millisecond},
		"nothing":                {"", -1},
		"too short":              {"7 (operator) S 1 7 7", -1},
		"something else instead": {"7 (operator) S 1 7 7 0 -1 4194304 100 0 0 0 much 50 0", -1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseProcessorTime(test.stat)
			if (err != nil) != (test.want < 0) {
				t.Fatalf("got the error %v", err)
			}
			if err == nil && got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestALinkCarriesEverythingAndNotFasterThanItMay(t *testing.T) {
	const size = 100_000
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}))
	defer server.Close()
	slow, err := openLink(t.Context(), server.Listener.Addr().String(), 400_000)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.close()
	caller := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext}}
	defer caller.CloseIdleConnections()
	began := time.Now()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+slow.address(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := caller.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil || len(content) != size {
		t.Errorf("got %d bytes and the error %v", len(content), err)
	}
	// That it takes longer on a busy machine does not matter.
	if took := time.Since(began); took < size*time.Second/400_000 {
		t.Errorf("it took %s", took)
	}
}
