// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

const loginSecret = "login-secret"

var (
	// Names repeat between buyers and the seller, and differ in letter case only.
	buyerNames = []string{"acme", "Acme", "globex"}
	userNames  = []string{"jdoe", "JDoe", "gil"}
	adminNames = []string{"root", "jdoe", "jane", "Jane"}
	groupNames = []string{"leads", "Leads"}
	roleNames  = []string{"Shopper", "OrderReader", "BuyerImpersonation", "MeAdmin", "FullAccess"}
	customs    = []string{"Gold", "Desk"}
	profiles   = []string{"one", "two", "three", "One"}
)

// world is a random marketplace, small and dense so that everything happens often.
type world struct {
	*rand.Rand
	seed sandbox.Seed
	// users are all who could impersonate; logins are their API clients.
	users  []grants.User
	logins map[grants.User]string
	names  map[grants.User]string
	// applications are the API clients that tokens are asked for.
	applications []string
	configs      map[string]bool
}

type object = map[string]any

func newWorld(number uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(number, 0)),
		seed: sandbox.Seed{
			Objects:            map[string]map[string]any{},
			ProfileAssignments: map[string][]string{},
			GroupMembers:       map[string][]string{},
			ClientBuyers:       map[string][]string{},
		},
		logins:  map[grants.User]string{},
		names:   map[grants.User]string{},
		configs: map[string]bool{},
	}
	for _, buyer := range buyerNames {
		w.seed.Objects["buyers/"+buyer] = object{"Name": buyer, "Active": w.happens(0.95)}
	}
	w.profiles()
	w.company("", adminNames)
	for _, buyer := range buyerNames {
		w.company(buyer, userNames)
	}
	for number := range 3 {
		w.application(number)
	}
	for number := range 10 + w.IntN(50) {
		w.config(number)
	}
	return w
}

func (w *world) happens(probability float64) bool { return w.Float64() < probability }

func (w *world) oneOf(choice []string) string { return choice[w.IntN(len(choice))] }

func (w *world) someOf(choice []string, probability float64) []string {
	some := []string{}
	for _, each := range choice {
		if w.happens(probability) {
			some = append(some, each)
		}
	}
	return some
}

// anyCase changes the letter case of an API client ID now and then.
func (w *world) anyCase(clientID string) string {
	if w.happens(0.5) {
		return strings.ToLower(clientID)
	}
	return clientID
}

// profiles are some for configs, now and then without roles, and those that let users
// log in and impersonate.
func (w *world) profiles() {
	for _, id := range profiles {
		custom := w.someOf(customs, 0.4)
		roles := w.someOf(roleNames, 0.4)
		if w.happens(0.2) {
			roles, custom = nil, nil
		}
		w.seed.Objects["securityprofiles/"+id] = object{"Name": id, "Roles": roles, "CustomRoles": custom}
	}
	w.seed.Objects["securityprofiles/logs-in"] = object{"Name": "Logs in", "Roles": []string{"MeAdmin"}}
	w.seed.Objects["securityprofiles/impersonates"] = object{"Name": "Impersonates", "Roles": []string{"BuyerImpersonation"}}
	w.seed.Objects["securityprofiles/everything"] = object{"Name": "Everything", "Roles": []string{"FullAccess"}}
	w.seed.ProfileAssignments["everything"] = []string{"adminusers/root"}
}

// company adds the users and the groups of a buyer, or of the seller.
func (w *world) company(buyer string, names []string) {
	party, users, groups := "seller", "adminusers/", "usergroups/"
	if buyer != "" {
		party, users, groups = "buyers/"+buyer, "buyers/"+buyer+"/users/", "buyers/"+buyer+"/usergroups/"
	}
	w.assign("logs-in", party, 1)
	w.assign("impersonates", party, 0.5)
	for _, name := range names {
		w.user(grants.User{BuyerID: buyer, UserID: name}, users+name)
		w.assign("impersonates", users+name, 0.4)
	}
	for _, group := range groupNames {
		w.seed.Objects[groups+group] = object{"Name": group}
		w.assign("impersonates", groups+group, 0.3)
		for _, member := range w.someOf(names, 0.4) {
			w.seed.GroupMembers[groups+group] = append(w.seed.GroupMembers[groups+group], users+member)
		}
	}
}

func (w *world) assign(profile, party string, probability float64) {
	if w.happens(probability) {
		w.seed.ProfileAssignments[profile] = append(w.seed.ProfileAssignments[profile], party)
	}
}

// user adds a user and the API client by which it logs in. Root reads the marketplace.
func (w *world) user(user grants.User, path string) {
	number := len(w.users)
	username := fmt.Sprintf("user-%d", number)
	w.seed.Objects[path] = object{
		"Username": username, "FirstName": "Some", "LastName": "Body", "Email": username + "@shop.example",
		"Active": user.UserID == "root" || w.happens(0.9),
	}
	login := fmt.Sprintf("5A3D0C5E-1D7B-4C0E-9A43-0000000001%02d", number)
	w.seed.Objects["apiclients/"+login] = object{
		"AppName": username, "Active": true, "AccessTokenDuration": 600, "AllowSeller": true, "AllowAnyBuyer": true,
		"ClientSecret": loginSecret, "DefaultContextUserName": username,
	}
	w.users = append(w.users, user)
	w.logins[user], w.names[user] = login, username
}

