// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"context"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ordercloud-operator/ordercloud-operator/internal/crowd"
)

func request(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "team", Name: name}}
}

// edit is a visit to a slow marketplace.
var edit = crowd.Visit{To: "shop/slow", From: "team"}

// full returns a crowd with all places for edits taken, how to free one, and the queue of
// its controller.
func full(t *testing.T) (*crowd.Crowd, func(), priorityqueue.PriorityQueue[reconcile.Request]) {
	t.Helper()
	c := crowd.New(16)
	queue := priorityqueue.New[reconcile.Request]("test")
	t.Cleanup(queue.ShutDown)
	if err := c.Source().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	for number := 0; ; number++ {
		leave, entered := c.Enter(request(fmt.Sprint("inside-", number)), edit)
		if !entered {
			leave, entered = c.Enter(request("inside-0"), edit) // who is inside may ask again
			if !entered {
				t.Fatal("the place was lost")
			}
			return c, leave, queue
		}
		_ = leave
	}
}

func TestWhoFindsNoRoomIsQueuedAgainWhenThereIs(t *testing.T) {
	c, leave, queue := full(t)
	_, entered := c.Enter(request("waits"), edit)
	if entered || queue.Len() != 0 {
		t.Fatalf("entered %t, %d queued", entered, queue.Len())
	}
	leave()
	got, priority, _ := queue.GetWithPriority()
	if queue.Done(got); priority != 1 {
		t.Errorf("priority %d", priority)
	}
	if _, entered := c.Enter(got, edit); !entered {
		t.Errorf("%s found no place", got)
	}
}

func TestAPlaceThatIsNotAskedForIsFreed(t *testing.T) {
	c, leave, queue := full(t)
	gone := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		return reconcile.Result{}, nil // the object is not there any more
	})
	for _, name := range []string{"gone", "waits"} {
		c.Enter(request(name), edit)
	}
	leave()
	for range 100 {
		next, _, _ := queue.GetWithPriority()
		if _, err := c.Passes(gone).Reconcile(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if queue.Done(next); next == request("waits") {
			return
		}
	}
	t.Error("the place that was kept for an object that is gone went to nobody")
}

func TestWithoutACrowdEverybodyEnters(t *testing.T) {
	var none *crowd.Crowd
	leave, entered := none.Enter(request("any"), edit)
	if leave(); !entered {
		t.Error("kept out")
	}
}
