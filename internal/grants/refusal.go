// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grants

import (
	"fmt"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// Reason says why somebody may not act as somebody.
type Reason string

// The reasons, in the order in which they are looked for: the first that holds counts.
const (
	// ImpersonatorNotFound: there is no such impersonator.
	ImpersonatorNotFound Reason = "ImpersonatorNotFound"
	// ImpersonatorInactive: the impersonator, or its buyer, may not authenticate [D].
	ImpersonatorInactive Reason = "ImpersonatorInactive"
	// RoleMissing: the impersonator holds neither BuyerImpersonation nor FullAccess [D].
	RoleMissing Reason = "RoleMissing"
	// UserNotFound: there is no such buyer user. Admin users are not impersonated [D].
	UserNotFound Reason = "UserNotFound"
	// ClientNotFound: there is no such API client.
	ClientNotFound Reason = "ClientNotFound"
	// ClientInactive: the API client is switched off.
	ClientInactive Reason = "ClientInactive"
	// BuyerNotAssigned: the user's buyer cannot reach the API client.
	BuyerNotAssigned Reason = "BuyerNotAssigned"
	// NoConfig: no impersonation config applies.
	NoConfig Reason = "NoConfig"
	// ProfileWithoutRoles: the security profile of the config that decides has no roles.
	ProfileWithoutRoles Reason = "ProfileWithoutRoles"
)

// Code returns OrderCloud's error code for a token that is refused for this reason. It
// is "" for an impersonator that is not there or not active: such a one gets no token to
// ask with.
func (r Reason) Code() string {
	switch r {
	case RoleMissing:
		return answer.CodeInsufficientRoles
	case UserNotFound:
		return answer.CodeNotFound
	case ClientNotFound:
		return answer.CodeImpersonationClientIDNotFound
	case ClientInactive:
		return codeOfInactiveClient
	case BuyerNotAssigned:
		return answer.CodeImpersonationBuyerNotAssigned
	case NoConfig, ProfileWithoutRoles:
		return answer.CodeImpersonationConfigError
	default:
		return ""
	}
}

// Refusal says why the answer to a question is no.
type Refusal struct {
	// Reason is the first that holds.
	Reason Reason
	// Question is what was asked.
	Question Question
	// Config, with ProfileWithoutRoles, decides and grants nothing; else nil.
	Config *ordercloud.ImpersonationConfig
	// Closest, with NoConfig, are configs that would apply but for one thing, at most
	// one for each thing.
	Closest []Closest
}

// Closest is a config that would apply if it did not differ in one thing. Of several
// that differ in the same thing it is the one that would decide.
type Closest struct {
	// Config does not apply.
	Config ordercloud.ImpersonationConfig
	// Differs is the one thing because of which it does not.
	Differs Difference
}

// Difference says what keeps a config from applying.
type Difference string

// The differences, in the order in which Closest lists them.
const (
	// OtherClient: the config is for another API client.
	OtherClient Difference = "OtherClient"
	// OtherImpersonator: the impersonator is not whom the config lets impersonate.
	OtherImpersonator Difference = "OtherImpersonator"
	// OtherUser: the user is not whom the config lets be impersonated.
	OtherUser Difference = "OtherUser"
)

// String says in a sentence what is missing and what to change. It names IDs and nothing
// else.
func (r *Refusal) String() string {
	asked := r.Question
	switch r.Reason {
	case ImpersonatorNotFound:
		return fmt.Sprintf("there is no user %s who could impersonate anybody: create it, or name another one", asked.Impersonator)
	case ImpersonatorInactive:
		return fmt.Sprintf("%s cannot authenticate: activate the user, and its buyer if it has one", asked.Impersonator)
	case RoleMissing:
		return fmt.Sprintf("%s holds neither %s: assign it a security profile with %s",
			asked.Impersonator, strings.Join(rolesToImpersonate, " nor "), rolesToImpersonate[0])
	case UserNotFound:
		return fmt.Sprintf("there is no buyer user %s: create it, or name another one", asked.User)
	case ClientNotFound:
		return fmt.Sprintf("there is no API client %s: it has another ID in every marketplace", asked.ClientID)
	case ClientInactive:
		return fmt.Sprintf("the API client %s is not active: activate it", asked.ClientID)
	case BuyerNotAssigned:
		return fmt.Sprintf("the buyer %s cannot reach the API client %s: assign the buyer to it, or set its AllowAnyBuyer",
			asked.User.BuyerID, asked.ClientID)
	case ProfileWithoutRoles:
		return fmt.Sprintf("the security profile %s of the impersonation config %s has no roles: give it some, or name another one in the config",
			r.Config.SecurityProfileID, r.Config.ID)
	case NoConfig:
		return r.withoutConfig()
	}
	return string(r.Reason)
}

func (r *Refusal) withoutConfig() string {
	asked := r.Question
	text := fmt.Sprintf("no impersonation config lets %s act as %s through the API client %s: create one",
		asked.Impersonator, asked.User, asked.ClientID)
	if len(r.Closest) == 0 {
		return text
	}
	closest := make([]string, 0, len(r.Closest))
	for _, each := range r.Closest {
		closest = append(closest, each.String())
	}
	return text + ", or change what comes closest: " + strings.Join(closest, "; ")
}

// String says what the config is for instead.
func (c Closest) String() string {
	switch c.Differs {
	case OtherClient:
		return fmt.Sprintf("%s is for the API client %s", c.Config.ID, c.Config.ClientID)
	case OtherImpersonator:
		return fmt.Sprintf("%s lets %s do so", c.Config.ID, impersonatorsOf(c.Config))
	case OtherUser:
		return fmt.Sprintf("%s is about %s", c.Config.ID, impersonatedBy(c.Config))
	}
	return c.Config.ID
}
