// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"sync"
	"time"
)

// stopwatch calls a function once a duration has passed since its first start.
type stopwatch struct {
	duration time.Duration
	expire   func()

	mutex   sync.Mutex
	timer   *time.Timer
	stopped bool
}

func newStopwatch(duration time.Duration, expire func()) *stopwatch {
	return &stopwatch{duration: duration, expire: expire}
}

// start begins to count. A transport may ask for several connections on behalf
// of one request, so later calls change nothing.
func (s *stopwatch) start() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.timer == nil && !s.stopped {
		s.timer = time.AfterFunc(s.duration, s.expire)
	}
}

func (s *stopwatch) stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
