// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package usertoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
	"github.com/ordercloud-operator/ordercloud-operator/internal/failure"
	"github.com/ordercloud-operator/ordercloud-operator/internal/fence"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// grantGrace is how long after its creation a token waits for its grant.
const grantGrace = time.Minute

// isGood says that the Secret holds a token for what is declared that has not
// expired.
func (p *pass) isGood() bool {
	token := p.kept.token
	return token != nil && p.Clock.Now().Before(token.expiry) &&
		p.wanted != nil && token.fingerprint == p.wanted.fingerprint() &&
		string(p.kept.secret.Data[URLKey]) == p.wanted.baseURL
}

// issue asks for a token, proves it and publishes it.
func (p *pass) issue(ctx context.Context) error {
	if err := p.checkMayPublish(ctx); err != nil {
		return err
	}
	issued := p.Clock.Now()
	token, err := p.connection.Client.CreateAccessToken(fence.WithCheck(p.marked(ctx), p.stillStands), p.wanted.buyerID, p.wanted.userID, p.wanted.request())
	if stopped, ok := errors.AsType[*fence.StoppedError](err); ok {
		return stopped.Cause
	}
	if err != nil {
		return p.explainRefusal(err)
	}
	if len(token.Roles) == 0 {
		return p.noRoles()
	}
	if err := p.permitRoles(token.Roles); err != nil {
		return err
	}
	isDeclared, err := p.isDeclaredUser(ctx, token.Access)
	switch {
	case ordercloud.HasCode(err, answer.CodeUserNotActive):
		return p.inactiveUser(err)
	case ordercloud.IsUnauthorized(err):
		return failure.New(v1alpha1.ReasonUnavailable,
			"OrderCloud refuses the token that it has just issued for %s; the operator asks for another one by itself", p.wanted.user()).By(err)
	case err != nil:
		return p.call("proving the token for").Explain(err)
	case !isDeclared:
		return p.anotherUser()
	}
	if err := p.publish(ctx, token, issued); err != nil {
		return err
	}
	p.issued = true
	p.noteProof()
	return nil
}

// stillStands asks the API server, right before a token is asked for, whether the
// declaration is the one that the pass read, and whether it may still use the Marketplace.
func (p *pass) stillStands(ctx context.Context) error {
	live := &v1alpha1.ImpersonationToken{}
	err := p.Secrets.Get(ctx, p.key(), live)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading ImpersonationToken %s again: %w", p.key(), err)
	}
	if err != nil || lifecycle.IsRedeclared(p.object, live) {
		return apierrors.NewConflict(v1alpha1.GroupVersion.WithResource("impersonationtokens").GroupResource(), p.object.Name,
			errors.New("it was changed before a token was asked for"))
	}
	tenancy, err := p.Marketplaces.CheckNow(ctx, p.object.Namespace, p.object.Spec.MarketplaceRef, p.connection.Marketplace)
	if err != nil {
		return err
	}
	// Whether a grant covers the user may take a call, which must not wait for the turn that
	// this write holds.
	return tenancy.Permit(p.wanted.declaration())
}

// prove asks OrderCloud, when a look is due, whether the token in the Secret still
// stands for the declared user. It is false when a new one is needed.
func (p *pass) prove(ctx context.Context) (bool, error) {
	if !p.isProofDue() {
		return true, nil
	}
	isDeclared, err := p.isDeclaredUser(ctx, p.kept.token.Access)
	switch {
	case ordercloud.IsUnauthorized(err):
		log.FromContext(ctx).Info("The token was revoked", "path", p.wanted.user(), "secret", p.object.SecretName())
		p.event(EventRevoked, "OrderCloud does not take the token for %s any more, before it expires; a new one is asked for", p.wanted.user())
		return false, p.drop(ctx)
	case err != nil:
		return false, p.call("looking at the token for").Explain(err)
	case !isDeclared:
		return false, p.drop(ctx)
	}
	p.noteProof()
	return true, nil
}

// isDeclaredUser asks whom a token stands for.
func (p *pass) isDeclaredUser(ctx context.Context, access ordercloud.Secret) (bool, error) {
	me, err := p.connection.Client.MeWith(ctx, access)
	return err == nil && me.BuyerID == p.wanted.buyerID && me.ID == p.wanted.userID, err
}

// isProofDue also says so of a token that somebody else has written. What was proven
// before the operator started is looked at within the interval, not all at once.
func (p *pass) isProofDue() bool {
	if p.isAskedFor() {
		return true
	}
	known, ok := p.proofs.Load(p.key())
	last, isProof := known.(proof)
	if !ok || !isProof {
		p.proofs.Store(p.key(), proof{secret: p.secretVersion(), due: p.Clock.Now().Add(spread(p.interval))})
		return false
	}
	return last.secret != p.secretVersion() || !p.Clock.Now().Before(last.due)
}

