// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	// sampleInterval is how often the operator's memory is looked at.
	sampleInterval = time.Second
	// scrapeTimeout bounds one look at the operator's metrics.
	scrapeTimeout = 10 * time.Second
)

// Names of the operator's metrics.
const (
	memoryMetric     = "process_resident_memory_bytes"
	processorMetric  = "process_cpu_seconds_total"
	goroutinesMetric = "go_goroutines"
	depthMetric      = "workqueue_depth"
	workersMetric    = "controller_runtime_active_workers"
	looksMetric      = "ordercloud_looks_total"
	batchesMetric    = "ordercloud_look_batches_total"
)

// operator is a running process of the operator.
type operator struct {
	*process
	shipped.Command

	scraper *http.Client
}

// readings are metrics of the operator, each summed over its labels. What it does
// not have is zero.
type readings map[string]float64

// isIdle says that nothing waits for a worker and that no worker is busy.
func (r readings) isIdle() bool { return r[depthMetric] == 0 && r[workersMetric] == 0 }

// startOperator runs the operator as its Deployment does, with the rights of its
// service account.
func (r *run) startOperator() error {
	kubeconfig := filepath.Join(r.directory, "kubeconfig")
	if _, err := os.Stat(kubeconfig); errors.Is(err, os.ErrNotExist) {
		content, err := r.plane.Kubeconfig(controlplane.OperatorUser)
		if err != nil {
			return fmt.Errorf("making the operator's kubeconfig: %w", err)
		}
		if err := os.WriteFile(kubeconfig, content, 0o600); err != nil {
			return fmt.Errorf("writing the operator's kubeconfig: %w", err)
		}
	}
	command, err := shipped.NewCommand(shipped.Options{Endpoints: []string{r.marketplace.url}})
	if err != nil {
		return fmt.Errorf("making the operator's command: %w", err)
	}
	log := filepath.Join(r.directory, "operator-"+strconv.Itoa(len(r.operators))+".log")
	started, err := startProcess("operator", r.binary, log, command.Arguments, []string{"KUBECONFIG=" + kubeconfig})
	if err != nil {
		return err
	}
	r.operator = &operator{process: started, Command: command, scraper: r.scraper}
	r.operators = append(r.operators, r.operator)
	go r.memory.follow(r.operator)
	return nil
}

// read asks the operator for its metrics.
func (o *operator) read(ctx context.Context) (readings, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	samples, err := fetchMetrics(ctx, o.scraper, o.MetricsURL,
		memoryMetric, processorMetric, goroutinesMetric, depthMetric, workersMetric, looksMetric, batchesMetric)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's metrics: %w", err)
	}
	read := readings{}
	for _, each := range samples {
		read[each.name] += each.value
	}
	return read, nil
}

// memory is the largest that was seen of the operator's memory.
type memory struct {
	mutex sync.Mutex
	bytes float64
}

// follow looks at an operator's memory until it has ended.
func (m *memory) follow(o *operator) {
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for {
		select {
		case <-o.ended:
			return
		case <-ticker.C:
		}
		// The metrics are not served at the very start and the very end.
		if read, err := o.read(context.Background()); err == nil {
			m.note(read[memoryMetric])
		}
	}
}

func (m *memory) note(bytes float64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.bytes = max(m.bytes, bytes)
}

// mebibytes is the largest since the latest reset.
func (m *memory) mebibytes() float64 {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.bytes / (1 << 20)
}

func (m *memory) reset() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.bytes = 0
}
