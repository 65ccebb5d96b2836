// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/look"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// BuyerUsers binds BuyerUser resources to buyer users.
type BuyerUsers struct {
	// Reader reads the metadata of Secrets; it may be a cache.
	Reader client.Reader
	// Secrets reads the Secrets themselves; it must not be a cache.
	Secrets client.Reader
}

// New returns an empty BuyerUser.
func (b BuyerUsers) New() *v1alpha1.BuyerUser { return &v1alpha1.BuyerUser{} }

// NewList returns an empty list of BuyerUsers.
func (b BuyerUsers) NewList() client.ObjectList { return &v1alpha1.BuyerUserList{} }

// Path returns buyers/BUYER/users/USER.
func (b BuyerUsers) Path(object *v1alpha1.BuyerUser) string {
	return unbound.BuyerUsers(string(object.Spec.BuyerID)).Path(object.UserID())
}

// Exclusive is the username, in whatever letter case.
func (b BuyerUsers) Exclusive(object *v1alpha1.BuyerUser) string {
	return strings.ToLower(object.Spec.Username)
}

// HoldsData says yes: what other programs wrote to a user goes with it.
func (b BuyerUsers) HoldsData() bool { return true }

// Describe records the user's ID.
func (b BuyerUsers) Describe(object *v1alpha1.BuyerUser) { object.Status.UserID = object.UserID() }

// Check refuses extended properties that are too long to be kept in memory.
func (b BuyerUsers) Check(object *v1alpha1.BuyerUser) error { return checkLength(object) }

// Declaration is a user of the buyer.
func (b BuyerUsers) Declaration(object *v1alpha1.BuyerUser) tenant.Declaration {
	return tenant.Declaration{Kind: v1alpha1.TenantBuyerUser, BuyerID: string(object.Spec.BuyerID)}
}

// Bind binds one BuyerUser to the user that it declares.
func (b BuyerUsers) Bind(object *v1alpha1.BuyerUser, connection *marketplace.Connection) lifecycle.External {
	return &buyerUser{
		BuyerUsers: b, object: object, looks: connection.Looks,
		users: connection.Client.BuyerUsers(string(object.Spec.BuyerID)), configs: connection.Client.ImpersonationConfigs(),
		baseURL: connection.Client.BaseURL(), isBound: !connection.Tenancy.IsUnbound(),
	}
}

type buyerUser struct {
	BuyerUsers

	object  *v1alpha1.BuyerUser
	looks   *look.Marketplace
	users   ordercloud.Collection[ordercloud.BuyerUser]
	configs ordercloud.Collection[ordercloud.ImpersonationConfig]
	baseURL string
	// isBound: others use the marketplace, too, and what is theirs is not named.
	isBound bool
	// sent is the password that this pass wrote.
	sent password
}

// Resolve says whose user is declared, and checks what the API server could not.
func (u *buyerUser) Resolve(context.Context, bool) (tenant.Declaration, error) {
	return u.Declaration(u.object), u.check()
}

// Observe looks the user up.
func (u *buyerUser) Observe(ctx context.Context) (lifecycle.Observation, error) {
	u.sent = password{}
	user, found, err := u.look(ctx)
	if err != nil || !found {
		return lifecycle.Observation{}, err
	}
	return u.compare(ctx, user)
}

func (u *buyerUser) look(ctx context.Context) (user ordercloud.BuyerUser, found bool, err error) {
	user, found, err = u.looks.BuyerUser(ctx, string(u.object.Spec.BuyerID), u.object.UserID())
	if err != nil {
		return user, false, u.call("reading").Explain(err)
	}
	return user, found, nil
}

// Look looks the user up.
func (u *buyerUser) Look(ctx context.Context) (lifecycle.Observation, error) {
	user, found, err := u.look(ctx)
	if err != nil || !found {
		return lifecycle.Observation{}, err
	}
	return lifecycle.Observation{Exists: true, Digest: digestOfUser(user)}, nil
}

// Digest is that of the declared user, without its password.
func (u *buyerUser) Digest() string { return digestOfUser(u.desired()) }

// Create makes the user, with the declared password if there is one.
func (u *buyerUser) Create(ctx context.Context) (lifecycle.Observation, error) {
	secret, err := u.readPassword(ctx)
	if err != nil {
		return lifecycle.Observation{}, err
	}
	desired := u.desired()
	desired.Password = secret.value
	created, err := u.users.Create(ctx, desired)
	if ordercloud.IsIDExists(err) {
		return lifecycle.Observation{}, exists(err)
	}
	if err != nil {
		return lifecycle.Observation{}, u.explainWrite("creating", secret, err)
	}
	u.rememberPassword(secret, created)
	return u.compare(ctx, created)
}

