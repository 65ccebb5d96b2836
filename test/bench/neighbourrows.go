// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	manyUsers, manySwept, manyTokens, manyHanging = 700, 600, 400, 60
	slowAnswer                                    = 25 * time.Second
	// seldom is how seldom the other asks where it would else use as much as the neighbour.
	seldom = 6 * time.Second
	// manyReaders ask the API server at the same time, as somebody else's controller.
	manyReaders = 32
	// readAtOnce is how many objects each of them reads.
	readAtOnce = 50
	manyMaps   = 1_000
)

// ample is a limit that nobody waits for.
var ample = v1alpha1.RateLimit{RequestsPerSecond: 100, Concurrency: 8}

// neighbours are the rows.
func neighbours() []neighbour {
	return []neighbour{
		{key: "neighbour_slow_users_p99_seconds", does: "700 users in a marketplace that answers in 25 s", waits: "an edit elsewhere",
			declare: (*scene).declareUsers, disturb: (*scene).slowDown, ask: (*scene).askEdit},
		{key: "neighbour_tokens_p99_seconds", does: "400 tokens at 1 request/s", waits: "a new token, another namespace",
			pause:   seldom,
			declare: (*scene).declareTokens, disturb: (*scene).askManyTokens, ask: (*scene).askToken},
		{key: "neighbour_hanging_marketplaces_p99_seconds", does: "60 Marketplaces at a host that hangs", waits: "a Marketplace's check elsewhere",
			declare: (*scene).declareQuiet, disturb: (*scene).hangMarketplaces, ask: (*scene).askCheck},
		{key: "neighbour_restart_p99_seconds", does: "700 users at a hung host, operator restarted", waits: "a new user elsewhere",
			declare: (*scene).declareUsers, disturb: (*scene).hangAndRestart, ask: (*scene).askUser},
		{key: "neighbour_sweeps_p99_seconds", does: "600 objects with interval 1s, same Marketplace", waits: "an edit, another namespace",
			declare: (*scene).declareShared, disturb: (*scene).sweep, ask: (*scene).askEdit},
		{key: "neighbour_apiserver_p99_seconds", does: "32 clients without a pause at an API server that admits 40", waits: "an edit",
			apiServer: map[string][]string{"max-requests-inflight": {"30"}, "max-mutating-requests-inflight": {"10"}},
			declare:   (*scene).declareQuiet, disturb: (*scene).loadAPIServer, ask: (*scene).askEdit},
	}
}

// userOf is a user of a namespace in its own Marketplace, or in that of another one.
func userOf(inNamespace, owner string, number int) *v1alpha1.BuyerUser {
	user := declaredUser(inNamespace, number)
	user.Spec.MarketplaceRef = v1alpha1.MarketplaceReference{Name: marketplaceName, Namespace: owner}
	return user
}

// quietNumber begins the numbers of the one who waits.
const quietNumber = 50_000

// declareQuiet declares the Marketplace of the one who waits, and the user to be edited.
func (s *scene) declareQuiet(ctx context.Context) error {
	if err := s.declareMarketplace(ctx, s.quiet, quietNamespace, marketplaceName, ample, 30*time.Second); err != nil {
		return err
	}
	return s.createUser(ctx, userOf(quietNamespace, quietNamespace, quietNumber))
}

// declareUsers declares both Marketplaces and the neighbour's users.
func (s *scene) declareUsers(ctx context.Context) error {
	if err := s.declareQuiet(ctx); err != nil {
		return err
	}
	if err := s.declareMarketplace(ctx, s.busy, busyNamespace, marketplaceName, ample, 30*time.Second); err != nil {
		return err
	}
	return s.createUsers(ctx, manyUsers, busyNamespace, nil)
}

// declareShared declares one Marketplace for both, with the default limits.
func (s *scene) declareShared(ctx context.Context) error {
	if err := s.declareMarketplace(ctx, s.quiet, quietNamespace, marketplaceName, v1alpha1.RateLimit{}, 10*time.Minute); err != nil {
		return err
	}
	return s.createUser(ctx, userOf(quietNamespace, quietNamespace, quietNumber))
}

// createUsers creates users of the neighbour and waits until they are Ready.
func (s *scene) createUsers(ctx context.Context, count int, owner string, interval *metav1.Duration) error {
	err := s.parallel(ctx, "users", count, func(ctx context.Context, number int) error {
		user := userOf(busyNamespace, owner, number)
		user.Spec.Interval = interval
		return s.cluster.Create(ctx, user)
	})
	if err != nil {
		return err
	}
	return s.wait(ctx, "the users to be Ready", time.Second, func(ctx context.Context) error {
		var users v1alpha1.BuyerUserList
		if err := s.cluster.List(ctx, &users, client.InNamespace(busyNamespace)); err != nil {
			return fmt.Errorf("listing the users: %w", err)
		}
		for index := range users.Items {
			if !meta.IsStatusConditionTrue(users.Items[index].Status.Conditions, v1alpha1.ReadyCondition) {
				return fmt.Errorf("%s is not Ready", users.Items[index].Name)
			}
		}
		return nil
	})
}

