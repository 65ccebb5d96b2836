// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
	"github.com/ordercloud-operator/ordercloud-operator/internal/lifecycle"
	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// sound is an object of a kind that nothing is wrong with.
func (s *story) sound(kind string) client.Object {
	switch kind {
	case marketplaceKind:
		return s.marketplace("default")
	case tokenKind:
		return s.token("jdoe")
	default:
		return s.managed(kind, "jdoe")
	}
}

// managed is a sound object of a kind that mirrors one of OrderCloud's.
func (s *story) managed(kind, name string) lifecycle.Object {
	if kind == configKind {
		return s.config(name)
	}
	return s.user(name)
}

// createSecret creates the Secret of the Marketplaces, after an edit.
func (s *story) createSecret(edit func(values map[string]string)) {
	GinkgoHelper()
	clientID, clientSecret := s.sandbox.Credentials()
	secret := credentials(s.namespace, clientID, clientSecret)
	if edit != nil {
		edit(secret.StringData)
	}
	s.create(secret)
}

func (s *story) changeSecret(clientSecret string) {
	GinkgoHelper()
	change(s, credentials(s.namespace, "", ""), func(secret *corev1.Secret) { secret.Data["clientSecret"] = []byte(clientSecret) })
}

// readyMarketplace is a Marketplace that OrderCloud has accepted.
func (s *story) readyMarketplace() *v1alpha1.Marketplace {
	GinkgoHelper()
	s.createSecret(nil)
	declared := s.marketplace("default")
	s.create(declared)
	s.eventuallyReady(declared, v1alpha1.ReasonInSync)
	return declared
}

// created is an object that the operator has created in OrderCloud.
func (s *story) created(kind string) lifecycle.Object {
	GinkgoHelper()
	s.readyMarketplace()
	object := s.managed(kind, "jdoe")
	s.create(object)
	s.eventuallyReady(object, v1alpha1.ReasonCreated)
	return object
}

// misbehave lets OrderCloud do so until the story ends.
func (s *story) misbehave(fault sandbox.Fault) {
	DeferCleanup(s.sandbox.Inject(fault))
}

// createdDuring is an object that is declared while OrderCloud misbehaves.
func (s *story) createdDuring(kind string, fault sandbox.Fault) client.Object {
	GinkgoHelper()
	s.readyMarketplace()
	s.misbehave(fault)
	object := s.managed(kind, "jdoe")
	s.create(object)
	return object
}

// asked asks for a look, and does not wait for it.
func (s *story) asked(object client.Object) client.Object {
	GinkgoHelper()
	s.merge(object, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{v1alpha1.ReconcileAtAnnotation: time.Now().Format(time.RFC3339Nano)}},
	})
	return object
}

// heldDeletion is the second of two that are deleted, where the guard admits one.
func (s *story) heldDeletion(kind string) client.Object {
	GinkgoHelper()
	guarded := s.readyMarketplace()
	change(s, guarded, func(declared *v1alpha1.Marketplace) { declared.Spec.DeletionGuard.MaxDeletions = new(int32(1)) })
	first, second := s.managed(kind, "first"), s.managed(kind, "second")
	if config, ok := second.(*v1alpha1.ImpersonationConfig); ok {
		config.Spec.BuyerID = "globex" // two grants must not be the same
	}
	for _, object := range []client.Object{first, second} {
		s.create(object)
		s.eventuallyReady(object, v1alpha1.ReasonCreated)
	}
	Expect(suite.admin.Delete(s, first)).To(Succeed())
	s.eventuallyGone(first)
	Expect(suite.admin.Delete(s, second)).To(Succeed())
	return second
}

// configFor is a config that names a BuyerUser, declared.
func (s *story) configFor(user string) *v1alpha1.ImpersonationConfig {
	GinkgoHelper()
	config := s.config("cs-jdoe")
	config.Spec.BuyerID = ""
	config.Spec.UserRef = &v1alpha1.BuyerUserReference{Name: user}
	s.create(config)
	return config
}

// takenUser is a user whose username belongs to another one.
func (s *story) takenUser() *v1alpha1.BuyerUser {
	user := s.user("jdoe")
	user.Spec.Username = "walk-in@acme.example"
	return user
}

func pathOf(object client.Object) string {
	if _, isConfig := object.(*v1alpha1.ImpersonationConfig); isConfig {
		return "impersonationconfig/" + object.GetName()
	}
	return "buyers/acme/users/" + object.GetName()
}

func declareID(object client.Object, id v1alpha1.ID) {
	switch typed := object.(type) {
	case *v1alpha1.BuyerUser:
		typed.Spec.UserID = id
	case *v1alpha1.ImpersonationConfig:
		typed.Spec.ID = id
	}
}

// redeclared is a change of what is declared.
func redeclared(kind string) map[string]any {
	if kind == configKind {
		return map[string]any{"spec": map[string]any{"securityProfileID": "shopper"}}
	}
	return map[string]any{"spec": map[string]any{"firstName": "Jane"}}
}

// theirs is what somebody else makes of an object in OrderCloud.
func theirs(kind string) map[string]any {
	if kind == configKind {
		return map[string]any{"SecurityProfileID": "shopper"}
	}
	return map[string]any{"Email": "theirs@acme.example"}
}

// inFull is the declared object as OrderCloud has it.
func (s *story) inFull(kind string) map[string]any {
	GinkgoHelper()
	if kind == configKind {
		return map[string]any{
			"ImpersonationGroupID": "customer-service", "BuyerID": "acme", "SecurityProfileID": "cs-rep", "ClientID": s.clientID("Storefront"),
		}
	}
	return map[string]any{
		"Username": "jdoe@acme.example", "FirstName": "Joan", "LastName": "Doe", "Email": "jdoe@acme.example", "Active": true,
	}
}

// changingValues is what OrderCloud makes of values that it does not like.
var changingValues = strings.NewReplacer(`"Joan"`, `"JOAN"`, `"cs-rep"`, `"shopper"`)

// insertProxy lets the story's Marketplaces reach OrderCloud through something that
// changes what is sent.
func (s *story) insertProxy(changing *strings.Replacer) {
	GinkgoHelper()
	listener := nextListener()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		changed := changing.Replace(string(body))
		request.Body, request.ContentLength = io.NopCloser(bytes.NewBufferString(changed)), int64(len(changed))
		s.sandbox.ServeHTTP(writer, request)
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	DeferCleanup(server.Close)
	s.url = server.URL
}
