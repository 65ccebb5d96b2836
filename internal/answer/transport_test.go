// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func get(ctx context.Context, t *testing.T, transport http.RoundTripper) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host/v1/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return transport.RoundTrip(request)
}

func TestAnAttemptIsBoundedUntilItsBodyIsRead(t *testing.T) {
	const limit = 30 * time.Second
	tests := map[string]http.RoundTripper{
		"when no answer comes": roundTrip(func(request *http.Request) (*http.Response, error) {
			<-request.Context().Done()
			return nil, request.Context().Err()
		}),
		"when the body never ends": roundTrip(func(request *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(endless{request.Context()})}, nil
		}),
	}
	for name, transport := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				response, err := get(t.Context(), t, Transport(transport, limit, (*Budget)(nil).Share()))
				if err == nil {
					response.Body.Close()
				}
				if !errors.Is(err, ErrTimedOut) || errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				if waited := time.Since(start); waited != limit {
					t.Errorf("gave up after %v", waited)
				}
			})
		})
	}
}

func TestAHostThatSwitchesProtocolsHoldsNobody(t *testing.T) {
	isRead := false
	transport := Transport(roundTrip(func(*http.Request) (*http.Response, error) {
		// net/http leaves such a connection to its reader, and closes it for no context.
		body := io.NopCloser(readerFunc(func([]byte) (int, error) { isRead = true; return 0, io.EOF }))
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: body}, nil
	}), time.Minute, NewBudget().Share())
	response, err := get(t.Context(), t, transport)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if told := Of(response, nil); isRead || told.Meaning != Foreign || told.Effect != EffectUnknown {
		t.Errorf("read: %t, got %+v", isRead, told)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(into []byte) (int, error) { return f(into) }

// endless is a body that stalls until its request is given up.
type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, e.ctx.Err()
}

func TestAMarketplaceThatAnswersMuchHoldsABoundedPartOfTheMemory(t *testing.T) {
	all := NewBudget()
	var lock sync.Mutex
	reading, most := 0, 0
	page := roundTrip(func(*http.Request) (*http.Response, error) {
		lock.Lock()
		defer lock.Unlock()
		return &http.Response{StatusCode: http.StatusOK, Body: &counted{
			Reader: strings.NewReader(`{"Items":[` + strings.Repeat(" ", 6<<20) + `]}`),
			began:  func() { lock.Lock(); reading++; most = max(most, reading); lock.Unlock() },
		}, ContentLength: -1}, nil
	})
	through := Transport(page, time.Minute, all.Share())
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			response, err := get(WithAsked(t.Context(), Asked{Wants: List}), t, through)
			if err != nil {
				t.Error(err)
				return
			}
			lock.Lock()
			reading--
			lock.Unlock()
			response.Body.Close()
		})
	}
	group.Wait()
	if limit := shareOfBudget / maximumList; most > limit {
		t.Errorf("%d pages were read at the same time, want at most %d", most, limit)
	}
}

// counted tells when more of it is read than what is not counted.
type counted struct {
	*strings.Reader

	began func()
	read  int
	told  bool
}

func (c *counted) Read(into []byte) (int, error) {
	count, err := c.Reader.Read(into)
	c.read += count
	if c.read > small && !c.told {
		c.told = true
		c.began()
	}
	return count, err
}

func (*counted) Close() error { return nil }

func TestAnAnswerIsReadNoFurtherThanWhatWasAskedForTakes(t *testing.T) {
	for name, test := range map[string]struct {
		wants     Wants
		size      int
		announced int64
		tooLarge  bool
	}{
		"an object of 1 MiB":             {Object, maximumObject, -1, false},
		"an object that is larger":       {Object, maximumObject + 1, -1, true},
		"an object that announces it":    {Object, 10, maximumObject + 1, true},
		"a page of 8 MiB":                {List, maximumList, maximumList, false},
		"a page that is larger":          {List, maximumList + 1, -1, true},
		"a refusal of a page that lies":  {Object, small + 10, small + 10, false},
		"an answer as large as a small":  {Object, small, -1, false},
		"an answer larger than a small":  {Object, small + 1, -1, false},
		"an answer that announces less":  {Object, small + 100, small + 1, false},
		"an empty answer of no length":   {Object, 0, -1, false},
		"an answer of unknown shortness": {Anything, 3, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			share := NewBudget().Share()
			transport := Transport(roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(strings.Repeat(" ", test.size))), ContentLength: test.announced,
				}, nil
			}), time.Minute, share)
			response, err := get(WithAsked(t.Context(), Asked{Wants: test.wants}), t, transport)
			if err == nil {
				response.Body.Close()
			}
			if errors.Is(err, errTooLarge) != test.tooLarge || err != nil && !test.tooLarge {
				t.Errorf("got %v", err)
			}
			if !share.own.TryAcquire(shareOfBudget) || !share.all.TryAcquire(budget) {
				t.Error("memory was not given back")
			}
		})
	}
}

