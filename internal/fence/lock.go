// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"
	"sigs.k8s.io/controller-runtime/pkg/recorder"
)

// errTakenOver answers an election that goes on after this replica has lost it.
var errTakenOver = errors.New("another replica has taken the lease over")

// NewLock returns the lease that controller-runtime would elect by, watched by the
// fence. Events about it go to whatever events returns when there is one to be told,
// so that the manager that records them can be made with the lock.
func (f *Fence) NewLock(config *rest.Config, events func() recorder.Provider, options leaderelection.Options) (resourcelock.Interface, error) {
	// A copy, for controller-runtime sets a user agent and a timeout in the
	// configuration that it is given. In the manager's own, the timeout would cut
	// every watch and every list that takes longer.
	lease, err := leaderelection.NewResourceLock(rest.CopyConfig(config), lateProvider{events}, options)
	if err != nil {
		return nil, fmt.Errorf("making the leader's lease: %w", err)
	}
	return f.watch(lease), nil
}

// watch returns the lock, as the fence sees it being acquired, renewed and lost.
func (f *Fence) watch(next resourcelock.Interface) resourcelock.Interface {
	return &lock{Interface: next, fence: f}
}

type lock struct {
	resourcelock.Interface

	fence *Fence
}

// Get reads the lease, and sees whether somebody else has held it since it was this
// replica's.
func (l *lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	found, raw, err := l.Interface.Get(ctx)
	if err == nil && l.fence.hasHeld() && found.HolderIdentity != l.Identity() {
		l.fence.lose()
	}
	return found, raw, err
}

// Create acquires the lease that nobody has held yet.
func (l *lock) Create(ctx context.Context, wanted resourcelock.LeaderElectionRecord) error {
	return l.write(wanted, func() error { return l.Interface.Create(ctx, wanted) })
}

// Update acquires, renews or releases the lease.
func (l *lock) Update(ctx context.Context, wanted resourcelock.LeaderElectionRecord) error {
	return l.write(wanted, func() error { return l.Interface.Update(ctx, wanted) })
}

// write refuses to touch what is another's: on its way out the elector reads the
// lease anew and releases it, whoever holds it by then.
func (l *lock) write(wanted resourcelock.LeaderElectionRecord, write func() error) error {
	if l.fence.wasLost() {
		return errTakenOver
	}
	if wanted.HolderIdentity != l.Identity() {
		l.fence.release()
		return write()
	}
	sent := time.Now()
	err := write()
	if err == nil {
		l.fence.renew(sent)
	}
	return err
}

// lateProvider gives recorders before there are any.
type lateProvider struct {
	events func() recorder.Provider
}

// GetEventRecorderFor is what a lease records its events with.
func (p lateProvider) GetEventRecorderFor(name string) record.EventRecorder {
	return lateRecorder{provider: p, name: name}
}

// GetEventRecorder is not what a lease asks for.
func (p lateProvider) GetEventRecorder(name string) recorder.EventRecorder {
	return p.events().GetEventRecorder(name)
}

// lateRecorder finds its recorder when there is something to record.
type lateRecorder struct {
	provider lateProvider
	name     string
}

func (r lateRecorder) found() record.EventRecorder {
	return r.provider.events().GetEventRecorderFor(r.name) //nolint:staticcheck // what leaderelection uses
}

// Event records an event.
func (r lateRecorder) Event(object runtime.Object, kind, reason, message string) {
	r.found().Event(object, kind, reason, message)
}

// Eventf records an event whose message is formatted.
func (r lateRecorder) Eventf(object runtime.Object, kind, reason, format string, arguments ...any) {
	r.found().Eventf(object, kind, reason, format, arguments...)
}

// AnnotatedEventf records an event with annotations.
func (r lateRecorder) AnnotatedEventf(object runtime.Object, annotations map[string]string, kind, reason, format string, arguments ...any) {
	r.found().AnnotatedEventf(object, annotations, kind, reason, format, arguments...)
}
