// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// teamB is an entry that allows namespace tenant-b the users, grants and tokens of a buyer.
func teamB(buyers ...v1alpha1.TenantID) v1alpha1.Tenant {
	return v1alpha1.Tenant{
		Namespaces: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"team": "b"}},
		Kinds:      []v1alpha1.TenantKind{v1alpha1.TenantBuyerUser, v1alpha1.TenantImpersonationConfig},
		Buyers:     buyers, SecurityProfiles: []v1alpha1.TenantID{"cs-rep"}, Clients: []string{"Storefront"},
		Impersonators: v1alpha1.TenantImpersonators{AdminGroups: []v1alpha1.TenantID{"customer-service"}},
	}
}

// teamC is the same for namespace tenant-c.
func teamC(buyers ...v1alpha1.TenantID) v1alpha1.Tenant {
	entry := teamB(buyers...)
	entry.Namespaces.MatchLabels = map[string]string{"team": "c"}
	return entry
}

// share lets every namespace refer to the Marketplace, and declare what the entries allow.
// Namespaces tenant-b and tenant-c have a label each.
func (w *world) share(entries ...v1alpha1.Tenant) {
	w.t.Helper()
	for _, team := range []string{"b", "c"} {
		w.declare(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "tenant-" + team, Labels: map[string]string{"team": team}}})
	}
	w.allow(v1alpha1.NamespacesAll)
	w.permit(entries...)
}

// permit replaces spec.tenants.
func (w *world) permit(entries ...v1alpha1.Tenant) {
	w.t.Helper()
	declared := &v1alpha1.Marketplace{}
	declared.Namespace, declared.Name = namespace, "default"
	edit(w, declared, func(declared *v1alpha1.Marketplace) { declared.Spec.Tenants = append([]v1alpha1.Tenant{}, entries...) })
}

func userOf(team string) *v1alpha1.BuyerUser {
	user := declaredUser()
	user.Namespace, user.UID = "tenant-"+team, "user-of-"+user.UID
	user.Spec.MarketplaceRef.Namespace = namespace
	return user
}

func grantOfB() *v1alpha1.ImpersonationConfig {
	config := declaredConfig()
	config.Namespace, config.UID = "tenant-b", "grant-of-b"
	config.Spec.MarketplaceRef.Namespace = namespace
	return config
}

// expectRefused checks that nothing of the object was looked at, written or claimed.
func (w *world) expectRefused(object interface {
	metav1.Object
	Managed() (*v1alpha1.ManagedSpec, *v1alpha1.ManagedStatus)
}, why string,
) {
	w.t.Helper()
	_, status := object.Managed()
	for _, condition := range status.Conditions {
		want := map[string]metav1.ConditionStatus{"Ready": "False", "Synced": "False", "Stalled": "True"}[condition.Type]
		if condition.Status != want || condition.Reason != v1alpha1.ReasonNotPermitted || !strings.Contains(condition.Message, why) {
			w.t.Errorf("%s is %s %s: %s\nwant %s", condition.Type, condition.Status, condition.Reason, condition.Message, why)
		}
	}
	if status.Claim != nil || len(object.GetFinalizers()) > 0 || status.Drift != nil {
		w.t.Errorf("claim %+v, finalizers %v, drift %v", status.Claim, object.GetFinalizers(), status.Drift)
	}
}

func TestATenantGetsWhatItsEntryAllows(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	user, config := userOf("b"), grantOfB()
	w.declare(user, config)
	w.mustPass(user)
	w.mustPass(config)
	w.expect(user, "Ready", "True Created")
	w.expect(config, "Ready", "True Created")
}

