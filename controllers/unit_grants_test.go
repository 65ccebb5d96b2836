// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/external"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// holding fills a marketplace with impersonation configs of these IDs. Each is a grant
// of its own.
func holding(ids ...string) func(*sandbox.Seed) {
	return func(seed *sandbox.Seed) {
		for number, id := range ids {
			group := fmt.Sprintf("group-%03d", number)
			seed.Objects["usergroups/"+group] = map[string]any{"Name": "Desk"}
			seed.Objects["impersonationconfig/"+id] = map[string]any{
				"ImpersonationGroupID": group, "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": storefrontClientID,
			}
		}
	}
}

const storefrontClientID = "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"

// beginReporting is a unit whose Marketplace reports unmanaged grants.
func beginReporting(t *testing.T, seed func(*sandbox.Seed), objects ...client.Object) *unit {
	t.Helper()
	u := beginUnit(t, seed, objects...)
	u.edit(u.declared, func() { u.declared.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsReport })
	return u
}

// list lets the impersonation configs be listed, if that is due.
func (u *unit) list() ctrl.Result {
	u.t.Helper()
	result, err := u.grants.Reconcile(u.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(u.declared)})
	if err != nil {
		u.t.Fatal(err)
	}
	return result
}

// lookAround checks the Marketplace, lists the impersonation configs and records both.
func (u *unit) lookAround() {
	u.t.Helper()
	u.pass()
	u.list()
	u.pass()
}

// lookLater is lookAround when an interval has passed.
func (u *unit) lookLater() {
	u.t.Helper()
	u.clock.Step(10 * time.Minute)
	u.lookAround()
}

// listCalls is how many lists of impersonation configs OrderCloud was asked for.
func (u *unit) listCalls() int { return u.box.Stats().Calls["GET /v1/impersonationconfig"] }

// told takes the events that were emitted.
func (u *unit) told() []string {
	var told []string
	for len(u.recorder.Events) > 0 {
		told = append(told, <-u.recorder.Events)
	}
	return told
}

func (u *unit) expectTold(want ...string) {
	u.t.Helper()
	if diff := cmp.Diff(want, u.told()); diff != "" {
		u.t.Errorf("events (-want +got)\n%s", diff)
	}
}

func (u *unit) expectUnmanaged(ids ...string) {
	u.t.Helper()
	want := &v1alpha1.UnmanagedImpersonationConfigs{Count: int32(len(ids)), IDs: ids}
	got := u.declared.Status.UnmanagedImpersonationConfigs
	if got != nil && len(got.IDs) == 0 {
		got.IDs = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		u.t.Errorf("unmanaged (-want +got)\n%s", diff)
	}
}

func (u *unit) expectGrants(want string) string {
	u.t.Helper()
	condition := meta.FindStatusCondition(u.declared.Status.Conditions, v1alpha1.GrantsDeclaredCondition)
	if condition == nil {
		condition = &metav1.Condition{Status: "no"}
	}
	if got := strings.TrimSpace(string(condition.Status) + " " + condition.Reason); got != want {
		u.t.Errorf("GrantsDeclared is %s, want %s: %s", got, want, condition.Message)
	}
	return condition.Message
}

func (u *unit) create(objects ...client.Object) {
	u.t.Helper()
	for _, object := range objects {
		if err := u.kube.Create(u.t.Context(), object); err != nil {
			u.t.Fatal(err)
		}
	}
}

func (u *unit) remove(object client.Object) {
	u.t.Helper()
	if err := u.kube.Delete(u.t.Context(), object); err != nil {
		u.t.Fatal(err)
	}
}

func (u *unit) mutate(method, where string, body map[string]any) {
	u.t.Helper()
	if err := u.box.Mutate(sandbox.Mutation{Method: method, Path: where, Body: body}); err != nil {
		u.t.Fatal(err)
	}
}

// grantMetrics are the gauges of the Marketplace shop/default about grants.
func grantMetrics(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		if name := family.GetName(); name != "ordercloud_unmanaged_impersonation_configs" && name != "ordercloud_wide_grants" {
			continue
		}
		for _, metric := range family.GetMetric() {
			name, isOurs := family.GetName(), false
			for _, label := range metric.GetLabel() {
				isOurs = isOurs || label.GetName() == "marketplace" && label.GetValue() == "shop/default"
				if label.GetName() == "kind" {
					name += " " + label.GetValue()
				}
			}
			if isOurs {
				found[name] = metric.GetGauge().GetValue()
			}
		}
	}
	return found
}

