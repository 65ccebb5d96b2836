// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// herd is the deletions of one owner or tenant, as if there were no others.
type herd struct {
	origin  origin
	limits  limits
	known   v1alpha1.DeletionAccount
	objects []deletion
}

// standing is how its objects are: all that are not gone.
func (h *herd) standing() standing {
	found := standing{there: map[string]bool{}}
	for _, object := range h.objects {
		found.there[object.uid] = true
		if !slices.Contains(h.known.UnderWay, object.uid) {
			found.waiting = append(found.waiting, object)
		}
	}
	return found
}

// herdsOf are the owner's and those of three tenants.
func herdsOf(rules arrangement) []*herd {
	var herds []*herd
	for _, where := range []origin{{"shop", nil}, {"team-a", labels.Set{"team": "a"}}, {"team-b", labels.Set{"team": "b"}}, {"team-c", nil}} {
		key, _ := rules.accountOf(where)
		herds = append(herds, &herd{origin: where, limits: rules.limitsOf(key)})
	}
	return herds
}

// together is how the objects of all are.
func together(herds []*herd) sight {
	seen := sight{there: map[string]bool{}}
	for _, one := range herds {
		own := one.standing()
		for uid := range own.there {
			seen.there[uid] = true
		}
		for _, waits := range own.waiting {
			seen.waiting = append(seen.waiting, waiter{waits, one.origin})
		}
	}
	return seen
}

// step lets one of its objects ask, a new one perhaps. It returns nil after one was
// confirmed or done instead.
func (h *herd) step(random *rand.Rand, now time.Time, number int) *deletion {
	switch {
	case len(h.objects) > 0 && random.IntN(3) == 0:
		gone := random.IntN(len(h.objects))
		h.objects = slices.Delete(h.objects, gone, gone+1)
		return nil
	case len(h.objects) == 0 || random.IntN(2) == 0:
		h.objects = append(h.objects, deletion{fmt.Sprint(h.origin.namespace, "-", number), metav1.NewTime(now.Truncate(time.Second))})
	}
	return &h.objects[random.IntN(len(h.objects))]
}

// Whatever the others do, each is answered as if it were alone: nothing of one has a part
// in what is said to another.
func TestEachTenantIsAnsweredAsIfItWereAlone(t *testing.T) {
	declared := marketplaceNamed("default", v1alpha1.DeletionGuard{MaxDeletions: new(int32(2)), Window: &metav1.Duration{Duration: time.Minute}})
	declared.Spec.Tenants = []v1alpha1.Tenant{tenantOf("a", new(int32(1))), tenantOf("b", new(int32(3))), tenantOf("", nil)}
	rules, answers := arrangementOf(declared), map[answer]int{}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		herds, known, now := herdsOf(rules), v1alpha1.Deletions{}, start
		for number := range 300 {
			now = now.Add(time.Duration(random.IntN(8000)) * time.Millisecond)
			one := herds[random.IntN(len(herds))]
			asks := one.step(random, now, number)
			if asks == nil {
				continue
			}
			seen, waits := together(herds), waiter{*asks, one.origin}
			var want, got answer
			one.known, want = decide(one.limits, now, one.known, *asks, one.standing())
			if alone, could := rules.decideAlone(known, waits); could && alone != want {
				t.Fatalf("seed %d, step %d: alone %s is %s, want %s", seed, number, asks.uid, alone, want)
			}
			if known, got = rules.decide(now, known, waits, seen); got != want {
				t.Fatalf("seed %d, step %d: %s is %s, want %s", seed, number, asks.uid, got, want)
			}
			answers[got]++
		}
	}
	if answers[admitted] < 1000 || answers[held] < 1000 {
		t.Errorf("too little was asked: %v", answers)
	}
}
