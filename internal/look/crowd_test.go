// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"runtime"
	"sync"
	"testing/synctest"

	"github.com/ordercloud-operator/ordercloud-operator/internal/limiter"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// crowd is many who look at the same time, each in a goroutine of its own.
type crowd struct {
	w     *world
	group sync.WaitGroup
	keys  []userKey
	// got is in the order of the keys.
	got []*outcome
}

type outcome struct {
	ctx   context.Context
	user  ordercloud.BuyerUser
	found bool
	err   error
}

func (w *world) crowd() *crowd { return &crowd{w: w} }

// join lets looks at users begin and does not wait for them.
func (c *crowd) join(ctx context.Context, keys ...userKey) *crowd {
	for _, key := range keys {
		got := &outcome{ctx: ctx}
		c.keys, c.got = append(c.keys, key), append(c.got, got)
		c.group.Go(func() { got.user, got.found, got.err = c.w.looks.BuyerUser(ctx, key.buyerID, key.userID) })
	}
	return c
}

// settle returns when all that has begun waits for time to pass, or for others.
func (c *crowd) settle() *crowd {
	synctest.Wait()
	return c
}

// untilWaiting returns when so many questions wait to be sent, where no bubble
// tells.
func (c *crowd) untilWaiting(count int) *crowd {
	users := c.w.looks.users
	for {
		users.lock.Lock()
		waiting := len(users.waiting)
		users.lock.Unlock()
		if waiting == count {
			return c
		}
		runtime.Gosched()
	}
}

// expectRight waits for the answers and compares them with what there is.
func (c *crowd) expectRight() {
	c.w.t.Helper()
	c.group.Wait()
	for index := range c.keys {
		c.expectRightAt(index)
	}
}

func (c *crowd) expectRightAt(index int) {
	c.w.t.Helper()
	key, got := c.keys[index], c.got[index]
	there, exists := c.w.box.Object("buyers/" + key.buyerID + "/users/" + key.userID)
	switch {
	case got.err != nil:
		c.w.t.Errorf("%v: %v", key, got.err)
	case got.found != exists:
		c.w.t.Errorf("%v is found: %v, exists: %v", key, got.found, exists)
	case exists && (got.user.ID != key.userID || got.user.CompanyID != key.buyerID || got.user.FirstName != there["FirstName"]):
		c.w.t.Errorf("%v got %s of %s, called %s", key, got.user.ID, got.user.CompanyID, got.user.FirstName)
	}
}

// expectAll waits for the answers, all of which have to be such an error.
func (c *crowd) expectAll(what string, is func(error) bool) {
	c.w.t.Helper()
	c.group.Wait()
	for index, got := range c.got {
		if got.err == nil || !is(got.err) {
			c.w.t.Errorf("%v got %v, want %s", c.keys[index], got.err, what)
		}
	}
}

func asSweep(ctx context.Context) context.Context { return limiter.WithClass(ctx, limiter.Sweep) }