func config(id string, change func(*v1alpha1.ImpersonationConfig)) *v1alpha1.ImpersonationConfig {
	object := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "declares-" + id}}
	object.Spec.ID = v1alpha1.ID(id)
	if change != nil {
		change(object)
	}
	return object
}

func TestUnmanagedGrantsAreReported(t *testing.T) {
	u := beginReporting(t, func(seed *sandbox.Seed) {
		holding("declared", "other", "another")(seed)
		delete(seed.Objects["impersonationconfig/declared"], "BuyerID")
		delete(seed.Objects["impersonationconfig/other"], "ImpersonationGroupID")
	}, config("declared", nil))
	u.lookAround()
	u.expectUnmanaged("another", "other")
	const want = "OrderCloud holds impersonation configs that no object declares, see status.unmanagedImpersonationConfigs: " +
		"declare them, delete them, or set spec.unmanagedImpersonationConfigs to Ignore"
	if got := u.expectGrants("False UnmanagedGrants"); got != want {
		t.Errorf("says %q", got)
	}
	if diff := cmp.Diff(&v1alpha1.WideGrants{AnyBuyer: 1, AnyAdmin: 1}, u.declared.Status.WideGrants); diff != "" {
		t.Errorf("wide (-want +got)\n%s", diff)
	}
	u.expectTold("Warning UnmanagedGrant OrderCloud holds impersonation configs that no object declares: another, other")
	metrics := map[string]float64{
		"ordercloud_unmanaged_impersonation_configs": 2, "ordercloud_wide_grants any_buyer": 1, "ordercloud_wide_grants any_admin": 1,
	}
	if diff := cmp.Diff(metrics, grantMetrics(t)); diff != "" {
		t.Errorf("metrics (-want +got)\n%s", diff)
	}
	if !meta.IsStatusConditionTrue(u.declared.Status.Conditions, v1alpha1.ReadyCondition) {
		t.Error("the Marketplace is not Ready because of it")
	}

	// Nothing is told twice, and nothing is ever written to OrderCloud.
	patches := u.patches
	u.lookLater()
	u.expectTold()
	if stats := u.box.Stats(); u.patches != patches || stats.Writes() != 0 || stats.Calls["POST /oauth/token"] != 1 {
		t.Errorf("%d patches, calls %v", u.patches-patches, stats.Calls)
	}

	u.mutate(http.MethodDelete, "impersonationconfig/another", nil)
	u.lookLater()
	u.expectUnmanaged("other")
	u.expectTold("Normal GrantGone impersonation configs that no object declared are gone from OrderCloud: another")

	u.remove(u.declared)
	if _, err := u.reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(u.declared)}); err != nil {
		t.Fatal(err)
	}
	if result := u.list(); result.RequeueAfter != 0 || len(grantMetrics(t)) != 0 || len(u.reconciler.seen.entries) != 0 {
		t.Errorf("a Marketplace that is gone is still counted: %v", grantMetrics(t))
	}
}

func otherMarketplace(namespace string) *v1alpha1.Marketplace {
	return &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "other"}}
}

// declareOther declares one more Marketplace at the same address.
func (u *unit) declareOther(namespace, clientID, clientSecret string) {
	u.t.Helper()
	declared := otherMarketplace(namespace)
	declared.Spec = *u.declared.Spec.DeepCopy()
	declared.Spec.CredentialsSecretRef.Name = "other"
	u.create(declared, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "other"},
		Data:       map[string][]byte{"clientID": []byte(clientID), "clientSecret": []byte(clientSecret)},
	})
}

// passOverOther checks another Marketplace than the unit's own.
func (u *unit) passOverOther() {
	u.t.Helper()
	key := types.NamespacedName{Namespace: "shop", Name: "other"}
	if _, err := u.reconciler.Reconcile(u.t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
		u.t.Fatal(err)
	}
}

// anotherClient is an API client of the same seller that may do what the operator's may.
func (u *unit) anotherClient() (clientID, clientSecret string) {
	u.t.Helper()
	u.mutate(http.MethodPatch, "apiclients/"+storefrontClientID, map[string]any{
		"ClientSecret": "q7-another-secret", "DefaultContextUserName": "operator@shop.example",
	})
	return storefrontClientID, "q7-another-secret"
}

