// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package marketplace turns a Marketplace object and its Secret into one shared
// OrderCloud client, and says in a sentence why it cannot.
package marketplace

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
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
	// versions of Secrets and labels of namespaces, where reader does not know
	// them; else nil.
	versions *remembered[string]
	labels   *remembered[labels.Set]

	// breakerChanged is told that the breaker of a Marketplace has opened or closed.
	breakerChanged func(types.NamespacedName)
	// writes is what every write passes; nil lets all through.
	writes *fence.Fence

	lock    sync.Mutex
	entries map[types.NamespacedName]*entry
}

// entry is the client of one Marketplace. Its lock lets one caller read the
// Secret while others of the same Marketplace wait for what it finds.
type entry struct {
	lock        sync.Mutex
	fingerprint fingerprint
	credentials credentials
	client      *ordercloud.Client
	looks       *look.Marketplace
	// turns outlives the client: new credentials neither end an outage nor spend
	// another second's worth of requests.
	turns     *limiter.Limiter
	rateLimit v1alpha1.RateLimit
	// problem is why the refused fingerprint makes no client: a Secret that did
	// not change need not be read again to say the same.
	problem *failure.Failure
	refused fingerprint
}

// fingerprint is all that a client is made of, without the credentials
// themselves: another one means another client.
type fingerprint struct {
	uid           types.UID
	baseURL       string
	secretVersion string
}

type credentials struct {
	clientID     string
	clientSecret ordercloud.Secret
}

// NewRegistry returns a registry. Marketplaces, namespaces and the metadata of
// Secrets are read from reader, which may be a cache; the Secrets themselves
// from secrets, which must not be one, so that no secret stays in memory that
// nobody uses.
func NewRegistry(reader, secrets client.Reader, endpoints Endpoints, userAgent string) *Registry {
	return &Registry{
		reader: reader, secrets: secrets, endpoints: endpoints, userAgent: userAgent,
		entries: map[types.NamespacedName]*entry{},
	}
}

// Restrict tells which namespaces the reader knows, before the first use; none
// means all of them.
func (r *Registry) Restrict(namespaces []string) { r.watched = namespaces }

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
// It calls OrderCloud not at all, and the API server only when a Secret changed.
func (r *Registry) Connect(ctx context.Context, namespace string, reference v1alpha1.MarketplaceReference) (*Connection, error) {
	key := Key(namespace, reference)
	if len(r.watched) > 0 && !slices.Contains(r.watched, key.Namespace) {
		// The cache would answer with an error that tells nobody what to do.
		return nil, failure.New(v1alpha1.ReasonMarketplaceNotFound,
			"Marketplace %s is in a namespace that the operator does not watch: its flag --watch-namespaces decides", key).Stall()
	}
	var declared v1alpha1.Marketplace
	err := r.reader.Get(ctx, key, &declared)
	if apierrors.IsNotFound(err) {
		return nil, failure.New(v1alpha1.ReasonMarketplaceNotFound,
			"Marketplace %s does not exist: create it", key).Again(failure.AtInterval).By(err)
	}
	if err != nil {
		return nil, fmt.Errorf("getting Marketplace %s: %w", key, err)
	}
	connection := &Connection{Interval: Interval(&declared)}
	if err := r.admit(ctx, &declared, namespace); err != nil {
		return connection, err
	}
	kept, err := r.connected(ctx, &declared)
	if problem := failure.As(err); problem != nil {
		return connection, notReady(key, problem)
	}
	if err == nil {
		connection.Client, connection.Looks = kept.client, kept.looks
	}
	return connection, err
}

// notReady retells a problem of the Marketplace to an object that refers to it.
func notReady(key types.NamespacedName, problem *failure.Failure) *failure.Failure {
	retold := failure.New(v1alpha1.ReasonMarketplaceNotReady, "Marketplace %s is not ready: %s", key, problem.Message)
	retold.Stalled, retold.Retry, retold.Cause = problem.Stalled, problem.Retry, problem.Cause
	return retold
}

// Client returns the client of a Marketplace, or a *failure.Failure that says
// what is wrong with the Marketplace or its Secret.
func (r *Registry) Client(ctx context.Context, declared *v1alpha1.Marketplace) (*ordercloud.Client, error) {
	kept, err := r.connected(ctx, declared)
	return kept.client, err
}

// reach is what an entry holds while its lock is held: the entry may get another
// client as soon as it is not.
type reach struct {
	client   *ordercloud.Client
	looks    *look.Marketplace
	turns    *limiter.Limiter
	clientID string
}