// createUser creates one user and waits until it is Ready.
func (s *scene) createUser(ctx context.Context, user *v1alpha1.BuyerUser) error {
	if err := s.cluster.Create(ctx, user); err != nil {
		return fmt.Errorf("creating a user: %w", err)
	}
	return s.wait(ctx, "a user to be Ready", glance, func(ctx context.Context) error {
		if err := s.cluster.Get(ctx, client.ObjectKeyFromObject(user), user); err != nil {
			return fmt.Errorf("getting a user: %w", err)
		}
		if !meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ReadyCondition) {
			return errors.New("the user is not Ready")
		}
		return nil
	})
}

// askEdit changes a user and waits until the change arrives in OrderCloud.
func (s *scene) askEdit(ctx context.Context, number int) (time.Duration, error) {
	arrival := s.quiet.expect(userPath(quietNumber))
	user := userOf(quietNamespace, quietNamespace, quietNumber)
	if err := s.cluster.mergePatch(ctx, user, fmt.Sprintf(`{"spec":{"firstName":"Edited %d"}}`, number)); err != nil {
		return 0, err
	}
	answered := time.Now()
	var arrived time.Time
	err := s.wait(ctx, "an edit to arrive in OrderCloud", 0, func(ctx context.Context) error {
		select {
		case arrived = <-arrival:
			return nil
		case <-time.After(signOfLife):
			return errors.New("an edit has not arrived in OrderCloud")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	return max(0, arrived.Sub(answered)), err
}

// askUser creates a user and waits until it is Ready.
func (s *scene) askUser(ctx context.Context, number int) (time.Duration, error) {
	begun := time.Now()
	err := s.createUser(ctx, userOf(quietNamespace, quietNamespace, quietNumber+1+number))
	return time.Since(begun), err
}

// askCheck asks for a check of a Marketplace and waits until it was made.
func (s *scene) askCheck(ctx context.Context, _ int) (time.Duration, error) {
	declared := &v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Namespace: quietNamespace, Name: marketplaceName}}
	wanted := time.Now().Format(time.RFC3339Nano)
	if err := s.cluster.mergePatch(ctx, declared, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.ReconcileAtAnnotation, wanted)); err != nil {
		return 0, err
	}
	begun := time.Now()
	err := s.wait(ctx, "the check of a Marketplace", glance, func(ctx context.Context) error {
		if err := s.cluster.Get(ctx, client.ObjectKeyFromObject(declared), declared); err != nil {
			return fmt.Errorf("getting the Marketplace: %w", err)
		}
		if declared.Status.LastHandledReconcileAt != wanted {
			return errors.New("the Marketplace was not checked")
		}
		return nil
	})
	return time.Since(begun), err
}

// slowDown makes every look at the neighbour's marketplace slow.
func (s *scene) slowDown(ctx context.Context) error {
	s.busy.slowLooks.Store(true)
	s.busy.delay.Store(int64(slowAnswer))
	return s.during(ctx, "users that are looked at slowly", 35*time.Second)
}

// hangMarketplaces declares many Marketplaces at a host that never answers.
func (s *scene) hangMarketplaces(ctx context.Context) error {
	s.busy.delay.Store(int64(unanswered))
	return s.parallel(ctx, "Marketplaces", manyHanging, func(ctx context.Context, number int) error {
		return s.declareMarketplace(ctx, s.busy, busyNamespace, fmt.Sprintf("hanging-%02d", number), ample, time.Minute)
	})
}

// hangAndRestart starts the operator while the neighbour's host hangs.
func (s *scene) hangAndRestart(ctx context.Context) error {
	s.busy.delay.Store(int64(unanswered))
	if err := s.operator.kill(); err != nil {
		return err
	}
	s.operator = nil
	if err := shipped.ExpireLease(ctx, s.cluster, controlplane.SystemNamespace); err != nil {
		return fmt.Errorf("freeing the leader's lease: %w", err)
	}
	if err := s.startBetween(ctx); err != nil {
		return err
	}
	// A replica is ready before it leads.
	return s.wait(ctx, "the operator to lead", glance, func(ctx context.Context) error {
		var leases coordinationv1.LeaseList
		if err := s.cluster.List(ctx, &leases, client.InNamespace(controlplane.SystemNamespace)); err != nil {
			return fmt.Errorf("looking who leads: %w", err)
		}
		if len(leases.Items) == 0 {
			return errors.New("nobody leads")
		}
		return nil
	})
}

