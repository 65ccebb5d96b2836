// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package wording

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// secretFields are those of OrderCloud's requests that hold a secret, in lower case and
// without underscores.
var secretFields = map[string]bool{
	"password": true, "clientsecret": true, "accesstoken": true, "refreshtoken": true, "token": true, "newpassword": true,
}

// largestBody bounds what is read of a request: nothing that the operator sends is longer.
const largestBody = 1 << 20

// SecretsOf are the secrets that a request bears, in its Authorization header and in the
// fields of its body. The request may have been sent already: its body is read from a copy.
func SecretsOf(request *http.Request) []string {
	if request == nil {
		return nil
	}
	secrets := secretsOfHeader(request)
	body := copyOfBody(request)
	if strings.HasPrefix(request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return append(secrets, secretsOfForm(body)...)
	}
	return append(secrets, secretsOfJSON(body)...)
}

func secretsOfHeader(request *http.Request) []string {
	if user, password, ok := request.BasicAuth(); ok {
		return []string{password, user + ":" + password}
	}
	_, credentials, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	if credentials == "" {
		return nil
	}
	return []string{credentials}
}

// copyOfBody is empty for a request without one, or with one that can be read only once.
func copyOfBody(request *http.Request) []byte {
	if request.GetBody == nil {
		return nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(io.LimitReader(body, largestBody))
	if err != nil {
		return nil
	}
	return content
}

func secretsOfForm(body []byte) []string {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	var secrets []string
	for name, values := range form {
		if isSecretField(name) {
			secrets = append(secrets, values...)
		}
	}
	return secrets
}

// secretsOfJSON reads the fields of the outermost object, which is where OrderCloud has
// them.
func secretsOfJSON(body []byte) []string {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return nil
	}
	var secrets []string
	for name, raw := range object {
		var value string
		if isSecretField(name) && json.Unmarshal(raw, &value) == nil && value != "" {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

func isSecretField(name string) bool {
	return secretFields[strings.ReplaceAll(strings.ToLower(name), "_", "")]
}