func TestAGrantCountsAsDeclaredByWhomMayDeclareIt(t *testing.T) {
	elsewhere := func(name string) func(*v1alpha1.ImpersonationConfig) {
		return func(config *v1alpha1.ImpersonationConfig) { config.Spec.MarketplaceRef.Name = name }
	}
	visiting := func(config *v1alpha1.ImpersonationConfig) {
		config.Namespace = "visitors"
		config.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Namespace: "shop", Name: "default"}
	}
	// other declares another Marketplace with these credentials, and checks it.
	other := func(credentials func(*unit) (clientID, clientSecret string)) func(*unit) {
		return func(u *unit) {
			clientID, clientSecret := credentials(u)
			u.declareOther("shop", clientID, clientSecret)
			u.passOverOther()
		}
	}
	for name, test := range map[string]struct {
		prepare  func(*unit)
		declare  func(*v1alpha1.ImpersonationConfig)
		declared bool
	}{
		"an object of the Marketplace's namespace": {declared: true},
		"one that only watches": {declared: true, declare: func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.ManagementPolicy = v1alpha1.ManagementObserve
		}},
		"one that is suspended": {declared: true, declare: func(config *v1alpha1.ImpersonationConfig) { config.Spec.Suspend = true }},
		"one that is being deleted": {declared: true, declare: func(config *v1alpha1.ImpersonationConfig) {
			config.Finalizers = []string{v1alpha1.ClaimFinalizer} // it stays when it is deleted
		}},
		"one whose name is the ID": {declared: true, declare: func(config *v1alpha1.ImpersonationConfig) {
			config.Name, config.Spec.ID = "desk", ""
		}},
		"one of another letter case": {declare: func(config *v1alpha1.ImpersonationConfig) { config.Spec.ID = "Desk" }},
		"one of another namespace":   {declare: visiting},
		"one of a namespace that is let in": {declared: true, declare: visiting, prepare: func(u *unit) {
			u.edit(u.declared, func() { u.declared.Spec.AllowedNamespaces.From = v1alpha1.NamespacesAll })
		}},
		"one of a namespace whose labels do not match": {declare: visiting, prepare: func(u *unit) {
			u.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "visitors"}})
			u.edit(u.declared, func() {
				u.declared.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{
					From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}},
				}
			})
		}},
		"one of a Marketplace that is not there": {declare: elsewhere("none")},
		"one of a Marketplace with the same credentials": {
			declared: true, declare: elsewhere("other"), prepare: other(func(u *unit) (string, string) { return u.box.Credentials() }),
		},
		"one of a Marketplace with another API client of the same seller": {
			declared: true, declare: elsewhere("other"), prepare: other((*unit).anotherClient),
		},
		"one of a Marketplace with another seller at the same address": {
			declare: elsewhere("other"), prepare: other(func(u *unit) (string, string) { return u.another.Credentials() }),
		},
		"one of a Marketplace with a wrong secret": {
			declare: elsewhere("other"), prepare: other(func(u *unit) (string, string) {
				clientID, _ := u.box.Credentials()
				return clientID, "q7-wrong"
			}),
		},
		"one of a Marketplace whose secret was right, and is refused now": {
			declare: elsewhere("other"), prepare: func(u *unit) {
				clientID, clientSecret := u.anotherClient()
				u.declareOther("shop", clientID, clientSecret)
				u.passOverOther()
				u.mutate(http.MethodPatch, "apiclients/"+clientID, map[string]any{"Active": false})
				u.box.RevokeTokens()
				u.clock.Step(10 * time.Minute)
				u.passOverOther()
			},
		},
		"one of a Marketplace at another address": {
			declare: elsewhere("other"), prepare: func(u *unit) {
				clientID, clientSecret := u.box.Credentials()
				u.declareOther("shop", clientID, clientSecret)
				object := otherMarketplace("shop")
				u.edit(object, func() { object.Spec.URL = strings.Replace(u.declared.Spec.URL, "127.0.0.1", "localhost", 1) })
				u.passOverOther()
			},
		},
	} {
		for when, before := range map[string]bool{"before the list": true, "after the list": false} {
			t.Run(name+", "+when, func(t *testing.T) {
				u := beginReporting(t, holding("desk"))
				if test.prepare != nil {
					test.prepare(u)
				}
				object := config("desk", test.declare)
				declare := func() {
					u.create(object)
					if len(object.Finalizers) > 0 {
						u.remove(object)
					}
				}
				if before {
					declare()
				}
				u.lookAround()
				if !before {
					u.expectUnmanaged("desk")
					declare()
					u.pass()
				}
				if test.declared {
					u.expectUnmanaged()
					u.expectGrants("True AllDeclared")
				} else {
					u.expectUnmanaged("desk")
					u.expectGrants("False UnmanagedGrants")
				}
			})
		}
	}
}

