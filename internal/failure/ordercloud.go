// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package failure

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
	"github.com/ordercloud-operator/ordercloud-operator/internal/wording"
)

// Call says what was asked of OrderCloud when it failed.
type Call struct {
	// Doing is the verb and the thing, such as "creating buyers/acme/users/jdoe".
	Doing string
	// BaseURL of the marketplace.
	BaseURL string
	// Personal are declared values that an answer might echo and that must not
	// be shown.
	Personal []string
	// Secret is a declared secret that an answer might echo, too.
	Secret ordercloud.Secret
	// Conceal says that OrderCloud's own words are for those who own the Marketplace only:
	// they may name what belongs to other tenants.
	Conceal bool
}

// FromOrderCloud explains an error of the OrderCloud client. It returns nil for
// an error that did not come from there, a cancelled context included: a call that the
// operator itself gave up because it was told to stop says nothing about OrderCloud.
func (c Call) FromOrderCloud(err error) *Failure {
	came := answer.OfError(err)
	switch came.Meaning {
	case answer.Nothing:
		return c.notTried(err)
	case answer.Left, answer.Success:
		return nil
	case answer.CredentialsRefused, answer.Unauthorized:
		return New(v1alpha1.ReasonCredentialsInvalid,
			"%s refuses the Marketplace's credentials%s: check clientID and clientSecret in its Secret, and that the API client is active and has a default context user",
			c.BaseURL, codes(err)).Stall().Again(UpToAMinute).By(err)
	case answer.Forbidden:
		return New(v1alpha1.ReasonAccessDenied,
			"OrderCloud refuses %s%s: the operator's token lacks a role for it, see the Marketplace's status.missingRoles",
			c.Doing, codes(err)).Stall().Again(UpToAMinute).By(err)
	case answer.RateLimited:
		return c.wait(err, v1alpha1.ReasonRateLimited, "OrderCloud asked to slow down; the operator tries again by itself")
	case answer.UsernameTaken:
		return New(v1alpha1.ReasonUsernameTaken,
			"another user of the marketplace has this username, and usernames are unique in all of it: choose another one, or remove it from the other user").
			Stall().Again(WhenFree).By(err)
	case answer.GrantTaken:
		return c.repeating(v1alpha1.ReasonRejected, err).Stall().Again(WhenFree)
	case answer.InUse:
		return c.repeating(v1alpha1.ReasonInUse, err)
	default:
		if came.IsUnavailable() {
			return c.wait(err, v1alpha1.ReasonUnavailable, c.unavailable(answer.Behind(err)))
		}
		return c.refusal(err)
	}
}

// Explain turns an error of the OrderCloud client into a *Failure, and wraps any other.
func (c Call) Explain(err error) error {
	if problem := c.FromOrderCloud(err); problem != nil {
		return problem
	}
	return fmt.Errorf("%s: %w", c.Doing, err)
}

// notTried explains a request that this side refused to send.
func (c Call) notTried(err error) *Failure {
	invalid, ok := errors.AsType[*ordercloud.InvalidRequestError](err)
	if !ok {
		return nil
	}
	return New(v1alpha1.ReasonRejected, "%s was not tried: %s %s", c.Doing, invalid.Field, invalid.Problem).Stall().By(err)
}

// refusal explains an answer that OrderCloud will repeat for as long as neither
// the declaration nor the marketplace changes.
func (c Call) refusal(err error) *Failure {
	if objectType, id, ok := ordercloud.MissingObject(err); ok {
		return MissingInOrderCloud(objectType, id, c.BaseURL).By(err)
	}
	return c.repeating(v1alpha1.ReasonRejected, err).Stall()
}

// repeating is a refusal in OrderCloud's own words.
func (c Call) repeating(reason string, err error) *Failure {
	refuses := fmt.Sprintf("OrderCloud refuses %s%s: ", c.Doing, codes(err))
	if !c.Conceal {
		return New(reason, "%s%s", refuses, c.messages(err)).By(err)
	}
	return New(reason, "%swhat it says may be about objects of others, so an event of the Marketplace says it to its owner", refuses).
		Telling(refuses + c.messages(err)).By(err)
}