func TestAHostThatTellsMegabytesCostsNoMoreThanOneThatTellsASentence(t *testing.T) {
	for name, detail := range map[string]string{
		"in a message": `"Message":"` + strings.Repeat("a", maximumObject-100) + `"`,
		"in data":      `"Data":[` + strings.Repeat(`"abcdefgh",`, maximumObject/11-10) + `"a"]`,
		"in one value": `"Data":"` + strings.Repeat("b", maximumObject-100) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"Errors":[{"ErrorCode":"ValidationFailure",` + detail + `}]}`
			transport := Transport(roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusBadRequest, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}, nil
			}), time.Minute, NewBudget().Share(), "a secret/that+is <encoded>")
			response, err := get(WithAsked(t.Context(), Asked{Wants: Object}), t, transport)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			told := Of(response, nil).Errors
			if len(told) != 1 || told[0].Code != CodeValidationFailure {
				t.Fatalf("%d errors are told", len(told))
			}
			if kept := len(told[0].Message) + len(told[0].Data); kept > 2*maximumWords {
				t.Errorf("%d bytes are kept", kept)
			}
			if looked := boundedDetails([]Detail{{Message: body, Data: []byte(body)}})[0]; len(looked.Message)+len(looked.Data) > 2*maximumUnread {
				t.Errorf("%d bytes are looked at", len(looked.Message)+len(looked.Data))
			}
		})
	}
}

func TestFourMarketplacesThatStallHoldNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := NewBudget()
		list := func(ctx context.Context, share *Share, rest func(context.Context) io.Reader) error {
			response, err := get(WithAsked(ctx, Asked{Wants: List}), t, Transport(roundTrip(func(request *http.Request) (*http.Response, error) {
				body := io.MultiReader(strings.NewReader(`{"Items":[]`+strings.Repeat(" ", small)), rest(request.Context()))
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), ContentLength: -1}, nil
			}), 30*time.Second, share))
			if err == nil {
				response.Body.Close()
			}
			return err
		}
		var group sync.WaitGroup
		for range budget / shareOfBudget {
			share := all.Share()
			for range shareOfBudget / maximumList {
				group.Go(func() { _ = list(t.Context(), share, func(ctx context.Context) io.Reader { return endless{ctx} }) })
			}
		}
		time.Sleep(time.Second)
		begun := time.Now()
		err := list(t.Context(), all.Share(), func(context.Context) io.Reader {
			return strings.NewReader(strings.Repeat(" ", 1<<20) + "}")
		})
		if waited := time.Since(begun); err != nil || waited > 2*time.Second {
			t.Errorf("waited %s: %v", waited, err)
		}
		group.Wait()
	})
}

func TestAnOrdinaryPageFindsRoomWhateverOthersTake(t *testing.T) {
	all := NewBudget()
	share := all.Share()
	list := func(size int) error {
		response, err := get(WithAsked(t.Context(), Asked{Wants: List}), t, Transport(roundTrip(func(*http.Request) (*http.Response, error) {
			body := strings.NewReader(`{"Items":[` + strings.Repeat(" ", size) + `]}`)
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), ContentLength: -1}, nil
		}), time.Minute, share))
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	all.room.TryAcquire(budget)
	for range 3 {
		if err := list(ordinary - step); err != nil {
			t.Errorf("an ordinary page: %v", err)
		}
		if err := list(2 * ordinary); !errors.Is(err, errNoRoom) {
			t.Errorf("a larger one: %v", err)
		}
	}
	all.room.Release(budget)
	if err := list(2 * ordinary); err != nil || share.spare.Load() != 0 || !all.room.TryAcquire(budget) || !share.own.TryAcquire(shareOfBudget) {
		t.Errorf("with room: %v, or some was not given back", err)
	}
}
