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

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	// tokenName is the ImpersonationToken of the samples, and of whom it is.
	tokenName = "jdoe"
	// tokenSecret holds the token.
	tokenSecret = "jdoe-token"
	// tokenGrant is the config that lets OrderCloud give it.
	tokenGrant = "tokens"
	// tokenLifetime is short, so that you see a token being refreshed.
	tokenLifetime = "20s"
)

// showToken uses the token in the Secret as a job would.
func (d *demo) showToken(ctx context.Context) error {
	if err := d.printTable(ctx, "impersonationtokens", tokenName); err != nil {
		return err
	}
	var secret corev1.Secret
	if err := d.cluster.read(ctx, tokenSecret, &secret); err != nil {
		return err
	}
	d.console.say("Who may read the Secret may act as the user. OrderCloud says as whom:")
	d.console.command("curl -s %s/v1/me -H \"Authorization: Bearer $(\n    kubectl get secret %s -o jsonpath='{.data.token}' | base64 --decode)\"", d.sandbox.url, tokenSecret)
	me, err := d.sandbox.me(ctx, string(secret.Data["token"]))
	if err != nil {
		return err
	}
	d.console.print("{\"ID\": %s, \"Username\": %s, \"Buyer\": {\"ID\": %s}, ...}", me.field("ID"), me.field("Username"), me.field("Buyer.ID"))
	if me["ID"] != tokenName {
		return fmt.Errorf("the token stands for %s and not for %s", me.field("ID"), tokenName)
	}
	return nil
}

// showTokenRefusal deletes the grant behind the token, and waits until the next
// refresh says why there is none.
func (d *demo) showTokenRefusal(ctx context.Context) error {
	d.console.command("kubectl delete impersonationconfig %s", tokenGrant)
	grant := &v1alpha1.ImpersonationConfig{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: tokenGrant}}
	if err := d.cluster.Delete(ctx, grant); err != nil {
		return fmt.Errorf("deleting %s: %w", tokenGrant, err)
	}
	d.console.print("impersonationconfig.ordercloud.io %q deleted", tokenGrant)
	var token v1alpha1.ImpersonationToken
	var synced *metav1.Condition
	err := d.wait(ctx, "the token's next refresh to fail", func(ctx context.Context) error {
		if err := d.cluster.read(ctx, tokenName, &token); err != nil {
			return err
		}
		synced = meta.FindStatusCondition(token.Status.Conditions, v1alpha1.SyncedCondition)
		if synced == nil || synced.Reason != v1alpha1.ReasonNotGranted {
			return errors.New("it has not failed yet")
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.console.say("Tokens live %s in this demo. The next refresh says why there is no other one:", tokenLifetime)
	if err := d.printTable(ctx, "impersonationtokens", tokenName); err != nil {
		return err
	}
	d.console.command("kubectl get impersonationtoken %s -o jsonpath='{.status.conditions[?(@.type==\"Synced\")].message}'", tokenName)
	d.console.print("%s", synced.Message)
	return nil
}

// unmanagedGrant is one that somebody makes in the portal, over every buyer.
var unmanagedGrant = request{
	Method: http.MethodPost, Path: "impersonationconfig",
	Body: json.RawMessage(`{"ID": "by-hand", "SecurityProfileID": "cs-rep", "ClientID": "5A3D0C5E-1D7B-4C0E-9A43-0000000000B1"}`),
}

// showUnmanagedGrant makes a grant past Kubernetes, and shows that the Marketplace
// tells of it.
func (d *demo) showUnmanagedGrant(ctx context.Context) error {
	d.console.say("Somebody lets every admin act for the users of every buyer:")
	if _, err := d.changeBehindTheBack(ctx, unmanagedGrant); err != nil {
		return err
	}
	var seen v1alpha1.Marketplace
	err := d.wait(ctx, "the Marketplace to tell of the grant", func(ctx context.Context) error {
		if err := d.cluster.read(ctx, "default", &seen); err != nil {
			return err
		}
		if unmanaged := seen.Status.UnmanagedImpersonationConfigs; unmanaged == nil || unmanaged.Count == 0 {
			return errors.New("it tells of none yet")
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.console.say("No object declares it. The operator never deletes such a grant, but it does not keep it to itself:")
	if err := d.printTable(ctx, "marketplaces", "default"); err != nil {
		return err
	}
	d.console.command("kubectl get marketplace default -o jsonpath='{.status.unmanagedImpersonationConfigs}{\"\\n\"}{.status.wideGrants}'")
	for _, value := range []any{seen.Status.UnmanagedImpersonationConfigs, seen.Status.WideGrants} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("showing the grants: %w", err)
		}
		d.console.print("%s", encoded)
	}
	return nil
}

// me asks OrderCloud whom a token stands for.
func (s *sandbox) me(ctx context.Context, token string) (object, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v1/me", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	status, body, err := exchange(request)
	if err != nil {
		return nil, err
	}
	var answered object
	if err := json.Unmarshal(bytes.TrimSpace(body), &answered); err != nil {
		return nil, fmt.Errorf("reading the sandbox's answer: %w", err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("asking whom the token stands for: %s", refusal(status, answered))
	}
	return answered, nil
}
