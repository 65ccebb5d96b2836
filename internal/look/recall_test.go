// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

func TestAListThatHangsHoldsNobodyWhoIsInAFreshOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var latest listing
		latest.begin()([]ordercloud.ImpersonationConfig{{ID: "kept"}}, nil)
		latest.begin() // never ends
		begun := time.Now()
		ctx, recall := Recalling(t.Context(), time.Minute)
		if _, found := latest.recall(ctx, "kept"); !found || !recall.WasUsed() || time.Since(begun) != 0 {
			t.Errorf("found: %t, after %s", found, time.Since(begun))
		}
	})
}

func TestARecallIsNoOlderThanItMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var latest listing
		end := latest.begin()
		time.Sleep(10 * time.Second) // it counts from when it was asked for
		end([]ordercloud.ImpersonationConfig{{ID: "kept"}}, nil)
		for age, want := range map[time.Duration]bool{9 * time.Second: false, 11 * time.Second: true} {
			ctx, recall := Recalling(t.Context(), age)
			if _, found := latest.recall(ctx, "kept"); found != want || recall.WasUsed() != want {
				t.Errorf("%s: found %t", age, found)
			}
			if _, found := latest.recall(Alone(ctx), "kept"); found {
				t.Error("who asks for the very object was answered from a list")
			}
			if _, found := latest.recall(ctx, "other"); found {
				t.Error("something was found that is in no list")
			}
		}
	})
}
