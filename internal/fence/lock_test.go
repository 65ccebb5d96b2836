// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fence

import (
	"reflect"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"
	"sigs.k8s.io/controller-runtime/pkg/recorder"
)

func TestMakingTheLeaseLeavesTheManagersConfigurationAsItIs(t *testing.T) {
	config := &rest.Config{Host: "https://kubernetes.default.svc", UserAgent: "ordercloud-operator"}
	before := rest.CopyConfig(config)
	lock, err := New(10*time.Second).NewLock(config, func() recorder.Provider { return nil }, leaderelection.Options{
		LeaderElection:          true,
		LeaderElectionID:        "ordercloud-operator.ordercloud.io",
		LeaderElectionNamespace: "ordercloud-system",
		RenewDeadline:           10 * time.Second,
	})
	if err != nil || lock == nil {
		t.Fatalf("got the lock %v and the error %v", lock, err)
	}
	if !reflect.DeepEqual(config, before) {
		t.Errorf("the configuration has become %v, with the timeout %s", config, config.Timeout)
	}
}
