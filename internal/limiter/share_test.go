// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
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
		crowd.release("a1", "a2", "b1", "unmarked1")
		crowd.expect("a1", "a2", "b1", "unmarked1", "a3")
		crowd.join(WithShare(t.Context(), "team-b"), Edit, "b2", "b3")
		crowd.release(append(named("a", 3)[2:], "a4", "b2", "a5", "b3")...)
		crowd.expect("a4", "b2", "a5", "b3", "a6")
		crowd.release(named("a", 50)[5:]...)
	})
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
		if left := len(crowd.limiter.edits.shares); left != 0 {
			t.Errorf("%d shares are kept that nobody waits in", left)
		}
	})
}

// popped takes everybody out by turn.
func popped(q *queue, count int) []string {
	var shares []string
	for range count {
		w := q.next()
		if w == nil {
			return shares
		}
		shares = append(shares, w.share)
		q.take(w)
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
			total := 0
			for index, count := range waiting { // the greediest come first, all at once
				for range count {
					q.push(&waiter{share: strconv.Itoa(index)})
					total++
				}
			}
			left, turns := slices.Clone(waiting), make([]int, len(waiting))
			for range total {
				index, _ := strconv.Atoi(popped(&q, 1)[0])
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
			if q.next() != nil || q.length() != 0 || len(q.shares) != 0 {
				t.Error("somebody is left")
			}
		})
	}
}

// While a share waits, no other has more than one turn more than it, and its own go in
// order, however they come and leave.
func TestHoweverRequestsComeAndLeaveTheTurnsAreFair(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 2))
		var q queue
		inLine := map[string][]*waiter{}
		// since has, of each share that waits, the turns of the others since it began to.
		since := map[string]map[string]int{}
		leave := func(w *waiter) {
			inLine[w.share] = slices.DeleteFunc(inLine[w.share], func(other *waiter) bool { return other == w })
			if len(inLine[w.share]) == 0 {
				delete(since, w.share)
			}
		}
		for range 1000 {
			name := fmt.Sprint("team-", random.IntN(5))
			switch random.IntN(5) {
			case 0, 1:
				w := &waiter{share: name}
				q.push(w)
				if inLine[name] = append(inLine[name], w); since[name] == nil {
					since[name] = map[string]int{}
				}
			case 2:
				if line := inLine[name]; len(line) > 0 {
					gone := line[random.IntN(len(line))]
					q.remove(gone)
					leave(gone)
				}
			default:
				w := q.next()
				if w == nil {
					continue
				}
				if inLine[w.share][0] != w {
					t.Fatalf("seed %d: somebody of %s was overtaken by its own", seed, w.share)
				}
				for waits, turns := range since {
					if turns[w.share]++; turns[w.share]-turns[waits] > 1 {
						t.Fatalf("seed %d: %s had its turn before %s, which waits", seed, w.share, waits)
					}
				}
				q.take(w)
				leave(w)
			}
			expectAllInLine(t, &q, inLine)
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
	if q.length() != count || len(q.shares) != shares || q.turns.length != shares {
		t.Fatalf("%d wait in %d shares, want %d in %d", q.length(), len(q.shares), count, shares)
	}
}

func TestTheOldestOfAllSharesIsKnown(t *testing.T) {
	var q queue
	for share := range strings.SplitSeq("aaab", "") {
		q.push(&waiter{share: share})
	}
	popped(&q, 1) // and b's turn is next
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
				q.take(w)
				q.push(w)
			}
		})
	}
}