func (p *pass) noteProof() {
	p.proofs.Store(p.key(), proof{secret: p.secretVersion(), due: p.Clock.Now().Add(early(p.interval))})
}

func (p *pass) call(doing string) failure.Call {
	return failure.Call{Doing: doing + " " + p.wanted.user(), BaseURL: p.wanted.baseURL, Conceal: !p.connection.Tenancy.IsUnbound()}
}

// explainRefusal turns each of OrderCloud's refusals into what a person can do. The
// codes come first: with which status they come is not established [N].
func (p *pass) explainRefusal(err error) error {
	user, application := p.wanted.user(), p.application()
	switch {
	case ordercloud.HasCode(err, answer.CodeUserNotActive):
		return p.inactiveUser(err)
	case ordercloud.HasCode(err, answer.CodeImpersonationConfigError):
		return p.mayComeSoon(failure.New(v1alpha1.ReasonNotGranted,
			"no impersonation config lets the operator's user in OrderCloud act as %s in %s, or its security profile has no roles (%s): declare an ImpersonationConfig for them whose impersonator is that user, a group of it, or every admin",
			user, application, answer.CodeImpersonationConfigError).By(err))
	case ordercloud.HasCode(err, answer.CodeImpersonationClientIDNotFound):
		return failure.New(v1alpha1.ReasonReferenceNotFound,
			"%s does not exist in %s, or is not active (%s): correct clientID or clientName, or activate it there",
			application, p.wanted.baseURL, answer.CodeImpersonationClientIDNotFound).Stall().Again(failure.Backoff).By(err)
	case ordercloud.HasCode(err, answer.CodeImpersonationBuyerNotAssigned):
		return failure.New(v1alpha1.ReasonNotGranted,
			"buyer %s is not assigned to %s (%s): assign it to the API client in OrderCloud, or name another application",
			p.wanted.buyerID, application, answer.CodeImpersonationBuyerNotAssigned).Stall().Again(failure.UpToAMinute).By(err)
	case ordercloud.IsForbidden(err):
		return failure.New(v1alpha1.ReasonAccessDenied,
			"the operator's token lacks BuyerImpersonation, without which OrderCloud gives no token for %s: assign a security profile with it to the default context user of the Marketplace's API client",
			user).Stall().Again(failure.UpToAMinute).By(err)
	}
	return p.call("issuing a token for").Explain(err)
}

// mayComeSoon says that only a person helps, unless the token was declared a moment
// ago: a pipeline applies it and the grant together, in any order, and would take a
// stalled object for a failed one.
func (p *pass) mayComeSoon(problem *failure.Failure) error {
	if p.Clock.Since(p.object.CreationTimestamp.Time) < grantGrace {
		return problem
	}
	return problem.Stall().Again(failure.UpToAMinute)
}

func (p *pass) noRoles() error {
	return failure.New(v1alpha1.ReasonNotGranted,
		"OrderCloud grants none of the roles asked for: ask for roles that the security profile of the impersonation config has, or add them to it").
		Stall().Again(failure.UpToAMinute)
}

// inactiveUser says that no token of the user is any good.
func (p *pass) inactiveUser(err error) error {
	return failure.New(v1alpha1.ReasonRejected,
		"%s is not active in OrderCloud (%s), which takes no token of it: activate it there, or with active: true of its BuyerUser",
		p.wanted.user(), answer.CodeUserNotActive).Stall().Again(failure.UpToAMinute).By(err)
}

// anotherUser is why a token was dropped: to publish it would let its reader act as
// somebody who was not declared.
func (p *pass) anotherUser() error {
	return failure.New(v1alpha1.ReasonRejected,
		"OrderCloud issued a token that stands for another user than %s, so it was dropped: check buyerID and userID, their letter case too, and report it to OrderCloud's support",
		p.wanted.user()).Stall()
}

// application names the application as the declaration does.
func (p *pass) application() string {
	if name := p.object.Spec.ClientName; name != "" {
		return "application " + name
	}
	return "API client " + p.wanted.clientID
}

// leftOut are the roles that were asked for and not granted.
func (p *pass) leftOut() []string {
	var missing []string
	for _, role := range slices.Concat(p.wanted.roles, p.wanted.customRoles) {
		if !slices.Contains(p.kept.token.Roles, role) {
			missing = append(missing, role)
		}
	}
	return missing
}

// readyMessage is the same for as long as the token is for the same.
func (p *pass) readyMessage() string {
	message := "the Secret holds a token for what is declared"
	if missing := p.leftOut(); len(missing) > 0 {
		message += "; OrderCloud left out " + strings.Join(missing, ", ") + ", which the security profile of the impersonation config does not have"
	}
	return message
}
