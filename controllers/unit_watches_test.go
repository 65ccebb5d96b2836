// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
)

func TestOnlyChangesThatMatterWakeAnObject(t *testing.T) {
	withCondition := func(kind string, status metav1.ConditionStatus) func(*v1alpha1.BuyerUser) {
		return func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = []metav1.Condition{{Type: kind, Status: status}}
		}
	}
	for name, test := range map[string]struct {
		change      func(*v1alpha1.BuyerUser)
		declaration bool
		orReady     bool
	}{
		"the spec": {func(user *v1alpha1.BuyerUser) { user.Generation = 2 }, true, true},
		"the look annotation": {func(user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "1"}
		}, true, true},
		"the confirmation of a deletion": {func(user *v1alpha1.BuyerUser) {
			user.Annotations = map[string]string{v1alpha1.ConfirmDeleteAnnotation: "true"}
		}, true, true},
		"another annotation": {func(user *v1alpha1.BuyerUser) { user.Annotations = map[string]string{"a": "b"} }, false, false},
		"a label":            {func(user *v1alpha1.BuyerUser) { user.Labels = map[string]string{"a": "b"} }, false, false},
		"the finalizer of its claim was taken off":   {func(user *v1alpha1.BuyerUser) { user.Finalizers = nil }, true, true},
		"it was released":                            {func(user *v1alpha1.BuyerUser) { user.Finalizers, user.Status.Claim = nil, nil }, false, false},
		"it became Ready":                            {withCondition(v1alpha1.ReadyCondition, metav1.ConditionTrue), false, true},
		"it was compared":                            {withCondition(v1alpha1.SyncedCondition, metav1.ConditionTrue), false, false},
		"the status of a former object was restored": {func(user *v1alpha1.BuyerUser) { user.Status.Claim.UID = "former" }, true, true},
		"its status otherwise":                       {func(user *v1alpha1.BuyerUser) { user.Status.Path = "x" }, false, false},
		"nothing":                                    {func(*v1alpha1.BuyerUser) {}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := user("jdoe", func(user *v1alpha1.BuyerUser) {
				user.Generation, user.Finalizers, user.Status.Claim = 1, []string{v1alpha1.ClaimFinalizer}, heldClaim()
				user.UID = types.UID(user.Status.Claim.UID)
			})
			after := before.DeepCopy()
			test.change(after)
			update := event.UpdateEvent{ObjectOld: before, ObjectNew: after}
			if got := declarationChanged().Update(update); got != test.declaration {
				t.Errorf("the declaration changed: %v", got)
			}
			if got := declarationOrReadyChanged().Update(update); got != test.orReady {
				t.Errorf("the declaration or Ready changed: %v", got)
			}
		})
	}
	if !declarationChanged().Create(event.CreateEvent{Object: user("jdoe", nil)}) || !declarationChanged().Delete(event.DeleteEvent{Object: user("jdoe", nil)}) {
		t.Error("a new or a deleted object wakes nobody")
	}
}

