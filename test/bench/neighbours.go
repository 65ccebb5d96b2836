// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
	"github.com/ordercloud-operator/ordercloud-operator/test/shipped"
)

const (
	// busyNamespace is the neighbour's, quietNamespace that of the one who waits.
	busyNamespace, quietNamespace = "busy", "quiet"
	// neighbourEdits are measured beside the neighbour at the least, for neighbourFor; half as
	// many when idle. Where each waits for long, there are fewer in neighbourPatience.
	neighbourEdits    = 20
	neighbourFor      = 40 * time.Second
	neighbourPatience = 3 * time.Minute
	// neighbourPause is between two of them, unless the row says how seldom the other asks.
	neighbourPause = 300 * time.Millisecond
	// neighbourMost is how long the other may wait, in seconds.
	neighbourMost = 2
	// unanswered is how long a hanging host takes, for ever as far as the operator sees.
	unanswered = time.Hour
)

// neighbour is one row: what one tenant does, and what another one waits for.
type neighbour struct {
	key         figure
	does, waits string
	// pause is between two of what the other waits for; 0 for neighbourPause.
	pause time.Duration
	// apiServer are arguments of the API server.
	apiServer map[string][]string
	// declare prepares both, before the operator has anything to do; disturb is what the
	// one does from when the idle figure is known.
	declare, disturb func(s *scene, ctx context.Context) error
	// ask is what the other wants, the number-th time, until it has it.
	ask func(s *scene, ctx context.Context, number int) (time.Duration, error)
}

// scene is a control plane with an operator and two hosts of OrderCloud.
type scene struct {
	*run

	row         neighbour
	busy, quiet *marketplace
	// cleanup ends what disturbs.
	cleanup []func()
}

// neighbourResult is what was measured of a row.
type neighbourResult struct {
	row                    neighbour
	binary                 string
	idle, median, p99, max time.Duration
	count                  int
}

// measureNeighbours measures every row, each on a control plane of its own.
func (b *bench) measureNeighbours(ctx context.Context) error {
	for _, row := range neighbours() {
		if !b.settings.wantsNeighbour(row.key) {
			continue
		}
		for _, binary := range append(append([]string{}, b.settings.against...), b.binary) {
			b.progress.say("\n%s (%s)", row.does, filepath.Base(binary))
			result, err := b.measureNeighbour(ctx, row, binary)
			if err != nil {
				return fmt.Errorf("%s: %w", row.key, err)
			}
			b.neighbours = append(b.neighbours, result)
			b.progress.say("  %s: idle %s, then p50 %s, p99 %s of %d", row.waits, seconds(result.idle), seconds(result.median), seconds(result.p99), result.count)
		}
	}
	return nil
}

func (b *bench) measureNeighbour(ctx context.Context, row neighbour, binary string) (neighbourResult, error) {
	of := *b
	of.binary = binary
	s := &scene{run: &run{bench: &of, size: len(b.neighbours), figures: figures{}, apiServerArguments: row.apiServer}, row: row}
	defer func() { b.unclean = errors.Join(b.unclean, s.close()) }()
	result := neighbourResult{row: row, binary: filepath.Base(binary)}
	if err := s.start(ctx); err != nil {
		return result, err
	}
	idle, err := s.measure(ctx, 0, 0)
	if err != nil {
		return result, err
	}
	if err := row.disturb(s, ctx); err != nil {
		return result, err
	}
	then, err := s.measure(ctx, neighbourEdits, neighbourFor)
	if err != nil {
		return result, err
	}
	result.idle, result.count = percentile(idle, 50), len(then)
	result.median, result.p99, result.max = percentile(then, 50), percentile(then, 99), percentile(then, 100)
	return result, nil
}

// start starts all, and waits until it has come to rest.
func (s *scene) start(ctx context.Context) (err error) {
	if s.busy, err = openMarketplace(ctx); err != nil {
		return err
	}
	if s.quiet, err = openMarketplace(ctx); err != nil {
		return err
	}
	s.marketplace = s.quiet
	if err := s.startControlPlane(ctx); err != nil {
		return err
	}
	for _, name := range []string{busyNamespace, quietNamespace} {
		if err := s.cluster.createNamespace(ctx, name); err != nil {
			return err
		}
		if err := s.plane.GrantTokens(ctx, name); err != nil {
			return fmt.Errorf("granting the operator Secrets: %w", err)
		}
	}
	if err := s.startBetween(ctx); err != nil {
		return err
	}
	return s.row.declare(s, ctx)
}

