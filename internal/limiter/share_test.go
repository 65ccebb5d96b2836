// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestARequestThatNobodyMarkedIsOfTheEmptyShare(t *testing.T) {
	if ShareOf(t.Context()) != "" || ShareOf(WithShare(t.Context(), "team-a")) != "team-a" {
		t.Error("another share")
	}
}

func TestATenantWithManyEditsDoesNotHoldUpTheEditOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		crowd.join(WithShare(t.Context(), "team-a"), Edit, named("a", 50)...)
		crowd.join(WithShare(t.Context(), "team-b"), Edit, "b1")
		crowd.join(t.Context(), Edit, "unmarked1")
		crowd.release("a1", "b1", "unmarked1", "a2")
		crowd.expect("a1", "b1", "unmarked1", "a2", "a3")
		crowd.join(WithShare(t.Context(), "team-b"), Edit, "b2", "b3") // who had one turn, and a had three
		crowd.release("a3", "b2", "b3", "a4")
		crowd.expect("b2", "b3", "a4", "a5")
		crowd.release(named("a", 50)[4:]...)
	})
}

func TestATenantThatAsksSeldomGoesBeforeThoseThatFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		crowd.join(WithShare(t.Context(), "team-a"), Edit, named("a", 50)...)
		crowd.join(WithShare(t.Context(), "team-b"), Edit, named("b", 50)...)
		for turn := range 20 {
			crowd.release(named("a", 50)[turn], named("b", 50)[turn])
		}
		crowd.expect(strings.Fields(interleaved(21))[:41]...)
		crowd.join(WithShare(t.Context(), "team-c"), Edit, named("c", 5)...)
		crowd.release("a21", "c1", "c2", "c3", "c4", "c5")
		crowd.expect("c1", "c2", "c3", "c4", "c5", "b21")
		crowd.release(append([]string{"b21"}, strings.Fields(interleaved(50))[42:]...)...)
	})
}

// interleaved are a1 b1 a2 b2 and so on.
func interleaved(count int) string {
	var names strings.Builder
	for number := range count {
		fmt.Fprintf(&names, "a%d b%d ", number+1, number+1)
	}
	return names.String()
}

func TestBatchesHaveEveryTenthTurnHoweverManyTenantsAskSeldom(t *testing.T) {
	var q queue
	now := time.Now()
	for number := range 40 {
		q.push(&waiter{share: "", since: now})
		q.push(&waiter{share: fmt.Sprint("team-", number), since: now})
	}
	turns := popped(&q, now, 41)
	batch := slices.Index(turns, "")
	for turn := batch + 1; turn < len(turns); turn++ {
		if isBatch := turns[turn] == ""; isBatch != ((turn-batch)%10 == 0) {
			t.Errorf("turn %d of %v is wrong", turn, turns)
		}
	}
}

func TestEditsOfAnyShareGoBeforeSweepsOfAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		crowd.join(t.Context(), Edit, "first")
		crowd.join(WithShare(t.Context(), "team-a"), Sweep, "a-sweep1", "a-sweep2")
		crowd.join(WithShare(t.Context(), "team-b"), Sweep, "b-sweep1")
		crowd.join(WithShare(t.Context(), "team-b"), Edit, "b-edit1", "b-edit2")
		crowd.release("first", "b-edit1", "b-edit2", "a-sweep1", "b-sweep1", "a-sweep2")
		crowd.expect("first", "b-edit1", "b-edit2", "a-sweep1", "b-sweep1", "a-sweep2")
	})
}

func TestWhoeverLeavesTakesNoTurnOfItsShareAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := newCrowd(t, Limits{RequestsPerSecond: unhurried, Concurrency: 1})
		crowd.join(t.Context(), Edit, "first")
		impatient, leave := context.WithCancel(WithShare(t.Context(), "team-a"))
		crowd.join(impatient, Edit, "a1")
		crowd.join(WithShare(t.Context(), "team-a"), Edit, "a2", "a3")
		alone, leaveAlone := context.WithCancel(WithShare(t.Context(), "team-b"))
		crowd.join(alone, Edit, "b1")
		crowd.join(WithShare(t.Context(), "team-c"), Edit, "c1", "c2")
		leave()
		leaveAlone()
		synctest.Wait()
		crowd.release("first", "a2", "c1", "a3", "c2")
		crowd.expect("first", "a2", "c1", "a3", "c2")
		crowd.limiter.edits.forget(time.Now().Add(time.Hour))
		if left := len(crowd.limiter.edits.shares); left != 0 {
			t.Errorf("%d shares are kept that nobody waits in", left)
		}
	})
}

// popped takes everybody out by turn.
func popped(q *queue, now time.Time, count int) []string {
	var shares []string
	for range count {
		w := q.next()
		if w == nil {
			return shares
		}
		shares = append(shares, w.share)
		q.take(w, now)
	}
	return shares
}

func TestSharesThatWaitHaveTheSameNumberOfTurns(t *testing.T) {
	for name, waiting := range map[string][]int{
		"one share":           {30},
		"as many in each":     {20, 20, 20},
		"many and one":        {500, 1},
		"fewer in each":       {1, 2, 3, 50},
		"a hundred, one each": slices.Repeat([]int{1}, 100),
	} {
		t.Run(name, func(t *testing.T) {
			var q queue
			total, now := 0, time.Now()
			for index, count := range waiting { // the greediest come first, all at once
				for range count {
					q.push(&waiter{share: strconv.Itoa(index)})
					total++
				}
			}
			left, turns := slices.Clone(waiting), make([]int, len(waiting))
			for range total {
				index, _ := strconv.Atoi(popped(&q, now, 1)[0])
				turns[index]++
				left[index]--
				for one := range waiting {
					for other := range waiting {
						// Who has nobody left waiting cannot have more.
						if left[one] > 0 && turns[other]-turns[one] > 1 {
							t.Fatalf("share %d had %d turns and share %d, which waits, %d", other, turns[other], one, turns[one])
						}
					}
				}
			}
			q.forget(now.Add(time.Hour))
			if q.next() != nil || q.length() != 0 || len(q.shares) != 0 {
				t.Error("somebody is left")
			}
		})
	}
}

