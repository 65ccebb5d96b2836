// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// tokenStates are those of a token that is not fresh from the API server.
func tokenStates() []healthState {
	return []healthState{
		{
			name: "issued", ready: "True Issued", synced: "True Issued", kstatus: status.CurrentStatus, argo: argoHealthy, waited: true,
			reach: forTokens(func(s *story) client.Object { return s.issuedToken() }),
		},
		{
			name: "issued, then an outage", ready: "True Issued", synced: "False Unavailable",
			kstatus: status.CurrentStatus, argo: argoHealthy, waited: true,
			reach: forTokens(func(s *story) client.Object {
				token := s.issuedToken()
				s.misbehave(outage)
				return s.asked(token)
			}),
		},
		{
			name: "issued, then suspended", ready: "True Issued", synced: "Unknown Suspended",
			kstatus: status.CurrentStatus, argo: argoSuspended,
			reach: forTokens(func(s *story) client.Object {
				token := s.issuedToken()
				s.merge(token, map[string]any{"spec": map[string]any{"suspend": true}})
				return token
			}),
		},
		{
			name: "suspended from the start", ready: "False Suspended", synced: "Unknown Suspended",
			kstatus: status.FailedStatus, argo: argoSuspended,
			reach: forTokens(func(s *story) client.Object {
				token := s.token("jdoe")
				token.Spec.Suspend = true
				s.create(token)
				return token
			}),
		},
		{
			name: "declared before its grant", ready: "False NotGranted", synced: "False NotGranted",
			kstatus: status.InProgressStatus, argo: argoProgressing,
			reach: forTokens(func(s *story) client.Object { return s.declaredToken() }),
		},
		{
			name: "asking for roles that the profile does not have", ready: "False NotGranted", synced: "False NotGranted",
			kstatus: status.FailedStatus, argo: argoDegraded,
			reach: forTokens(func(s *story) client.Object {
				s.allowTokens()
				s.mutate(http.MethodPatch, "securityprofiles/cs-rep", map[string]any{"Roles": []any{"MeAdmin"}})
				return s.declaredToken()
			}),
		},
		{
			name: "naming a Secret that is somebody else's", ready: "False NotOwned", synced: "False NotOwned",
			kstatus: status.FailedStatus, argo: argoDegraded,
			reach: forTokens(func(s *story) client.Object {
				s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "jdoe"}})
				return s.declaredToken()
			}),
		},
		{
			name: "where the operator may not write Secrets", ready: "False AccessDenied", synced: "False AccessDenied",
			kstatus: status.FailedStatus, argo: argoDegraded,
			reach: map[string]func(*story) client.Object{tokenKind: func(s *story) client.Object {
				GinkgoHelper()
				return s.declaredToken()
			}},
		},
	}
}

// forTokens reaches a state of a token in a namespace whose Secrets the operator may
// write.
func forTokens(reach func(*story) client.Object) map[string]func(*story) client.Object {
	return map[string]func(*story) client.Object{tokenKind: func(s *story) client.Object {
		GinkgoHelper()
		Expect(suite.plane.GrantTokens(s, s.namespace)).To(Succeed())
		return reach(s)
	}}
}

// declaredToken is a token that the operator is asked for.
func (s *story) declaredToken() *v1alpha1.ImpersonationToken {
	GinkgoHelper()
	s.readyMarketplace()
	token := s.token("jdoe")
	s.create(token)
	return token
}

func (s *story) issuedToken() *v1alpha1.ImpersonationToken {
	GinkgoHelper()
	s.allowTokens()
	token := s.declaredToken()
	s.eventuallyReady(token, v1alpha1.ReasonIssued)
	return token
}
