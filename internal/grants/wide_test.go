// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants_test

import (
	"testing"

	"github.com/ordercloud-operator/ordercloud-operator/internal/grants"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

func TestWideGrantsAreTold(t *testing.T) {
	for sentence, test := range map[string]struct {
		config             ordercloud.ImpersonationConfig
		anyBuyer, anyAdmin bool
	}{
		"nothing named: any admin user, any buyer":        {ordercloud.ImpersonationConfig{}, true, true},
		"empty text names nothing":                        {ordercloud.ImpersonationConfig{BuyerID: new(""), ImpersonationGroupID: new("")}, true, true},
		"a buyer is impersonated by any admin user":       {ordercloud.ImpersonationConfig{BuyerID: new("acme")}, false, true},
		"a user is impersonated by any admin user":        {ordercloud.ImpersonationConfig{BuyerID: new("acme"), UserID: new("jdoe")}, false, true},
		"a group of admin users impersonates any buyer":   {ordercloud.ImpersonationConfig{ImpersonationGroupID: new("desk")}, true, false},
		"one admin user impersonates any buyer":           {ordercloud.ImpersonationConfig{ImpersonationUserID: new("jane")}, true, false},
		"a whole buyer impersonates any buyer":            {ordercloud.ImpersonationConfig{ImpersonationBuyerID: new("acme")}, true, false},
		"a group of a buyer impersonates a user":          {ordercloud.ImpersonationConfig{ImpersonationBuyerID: new("acme"), ImpersonationGroupID: new("leads"), BuyerID: new("acme"), UserID: new("jdoe")}, false, false},
		"a group of admin users impersonates buyers' own": {ordercloud.ImpersonationConfig{ImpersonationGroupID: new("desk"), BuyerID: new("acme"), GroupID: new("leads")}, false, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := grants.IsAnyBuyer(test.config); got != test.anyBuyer {
				t.Errorf("any buyer: got %t", got)
			}
			if got := grants.IsAnyAdmin(test.config); got != test.anyAdmin {
				t.Errorf("any admin user: got %t", got)
			}
		})
	}
}