// startBetween runs the operator, which may ask both hosts.
func (s *scene) startBetween(ctx context.Context) error {
	kubeconfig := filepath.Join(s.directory, "kubeconfig")
	content, err := s.plane.Kubeconfig(controlplane.OperatorUser)
	if err != nil {
		return fmt.Errorf("making the operator's kubeconfig: %w", err)
	}
	if err := os.WriteFile(kubeconfig, content, 0o600); err != nil {
		return fmt.Errorf("writing the operator's kubeconfig: %w", err)
	}
	command, err := shipped.NewCommand(shipped.Options{Endpoints: []string{s.busy.url, s.quiet.url}})
	if err != nil {
		return fmt.Errorf("making the operator's command: %w", err)
	}
	log := filepath.Join(s.directory, fmt.Sprintf("operator-%d.log", len(s.operators)))
	started, err := startProcess("operator", s.binary, log, command.Arguments, []string{"KUBECONFIG=" + kubeconfig})
	if err != nil {
		return err
	}
	s.operator = &operator{process: started, Command: command, scraper: s.scraper}
	s.operators = append(s.operators, s.operator)
	return s.wait(ctx, "the operator to be ready", look, func(ctx context.Context) error { return s.operator.CheckReady(ctx) })
}

// close ends what disturbs, so that nothing hangs, and then all the rest.
func (s *scene) close() error {
	for _, end := range s.cleanup {
		end()
	}
	var failures []error
	for _, each := range []*marketplace{s.busy, s.quiet} {
		if each != nil {
			each.delay.Store(0)
			failures = append(failures, each.close())
		}
	}
	s.marketplace = nil
	for _, each := range s.operators {
		failures = append(failures, each.kill())
	}
	return errors.Join(append(failures, s.cleanUp())...)
}

// measure asks again and again, at least so often and for so long; fewer times when idle.
func (s *scene) measure(ctx context.Context, least int, lasting time.Duration) ([]time.Duration, error) {
	var waits []time.Duration
	begun := time.Now()
	isEnough := func(number int) bool {
		passed := time.Since(begun)
		return number >= max(least, neighbourEdits/2) && passed >= lasting || number > 0 && passed > neighbourPatience
	}
	for number := 0; !isEnough(number); number++ {
		wait, err := s.row.ask(s, ctx, len(waits)+least*1000)
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait)
		if wait > neighbourMost*time.Second {
			s.progress.say("    the %d. took %s", number+1, seconds(wait))
		}
		if err := sleep(ctx, max(s.row.pause, neighbourPause)); err != nil {
			return nil, err
		}
	}
	return waits, nil
}

// declareMarketplace declares the Marketplace of a namespace and waits for it.
func (s *scene) declareMarketplace(ctx context.Context, at *marketplace, inNamespace, name string, limit v1alpha1.RateLimit, interval time.Duration) error {
	clientID, clientSecret := at.Credentials()
	declared := &v1alpha1.Marketplace{
		ObjectMeta: metav1.ObjectMeta{Namespace: inNamespace, Name: name},
		Spec: v1alpha1.MarketplaceSpec{
			URL: at.url, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: name}, RateLimit: limit,
			Interval:          &metav1.Duration{Duration: interval},
			AllowedNamespaces: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll},
		},
	}
	secret := &corev1.Secret{
		ObjectMeta: declared.ObjectMeta, StringData: map[string]string{"clientID": clientID, "clientSecret": clientSecret},
	}
	if err := errors.Join(s.cluster.Create(ctx, secret), s.cluster.Create(ctx, declared)); err != nil {
		return fmt.Errorf("declaring a Marketplace: %w", err)
	}
	if at.delay.Load() > 0 {
		return nil // it will not be in sync
	}
	return s.wait(ctx, "the Marketplace to be in sync", look, func(ctx context.Context) error {
		if err := s.cluster.Get(ctx, client.ObjectKeyFromObject(declared), declared); err != nil {
			return fmt.Errorf("getting the Marketplace: %w", err)
		}
		if !meta.IsStatusConditionTrue(declared.Status.Conditions, v1alpha1.SyncedCondition) {
			return errors.New("the Marketplace is not in sync")
		}
		return nil
	})
}

func seconds(duration time.Duration) string { return fmt.Sprintf("%.2f s", duration.Seconds()) }
