// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/claim"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/schedule"
)

// User is who the operator is in OrderCloud.
type User struct {
	ID       string
	Username string
}

// Proof is what OrderCloud answered when it was asked whose a Marketplace's
// credentials are.
type Proof struct {
	// Marketplace is proven, or has the URL alone.
	Marketplace claim.Marketplace
	// User is who the operator is there.
	User User
	// Roles that the token holds, sorted.
	Roles []string
	// At is when OrderCloud answered.
	At time.Time
	// Client has the credentials that it is about; nil if there are none.
	Client *ordercloud.Client
	// Due is when a question that failed may be asked again.
	Due time.Time
}

// finding is the latest that is known about the credentials of one client.
type finding struct {
	// sellerID is empty until OrderCloud named a seller, and again when it refuses.
	sellerID string
	user     User
	roles    []string
	at       time.Time
	// problem is why the latest question was not answered with a seller, else nil.
	problem *failure.Failure
	// attempts say when a question that failed may be asked again.
	attempts schedule.Attempts
}

// stands says that nobody has to ask: a seller that was proven stays so through an
// outage, and a question that failed is not asked again by each of thousands.
func (f finding) stands(now time.Time) bool { return f.sellerID != "" || now.Before(f.attempts.Due) }

// after is what is known when a question was not answered with a seller. An outage
// says nothing about the credentials; all else unmakes the proof.
func (f finding) after(problem *failure.Failure, now time.Time) finding {
	next := finding{problem: problem}
	if problem.IsOutage() {
		next = f
		next.problem = problem
	}
	what := schedule.Outcome{Problem: problem, Regular: schedule.LastRecheck, Probes: true}
	next.attempts = schedule.After(what, f.attempts, now, 1)
	return next
}

// prover asks OrderCloud whose the credentials of one client are, once for all that
// need to know. Other credentials are another client, which has another prover.
type prover struct {
	client *ordercloud.Client
	clock  clock.PassiveClock

	lock   sync.Mutex
	latest finding
	asked  *question
}

// question is under way, for several callers at once. Its fields, except for waiters,
// are written before answered is closed.
type question struct {
	answered chan struct{}
	cancel   context.CancelFunc
	waiters  int
	found    finding
	err      error
}

// find returns what is known, after asking if nothing is or if a fresh answer is
// wanted. An error says that there is no answer of either kind.
func (p *prover) find(ctx context.Context, fresh bool) (finding, error) {
	joined, known := p.join(ctx, fresh)
	if joined == nil {
		return known, nil
	}
	select {
	case <-joined.answered:
		return joined.found, joined.err
	case <-ctx.Done():
		p.leave(joined)
		return finding{}, fmt.Errorf("waiting for GET /v1/me at %s: %w", p.client.BaseURL(), ctx.Err())
	}
}

// join returns the question to wait for, or none and what is known already.
func (p *prover) join(ctx context.Context, fresh bool) (*question, finding) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if !fresh && p.latest.stands(p.clock.Now()) {
		return nil, p.latest
	}
	if p.asked == nil {
		p.asked = p.ask(ctx)
	}
	p.asked.waiters++
	return p.asked, finding{}
}

// ask starts a question, under the prover's lock, that ends with none of its callers. Whatever the first of
// them came for, others wait for the answer, too.
func (p *prover) ask(ctx context.Context) *question {
	detached, cancel := context.WithCancel(limiter.WithClass(context.WithoutCancel(ctx), limiter.Edit))
	started := &question{answered: make(chan struct{}), cancel: cancel}
	if p.latest.problem != nil && !p.latest.problem.IsOutage() {
		p.client.Forget() // the client remembers a refusal, too, and would not ask
	}
	go func() {
		defer cancel()
		found, problem, err := p.call(detached)
		p.conclude(started, found, problem, err)
		close(started.answered)
	}()
	return started
}

func (p *prover) conclude(asked *question, found finding, problem *failure.Failure, err error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.asked == asked {
		p.asked = nil
	}
	asked.err = err
	if err != nil {
		return
	}
	if problem != nil {
		found = p.latest.after(problem, p.clock.Now())
	}
	p.latest, asked.found = found, found
}

// leave ends a question for whose answer nobody waits any more.
func (p *prover) leave(left *question) {
	p.lock.Lock()
	defer p.lock.Unlock()
	left.waiters--
	if left.waiters > 0 {
		return
	}
	left.cancel()
	if p.asked == left {
		p.asked = nil
	}
}

// call finds out which roles the token holds and whose it is, or why it cannot. GET
// /v1/me also shows that OrderCloud still takes a token that it gave hours ago.
func (p *prover) call(ctx context.Context) (finding, *failure.Failure, error) {
	token, err := p.client.Token(ctx)
	var me ordercloud.Me
	if err == nil {
		me, err = p.client.Me(ctx)
	}
	if err != nil {
		problem := failure.Call{Doing: "authenticating", BaseURL: p.client.BaseURL()}.FromOrderCloud(err)
		if problem != nil {
			return finding{}, problem, nil
		}
		return finding{}, nil, fmt.Errorf("authenticating at %s: %w", p.client.BaseURL(), err)
	}
	if !isSellerID(me.SellerID) {
		return finding{}, noSeller(p.client.BaseURL()), nil
	}
	roles := slices.Clone(token.Roles)
	slices.Sort(roles)
	return finding{
		sellerID: me.SellerID, user: User{ID: me.ID, Username: me.Username},
		roles: slices.Compact(roles), at: p.clock.Now(),
	}, nil, nil
}

// isSellerID leaves out what the status could not hold: an ID has at most 100
// characters [D], all of them printable [I].
func isSellerID(text string) bool {
	for _, letter := range text {
		if letter < '!' || letter > '~' {
			return false
		}
	}
	return text != "" && len(text) <= 100
}

// noSeller says that the credentials are not those of an admin user: only these belong
// to the seller [D].
func noSeller(baseURL string) *failure.Failure {
	return failure.New(v1alpha1.ReasonCredentialsInvalid,
		"%s accepts the credentials but names no seller for them: the API client's default context user has to be "+
			"an admin user of the marketplace, not one of a buyer or supplier", baseURL).
		Stall().Again(failure.UpToAMinute)
}