func (w *world) application(number int) {
	id := fmt.Sprintf("5A3D0C5E-1D7B-4C0E-9A43-0000000000B%d", number)
	w.seed.Objects["apiclients/"+id] = object{
		"AppName": id, "Active": w.happens(0.9), "AccessTokenDuration": 600, "AllowAnyBuyer": w.happens(0.6),
	}
	w.seed.ClientBuyers[w.anyCase(id)] = w.someOf(buyerNames, 0.6)
	w.applications = append(w.applications, id)
}

// config adds an impersonation config, unless it would conflict with another one.
func (w *world) config(number int) {
	config, names := object{}, adminNames
	if w.happens(0.5) {
		config["ImpersonationBuyerID"], names = w.oneOf(buyerNames), userNames
	}
	w.narrow(config, "ImpersonationGroupID", "ImpersonationUserID", names)
	if w.happens(0.75) {
		config["BuyerID"] = w.oneOf(buyerNames)
		w.narrow(config, "GroupID", "UserID", userNames)
	}
	client := w.oneOf(w.applications)
	config["SecurityProfileID"], config["ClientID"] = w.oneOf(profiles), client
	if granted := fmt.Sprint(config); !w.configs[granted] {
		w.configs[granted] = true
		config["ClientID"] = w.anyCase(client)
		w.seed.Objects[fmt.Sprintf("impersonationconfig/%s%d", w.oneOf([]string{"a", "A", "b"}), number)] = config
	}
}

// narrow names a group, a user, or neither.
func (w *world) narrow(config object, group, user string, names []string) {
	switch w.IntN(3) {
	case 0:
		config[group] = w.oneOf(groupNames)
	case 1:
		config[user] = w.oneOf(names)
	}
}

// question is a random one, sometimes about a user or an API client that is not there.
func (w *world) question() grants.Question {
	asked := grants.Question{
		Impersonator: w.users[w.IntN(len(w.users))],
		User:         grants.User{BuyerID: w.oneOf(buyerNames), UserID: w.oneOf(userNames)},
		ClientID:     w.anyCase(w.oneOf(w.applications)),
		Roles:        w.someOf(slices.Concat(customs, roleNames), 0.4),
	}
	if w.happens(0.05) {
		asked.Impersonator = asked.User
	}
	switch w.IntN(40) {
	case 0:
		asked.User.UserID = "nobody"
	case 1:
		asked.User.BuyerID = "nowhere"
	case 2:
		asked.ClientID = unknown
	}
	return asked
}

// market is a world served over HTTP.
type market struct {
	t         *testing.T
	world     *world
	url       string
	transport *http.Transport
	clients   map[grants.User]*ordercloud.Client
}

func (w *world) serve(t *testing.T) *market {
	t.Helper()
	box, err := sandbox.New(sandbox.WithSeed(w.seed))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	transport := ordercloud.NewTransport()
	t.Cleanup(server.Close)
	t.Cleanup(transport.CloseIdleConnections)
	return &market{t: t, world: w, url: server.URL, transport: transport, clients: map[grants.User]*ordercloud.Client{}}
}

// as is the client of a user.
func (m *market) as(user grants.User) *ordercloud.Client {
	m.t.Helper()
	if known, ok := m.clients[user]; ok {
		return known
	}
	client, err := ordercloud.New(ordercloud.Config{
		BaseURL: m.url, ClientID: m.world.logins[user], ClientSecret: loginSecret, UserAgent: "ordercloud-operator/test",
		Scopes: []string{"MeAdmin", "BuyerImpersonation", "FullAccess"}, Transport: m.transport,
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.clients[user] = client
	return client
}

// snapshot reads the marketplace through the client. What that does not read, who is in
// which group and which buyer is assigned to which API client, is the seed's.
func (m *market) snapshot() grants.Snapshot {
	m.t.Helper()
	root := m.as(grants.User{UserID: "root"})
	read := grants.Snapshot{
		Configs:          all(m.t, root.ImpersonationConfigs()),
		SecurityProfiles: all(m.t, root.SecurityProfiles()),
		APIClients:       all(m.t, root.APIClients()),
		Buyers:           all(m.t, root.Buyers()),
		AdminUsers:       all(m.t, root.AdminUsers()),
	}
	for _, buyer := range read.Buyers {
		read.BuyerUsers = append(read.BuyerUsers, all(m.t, root.BuyerUsers(buyer.ID))...)
	}
	for clientID, buyers := range m.world.seed.ClientBuyers {
		for _, buyerID := range buyers {
			read.ClientAssignments = append(read.ClientAssignments, grants.ClientAssignment{ClientID: clientID, BuyerID: buyerID})
		}
	}
	for group, members := range m.world.seed.GroupMembers {
		path := strings.Split(group, "/")
		for _, member := range members {
			joined := grants.GroupMember{GroupID: path[len(path)-1], UserID: member[strings.LastIndexByte(member, '/')+1:]}
			if path[0] == "buyers" {
				joined.BuyerID = path[1]
			}
			read.GroupMembers = append(read.GroupMembers, joined)
		}
	}
	return read
}

func all[T any](t *testing.T, of ordercloud.Collection[T]) []T {
	t.Helper()
	var read []T
	for each, err := range of.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, each)
	}
	return read
}