func (r *Registry) connected(ctx context.Context, declared *v1alpha1.Marketplace) (reach, error) {
	baseURL := BaseURL(&declared.Spec)
	if !r.endpoints.Allows(baseURL) {
		return reach{}, failure.New(v1alpha1.ReasonAccessDenied,
			"the operator may not contact %s: its flag --allowed-endpoints does not list it", baseURL).Stall()
	}
	version, err := r.secretVersion(ctx, declared)
	if err != nil {
		return reach{}, err
	}
	wanted := fingerprint{uid: declared.UID, baseURL: baseURL, secretVersion: version}
	kept := r.entry(client.ObjectKeyFromObject(declared))
	kept.lock.Lock()
	defer kept.lock.Unlock()
	kept.bound(declared)
	if kept.client != nil && kept.fingerprint == wanted {
		return kept.reach(), nil
	}
	if kept.problem != nil && kept.refused == wanted {
		again := *kept.problem // callers may add to theirs
		return reach{}, &again
	}
	err = r.renew(ctx, declared, kept, wanted)
	kept.problem = nil
	// A Secret that is gone although its metadata is still cached may come back
	// before the cache notices, and one that may not be read may be allowed to be
	// at any time, so these are asked for each time.
	if problem := failure.As(err); problem != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		remembered := *problem
		kept.problem, kept.refused = &remembered, wanted
	}
	if err != nil {
		return reach{}, err
	}
	return kept.reach(), nil
}

func (e *entry) reach() reach {
	return reach{client: e.client, looks: e.looks, turns: e.turns, clientID: e.credentials.clientID}
}

// bound applies what may change while the client stays: how much the marketplace
// may be asked, and how long references may be remembered.
func (e *entry) bound(declared *v1alpha1.Marketplace) {
	if e.turns != nil && e.rateLimit != declared.Spec.RateLimit {
		e.turns.SetLimits(limitsOf(declared.Spec.RateLimit))
	}
	e.rateLimit = declared.Spec.RateLimit
	if e.looks != nil {
		e.looks.SetInterval(Interval(declared))
	}
}

// renew reads the Secret and replaces the client if what it is made of changed:
// a new label on the Secret must not cost a new token.
func (r *Registry) renew(ctx context.Context, declared *v1alpha1.Marketplace, kept *entry, wanted fingerprint) error {
	fresh, err := r.readCredentials(ctx, declared)
	if err != nil {
		return err
	}
	if kept.client != nil && kept.credentials == fresh && kept.fingerprint.baseURL == wanted.baseURL {
		kept.fingerprint = wanted
		return nil
	}
	counted := metrics.For(client.ObjectKeyFromObject(declared).String())
	if kept.turns == nil || kept.fingerprint.baseURL != wanted.baseURL {
		kept.turns = newLimiter(declared.Spec.RateLimit, counted, r.tellBreaker(client.ObjectKeyFromObject(declared)))
	}
	kept.client, err = ordercloud.New(ordercloud.Config{
		BaseURL:      wanted.baseURL,
		ClientID:     fresh.clientID,
		ClientSecret: fresh.clientSecret,
		Scopes:       RolesAskedFor(),
		UserAgent:    r.userAgent,
		Transport:    newTransport(client.ObjectKeyFromObject(declared).String(), kept.turns, counted, r.writes),
	})
	if err != nil {
		kept.client, kept.looks = nil, nil
		return failure.New(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s/%s does not hold a usable %s and %s", declared.Namespace, declared.Spec.CredentialsSecretRef.Name,
			ClientIDKey, ClientSecretKey).Stall().By(err)
	}
	kept.looks = look.New(kept.client, kept.turns, look.Observer{Looked: counted.Looked, Called: counted.LookCalled})
	kept.looks.SetInterval(Interval(declared))
	kept.fingerprint, kept.credentials = wanted, fresh
	return nil
}

func (r *Registry) tellBreaker(key types.NamespacedName) func() {
	return func() {
		if r.breakerChanged != nil {
			r.breakerChanged(key)
		}
	}
}

// Forget drops the client of a Marketplace that is gone.
func (r *Registry) Forget(key types.NamespacedName) {
	r.lock.Lock()
	defer r.lock.Unlock()
	delete(r.entries, key)
	r.versions.forget(key)
	metrics.For(key.String()).Forget()
}

func (r *Registry) entry(key types.NamespacedName) *entry {
	r.lock.Lock()
	defer r.lock.Unlock()
	kept, ok := r.entries[key]
	if !ok {
		kept = &entry{}
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
