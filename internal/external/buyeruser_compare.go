// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package external

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/drift"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

const (
	passwordField = "Password"
	xpField       = "xp"
	// maxXP is how many characters of JSON the extended properties may have [D].
	maxXP = 8000
)

// check refuses what the API server lets through and OrderCloud cannot be sent.
func (u *buyerUser) check() error {
	if _, err := u.desiredTerms(); err != nil {
		return failure.New(v1alpha1.ReasonRejected,
			"spec.termsAccepted is %s: write it as in 2026-03-01T09:00:00Z", err).Stall()
	}
	return u.checkXP()
}

// checkXP refuses what the API server cannot count.
func (u *buyerUser) checkXP() error {
	if u.object.Spec.XP == nil {
		return nil
	}
	if err := checkLength(u.object); err != nil {
		return err
	}
	if _, err := u.desiredXP(); err != nil {
		return failure.New(v1alpha1.ReasonRejected, "spec.xp is not a JSON object: correct it").Stall()
	}
	return nil
}

func (u *buyerUser) desiredXP() (map[string]any, error) {
	if u.object.Spec.XP == nil {
		return nil, nil
	}
	return decodeObject(u.object.Spec.XP.Raw)
}

// desiredTerms is when the terms were accepted, in UTC; nil when that is not declared.
func (u *buyerUser) desiredTerms() (*time.Time, error) {
	if u.object.Spec.TermsAccepted == nil {
		return nil, nil
	}
	moment, err := u.object.Spec.TermsAccepted.Time()
	if err != nil {
		return nil, err
	}
	return &moment, nil
}

// desired is the whole user as declared and checked, without a password.
func (u *buyerUser) desired() ordercloud.BuyerUser {
	spec := &u.object.Spec
	user := ordercloud.BuyerUser{
		ID:        u.object.UserID(),
		Username:  spec.Username,
		FirstName: spec.FirstName,
		LastName:  spec.LastName,
		Email:     spec.Email,
		Phone:     spec.Phone,
		Active:    isActive(u.object),
	}
	user.TermsAccepted, _ = u.desiredTerms()
	if spec.XP != nil {
		user.XP = json.RawMessage(spec.XP.Raw)
	}
	return user
}

// digestOfUser is equal for a user that was sent and one that is seen exactly when every
// field that a manifest can declare is.
func digestOfUser(user ordercloud.BuyerUser) string {
	extended, err := decodeObject(user.XP)
	if err != nil {
		return ""
	}
	return digest(user.ID, user.Username, user.FirstName, user.LastName, user.Email, user.Active,
		textOrNull(user.Phone), timeOrNull(user.TermsAccepted), extended)
}

func isActive(object *v1alpha1.BuyerUser) bool {
	return object.Spec.Active == nil || *object.Spec.Active
}

// compare records what the answer says and lists what differs.
func (u *buyerUser) compare(ctx context.Context, seen ordercloud.BuyerUser) (lifecycle.Observation, error) {
	u.record(seen)
	differences, err := u.differences(seen)
	if err != nil {
		return lifecycle.Observation{}, err
	}
	observation := lifecycle.Observation{
		Exists: true, Digest: digestOfUser(seen), Declaration: u.Declaration(u.object), Differences: differences,
	}
	state, err := u.passwordState(ctx, seen)
	if observation.Unresolved = failure.As(err); err != nil && observation.Unresolved == nil {
		return lifecycle.Observation{}, err
	}
	if state != passwordAsDeclared {
		observation.Differences = append(observation.Differences, drift.Field{Name: passwordField, WriteOnly: true})
		observation.Redeclared = state == passwordRedeclared
	}
	return observation, nil
}

func (u *buyerUser) record(seen ordercloud.BuyerUser) {
	status := &u.object.Status
	status.CompanyID = seen.CompanyID
	// In an order of their own: OrderCloud promises none, and another one would
	// be a write of the status.
	status.AvailableRoles = slices.Compact(slices.Sorted(slices.Values(seen.AvailableRoles)))
	status.DateCreated = toTime(seen.DateCreated)
	status.PasswordLastSetDate = toTime(seen.PasswordLastSetDate)
}

func (u *buyerUser) differences(seen ordercloud.BuyerUser) (drift.Fields, error) {
	spec := &u.object.Spec
	whole := spec.UpdatePolicy == v1alpha1.UpdateReplace
	var fields drift.Fields
	fields = append(fields, drift.Compare("Username", spec.Username, seen.Username)...)
	fields = append(fields, drift.Compare("FirstName", spec.FirstName, seen.FirstName)...)
	fields = append(fields, drift.Compare("LastName", spec.LastName, seen.LastName)...)
	fields = append(fields, drift.Compare("Email", spec.Email, seen.Email)...)
	fields = append(fields, drift.Compare("Active", isActive(u.object), seen.Active)...)
	if whole || spec.Phone != nil {
		fields = append(fields, drift.Compare("Phone", textOrNull(spec.Phone), textOrNull(seen.Phone))...)
	}
	if whole || spec.TermsAccepted != nil {
		fields = append(fields, u.compareTerms(seen)...)
	}
	extended, err := u.compareXP(seen, whole)
	return append(fields, extended...), err
}

func (u *buyerUser) compareTerms(seen ordercloud.BuyerUser) drift.Fields {
	desired, _ := u.desiredTerms()
	return drift.Compare("TermsAccepted", timeOrNull(desired), timeOrNull(seen.TermsAccepted))
}

func (u *buyerUser) compareXP(seen ordercloud.BuyerUser, whole bool) (drift.Fields, error) {
	desired, err := u.desiredXP()
	if err != nil {
		return nil, err
	}
	observed, err := decodeObject(seen.XP)
	if err != nil {
		return compareOtherXP(desired, seen.XP, whole), nil //nolint:nilerr // what is no object is a difference
	}
	if whole {
		return drift.CompareWhole(xpField, desired, observed), nil
	}
	return drift.CompareDeclared(xpField, desired, observed), nil
}

// compareOtherXP compares with something that is no object. OrderCloud documents
// none such; if it is there all the same, it is a difference and no dead end.
func compareOtherXP(desired map[string]any, seen json.RawMessage, whole bool) drift.Fields {
	if len(desired) == 0 && !whole {
		return nil
	}
	var want, have any
	if len(desired) > 0 {
		want = desired
	}
	if err := json.Unmarshal(seen, &have); err != nil {
		have = string(seen)
	}
	return drift.Compare(xpField, want, have)
}

// patchOf is the body that changes what differs and nothing else: a PATCH keeps
// the other fields and the other top-level keys of xp [D].
func patchOf(differences drift.Fields, secret password) map[string]any {
	body := map[string]any{}
	extended := map[string]any{}
	for _, field := range differences {
		key, isExtended := strings.CutPrefix(field.Name, xpField+".")
		switch {
		case isExtended:
			extended[key] = field.Desired
		case field.Name == passwordField:
			body[passwordField] = secret.value
		default:
			body[field.Name] = field.Desired
		}
	}
	if len(extended) > 0 {
		body[xpField] = extended
	}
	return body
}

func textOrNull(text *string) any {
	if text == nil || *text == "" {
		return nil
	}
	return *text
}

// timeOrNull is a moment as text in UTC and whole seconds, so that two ways of
// writing one moment are equal.
func timeOrNull(moment *time.Time) any {
	if moment == nil || moment.IsZero() {
		return nil
	}
	return moment.UTC().Truncate(time.Second).Format(time.RFC3339)
}
