// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// unseenStates are those that the operator has not looked at yet. A pipeline that
// asks at once must not take any of them for the result.
func unseenStates() []healthState {
	return []healthState{
		{
			name: "just created", kstatus: status.InProgressStatus, argo: argoProgressing,
			reach: forKinds(everyKind, func(s *story, kind string) client.Object { return s.submit(s.sound(kind)) }),
		},
		{
			name: "declared anew, and not seen since", ready: "True Created", synced: "True Created",
			kstatus: status.InProgressStatus, argo: argoProgressing,
			reach: forManaged(func(s *story, kind string) client.Object { return s.merge(s.created(kind), redeclared(kind)) }),
		},
		{
			name: "declared anew, and not seen since", ready: "True InSync", synced: "True InSync",
			kstatus: status.InProgressStatus, argo: argoProgressing,
			reach: forKinds([]string{marketplaceKind}, func(s *story, _ string) client.Object {
				return s.merge(s.readyMarketplace(), map[string]any{"spec": map[string]any{"interval": "2h"}})
			}),
		},
	}
}

// goodStates are those in which OrderCloud held what is declared when it was last
// seen.
func goodStates() []healthState {
	good := func(name, ready, synced string, reach func(s *story, kind string) client.Object) healthState {
		return healthState{
			name: name, ready: ready, synced: synced, kstatus: status.CurrentStatus, argo: argoHealthy, waited: true,
			reach: forManaged(reach),
		}
	}
	states := []healthState{
		good("created", "True Created", "True Created", func(s *story, kind string) client.Object { return s.created(kind) }),
		good("updated", "True Updated", "True Updated", func(s *story, kind string) client.Object {
			object := s.created(kind)
			s.merge(object, redeclared(kind))
			return object
		}),
		good("corrected", "True Corrected", "True Corrected", func(s *story, kind string) client.Object {
			object := s.created(kind)
			s.patchInOrderCloud(pathOf(object), theirs(kind))
			s.lookNow(object)
			return object
		}),
		good("found as declared", "True InSync", "True InSync", func(s *story, kind string) client.Object {
			object := s.managed(kind, "jdoe")
			s.readyMarketplace()
			s.mutate(http.MethodPut, pathOf(object), s.inFull(kind))
			s.create(object)
			return object
		}),
		good("created, then an outage", "True Created", "False Unavailable", func(s *story, kind string) client.Object {
			object := s.created(kind)
			s.misbehave(outage)
			return s.asked(object)
		}),
		good("created, then asked to slow down", "True Created", "False RateLimited", func(s *story, kind string) client.Object {
			object := s.created(kind)
			s.misbehave(slowDown)
			return s.asked(object)
		}),
		good("created, then the credentials are refused", "True Created", "False CredentialsInvalid", func(s *story, kind string) client.Object {
			object := s.created(kind)
			s.changeSecret("refused")
			return object
		}),
	}
	return append(append(states, goodMarketplaces()...), suspendedStates()...)
}