func TestWhatTheOperatorDeletesAlarmsNobody(t *testing.T) {
	object := func() *v1alpha1.ImpersonationConfig { return config("desk", nil) }
	for name, test := range map[string]struct {
		declared bool
		// meanwhile happens when the list is made and not answered yet.
		meanwhile func(u *unit)
	}{
		"its object goes while it is listed": {true, func(u *unit) {
			u.mutate(http.MethodDelete, "impersonationconfig/desk", nil)
			u.remove(object())
		}},
		"its object comes while it is listed": {false, func(u *unit) { u.create(object()) }},
	} {
		t.Run(name, func(t *testing.T) {
			u := beginReporting(t, holding("desk"))
			if test.declared {
				u.create(object())
			}
			u.pass()
			u.listed = func() { test.meanwhile(u) }
			u.list()
			if found := u.reconciler.seen.entry(client.ObjectKeyFromObject(u.declared)).grants; len(found.unmanaged) > 0 {
				t.Errorf("found %v", found.unmanaged)
			}
			u.pass()
			u.expectUnmanaged()
			u.expectTold()
			if u.listCalls() != 1 {
				t.Error("was not listed")
			}
		})
	}

	t.Run("its object goes between two lists", func(t *testing.T) {
		u := beginReporting(t, holding("desk"), object())
		u.lookAround()
		u.mutate(http.MethodDelete, "impersonationconfig/desk", nil)
		u.remove(object())
		u.pass()
		u.lookLater()
		u.expectUnmanaged()
		u.expectTold()
	})
	t.Run("its object came and goes between two lists", func(t *testing.T) {
		u := beginReporting(t, holding("desk"))
		u.lookAround()
		u.told()
		u.create(object())
		u.pass()
		u.expectUnmanaged()
		u.expectTold("Normal GrantDeclared impersonation configs that no object declared are declared now: desk")
		u.remove(object())
		u.pass()
		u.expectUnmanaged()
		// It was only let go: it is still there, and that is seen at the next list.
		u.lookLater()
		u.expectUnmanaged("desk")
		u.expectTold("Warning UnmanagedGrant OrderCloud holds impersonation configs that no object declares: desk")
	})
}

func TestARestartTellsNothingAgain(t *testing.T) {
	many := func(from, to int) []string {
		var ids []string
		for number := from; number < to; number++ {
			ids = append(ids, fmt.Sprintf("grant-%03d", number))
		}
		return ids
	}
	for name, count := range map[string]int{"one that fits the status": 3, "more than fit": 70} {
		t.Run(name, func(t *testing.T) {
			u := beginReporting(t, holding(many(0, count)...))
			u.lookAround()
			shown := u.declared.Status.UnmanagedImpersonationConfigs
			if int(shown.Count) != count || len(shown.IDs) != min(count, 50) || !slices.IsSorted(shown.IDs) {
				t.Errorf("shows %d: %v", shown.Count, shown.IDs)
			}
			u.told()
			patches := u.patches
			u.start()
			u.pass()
			if grantMetrics(t)["ordercloud_unmanaged_impersonation_configs"] != float64(count) {
				t.Error("until the next list the gauge is another")
			}
			u.lookAround()
			u.expectTold()
			if u.patches != patches {
				t.Errorf("%d patches", u.patches-patches)
			}

			// What is new or gone is told.
			u.start()
			u.mutate(http.MethodDelete, "impersonationconfig/grant-001", nil)
			u.mutate(http.MethodPost, "impersonationconfig", map[string]any{
				"ID": "a-new-one", "ImpersonationGroupID": "customer-service", "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": storefrontClientID,
			})
			u.lookAround()
			u.expectTold(
				"Warning UnmanagedGrant OrderCloud holds impersonation configs that no object declares: a-new-one",
				"Normal GrantGone impersonation configs that no object declared are gone from OrderCloud: grant-001")
		})
	}
}

