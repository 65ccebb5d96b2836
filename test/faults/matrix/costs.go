// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	// lookers are the users who are looked at together.
	lookers = 100
	// refusedConfigs are those whose token lacks the role.
	refusedConfigs = 600
	// quiet is how long no call comes once all looks are answered. The operator's next
	// attempts come later.
	quiet = 400 * time.Millisecond
	// looksMetric counts looks.
	looksMetric = "ordercloud_looks_total"
)

// costs are what wrong answers cost in calls.
type costs struct {
	Looks        []lookCost `json:"looks"`
	Configs      int        `json:"configs"`
	CallsAMinute float64    `json:"callsAMinute"`
}

// lookCost is what looks cost that are all answered alike.
type lookCost struct {
	Fault       string  `json:"fault"`
	CallsPer100 float64 `json:"callsPer100"`
}

// good is no fault at all.
var good = fault{name: "good answers", answer: func(g *gate, w http.ResponseWriter, r *http.Request) { copyOut(w, g.pass(r)) }}

// isLookAtUser says that a call looks at users.
func isLookAtUser(call string) bool {
	return call == "GET /v1/buyers/{buyerID}/users" || call == "GET /v1/buyerusers" || call == "GET /v1/buyers/{buyerID}/users/{userID}"
}

// lookFaults are the wrong answers, without those that are none, or that never come.
func lookFaults() []fault {
	kept := []fault{good}
	for _, each := range faults() {
		isWriteOnly := each.fits != nil && !each.fits(call{isList: true, hasRoles: true})
		if !isWriteOnly && each.hold != silentHold && each.pause <= longestPause/2 {
			kept = append(kept, each)
		}
	}
	return kept
}

// measureCosts measures on a stage of its own.
func measureCosts(ctx context.Context, given settings, progress io.Writer) (costs, error) {
	var measuring []*cell
	for number, each := range append(lookFaults(), good) {
		name := fmt.Sprintf("cost-%03d", number)
		measuring = append(measuring, &cell{fault: each, namespace: name, leaving: map[string]bool{}, found: map[string]bool{}, full: map[string]bool{}})
	}
	stage, err := openCells(ctx, measuring, given.directory)
	if err != nil {
		return costs{}, err
	}
	defer stage.close()
	scraper, err := shipped.NewScraper(ctx, stage.admin)
	if err != nil {
		return costs{}, fmt.Errorf("asking for metrics: %w", err)
	}
	found := costs{Configs: refusedConfigs}
	last := len(measuring) - 1
	if found.CallsAMinute, err = measuring[last].measureRole(ctx); err != nil {
		return found, err
	}
	_, _ = fmt.Fprintf(progress, "%d configs without the role: %.1f calls a minute\n", refusedConfigs, found.CallsAMinute)
	for _, each := range measuring[:last] {
		cost, err := each.measureLooks(ctx, scraper)
		if err != nil {
			return found, fmt.Errorf("looks that are answered with %s: %w", each.fault.name, err)
		}
		_, _ = fmt.Fprintf(progress, "%-32s %6.1f calls per 100 looks\n", cost.Fault, cost.CallsPer100)
		found.Looks = append(found.Looks, cost)
	}
	return found, nil
}

// measureLooks wakes all users at once, and counts the calls until each was looked at.
func (c *cell) measureLooks(ctx context.Context, scraper *http.Client) (lookCost, error) {
	cost := lookCost{Fault: c.fault.name}
	// The limiter keeps nobody waiting: what is counted is the first attempt of all.
	c.rateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Concurrency: 64}
	for number := range lookers {
		c.call.story.before = append(c.call.story.before, user(fmt.Sprintf("user-%03d", number), "acme"))
	}
	if err := c.prepare(ctx); err != nil {
		return cost, err
	}
	// The interval comes seldom enough not to be met.
	if err := c.rest(ctx); err != nil {
		return cost, err
	}
	if !pause(ctx, 2*quiet) {
		return cost, ctx.Err()
	}
	before, err := c.looks(ctx, scraper)
	if err != nil {
		return cost, err
	}
	c.gate.begin(c.fault, isLookAtUser)
	if err := askAgain(&v1alpha1.Marketplace{}, marketplaceName)(ctx, c); err != nil {
		return cost, err
	}
	looked, calls, since := 0.0, 0, time.Now()
	for deadline := time.Now().Add(firstPatience); looked < lookers || time.Since(since) < quiet; {
		if time.Now().After(deadline) || !pause(ctx, look/5) {
			return cost, fmt.Errorf("%.0f of %d looks came", looked, lookers)
		}
		now, err := c.looks(ctx, scraper)
		if err != nil {
			return cost, err
		}
		if looked = now - before; c.gate.met() > calls {
			calls, since = c.gate.met(), time.Now()
		}
		if looked >= 2*lookers { // attempts that come again do not end
			break
		}
	}
	cost.CallsPer100 = 100 * float64(calls) / looked
	return cost, c.gate.end(ctx)
}

// looks is how many the operator counted.
func (c *cell) looks(ctx context.Context, scraper *http.Client) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.stage.operator.MetricsURL, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("asking for metrics: %w", err)
	}
	answer, err := scraper.Do(request)
	if err != nil {
		return 0, fmt.Errorf("asking for metrics: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	begin := fmt.Sprintf("%s{marketplace=%q} ", looksMetric, c.namespace+"/"+marketplaceName)
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text, isIt := strings.CutPrefix(lines.Text(), begin); isIt {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, fmt.Errorf("the metrics have no %s: %w", begin, lines.Err())
}

// measureRole counts the calls of two minutes in which nothing can be done.
func (c *cell) measureRole(ctx context.Context) (float64, error) {
	err := c.gate.box.Mutate(sandbox.Mutation{Method: http.MethodPatch, Path: "securityprofiles/operator", Body: map[string]any{
		"Roles": []any{"BuyerUserAdmin", "BuyerUserReader", "ApiClientReader", "SecurityProfileReader"},
	}})
	if err != nil {
		return 0, fmt.Errorf("taking the role away: %w", err)
	}
	if err := c.prepareMarketplace(ctx); err != nil {
		return 0, err
	}
	for number := range refusedConfigs {
		if err := create(config(fmt.Sprintf("config-%03d", number), "acme"))(ctx, c); err != nil {
			return 0, err
		}
	}
	for deadline := time.Now().Add(firstPatience); ; {
		refused, err := c.refused(ctx)
		if err != nil {
			return 0, err
		}
		if refused == refusedConfigs {
			break
		}
		if time.Now().After(deadline) || !pause(ctx, look) {
			return 0, fmt.Errorf("%d of %d configs say that they are refused", refused, refusedConfigs)
		}
	}
	const minutes = 2
	c.gate.box.ResetStats()
	if !pause(ctx, minutes*time.Minute) {
		return 0, ctx.Err()
	}
	return float64(c.gate.box.Stats().Total) / minutes, nil
}

// refused is how many configs say AccessDenied.
func (c *cell) refused(ctx context.Context) (int, error) {
	objects, err := c.objects(ctx)
	refused := 0
	for _, object := range objects {
		synced := meta.FindStatusCondition(conditionsOf(object), v1alpha1.SyncedCondition)
		if _, isConfig := object.(*v1alpha1.ImpersonationConfig); isConfig && synced != nil && synced.Reason == v1alpha1.ReasonAccessDenied {
			refused++
		}
	}
	return refused, err
}
