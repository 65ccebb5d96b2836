// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shipped

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestTheArgumentsAreThoseOfTheDeployment(t *testing.T) {
	arguments, err := Arguments()
	if err != nil {
		t.Fatal(err)
	}
	command, err := NewCommand(Options{Endpoints: []string{"http://127.0.0.1:9990"}, More: []string{"--orphan-after=2s"}})
	if err != nil {
		t.Fatal(err)
	}
	probes, metrics := strings.TrimSuffix(strings.TrimPrefix(command.ReadyURL, "http://"), "/readyz"),
		strings.TrimSuffix(strings.TrimPrefix(command.MetricsURL, "https://"), "/metrics")
	want := []string{
		"--leader-elect", "--metrics-bind-address=" + metrics, "--health-probe-bind-address=" + probes,
		"--leader-election-namespace=ordercloud-system", "--allowed-endpoints=http://127.0.0.1:9990", "--orphan-after=2s",
	}
	if !slices.Equal(command.Arguments, want) || len(arguments) != 3 {
		t.Errorf("of %q became %q, want %q", arguments, command.Arguments, want)
	}
}

func TestWhatADeploymentDoesNotServeIsNotServed(t *testing.T) {
	given := []string{"--leader-elect", "--watch-namespaces=shop"}
	command, err := NewCommand(Options{Arguments: given, Namespace: "operators"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"--leader-elect", "--watch-namespaces=shop", "--leader-election-namespace=operators"}
	if !slices.Equal(command.Arguments, want) || command.ReadyURL != "" || command.MetricsURL != "" {
		t.Errorf("got %+v", command)
	}
}

func TestTheReadinessProbeIsAsked(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz/secrets-synced" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	command := Command{ReadyURL: server.URL + "/readyz"}
	if err := command.CheckReady(t.Context(), "secrets-synced"); err != nil {
		t.Error(err)
	}
	if err := command.CheckReady(t.Context()); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("got %v", err)
	}
}