func TestObjectsAreFoundByWhatTheyReferTo(t *testing.T) {
	withPassword := user("jdoe", func(user *v1alpha1.BuyerUser) {
		user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "password"}
	})
	config := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "desk"}}
	config.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "other", Name: "main"}
	config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: "a"}
	config.Spec.ImpersonationUserRef = &v1alpha1.BuyerUserReference{Name: "b"}
	declared := &v1alpha1.Marketplace{Spec: v1alpha1.MarketplaceSpec{CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"}}}
	for name, test := range map[string]struct {
		index  client.IndexerFunc
		object client.Object
		want   []string
	}{
		"the default Marketplace of its namespace": {marketplaceOf, user("jdoe", nil), []string{"shop/default"}},
		"a Marketplace elsewhere":                  {marketplaceOf, config, []string{"other/main"}},
		"a Marketplace has none":                   {marketplaceOf, declared, nil},
		"a password":                               {passwordSecretOf, withPassword, []string{"password"}},
		"no password":                              {passwordSecretOf, user("jdoe", nil), nil},
		"no password of another kind":              {passwordSecretOf, config, nil},
		"users on both sides":                      {buyerUsersOf, config, []string{"a", "b"}},
		"no users":                                 {buyerUsersOf, &v1alpha1.ImpersonationConfig{}, nil},
		"users of another kind":                    {buyerUsersOf, withPassword, nil},
		"credentials":                              {credentialsSecretOf, declared, []string{"ordercloud"}},
		"credentials of another kind":              {credentialsSecretOf, config, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.index(test.object)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestConditionsAreFoundOnEveryKind(t *testing.T) {
	conditions := []metav1.Condition{{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue}}
	declared := &v1alpha1.Marketplace{Status: v1alpha1.MarketplaceStatus{Conditions: conditions}}
	for name, test := range map[string]struct {
		object client.Object
		want   string
	}{
		"Marketplace": {declared, "True"},
		"BuyerUser":   {user("jdoe", func(user *v1alpha1.BuyerUser) { user.Status.Conditions = conditions }), "True"},
		"none yet":    {user("jdoe", nil), ""},
		"Secret":      {&corev1.Secret{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := conditionStatus(test.object, v1alpha1.ReadyCondition); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// indexed is a cache with the indexes that the watches use.
func indexed(t *testing.T, objects ...client.Object) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&v1alpha1.BuyerUser{}, byMarketplace, marketplaceOf).
		WithIndex(&v1alpha1.BuyerUser{}, byPasswordSecret, passwordSecretOf).
		WithIndex(&v1alpha1.BuyerUser{}, lifecycle.PathIndex, lifecycle.IndexPath(external.BuyerUsers{})).
		WithIndex(&v1alpha1.BuyerUser{}, lifecycle.ExclusiveIndex, lifecycle.IndexExclusive(external.BuyerUsers{})).
		WithIndex(&v1alpha1.Marketplace{}, byCredentialsSecret, credentialsSecretOf).
		WithObjects(objects...).Build()
}

// woken is what an event handler added to the queue, by priority.
func woken(t *testing.T, happen func(workqueue.TypedRateLimitingInterface[reconcile.Request])) map[int][]string {
	t.Helper()
	queue := priorityqueue.New[reconcile.Request]("")
	defer queue.ShutDown()
	happen(queue)
	found := map[int][]string{}
	for range queue.Len() {
		request, priority, _ := queue.GetWithPriority()
		found[priority] = append(found[priority], request.Name)
	}
	for _, names := range found {
		slices.Sort(names)
	}
	return found
}

func TestWhatConcernsManyWaitsBehindEdits(t *testing.T) {
	const low = handler.LowPriority
	synced := func(name string, status metav1.ConditionStatus) *v1alpha1.BuyerUser {
		return user(name, func(user *v1alpha1.BuyerUser) {
			user.Status.Conditions = []metav1.Condition{{Type: v1alpha1.SyncedCondition, Status: status}}
			user.Spec.PasswordSecretRef = &v1alpha1.SecretKeyReference{Name: "password"}
		})
	}
	declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "default"}}
	declared.Spec.CredentialsSecretRef.Name = "ordercloud"
	secret := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	}
	rival := func(namespace, name, userID string) *v1alpha1.BuyerUser {
		return user(name, func(user *v1alpha1.BuyerUser) {
			user.Namespace, user.UID = namespace, types.UID(name)
			user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "shop", Name: "other"}
			user.Spec.BuyerID, user.Spec.UserID = "acme", v1alpha1.ID(userID)
		})
	}
	holder := user("holder", func(user *v1alpha1.BuyerUser) { user.Spec.Username = "JOAN@acme.example" })
	refused := user("refused", func(user *v1alpha1.BuyerUser) {
		user.Spec.Username, user.UID = "joan@acme.example", "refused"
		user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "shop", Name: "fourth"}
	})
	holder.Spec.MarketplaceRef = refused.Spec.MarketplaceRef
	sameManifest := rival("elsewhere", "same-manifest", "jdoe")
	sameManifest.Spec.MarketplaceRef.Namespace = ""
	kube := indexed(t, synced("fine", metav1.ConditionTrue), synced("waiting", metav1.ConditionFalse), user("fresh", nil), declared, refused,
		rival("shop", "owner", "jdoe"), rival("elsewhere", "waits", "jdoe"), rival("shop", "unconcerned", "other"), sameManifest)
	registry := marketplace.NewRegistry(kube, kube, marketplace.Endpoints{}, "")
	list := func() client.ObjectList { return &v1alpha1.BuyerUserList{} }
	for name, test := range map[string]struct {
		handler handler.EventHandler
		object  client.Object
		want    map[int][]string
	}{
		"a Marketplace": {followMarketplaces(kube, list), declared, map[int][]string{low: {"fine", "fresh", "waiting"}}},
		"its Secret":    {followCredentials(kube, list), secret("ordercloud"), map[int][]string{low: {"fine", "fresh", "waiting"}}},
		"the end of an outage wakes those that it kept waiting": {followRecovery(kube, list), declared, map[int][]string{low: {"fresh", "waiting"}}},
		"whoever declares the same in the same marketplace":     {followRivals(kube, registry, external.BuyerUsers{}), rival("shop", "owner", "jdoe"), map[int][]string{0: {"waits"}}},
		"whoever wants the same username":                       {followHolders(kube, registry, external.BuyerUsers{}), holder, map[int][]string{0: {"refused"}}},
		"a password concerns few":                               {followNamed(kube, list, byPasswordSecret), secret("password"), map[int][]string{0: {"fine", "waiting"}}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			for happened, happen := range map[string]func(workqueue.TypedRateLimitingInterface[reconcile.Request]){
				"created": func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
					test.handler.Create(ctx, event.CreateEvent{Object: test.object}, queue)
				},
				"changed": func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
					before, _ := test.object.DeepCopyObject().(client.Object)
					before.SetResourceVersion("before")
					test.handler.Update(ctx, event.UpdateEvent{ObjectOld: before, ObjectNew: test.object}, queue)
				},
				"deleted": func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
					test.handler.Delete(ctx, event.DeleteEvent{Object: test.object}, queue)
				},
			} {
				if diff := cmp.Diff(test.want, woken(t, happen)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", happened, diff)
				}
			}
			// When the operator starts, every object is looked at once, and not once
			// more for each Secret and Marketplace.
			atStart := woken(t, func(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				test.handler.Create(ctx, event.CreateEvent{Object: test.object, IsInInitialList: true}, queue)
			})
			if len(atStart) != 0 {
				t.Errorf("at the start it wakes %v", atStart)
			}
		})
	}
}

