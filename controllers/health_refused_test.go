// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// refusedStates are those that only a person, or another system, can end.
func refusedStates() []healthState {
	states := append(refusedByOrderCloud(), refusedByOthers()...)
	states = append(states,
		refused("of a namespace that is not let in", v1alpha1.ReasonNamespaceNotAllowed, forManaged(func(s *story, kind string) client.Object {
			s.readyMarketplace()
			object := s.managed(kind, "jdoe")
			spec, _ := object.Managed()
			spec.MarketplaceRef.Namespace = s.namespace
			object.SetNamespace(s.newNamespace(nil))
			s.create(object)
			return object
		})),
		refused("of a Marketplace whose Secret lacks a key", v1alpha1.ReasonMarketplaceNotReady, forManaged(func(s *story, kind string) client.Object {
			s.createSecret(func(values map[string]string) { delete(values, "clientSecret") })
			s.create(s.marketplace("default"))
			object := s.managed(kind, "jdoe")
			s.create(object)
			return object
		})),
		refused("of a Marketplace whose credentials are refused", v1alpha1.ReasonCredentialsInvalid, forManaged(func(s *story, kind string) client.Object {
			s.createSecret(func(values map[string]string) { values["clientSecret"] = "refused" })
			s.create(s.marketplace("default"))
			object := s.managed(kind, "jdoe")
			s.create(object)
			return object
		})),
	)
	return append(states, refusedMarketplaces()...)
}

func refused(name, reason string, reach map[string]func(*story) client.Object) healthState {
	return healthState{
		name: name, ready: "False " + reason, synced: "False " + reason, kstatus: status.FailedStatus, argo: argoDegraded, reach: reach,
	}
}

// refusedByOrderCloud are those whose declaration OrderCloud does not take.
func refusedByOrderCloud() []healthState {
	return []healthState{
		refused("without the role for it", v1alpha1.ReasonAccessDenied, forManaged(func(s *story, kind string) client.Object {
			s.readyMarketplace()
			s.patchInOrderCloud("securityprofiles/operator", map[string]any{"Roles": []any{"ApiClientReader"}})
			s.sandbox.RevokeTokens()
			object := s.managed(kind, "jdoe")
			s.create(object)
			return object
		})),
		refused("with values that OrderCloud refuses", v1alpha1.ReasonRejected, map[string]func(*story) client.Object{
			buyerUserKind: func(s *story) client.Object {
				s.readyMarketplace()
				s.create(s.passwordSecret("short"))
				user := s.userWithPassword(v1alpha1.PasswordInitial)
				s.create(user)
				return user
			},
		}),
		refused("with a username that is taken, for longer than a minute", v1alpha1.ReasonUsernameTaken, map[string]func(*story) client.Object{
			buyerUserKind: stillTaken(buyerUserKind),
		}),
		refused("with a grant that exists under another ID, for longer than a minute", v1alpha1.ReasonRejected, map[string]func(*story) client.Object{
			configKind: stillTaken(configKind),
		}),
		refused("naming what is not in OrderCloud", v1alpha1.ReasonReferenceNotFound, map[string]func(*story) client.Object{
			buyerUserKind: func(s *story) client.Object {
				s.readyMarketplace()
				user := s.user("jdoe")
				user.Spec.BuyerID = "nowhere"
				s.create(user)
				return user
			},
			configKind: func(s *story) client.Object {
				s.readyMarketplace()
				config := s.config("jdoe")
				config.Spec.SecurityProfileID = "nothing"
				s.create(config)
				return config
			},
		}),
		refused("with values that OrderCloud changes", v1alpha1.ReasonNotConverging, forManaged(func(s *story, kind string) client.Object {
			s.insertProxy(changingValues)
			s.readyMarketplace()
			object := s.managed(kind, "jdoe")
			s.create(object)
			return object
		})),
	}
}

// refusedByOthers are those of objects that somebody else has a hand in.
func refusedByOthers() []healthState {
	observed := healthState{
		name: "only observed, and different", ready: "False Drifted", synced: "True Drifted",
		kstatus: status.FailedStatus, argo: argoDegraded,
		reach: forManaged(func(s *story, kind string) client.Object {
			s.readyMarketplace()
			object := s.managed(kind, "jdoe")
			spec, _ := object.Managed()
			spec.ManagementPolicy = v1alpha1.ManagementObserve
			s.create(object)
			return object
		}),
	}
	return []healthState{
		observed,
		refused("somebody else's", v1alpha1.ReasonNotOwned, forManaged(func(s *story, kind string) client.Object {
			s.readyMarketplace()
			object := s.managed(kind, "jdoe")
			s.mutate(http.MethodPut, pathOf(object), s.inFull(kind))
			s.patchInOrderCloud(pathOf(object), theirs(kind))
			s.create(object)
			return object
		})),
		refused("declared by an older object, too, for longer than a minute", v1alpha1.ReasonConflict, forManaged(func(s *story, kind string) client.Object {
			standing := standoffs[kind]
			standing.Context = s.Context
			standing.eventuallyStalled()
			return standing.second
		})),
		refused("changed back again and again", v1alpha1.ReasonContended, forManaged(func(s *story, kind string) client.Object {
			object := s.created(kind)
			for range 3 {
				s.patchInOrderCloud(pathOf(object), theirs(kind))
				s.lookNow(object)
				s.eventuallyReady(object, v1alpha1.ReasonCorrected)
			}
			s.patchInOrderCloud(pathOf(object), theirs(kind))
			s.lookNow(object)
			Expect(s.inOrderCloud(pathOf(object))).NotTo(BeEmpty())
			return object
		})),
	}
}

// stillTaken reaches an object that was refused for longer than a minute what another one has.
func stillTaken(kind string) func(*story) client.Object {
	return func(s *story) client.Object {
		standing := takenFrom[kind]
		standing.Context = s.Context
		standing.eventuallyStalled()
		return standing.second
	}
}
