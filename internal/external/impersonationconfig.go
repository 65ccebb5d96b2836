// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/marketplace"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/reference"
	"github.com/ordercloud-operator/ordercloud-operator/internal/tenant"
)

// ImpersonationConfigs binds ImpersonationConfig resources to impersonation
// configs.
type ImpersonationConfigs struct {
	// Reader reads the BuyerUsers that configs refer to; it may be a cache.
	Reader client.Reader
}

// New returns an empty ImpersonationConfig.
func (i ImpersonationConfigs) New() *v1alpha1.ImpersonationConfig {
	return &v1alpha1.ImpersonationConfig{}
}

// NewList returns an empty list of ImpersonationConfigs.
func (i ImpersonationConfigs) NewList() client.ObjectList { return &v1alpha1.ImpersonationConfigList{} }

// Path returns impersonationconfig/ID.
func (i ImpersonationConfigs) Path(object *v1alpha1.ImpersonationConfig) string {
	return unbound.ImpersonationConfigs().Path(object.ConfigID())
}

// Exclusive is all that is granted: OrderCloud refuses a second config with the same.
func (i ImpersonationConfigs) Exclusive(object *v1alpha1.ImpersonationConfig) string {
	config, isResolved := ResolvedConfig(object)
	if !isResolved {
		return ""
	}
	config.ID = ""
	return digestOfConfig(config)
}

// HoldsData says no: every field of a config is declared.
func (i ImpersonationConfigs) HoldsData() bool { return false }

// Describe records nothing: who may impersonate whom is known with the references.
func (i ImpersonationConfigs) Describe(*v1alpha1.ImpersonationConfig) {}

// Check refuses nothing: what is wrong with a config shows in OrderCloud only.
func (i ImpersonationConfigs) Check(*v1alpha1.ImpersonationConfig) error { return nil }

// Declaration is what the declaration stands for by what its references stood for when they
// last could be resolved.
func (i ImpersonationConfigs) Declaration(object *v1alpha1.ImpersonationConfig) tenant.Declaration {
	config, isResolved := ResolvedConfig(object)
	if !isResolved {
		return tenant.Declaration{Kind: v1alpha1.TenantImpersonationConfig, Unresolved: true}
	}
	return declarationOf(config, tenant.Application{ID: config.ClientID, Names: namesOf(config.ClientID, object.Status.Resolved)})
}

// ResolvedConfig returns the config that a resource declares, by what its references stood
// for when they last could be resolved, and whether they ever could.
func ResolvedConfig(object *v1alpha1.ImpersonationConfig) (config ordercloud.ImpersonationConfig, isResolved bool) {
	config = declaredConfig(object)
	if object.Status.Resolved == nil || !isComplete(&object.Spec, object.Status.Resolved) {
		return config, false
	}
	useResolved(&config, &object.Spec, object.Status.Resolved)
	return config, true
}

// Bind binds one ImpersonationConfig to the config that it declares.
func (i ImpersonationConfigs) Bind(object *v1alpha1.ImpersonationConfig, connection *marketplace.Connection) lifecycle.External {
	return &impersonationConfig{
		ImpersonationConfigs: i, object: object, connection: connection,
		configs: connection.Client.ImpersonationConfigs(),
	}
}

type impersonationConfig struct {
	ImpersonationConfigs

	object     *v1alpha1.ImpersonationConfig
	connection *marketplace.Connection
	configs    ordercloud.Collection[ordercloud.ImpersonationConfig]
	// desired is what the declaration stands for, once its references are
	// resolved.
	desired ordercloud.ImpersonationConfig
	// resolved is what the references stand for. Of a config that is claimed, it becomes
	// part of the status only with a look that OrderCloud answered: before, nobody knows
	// whether OrderCloud still holds what they stood for earlier.
	resolved *v1alpha1.ResolvedReferences
	// lacksClientOnly: all references but the name of the application are resolved.
	lacksClientOnly bool
	// redeclared: a reference stands for something else than at the last pass.
	redeclared bool
	// unresolved is why a reference stands for what it stood for at the last
	// pass: it cannot be resolved any more.
	unresolved *failure.Failure
}

// Resolve resolves the references.
func (c *impersonationConfig) Resolve(ctx context.Context, claimed bool) (tenant.Declaration, error) {
	if err := c.resolve(ctx, claimed); err != nil {
		return c.knownBeside(err), err
	}
	application, err := reference.Application(ctx, c.connection, c.desired.ClientID, c.object.Spec.ClientName)
	if err != nil {
		return tenant.Declaration{}, err
	}
	c.noteResolved(application)
	declared := declarationOf(c.desired, application)
	if !claimed {
		c.noteForHeirs(declared)
	}
	return declared, nil
}

// noteForHeirs records what an unclaimed declaration stands for. Nothing that it stood for
// earlier is in OrderCloud. Others have to know what it stands for now, to tell whether it
// may inherit. Who may not declare it is not told which application a name stands for.
func (c *impersonationConfig) noteForHeirs(declared tenant.Declaration) {
	c.object.Status.Resolved = nil
	if c.connection.Tenancy.Permit(declared) == nil {
		c.object.Status.Resolved = c.resolved
	}
}

