// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	driftedUser   = "jdoe"
	driftedConfig = "cs-desk"

	observe = `{"spec":{"managementPolicy":"Observe"}}`
	enforce = `{"spec":{"managementPolicy":"Enforce"}}`
)

var (
	// userChange is what another system does to the user. loyaltyTier is a key
	// that the manifest does not declare.
	userChange = request{
		Method: "PATCH", Path: "buyers/acme/users/" + driftedUser,
		Body: json.RawMessage(`{"Email": "joan@elsewhere.example", "xp": {"costCenter": "0000", "loyaltyTier": "gold"}}`),
	}
	// configChange makes a grant for one buyer one for every buyer.
	configChange = request{
		Method: "PATCH", Path: "impersonationconfig/" + driftedConfig,
		Body: json.RawMessage(`{"BuyerID": null}`),
	}
)

// managed is an object that mirrors one of OrderCloud.
type managed interface {
	client.Object
	Managed() (*v1alpha1.ManagedSpec, *v1alpha1.ManagedStatus)
}

// showObservedDrift changes a user behind the back of an operator that may not
// write, and shows what it reports.
func (d *demo) showObservedDrift(ctx context.Context) error {
	user := &v1alpha1.BuyerUser{}
	if err := d.cluster.read(ctx, driftedUser, user); err != nil {
		return err
	}
	if err := d.patchUser(ctx, user, observe); err != nil {
		return err
	}
	err := d.waitFor(ctx, user, "the operator to see managementPolicy Observe", func(status *v1alpha1.ManagedStatus) error {
		if status.ObservedGeneration != user.Generation {
			return errors.New("it was not looked at since it was changed")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if d.changed, err = d.changeBehindTheBack(ctx, userChange); err != nil {
		return err
	}
	err = d.waitFor(ctx, user, "the drift to be reported", func(status *v1alpha1.ManagedStatus) error {
		if len(status.Drift) == 0 {
			return errors.New("status.drift is empty")
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.console.say("Within the interval, the operator sees it and says so:")
	if err := d.printTable(ctx, "buyerusers", driftedUser); err != nil {
		return err
	}
	return d.printDrift("buyeruser", user)
}

// showUserCorrection lets the operator write again.
func (d *demo) showUserCorrection(ctx context.Context) error {
	user := &v1alpha1.BuyerUser{}
	if err := d.cluster.read(ctx, driftedUser, user); err != nil {
		return err
	}
	if err := d.patchUser(ctx, user, enforce); err != nil {
		return err
	}
	if err := d.waitFor(ctx, user, "the drift to be corrected", checkCorrected); err != nil {
		return err
	}
	if err := d.printEvents(ctx, driftedUser); err != nil {
		return err
	}
	d.console.say("%s in OrderCloud:", userChange.Path)
	return d.printComparison(ctx, userChange.Path, d.changed, []comparison{
		{field: "Email"},
		{field: "xp.costCenter"},
		{field: "xp.loyaltyTier", note: "<- not declared, left alone"},
	})
}

// showConfigCorrection widens a grant and shows how that is taken back.
func (d *demo) showConfigCorrection(ctx context.Context) error {
	d.console.say("The service desk may act for the users of acme. Somebody makes that: of every buyer.")
	config := &v1alpha1.ImpersonationConfig{}
	before, err := d.changeBehindTheBack(ctx, configChange)
	if err != nil {
		return err
	}
	config.Name = driftedConfig
	if err := d.waitFor(ctx, config, "the drift to be corrected", checkCorrected); err != nil {
		return err
	}
	d.console.say("The operator may write here, so within the interval it finds and corrects it:")
	if err := d.printEvents(ctx, driftedConfig); err != nil {
		return err
	}
	if err := d.printDrift("impersonationconfig", config); err != nil {
		return err
	}
	d.console.say("%s in OrderCloud:", configChange.Path)
	return d.printComparison(ctx, configChange.Path, before, []comparison{
		{field: "BuyerID", note: "<- one PUT of the whole config"},
	})
}

func (d *demo) patchUser(ctx context.Context, user *v1alpha1.BuyerUser, patch string) error {
	d.console.command("kubectl patch buyeruser %s --type=merge -p '%s'", user.Name, patch)
	if err := d.cluster.mergePatch(ctx, user, patch); err != nil {
		return err
	}
	d.console.print("buyeruser.ordercloud.io/%s patched", user.Name)
	return nil
}

// changeBehindTheBack changes an object in OrderCloud past the operator.
func (d *demo) changeBehindTheBack(ctx context.Context, change request) (object, error) {
	d.console.command("curl -s %s/_sandbox/mutate -d '{\n    \"method\": %q, \"path\": %q,\n    \"body\": %s}'",
		d.sandbox.url, change.Method, change.Path, change.Body)
	return d.sandbox.change(ctx, change)
}

// waitFor reads an object until look has nothing to complain about.
func (d *demo) waitFor(ctx context.Context, object managed, what string, look func(*v1alpha1.ManagedStatus) error) error {
	name := object.GetName()
	return d.wait(ctx, fmt.Sprintf("%s (%s)", what, name), func(ctx context.Context) error {
		if err := d.cluster.read(ctx, name, object); err != nil {
			return err
		}
		_, status := object.Managed()
		return look(status)
	})
}

// checkCorrected is an error while a drift is open, or none was seen.
func checkCorrected(status *v1alpha1.ManagedStatus) error {
	switch {
	case status.LastDrift == nil:
		return errors.New("no drift was found yet")
	case status.LastDrift.CorrectedTime == nil:
		return fmt.Errorf("the drift of %v is open: %s", status.LastDrift.Fields, syncedMessage(status))
	}
	return nil
}

func syncedMessage(status *v1alpha1.ManagedStatus) string {
	if synced := meta.FindStatusCondition(status.Conditions, v1alpha1.SyncedCondition); synced != nil {
		return synced.Message
	}
	return "it was never compared"
}

// printEvents prints what the operator said about an object, the correction
// included: events come a moment after the status.
func (d *demo) printEvents(ctx context.Context, name string) error {
	var text string
	err := d.wait(ctx, "the events about "+name, func(ctx context.Context) error {
		events, err := d.cluster.events(ctx, name)
		if err != nil {
			return err
		}
		text = renderEvents(events)
		return missingEvents(events, "DriftDetected", "DriftCorrected")
	})
	if err != nil {
		return err
	}
	d.console.command("kubectl get events --field-selector involvedObject.name=%s \\\n"+
		"    -o custom-columns=REASON:.reason,MESSAGE:.message", name)
	d.console.print("%s", text)
	return nil
}

// printDrift prints what the status of an object says of drift.
func (d *demo) printDrift(kind string, object managed) error {
	_, status := object.Managed()
	text, err := renderDrift(status)
	if err != nil {
		return err
	}
	d.console.command("kubectl get %s %s -o yaml        # an excerpt", kind, object.GetName())
	d.console.print("%s", text)
	return nil
}

// printComparison prints fields of an object as they were and as they are now.
func (d *demo) printComparison(ctx context.Context, path string, before object, fields []comparison) error {
	after, err := d.sandbox.get(ctx, path)
	if err != nil {
		return err
	}
	d.console.print("%s", renderComparison(before, after, fields))
	return nil
}
