// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// askVariable makes the test's own program, started once more, ask for a URL and print
// what it got. Go reads proxies and authorities once in the life of a process.
const askVariable = "ORDERCLOUD_OPERATOR_TEST_ASK"

func TestMain(m *testing.M) {
	target := os.Getenv(askVariable)
	if target == "" {
		os.Exit(m.Run())
	}
	request, err := http.NewRequest(http.MethodGet, target, http.NoBody)
	if err != nil {
		panic(err)
	}
	response, err := NewPool(NewTransport).RoundTrip(request)
	if err != nil {
		fmt.Print(answer.Of(nil, err).Describe())
		return
	}
	_, _ = io.Copy(os.Stdout, response.Body)
}

// asked is what a process with an environment of its own gets.
func asked(t *testing.T, target string, environment ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append([]string{askVariable + "=" + target}, environment...)
	output, err := command.Output() // a build that measures coverage warns on the other stream
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return string(output)
}

// connector is a proxy that leads to one server, whatever host it is asked for.
type connector struct {
	*httptest.Server

	asked atomic.Int64
}

func newConnector(t *testing.T, target string) *connector {
	t.Helper()
	c := &connector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		c.asked.Add(1)
		if request.Header.Get("Proxy-Authorization") == "" {
			writer.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		c.connect(writer, target)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *connector) connect(writer http.ResponseWriter, target string) {
	server, err := net.DialTimeout("tcp", target, time.Minute)
	if err != nil {
		writer.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = server.Close() }()
	hijacker, _ := writer.(http.Hijacker)
	client, buffered, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = client.Close() }()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, buffered) }()
	_, _ = io.Copy(client, server)
}

func TestProxiesAndPrivateAuthoritiesComeFromTheEnvironment(t *testing.T) {
	server, _ := secureServer(t, true, func(writer http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(writer, "welcome") })
	proxy := newConnector(t, server.Listener.Addr().String())
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	file, mounted := filepath.Join(t.TempDir(), "ca.pem"), mountAsConfigMap(t, authority)
	if err := os.WriteFile(file, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	through := "HTTPS_PROXY=" + strings.Replace(proxy.URL, "http://", "http://name:word@", 1)
	for name, test := range map[string]struct {
		environment []string
		want        string
		byProxy     bool
	}{
		"a proxy, and an authority in a file":      {[]string{through, "SSL_CERT_FILE=" + file}, "welcome", true},
		"a proxy, and an authority in a ConfigMap": {[]string{through, "SSL_CERT_DIR=/etc/ssl/certs:" + mounted}, "welcome", true},
		"no authority": {[]string{through}, "TLS certificate not trusted", true},
		"a proxy without the password that it asks for": {[]string{"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + file}, "the proxy refuses the connection: 407 Proxy Authentication Required", true},
		"a host that NO_PROXY has":                      {[]string{through, "SSL_CERT_FILE=" + file, "NO_PROXY=example.com,.invalid"}, "host not found", false},
	} {
		t.Run(name, func(t *testing.T) {
			before := proxy.asked.Load()
			target := "https://example.com/"
			if !test.byProxy {
				target = "https://ordercloud.invalid/"
			}
			got := asked(t, target, test.environment...)
			if byProxy := proxy.asked.Load() > before; byProxy != test.byProxy {
				t.Errorf("by the proxy: %v", byProxy)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// mountAsConfigMap writes a file as the kubelet does: a link to a link to a directory.
func mountAsConfigMap(t *testing.T, content []byte) string {
	t.Helper()
	directory := t.TempDir()
	for _, problem := range []error{
		os.Mkdir(filepath.Join(directory, "..2026_03_01"), 0o700),
		os.WriteFile(filepath.Join(directory, "..2026_03_01", "ca.crt"), content, 0o600),
		os.Symlink("..2026_03_01", filepath.Join(directory, "..data")),
		os.Symlink("..data/ca.crt", filepath.Join(directory, "ca.crt")),
	} {
		if problem != nil {
			t.Fatal(problem)
		}
	}
	return directory
}