// sweep lets all of the neighbour's objects be compared every second.
func (s *scene) sweep(ctx context.Context) error {
	return s.createUsers(ctx, manySwept, quietNamespace, &metav1.Duration{Duration: time.Second})
}

// declareTokens declares one Marketplace for both, and lets its users be acted for.
func (s *scene) declareTokens(ctx context.Context) error {
	return errors.Join(
		s.quiet.plantTokenGrant(),
		s.declareMarketplace(ctx, s.quiet, quietNamespace, marketplaceName, v1alpha1.RateLimit{RequestsPerSecond: 1, Concurrency: 8}, 10*time.Minute),
	)
}

func tokenOf(inNamespace string, number int) *v1alpha1.ImpersonationToken {
	return &v1alpha1.ImpersonationToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: inNamespace, Name: fmt.Sprintf("token-%05d", number)},
		Spec: v1alpha1.ImpersonationTokenSpec{
			MarketplaceRef: v1alpha1.MarketplaceReference{Name: marketplaceName, Namespace: quietNamespace},
			BuyerID:        "acme", UserID: "walk-in", ClientName: clientName, Roles: []v1alpha1.Role{"Shopper"},
		},
	}
}

// askManyTokens declares the neighbour's tokens.
func (s *scene) askManyTokens(ctx context.Context) error {
	return s.parallel(ctx, "tokens", manyTokens, func(ctx context.Context, number int) error {
		return s.cluster.Create(ctx, tokenOf(busyNamespace, number))
	})
}

// askToken creates a token and waits until it is there.
func (s *scene) askToken(ctx context.Context, number int) (time.Duration, error) {
	token := tokenOf(quietNamespace, number)
	begun := time.Now()
	if err := s.cluster.Create(ctx, token); err != nil {
		return 0, fmt.Errorf("creating a token: %w", err)
	}
	err := s.wait(ctx, "a token", glance, func(ctx context.Context) error {
		if err := s.cluster.Get(ctx, client.ObjectKeyFromObject(token), token); err != nil {
			return fmt.Errorf("getting a token: %w", err)
		}
		if !meta.IsStatusConditionTrue(token.Status.Conditions, v1alpha1.ReadyCondition) {
			return errors.New("the token is not there")
		}
		return nil
	})
	return time.Since(begun), err
}

// loadAPIServer lets somebody else's controller read and write without a pause.
func (s *scene) loadAPIServer(ctx context.Context) error {
	other, err := s.asController(ctx)
	if err != nil {
		return err
	}
	err = s.parallel(ctx, "objects of somebody else", manyMaps, func(ctx context.Context, number int) error {
		return s.cluster.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: busyNamespace, Name: fmt.Sprintf("map-%04d", number)},
			Data:       map[string]string{"text": extendedProperties(number)},
		})
	})
	if err != nil {
		return err
	}
	loading, stop := context.WithCancel(ctx)
	s.cleanup = append(s.cleanup, stop)
	for reader := range manyReaders {
		go load(loading, other, reader)
	}
	return s.during(ctx, "load on the API server", 5*time.Second)
}

// asController is a client for a controller that may do all, and is as important to the
// API server as the operator.
func (s *scene) asController(ctx context.Context) (client.Client, error) {
	const name = "somebody-else"
	config, err := s.plane.Config("system:serviceaccount:" + busyNamespace + ":" + name)
	if err != nil {
		return nil, fmt.Errorf("making somebody else's credentials: %w", err)
	}
	config.QPS = -1
	err = s.cluster.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: busyNamespace, Name: name}},
	})
	if err != nil {
		return nil, fmt.Errorf("granting somebody else rights: %w", err)
	}
	other, err := client.New(config, client.Options{Scheme: s.cluster.scheme})
	if err != nil {
		return nil, fmt.Errorf("making somebody else's client: %w", err)
	}
	return other, nil
}

// load reads and writes until it is over; what is refused is tried again.
func load(ctx context.Context, other client.Client, reader int) {
	for number := 0; ctx.Err() == nil; number++ {
		if reader%4 != 0 {
			_ = other.List(ctx, &corev1.ConfigMapList{}, client.InNamespace(busyNamespace), client.Limit(readAtOnce))
			continue
		}
		changed := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: busyNamespace, Name: fmt.Sprintf("map-%04d", reader)}}
		_ = other.Patch(ctx, changed, client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"data":{"number":"%d"}}`, number)))
	}
}
