// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package marketplace turns a Marketplace object and its Secret into one shared
// OrderCloud client, and says in a sentence why it cannot.
package marketplace

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

const (
	// ClientIDKey is the key of the credentials Secret that holds the API
	// client's ID.
	ClientIDKey = "clientID"
	// ClientSecretKey is the key that holds the API client's secret.
	ClientSecretKey = "clientSecret"
	// DefaultInterval is how often objects are compared when nothing else says.
	DefaultInterval = 10 * time.Minute
)

// Connection is how to reach one marketplace.
type Connection struct {
	// Client is shared by everything that refers to the marketplace. It is nil
	// beside an error.
	Client *ordercloud.Client
	// Looks shares the looks at the marketplace; nil beside an error.
	Looks *look.Marketplace
	// Marketplace is proven: OrderCloud accepts the client's credentials, and they
	// belong to the seller that the Marketplace stays with. Beside an error it has the
	// declared URL alone.
	Marketplace claim.Marketplace
	// Tenancy is what the namespace may declare there.
	Tenancy tenant.Tenancy
	// UserID is the admin user that the operator is there.
	UserID string
	// Interval at which objects are compared at the latest.
	Interval time.Duration
}

// Registry keeps one client for every Marketplace.
type Registry struct {
	reader    client.Reader
	secrets   client.Reader
	endpoints Endpoints
	userAgent string
	// watched are the namespaces that reader knows; empty means all.
	watched []string
	// ownNamespaceOnly forbids references to Marketplaces of other namespaces.
	ownNamespaceOnly bool
	// versions of Secrets and labels of namespaces, where reader does not know
	// them; else nil.
	versions *remembered[string]
	labels   *remembered[labels.Set]

	// breakerChanged is told that the breaker of a Marketplace has opened or closed.
	breakerChanged func(types.NamespacedName)
	// writes is what every write passes; nil lets all through.
	writes *fence.Fence
	clock  clock.PassiveClock
	// memory bounds what the answers of all marketplaces hold.
	memory *answer.Budget

	lock    sync.Mutex
	entries map[types.NamespacedName]*entry
}

// NewRegistry returns a registry. Marketplaces, namespaces and the metadata of
// Secrets are read from reader, which may be a cache; the Secrets themselves
// from secrets, which must not be one, so that no secret stays in memory that
// nobody uses.
func NewRegistry(reader, secrets client.Reader, endpoints Endpoints, userAgent string) *Registry {
	return &Registry{
		reader: reader, secrets: secrets, endpoints: endpoints, userAgent: userAgent,
		clock:   clock.RealClock{},
		memory:  answer.NewBudget(),
		entries: map[types.NamespacedName]*entry{},
	}
}

// UseClock sets, before the first use, the clock that says when a question which
// OrderCloud did not answer is asked again.
func (r *Registry) UseClock(now clock.PassiveClock) { r.clock = now }

// Restrict tells which namespaces the reader knows, before the first use; none
// means all of them.
func (r *Registry) Restrict(namespaces []string) { r.watched = namespaces }

func (r *Registry) watches(namespace string) bool {
	return len(r.watched) == 0 || slices.Contains(r.watched, namespace)
}

// FenceWrites sets, before the first use, what keeps writes to OrderCloud back while
// this replica is not the leader; nil lets all through.
func (r *Registry) FenceWrites(writes *fence.Fence) { r.writes = writes }

// OnBreakerChanged sets, before the first use, what is told that the breaker of a
// Marketplace has opened or closed. It is called while a request ends, and has to be
// quick.
func (r *Registry) OnBreakerChanged(tell func(types.NamespacedName)) { r.breakerChanged = tell }

