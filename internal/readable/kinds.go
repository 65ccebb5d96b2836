// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package readable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Unreadable is the error of whoever reads a kind of which the API server holds objects
// that do not decode.
type Unreadable struct {
	// Kind that cannot be read.
	Kind string
	// Objects that do not decode: NAMESPACE/NAME and, where it is known, the field.
	Objects []string
}

// Error says what cannot be read, and what to do. It holds no value of an object.
func (u *Unreadable) Error() string {
	const most = 3
	named, more := u.Objects, ""
	if len(named) > most {
		named, more = named[:most], fmt.Sprintf(" and %d more", len(u.Objects)-most)
	}
	return fmt.Sprintf("no %s can be read, because %s%s cannot be decoded: correct or delete it", u.Kind, strings.Join(named, ", "), more)
}

// As returns the Unreadable within an error, or nil.
func As(err error) *Unreadable {
	if problem, ok := errors.AsType[*Unreadable](err); ok {
		return problem
	}
	return nil
}

// kinds is what is known of all kinds of one cache.
type kinds struct {
	scheme *runtime.Scheme
	// undecodable lists the objects of a kind that do not decode.
	undecodable func(context.Context, schema.GroupVersionKind) ([]string, error)

	lock sync.Mutex
	all  map[schema.GroupVersionKind]*kind
}

// kind is what is known of one of them.
type kind struct {
	lock      sync.Mutex
	name      string
	informers []toolscache.SharedIndexInformer
	// stuck has the informers that met what does not decode, and how far each had come.
	stuck map[toolscache.SharedIndexInformer]string
	// problem is there while the kind cannot be read.
	problem *Unreadable
	// reads ends, with the problem as its cause, when the kind cannot be read any more.
	reads    context.Context
	endReads context.CancelCauseFunc
}

// newInformer makes the informer of a kind for the cache, and listens to its errors.
func (k *kinds) newInformer(source toolscache.ListerWatcher, object runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	informer := toolscache.NewSharedIndexInformer(source, object, resync, indexers)
	identity, err := apiutil.GVKForObject(object, k.scheme)
	if err != nil {
		return informer // the cache fails with the same error
	}
	known := k.named(identity)
	known.lock.Lock()
	known.informers = append(known.informers, informer)
	known.lock.Unlock()
	if _, isMetadata := object.(*metav1.PartialObjectMetadata); isMetadata {
		return informer // the API server has decoded what it holds of all objects
	}
	// Only an informer that runs takes no handler.
	_ = informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, reflector *toolscache.Reflector, err error) {
		// The error would be logged at each attempt, with the value that does not decode.
		if !mayBeUndecodable(err) || !k.look(ctx, identity, informer) {
			toolscache.DefaultWatchErrorHandler(ctx, reflector, err)
		}
	})
	return informer
}

// mayBeUndecodable leaves out errors of the way to the API server, and its own.
func mayBeUndecodable(err error) bool {
	var (
		status  apierrors.APIStatus
		network net.Error
	)
	isOther := errors.As(err, &status) || errors.As(err, &network) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	return !isOther
}

// look finds out whether an informer failed because of objects that do not decode.
func (k *kinds) look(ctx context.Context, identity schema.GroupVersionKind, informer toolscache.SharedIndexInformer) bool {
	objects, err := k.undecodable(ctx, identity)
	if err != nil {
		log.Log.WithName("cache").Error(err, "Looking for objects that cannot be decoded failed", "kind", identity.Kind)
		return false
	}
	if len(objects) == 0 {
		return false
	}
	k.named(identity).noteStuck(informer, objects)
	return true
}

// named returns what is known of a kind, which is made when it is first asked for.
func (k *kinds) named(identity schema.GroupVersionKind) *kind {
	k.lock.Lock()
	defer k.lock.Unlock()
	known, ok := k.all[identity]
	if !ok {
		known = &kind{name: identity.Kind, stuck: map[toolscache.SharedIndexInformer]string{}}
		known.reads, known.endReads = context.WithCancelCause(context.Background())
		k.all[identity] = known
	}
	return known
}

// of returns what is known of the kind of an object or a list.
func (k *kinds) of(object runtime.Object) (*kind, error) {
	identity, err := apiutil.GVKForObject(object, k.scheme)
	if err != nil {
		return nil, err
	}
	identity.Kind = strings.TrimSuffix(identity.Kind, "List")
	return k.named(identity), nil
}

// everything lists what is known, by the names of the kinds.
func (k *kinds) everything() []*kind {
	k.lock.Lock()
	defer k.lock.Unlock()
	var found []*kind
	for _, known := range k.all {
		found = append(found, known)
	}
	slices.SortFunc(found, func(one, other *kind) int { return strings.Compare(one.name, other.name) })
	return found
}

// read reads objects of a kind, and waits for them no longer than they can be read.
func (k *kinds) read(ctx context.Context, object runtime.Object, read func(context.Context) error) error {
	known, err := k.of(object)
	if err != nil {
		return read(ctx) // fails with the same error
	}
	reads, problem := known.state()
	if problem != nil {
		return problem
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(reads, func() { cancel(context.Cause(reads)) })()
	err = read(ctx)
	if problem := As(context.Cause(ctx)); err != nil && problem != nil {
		return problem
	}
	return err
}

// noteStuck notes that an informer gets no further because of objects.
func (k *kind) noteStuck(informer toolscache.SharedIndexInformer, objects []string) {
	k.lock.Lock()
	defer k.lock.Unlock()
	isNew := k.problem == nil
	k.stuck[informer] = informer.LastSyncResourceVersion()
	k.problem = &Unreadable{Kind: k.name, Objects: objects}
	if isNew {
		log.Log.WithName("cache").Error(k.problem, "A kind cannot be read, and none of its objects is worked on until it can", "kind", k.name)
		k.endReads(k.problem)
	}
}

// state returns the problem of the kind, or what ends when it gets one. An informer that
// has come further than where it was stuck has read everything again.
func (k *kind) state() (reads context.Context, problem *Unreadable) {
	k.lock.Lock()
	defer k.lock.Unlock()
	for informer, version := range k.stuck {
		if informer.LastSyncResourceVersion() != version {
			delete(k.stuck, informer)
		}
	}
	if k.problem != nil && len(k.stuck) == 0 {
		k.problem = nil
		k.reads, k.endReads = context.WithCancelCause(context.Background())
		log.Log.WithName("cache").Info("A kind can be read again", "kind", k.name)
	}
	return k.reads, k.problem
}

// isSettled says that all there is of the kind is known, or that it cannot be.
func (k *kind) isSettled() bool {
	if _, problem := k.state(); problem != nil {
		return true
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	return !slices.ContainsFunc(k.informers, func(informer toolscache.SharedIndexInformer) bool { return !informer.HasSynced() })
}
