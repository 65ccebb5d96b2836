// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fence

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	us   = "this replica"
	them = "another replica"
)

// memory is a lease in memory, of whose holders this replica is one.
type memory struct {
	resourcelock.Interface

	holder string
	down   error
}

func (m *memory) Identity() string { return us }

func (m *memory) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if m.down != nil {
		return nil, nil, m.down
	}
	return &resourcelock.LeaderElectionRecord{HolderIdentity: m.holder}, nil, nil
}

func (m *memory) Create(_ context.Context, wanted resourcelock.LeaderElectionRecord) error {
	return m.Update(context.Background(), wanted)
}

func (m *memory) Update(_ context.Context, wanted resourcelock.LeaderElectionRecord) error {
	if m.down == nil {
		m.holder = wanted.HolderIdentity
	}
	return m.down
}

// world is a replica with its lease, its fence and OrderCloud.
type world struct {
	fence *Fence
	lease *memory
	lock  resourcelock.Interface
	sent  []string
}

func newWorld() *world {
	w := &world{fence: New(10 * time.Second), lease: &memory{}}
	w.lock = w.fence.watch(w.lease)
	return w
}

func (w *world) RoundTrip(request *http.Request) (*http.Response, error) {
	w.sent = append(w.sent, request.Method)
	return &http.Response{StatusCode: http.StatusOK}, nil
}

// hold acquires, renews or with an empty name releases the lease.
func (w *world) hold(t *testing.T, name string) {
	t.Helper()
	if err := w.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: name}); err != nil {
		t.Fatal(err)
	}
}

func exemptNone(*http.Request) bool { return false }

// try sends a request that may wait for a second, and says whether it was sent.
func (w *world) try(t *testing.T, method string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	before := len(w.sent)
	request, err := http.NewRequestWithContext(ctx, method, "https://sandboxapi.ordercloud.io/v1/buyers", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.fence.Transport(w, exemptNone).RoundTrip(request); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return len(w.sent) > before
}

func TestOnlyTheHolderOfTheLeaseWrites(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*testing.T, *world)
		want    bool
	}{
		"nobody has held it":  {func(*testing.T, *world) {}, false},
		"it is just acquired": {func(t *testing.T, w *world) { w.hold(t, us) }, true},
		"it was created by us": {func(t *testing.T, w *world) {
			_ = w.lock.Create(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: us})
		}, true},
		"it is about to run out": {func(t *testing.T, w *world) {
			w.hold(t, us)
			time.Sleep(9 * time.Second)
		}, true},
		"it has run out": {func(t *testing.T, w *world) {
			w.hold(t, us)
			time.Sleep(10 * time.Second)
		}, false},
		"it is renewed, late": {func(t *testing.T, w *world) {
			w.hold(t, us)
			time.Sleep(time.Minute)
			w.hold(t, us)
		}, true},
		"it cannot be renewed": {func(t *testing.T, w *world) {
			w.hold(t, us)
			time.Sleep(time.Minute)
			w.lease.down = errors.New("no")
			_ = w.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: us})
		}, false},
		"it is released": {func(t *testing.T, w *world) {
			w.hold(t, us)
			w.hold(t, "")
		}, false},
		"another took it over": {func(t *testing.T, w *world) {
			w.hold(t, us)
			w.lease.holder = them
			_, _, _ = w.lock.Get(t.Context())
		}, false},
		"another had it in between": {func(t *testing.T, w *world) {
			w.hold(t, us)
			w.lease.holder = ""
			_, _, _ = w.lock.Get(t.Context())
			_ = w.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: us})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				test.happens(t, w)
				for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
					if got := w.try(t, method); got != test.want {
						t.Errorf("%s was sent: %v", method, got)
					}
				}
				if !w.try(t, http.MethodGet) {
					t.Error("not even a look was sent")
				}
			})
		})
	}
}

func TestAWriteWaitsForARenewalThatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.hold(t, us)
		time.Sleep(time.Minute)
		time.AfterFunc(time.Second/2, func() { w.hold(t, us) })
		if !w.try(t, http.MethodPut) {
			t.Error("it was not sent")
		}
	})
}

func TestAWriteWhoseCheckOutlastedTheLeaseIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.hold(t, us)
		checks := 0
		ctx := WithCheck(t.Context(), func(context.Context) error {
			checks++
			if checks == 1 {
				time.Sleep(11 * time.Second) // as a process that is frozen meanwhile
			}
			return nil
		})
		request, err := http.NewRequestWithContext(ctx, http.MethodPatch, "https://ordercloud.example/v1/buyers", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := w.fence.Transport(w, exemptNone).RoundTrip(request)
			done <- err
		}()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if len(w.sent) != 0 {
			t.Fatal("the write was sent although the lease had run out during its check")
		}
		w.hold(t, us)
		if err := <-done; err != nil || len(w.sent) != 1 || checks != 2 {
			t.Errorf("with the lease renewed: %v, sent %v after %d checks, want one write after a second check", err, w.sent, checks)
		}
	})
}

func TestARenewalCountsFromWhenItWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		slow := w.fence.watch(slowly{w.lease})
		if err := slow.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: us}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second) // 11 seconds after it was sent
		if w.try(t, http.MethodPut) {
			t.Error("it was sent")
		}
	})
}

// slowly takes five seconds to renew a lease.
type slowly struct{ *memory }

func (s slowly) Update(ctx context.Context, wanted resourcelock.LeaderElectionRecord) error {
	time.Sleep(5 * time.Second)
	return s.memory.Update(ctx, wanted)
}

func TestALeaseThatIsAnothersIsNotTouched(t *testing.T) {
	for name, wanted := range map[string]string{"by releasing it": "", "by taking it back": us} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.hold(t, us)
			w.lease.holder = them
			if _, _, err := w.lock.Get(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := w.lock.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: wanted})
			if !errors.Is(err, errTakenOver) || w.lease.holder != them {
				t.Errorf("the holder is %q, the error %v", w.lease.holder, err)
			}
		})
	}
}

func TestTheProcessLearnsThatItHasLost(t *testing.T) {
	isLost := func(f *Fence) bool {
		select {
		case <-f.Lost():
			return true
		default:
			return false
		}
	}
	for name, test := range map[string]struct {
		happens func(*testing.T, *world)
		want    bool
	}{
		"not while it holds the lease": {func(t *testing.T, w *world) { w.hold(t, us) }, false},
		"not while it waits":           {func(_ *testing.T, w *world) { w.lease.holder = them }, false},
		"not by an API server that is away": {func(t *testing.T, w *world) {
			w.hold(t, us)
			w.lease.down = errors.New("no")
		}, false},
		"when another holds the lease": {func(t *testing.T, w *world) {
			w.hold(t, us)
			w.lease.holder = them
		}, true},
		"when another has released it": {func(t *testing.T, w *world) {
			w.hold(t, us)
			w.lease.holder = ""
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			test.happens(t, w)
			for range 2 { // an elector looks more than once
				_, _, _ = w.lock.Get(t.Context())
			}
			if got := isLost(w.fence); got != test.want {
				t.Errorf("lost: %v", got)
			}
		})
	}
	if isLost(nil) {
		t.Error("without an election it is lost")
	}
}

func TestWithoutAnElectionEverythingIsSent(t *testing.T) {
	w := &world{}
	if !w.try(t, http.MethodPut) {
		t.Error("it was not sent")
	}
}