// suspendedStates are those in which a person has stopped the operator.
func suspendedStates() []healthState {
	suspend := map[string]any{"spec": map[string]any{"suspend": true}}
	return []healthState{
		{
			name: "suspended from the start", ready: "False Suspended", synced: "Unknown Suspended",
			kstatus: status.FailedStatus, argo: argoSuspended,
			reach: forManaged(func(s *story, kind string) client.Object {
				object := s.managed(kind, "jdoe")
				spec, _ := object.Managed()
				spec.Suspend = true
				s.create(object)
				return object
			}),
		},
		{
			name: "created, then suspended", ready: "True Created", synced: "Unknown Suspended",
			kstatus: status.CurrentStatus, argo: argoSuspended,
			reach: forManaged(func(s *story, kind string) client.Object {
				object := s.created(kind)
				s.merge(object, suspend)
				return object
			}),
		},
		{
			name: "created, then suspended, then declared anew", ready: "False Suspended", synced: "Unknown Suspended",
			kstatus: status.FailedStatus, argo: argoSuspended,
			reach: forManaged(func(s *story, kind string) client.Object {
				object := s.created(kind)
				s.merge(object, suspend)
				s.eventuallyHas(object, v1alpha1.SyncedCondition, metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
				s.merge(object, redeclared(kind))
				return object
			}),
		},
		{
			name: "created, then suspended and declared anew in one edit", ready: "True Created", synced: "Unknown Suspended",
			kstatus: status.CurrentStatus, argo: argoSuspended,
			reach: forManaged(func(s *story, kind string) client.Object {
				object := s.created(kind)
				edit := redeclared(kind)
				spec, ok := edit["spec"].(map[string]any)
				Expect(ok).To(BeTrue())
				spec["suspend"] = true
				s.merge(object, edit)
				return object
			}),
		},
	}
}

var (
	outage   = sandbox.Fault{Path: "/v1/**", Status: http.StatusServiceUnavailable}
	slowDown = sandbox.Fault{Path: "/v1/**", Status: http.StatusTooManyRequests}
)

// waitingStates are those that may end by themselves, or with what a pipeline is
// about to apply.
func waitingStates() []healthState {
	waiting := func(name, reason string, reach map[string]func(*story) client.Object) healthState {
		return healthState{
			name: name, ready: "False " + reason, synced: "False " + reason,
			kstatus: status.InProgressStatus, argo: argoProgressing, reach: reach,
		}
	}
	return append([]healthState{
		waiting("without its Marketplace", v1alpha1.ReasonMarketplaceNotFound, forManaged(func(s *story, kind string) client.Object {
			object := s.managed(kind, "jdoe")
			s.create(object)
			return object
		})),
		waiting("of a Marketplace without its Secret", v1alpha1.ReasonMarketplaceNotReady, forManaged(func(s *story, kind string) client.Object {
			s.create(s.marketplace("default"))
			object := s.managed(kind, "jdoe")
			s.create(object)
			return object
		})),
		waiting("naming what is not in Kubernetes yet", v1alpha1.ReasonReferenceNotFound, map[string]func(*story) client.Object{
			buyerUserKind: func(s *story) client.Object {
				s.readyMarketplace()
				user := s.userWithPassword(v1alpha1.PasswordInitial)
				s.create(user)
				return user
			},
			configKind: func(s *story) client.Object {
				s.readyMarketplace()
				return s.configFor("nobody")
			},
		}),
		waiting("naming a user who is not Ready", v1alpha1.ReasonReferenceNotReady, map[string]func(*story) client.Object{
			configKind: func(s *story) client.Object {
				s.create(s.takenUser())
				s.readyMarketplace()
				return s.configFor("jdoe")
			},
		}),
		waiting("with a username that is taken, in the first minute", v1alpha1.ReasonUsernameTaken, map[string]func(*story) client.Object{
			buyerUserKind: func(s *story) client.Object {
				s.readyMarketplace()
				_, second := s.taken(buyerUserKind)
				return second
			},
		}),
		waiting("with a grant that exists under another ID, in the first minute", v1alpha1.ReasonRejected, map[string]func(*story) client.Object{
			configKind: func(s *story) client.Object {
				s.readyMarketplace()
				_, second := s.taken(configKind)
				return second
			},
		}),
		waiting("declared by an older object, too, in its first minute", v1alpha1.ReasonConflict, forManaged(func(s *story, kind string) client.Object {
			s.created(kind)
			namesake := s.managed(kind, "namesake")
			declareID(namesake, "jdoe")
			s.create(namesake)
			return namesake
		})),
		waiting("not created because of an outage", v1alpha1.ReasonUnavailable, forManaged(func(s *story, kind string) client.Object {
			return s.createdDuring(kind, outage)
		})),
		waiting("not created because OrderCloud asks to slow down", v1alpha1.ReasonRateLimited, forManaged(func(s *story, kind string) client.Object {
			return s.createdDuring(kind, slowDown)
		})),
	}, waitingMarketplaces()...)
}

// deletedStates are those of objects that somebody has deleted.
func deletedStates() []healthState {
	deleted := func(name, ready, synced string, reach map[string]func(*story) client.Object) healthState {
		return healthState{
			name: name, ready: ready, synced: synced, kstatus: status.TerminatingStatus, argo: argoProgressing, reach: reach,
		}
	}
	held := deleted("deleted, and held by the guard", "False DeletionHeld", "False DeletionHeld", forManaged(func(s *story, kind string) client.Object {
		return s.heldDeletion(kind)
	}))
	inUse := deleted("deleted, and in use", "False InUse", "False InUse", map[string]func(*story) client.Object{
		buyerUserKind: func(s *story) client.Object {
			user := s.created(buyerUserKind)
			config := s.configFor("jdoe")
			s.eventuallyReady(config, v1alpha1.ReasonCreated)
			Expect(suite.admin.Delete(s, user)).To(Succeed())
			return user
		},
	})
	return append([]healthState{held, inUse}, append(deletedMarketplaces(), healthState{
		name: "gone", kstatus: status.NotFoundStatus, argo: argoMissing,
		reach: forKinds(everyKind, func(s *story, kind string) client.Object {
			object := s.sound(kind)
			s.create(object)
			Expect(suite.admin.Delete(s, object)).To(Succeed())
			return object
		}),
	})...)
}
