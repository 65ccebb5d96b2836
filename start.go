// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
)

// start runs the operator until ctx ends, or until another replica has become the
// leader: then nothing that is under way may go on, not even to be finished. An
// operator that has begun its work finishes it when ctx ends. One that has not ends
// at once: the manager would first wait until its caches are filled, for as long as
// that takes, and so does whatever asks the API server which kinds it serves.
func start(ctx context.Context, writeFence *fence.Fence, operate func(*beginning) error) error {
	begin, ended := &beginning{}, make(chan error, 1)
	go func() { ended <- operate(begin) }()
	stopping := ctx.Done()
	for {
		select {
		case err := <-ended:
			return err
		case <-writeFence.Lost():
			return errors.New("another replica has become the leader, because this one did not renew its lease in time")
		case <-stopping:
			if begin.prevent() {
				ctrl.Log.WithName("setup").Info("Stopped before the caches were filled")
				return nil
			}
			stopping = nil
		}
	}
}

// beginning is when the operator begins what it has to finish: to stand for election,
// or to work without one. It either happens or is prevented.
type beginning struct {
	state atomic.Int32
}

const (
	happened int32 = iota + 1
	prevented
)

// happen says whether the operator may begin.
func (b *beginning) happen() bool {
	return b.state.CompareAndSwap(0, happened) || b.state.Load() == happened
}

// prevent says whether the operator has not begun, and now never will.
func (b *beginning) prevent() bool {
	return b.state.CompareAndSwap(0, prevented) || b.state.Load() == prevented
}

// newFence makes the fence that writes to OrderCloud pass; none without leader election.
func newFence(settings settings) *fence.Fence {
	if !settings.leaderElection {
		return nil
	}
	return fence.New(settings.renewDeadline)
}

// newManager makes the manager, whose leader is elected by a lease that the fence
// watches.
func newManager(config *rest.Config, settings settings, begin *beginning, writeFence *fence.Fence) (ctrl.Manager, error) {
	options := managerOptions(settings)
	var made ctrl.Manager
	if settings.leaderElection {
		lock, err := writeFence.NewLock(config, func() recorder.Provider { return made }, leaderelection.Options{
			LeaderElection:          true,
			LeaderElectionID:        options.LeaderElectionID,
			LeaderElectionNamespace: options.LeaderElectionNamespace,
			RenewDeadline:           settings.renewDeadline,
		})
		if err != nil {
			return nil, err
		}
		options.LeaderElectionResourceLockInterface = beginningLock{Interface: lock, begin: begin}
	}
	made, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, fmt.Errorf("creating the manager: %w", err)
	}
	// Without an election this is the first of what would run on the leader.
	err = made.Add(manager.RunnableFunc(func(context.Context) error {
		begin.happen()
		return nil
	}))
	if err != nil {
		return nil, fmt.Errorf("adding the beginning to the manager: %w", err)
	}
	return made, nil
}

// beginningLock is the leader's lease. Standing for election begins with a look at it.
type beginningLock struct {
	resourcelock.Interface

	begin *beginning
}

// errPrevented answers an election that begins while the process ends.
var errPrevented = errors.New("the operator is stopping")

// Get reads the lease, unless the operator is stopping.
func (l beginningLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if !l.begin.happen() {
		return nil, nil, errPrevented
	}
	return l.Interface.Get(ctx)
}