func TestWhatNoEntryAllowsIsRefusedBeforeAnyoneLooks(t *testing.T) {
	w := begin(t)
	w.share(teamB("globex"))
	user, config, stranger := userOf("b"), grantOfB(), userOf("c")
	w.declare(user, config, stranger)
	for _, object := range []*v1alpha1.BuyerUser{user, stranger} {
		w.mustPass(object)
	}
	w.mustPass(config)
	w.expectRefused(user, "buyers of its entry 0 does not list acme")
	w.expectRefused(config, "buyers of its entry 0 does not list acme")
	w.expectRefused(stranger, "none of its entries is for this namespace")
	for route := range w.box.Stats().Calls {
		if strings.Contains(route, "/users") || strings.Contains(route, "impersonationconfig") {
			t.Errorf("OrderCloud saw %s", route)
		}
	}
}

func TestTheOwnersNamespaceIsFree(t *testing.T) {
	w := begin(t)
	w.share()
	user := declaredUser()
	w.declare(user)
	w.mustPass(user)
	w.expect(user, "Ready", "True Created")
}

func TestAReferenceCountsAsWhatItStandsFor(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme", "globex"))
	user, config := userOf("b"), grantOfB()
	user.Spec.BuyerID = "globex"
	config.Spec.BuyerID, config.Spec.UserRef = "", &v1alpha1.BuyerUserReference{Name: user.Name}
	w.declare(user, config)
	w.mustPass(user)
	w.permit(teamB("acme"))
	w.mustPass(config)
	w.expectRefused(config, "buyers of its entry 0 does not list globex")
}

func TestAnApplicationByItsIDIsAllowedByItsName(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	config := grantOfB()
	config.Spec.ClientName, config.Spec.ClientID = "", storefront
	w.declare(config)
	w.mustPass(config)
	w.expect(config, "Ready", "True Created")
	w.remove(config)
	w.settle(config)
	w.expectNothingLeft(config, configPath)
}

func TestAPermissionThatIsWithdrawnKeepsWhatThereIsAndComesBack(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	user := userOf("b")
	w.declare(user)
	w.mustPass(user)
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.permit(teamB("globex"))
	w.forget()
	w.mustPass(user)
	w.expect(user, "Ready", "False NotPermitted")
	w.expect(user, "Stalled", "True NotPermitted")
	w.expectWrites("patch status")
	if !isClaimed(user) || user.Status.Claim.State != v1alpha1.ClaimHeld {
		t.Errorf("finalizers %v, claim %+v", user.Finalizers, user.Status.Claim)
	}

	w.permit(teamB("acme"))
	w.mustPass(user)
	w.expect(user, "Ready", "True Updated")
	w.expectField(userPath, "Email", user.Spec.Email)
}

func TestAPermissionThatIsWithdrawnWhileAWriteWaitsStopsIt(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	user := userOf("b")
	w.declare(user)
	w.mustPass(user)
	w.mutate(http.MethodPatch, userPath, map[string]any{"Email": "theirs@x.example"})
	w.forget()
	w.beforeLastLook = func() { w.permit(teamB("globex")) }
	w.mustPass(user)
	w.expect(user, "Ready", "False NotPermitted")
	w.expectField(userPath, "Email", "theirs@x.example")
	w.expectWrites("patch status")
}

func TestADeletionWaitsForThePermission(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	user, config := userOf("b"), grantOfB()
	w.declare(user, config)
	w.mustPass(user)
	w.mustPass(config)
	w.permit(teamB("globex"))
	w.remove(user)
	w.remove(config)
	w.mustPass(user)
	w.mustPass(config)
	for _, object := range []interface {
		Managed() (*v1alpha1.ManagedSpec, *v1alpha1.ManagedStatus)
	}{user, config} {
		_, status := object.Managed()
		message := status.Conditions[0].Message
		if !strings.HasPrefix(message, "the deletion waits: spec.tenants") || !strings.HasSuffix(message, "deletionPolicy: Retain lets the resource go and leaves the object in OrderCloud") {
			t.Errorf("it says: %s", message)
		}
	}
	if w.inOrderCloud(userPath) == nil || w.inOrderCloud(configPath) == nil {
		t.Error("it was deleted without a permission")
	}

	w.permit(teamB("acme"))
	w.settle(config)
	w.settle(user)
	w.expectNothingLeft(user, userPath)
	w.expectNothingLeft(config, configPath)
}

