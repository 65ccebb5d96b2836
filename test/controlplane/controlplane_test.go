// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// widget is the kind that testdata/crd defines.
var widget = schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Widget"}

func TestControlPlane(t *testing.T) {
	// All temporary files land here, so that one that is left behind is seen.
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		CRDDirectories:     []string{filepath.Join("testdata", "crd")},
		APIServerArguments: map[string][]string{"request-timeout": {"30s"}},
	})
	if err != nil {
		t.Fatal(err)
	}

	stopped := false
	defer func() {
		if !stopped {
			_ = plane.Stop()
		}
	}()

	admin := clientFor(t, plane.AdminKubeconfig())
	createObjects(t, admin)
	checkOperatorRights(t, plane, admin)

	stopped = true
	for range 2 {
		if err := plane.Stop(); err != nil {
			t.Fatalf("Stop: %v", err)
		}
	}

	checkNothingIsLeft(t, plane.AdminConfig.Host, temporary)
}

// createObjects shows that the API server stores and serves what it should,
// the installed kind included.
func createObjects(t *testing.T, admin client.Client) {
	t.Helper()

	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ordercloud-system"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatalf("create a namespace: %v", err)
	}

	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(widget)
	object.SetNamespace("ordercloud-system")
	object.SetName("one")
	if err := admin.Create(t.Context(), object); err != nil {
		t.Fatalf("create an object of the installed kind: %v", err)
	}
	if size, _, _ := unstructured.NestedString(object.Object, "spec", "size"); size != "medium" {
		t.Errorf("spec.size is %q, want the schema's default %q", size, "medium")
	}
}

// checkOperatorRights shows that a user has the rights that RBAC gives, and no
// others: nothing at first, then what was bound to a group of its.
func checkOperatorRights(t *testing.T, plane *controlplane.ControlPlane, admin client.Client) {
	t.Helper()

	kubeconfig, err := plane.Kubeconfig(controlplane.OperatorUser)
	if err != nil {
		t.Fatal(err)
	}
	operator := clientFor(t, kubeconfig)

	if err := operator.List(t.Context(), &corev1.NamespaceList{}); !apierrors.IsForbidden(err) {
		t.Fatalf("list namespaces without a role: %v, want Forbidden", err)
	}

	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "readers"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "reader"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:serviceaccounts:ordercloud-system"}},
	}
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}

	// The authorizer hears of a new role by a watch.
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := operator.List(t.Context(), &corev1.NamespaceList{})
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("list namespaces with a role: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestStartFails covers a control plane that does not come up: the error says
// why, and nothing is left behind.
func TestStartFails(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	assets := filepath.Join(t.TempDir(), "assets")
	if err := os.Mkdir(assets, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		script := "#!/bin/sh\ncase \"$1\" in --help) exit 0 ;; esac\necho the disk is full >&2\nexit 1\n"
		if err := os.WriteFile(filepath.Join(assets, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	_, err := controlplane.Start(t.Context(), controlplane.Options{Assets: assets, CRDDirectories: []string{}})
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("Start: %v, want an error with what etcd printed", err)
	}

	checkEmpty(t, temporary)
}

// TestUnusableAssets covers KUBEBUILDER_ASSETS that leads nowhere: it is refused
// at once rather than replaced by something the user did not ask for.
func TestUnusableAssets(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", t.TempDir())

	progress := &strings.Builder{}
	_, err := controlplane.Start(t.Context(), controlplane.Options{Progress: progress})
	if err == nil {
		t.Fatal("Start succeeded with an empty KUBEBUILDER_ASSETS")
	}
	if !strings.Contains(progress.String(), "KUBEBUILDER_ASSETS is") {
		t.Errorf("progress does not name KUBEBUILDER_ASSETS:\n%s", progress)
	}
}

// deserterVariable makes this test binary start a control plane and wait to be
// killed.
const deserterVariable = "ORDERCLOUD_CONTROLPLANE_DESERTER"

// TestMain plays the process that is killed, when asked to.
func TestMain(m *testing.M) {
	if os.Getenv(deserterVariable) == "" {
		os.Exit(m.Run())
	}

	plane, err := controlplane.Start(context.Background(), controlplane.Options{CRDDirectories: []string{}, ControllerManager: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(plane.AdminConfig.Host)
	select {}
}

// TestKilled covers a process that ends without calling Stop: its control plane
// must not stay behind.
func TestKilled(t *testing.T) {
	temporary := t.TempDir()

	// Deaf to the end of its output, of which it would die without any help.
	program := realAssets(t, "kube-controller-manager")
	assets := assetsWith(t, `exec '`+program+`' "$@" >/dev/null 2>&1`)

	deserter := exec.CommandContext(t.Context(), os.Args[0])
	deserter.Env = append(os.Environ(), deserterVariable+"=1", "TMPDIR="+temporary, "KUBEBUILDER_ASSETS="+assets)
	deserter.Stderr = os.Stderr
	output, err := deserter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := deserter.Start(); err != nil {
		t.Fatal(err)
	}

	host, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the control plane did not start: %v", err)
	}
	processes := processNumbers(t, temporary)
	if err := deserter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = deserter.Wait()

	deadline := time.Now().Add(30 * time.Second)
	for {
		entries, err := os.ReadDir(temporary)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 || time.Now().After(deadline) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}

	checkNothingIsLeft(t, strings.TrimSpace(host), temporary)
	for name, process := range processes {
		if isAlive(process) {
			t.Errorf("%s is still there", name)
		}
	}
}

// clientFor is a client for whom the kubeconfig names.
func clientFor(t *testing.T, kubeconfig []byte) client.Client {
	t.Helper()

	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}

	result, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}

	return result
}

// checkNothingIsLeft fails when the API server still answers or a file is left.
func checkNothingIsLeft(t *testing.T, host, temporary string) {
	t.Helper()

	address, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	if connection, err := net.DialTimeout("tcp", address.Host, time.Second); err == nil {
		_ = connection.Close()
		t.Errorf("kube-apiserver still listens at %s after Stop", address.Host)
	}

	checkEmpty(t, temporary)
}

// checkEmpty fails when the directory holds anything.
func checkEmpty(t *testing.T, directory string) {
	t.Helper()

	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s is left in the temporary directory", entry.Name())
	}
}
