// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Observer is told what looks cost; nil functions are skipped.
type Observer struct {
	// Looked is called with the number of looks that one batch answers.
	Looked func(count int)
	// Called is called for each call to OrderCloud that answers looks.
	Called func()
}

func (o Observer) looked(count int) {
	if o.Looked != nil {
		o.Looked(count)
	}
}

func (o Observer) called() {
	if o.Called != nil {
		o.Called()
	}
}

// Marketplace shares the looks at one marketplace. Errors are those of the client.
type Marketplace struct {
	users        *gatherer[userKey, ordercloud.BuyerUser]
	configs      *gatherer[configKey, configAnswer]
	latest       *listing
	applications *cache[[]string]
	profiles     *cache[ordercloud.SecurityProfile]
}

// New returns the shared looks of a client. The limiter has to be the one that the
// client's transport passes.
func New(client *ordercloud.Client, turns *limiter.Limiter, observer Observer) *Marketplace {
	impersonation := collectionOf(client, client.ImpersonationConfigs(), func(config ordercloud.ImpersonationConfig) string { return config.ID }, observer)
	profiles := collectionOf(client, client.SecurityProfiles(), func(profile ordercloud.SecurityProfile) string { return profile.ID }, observer)
	latest := &listing{}
	return &Marketplace{
		latest:       latest,
		users:        newGatherer(&users{client: client, observer: observer, crowded: map[string]time.Time{}}, turns, observer),
		configs:      newGatherer(configs{impersonation, latest}, turns, observer),
		applications: newCache(newGatherer(applications{client: client, observer: observer}, turns, observer)),
		profiles:     newCache(newGatherer(source[string, ordercloud.SecurityProfile](profiles), turns, observer)),
	}
}

func collectionOf[T any](client *ordercloud.Client, objects ordercloud.Collection[T], id func(T) string, observer Observer) collection[T] {
	return collection[T]{objects: objects, id: id, url: client.BaseURL() + objects.ListPath(), observer: observer}
}

// BuyerUser returns a user, or that there is none or no such buyer.
func (m *Marketplace) BuyerUser(ctx context.Context, buyerID, userID string) (ordercloud.BuyerUser, bool, error) {
	return m.users.look(ctx, userKey{buyerID: buyerID, userID: userID})
}

// ImpersonationConfig returns an impersonation config, or that there is none. See Recalling.
func (m *Marketplace) ImpersonationConfig(ctx context.Context, id string) (ordercloud.ImpersonationConfig, bool, error) {
	if config, found := m.latest.recall(ctx, id); found {
		return config, true, nil
	}
	answer, found, err := m.configs.look(ctx, configKey{id: id})
	return answer.config, found, err
}

// ImpersonationConfigs returns all impersonation configs of the marketplace, in the
// order of their IDs. The list answers those as well who wait to look at a single
// one, unless they wait for an edit. It goes out with the first of them, and waits so long
// for them if that is longer than it would wait anyway.
func (m *Marketplace) ImpersonationConfigs(ctx context.Context, wait time.Duration) ([]ordercloud.ImpersonationConfig, error) {
	in := companyOf(ctx)
	if wait > in.quiet {
		in = company{quiet: wait, most: wait}
	}
	answer, _, err := m.configs.lookIn(ctx, everyConfig, in)
	if err == nil {
		err = answer.err
	}
	return answer.every, err
}

// APIClientsNamed returns the IDs of the API clients whose AppName is exactly the
// name. They may be some seconds old, see Fresh.
func (m *Marketplace) APIClientsNamed(ctx context.Context, name string) ([]string, error) {
	ids, _, err := m.applications.look(ctx, name)
	return ids, err
}

// SecurityProfileExists says whether there is such a security profile. The answer
// may be some seconds old, see Fresh.
func (m *Marketplace) SecurityProfileExists(ctx context.Context, id string) (bool, error) {
	_, found, err := m.profiles.look(ctx, id)
	return found, err
}

// SetPace bounds how long references are remembered: so long that one of them takes at most
// one of three hundred requests, and half of the interval at which objects are compared, so
// that each comparison sees what changed since the one before.
func (m *Marketplace) SetPace(interval time.Duration, requestsPerSecond float64) {
	age := min(max(referenceAge, time.Duration(300/requestsPerSecond*float64(time.Second))), interval/2)
	m.applications.remember(age)
	m.profiles.remember(age)
}

// ForgetReferences drops what is remembered of API clients and security profiles:
// OrderCloud has refused one that was found a moment ago.
func (m *Marketplace) ForgetReferences() {
	m.applications.forget()
	m.profiles.forget()
}
