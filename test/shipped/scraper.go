// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shipped

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/transport"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// tokenLifetime is longer than anything here runs.
const tokenLifetime = 24 * time.Hour

// NewScraper returns a client that may read the metrics: it has the token of a
// ServiceAccount that is bound to the role in config/rbac, as Prometheus has.
func NewScraper(ctx context.Context, admin client.Client) (*http.Client, error) {
	role, err := controlplane.ClusterRole("metrics_reader_role.yaml")
	if err != nil {
		return nil, err
	}
	name := metav1.ObjectMeta{Namespace: controlplane.SystemNamespace, Name: "prometheus"}
	account := &corev1.ServiceAccount{ObjectMeta: name}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: name.Namespace, Name: name.Name}},
	}
	for _, object := range []client.Object{role, binding, account} {
		if err := client.IgnoreAlreadyExists(admin.Create(ctx, object)); err != nil {
			return nil, fmt.Errorf("grant the metrics to a scraper: %w", err)
		}
	}
	asked := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: new(int64(tokenLifetime.Seconds())),
	}}
	if err := admin.SubResource("token").Create(ctx, account, asked); err != nil {
		return nil, fmt.Errorf("request a token for a scraper: %w", err)
	}
	// As the ServiceMonitor: the operator has made its certificate itself.
	encrypted := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}
	return &http.Client{Transport: transport.NewBearerAuthRoundTripper(asked.Status.Token, encrypted)}, nil
}
