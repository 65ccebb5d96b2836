// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
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

// GrantOperator gives OperatorUser what config/rbac grants it, and no more: the role
// that is generated from the operator's markers, the election of a leader in
// SystemNamespace, which it creates, and the questions who may read metrics. What a
// test or the demo shows then works in a cluster, too.
func (plane *ControlPlane) GrantOperator(ctx context.Context) error {
	admin, err := plane.admin()
	if err != nil {
		return err
	}

	tokenWriter, err := ClusterRole(tokenWriterFile)
	if err != nil {
		return err
	}

	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: SystemNamespace}}
	for _, object := range []client.Object{namespace, tokenWriter} {
		if err := admin.Create(ctx, object); err != nil {
			return fmt.Errorf("grant the operator its role: %w", err)
		}
	}

	for _, file := range []string{"role.yaml", "metrics_auth_role.yaml"} {
		role, err := ClusterRole(file)
		if err != nil {
			return err
		}

		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   operatorSubjects(),
		}
		for _, object := range []client.Object{role, binding} {
			if err := admin.Create(ctx, object); err != nil {
				return fmt.Errorf("grant the operator its role: %w", err)
			}
		}
	}

	return plane.GrantElection(ctx, SystemNamespace)
}

// GrantElection lets OperatorUser elect a leader by a lease in a namespace, with the
// role that is in config/rbac for that.
func (plane *ControlPlane) GrantElection(ctx context.Context, namespace string) error {
	admin, err := plane.admin()
	if err != nil {
		return err
	}

	role := &rbacv1.Role{}
	if err := readRole("leader_election_role.yaml", role); err != nil {
		return err
	}

	role.Namespace = namespace
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   operatorSubjects(),
	}
	for _, object := range []client.Object{role, binding} {
		if err := admin.Create(ctx, object); err != nil {
			return fmt.Errorf("grant the operator the election in namespace %s: %w", namespace, err)
		}
	}

	return nil
}

// GrantTokens lets OperatorUser write the Secrets of one namespace, as whoever wants
// ImpersonationTokens there does in a cluster. GrantOperator has to come first.
func (plane *ControlPlane) GrantTokens(ctx context.Context, namespace string) error {
	admin, err := plane.admin()
	if err != nil {
		return err
	}

	tokenWriter, err := ClusterRole(tokenWriterFile)
	if err != nil {
		return err
	}

	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "ordercloud-tokens"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: tokenWriter.Name},
		Subjects:   operatorSubjects(),
	}
	if err := admin.Create(ctx, binding); err != nil {
		return fmt.Errorf("grant the operator the Secrets of namespace %s: %w", namespace, err)
	}

	return nil
}

// tokenWriterFile is the role of those who write the Secrets of tokens.
const tokenWriterFile = "token_writer_role.yaml"

// admin is an administrator's client.
func (plane *ControlPlane) admin() (client.Client, error) {
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}

	admin, err := client.New(plane.AdminConfig, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reach the API server: %w", err)
	}

	return admin, nil
}

// operatorSubjects is OperatorUser, as a binding names it.
func operatorSubjects() []rbacv1.Subject {
	return []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: OperatorUser}}
}

// ClusterRole reads one of the manifests in config/rbac.
func ClusterRole(file string) (*rbacv1.ClusterRole, error) {
	role := &rbacv1.ClusterRole{}
	if err := readRole(file, role); err != nil {
		return nil, err
	}

	return role, nil
}

// readRole reads one of the manifests in config/rbac into a role.
func readRole(file string, role client.Object) error {
	root, err := Repository()
	if err != nil {
		return err
	}

	manifest, err := os.ReadFile(filepath.Join(root, "config", "rbac", file))
	if err != nil {
		return fmt.Errorf("read the operator's role: %w", err)
	}
	if err := yaml.UnmarshalStrict(manifest, role); err != nil {
		return fmt.Errorf("read the operator's role: %w", err)
	}

	return nil
}
