// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"net/http"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestNobodyIsGrantedAUserWhoIsBeingDeleted(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	user.Finalizers = []string{"example.com/hold"}
	w.ready(user)
	w.remove(user)
	config := declaredConfig()
	config.Spec.BuyerID, config.Spec.UserRef = "", &v1alpha1.BuyerUserReference{Name: "jdoe"}
	w.declare(config)
	w.settle(config)
	w.expect(config, "Ready", "False ReferenceNotReady")
	w.settle(user)
	if w.inOrderCloud(userPath) != nil {
		t.Error("the user is still there")
	}
}

func TestADeletionThatOrderCloudRefusesNamesTheSameConfigEachTime(t *testing.T) {
	w := begin(t)
	user := declaredUser()
	w.ready(user)
	for id, fields := range map[string]map[string]any{
		"as-target":       {"BuyerID": "acme", "UserID": "jdoe"},
		"as-impersonator": {"ImpersonationBuyerID": "acme", "ImpersonationUserID": "jdoe", "BuyerID": "globex"},
	} {
		fields["ID"], fields["SecurityProfileID"], fields["ClientID"] = id, "cs-rep", storefront
		w.mutate(http.MethodPost, "impersonationconfig", fields)
	}
	w.remove(user)
	messages := map[string]bool{}
	for range 10 {
		w.mustPass(user)
		messages[meta.FindStatusCondition(user.Status.Conditions, "Synced").Message] = true
	}
	if len(messages) != 1 {
		t.Errorf("it says %v", messages)
	}
}
