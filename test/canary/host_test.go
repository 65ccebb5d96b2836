// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// fault is how a host answers some requests: with all that it was sent.
type fault struct {
	calls  string
	status int
	shape  string
}

func (f fault) String() string {
	return fmt.Sprintf("%s answered by %d, %s", f.calls, f.status, f.shape)
}

// calls are the requests that may meet a fault.
var calls = map[string]func(*http.Request) bool{
	"sign-ins": func(r *http.Request) bool { return r.URL.Path == "/oauth/token" },
	"checks":   func(r *http.Request) bool { return r.URL.Path == "/v1/me" },
	"looks": func(r *http.Request) bool {
		return r.Method == http.MethodGet && r.URL.Path != "/v1/me"
	},
	"writes": func(r *http.Request) bool {
		return r.Method != http.MethodGet && r.URL.Path != "/oauth/token" && !strings.HasSuffix(r.URL.Path, "/accesstoken")
	},
	"tokens": func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/accesstoken") },
}

// shapes are what a host or a proxy makes of a request. The type of content is the second.
var shapes = map[string]func(dump string, secrets []string) (body, contentType string){
	"an error that quotes the request": func(dump string, _ []string) (string, string) {
		return errorOf("Request", dump, dump), "application/json"
	},
	"an error that quotes the secrets": func(_ string, secrets []string) (string, string) {
		var quoted []string
		for _, secret := range secrets {
			quoted = append(quoted, secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)))
		}
		code := "None"
		if len(secrets) > 0 {
			code = secrets[0]
		}
		return errorOf(code, strings.Join(quoted, " "), strings.Join(secrets, " ")), "application/json"
	},
	"OAuth's error": func(dump string, secrets []string) (string, string) {
		body, _ := json.Marshal(map[string]any{"error": strings.Join(secrets, "."), "error_description": dump})
		return string(body), "application/json"
	},
	"a page": func(dump string, _ []string) (string, string) {
		return "<html><body><pre>" + html.EscapeString(dump) + "</pre></body></html>", "text/html"
	},
	"text": func(dump string, _ []string) (string, string) { return dump, "text/plain" },
}

func errorOf(code, message, data string) string {
	body, _ := json.Marshal(map[string]any{"Errors": []any{map[string]any{
		"ErrorCode": code, "Message": message, "Data": map[string]any{"ObjectType": data, "ObjectID": data, "Field": data},
	}}})
	return string(body)
}

// host is a sandbox behind something that may answer in its place.
type host struct {
	*httptest.Server

	box      *sandbox.Sandbox
	fault    *fault
	answered atomic.Int64
}

func newHost(fault *fault) *host {
	GinkgoHelper()
	box, err := sandbox.New()
	Expect(err).NotTo(HaveOccurred())
	h := &host{box: box, fault: fault}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	DeferCleanup(h.Close)
	_, secret := box.Credentials()
	suite.canaries.Add("client secret", secret)
	return h
}

func (h *host) serve(writer http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	if h.fault != nil && calls[h.fault.calls](request) {
		h.echo(writer, request, body)
		return
	}
	recorder := httptest.NewRecorder()
	h.box.ServeHTTP(recorder, request)
	release(request, recorder.Body.Bytes())
	maps.Copy(writer.Header(), recorder.Header())
	writer.WriteHeader(recorder.Code)
	_, _ = writer.Write(recorder.Body.Bytes())
}

// release lets the tokens go that an answer holds.
func release(request *http.Request, body []byte) {
	var answer struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token == "" {
		return
	}
	if request.URL.Path == "/oauth/token" {
		suite.canaries.Add("client token", answer.Token)
		return
	}
	suite.canaries.Add("impersonation token", answer.Token)
}

// echo answers with the request, in the body and in headers.
func (h *host) echo(writer http.ResponseWriter, request *http.Request, body []byte) {
	dump, err := httputil.DumpRequest(request, false)
	if err != nil {
		dump = nil
	}
	text := string(dump) + string(body)
	secrets := secretsOf(request, body)
	content, contentType := shapes[h.fault.shape](text, secrets)
	writer.Header().Set("Content-Type", contentType)
	for _, name := range []string{"X-oc-logid", "Location", "Retry-After", "WWW-Authenticate", "Via"} {
		writer.Header().Set(name, strings.Join(secrets, " "))
	}
	writer.WriteHeader(h.fault.status)
	_, _ = io.WriteString(writer, content)
	h.answered.Add(1)
}

// secretsOf are the canaries that a request bears.
func secretsOf(request *http.Request, body []byte) []string {
	var secrets []string
	if token, ok := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer "); ok {
		secrets = append(secrets, token)
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	if secret := request.PostFormValue("client_secret"); secret != "" {
		secrets = append(secrets, secret)
	}
	if bytes.Contains(body, []byte("Password")) {
		secrets = append(secrets, password)
	}
	return secrets
}
