// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	// interval is that of each Marketplace. Objects are compared as often.
	interval = 15 * time.Second
	// look is how often a cell looks at its objects.
	look = 250 * time.Millisecond
	// firstPatience is how long everything may take to be Ready before the fault.
	firstPatience = 6 * time.Minute
	// missPatience is how long a fault waits for its call, beyond its time.
	missPatience = time.Minute
)

// cell is one fault of one call, with a marketplace, a Marketplace and a namespace of its
// own.
type cell struct {
	call  call
	fault fault

	stage     *stage
	gate      *gate
	namespace string
	rateLimit v1alpha1.RateLimit
	// leaving are the paths in OrderCloud of what is deleted.
	leaving map[string]bool
	// found are the paths that were there once, full the Secrets that held a token.
	found, full map[string]bool
	// lost and left are findings, each told once.
	lost, left map[string]bool
}

// outcome is what became of a cell.
type outcome struct {
	Call  string `json:"call"`
	Fault string `json:"fault"`
	// Object and Marketplace are what their statuses said at the end of the fault: Ready
	// and why.
	Object      string `json:"object"`
	Marketplace string `json:"marketplace"`
	// Seconds from the end of the fault until everything was equal; negative: not in time.
	Seconds float64 `json:"seconds"`
	// Met is how many requests met the fault.
	Met int `json:"met"`
	// Again is how many writes OrderCloud applied more than once, by method.
	Again map[string]int `json:"again,omitempty"`
	// Refused is how many writes OrderCloud itself refused.
	Refused int `json:"refused,omitempty"`
	// Lost is what was declared and went, Left what was deleted and stayed.
	Lost []string `json:"lost,omitempty"`
	Left []string `json:"left,omitempty"`
	// Unequal is what was not as declared when the wait was over.
	Unequal []string `json:"unequal,omitempty"`
}

// cells are all that make sense, call by call.
func cells() []*cell {
	var all []*cell
	for _, call := range calls() {
		for _, fault := range faults() {
			if fault.fits == nil || fault.fits(call) {
				all = append(all, &cell{
					call: call, fault: fault, leaving: map[string]bool{}, found: map[string]bool{},
					full: map[string]bool{}, lost: map[string]bool{}, left: map[string]bool{},
				})
			}
		}
	}
	for number, each := range all {
		each.namespace = fmt.Sprintf("cell-%03d", number)
	}
	return all
}

// run plays the cell, and waits so long until everything is equal.
func (c *cell) run(ctx context.Context, patience time.Duration) (outcome, error) {
	result := outcome{Call: c.call.name, Fault: c.fault.name, Seconds: -1}
	if err := c.prepare(ctx); err != nil {
		// A neighbour may keep this Marketplace waiting: that is a finding, too.
		result.Unequal = []string{err.Error()}
		return result, ctx.Err()
	}
	c.gate.begin(c.fault, func(call string) bool { return call == c.call.name })
	for _, step := range c.call.story.steps {
		if err := step(ctx, c); err != nil {
			return result, err
		}
	}
	c.hold(ctx)
	result.Object = c.tell(ctx, c.call.story.subject)
	result.Marketplace = c.tell(ctx, named(&v1alpha1.Marketplace{}, marketplaceName))
	if err := c.gate.end(ctx); err != nil {
		return result, err
	}
	ended := time.Now().Add(c.fault.pause)
	result.Unequal = c.await(ctx, time.Until(ended)+patience)
	if len(result.Unequal) == 0 {
		result.Seconds = max(0, time.Since(ended).Seconds())
	}
	result.Met, result.Again, result.Refused = c.gate.met(), c.gate.repeated(), c.gate.needless()
	result.Lost, result.Left = slices.Sorted(maps.Keys(c.lost)), slices.Sorted(maps.Keys(c.left))
	return result, c.rest(ctx)
}

// prepare makes what is there before the fault, and waits until it is Ready.
func (c *cell) prepare(ctx context.Context) error {
	if err := c.prepareMarketplace(ctx); err != nil {
		return err
	}
	for _, object := range c.call.story.before {
		if err := create(object)(ctx, c); err != nil {
			return err
		}
	}
	if unequal := c.await(ctx, firstPatience); len(unequal) > 0 {
		return fmt.Errorf("%s, before the fault: %v", c.namespace, unequal)
	}
	return nil
}

// prepareMarketplace makes a namespace with a Marketplace.
func (c *cell) prepareMarketplace(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}
	if err := c.stage.admin.Create(ctx, namespace); err != nil {
		return fmt.Errorf("making the namespace %s: %w", c.namespace, err)
	}
	if err := c.stage.plane.GrantTokens(ctx, c.namespace); err != nil {
		return fmt.Errorf("letting the operator write tokens: %w", err)
	}
	id, secret := c.gate.box.Credentials()
	for _, object := range []client.Object{
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "ordercloud"}, StringData: map[string]string{"clientID": id, "clientSecret": secret}},
		&v1alpha1.Marketplace{ObjectMeta: metav1.ObjectMeta{Name: marketplaceName}, Spec: v1alpha1.MarketplaceSpec{
			URL: c.gate.url(), CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "ordercloud"},
			Interval: &metav1.Duration{Duration: interval}, RateLimit: c.rateLimit,
			// Nothing here waits for an heir.
			DeletionGuard: v1alpha1.DeletionGuard{Grace: &metav1.Duration{}},
		}},
	} {
		if err := create(object)(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// hold watches until the fault is over: after its time, and once the call has met it.
func (c *cell) hold(ctx context.Context) {
	over, missed := time.Now().Add(c.fault.hold), time.Now().Add(c.fault.hold+missPatience)
	for now := time.Now(); now.Before(over) || c.gate.met() == 0 && now.Before(missed); now = time.Now() {
		c.unequal(ctx)
		if !pause(ctx, look) {
			return
		}
	}
}

// await waits until everything is equal, and returns what is not when the patience is
// over.
func (c *cell) await(ctx context.Context, patience time.Duration) []string {
	for deadline := time.Now().Add(patience); ; {
		unequal := c.unequal(ctx)
		if len(unequal) == 0 || time.Now().After(deadline) || !pause(ctx, look) {
			return unequal
		}
	}
}

// rest lets the operator be: a cell that is done costs the others nothing.
func (c *cell) rest(ctx context.Context) error {
	return patch(&v1alpha1.Marketplace{}, marketplaceName, `{"spec":{"interval":"24h"}}`)(ctx, c)
}

// problems are what must not be, whatever the machine.
func (o outcome) problems() []string {
	var found []string
	for _, each := range o.Lost {
		found = append(found, "lost: "+each)
	}
	for _, each := range o.Left {
		found = append(found, "left behind: "+each)
	}
	if created := o.Again["POST"]; created > 0 {
		found = append(found, fmt.Sprintf("created twice: %d", created))
	}
	for _, each := range o.Unequal {
		found = append(found, "never equal: "+each)
	}
	if o.Met == 0 && len(o.Unequal) == 0 {
		found = append(found, "the operator did not make the call")
	}
	return found
}

// err tells the problems as one error.
func (o outcome) err() error {
	var all []error
	for _, problem := range o.problems() {
		all = append(all, fmt.Errorf("%s × %s: %s", o.Call, o.Fault, problem))
	}
	return errors.Join(all...)
}

// pause waits, and says whether there is time left.
func pause(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
