// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"testing"
)

func TestTheOperatorFinishesWhatItHasBegunAndNothingElse(t *testing.T) {
	failed := errors.New("no such kind")
	for name, test := range map[string]struct {
		begins bool
		result error
		want   error
	}{
		"a stop before the beginning":      {begins: false, result: failed, want: nil},
		"a stop afterwards":                {begins: true, result: nil, want: nil},
		"a stop afterwards, and a failure": {begins: true, result: failed, want: failed},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			began, finished := make(chan bool, 1), make(chan struct{})
			go func() {
				<-began
				stop()
				if test.begins {
					close(finished)
				}
			}()
			t.Cleanup(func() {
				if !test.begins {
					close(finished)
				}
			})
			err := start(ctx, nil, func(begin *beginning) error {
				began <- test.begins && begin.happen()
				<-finished // without a beginning only the test's end does
				return test.result
			})
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestWhatIsPreventedDoesNotHappen(t *testing.T) {
	prevented, happened := &beginning{}, &beginning{}
	if !prevented.prevent() || prevented.happen() || !prevented.prevent() {
		t.Error("it has happened although it was prevented")
	}
	if !happened.happen() || happened.prevent() || !happened.happen() {
		t.Error("it was prevented although it has happened")
	}
}