// model is what the queue is to do, told by adding up every turn there was.
type model struct {
	inLine map[string][]*waiter
	// had are the moments of all turns of each share, begun the order in which they began
	// to wait.
	had   map[string][]time.Time
	begun map[string]int
	steps int
}

func (m *model) push(w *waiter) {
	if m.steps++; len(m.inLine[w.share]) == 0 {
		m.begun[w.share] = m.steps
	}
	m.inLine[w.share] = append(m.inLine[w.share], w)
}

func (m *model) remove(gone *waiter) {
	m.inLine[gone.share] = slices.DeleteFunc(m.inLine[gone.share], func(other *waiter) bool { return other == gone })
}

func (m *model) served(name string, now time.Time) float64 {
	sum := 0.0
	for _, turn := range m.had[name] {
		sum += math.Exp2(-now.Sub(turn).Seconds() / halfLife.Seconds())
	}
	return sum
}

// expectFair complains when a share that waits was served less than the one whose turn
// it is.
func (m *model) expectFair(t *testing.T, seed uint64, next *waiter, now time.Time) {
	t.Helper()
	if m.inLine[next.share][0] != next {
		t.Fatalf("seed %d: somebody of %s was overtaken by its own", seed, next.share)
	}
	had := m.served(next.share, now)
	for name, line := range m.inLine {
		if other := m.served(name, now); len(line) > 0 && other < had-1e-6 {
			t.Fatalf("seed %d: %s had its turn, served %v, before %s, served %v", seed, next.share, had, name, other)
		}
	}
}

func TestHoweverRequestsComeAndLeaveWhoWasServedLeastIsNext(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 2))
		var q queue
		m := &model{inLine: map[string][]*waiter{}, had: map[string][]time.Time{}, begun: map[string]int{}}
		now := time.Now()
		for range 1000 {
			now = now.Add(rand.N(2 * time.Second))
			name := fmt.Sprint("team-", random.IntN(5))
			switch line := m.inLine[name]; random.IntN(5) {
			case 0, 1:
				w := &waiter{share: name, since: now}
				q.push(w)
				m.push(w)
			case 2:
				if len(line) > 0 {
					gone := line[random.IntN(len(line))]
					q.remove(gone, now)
					m.remove(gone)
				}
			default:
				w := q.next()
				if w == nil {
					continue
				}
				m.expectFair(t, seed, w, now)
				q.take(w, now)
				m.remove(w)
				m.had[w.share] = append(m.had[w.share], now)
			}
			expectAllInLine(t, &q, m.inLine)
		}
	}
}

func expectAllInLine(t *testing.T, q *queue, inLine map[string][]*waiter) {
	t.Helper()
	count, shares := 0, 0
	for _, line := range inLine {
		count += len(line)
		shares += min(1, len(line))
	}
	if q.length() != count || len(q.turns) != shares || len(q.shares) != shares+q.idle.Length() {
		t.Fatalf("%d wait in %d shares, want %d in %d", q.length(), len(q.turns), count, shares)
	}
}

func TestATurnCountsHalfAfterTenSeconds(t *testing.T) {
	turns := func(seconds ...float64) (had service) {
		for _, second := range seconds {
			had = had.andOneMore(time.Duration(second * float64(time.Second)))
		}
		return had
	}
	for name, test := range map[string]struct {
		less, more service
	}{
		"none is less than one long ago":    {turns(), turns(0)},
		"one is less than two":              {turns(0), turns(0, 0)},
		"one before is less than one after": {turns(0), turns(1)},
		"two long ago are less than one":    {turns(0, 0), turns(10.1)},
		"three lately are more than one":    {turns(10), turns(0, 0, 0)},
		"a flood long ago is little":        {turns(slices.Repeat([]float64{0}, 1000)...), turns(100)},
	} {
		t.Run(name, func(t *testing.T) {
			if !test.less.isLessThan(test.more) || test.more.isLessThan(test.less) {
				t.Errorf("%v is not less than %v", test.less, test.more)
			}
		})
	}
}

func TestTheOldestOfAllSharesIsKnown(t *testing.T) {
	var q queue
	for share := range strings.SplitSeq("aaab", "") {
		q.push(&waiter{share: share})
	}
	popped(&q, time.Now(), 1) // and b's turn is next
	if oldest := q.oldest(); oldest.share != "a" {
		t.Errorf("got one of %s", oldest.share)
	}
}

// BenchmarkAPlaceInAQueue measures a push and the next turn while ten thousand wait.
func BenchmarkAPlaceInAQueue(b *testing.B) {
	for _, shares := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(shares, " shares"), func(b *testing.B) {
			var q queue
			for number := range 10_000 {
				q.push(&waiter{share: strconv.Itoa(number % shares)})
			}
			b.ReportAllocs()
			for b.Loop() {
				w := q.next()
				w.since = time.Now()
				q.take(w, w.since)
				q.push(w)
			}
		})
	}
}
