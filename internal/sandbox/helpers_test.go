// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox/contract"
)

const (
	storefrontID  = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"
	rootClientID  = "5A3D0C5E-1D7B-4C0E-9A43-0000000000F1"
	rootSecret    = "root-secret"
	goodPassword  = "Correct-Horse-7"
	walkIn        = "buyers/acme/users/walk-in"
	walkInName    = "walk-in@acme.example"
	walkInSecret  = "Sandbox-Walk-1n!"
	operatorRoles = "SetSecurityProfile BuyerUserAdmin BuyerUserReader BuyerImpersonation ApiClientReader " +
		"SecurityProfileReader BuyerReader UserGroupReader AdminUserGroupReader AdminUserReader"
)

// object is a JSON object, as sent or as answered.
type object = map[string]any

// seed is the default seed with a user that may do everything.
func seed() sandbox.Seed {
	given := sandbox.DefaultSeed()
	given.Objects["securityprofiles/everything"] = object{"Name": "Everything", "Roles": []string{"FullAccess"}}
	given.Objects["adminusers/root"] = object{
		"Username": "root", "FirstName": "Root", "LastName": "User", "Email": "root@shop.example", "Active": true,
	}
	given.Objects["apiclients/"+rootClientID] = object{
		"AppName": "Root", "Active": true, "AccessTokenDuration": 600, "AllowSeller": true,
		"ClientSecret": rootSecret, "DefaultContextUserName": "root",
	}
	given.ProfileAssignments["everything"] = []string{"adminusers/root"}
	return given
}

// service is a sandbox behind a real server, held against the official
// document where that is at hand.
type service struct {
	*sandbox.Sandbox
	t     *testing.T
	url   string
	token string
}

func start(t *testing.T, options ...sandbox.Option) *service {
	t.Helper()
	marketplace, err := sandbox.New(append([]sandbox.Option{sandbox.WithSeed(seed())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(contract.Handler(t, marketplace))
	t.Cleanup(server.Close)
	t.Cleanup(marketplace.ClearFaults)
	return &service{Sandbox: marketplace, t: t, url: server.URL}
}

// startAsRoot is start with a token that has FullAccess.
func startAsRoot(t *testing.T, options ...sandbox.Option) *service {
	t.Helper()
	s := start(t, options...)
	return s.with(s.mustToken(clientForm(rootClientID, rootSecret, "FullAccess")))
}

// with is the same service for someone else.
func (s *service) with(token string) *service {
	other := *s
	other.token = token
	return &other
}

// asOperator is the service for the operator's API client.
func (s *service) asOperator(scope string) *service {
	s.t.Helper()
	clientID, secret := s.Credentials()
	return s.with(s.mustToken(clientForm(clientID, secret, scope)))
}

func clientForm(clientID, secret, scope string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {secret}, "scope": {scope},
	}
}

func passwordForm(username, password, scope string) url.Values {
	return url.Values{
		"grant_type": {"password"}, "client_id": {storefrontID},
		"username": {username}, "password": {password}, "scope": {scope},
	}
}

// requestToken sends a token request.
func (s *service) requestToken(form url.Values) reply {
	s.t.Helper()
	response, err := http.PostForm(s.url+"/oauth/token", form)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.read(response)
}

func (s *service) mustToken(form url.Values) string {
	s.t.Helper()
	answered := s.requestToken(form)
	if answered.status != http.StatusOK {
		s.t.Fatalf("no token: %d %s", answered.status, answered.raw)
	}
	return answered.text("access_token")
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	raw    string
	body   object
}

func (r reply) text(name string) string {
	given, _ := r.body[name].(string)
	return given
}

// codes lists the ErrorCodes of a refusal.
func (r reply) codes() []string {
	var codes []string
	listed, _ := r.body["Errors"].([]any)
	for _, each := range listed {
		refused, _ := each.(object)
		code, _ := refused["ErrorCode"].(string)
		codes = append(codes, code)
	}
	return codes
}

// data is the Data of the first error.
func (r reply) data() object {
	listed, _ := r.body["Errors"].([]any)
	if len(listed) == 0 {
		return nil
	}
	refused, _ := listed[0].(object)
	data, _ := refused["Data"].(object)
	return data
}

// ids lists the IDs of a list's items.
func (r reply) ids() []string {
	ids := []string{}
	listed, _ := r.body["Items"].([]any)
	for _, each := range listed {
		item, _ := each.(object)
		id, _ := item["ID"].(string)
		ids = append(ids, id)
	}
	return ids
}

func (s *service) read(response *http.Response) reply {
	s.t.Helper()
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	answered := reply{status: response.StatusCode, header: response.Header, raw: string(raw)}
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &answered.body) // a malformed body is a case of its own
	}
	return answered
}

// attempt sends a request and returns what the transport says.
func (s *service) attempt(method, path string, body any) (reply, error) {
	s.t.Helper()
	var reader io.Reader
	switch given := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(given)
	default:
		encoded, err := json.Marshal(given)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	if reader != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	return s.read(response), nil
}

func (s *service) send(method, path string, body any) reply {
	s.t.Helper()
	answered, err := s.attempt(method, path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answered
}

// must sends a request that has to answer this status.
func (s *service) must(status int, method, path string, body any) reply {
	s.t.Helper()
	answered := s.send(method, path, body)
	if answered.status != status {
		s.t.Fatalf("%s %s answered %d %s, want %d", method, path, answered.status, answered.raw, status)
	}
	return answered
}

// refused sends a request that has to be refused with a status and a code.
func (s *service) refused(status int, code, method, path string, body any) reply {
	s.t.Helper()
	answered := s.must(status, method, path, body)
	if codes := answered.codes(); len(codes) == 0 || codes[0] != code {
		s.t.Fatalf("%s %s was refused with %v, want %s", method, path, codes, code)
	}
	return answered
}

func claimsOf(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("%s (-want +got):\n%s", what, difference)
	}
}

// jdoe is a valid buyer user.
func jdoe(changes ...object) object {
	user := object{
		"ID": "jdoe", "Username": "jdoe@acme.example", "FirstName": "Jane", "LastName": "Doe",
		"Email": "jdoe@acme.example", "Active": true,
	}
	return changed(user, changes...)
}

// deskConfig is a valid impersonation config.
func deskConfig(changes ...object) object {
	config := object{
		"ID": "cs-desk", "ImpersonationGroupID": "customer-service", "BuyerID": "acme",
		"SecurityProfileID": "cs-rep", "ClientID": storefrontID,
	}
	return changed(config, changes...)
}

// changed applies changes; a nil value removes the field.
func changed(given object, changes ...object) object {
	for _, change := range changes {
		for name, value := range change {
			if value == nil {
				delete(given, name)
				continue
			}
			given[name] = value
		}
	}
	return given
}