// asked is a guard that lets everything through and counts how often it is asked.
type asked struct{ times int }

func (a *asked) Admit(context.Context, client.Object, v1alpha1.MarketplaceReference) error {
	a.times++
	return nil
}

func (a *asked) Grace(context.Context, client.Object, v1alpha1.MarketplaceReference) (time.Duration, error) {
	return 0, nil
}

func TestADeletionThatIsNotPermittedUsesNothingOfTheGuard(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	user, guard := userOf("b"), &asked{}
	w.users.Guard = guard
	w.declare(user)
	w.mustPass(user)
	w.permit(teamB("globex"))
	w.remove(user)
	w.mustPass(user)
	w.expect(user, "Synced", "False NotPermitted")
	if guard.times != 0 {
		t.Errorf("the guard was asked %d times", guard.times)
	}
}

func TestAGrantOfOthersIsNeitherTakenNorShown(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.ImpersonationConfig){
		"Always":      func(config *v1alpha1.ImpersonationConfig) { config.Spec.AdoptionPolicy = v1alpha1.AdoptAlways },
		"IfIdentical": func(*v1alpha1.ImpersonationConfig) {},
		"Observe": func(config *v1alpha1.ImpersonationConfig) {
			config.Spec.ManagementPolicy = v1alpha1.ManagementObserve
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.share(teamB("acme"))
			w.mutate(http.MethodPost, "impersonationconfig", map[string]any{
				"ID": "desk", "ImpersonationGroupID": "customer-service", "BuyerID": "globex", "SecurityProfileID": "cs-rep", "ClientID": storefront,
			})
			config := grantOfB()
			change(config)
			w.declare(config)
			w.mustPass(config)
			w.expectRefused(config, "take over impersonationconfig/desk, which exists in OrderCloud and is not what this namespace may declare: choose another ID")
			w.expectField(configPath, "BuyerID", "globex")
			w.permit(teamB("acme", "globex"))
			w.mustPass(config)
			if config.Status.Drift == nil && config.Status.Claim == nil {
				t.Errorf("with the permission, nothing is shown: %s", w.whyNotReady(config))
			}
		})
	}
}

func TestNobodyLiesInWaitForWhatTheyMayNotDeclare(t *testing.T) {
	w := begin(t)
	w.share(teamB("globex"))
	owner, waiting := declaredUser(), userOf("b")
	w.declare(owner)
	w.mustPass(owner)
	w.declare(waiting)
	w.mustPass(waiting)
	w.expectRefused(waiting, "buyers of its entry 0 does not list acme")
	w.remove(owner)
	w.settle(owner)
	w.expectNothingLeft(owner, userPath)
	w.mustPass(waiting)
	w.expectRefused(waiting, "buyers of its entry 0 does not list acme")
}

func TestAGrantIsInheritedByWhoCouldHaveDeclaredItAsItIs(t *testing.T) {
	for name, test := range map[string]struct {
		buyerID   v1alpha1.ID
		isHandled bool
	}{
		"it could":     {"acme", true},
		"it could not": {"globex", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			w.share(teamB("acme"))
			owner, waiting := declaredConfig(), grantOfB()
			owner.Spec.BuyerID = test.buyerID
			w.declare(owner)
			w.mustPass(owner)
			w.declare(waiting)
			w.mustPass(waiting)
			w.expect(waiting, "Synced", "False Conflict")
			w.remove(owner)
			w.settle(owner)
			if exists := w.inOrderCloud(configPath) != nil; exists != test.isHandled {
				t.Errorf("it is in OrderCloud: %v", exists)
			}
			w.read(waiting)
			if isClaimed(waiting) != test.isHandled {
				t.Errorf("the one that waited has the claim %+v", waiting.Status.Claim)
			}
		})
	}
}

