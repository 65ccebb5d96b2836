// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

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
	// shareOfBudget is what those of one marketplace may hold, so that one that answers much,
	// or slowly, keeps its own waiting and no other.
	shareOfBudget = budget / 4
	// ordinary is what those of one marketplace hold beside the budget: a page of 100 users
	// finds room whatever others take.
	ordinary = 2 << 20
	// step is how much more room is taken at a time, for what has really come.
	step = 256 << 10
)

// errNoRoom says that the answers of others take the memory at present.
var errNoRoom = errors.New("no room for a large answer at present")

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
type Share struct {
	own, all *semaphore.Weighted
	// spare is what is taken of the ordinary room.
	spare atomic.Int64
}

// read reads an answer up to a bound. A larger one is not drained: the connection is worth
// less than the time. It waits for the other answers of the same marketplace only. Room
// beside them is taken for what has come, so that an answer that stalls holds no more than
// it has sent, and an answer that finds none fails: two that wait for each other's rest
// would wait for ever.
func (s *Share) read(ctx context.Context, response *http.Response, bound int64) (content []byte, release func(), err error) {
	if response.ContentLength > bound {
		return nil, nil, errTooLarge
	}
	first, err := io.ReadAll(io.LimitReader(response.Body, small))
	if err != nil || len(first) < small {
		return first, func() {}, err
	}
	room := bound
	if response.ContentLength > 0 {
		room = response.ContentLength
	}
	if err := s.own.Acquire(ctx, room); err != nil {
		return nil, nil, fmt.Errorf("waiting for the other answers of the marketplace: %w", err)
	}
	taken := &taken{share: s}
	release = sync.OnceFunc(func() {
		taken.giveBack()
		s.own.Release(room)
	})
	content, err = taken.readOn(first, response.Body, bound)
	if err != nil {
		release()
		return nil, nil, err
	}
	return content, release, nil
}

// taken is the room of one answer.
type taken struct {
	share             *Share
	ofSpare, ofBudget int64
}

// readOn reads the rest of an answer, step by step.
func (t *taken) readOn(content []byte, body io.Reader, bound int64) ([]byte, error) {
	for {
		part, err := io.ReadAll(io.LimitReader(body, step))
		content = append(content, part...)
		switch {
		case err != nil:
			return nil, err
		case int64(len(content)) > bound:
			return nil, errTooLarge
		case len(part) < step:
			return content, nil
		case !t.take(step):
			return nil, errNoRoom
		}
	}
}

// take takes ordinary room while there is any, and of the budget beyond that.
func (t *taken) take(room int64) bool {
	if t.share.spare.Add(room) <= ordinary {
		t.ofSpare += room
		return true
	}
	t.share.spare.Add(-room)
	if t.share.all == nil {
		return true
	}
	if !t.share.all.TryAcquire(room) {
		return false
	}
	t.ofBudget += room
	return true
}

func (t *taken) giveBack() {
	t.share.spare.Add(-t.ofSpare)
	if t.ofBudget > 0 {
		t.share.all.Release(t.ofBudget)
	}
	t.ofSpare, t.ofBudget = 0, 0
}