// MissingInOrderCloud says that something an object names does not exist in the
// marketplace. Kind is a word such as "security profile", or OrderCloud's type
// name such as SecurityProfile.
func MissingInOrderCloud(kind, id, baseURL string) *Failure {
	return New(v1alpha1.ReasonReferenceNotFound, "%s %q does not exist in %s: create it there, or name another one",
		words(shown(kind)), shown(id), baseURL).Stall().Again(Backoff)
}

// shown is what an answer names, as it may be shown: an ID has at most 100 characters [D],
// and what a proxy answers may have any number.
func shown(named string) string { return wording.Cut(wording.Printable(named), 100) }

// unavailable says what there is instead of an answer. It names those causes that do not
// change from one attempt to the next: an outage shows now this failure and now that, and a
// message that follows it would be a write each time.
func (c Call) unavailable(came answer.Answer) string {
	switch came.Meaning {
	case answer.Offline:
		return fmt.Sprintf("%s is down for maintenance (%s), and says: %s; the operator tries again by itself",
			c.BaseURL, answer.CodeAPIOffline, c.words(came))
	case answer.ProxyRefused:
		return fmt.Sprintf("%s cannot be reached: the proxy on the way refuses (%s); check HTTPS_PROXY and NO_PROXY of the operator, and what the proxy lets through",
			c.BaseURL, came.Describe())
	case answer.Foreign:
		return fmt.Sprintf("%s is answered by something that is not OrderCloud (status %d without OrderCloud's JSON): check the Marketplace's spec.url, and the proxies, firewalls and log-in pages on the way",
			c.BaseURL, came.Status)
	case answer.Unreadable:
		return fmt.Sprintf("OrderCloud's answer to %s cannot be read (%s): it is cut short, too large or not what was asked for; the operator tries again by itself",
			c.Doing, came.Describe())
	default:
		return c.unreachable(came.Cause)
	}
}

func (c Call) unreachable(cause error) string {
	if lookup, ok := errors.AsType[*net.DNSError](cause); ok && lookup.IsNotFound {
		return c.BaseURL + " cannot be reached: its host name is unknown; check the Marketplace's spec.url"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](cause); ok {
		return c.BaseURL + " cannot be reached: its TLS certificate is not trusted; if it is signed by a private CA, give that to the operator"
	}
	return c.BaseURL + " cannot be reached or answers with a failure; the operator tries again by itself"
}

func (c Call) wait(err error, reason, message string) *Failure {
	waiting := New(reason, "%s", message).By(err)
	came := answer.OfError(err)
	waiting.After, waiting.IsEverywhere = came.RetryAfter, came.Scope == answer.ScopeAll
	return waiting
}

// codes shows OrderCloud's error codes in parentheses, or nothing.
func codes(err error) string {
	failed, ok := errors.AsType[*ordercloud.Error](err)
	if !ok {
		return ""
	}
	list := failed.Codes()
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// maxMessage bounds what is repeated of OrderCloud's own words, in bytes.
const maxMessage = 512

// messages repeats OrderCloud's own words, without the personal values that
// they may echo.
func (c Call) messages(err error) string { return c.words(answer.OfError(err)) }

func (c Call) words(came answer.Answer) string {
	var list []string
	for _, detail := range came.Errors {
		if message := strings.TrimRight(detail.Message, ". "); message != "" && !slices.Contains(list, message) {
			list = append(list, message)
		}
	}
	if len(list) == 0 {
		return fmt.Sprintf("it answered with status %d and no explanation", came.Status)
	}
	return c.private().Clean(strings.Join(list, "; "), maxMessage)
}

// private are the values that an answer might echo.
func (c Call) private() wording.Private {
	return wording.Private{Secrets: []string{c.Secret.Reveal()}, Personal: c.Personal}
}

// words turns OrderCloud's type names into words: SecurityProfile into
// security profile, ApiClient into API client.
func words(kind string) string {
	if strings.Contains(kind, " ") {
		return kind
	}
	var text strings.Builder
	for index, letter := range kind {
		if index > 0 && letter >= 'A' && letter <= 'Z' {
			text.WriteByte(' ')
		}
		text.WriteRune(letter)
	}
	return strings.ReplaceAll(strings.ToLower(text.String()), "api client", "API client")
}
