// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// signOfLife is how often a person who waits hears of it.
const signOfLife = 5 * time.Second

// progress is what a person sees who waits for the table.
type progress struct {
	mutex sync.Mutex
	out   io.Writer
}

// Write passes on what another part prints, such as the progress of a build.
func (p *progress) Write(content []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.out.Write(content)
}

// say writes a line. An error has no place to go: the reader is gone.
func (p *progress) say(format string, arguments ...any) {
	_, _ = io.WriteString(p, fmt.Sprintf(format, arguments...)+"\n")
}

// follow says every few seconds how far something is, until it is stopped.
func (p *progress) follow(describe func() string) (stop func()) {
	stopped := make(chan struct{})
	started := time.Now()
	go func() {
		ticker := time.NewTicker(signOfLife)
		defer ticker.Stop()
		for {
			select {
			case <-stopped:
				return
			case <-ticker.C:
				p.say("    %s (%s)", describe(), time.Since(started).Round(time.Second))
			}
		}
	}()
	return sync.OnceFunc(func() { close(stopped) })
}
