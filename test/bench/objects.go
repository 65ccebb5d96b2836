// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	// namespace holds the Marketplace and the objects that are measured.
	namespace = "shop"
	// limitNamespace holds those that no operator looks at.
	limitNamespace = "limit"
	// buyerCount is over how many buyers users are spread.
	buyerCount = 10
	// oneConfigIn says that one object of so many is an ImpersonationConfig.
	oneConfigIn = 10
	// What the sandbox's seed holds.
	securityProfile = "cs-rep"
	clientName      = "Storefront"
	adminGroup      = "customer-service"
)

var (
	firstNames = []string{"joan", "maria", "pieter", "ana", "kwame", "yuki", "olga", "david", "ines", "tom"}
	lastNames  = []string{"miller", "garcia", "jansen", "silva", "mensah", "tanaka", "novak", "schmidt"}
)

// isConfig tells which of the objects are ImpersonationConfigs.
func isConfig(number int) bool { return number%oneConfigIn == oneConfigIn-1 }

// buyerID is the ID of one of the buyers, 17 characters.
func buyerID(number int) string { return fmt.Sprintf("acme-wholesale-%02d", number%buyerCount) }

// buyerOf spreads objects over the buyers, whatever their kind.
func buyerOf(number int) string { return buyerID(number / oneConfigIn) }

// groupID is the user group that a config lets be impersonated, 16 characters. Each
// has its own: OrderCloud refuses a second grant of the same.
func groupID(number int) string { return fmt.Sprintf("purchasers-%05d", number) }

// userID is an ID of 15 to 20 characters.
func userID(number int) string {
	return fmt.Sprintf("%s-%s-%05d", firstNames[number%len(firstNames)], lastNames[number%len(lastNames)], number)
}

// userPath is where OrderCloud keeps a user, below /v1/.
func userPath(number int) string {
	return "buyers/" + buyerOf(number) + "/users/" + userID(number)
}

func declaredUser(inNamespace string, number int) *v1alpha1.BuyerUser {
	id := userID(number)
	return &v1alpha1.BuyerUser{
		ObjectMeta: metav1.ObjectMeta{Namespace: inNamespace, Name: id},
		Spec: v1alpha1.BuyerUserSpec{
			BuyerID:   v1alpha1.ID(buyerOf(number)),
			Username:  id + "@acme.example",
			FirstName: firstNames[number%len(firstNames)],
			LastName:  lastNames[number%len(lastNames)],
			Email:     id + "@acme.example",
			XP:        &runtime.RawExtension{Raw: []byte(extendedProperties(number))},
		},
	}
}

func extendedProperties(number int) string {
	return fmt.Sprintf(`{"costCenter":"CC-%04d","department":"Purchasing","employeeNumber":%d,"preferences":{"language":"en","newsletter":false}}`,
		number%1000, number)
}

// userBody is a user as it is sent to OrderCloud.
func userBody(number int) string {
	id := userID(number)
	return fmt.Sprintf(`{"ID":%q,"Username":"%s@acme.example","FirstName":%q,"LastName":%q,"Email":"%s@acme.example","Active":true,"xp":%s}`,
		id, id, firstNames[number%len(firstNames)], lastNames[number%len(lastNames)], id, extendedProperties(number))
}

func declaredConfig(inNamespace string, number int) *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: inNamespace, Name: fmt.Sprintf("desk-wholesale-%05d", number)},
		Spec: v1alpha1.ImpersonationConfigSpec{
			ImpersonationGroupID: adminGroup,
			BuyerID:              v1alpha1.ID(buyerOf(number)),
			GroupID:              v1alpha1.ID(groupID(number)),
			SecurityProfileID:    securityProfile,
			ClientName:           clientName,
		},
	}
}

// usersOf lists the numbers of the objects that are users.
func usersOf(size int) []int {
	var numbers []int
	for number := range size {
		if !isConfig(number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// spread takes some numbers from all over a list.
func spread(numbers []int, count int) []int {
	chosen := make([]int, 0, count)
	for position := range count {
		chosen = append(chosen, numbers[position*len(numbers)/count])
	}
	return chosen
}