func TestAnEventNamesAFewAndStaysShort(t *testing.T) {
	long := strings.Repeat("x", 97)
	for name, test := range map[string]struct {
		ids  []string
		want string
	}{
		"one":                        {[]string{"a"}, "a"},
		"as many as it names":        {[]string{"a", "b", "c", "d", "e"}, "a, b, c, d, e"},
		"more":                       {[]string{"a", "b", "c", "d", "e", "f", "g"}, "a, b, c, d, e and 2 more"},
		"one longer than an ID is":   {[]string{strings.Repeat("y", 300)}, strings.Repeat("y", 100) + "…"},
		"one cut inside of a letter": {[]string{strings.Repeat("y", 99) + "ü"}, strings.Repeat("y", 99) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := named(test.ids); got != test.want {
				t.Errorf("got %s", got)
			}
		})
	}
	var ids []string
	for number := range 60 {
		ids = append(ids, fmt.Sprintf("%s-%02d", long, number))
	}
	u := beginReporting(t, holding(ids...))
	u.lookAround()
	for _, text := range u.told() {
		if note := strings.TrimPrefix(text, "Warning UnmanagedGrant "); len(note) >= 1024 || !strings.HasSuffix(note, " and 55 more") {
			t.Errorf("an event of %d bytes: %s", len(note), note)
		}
	}
}

func TestWhatWasSeenStandsDuringAnOutage(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	u.lookAround()
	u.told()
	message := u.expectGrants("False UnmanagedGrants")
	for range 3 {
		u.box.Inject(sandbox.Fault{Path: "/v1/impersonationconfig", Status: http.StatusServiceUnavailable})
		u.lookLater()
		u.expectUnmanaged("desk")
		if got := u.expectGrants("False UnmanagedGrants"); got != message {
			t.Errorf("says %q", got)
		}
	}
	// What is declared meanwhile is seen all the same.
	u.create(config("desk", nil))
	u.pass()
	u.expectUnmanaged()
	u.expectGrants("True AllDeclared")
	u.told()

	// It tries again soon, ever later, and at the tick when it is over.
	u.box.ClearFaults()
	u.mutate(http.MethodDelete, "impersonationconfig/desk", nil)
	u.lookLater()
	u.expectUnmanaged()
	u.expectTold()
}

func TestDuringAnOutageItTriesAgainSoon(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	u.pass()
	u.box.Inject(sandbox.Fault{Path: "/v1/impersonationconfig", Status: http.StatusTooManyRequests, RetryAfter: 30 * time.Second, Count: 1})
	if result := u.list(); result.RequeueAfter < 30*time.Second || result.RequeueAfter > 30*time.Second*5/4 {
		t.Errorf("asked to slow down for 30 s, it looks again after %s", result.RequeueAfter)
	}
	u.pass()
	u.expectGrants("Unknown RateLimited")
}

func TestWhatKeepsGrantsFromBeingSeenIsSaid(t *testing.T) {
	const lacks = "the token lacks SetSecurityProfile, without which impersonation configs cannot be listed: " +
		"assign it, or set spec.unmanagedImpersonationConfigs to Ignore"
	withoutRole := func(seed *sandbox.Seed) {
		holding("desk")(seed)
		seed.Objects["securityprofiles/operator"]["Roles"] = []string{"BuyerUserAdmin"}
	}
	refusing := func(status int) func(*unit) {
		return func(u *unit) { u.box.Inject(sandbox.Fault{Path: "/v1/impersonationconfig", Status: status}) }
	}
	for name, test := range map[string]struct {
		seed    func(*sandbox.Seed)
		spoil   func(*unit)
		want    string
		message string
		ready   bool
		calls   int
	}{
		"a role that the token lacks": {withoutRole, nil, "Unknown AccessDenied", lacks, true, 0},
		"a refusal":                   {holding("desk"), refusing(http.StatusForbidden), "Unknown AccessDenied", lacks, true, 1},
		"a request that is not taken": {
			holding("desk"), refusing(http.StatusBadRequest), "Unknown Rejected",
			"OrderCloud refuses listing the impersonation configs (ServerError): A fault was injected", true, 1,
		},
		"credentials that are refused": {
			holding("desk"), func(u *unit) { u.writeSecret("q7-wrong") }, "Unknown CredentialsInvalid", "", false, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := beginReporting(t, test.seed)
			if test.spoil != nil {
				test.spoil(u)
			}
			u.lookAround()
			message := u.expectGrants(test.want)
			if test.message != "" && message != test.message {
				t.Errorf("says %q", message)
			}
			if ready := meta.IsStatusConditionTrue(u.declared.Status.Conditions, v1alpha1.ReadyCondition); ready != test.ready {
				t.Errorf("Ready is %v", ready)
			}
			if u.declared.Status.UnmanagedImpersonationConfigs != nil || u.listCalls() != test.calls {
				t.Errorf("shows %v after %d lists", u.declared.Status.UnmanagedImpersonationConfigs, u.listCalls())
			}
			patches := u.patches
			u.lookLater()
			if u.patches != patches {
				t.Error("says it differently")
			}
		})
	}
}