func TestOnlyTheEndOfAnOutageIsARecovery(t *testing.T) {
	marketplaceWith := func(status metav1.ConditionStatus) *v1alpha1.Marketplace {
		declared := &v1alpha1.Marketplace{}
		if status != "" {
			declared.Status.Conditions = []metav1.Condition{{Type: v1alpha1.SyncedCondition, Status: status}}
		}
		return declared
	}
	for name, test := range map[string]struct {
		before, after metav1.ConditionStatus
		want          bool
	}{
		"it ended":   {metav1.ConditionFalse, metav1.ConditionTrue, true},
		"it began":   {metav1.ConditionTrue, metav1.ConditionFalse, false},
		"it goes on": {metav1.ConditionFalse, metav1.ConditionFalse, false},
		"none":       {metav1.ConditionTrue, metav1.ConditionTrue, false},
		"first seen": {"", metav1.ConditionTrue, true},
	} {
		t.Run(name, func(t *testing.T) {
			update := event.UpdateEvent{ObjectOld: marketplaceWith(test.before), ObjectNew: marketplaceWith(test.after)}
			if got := becameSynced().Update(update); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAMarketplaceCountsAgainWhenItsGuardTurns(t *testing.T) {
	holds := func(until int64) *v1alpha1.Deletions {
		return &v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{HeldAbove: new(int32(20)), HeldUntil: metav1.Unix(until, 0)}}
	}
	tenantHolds := func(until int64) *v1alpha1.Deletions {
		return &v1alpha1.Deletions{Tenants: []v1alpha1.TenantDeletions{{Namespaces: "team=a", DeletionAccount: holds(until).DeletionAccount}}}
	}
	for name, test := range map[string]struct {
		before, after *v1alpha1.Deletions
		want          bool
	}{
		"nothing":                         {nil, nil, false},
		"a deletion was let through":      {nil, &v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{UnderWay: []string{"a"}}}, false},
		"it begins to hold":               {&v1alpha1.Deletions{DeletionAccount: v1alpha1.DeletionAccount{UnderWay: []string{"a"}}}, holds(1), true},
		"it holds those that came later":  {holds(1), holds(2), true},
		"it holds the same as before":     {holds(1), holds(1), false},
		"it begins to hold one tenant's":  {&v1alpha1.Deletions{}, tenantHolds(1), true},
		"it holds more of one tenant's":   {tenantHolds(1), tenantHolds(2), true},
		"it holds the same of one tenant": {tenantHolds(1), tenantHolds(1), false},
		"it holds the owner's instead":    {tenantHolds(1), holds(1), true},
		"nothing of the tenant is left":   {tenantHolds(1), &v1alpha1.Deletions{}, true},
		"nothing that it holds is left":   {holds(1), &v1alpha1.Deletions{}, true},
		"nothing is known of it any more": {holds(1), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := &v1alpha1.Marketplace{}, &v1alpha1.Marketplace{}
			before.Status.Deletions, after.Status.Deletions = test.before, test.after
			if got := guardTurned().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
