// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// What the lists hold is what Decide says of every pair of users in every application.
func TestTheListsAreWhatIsDecided(t *testing.T) {
	total := 0
	for number := range eachSeed(t) {
		world := newWorld(number)
		rule := grants.NewRule(world.serve(t).snapshot())
		var want []grants.Grant
		for _, question := range world.everyQuestion() {
			question.Roles = slices.Concat(roleNames, customs)
			if decision := rule.Decide(question); decision.Refusal == nil {
				want = append(want, grants.Grant{
					Impersonator: question.Impersonator, User: question.User, ClientID: question.ClientID,
					ConfigID: decision.Config.ID, Roles: decision.Roles,
				})
			}
		}
		total += len(want)
		var byUser []grants.Grant
		for _, user := range world.users {
			for _, client := range world.applications {
				byUser = append(byUser, rule.WhoCan(user, client)...)
			}
		}
		for lists, got := range map[string][]grants.Grant{"All, by WhomCan": slices.Collect(rule.All()), "WhoCan": sorted(byUser)} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-decided +listed), again with %s=%d\n%s", lists, seedVariable, number, diff)
			}
		}
	}
	t.Logf("%d grants in %d random marketplaces", total, marketplaces)
	if total < 1000 {
		t.Error("that is too few to say anything")
	}
}

// repairs change a config so that it no longer differs in a thing from what is asked.
var repairs = map[grants.Difference]func(*ordercloud.ImpersonationConfig, grants.Question){
	grants.OtherClient: func(config *ordercloud.ImpersonationConfig, asked grants.Question) {
		config.ClientID = asked.ClientID
	},
	grants.OtherImpersonator: func(config *ordercloud.ImpersonationConfig, asked grants.Question) {
		config.ImpersonationBuyerID, config.ImpersonationGroupID = &asked.Impersonator.BuyerID, nil
		config.ImpersonationUserID = &asked.Impersonator.UserID
	},
	grants.OtherUser: func(config *ordercloud.ImpersonationConfig, asked grants.Question) {
		config.BuyerID, config.GroupID, config.UserID = &asked.User.BuyerID, nil, &asked.User.UserID
	},
}

// Where no config applies, one comes closest in some thing if and only if there is one
// that would apply were it not for that thing; and then it is one of those.
func TestWhatComesClosestWouldApply(t *testing.T) {
	found := map[grants.Difference]int{}
	for number := range eachSeed(t) {
		world := newWorld(number)
		snapshot := world.serve(t).snapshot()
		rule := grants.NewRule(snapshot)
		for range 10 {
			asked := world.question()
			refusal := rule.Decide(asked).Refusal
			if refusal == nil || refusal.Reason != grants.NoConfig {
				continue
			}
			for differs, repair := range repairs {
				closest, repaired := closestIn(refusal, differs), applicable(snapshot, asked, repair)
				if (closest == "") != (len(repaired) == 0) || closest != "" && !slices.Contains(repaired, closest) {
					t.Errorf("%s: %q comes closest, and of all configs %q would apply; again with %s=%d",
						differs, closest, repaired, seedVariable, number)
				}
				if closest != "" {
					found[differs]++
				}
			}
		}
	}
	t.Logf("closest configs: %v", found)
	for differs := range repairs {
		if found[differs] < seldomest {
			t.Errorf("%s was found %d times only: the test says too little about it", differs, found[differs])
		}
	}
}

func closestIn(refusal *grants.Refusal, differs grants.Difference) string {
	for _, each := range refusal.Closest {
		if each.Differs == differs {
			return each.Config.ID
		}
	}
	return ""
}

// applicable lists the configs that would apply once they are repaired.
func applicable(snapshot grants.Snapshot, asked grants.Question, repair func(*ordercloud.ImpersonationConfig, grants.Question)) []string {
	var ids []string
	for _, config := range snapshot.Configs {
		repair(&config, asked)
		snapshot.Configs = []ordercloud.ImpersonationConfig{config}
		if refused := grants.NewRule(snapshot).Decide(asked).Refusal; refused == nil || refused.Reason != grants.NoConfig {
			ids = append(ids, config.ID)
		}
	}
	return ids
}

// everyQuestion pairs all users in all applications, in the order of the lists.
func (w *world) everyQuestion() []grants.Question {
	var every []grants.Question
	users := slices.SortedFunc(slices.Values(w.users), grants.User.Compare)
	for _, impersonator := range users {
		for _, client := range w.applications {
			for _, user := range users {
				every = append(every, grants.Question{Impersonator: impersonator, User: user, ClientID: client})
			}
		}
	}
	return every
}

// sorted brings grants into the order of the lists.
func sorted(found []grants.Grant) []grants.Grant {
	byClient := func(a, b grants.Grant) int { return strings.Compare(a.ClientID, b.ClientID) }
	byImpersonator := func(a, b grants.Grant) int { return a.Impersonator.Compare(b.Impersonator) }
	slices.SortFunc(found, func(a, b grants.Grant) int { return a.User.Compare(b.User) })
	slices.SortStableFunc(found, byClient)
	slices.SortStableFunc(found, byImpersonator)
	return found
}
