// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// stayUp says how to go on by hand, and waits for Ctrl-C.
func (d *demo) stayUp(ctx context.Context) error {
	d.console.closing("Everything stays up until you press Ctrl-C. In another terminal:")
	d.console.print("\nexport KUBECONFIG=%s", d.kubeconfigPath())
	d.console.print("export SANDBOX=%s", d.sandbox.url)
	d.console.print(`
# What there is, and why it is so
kubectl get ordercloud
kubectl describe buyeruser asmith

# Declare the deleted grant again, and see it in OrderCloud
kubectl apply --server-side -f config/samples/ordercloud_v1alpha1_impersonationconfig_as-jdoe.yaml
curl -s $SANDBOX/_sandbox/mutate -d '{"method": "GET", "path": "impersonationconfig/as-jdoe"}'

# Change a user behind the operator's back, and watch it being put back
curl -s $SANDBOX/_sandbox/mutate -d '{
    "method": "PATCH", "path": "buyers/acme/users/asmith", "body": {"Phone": "+1 555 0199"}}'
kubectl get buyerusers --watch

# Make the operator wait: OrderCloud answers 503 to everything, until you say otherwise
curl -s $SANDBOX/_sandbox/faults -d '{"kind": "status", "status": 503}'
curl -s -X DELETE $SANDBOX/_sandbox/faults

# An invalid object is refused at once, with the field and the rule
kubectl patch impersonationconfig cs-desk --type=merge -p '{"spec":{"clientID":"both"}}'`)
	d.console.note("\nLogs: %s/*.log", d.directory)

	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := d.checkRunning(); err != nil {
			return err
		}
	}
}
