// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// seedVariable names the environment variable with the number of the first random
// marketplace: that of a failure, to see it again, or any other, for other marketplaces.
const seedVariable = "GRANTS_SEED"

const (
	marketplaces = 60
	questions    = 150 // to each marketplace
)

// seldomest is how often each outcome has to occur at least among all questions, so that
// the test says something about it.
const seldomest = 40

// The rule here and the sandbox's own are two readings of the same facts. Each is held
// against the other, over HTTP.
func TestTheRuleAndTheSandboxAgree(t *testing.T) {
	counts := tally{}
	for number := range eachSeed(t) {
		agree(t, number, counts)
		if t.Failed() {
			t.Fatalf("again with %s=%d", seedVariable, number)
		}
	}
	t.Logf("%d questions to %d random marketplaces; outcomes:%s", marketplaces*questions, marketplaces, counts)
	for _, outcome := range []string{
		"granted", "granted without roles", "contested",
		"by admins", "by admin group", "by admin user", "by buyer", "by buyer group", "by buyer user",
		"to any buyer", "to buyer", "to group", "to user", "to itself", "to another buyer",
		"to an inactive user", "in the other letter case",
		"refused ImpersonatorInactive", "refused RoleMissing", "refused UserNotFound", "refused ClientNotFound",
		"refused ClientInactive", "refused BuyerNotAssigned", "refused NoConfig", "refused ProfileWithoutRoles",
		"closest OtherClient", "closest OtherImpersonator", "closest OtherUser",
	} {
		if counts[outcome] < seldomest {
			t.Errorf("%q happened %d times only: the test says too little about it", outcome, counts[outcome])
		}
	}
}

func FuzzTheRuleAndTheSandboxAgree(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, number uint64) { agree(t, number, tally{}) })
}

// eachSeed yields the numbers of the random marketplaces.
func eachSeed(t *testing.T) iter.Seq[uint64] {
	t.Helper()
	from := uint64(1)
	if given := os.Getenv(seedVariable); given != "" {
		parsed, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			t.Fatalf("%s is no number: %v", seedVariable, err)
		}
		from = parsed
	}
	t.Logf("%s=%d", seedVariable, from)
	return func(yield func(uint64) bool) {
		for number := range uint64(marketplaces) {
			if !yield(from + number) {
				return
			}
		}
	}
}

// agree asks both sides the same questions about one marketplace.
func agree(t *testing.T, number uint64, counts tally) {
	t.Helper()
	world := newWorld(number)
	market := world.serve(t)
	snapshot := market.snapshot()
	rule := grants.NewRule(snapshot)
	for range questions {
		asked := world.question()
		decision := rule.Decide(asked)
		if diff := cmp.Diff(expected(decision), market.ask(asked)); diff != "" {
			t.Errorf("marketplace %d, %s as %s in %s with %v: the rule says %s (-rule +sandbox)\n%s",
				number, asked.Impersonator, asked.User, asked.ClientID, asked.Roles, told(decision), diff)
			return
		}
		counts.add(snapshot, asked, decision)
	}
}

// answer is what can be seen of an answer over HTTP.
type answer struct {
	// Class of the error, in terms of the client's predicates.
	Class string
	Code  string
	Roles []string
	// Right says that the token stands for the user, for who impersonates it, and in
	// which application.
	Right bool
}

// expected is what OrderCloud would answer, by a decision.
func expected(decision grants.Decision) answer {
	if decision.Refusal == nil {
		return answer{Class: "granted", Roles: decision.Roles, Right: true}
	}
	class := "invalid"
	switch decision.Refusal.Reason {
	case grants.ImpersonatorInactive:
		class = "credentials refused"
	case grants.RoleMissing:
		class = "forbidden"
	case grants.UserNotFound:
		class = "not found"
	default:
	}
	return answer{Class: class, Code: decision.Refusal.Reason.Code()}
}

