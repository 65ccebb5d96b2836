// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"golang.org/x/sync/semaphore"
)

const (
	// maximumObject bounds the answer of one object: one with the largest xp takes about
	// 10 KiB.
	maximumObject = 1 << 20
	// maximumList bounds a page of a list: one of 100 users with the largest xp takes about
	// 1 MiB.
	maximumList = 8 << 20
	// small answers are not counted: all requests that may be under way hold little more
	// than the budget with them.
	small = 32 << 10
	// budget bounds what all other answers that are being read hold at the same time.
	budget = 64 << 20
	// shareOfBudget is what those of one marketplace may hold of it, so that one that
	// answers much, or slowly, leaves room for others.
	shareOfBudget = budget / 4
)

func (w Wants) bound() int64 {
	if w == List {
		return maximumList
	}
	return maximumObject
}

// Budget bounds the memory of all answers that are being read.
type Budget struct{ room *semaphore.Weighted }

// NewBudget returns the budget of a process.
func NewBudget() *Budget { return &Budget{room: semaphore.NewWeighted(budget)} }

// Share returns what the answers of one marketplace may take of the budget. A nil budget
// has no bound but that of the share.
func (b *Budget) Share() *Share {
	share := &Share{own: semaphore.NewWeighted(shareOfBudget)}
	if b != nil {
		share.all = b.room
	}
	return share
}

// Share bounds the memory of the answers of one marketplace.
type Share struct{ own, all *semaphore.Weighted }

// read reads an answer up to a bound. A larger one is not drained: the connection is worth
// less than the time. The room that is taken is what the answer announces, or the bound,
// and is taken at once: two that wait for each other's rest would wait for ever.
func (s *Share) read(ctx context.Context, response *http.Response, bound int64) (content []byte, release func(), err error) {
	if response.ContentLength > bound {
		return nil, nil, errTooLarge
	}
	first, err := io.ReadAll(io.LimitReader(response.Body, small))
	if err != nil {
		return nil, nil, err
	}
	if len(first) < small {
		return first, func() {}, nil
	}
	room := bound
	if response.ContentLength > 0 {
		room = response.ContentLength
	}
	if release, err = s.acquire(ctx, room); err != nil {
		return nil, nil, err
	}
	rest, err := io.ReadAll(io.LimitReader(response.Body, bound-small+1))
	if err == nil && int64(len(rest)) > bound-small {
		err = errTooLarge
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return append(first, rest...), release, nil
}

func (s *Share) acquire(ctx context.Context, room int64) (release func(), err error) {
	if err := s.own.Acquire(ctx, room); err != nil {
		return nil, fmt.Errorf("waiting for room for an answer: %w", err)
	}
	if s.all == nil {
		return sync.OnceFunc(func() { s.own.Release(room) }), nil
	}
	if err := s.all.Acquire(ctx, room); err != nil {
		s.own.Release(room)
		return nil, fmt.Errorf("waiting for room for an answer: %w", err)
	}
	return sync.OnceFunc(func() {
		s.all.Release(room)
		s.own.Release(room)
	}), nil
}