// Connect returns the connection to the Marketplace that an object of the
// namespace refers to, or a *failure.Failure that says why there is none; beside
// it, when the Marketplace is there, a connection that tells the interval only.
// OrderCloud is asked whose the credentials are before they are used for the first
// time, once for all callers; the API server only when a Secret changed.
func (r *Registry) Connect(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*Connection, error) {
	key := Key(namespace, reference)
	if !r.watches(key.Namespace) {
		// The cache would answer with an error that tells nobody what to do.
		return nil, failure.New(v1alpha1.ReasonMarketplaceNotFound,
			"Marketplace %s is in a namespace that the operator does not watch: its flag --watch-namespaces decides", key).Stall()
	}
	var declared v1alpha1.Marketplace
	if err := r.reader.Get(ctx, key, &declared); err != nil {
		return nil, explainMarketplace(key, err)
	}
	connection := &Connection{Interval: Interval(&declared), Marketplace: claim.Marketplace{URL: BaseURL(&declared.Spec)}}
	var err error
	if connection.Tenancy, err = r.admit(ctx, &declared, namespace); err != nil {
		return connection, err
	}
	kept, proof, err := r.prove(ctx, &declared, false)
	if proof.Marketplace.IsProven() {
		connection.Client, connection.Looks, connection.Marketplace = kept.client, kept.looks, proof.Marketplace
		connection.UserID = proof.User.ID
		return connection, nil
	}
	if problem := failure.As(err); problem != nil {
		return connection, retold(key, problem)
	}
	return connection, err
}

// retold is a problem of the Marketplace as an object that refers to it says it. What
// OrderCloud would answer to the object's own look is said in the same words, so that a
// status does not depend on who asked first.
func retold(key types.NamespacedName, problem *failure.Failure) *failure.Failure {
	if problem.IsOutage() || ordercloud.IsCredentialsRefused(problem) || ordercloud.IsUnauthorized(problem) {
		return problem
	}
	retold := failure.New(v1alpha1.ReasonMarketplaceNotReady, "Marketplace %s is not ready: %s", key, problem.Message)
	retold.Stalled, retold.Retry, retold.Cause = problem.Stalled, problem.Retry, problem.Cause
	return retold
}

// Prove returns the proof of whose a Marketplace's credentials are, or a
// *failure.Failure that says what is wrong with the Marketplace, its Secret or what
// OrderCloud answers. If nothing is known yet or a fresh answer is wanted, OrderCloud
// is asked. Beside an outage, the proof from before still holds if there is one.
func (r *Registry) Prove(ctx context.Context, declared *v1alpha1.Marketplace, fresh bool) (Proof, error) {
	_, proof, err := r.prove(ctx, declared, fresh)
	return proof, err
}

func (r *Registry) prove(ctx context.Context, declared *v1alpha1.Marketplace, fresh bool) (reach, Proof, error) {
	kept := r.entry(client.ObjectKeyFromObject(declared))
	reached, err := r.connected(ctx, declared, kept)
	var found finding
	if err == nil {
		found, err = reached.prover.find(ctx, fresh)
	}
	if err == nil && found.problem != nil {
		again := *found.problem // callers may add to theirs
		err = &again
	}
	proof, err := kept.conclude(declared, reached.client, found, err)
	return reached, proof, err
}

// Forget drops the client of a Marketplace that is gone.
func (r *Registry) Forget(key types.NamespacedName) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if kept := r.entries[key]; kept != nil {
		kept.counted.Forget()
	}
	delete(r.entries, key)
	r.versions.forget(key)
}

func (r *Registry) entry(key types.NamespacedName) *entry {
	r.lock.Lock()
	defer r.lock.Unlock()
	kept, ok := r.entries[key]
	if !ok {
		kept = &entry{counted: metrics.For(key.String())}
		r.entries[key] = kept
	}
	return kept
}

// Key is the namespaced name of the Marketplace that an object of the namespace
// refers to.
func Key(namespace string, reference v1alpha1.MarketplaceReference) types.NamespacedName {
	key := types.NamespacedName{Namespace: reference.Namespace, Name: reference.Name}
	if key.Namespace == "" {
		key.Namespace = namespace
	}
	if key.Name == "" {
		key.Name = "default"
	}
	return key
}

// Interval is how often objects of a Marketplace are compared.
func Interval(declared *v1alpha1.Marketplace) time.Duration {
	if declared.Spec.Interval == nil || declared.Spec.Interval.Duration <= 0 {
		return DefaultInterval
	}
	return declared.Spec.Interval.Duration
}
