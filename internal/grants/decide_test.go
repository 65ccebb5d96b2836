// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// question is what is asked where a case does not say otherwise: may Jane of the service
// desk act as John of acme in the storefront, as a shopper.
type question struct {
	impersonator, user, client string
	roles                      []string
}

func (q question) asked() grants.Question {
	asked := grants.Question{
		Impersonator: user("jane"), User: user("acme/jdoe"), ClientID: storefront, Roles: []string{"Shopper", "ProductAdmin"},
	}
	if q.impersonator != "" {
		asked.Impersonator = user(q.impersonator)
	}
	if q.user != "" {
		asked.User = user(q.user)
	}
	if q.client != "" {
		asked.ClientID = q.client
	}
	if q.roles != nil {
		asked.Roles = q.roles
	}
	return asked
}

func TestWhoMayActAsWhom(t *testing.T) {
	const (
		anyone = "any:"
		desk   = "desk: ImpersonationGroupID=desk BuyerID=acme"
		mate   = "mate: ImpersonationBuyerID=acme BuyerID=acme"
	)
	for sentence, test := range map[string]struct {
		configs []string
		question
		want string
	}{
		// Who may impersonate.
		"without a config nobody may":                           {nil, question{}, "NoConfig"},
		"nobody named: an admin user may":                       {[]string{anyone}, question{}, "any [Shopper]"},
		"nobody named: FullAccess does as well":                 {[]string{anyone}, question{impersonator: "root"}, "any [Shopper]"},
		"nobody named: a buyer user may not":                    {[]string{anyone}, question{impersonator: "acme/asmith"}, "NoConfig OtherImpersonator=any"},
		"an admin group: its member may":                        {[]string{desk}, question{}, "desk [Shopper]"},
		"an admin group: another admin user may not":            {[]string{desk}, question{impersonator: "root"}, "NoConfig OtherImpersonator=desk"},
		"an admin group: not a buyer's group of that name":      {[]string{"g: ImpersonationGroupID=purchasers"}, question{impersonator: "globex/gil"}, "NoConfig OtherImpersonator=g"},
		"an admin user: it may":                                 {[]string{"u: ImpersonationUserID=jane"}, question{}, "u [Shopper]"},
		"an admin user: another may not":                        {[]string{"u: ImpersonationUserID=jane"}, question{impersonator: "root"}, "NoConfig OtherImpersonator=u"},
		"an admin user: not a buyer user of that name":          {[]string{"u: ImpersonationUserID=asmith"}, question{impersonator: "acme/asmith"}, "NoConfig OtherImpersonator=u"},
		"a buyer: its user may":                                 {[]string{mate}, question{impersonator: "acme/asmith"}, "mate [Shopper]"},
		"a buyer: a user of another may not":                    {[]string{mate}, question{impersonator: "globex/gil"}, "NoConfig OtherImpersonator=mate"},
		"a buyer: an admin user may not":                        {[]string{mate}, question{}, "NoConfig OtherImpersonator=mate"},
		"a buyer's group: its member may":                       {[]string{"g: ImpersonationBuyerID=acme ImpersonationGroupID=leads"}, question{impersonator: "acme/asmith"}, "g [Shopper]"},
		"a buyer's group: another user of the buyer may not":    {[]string{"g: ImpersonationBuyerID=acme ImpersonationGroupID=purchasers"}, question{impersonator: "acme/asmith"}, "NoConfig OtherImpersonator=g"},
		"a buyer's group: not the group of that name elsewhere": {[]string{"g: ImpersonationBuyerID=acme ImpersonationGroupID=purchasers"}, question{impersonator: "globex/gil"}, "NoConfig OtherImpersonator=g"},
		"a buyer's group: not the admin group of that name":     {[]string{"g: ImpersonationBuyerID=acme ImpersonationGroupID=purchasers"}, question{impersonator: "root"}, "NoConfig OtherImpersonator=g"},
		"a buyer user: it may":                                  {[]string{"u: ImpersonationBuyerID=acme ImpersonationUserID=asmith"}, question{impersonator: "acme/asmith"}, "u [Shopper]"},
		"a buyer user: not the admin user of that name":         {[]string{"u: ImpersonationBuyerID=acme ImpersonationUserID=jdoe"}, question{impersonator: "jdoe"}, "NoConfig OtherImpersonator=u"},
		"a buyer user acts as one of another buyer":             {[]string{"x: ImpersonationBuyerID=globex BuyerID=acme"}, question{impersonator: "globex/gil"}, "x [Shopper]"},
		"a buyer user acts as itself":                           {[]string{mate}, question{impersonator: "acme/asmith", user: "acme/asmith"}, "mate [Shopper]"},
		"an impersonator who is not there":                      {[]string{anyone}, question{impersonator: "nobody"}, "ImpersonatorNotFound"},
		"an impersonator who is not active":                     {[]string{anyone}, question{impersonator: "left"}, "ImpersonatorInactive"},
		"a buyer user who is not active":                        {[]string{mate}, question{impersonator: "acme/left"}, "ImpersonatorInactive"},
		"an impersonator whose buyer is not active":             {[]string{"c: ImpersonationBuyerID=closed"}, question{impersonator: "closed/ian"}, "ImpersonatorInactive"},
		"an admin user without BuyerImpersonation":              {[]string{desk}, question{impersonator: "olga"}, "RoleMissing"},
		"a buyer user without BuyerImpersonation":               {[]string{mate}, question{impersonator: "acme/jdoe"}, "RoleMissing"},
		"the letter case of an ID counts":                       {[]string{"g: ImpersonationGroupID=Desk"}, question{}, "NoConfig OtherImpersonator=g"},
		"a group and a user together name nobody":               {[]string{"b: ImpersonationGroupID=desk ImpersonationUserID=jane"}, question{}, "NoConfig OtherImpersonator=b"},

		// Who is impersonated.
		"any buyer: a user of one":                        {[]string{anyone}, question{user: "globex/gil"}, "any [Shopper]"},
		"any buyer: not one that cannot reach the client": {[]string{"any: ClientID=" + portal}, question{user: "globex/gil", client: portal}, "BuyerNotAssigned"},
		"any buyer: one that is assigned to the client":   {[]string{"any: ClientID=" + portal}, question{client: portal}, "any [Shopper]"},
		"a buyer: its user":                               {[]string{"b: BuyerID=acme"}, question{}, "b [Shopper]"},
		"a buyer: no user of another":                     {[]string{"b: BuyerID=acme"}, question{user: "globex/jdoe"}, "NoConfig OtherUser=b"},
		"a group: its member":                             {[]string{"g: BuyerID=acme GroupID=purchasers"}, question{}, "g [Shopper]"},
		"a group: no other user of the buyer":             {[]string{"g: BuyerID=acme GroupID=purchasers"}, question{user: "acme/asmith"}, "NoConfig OtherUser=g"},
		"a group: not the one of that name elsewhere":     {[]string{"g: BuyerID=acme GroupID=purchasers"}, question{user: "globex/gil"}, "NoConfig OtherUser=g"},
		"a user":                              {[]string{"u: BuyerID=acme UserID=jdoe"}, question{}, "u [Shopper]"},
		"a user: no other":                    {[]string{"u: BuyerID=acme UserID=jdoe"}, question{user: "acme/asmith"}, "NoConfig OtherUser=u"},
		"a user: not the one of that name":    {[]string{"u: BuyerID=acme UserID=jdoe"}, question{user: "globex/jdoe"}, "NoConfig OtherUser=u"},
		"a user who is not active":            {[]string{anyone}, question{user: "acme/left"}, "any [Shopper]"},
		"a user whose buyer is not active":    {[]string{anyone}, question{user: "closed/ian"}, "any [Shopper]"},
		"a user who is not there":             {[]string{anyone}, question{user: "acme/nobody"}, "UserNotFound"},
		"a user of a buyer that is not there": {[]string{anyone}, question{user: "nowhere/jdoe"}, "UserNotFound"},
		"a member of a group who is gone":     {[]string{"g: BuyerID=globex GroupID=purchasers"}, question{user: "globex/nobody"}, "UserNotFound"},
		"no admin user is impersonated":       {[]string{anyone}, question{user: "jdoe"}, "UserNotFound"},

		// In which application.
		"another application":                       {[]string{"p: ClientID=" + portal}, question{}, "NoConfig OtherClient=p"},
		"the letter case of a client ID is nothing": {[]string{"p: ClientID=" + portal}, question{client: strings.ToLower(portal)}, "p [Shopper]"},
		"an assignment in another letter case":      {[]string{"p: ClientID=" + strings.ToLower(portal)}, question{client: portal}, "p [Shopper]"},
		"an application that is not there":          {[]string{"p: ClientID=" + unknown}, question{client: unknown}, "ClientNotFound"},
		"an application that is not active":         {[]string{"p: ClientID=" + retired}, question{client: retired}, "ClientInactive"},
		"a buyer that cannot reach the application": {[]string{"p: BuyerID=globex ClientID=" + portal}, question{user: "globex/gil", client: portal}, "BuyerNotAssigned"},

		// With which roles.
		"roles that the profile does not have are left out": {[]string{anyone}, question{roles: []string{"OrderReader", "FullAccess", "Shopper"}}, "any [OrderReader Shopper]"},
		"custom roles as well":                              {[]string{anyone}, question{roles: []string{"Gold", "Desk"}}, "any [Desk]"},
		"a profile of custom roles only":                    {[]string{"c: SecurityProfileID=custom-only"}, question{roles: []string{"Gold"}}, "c [Gold]"},
		"none of the roles: a token without":                {[]string{anyone}, question{roles: []string{"FullAccess"}}, "any []"},
		"asking for none: a token without":                  {[]string{anyone}, question{roles: []string{}}, "any []"},
		"what the impersonator holds does not matter":       {[]string{anyone}, question{roles: []string{"BuyerImpersonation"}}, "any []"},
		"the letter case of a role counts":                  {[]string{anyone}, question{roles: []string{"shopper"}}, "any []"},
		"a profile without roles":                           {[]string{"e: SecurityProfileID=empty"}, question{}, "ProfileWithoutRoles"},
		"a profile that is not there":                       {[]string{"e: SecurityProfileID=gone"}, question{}, "ProfileWithoutRoles"},

		// Which config decides.
		"a user before its group":              {[]string{"a: BuyerID=acme GroupID=purchasers", "b: BuyerID=acme UserID=jdoe"}, question{}, "b [Shopper]"},
		"a group before the buyer":             {[]string{"a: BuyerID=acme", "b: BuyerID=acme GroupID=purchasers"}, question{}, "b [Shopper]"},
		"the buyer before any buyer":           {[]string{"a:", "b: BuyerID=acme"}, question{}, "b [Shopper]"},
		"of equals the lower ID":               {[]string{"b: ImpersonationUserID=jane", "a:", "c: ImpersonationGroupID=desk"}, question{}, "a [Shopper]"},
		"of two that differ in the profile":    {[]string{"b:", "a: SecurityProfileID=shopper"}, question{roles: []string{"MeAdmin"}}, "a [MeAdmin]"},
		"one that does not apply does not":     {[]string{"a: ImpersonationUserID=root BuyerID=acme UserID=jdoe", "b:"}, question{}, "b [Shopper]"},
		"one of another application does not":  {[]string{"a: BuyerID=acme UserID=jdoe ClientID=" + portal, "b:"}, question{}, "b [Shopper]"},
		"it alone says which roles":            {[]string{"a:", "b: BuyerID=acme SecurityProfileID=shopper"}, question{roles: []string{"MeAdmin", "Shopper", "OrderReader"}}, "b [MeAdmin Shopper]"},
		"it decides even without roles":        {[]string{"a:", "b: BuyerID=acme SecurityProfileID=empty"}, question{}, "ProfileWithoutRoles"},
		"one without roles that does not lead": {[]string{"a: SecurityProfileID=empty", "b: BuyerID=acme"}, question{}, "b [Shopper]"},

		// Which refusal counts, when there are several.
		"the role before the user":             {nil, question{impersonator: "olga", user: "acme/nobody"}, "RoleMissing"},
		"the user before the client":           {nil, question{user: "acme/nobody", client: unknown}, "UserNotFound"},
		"the client before its buyer":          {nil, question{client: retired, user: "globex/gil"}, "ClientInactive"},
		"the client's buyer before any config": {nil, question{client: portal, user: "globex/gil"}, "BuyerNotAssigned"},

		// What comes closest, when none applies.
		"one for each thing that differs": {
			[]string{
				"a: ImpersonationUserID=jane BuyerID=acme ClientID=" + portal,
				"b: ImpersonationUserID=root BuyerID=acme",
				"c: ImpersonationUserID=jane BuyerID=globex",
			},
			question{}, "NoConfig OtherClient=a OtherImpersonator=b OtherUser=c",
		},
		"of several the one that would decide": {
			[]string{"a: ImpersonationUserID=root", "b: ImpersonationUserID=root BuyerID=acme", "c: ImpersonationUserID=root BuyerID=globex"},
			question{}, "NoConfig OtherImpersonator=b",
		},
		"of equals the one with the lower ID": {
			[]string{"b: ImpersonationUserID=root", "a: ImpersonationGroupID=purchasers"},
			question{}, "NoConfig OtherImpersonator=a",
		},
		"none that differs in two things": {
			[]string{"a: ImpersonationUserID=root BuyerID=globex", "b: BuyerID=globex ClientID=" + portal, "c: ImpersonationUserID=root ClientID=" + portal},
			question{}, "NoConfig",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			rule := grants.NewRule(shop(configs(t, test.configs...)...))
			if got := told(rule.Decide(test.asked())); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestADecisionTellsTheRolesThatTheProfileLacks(t *testing.T) {
	asked := question{roles: []string{"Shopper", "FullAccess", "Desk", "Gold", "Shopper", "FullAccess"}}.asked()
	decision := grants.NewRule(shop(config(t, "any:"))).Decide(asked)
	if diff := cmp.Diff([]string{"Desk", "Shopper"}, decision.Roles); diff != "" {
		t.Errorf("granted (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"FullAccess", "Gold"}, decision.Withheld); diff != "" {
		t.Errorf("withheld (-want +got)\n%s", diff)
	}
}

func TestARefusalHasOrderCloudsCode(t *testing.T) {
	for reason, want := range map[grants.Reason]string{
		grants.ImpersonatorNotFound: "",
		grants.ImpersonatorInactive: "",
		grants.RoleMissing:          "Auth.InsufficientRoles",
		grants.UserNotFound:         "NotFound",
		grants.ClientNotFound:       "Impersonation.ClientIDNotFound",
		grants.ClientInactive:       "Impersonation.ClientIDNotFound",
		grants.BuyerNotAssigned:     "Impersonation.BuyerNotAssigned",
		grants.NoConfig:             "Impersonation.ConfigError",
		grants.ProfileWithoutRoles:  "Impersonation.ConfigError",
	} {
		if got := reason.Code(); got != want {
			t.Errorf("%s: got %q, want %q", reason, got, want)
		}
	}
}

func TestARefusalSaysWhatToChange(t *testing.T) {
	for sentence, test := range map[string]struct {
		configs []string
		question
		want string
	}{
		"there is no impersonator": {nil, question{impersonator: "nobody"},
			"there is no user admin nobody who could impersonate anybody: create it, or name another one"},
		"the impersonator is not active": {nil, question{impersonator: "acme/left"},
			"acme/left cannot authenticate: activate the user, and its buyer if it has one"},
		"the role is missing": {nil, question{impersonator: "olga"},
			"admin olga holds neither BuyerImpersonation nor FullAccess: assign it a security profile with BuyerImpersonation"},
		"there is no user": {nil, question{user: "acme/nobody"},
			"there is no buyer user acme/nobody: create it, or name another one"},
		"there is no client": {nil, question{client: unknown},
			"there is no API client " + unknown + ": it has another ID in every marketplace"},
		"the client is not active": {nil, question{client: retired},
			"the API client " + retired + " is not active: activate it"},
		"the buyer is not assigned": {nil, question{client: portal, user: "globex/gil"},
			"the buyer globex cannot reach the API client " + portal + ": assign the buyer to it, or set its AllowAnyBuyer"},
		"the profile has no roles": {[]string{"e: SecurityProfileID=empty"}, question{},
			"the security profile empty of the impersonation config e has no roles: give it some, or name another one in the config"},
		"there is no config": {nil, question{},
			"no impersonation config lets admin jane act as acme/jdoe through the API client " + storefront + ": create one"},
		"there are configs, and none applies": {
			[]string{"a: BuyerID=acme ClientID=" + portal, "b: ImpersonationBuyerID=acme ImpersonationGroupID=leads", "c: BuyerID=globex"}, question{},
			"no impersonation config lets admin jane act as acme/jdoe through the API client " + storefront +
				": create one, or change what comes closest: a is for the API client " + portal + "; b lets acme/group leads do so; c is about the users of globex",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			decision := grants.NewRule(shop(configs(t, test.configs...)...)).Decide(test.asked())
			if decision.Refusal == nil {
				t.Fatalf("not refused: %s", told(decision))
			}
			if diff := cmp.Diff(test.want, decision.Refusal.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARuleDoesNotChangeWithItsSnapshot(t *testing.T) {
	snapshot := shop(config(t, "any:"))
	rule := grants.NewRule(snapshot)
	snapshot.Configs[0] = ordercloud.ImpersonationConfig{}
	snapshot.APIClients[0].Active = false
	snapshot.GroupMembers[0] = grants.GroupMember{}
	if got := told(rule.Decide(question{}.asked())); got != "any [Shopper]" {
		t.Errorf("got %q", got)
	}
}
