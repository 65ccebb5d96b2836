// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// plane is the control plane of this package, started by the first test that needs
// one.
var plane struct {
	sync.Mutex

	running *controlplane.ControlPlane
}

func TestMain(m *testing.M) {
	code := m.Run()
	if plane.running != nil {
		if err := plane.running.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	plane.Lock()
	defer plane.Unlock()
	if plane.running == nil {
		// Not the context of this test: others use it later.
		started, err := controlplane.Start(context.Background(), controlplane.Options{})
		if err != nil {
			t.Fatal(err)
		}
		plane.running = started
	}
	scheme, err := controlplane.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := client.New(plane.running.AdminConfig, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{Client: admin, namespaces: map[string]bool{}}
}
