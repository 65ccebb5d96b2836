// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Recall lets a look be answered from a list that was asked for a moment ago. It is for
// those who only compare: whoever finds a difference that way has to look again.
type Recall struct {
	age  time.Duration
	used atomic.Bool
}

// WasUsed says that a look was answered from an earlier list.
func (r *Recall) WasUsed() bool { return r.used.Load() }

type recallKey struct{}

// Recalling returns a context whose looks may be answered from a list that was asked for at
// most so long ago.
func Recalling(ctx context.Context, age time.Duration) (context.Context, *Recall) {
	recall := &Recall{age: age}
	return context.WithValue(ctx, recallKey{}, recall), recall
}

// recallOf returns what a look may recall: nothing if it has to be fresh.
func recallOf(ctx context.Context) *Recall {
	recall, _ := ctx.Value(recallKey{}).(*Recall)
	if _, isFresh := ctx.Value(freshKey{}).(time.Time); isFresh || isAlone(ctx) {
		return nil
	}
	return recall
}

// longestRecall bounds how long a list is kept that nobody asks for again.
const longestRecall = time.Minute

// listing is the latest list of all impersonation configs. At the tick of a marketplace
// more objects are compared than passes run at the same time: those that come later find
// what was listed for the first.
type listing struct {
	lock sync.Mutex
	// began is when the list was asked for: what it shows is as old.
	began   time.Time
	configs map[string]ordercloud.ImpersonationConfig
	// underway is closed when the list that is being read is.
	underway chan struct{}
}

// begin tells that a list is being read, to be ended with what it showed, if it could be
// read. Of two at the same time the later one counts.
func (l *listing) begin() (end func([]ordercloud.ImpersonationConfig, error)) {
	l.lock.Lock()
	defer l.lock.Unlock()
	began, done := time.Now(), make(chan struct{})
	l.underway = done
	return func(listed []ordercloud.ImpersonationConfig, err error) {
		l.lock.Lock()
		defer l.lock.Unlock()
		close(done)
		if l.underway == done {
			l.underway = nil
		}
		if err != nil || began.Before(l.began) {
			return
		}
		l.began, l.configs = began, make(map[string]ordercloud.ImpersonationConfig, len(listed))
		for _, config := range listed {
			l.configs[config.ID] = config
		}
		time.AfterFunc(longestRecall, func() { l.drop(began) })
	}
}

// drop forgets a list.
func (l *listing) drop(began time.Time) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.began.Equal(began) {
		l.configs = nil
	}
}

// recall returns a config from a list that is fresh enough, if need be after waiting for the
// one that is being read. What a list leaves out it tells nothing about.
func (l *listing) recall(ctx context.Context, id string) (ordercloud.ImpersonationConfig, bool) {
	recall := recallOf(ctx)
	if recall == nil {
		return ordercloud.ImpersonationConfig{}, false
	}
	config, found, reading := l.kept(recall, id)
	if !found && reading != nil {
		select {
		case <-reading:
		case <-ctx.Done():
		}
		config, found, _ = l.kept(recall, id)
	}
	if found {
		recall.used.Store(true)
	}
	return config, found
}

// kept returns a config of the latest list, and what is closed when another one is read.
func (l *listing) kept(recall *Recall, id string) (config ordercloud.ImpersonationConfig, found bool, reading chan struct{}) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if time.Since(l.began) > min(recall.age, longestRecall) {
		return config, false, l.underway
	}
	config, found = l.configs[id]
	return config, found, l.underway
}
