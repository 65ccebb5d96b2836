// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	// startPatience is when an operator counts as never ready.
	startPatience = 3 * time.Minute
	// slowLink is the bytes a second between the operator and a remote API server.
	slowLink = 400_000
	// requestedProcessors are what the Deployment requests.
	requestedProcessors = 0.05
)

// startAuditPolicy writes down the watches.
const startAuditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseComplete]
rules:
- level: Metadata
  users: ["` + controlplane.OperatorUser + `"]
  verbs: [watch]
- level: None
`

// starting is one circumstance in which an operator starts.
type starting struct {
	title   string
	objects int
	// bytesPerSecond is the link to the API server; 0 for the machine's own.
	bytesPerSecond float64
	// processors are what the operator may have; 0 for all of them.
	processors float64
}

var startings = []starting{
	{"2,000 objects", 2_000, 0, 0},
	{"2,000 objects, 400 kB/s to the API server", 2_000, slowLink, 0},
	{"10,000 objects", 10_000, 0, 0},
	{"10,000 objects, 50m of CPU", 10_000, 0, requestedProcessors},
}

// started is what was measured of one start.
type started struct {
	// seconds until the readiness probe said yes; not at all within startPatience
	// when isReady is false.
	seconds float64
	isReady bool
	// watches is how many were begun until then, over all kinds.
	watches int
}

func (s started) String() string {
	after := "never (" + startPatience.String() + ")"
	if s.isReady {
		after = fmt.Sprintf("%.1f s", s.seconds)
	}
	return fmt.Sprintf("%s, %s watches", after, grouped(s.watches))
}

// measureStarts measures how long operators take until they are ready, and of each
// circumstance all of them in turn, on the same control plane.
func (b *bench) measureStarts(ctx context.Context) error {
	r := &run{bench: b, size: startings[len(startings)-1].objects}
	defer func() { b.unclean = errors.Join(b.unclean, r.cleanUp()) }()
	policy, audit := filepath.Join(b.directory, "audit.yaml"), filepath.Join(b.directory, "audit.log")
	if err := os.WriteFile(policy, []byte(startAuditPolicy), 0o600); err != nil {
		return fmt.Errorf("writing the audit policy: %w", err)
	}
	r.apiServerArguments = map[string][]string{"audit-policy-file": {policy}, "audit-log-path": {audit}}
	if err := r.startControlPlane(ctx); err != nil {
		return err
	}
	if err := r.holdLease(ctx); err != nil {
		return err
	}
	created := 0
	for _, each := range startings {
		err := r.parallel(ctx, "creating", each.objects-created, func(ctx context.Context, number int) error {
			return r.cluster.Create(ctx, r.layout.declaration(created+number))
		})
		if err != nil {
			return fmt.Errorf("creating the objects: %w", err)
		}
		created = each.objects
		for _, binary := range append([]string{b.binary}, b.settings.against...) {
			measured, err := r.measureStart(ctx, each, binary, audit)
			if err != nil {
				return fmt.Errorf("%s: %w", each.title, err)
			}
			b.progress.say("  %s, %s: %s", each.title, filepath.Base(binary), measured)
			b.starts = append(b.starts, []string{each.title, filepath.Base(binary), measured.String()})
		}
	}
	return nil
}

// holdLease makes every operator wait to become the leader: it fills its caches like
// any, and writes nothing.
func (r *run) holdLease(ctx context.Context) error {
	err := r.cluster.Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: controlplane.SystemNamespace, Name: "ordercloud-operator.ordercloud.io"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: new("benchmark"), LeaseDurationSeconds: new(int32(86_400)), RenewTime: new(metav1.NowMicro()),
		},
	})
	if err != nil {
		return fmt.Errorf("holding the leader's lease: %w", err)
	}
	return nil
}

// measureStart starts one operator and kills it when it is ready.
func (r *run) measureStart(ctx context.Context, how starting, binary, audit string) (started, error) {
	kubeconfig := filepath.Join(r.directory, "kubeconfig-start")
	closeLink, err := r.writeKubeconfig(ctx, kubeconfig, how.bytesPerSecond)
	if err != nil {
		return started{}, err
	}
	defer closeLink()
	command, err := shipped.NewCommand(shipped.Options{})
	if err != nil {
		return started{}, fmt.Errorf("making the operator's command: %w", err)
	}
	before, err := countWatches(audit)
	if err != nil {
		return started{}, err
	}
	log := filepath.Join(r.directory, "start-"+strconv.Itoa(len(r.starts))+".log")
	running, err := startProcess("operator", binary, log, command.Arguments, []string{"KUBECONFIG=" + kubeconfig})
	if err != nil {
		return started{}, err
	}
	defer func() { _ = running.kill() }()
	if how.processors > 0 {
		go share(running, how.processors)
	}
	patient, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	measured := started{isReady: true}
	for command.CheckReady(patient) != nil {
		if err := running.checkRunning(); err != nil {
			return started{}, fmt.Errorf("%w:\n%s", err, running.lastLines(lastLogLines))
		}
		if err := sleep(patient, look); err != nil {
			measured.isReady = false
			break
		}
	}
	measured.seconds = time.Since(running.started).Seconds()
	if err := context.Cause(ctx); err != nil {
		return started{}, err
	}
	after, err := countWatches(audit)
	measured.watches = after - before
	return measured, err
}

// writeKubeconfig writes how the operator reaches the API server, over a slow link if
// it is to.
func (r *run) writeKubeconfig(ctx context.Context, path string, bytesPerSecond float64) (closeLink func(), err error) {
	content, err := r.plane.Kubeconfig(controlplane.OperatorUser)
	if err != nil {
		return nil, fmt.Errorf("making the operator's kubeconfig: %w", err)
	}
	closeLink = func() {}
	if bytesPerSecond > 0 {
		config, err := clientcmd.Load(content)
		if err != nil {
			return nil, fmt.Errorf("reading the operator's kubeconfig: %w", err)
		}
		for _, cluster := range config.Clusters {
			server, err := url.Parse(cluster.Server)
			if err != nil {
				return nil, fmt.Errorf("reading the operator's kubeconfig: %w", err)
			}
			slow, err := openLink(ctx, server.Host, bytesPerSecond)
			if err != nil {
				return nil, err
			}
			cluster.Server, closeLink = "https://"+slow.address(), slow.close
		}
		if content, err = clientcmd.Write(*config); err != nil {
			return nil, fmt.Errorf("making the operator's kubeconfig: %w", err)
		}
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, fmt.Errorf("writing the operator's kubeconfig: %w", err)
	}
	return closeLink, nil
}

// countWatches counts the watches that the API server has accepted so far.
func countWatches(audit string) (int, error) {
	written, err := os.ReadFile(audit)
	if err != nil {
		return 0, fmt.Errorf("reading the audit log: %w", err)
	}
	count := 0
	for line := range bytes.Lines(written) {
		var entry struct{ ResponseStatus struct{ Code int } }
		// The last one may not be complete.
		if json.Unmarshal(line, &entry) == nil && entry.ResponseStatus.Code == http.StatusOK {
			count++
		}
	}
	return count, nil
}

// renderStarts is the table of what was measured, in Markdown.
func renderStarts(starts [][]string) string {
	cells := append([][]string{{"start", "operator", "ready after"}}, starts...)
	return renderCells(cells)
}
