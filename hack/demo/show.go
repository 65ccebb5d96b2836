// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// deletedConfig is the grant that the demo deletes.
const deletedConfig = "as-jdoe"

// showSamples waits until every sample is Ready, and prints them.
func (d *demo) showSamples(ctx context.Context) error {
	d.console.command("kubectl wait --for=condition=Ready ordercloud --all")
	if err := d.wait(ctx, "the samples to be Ready", d.checkAllReady); err != nil {
		return err
	}
	for _, object := range d.samples {
		d.console.print("%s condition met", resourceName(object))
	}
	if err := d.wait(ctx, "the Marketplace to have counted its objects", d.checkCounts); err != nil {
		return err
	}
	for _, resource := range []string{"marketplaces", "buyerusers", "impersonationconfigs", "impersonationtokens"} {
		if err := d.printTable(ctx, resource, ""); err != nil {
			return err
		}
	}
	return nil
}

// checkAllReady is an error that says of every sample that is not Ready why.
func (d *demo) checkAllReady(ctx context.Context) error {
	var missing []error
	for _, object := range d.samples {
		missing = append(missing, d.cluster.checkReady(ctx, object))
	}
	return errors.Join(missing...)
}

// checkCounts is an error while the Marketplace does not count every sample yet.
func (d *demo) checkCounts(ctx context.Context) error {
	var seen v1alpha1.Marketplace
	if err := d.cluster.read(ctx, "default", &seen); err != nil {
		return err
	}
	counted := 0
	for _, kind := range seen.Status.Objects {
		counted += int(kind.Ready)
	}
	// The Marketplace itself is one of the samples.
	if counted != len(d.samples)-1 {
		return fmt.Errorf("it counts %d of %d objects that are Ready", counted, len(d.samples)-1)
	}
	return nil
}

// printTable prints what kubectl get would.
func (d *demo) printTable(ctx context.Context, resource, name string) error {
	text, err := d.cluster.table(ctx, resource, name)
	if err != nil {
		return err
	}
	if name != "" {
		d.console.command("kubectl get %s %s", resource, name)
	} else {
		d.console.command("kubectl get %s", resource)
	}
	d.console.print("%s", text)
	return nil
}

// showDeletion deletes a grant and shows that OrderCloud does not have it any
// more.
func (d *demo) showDeletion(ctx context.Context) error {
	path := "impersonationconfig/" + deletedConfig
	before, err := d.sandbox.get(ctx, path)
	if err != nil {
		return err
	}
	if before == nil {
		return fmt.Errorf("%s is not in OrderCloud, so its deletion would show nothing", path)
	}
	var config v1alpha1.ImpersonationConfig
	if err := d.cluster.read(ctx, deletedConfig, &config); err != nil {
		return err
	}
	d.console.command("kubectl delete impersonationconfig %s", deletedConfig)
	if err := d.cluster.Delete(ctx, &config); err != nil {
		return fmt.Errorf("deleting %s: %w", deletedConfig, err)
	}
	err = d.wait(ctx, deletedConfig+" to be gone", func(ctx context.Context) error {
		err := d.cluster.read(ctx, deletedConfig, &config)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return fmt.Errorf("it is still there, with the finalizers %v", config.Finalizers)
	})
	if err != nil {
		return err
	}
	d.console.print("impersonationconfig.ordercloud.io %q deleted", deletedConfig)
	return d.showGone(ctx, path)
}

// showGone asks OrderCloud for an object that must not be there.
func (d *demo) showGone(ctx context.Context, path string) error {
	status, answered, err := d.sandbox.send(ctx, request{Method: http.MethodGet, Path: path})
	if err != nil {
		return err
	}
	d.console.say("It was in OrderCloud, and is not any more:")
	d.console.command("curl -s %s/_sandbox/mutate -d '{\"method\": \"GET\", \"path\": %q}'", d.sandbox.url, path)
	d.console.print("%s", refusal(status, answered))
	if status != http.StatusNotFound {
		return fmt.Errorf("%s is still in OrderCloud", path)
	}
	return nil
}

// showCosts shows what the operator asked of OrderCloud.
func (d *demo) showCosts(ctx context.Context) error {
	counted, err := d.sandbox.stats(ctx)
	if err != nil {
		return err
	}
	d.console.command("curl -s %s/_sandbox/stats", d.sandbox.url)
	d.console.print("%s", renderCalls(counted))
	tokens := counted.Calls["POST /v1/buyers/{buyerID}/users/{userID}/accesstoken"]
	d.console.say("%d calls of the operator: %d writes, one for each thing that had to change, %d requests for the token of jdoe, and %d reads.",
		counted.Total, counted.Writes-tokens, tokens, counted.Reads)
	d.console.say("The samples are compared every 5s, so that you see drift being found; the default is 10m.")
	return nil
}
