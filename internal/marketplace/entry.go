// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/metrics"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// entry is the client of one Marketplace. Its lock lets one caller read the
// Secret while others of the same Marketplace wait for what it finds.
type entry struct {
	// counted is what is counted of the Marketplace.
	counted metrics.Marketplace

	lock        sync.Mutex
	fingerprint fingerprint
	credentials credentials
	client      *ordercloud.Client
	looks       *look.Marketplace
	prover      *prover
	// turns outlives the client: new credentials neither end an outage nor spend
	// another second's worth of requests.
	turns     *limiter.Limiter
	rateLimit v1alpha1.RateLimit
	// breaker is the one that counts: requests to an address from before may still end.
	breaker atomic.Pointer[limiter.Limiter]
	// problem is why the refused fingerprint makes no client: a Secret that did
	// not change need not be read again to say the same.
	problem *failure.Failure
	refused fingerprint
	// pinned is the seller that was seen first.
	pinned pin
	// standing is what is known at present, and proven the marketplace that the
	// client's credentials were accepted by at last.
	standing Standing
	proven   claim.Marketplace
	// declared is the Marketplace as it was last seen, to be read without the lock.
	declared atomic.Pointer[v1alpha1.Marketplace]
}

// keep remembers a Marketplace for when it is gone.
func (e *entry) keep(declared *v1alpha1.Marketplace) {
	if last := e.declared.Load(); last == nil || last.UID != declared.UID || last.Generation != declared.Generation {
		e.declared.Store(declared.DeepCopy())
	}
}

// fingerprint is all that a client is made of, without the credentials
// themselves: another one means another client.
type fingerprint struct {
	uid           types.UID
	baseURL       string
	secretName    string
	secretVersion string
}

type credentials struct {
	clientID     string
	clientSecret ordercloud.Secret
}

// reach is what an entry holds while its lock is held: the entry may get another
// client as soon as it is not.
type reach struct {
	client     *ordercloud.Client
	looks      *look.Marketplace
	prover     *prover
	turns      *limiter.Limiter
	standing   Standing
	proven     claim.Marketplace
	secretName string
}

// connected returns the client for the present credentials, which OrderCloud may refuse.
func (r *Registry) connected(ctx context.Context, declared *v1alpha1.Marketplace, kept *entry) (reach, error) {
	baseURL := BaseURL(&declared.Spec)
	if !r.endpoints.Allows(baseURL) {
		return reach{}, failure.New(v1alpha1.ReasonAccessDenied,
			"the operator may not contact %s: its flag --allowed-endpoints does not list it", baseURL).Stall()
	}
	version, err := r.secretVersion(ctx, declared)
	if err != nil {
		return reach{}, err
	}
	wanted := fingerprint{
		uid: declared.UID, baseURL: baseURL, secretName: declared.Spec.CredentialsSecretRef.Name, secretVersion: version,
	}
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
	return reach{
		client: e.client, looks: e.looks, prover: e.prover, turns: e.turns,
		standing: e.standing, proven: e.proven, secretName: e.fingerprint.secretName,
	}
}

// bound applies what may change while the client stays: how much the marketplace
// may be asked, and how long references may be remembered.
func (e *entry) bound(declared *v1alpha1.Marketplace) {
	if e.turns != nil && e.rateLimit != declared.Spec.RateLimit {
		e.turns.SetLimits(limitsOf(declared.Spec.RateLimit))
	}
	e.rateLimit = declared.Spec.RateLimit
	if e.looks != nil {
		setPace(e.looks, declared)
	}
}

func setPace(looks *look.Marketplace, declared *v1alpha1.Marketplace) {
	looks.SetPace(Interval(declared), limitsOf(declared.Spec.RateLimit).RequestsPerSecond)
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
	if kept.turns == nil || kept.fingerprint.baseURL != wanted.baseURL {
		kept.useLimiter(declared.Spec.RateLimit, r.tellBreaker(client.ObjectKeyFromObject(declared)))
	}
	kept.client, err = ordercloud.New(ordercloud.Config{
		BaseURL:      wanted.baseURL,
		ClientID:     fresh.clientID,
		ClientSecret: fresh.clientSecret,
		Scopes:       RolesAskedFor(),
		UserAgent:    r.userAgent,
		Transport:    newBaseTransport(),
		Around:       aroundCalls(client.ObjectKeyFromObject(declared).String(), kept.turns, kept.counted, r.writes),
		Memory:       r.memory.Share(),
	})
	if err != nil {
		kept.client, kept.looks, kept.prover = nil, nil, nil
		return failure.New(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s/%s does not hold a usable %s and %s", declared.Namespace, declared.Spec.CredentialsSecretRef.Name,
			ClientIDKey, ClientSecretKey).Stall().By(err)
	}
	kept.looks = look.New(kept.client, kept.turns, look.Observer{Looked: kept.counted.Looked, Called: kept.counted.LookCalled})
	setPace(kept.looks, declared)
	kept.prover = &prover{client: kept.client, clock: r.clock}
	kept.fingerprint, kept.credentials = wanted, fresh
	return nil
}

// useLimiter begins with a new limiter, whose breaker is closed.
func (e *entry) useLimiter(declared v1alpha1.RateLimit, breakerChanged func()) {
	var made *limiter.Limiter
	made = newLimiter(declared, e.counted.LimiterWaited, func(open bool) {
		if e.breaker.Load() == made {
			e.counted.BreakerChanged(open)
			breakerChanged()
		}
	})
	e.breaker.Store(made)
	e.turns = made
	e.counted.BreakerChanged(false)
}

func (r *Registry) tellBreaker(key types.NamespacedName) func() {
	return func() {
		if r.breakerChanged != nil {
			r.breakerChanged(key)
		}
	}
}