// knownBeside is what decides about the permission though no application bears the name: who
// may not use one of that name is not told whether it exists.
func (c *impersonationConfig) knownBeside(err error) tenant.Declaration {
	problem := failure.As(err)
	if !c.lacksClientOnly || problem == nil || problem.Reason != v1alpha1.ReasonReferenceNotFound {
		return tenant.Declaration{}
	}
	return declarationOf(c.desired, tenant.Application{Names: []string{c.object.Spec.ClientName}})
}

// Observe looks the config up.
func (c *impersonationConfig) Observe(ctx context.Context) (lifecycle.Observation, error) {
	seen, found, err := c.look(ctx)
	if err != nil {
		return lifecycle.Observation{}, err
	}
	if !found && c.unresolved != nil {
		// Nothing is granted to somebody who may not be there any more.
		return lifecycle.Observation{}, c.unresolved
	}
	c.object.Status.Resolved = c.resolved
	if !found {
		return lifecycle.Observation{}, c.checkCreation(ctx)
	}
	return c.compare(seen), nil
}

func (c *impersonationConfig) look(ctx context.Context) (seen ordercloud.ImpersonationConfig, found bool, err error) {
	seen, found, err = c.connection.Looks.ImpersonationConfig(ctx, c.object.ConfigID())
	if err != nil {
		return seen, false, c.call("reading").Explain(err)
	}
	return seen, found, nil
}

// Look looks the config up, and resolves no reference.
func (c *impersonationConfig) Look(ctx context.Context) (lifecycle.Observation, error) {
	seen, found, err := c.look(ctx)
	if err != nil || !found {
		return lifecycle.Observation{}, err
	}
	return lifecycle.Observation{Exists: true, Digest: digestOfConfig(seen)}, nil
}

// Digest is that of what the declaration stands for, once its references are resolved.
func (c *impersonationConfig) Digest() string { return digestOfConfig(c.desired) }

// digestOfConfig leaves the letter case of the API client's ID out, which changes between
// endpoints [I].
func digestOfConfig(config ordercloud.ImpersonationConfig) string {
	return digest(config.ID, deref(config.ImpersonationBuyerID), deref(config.ImpersonationGroupID), deref(config.ImpersonationUserID),
		deref(config.BuyerID), deref(config.GroupID), deref(config.UserID), config.SecurityProfileID, strings.ToLower(config.ClientID))
}

// Create makes the config.
func (c *impersonationConfig) Create(ctx context.Context) (lifecycle.Observation, error) {
	created, err := c.configs.Create(ctx, c.desired)
	if ordercloud.IsIDExists(err) {
		return lifecycle.Observation{}, exists(err)
	}
	if err != nil {
		return lifecycle.Observation{}, c.explainWrite(ctx, "creating", err)
	}
	return c.compare(created), nil
}

// Update puts the whole config: every one of its fields is declared, and a stray
// null would grant the whole marketplace.
func (c *impersonationConfig) Update(ctx context.Context, _ drift.Fields) (lifecycle.Observation, error) {
	if err := c.checkProfile(ctx); err != nil {
		return lifecycle.Observation{}, err
	}
	saved, err := c.configs.Save(ctx, c.object.ConfigID(), c.desired)
	if err != nil {
		return lifecycle.Observation{}, c.explainWrite(ctx, "updating", err)
	}
	return c.compare(saved), nil
}

// Delete removes the config. It needs none of the references.
func (c *impersonationConfig) Delete(ctx context.Context) error {
	err := c.configs.Delete(ctx, c.object.ConfigID())
	if err == nil || ordercloud.IsNotFound(err) {
		return nil
	}
	return c.call("deleting").Explain(err)
}

func (c *impersonationConfig) compare(seen ordercloud.ImpersonationConfig) lifecycle.Observation {
	want := &c.desired
	var fields drift.Fields
	compare := func(name string, desired, observed *string) {
		fields = append(fields, drift.Compare(name, textOrNull(desired), textOrNull(observed))...)
	}
	compare("ImpersonationBuyerID", want.ImpersonationBuyerID, seen.ImpersonationBuyerID)
	compare("ImpersonationGroupID", want.ImpersonationGroupID, seen.ImpersonationGroupID)
	compare("ImpersonationUserID", want.ImpersonationUserID, seen.ImpersonationUserID)
	compare("BuyerID", want.BuyerID, seen.BuyerID)
	compare("GroupID", want.GroupID, seen.GroupID)
	compare("UserID", want.UserID, seen.UserID)
	compare("SecurityProfileID", &want.SecurityProfileID, &seen.SecurityProfileID)
	// The letter case of an API client's ID changes between endpoints [I].
	if !strings.EqualFold(want.ClientID, seen.ClientID) {
		compare("ClientID", &want.ClientID, &seen.ClientID)
	}
	return lifecycle.Observation{
		Exists: true, Digest: digestOfConfig(seen), Declaration: declarationOf(seen, c.applicationOf(seen)),
		Differences: fields, Redeclared: c.redeclared, Unresolved: c.unresolved,
	}
}

func (c *impersonationConfig) call(verb string) failure.Call {
	return failure.Call{
		Doing: fmt.Sprintf("%s %s", verb, c.Path(c.object)), BaseURL: c.connection.Client.BaseURL(),
		Conceal: !c.connection.Tenancy.IsUnbound(),
	}
}
