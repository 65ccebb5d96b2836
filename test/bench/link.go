// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// chunk is what a link carries at a time, so that all of its connections share it.
const chunk = 4 << 10

// link is a slow way to a server: all that its connections receive shares so many
// bytes a second. What they send is not slowed down.
type link struct {
	listener       net.Listener
	target         string
	bytesPerSecond float64

	mutex sync.Mutex
	// free is when the next chunk may be carried.
	free time.Time
	// connections are open, both ends of each.
	connections map[net.Conn]bool
}

// openLink listens on an address of this machine that leads to the target.
func openLink(ctx context.Context, target string, bytesPerSecond float64) (*link, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the link: %w", err)
	}
	l := &link{listener: listener, target: target, bytesPerSecond: bytesPerSecond, connections: map[net.Conn]bool{}}
	go l.accept()
	return l, nil
}

func (l *link) address() string { return l.listener.Addr().String() }

func (l *link) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return // it is closed
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		l.mutex.Lock()
		l.connections[near], l.connections[far] = true, true
		l.mutex.Unlock()
		go func() {
			defer l.hangUp(near, far)
			_, _ = io.Copy(far, near)
		}()
		go func() {
			defer l.hangUp(near, far)
			_, _ = io.CopyBuffer(struct{ io.Writer }{near}, slowed{link: l, from: far}, make([]byte, chunk))
		}()
	}
}

func (l *link) hangUp(connections ...net.Conn) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, connection := range connections {
		_ = connection.Close()
		delete(l.connections, connection)
	}
}

func (l *link) close() {
	_ = l.listener.Close()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for connection := range l.connections {
		_ = connection.Close()
	}
}

// carry waits for as long as so many bytes take.
func (l *link) carry(bytes int) {
	l.mutex.Lock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(bytes) / l.bytesPerSecond * float64(time.Second)))
	wait := l.free.Sub(now)
	l.mutex.Unlock()
	time.Sleep(wait)
}

// slowed is what arrives over a link.
type slowed struct {
	link *link
	from io.Reader
}

func (s slowed) Read(into []byte) (int, error) {
	read, err := s.from.Read(into)
	s.link.carry(read)
	return read, err //nolint:wrapcheck // io.EOF is to stay what it is
}
