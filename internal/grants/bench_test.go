// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"fmt"
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// crowd is a marketplace of 20,000 buyer users in 200 buyers, 500 admin users and 10,000
// configs: half of them for single users of buyers, the other half wide ones that name
// all admin users or a group, and a buyer or any.
func crowd() grants.Snapshot {
	snapshot := grants.Snapshot{}
	impersonates := []string{"BuyerImpersonation"}
	for number := range 500 {
		id := fmt.Sprintf("admin-%d", number)
		snapshot.AdminUsers = append(snapshot.AdminUsers, ordercloud.AdminUser{ID: id, Active: true, AvailableRoles: impersonates})
		snapshot.GroupMembers = append(snapshot.GroupMembers, grants.GroupMember{GroupID: fmt.Sprintf("desk-%d", number%20), UserID: id})
	}
	for number := range 20_000 {
		user := ordercloud.BuyerUser{CompanyID: fmt.Sprintf("buyer-%d", number%200), ID: fmt.Sprintf("user-%d", number), Active: true}
		snapshot.BuyerUsers = append(snapshot.BuyerUsers, user)
	}
	for number := range 20 {
		snapshot.APIClients = append(snapshot.APIClients, ordercloud.APIClient{ID: fmt.Sprintf("CLIENT-%d", number), Active: true, AllowAnyBuyer: true})
	}
	for number := range 500 {
		snapshot.SecurityProfiles = append(snapshot.SecurityProfiles, ordercloud.SecurityProfile{ID: fmt.Sprintf("profile-%d", number), Roles: []string{"Shopper"}})
	}
	for number := range 10_000 {
		config := ordercloud.ImpersonationConfig{
			ID: fmt.Sprintf("config-%d", number), ClientID: fmt.Sprintf("client-%d", number%20),
			SecurityProfileID: fmt.Sprintf("profile-%d", number/20),
		}
		switch number % 4 {
		case 0: // all admin users, any buyer
		case 1:
			config.ImpersonationGroupID = new(fmt.Sprintf("desk-%d", number/4%20))
			config.BuyerID = new(fmt.Sprintf("buyer-%d", number%200))
		default:
			config.ImpersonationUserID = new(fmt.Sprintf("admin-%d", number%500))
			config.BuyerID, config.UserID = new(fmt.Sprintf("buyer-%d", number%200)), new(fmt.Sprintf("user-%d", number))
		}
		snapshot.Configs = append(snapshot.Configs, config)
	}
	return snapshot
}

func BenchmarkAmongTenThousandConfigs(b *testing.B) {
	snapshot := crowd()
	rule := grants.NewRule(snapshot)
	impersonator, user := grants.User{UserID: "admin-3"}, grants.User{BuyerID: "buyer-7", UserID: "user-7"}
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			grants.NewRule(snapshot)
		}
	})
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			if refusal := rule.Decide(grants.Question{Impersonator: impersonator, User: user, ClientID: "client-4"}).Refusal; refusal != nil {
				b.Fatal(refusal)
			}
		}
	})
	b.Run("refuse", func(b *testing.B) {
		for b.Loop() {
			if rule.Decide(grants.Question{Impersonator: impersonator, User: user, ClientID: "client-3"}).Refusal == nil {
				b.Fatal("nothing is refused")
			}
		}
	})
	b.Run("who can", func(b *testing.B) {
		for b.Loop() {
			if found := len(rule.WhoCan(user, "client-4")); found != 500 {
				b.Fatal(found)
			}
		}
	})
	b.Run("whom can", func(b *testing.B) {
		for b.Loop() {
			if found := len(rule.WhomCan(impersonator)); found < 100_000 {
				b.Fatal(found)
			}
		}
	})
}