func TestARoleThatIsGrantedIsNoticedAtTheNextCheck(t *testing.T) {
	u := beginReporting(t, func(seed *sandbox.Seed) {
		holding("desk")(seed)
		seed.Objects["securityprofiles/operator"]["Roles"] = []string{"BuyerUserAdmin"}
	})
	u.lookAround()
	u.expectGrants("Unknown AccessDenied")
	u.mutate(http.MethodPatch, "securityprofiles/operator", map[string]any{"Roles": []any{"SetSecurityProfile"}})
	// At the tick the token is still the old one.
	tick := u.list().RequeueAfter
	u.clock.Step(tick)
	u.lookAround()
	u.expectGrants("Unknown AccessDenied")
	u.clock.Step(10*time.Minute - tick)
	u.lookAround()
	u.expectUnmanaged("desk")
	u.expectGrants("False UnmanagedGrants")
}

func TestWhoIgnoresGrantsIsToldNothing(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	u.lookAround()
	u.told()
	u.edit(u.declared, func() {
		u.declared.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsIgnore
		u.declared.Generation++
	})
	calls := u.listCalls()
	u.lookAround()
	u.expectGrants("no")
	u.expectTold()
	if status := u.declared.Status; status.UnmanagedImpersonationConfigs != nil || status.WideGrants != nil || len(grantMetrics(t)) != 0 {
		t.Errorf("shows %+v and %v", status, grantMetrics(t))
	}
	u.lookLater()
	if u.listCalls() != calls {
		t.Error("they are listed all the same")
	}
}

func TestTheGrantsOfAnotherMarketplaceAreNotShown(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	u.lookAround()
	u.told()
	u.edit(u.declared, func() {
		u.declared.Spec.URL = "http://127.0.0.1:1"
		u.declared.Generation++
	})
	u.pass()
	if u.declared.Status.UnmanagedImpersonationConfigs != nil || u.declared.Status.WideGrants != nil {
		t.Errorf("shows %+v", u.declared.Status)
	}
	u.expectGrants("Unknown AccessDenied") // its host is not allowed
	for _, text := range u.told() {
		if !strings.HasPrefix(text, "Warning AccessDenied ") {
			t.Errorf("told %s", text)
		}
	}
}