// ask asks the sandbox for a token, as the impersonator.
func (m *market) ask(asked grants.Question) answer {
	m.t.Helper()
	request := ordercloud.AccessTokenRequest{ClientID: asked.ClientID}
	for _, role := range asked.Roles {
		if slices.Contains(customs, role) {
			request.CustomRoles = append(request.CustomRoles, role)
		} else {
			request.Roles = append(request.Roles, role)
		}
	}
	token, err := m.as(asked.Impersonator).CreateAccessToken(m.t.Context(), asked.User.BuyerID, asked.User.UserID, request)
	if err == nil {
		return answer{
			Class: "granted",
			Roles: slices.Sorted(slices.Values(token.Roles)),
			Right: token.Username == m.world.names[asked.User] && token.Impersonator == m.world.names[asked.Impersonator] &&
				strings.EqualFold(token.ClientID, asked.ClientID),
		}
	}
	refused := answer{Class: classOf(err)}
	// How the token endpoint refuses a user who is not active is no part of the rule.
	if failure, ok := errors.AsType[*ordercloud.Error](err); ok && refused.Class != "credentials refused" {
		refused.Code = strings.Join(failure.Codes(), ",")
	}
	return refused
}

func classOf(err error) string {
	switch {
	case ordercloud.IsCredentialsRefused(err) && (ordercloud.HasCode(err, "Auth.UserNotActive") || ordercloud.HasCode(err, "Auth.CompanyNotActive")):
		return "credentials refused"
	case ordercloud.IsForbidden(err):
		return "forbidden"
	case ordercloud.IsNotFound(err):
		return "not found"
	case ordercloud.IsInvalid(err):
		return "invalid"
	}
	return "unexpected: " + err.Error()
}

// tally counts outcomes.
type tally map[string]int

func (c tally) String() string {
	var text strings.Builder
	for _, outcome := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&text, "\n  %5d %s", c[outcome], outcome)
	}
	return text.String()
}

func (c tally) add(snapshot grants.Snapshot, asked grants.Question, decision grants.Decision) {
	if refusal := decision.Refusal; refusal != nil {
		c["refused "+string(refusal.Reason)]++
		for _, each := range refusal.Closest {
			c["closest "+string(each.Differs)]++
		}
		return
	}
	c["granted"]++
	c["by "+impersonators(decision.Config)]++
	c["to "+impersonated(decision.Config)]++
	c.when(len(decision.Roles) == 0, "granted without roles")
	c.when(asked.Impersonator == asked.User, "to itself")
	c.when(!asked.Impersonator.IsAdmin() && asked.Impersonator.BuyerID != asked.User.BuyerID, "to another buyer")
	c.when(asked.ClientID != strings.ToLower(asked.ClientID), "in the other letter case")
	c.when(slices.ContainsFunc(snapshot.BuyerUsers, func(user ordercloud.BuyerUser) bool {
		return user.CompanyID == asked.User.BuyerID && user.ID == asked.User.UserID && !user.Active
	}), "to an inactive user")
	snapshot.Configs = slices.DeleteFunc(slices.Clone(snapshot.Configs), func(config ordercloud.ImpersonationConfig) bool {
		return config.ID == decision.Config.ID
	})
	c.when(grants.NewRule(snapshot).Decide(asked).Refusal == nil, "contested")
}

func (c tally) when(happened bool, outcome string) {
	if happened {
		c[outcome]++
	}
}

func impersonators(config ordercloud.ImpersonationConfig) string {
	if grants.IsAnyAdmin(config) {
		return "admins"
	}
	company := "admin"
	if config.ImpersonationBuyerID != nil {
		company = "buyer"
	}
	switch {
	case config.ImpersonationUserID != nil:
		return company + " user"
	case config.ImpersonationGroupID != nil:
		return company + " group"
	}
	return company
}

func impersonated(config ordercloud.ImpersonationConfig) string {
	switch {
	case config.UserID != nil:
		return "user"
	case config.GroupID != nil:
		return "group"
	case config.BuyerID != nil:
		return "buyer"
	}
	return "any buyer"
}
