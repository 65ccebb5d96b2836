// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// running is the program while it serves.
type running struct {
	url, clientID, clientSecret string
	stop                        context.CancelFunc
	ended                       chan error
}

// start runs the program and reads what it prints until it is ready.
func start(t *testing.T, arguments ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	program := &running{stop: stop, ended: make(chan error, 1)}
	go func() {
		program.ended <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, arguments...), writer, io.Discard)
		_ = writer.Close()
	}()
	var printed strings.Builder
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		printed.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "Stop with") {
			break
		}
	}
	value := func(label string) string {
		found := regexp.MustCompile(label + ` +(\S+)`).FindStringSubmatch(printed.String())
		if found == nil {
			t.Fatalf("nothing about %s was printed:\n%s", label, printed.String())
		}
		return found[1]
	}
	program.url, program.clientID, program.clientSecret = value("URL"), value("Client ID"), value("Client secret")
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	return program
}

func (p *running) requestToken(t *testing.T) *http.Response {
	t.Helper()
	response, err := http.PostForm(p.url+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {p.clientID}, "client_secret": {p.clientSecret},
		"scope": {"BuyerUserReader"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestTheProgramServesWhatItPrintsAndStopsWhenAsked(t *testing.T) {
	program := start(t)
	if status := program.requestToken(t).StatusCode; status != http.StatusOK {
		t.Errorf("the printed credentials are answered with %d", status)
	}
	program.stop()
	if err := <-program.ended; err != nil {
		t.Error(err)
	}
}

func TestTheProgramStopsAlthoughARequestHangs(t *testing.T) {
	program := start(t)
	response, err := http.Post(program.url+"/_sandbox/faults", "application/json", strings.NewReader(`{"kind":"hang","path":"/env"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	failed := make(chan error, 1)
	go func() {
		hung, err := http.Get(program.url + "/env")
		if err == nil {
			_ = hung.Body.Close()
		}
		failed <- err
	}()
	for !strings.Contains(program.stats(t), "GET /env") {
		continue // until the request has arrived
	}
	program.stop()
	if err := <-program.ended; err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("the request that hung was answered")
	}
}

func (p *running) stats(t *testing.T) string {
	t.Helper()
	response, err := http.Get(p.url + "/_sandbox/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestTheProgramReadsASeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seed.yaml")
	text := `
operatorClientID: MY-CLIENT
objects:
  apiclients/MY-CLIENT: {AppName: Mine, AccessTokenDuration: 60, Active: true, ClientSecret: my-secret}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program := start(t, "--seed", path)
	defer program.stop()
	if program.clientID != "MY-CLIENT" || program.clientSecret != "my-secret" {
		t.Errorf("the credentials are %s and another secret", program.clientID)
	}
}

func TestTheProgramRefusesWhatItCannotDo(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(broken, []byte("objects: {buyers/x: {}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		arguments []string
		want      string
	}{
		"an address for everyone": {[]string{"--listen", "0.0.0.0:0"}, "--allow-non-loopback"},
		"an address without host": {[]string{"--listen", ":0"}, "--allow-non-loopback"},
		"no address":              {[]string{"--listen", "nowhere"}, "listening on nowhere"},
		"a seed that is missing":  {[]string{"--seed", broken + "x"}, "opening the seed"},
		"a seed that is broken":   {[]string{"--listen", "127.0.0.1:0", "--seed", broken}, "buyers/x"},
		"negative latency":        {[]string{"--latency", "-1s"}, "negative"},
		"an argument too many":    {[]string{"serve"}, "serve"},
		"an unknown flag":         {[]string{"--port", "1"}, "port"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), test.arguments, &out, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the program ended with %v, want %q", err, test.want)
			}
			if out.Len() > 0 {
				t.Error("it announced itself all the same")
			}
		})
	}
	if err := run(t.Context(), []string{"--help"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help ended with %v", err)
	}
}
