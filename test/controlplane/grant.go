// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// Scheme knows Kubernetes' own kinds and the project's.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("make the scheme: %w", err)
	}

	return scheme, nil
}

// GrantOperator gives OperatorUser the role that is generated from the
// operator's markers, config/rbac/role.yaml, and no more: what a test or the
// demo shows then works in a cluster, too.
func (plane *ControlPlane) GrantOperator(ctx context.Context) error {
	scheme, err := Scheme()
	if err != nil {
		return err
	}

	admin, err := client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}

	role, err := clusterRole("role.yaml")
	if err != nil {
		return err
	}

	tokenWriter, err := clusterRole("token_writer_role.yaml")
	if err != nil {
		return err
	}

	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: OperatorUser}},
	}
	for _, object := range []client.Object{role, binding, tokenWriter} {
		if err := admin.Create(ctx, object); err != nil {
			return fmt.Errorf("grant the operator its role: %w", err)
		}
	}

	return nil
}

// GrantTokens lets OperatorUser write the Secrets of one namespace, as whoever wants
// ImpersonationTokens there does in a cluster. GrantOperator has to come first.
func (plane *ControlPlane) GrantTokens(ctx context.Context, namespace string) error {
	scheme, err := Scheme()
	if err != nil {
		return err
	}

	admin, err := client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}

	tokenWriter, err := clusterRole("token_writer_role.yaml")
	if err != nil {
		return err
	}

	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud-tokens"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: tokenWriter.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: OperatorUser}},
	}
	if err := admin.Create(ctx, binding); err != nil {
		return fmt.Errorf("grant the operator the Secrets of namespace %s: %w", namespace, err)
	}

	return nil
}

// clusterRole reads one of the manifests in config/rbac.
func clusterRole(file string) (*rbacv1.ClusterRole, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}

	manifest, err := os.ReadFile(filepath.Join(root, "config", "rbac", file))
	if err != nil {
		return nil, fmt.Errorf("read the operator's role: %w", err)
	}

	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(manifest, role); err != nil {
		return nil, fmt.Errorf("read the operator's role: %w", err)
	}

	return role, nil
}
