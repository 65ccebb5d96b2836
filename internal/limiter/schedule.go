// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limiter

import "time"

// turnsOfEdits is how many edits go before a sweep that waits as well: every
// tenth turn is the sweep's, so that bulk edits do not stop the comparison.
const turnsOfEdits = 9

// enqueue lets a request wait for its turn, which may come at once.
func (l *Limiter) enqueue(permit *Permit, share string) (*waiter, *OpenError) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	if refusal := l.admit(permit, now); refusal != nil {
		return nil, refusal
	}
	waiter := &waiter{permit: permit, share: share, since: now, called: make(chan struct{})}
	l.queueFor(permit).push(waiter)
	l.dispatch(now)
	return waiter, nil
}

// queueFor gives probes the edits' place, whatever they are: all others depend
// on how they end.
func (l *Limiter) queueFor(permit *Permit) *queue {
	switch {
	case permit.isExempt:
		return &l.exempt
	case permit.isSweep && permit != l.breaker.probe:
		return &l.sweeps
	}
	return &l.edits
}

// admit asks the breaker. A pause puts the next probe off as well.
func (l *Limiter) admit(permit *Permit, now time.Time) *OpenError {
	refusal := l.breaker.admit(permit, now)
	if refusal != nil {
		refusal.After = max(refusal.After, l.pace.pausedUntil.Sub(now))
	}
	return refusal
}

// leave takes a request whose caller has gone out of its queue. If its turn came
// at the same moment, the permit goes back.
func (l *Limiter) leave(waiter *waiter) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	if waiter.queue != nil {
		waiter.queue.remove(waiter, now)
	}
	l.free(waiter.permit, now)
}

// dispatch calls all whose turn it is, and sets the timer for when the next
// one's will be. It runs whenever that may have changed.
func (l *Limiter) dispatch(now time.Time) {
	for {
		waiter, tokens := l.next()
		if waiter == nil {
			l.stopTimer()
			return
		}
		if wait := l.pace.wait(now, tokens); wait > 0 {
			l.wakeAfter(wait)
			return
		}
		l.pace.take(now)
		l.grant(waiter, now)
	}
}

// next returns whose turn it is and how many tokens the bucket must hold for
// it; nil when there is nobody, or only a slot that becomes free can help.
func (l *Limiter) next() (candidate *waiter, tokens float64) {
	exempt, edit, sweep := l.exempt.next(), l.edits.next(), l.sweeps.next()
	switch {
	case exempt != nil:
		return exempt, 1
	case l.inUse >= l.concurrency:
		return nil, 0
	case edit != nil && sweep != nil && l.isSweepsTurn():
		return sweep, 1
	case edit != nil:
		return edit, 1
	case sweep != nil && l.inUse < l.sweepSlots():
		return sweep, 1 + l.pace.reserve()
	}
	return nil, 0
}

// isSweepsTurn says that edits have overtaken often enough. The turn leaves no
// slots and tokens in reserve, or edits that keep coming would never let it
// happen; but sweeps that last long must not take all slots this way.
func (l *Limiter) isSweepsTurn() bool {
	return l.overtaken >= turnsOfEdits && l.sweeping < l.sweepSlots()
}

// sweepSlots is how many slots sweeps may fill: a quarter is kept for edits, but
// a single slot is everybody's.
func (l *Limiter) sweepSlots() int {
	if l.concurrency == 1 {
		return 1
	}
	return l.concurrency - max(1, l.concurrency/4)
}

func (l *Limiter) grant(waiter *waiter, now time.Time) {
	waiter.queue.take(waiter, now)
	permit := waiter.permit
	permit.state = permitHeld
	permit.slowdowns = l.pace.slowdowns
	if !permit.isExempt {
		l.occupy(permit)
	}
	waiter.waited = now.Sub(waiter.since)
	close(waiter.called)
}

func (l *Limiter) occupy(permit *Permit) {
	l.inUse++
	switch {
	case permit.isSweep:
		l.sweeping++
		l.overtaken = 0
	case l.sweeps.next() != nil:
		l.overtaken++
	}
}

// free takes back what a permit stands for, and does nothing the second time.
func (l *Limiter) free(permit *Permit, now time.Time) {
	l.breaker.abandoned(permit)
	if (permit.state == permitHeld || permit.state == permitSent) && !permit.isExempt {
		l.inUse--
		if permit.isSweep {
			l.sweeping--
		}
	}
	permit.state = permitFreed
	l.dispatch(now)
}

// refuseAll sends all who wait away, because the breaker has opened.
func (l *Limiter) refuseAll(now time.Time) {
	for _, waiting := range l.queues() {
		for waiter := waiting.next(); waiter != nil; waiter = waiting.next() {
			waiting.remove(waiter, now)
			waiter.refusal = l.admit(waiter.permit, now)
			close(waiter.called)
		}
	}
}

// isPressed says that requests wait, so that what is answered is not all that is wanted.
func (l *Limiter) isPressed() bool { return l.edits.length()+l.sweeps.length() > 0 }

func (l *Limiter) queues() []*queue { return []*queue{&l.exempt, &l.edits, &l.sweeps} }

func (l *Limiter) wakeAfter(wait time.Duration) {
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, l.wake)
		return
	}
	l.timer.Reset(wait)
}

func (l *Limiter) stopTimer() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

func (l *Limiter) wake() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.dispatch(time.Now())
}