// Update patches what differs, or with updatePolicy Replace puts the whole user.
func (u *buyerUser) Update(ctx context.Context, differences drift.Fields) (lifecycle.Observation, error) {
	var secret password
	if differences.Has(passwordField) {
		var err error
		if secret, err = u.readPassword(ctx); err != nil {
			return lifecycle.Observation{}, err
		}
	}
	updated, err := u.write(ctx, differences, secret)
	if isGone(err) {
		return lifecycle.Observation{}, lifecycle.ErrGone
	}
	if err != nil {
		return lifecycle.Observation{}, u.explainWrite("updating", secret, err)
	}
	u.rememberPassword(secret, updated)
	return u.compare(ctx, updated)
}

func (u *buyerUser) write(ctx context.Context, differences drift.Fields, secret password) (ordercloud.BuyerUser, error) {
	if u.object.Spec.UpdatePolicy == v1alpha1.UpdateReplace {
		desired := u.desired()
		// Only a password that is meant to be set is sent: what a PUT without one
		// does is not established, PasswordLastSetDate would show it [N].
		desired.Password = secret.value
		return u.users.Save(ctx, u.object.UserID(), desired)
	}
	return u.users.Patch(ctx, u.object.UserID(), patchOf(differences, secret))
}

// Delete removes the user.
func (u *buyerUser) Delete(ctx context.Context) error {
	err := u.users.Delete(ctx, u.object.UserID())
	if err == nil || ordercloud.IsNotFound(err) {
		return nil
	}
	if named := u.namedBy(ctx, err); named != "" {
		return u.inUseBy(named).By(err)
	}
	return u.call("deleting").Explain(err)
}

// inUseBy names an impersonation config, which may be another tenant's, only to whom it may
// concern.
func (u *buyerUser) inUseBy(config string) *failure.Failure {
	const text = "%s names %s in OrderCloud, which therefore refuses to delete it: delete that first"
	if u.isBound {
		return failure.New(v1alpha1.ReasonInUse, text, "an impersonation config", u.Path(u.object)).
			Telling(fmt.Sprintf(text, config, u.Path(u.object)))
	}
	return failure.New(v1alpha1.ReasonInUse, text, config, u.Path(u.object))
}

// Deactivate forbids the user to authenticate, and changes nothing else.
func (u *buyerUser) Deactivate(ctx context.Context) error {
	_, err := u.users.Patch(ctx, u.object.UserID(), map[string]any{"Active": false})
	if err == nil || ordercloud.IsNotFound(err) {
		return nil
	}
	return u.call("deactivating").Explain(err)
}

// namedBy finds the impersonation config because of which OrderCloud refuses the
// deletion, declared or not; empty when that is not the reason or cannot be found.
func (u *buyerUser) namedBy(ctx context.Context, refusal error) string {
	if !ordercloud.HasCode(refusal, answer.CodeCannotDeleteImpersonateeParty) {
		return ""
	}
	// In this order, so that the same one is named each time.
	for _, party := range []string{"", "Impersonation"} {
		of := []ordercloud.Filter{
			{Field: party + "BuyerID", Expression: string(u.object.Spec.BuyerID)},
			{Field: party + "UserID", Expression: u.object.UserID()},
		}
		for config, err := range u.configs.All(ctx, of...) {
			if err == nil && names(config, string(u.object.Spec.BuyerID), u.object.UserID()) {
				return u.configs.Path(config.ID)
			}
		}
	}
	return ""
}

// names compares again what a filter matched [N].
func names(config ordercloud.ImpersonationConfig, buyerID, userID string) bool {
	return deref(config.BuyerID) == buyerID && deref(config.UserID) == userID ||
		deref(config.ImpersonationBuyerID) == buyerID && deref(config.ImpersonationUserID) == userID
}

// isGone tells a missing user from a missing buyer.
func isGone(err error) bool {
	kind, _, known := ordercloud.MissingObject(err)
	return ordercloud.IsNotFound(err) && (!known || kind != "Buyer")
}

// explainWrite names the buyer when it is what is missing. The password that was
// sent must not come back in an explanation.
func (u *buyerUser) explainWrite(verb string, sent password, err error) error {
	if _, _, known := ordercloud.MissingObject(err); ordercloud.IsNotFound(err) && !known {
		return failure.MissingInOrderCloud("buyer", string(u.object.Spec.BuyerID), u.baseURL).By(err)
	}
	call := u.call(verb)
	call.Secret = sent.value
	return call.Explain(err)
}

func (u *buyerUser) call(verb string) failure.Call {
	spec := &u.object.Spec
	return failure.Call{
		Doing:    fmt.Sprintf("%s %s", verb, u.Path(u.object)),
		BaseURL:  u.baseURL,
		Conceal:  u.isBound,
		Personal: []string{spec.Username, spec.Email, spec.FirstName + " " + spec.LastName, spec.FirstName, spec.LastName, deref(spec.Phone)},
	}
}