func TestGrantsAreListedWithTheLooksAndWhenSomethingChanged(t *testing.T) {
	u := beginReporting(t, holding("desk"), config("desk", nil))
	if u.list(); u.listCalls() != 0 {
		t.Error("listed before the Marketplace was checked")
	}
	u.pass()
	object := config("desk", nil)
	tick := marketplace.TicksOf(client.ObjectKeyFromObject(u.declared), 10*time.Minute).
		Next(u.clock.Now(), 10*time.Minute, path.Dir(external.ImpersonationConfigs{}.Path(object)))
	if result := u.list(); result.RequeueAfter != tick {
		t.Errorf("looks again after %s, and at the configs after %s", result.RequeueAfter, tick)
	}
	expect := func(calls int, why string) {
		t.Helper()
		if u.pass(); u.list().RequeueAfter == 0 || u.listCalls() != calls {
			t.Errorf("%s: %d lists", why, u.listCalls())
		}
	}
	expect(1, "a pass in between")
	u.clock.Step(tick)
	expect(2, "at the tick")
	u.edit(u.declared, func() { u.declared.Generation++ })
	expect(3, "another spec")
	u.edit(u.declared, func() { u.declared.Annotations = map[string]string{v1alpha1.ReconcileAtAnnotation: "now"} })
	expect(4, "somebody asks")
	_, secret := u.box.Credentials()
	u.mutate(http.MethodPatch, "apiclients/"+storefrontClientID, map[string]any{
		"ClientSecret": secret, "DefaultContextUserName": "operator@shop.example",
	})
	u.edit(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud"}}, func() {})
	expect(4, "a Secret that holds the same")
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud"}}
	u.edit(held, func() { held.Data["clientID"] = []byte(storefrontClientID) })
	expect(5, "other credentials")
	if u.list().RequeueAfter == 0 {
		t.Error("is not due again")
	}
}

func TestCredentialsThatChangeMeanwhileAreCheckedFirst(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	u.reconciler.wakes = make(chan event.GenericEvent, 1)
	u.pass()
	held := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ordercloud"}}
	u.mutate(http.MethodPatch, "apiclients/"+storefrontClientID, map[string]any{
		"ClientSecret": "q7-another-secret", "DefaultContextUserName": "operator@shop.example",
	})
	u.edit(held, func() {
		held.Data["clientID"], held.Data["clientSecret"] = []byte(storefrontClientID), []byte("q7-another-secret")
	})
	if result := u.list(); result.RequeueAfter != time.Second || u.listCalls() != 0 || len(u.reconciler.wakes) != 1 {
		t.Errorf("comes back after %s and %d lists", result.RequeueAfter, u.listCalls())
	}
	u.pass()
	if u.list(); u.listCalls() != 1 {
		t.Error("is not listed with the new ones")
	}
}

func TestNothingIsSaidBeforeItIsKnownWhatOthersDeclare(t *testing.T) {
	for name, created := range map[string]time.Duration{"that were there before": -time.Hour, "that are new": 10 * time.Minute} {
		t.Run("by Marketplaces "+name, func(t *testing.T) {
			u := beginReporting(t, holding("desk"))
			other := u.declared.DeepCopy()
			other.ObjectMeta = metav1.ObjectMeta{
				Namespace: "shop", Name: "other", CreationTimestamp: metav1.NewTime(u.clock.Now().Add(created)),
			}
			u.create(other, config("desk", func(config *v1alpha1.ImpersonationConfig) { config.Spec.MarketplaceRef.Name = "other" }))
			u.clock.Step(max(created, 0))
			u.pass()
			if result := u.list(); result.RequeueAfter != time.Second || u.listCalls() != 0 {
				t.Errorf("comes back after %s and %d lists", result.RequeueAfter, u.listCalls())
			}
			ours := u.declared
			u.declared = other
			u.pass()
			u.declared = ours
			u.lookAround()
			u.expectUnmanaged()
			u.expectTold()
		})
	}
	t.Run("but not for ever", func(t *testing.T) {
		u := beginReporting(t, holding("desk"))
		other := u.declared.DeepCopy()
		other.ObjectMeta = metav1.ObjectMeta{Namespace: "shop", Name: "other"}
		u.create(other)
		u.pass()
		u.list()
		u.clock.Step(time.Minute)
		u.lookAround()
		u.expectUnmanaged("desk")
	})
}

func TestAMarketplaceWithoutUnmanagedGrantsAsksNobody(t *testing.T) {
	u := beginReporting(t, holding("desk"), config("desk", nil))
	u.lookAround()
	u.lists = 0
	u.pass()
	counted := u.lists
	u.edit(u.declared, func() { u.declared.Spec.UnmanagedImpersonationConfigs = v1alpha1.GrantsIgnore })
	u.lists = 0
	if u.pass(); u.lists != counted {
		t.Errorf("%d lists of the cache, and %d when grants are ignored", counted, u.lists)
	}
}

func TestWhoeverReportsAConfigIsWokenByItsDeclaration(t *testing.T) {
	u := beginReporting(t, holding("desk"))
	u.lookAround()
	object := config("desk", func(config *v1alpha1.ImpersonationConfig) { config.Spec.MarketplaceRef.Name = "other" })
	got := map[string]bool{}
	for _, key := range u.reconciler.whoCounts(object) {
		got[key.String()] = true
	}
	if diff := cmp.Diff([]string{"shop/default", "shop/other"}, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	object.Spec.ID = "none"
	if got := u.reconciler.whoCounts(object); len(got) != 1 || got[0] != (types.NamespacedName{Namespace: "shop", Name: "other"}) {
		t.Errorf("wakes %v", got)
	}
}
