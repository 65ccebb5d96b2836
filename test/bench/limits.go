// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// warmUp is how many objects are written before anything is measured: an API
// server that has just started takes a second or two for its first requests.
const warmUp = 200

// limitOfAPIServer makes for each object the three writes that a new object costs
// at the least: its creation, its claim and its status. No operator runs.
func (r *run) limitOfAPIServer(ctx context.Context) error {
	err := r.parallel(ctx, "objects that warm the API server up", warmUp, func(ctx context.Context, number int) error {
		return r.writeWithoutOperator(ctx, r.size+number)
	})
	if err != nil {
		return err
	}
	started := time.Now()
	if err := r.parallel(ctx, "objects that are written", r.size, r.writeWithoutOperator); err != nil {
		return err
	}
	r.figures.set(limitAPIServer, time.Since(started).Seconds())
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer r.progress.follow(func() string { return "deleting these objects" })()
	return r.cluster.deleteAllUsers(ctx, limitNamespace)
}

func (r *run) writeWithoutOperator(ctx context.Context, number int) error {
	user := declaredUser(limitNamespace, number)
	if err := r.cluster.Create(ctx, user); err != nil {
		return fmt.Errorf("creating %s: %w", user.Name, err)
	}
	// An annotation stands for the finalizer, which nobody would take off.
	if err := r.cluster.mergePatch(ctx, user, `{"metadata":{"annotations":{"example.org/claim":"http://127.0.0.1:9990"}}}`); err != nil {
		return err
	}
	patch := client.RawPatch(types.MergePatchType, []byte(statusPatch(user, time.Now())))
	if err := r.cluster.Status().Patch(ctx, user, patch); err != nil {
		return fmt.Errorf("patching the status of %s: %w", user.Name, err)
	}
	return nil
}

// statusPatch is about what the operator records of a new user.
func statusPatch(user *v1alpha1.BuyerUser, now time.Time) string {
	const condition = `{"type":%q,"status":%q,"reason":"Created","message":"created buyers/%s/users/%s in OrderCloud","lastTransitionTime":%q,"observedGeneration":1}`
	at := now.UTC().Format(time.RFC3339)
	conditions := ""
	for _, each := range [][2]string{
		{v1alpha1.ReadyCondition, "True"}, {v1alpha1.SyncedCondition, "True"}, {v1alpha1.DriftedCondition, "False"},
	} {
		if conditions != "" {
			conditions += ","
		}
		conditions += fmt.Sprintf(condition, each[0], each[1], user.Spec.BuyerID, user.Name, at)
	}
	return fmt.Sprintf(`{"status":{"observedGeneration":1,"path":"buyers/%s/users/%s","userID":%q,"companyID":%q,"dateCreated":%q,"conditions":[%s]}}`,
		user.Spec.BuyerID, user.Name, user.Name, user.Spec.BuyerID, at, conditions)
}

// limitOfOrderCloud sends for each object the one request that a new object costs
// at the least, to a marketplace of its own.
func (r *run) limitOfOrderCloud(ctx context.Context) (err error) {
	other, err := openMarketplace(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.close()) }()
	direct, err := newCaller(ctx, other)
	if err != nil {
		return err
	}
	defer direct.client.CloseIdleConnections()
	started := time.Now()
	if err := r.parallel(ctx, "users that are created in OrderCloud", r.size, direct.createUser); err != nil {
		return err
	}
	r.figures.set(limitSandbox, time.Since(started).Seconds())
	return nil
}