func TestAHandOverNamesOtherTenantsToNobody(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"), teamC("acme"))
	first, second := userOf("b"), userOf("c")
	second.UID = "second"
	w.declare(first)
	w.mustPass(first)
	w.declare(second)
	w.settle(second)
	w.drainEvents()
	w.remove(first)
	w.settle(first)
	w.mustPass(second)
	w.expect(second, "Ready", "True InSync")
	w.expectToldToTheOwner("Warning HandedOver tenant-b/jdoe: handed "+userPath+" over to tenant-c/jdoe", "tenant-c/")
}

func TestWhoMayNotDeclareItIsInNobodysWay(t *testing.T) {
	w := begin(t)
	w.share(teamB("globex"))
	early, owner := userOf("b"), declaredUser()
	early.CreationTimestamp = metav1.NewTime(w.clock.Now().Add(-time.Hour))
	owner.CreationTimestamp = metav1.NewTime(w.clock.Now())
	w.declare(early, owner)
	w.mustPass(early)
	w.mustPass(owner)
	w.expect(owner, "Ready", "True Created")
}

func TestWhatIsClaimedStaysSoWithoutThePermission(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"), teamC("acme"))
	first, second := userOf("b"), userOf("c")
	second.UID, second.Spec.AdoptionPolicy = "second", v1alpha1.AdoptAlways
	w.declare(first)
	w.mustPass(first)
	w.permit(teamB("globex"), teamC("acme"))
	w.mustPass(first)
	w.declare(second)
	w.mustPass(second)
	w.expect(second, "Synced", "False Conflict")
	w.permit(teamB("acme"), teamC("acme"))
	w.mustPass(first)
	w.expect(first, "Ready", "True InSync")
}

func TestAConflictNamesOtherTenantsToTheOwnerOnly(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"), teamC("acme"))
	first, second := userOf("b"), userOf("c")
	second.UID, second.Name, second.Spec.UserID = "second", "hers", "jdoe"
	w.declare(first)
	w.mustPass(first)
	w.declare(second)
	w.settle(second)
	w.expect(second, "Synced", "False Conflict")
	w.expectToldToTheOwner("Warning Conflict tenant-c/hers: tenant-b/jdoe declares", "tenant-b")
	for _, condition := range second.Status.Conditions {
		if strings.Contains(condition.Message, "tenant-b") || !strings.HasPrefix(condition.Message, "a resource of another tenant declares") {
			t.Errorf("%s says: %s", condition.Type, condition.Message)
		}
	}
}

// expectToldToTheOwner checks that one event begins so, and that it alone names somebody.
func (w *world) expectToldToTheOwner(prefix, name string) {
	w.t.Helper()
	isTold := false
	for _, text := range w.drainEvents() {
		isOwners := strings.HasPrefix(text, prefix)
		if isTold = isTold || isOwners; !isOwners && strings.Contains(text, name) {
			w.t.Errorf("an event says: %s", text)
		}
	}
	if !isTold {
		w.t.Errorf("no event says %s", prefix)
	}
}

func TestWhatNamesAUserIsNamedToTheOwnerOnly(t *testing.T) {
	w := begin(t)
	w.share(teamB("acme"))
	user := userOf("b")
	w.declare(user)
	w.mustPass(user)
	w.mutate(http.MethodPost, "impersonationconfig", map[string]any{
		"ID": "secret-project", "BuyerID": "acme", "UserID": "jdoe", "SecurityProfileID": "cs-rep", "ClientID": storefront,
	})
	w.remove(user)
	w.mustPass(user)
	w.expect(user, "Synced", "False InUse")
	w.expectToldToTheOwner("Warning InUse tenant-b/jdoe: impersonationconfig/secret-project names", "secret-project")
	for _, condition := range user.Status.Conditions {
		if strings.Contains(condition.Message, "secret-project") {
			t.Errorf("%s says: %s", condition.Type, condition.Message)
		}
	}
}
