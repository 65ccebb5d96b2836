// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package reference finds what the names in a declaration stand for: BuyerUsers of
// the namespace, and applications of the marketplace by their names.
package reference

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/readable"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// Referrer is the object that refers to others.
type Referrer struct {
	// Namespace of the object, in which what it refers to is.
	Namespace string
	// Marketplace that the object refers to; what it refers to belongs to the same.
	Marketplace v1alpha1.MarketplaceReference
	// WaitForReady says that a BuyerUser is of use only once it is Ready.
	WaitForReady bool
}

// BuyerUser returns the IDs of the buyer and of the user that a BuyerUser declares,
// or a *failure.Failure that says why the reference leads nowhere.
func (r Referrer) BuyerUser(ctx context.Context, reader client.Reader, reference v1alpha1.BuyerUserReference) (buyerID, userID string, err error) {
	key := types.NamespacedName{Namespace: r.Namespace, Name: reference.Name}
	var user v1alpha1.BuyerUser
	err = reader.Get(ctx, key, &user)
	if apierrors.IsNotFound(err) {
		return "", "", failure.New(v1alpha1.ReasonReferenceNotFound,
			"BuyerUser %s does not exist: create it, or name another one", key).Again(failure.AtInterval).By(err)
	}
	if readable.As(err) != nil {
		return "", "", failure.New(v1alpha1.ReasonReferenceNotReady,
			"BuyerUser %s cannot be read at present, because a BuyerUser of this cluster cannot be decoded: the operator's log names it", key).
			Again(failure.UpToAMinute).By(err)
	}
	if err != nil {
		return "", "", fmt.Errorf("getting BuyerUser %s: %w", key, err)
	}
	own := marketplace.Key(r.Namespace, r.Marketplace)
	if marketplace.Key(user.Namespace, user.Spec.MarketplaceRef) != own {
		return "", "", failure.New(v1alpha1.ReasonReferenceNotFound,
			"BuyerUser %s belongs to another Marketplace than %s: refer to a user of the same one", key, own).Stall()
	}
	if r.WaitForReady && !user.DeletionTimestamp.IsZero() {
		return "", "", failure.New(v1alpha1.ReasonReferenceNotReady,
			"BuyerUser %s is being deleted: name another one, or wait until it is declared again", key).Again(failure.AtInterval)
	}
	if r.WaitForReady && !meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ReadyCondition) {
		return "", "", failure.New(v1alpha1.ReasonReferenceNotReady,
			"waiting for BuyerUser %s to be Ready", key).Again(failure.AtInterval)
	}
	return string(user.Spec.BuyerID), user.UserID(), nil
}

// Application returns the API client with an ID, and a name that stands for it alone: the
// one that it was declared by, or of those by which the namespace's tenancy allows
// applications the one that is its own. OrderCloud is asked for the latter only. The error
// is a *failure.Failure if it does not answer.
func Application(ctx context.Context, connection *marketplace.Connection, id, declaredName string) (tenant.Application, error) {
	application := tenant.Application{ID: id}
	if declaredName != "" {
		application.Names = []string{declaredName}
		return application, nil
	}
	for _, name := range connection.Tenancy.ClientNames() {
		if strings.EqualFold(name, id) || name == v1alpha1.Everyone {
			return application, nil
		}
	}
	for _, name := range connection.Tenancy.ClientNames() {
		named, err := APIClient(ctx, connection, name)
		if problem := failure.As(err); problem != nil && problem.IsOutage() || problem == nil && err != nil {
			return application, err
		}
		if err == nil && strings.EqualFold(named, id) {
			application.Names = []string{name}
			return application, nil
		}
	}
	return application, nil
}

// APIClient returns the ID of the one API client that bears a name, or a
// *failure.Failure that says that there is none, or more than one.
func APIClient(ctx context.Context, connection *marketplace.Connection, name string) (string, error) {
	baseURL := connection.Client.BaseURL()
	ids, err := connection.Looks.APIClientsNamed(ctx, name)
	if err != nil {
		return "", failure.Call{
			Doing: fmt.Sprintf("looking up the API client named %q", name), BaseURL: baseURL,
			Conceal: !connection.Tenancy.IsUnbound(),
		}.Explain(err)
	}
	switch len(ids) {
	case 0:
		return "", failure.New(v1alpha1.ReasonReferenceNotFound,
			"no API client in %s is named %q: correct clientName, or create the application", baseURL, name).
			Stall().Again(failure.Backoff)
	case 1:
		return ids[0], nil
	default:
		return "", failure.New(v1alpha1.ReasonReferenceNotFound,
			"%d API clients in %s are named %q: give clientID instead, or rename the others", len(ids), baseURL, name).
			Stall()
	}
}
