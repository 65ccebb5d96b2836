// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestDeclarations(t *testing.T) {
	const size = 1_000
	names, buyers, configs := map[string]bool{}, map[string]bool{}, 0
	for number := range size {
		object := layout{}.declaration(number)
		if names[object.GetName()] {
			t.Fatalf("%s is there twice", object.GetName())
		}
		names[object.GetName()] = true
		if length := len(object.GetName()); length < 15 || length > 22 {
			t.Errorf("%s has %d characters", object.GetName(), length)
		}
		buyers[buyerOf(number)] = true
		if _, ok := object.(*v1alpha1.ImpersonationConfig); ok {
			configs++
		}
	}
	if configs != size/oneConfigIn || len(buyers) != buyerCount {
		t.Errorf("got %d configs and %d buyers", configs, len(buyers))
	}
	if users := usersOf(size); len(users) != size-configs || slices.ContainsFunc(users, isConfig) {
		t.Errorf("got %d users", len(users))
	}
}

func TestSpread(t *testing.T) {
	if got := spread([]int{0, 1, 2, 3, 4, 5, 6, 7}, 4); !slices.Equal(got, []int{0, 2, 4, 6}) {
		t.Errorf("got %v", got)
	}
	if got := spread(usersOf(10), 1); !slices.Equal(got, []int{0}) {
		t.Errorf("got %v", got)
	}
}

// TestMarketplace creates a user directly, as the limit is measured, and sees that
// it was counted and when its write came.
func TestMarketplace(t *testing.T) {
	opened, err := openMarketplace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.close() }()
	if err := opened.plantGroups(2 * oneConfigIn); err != nil {
		t.Fatal(err)
	}
	direct, err := newCaller(t.Context(), opened)
	if err != nil {
		t.Fatal(err)
	}
	arrival, before := opened.expect(strings.TrimSuffix(userPath(3), "/"+userID(3))), time.Now()
	if err := direct.createUser(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if arrived := <-arrival; arrived.Before(before) || time.Since(arrived) < latency {
		t.Errorf("the write arrived at %s, sent after %s", arrived, before)
	}
	if opened.created.Load() != 1 || opened.calls() != 2 {
		t.Errorf("counted %d created with %v calls", opened.created.Load(), opened.calls())
	}
	if _, exists := opened.Object(userPath(3)); !exists {
		t.Error("the user does not exist")
	}
	if err := direct.createUser(t.Context(), 3); err == nil || opened.created.Load() != 1 {
		t.Errorf("a refused write is an error (%v) and does not count (%d)", err, opened.created.Load())
	}
}

func TestWritesOfOthersAreNotWaitedFor(t *testing.T) {
	opened, err := openMarketplace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.close() }()
	arrival := opened.expect(userPath(1))
	for _, sent := range [][2]string{{http.MethodPatch, userPath(2)}, {http.MethodGet, userPath(1)}} {
		request := httptest.NewRequestWithContext(t.Context(), sent[0], "/v1/"+sent[1], http.NoBody)
		opened.ServeHTTP(httptest.NewRecorder(), request)
	}
	select {
	case <-arrival:
		t.Error("another request was taken for the write")
	default:
	}
}

func TestTracker(t *testing.T) {
	tracked := &tracker{states: map[string]objectState{}}
	user := declaredUser(namespace, 1)
	user.Generation = 2
	see := func(observed int64, ready, synced metav1.ConditionStatus) tally {
		user.Status.ObservedGeneration = observed
		user.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ReadyCondition, Status: ready}, {Type: v1alpha1.SyncedCondition, Status: synced},
		}
		tracked.see(user)
		return tracked.tally()
	}
	for _, test := range []struct {
		observed      int64
		ready, synced metav1.ConditionStatus
		want          tally
	}{
		{-1, metav1.ConditionUnknown, metav1.ConditionUnknown, tally{total: 1}},
		{1, metav1.ConditionTrue, metav1.ConditionTrue, tally{total: 1}},
		{2, metav1.ConditionTrue, metav1.ConditionFalse, tally{total: 1, ready: 1}},
		{2, metav1.ConditionTrue, metav1.ConditionTrue, tally{total: 1, ready: 1, synced: 1}},
	} {
		if got := see(test.observed, test.ready, test.synced); got != test.want {
			t.Errorf("%+v: got %+v", test, got)
		}
	}
	detected := metav1.NewTime(time.Unix(1_000, 0))
	user.Status.LastDrift = &v1alpha1.LastDrift{DetectedTime: detected}
	tracked.see(user)
	if state := tracked.state(user.Name); !state.detected.Equal(detected.Time) || !state.corrected.IsZero() {
		t.Errorf("got %+v of a drift that lasts", state)
	}
}
