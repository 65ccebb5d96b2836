// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// holding is a finalizer that nobody but the test removes.
const holding = "example.org/holding"

// TestControllerManager covers what only kube-controller-manager does: deleted
// namespaces are emptied and go away, unless a finalizer holds them up, and what
// lost its owner is collected.
func TestControllerManager(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	plane := startWithControllerManager(t)
	admin := clientFor(t, plane.AdminKubeconfig())

	empty, filled, held := newNamespace(t, admin, "empty"), newNamespace(t, admin, "filled"), newNamespace(t, admin, "held")
	content := newWidget(t, admin, filled.Name, "content")
	heldBack := newWidget(t, admin, held.Name, "held-back", func(object client.Object) { object.SetFinalizers([]string{holding}) })

	owner := newConfigMap(t, admin, "owner")
	lastingOwner := newConfigMap(t, admin, "lasting-owner")
	dependent := newWidget(t, admin, metav1.NamespaceDefault, "dependent", ownedBy(owner))
	lasting := newWidget(t, admin, metav1.NamespaceDefault, "lasting", ownedBy(lastingOwner))

	deleted := time.Now()
	for _, object := range []client.Object{empty, filled, held, owner} {
		if err := admin.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}

	for _, object := range []client.Object{dependent, empty, content, filled} {
		waitUntilGone(t, admin, object)
		t.Logf("%s is gone after %s", object.GetName(), time.Since(deleted).Round(time.Millisecond))
	}
	checkExists(t, admin, lasting)

	waitUntilHeld(t, admin, held)
	checkExists(t, admin, heldBack)
	if heldBack.GetDeletionTimestamp() == nil {
		t.Error("the object in the deleted namespace is not being deleted")
	}
	t.Logf("%s is held after %s", held.Name, time.Since(deleted).Round(time.Millisecond))

	released := time.Now()
	heldBack.SetFinalizers(nil)
	if err := admin.Update(t.Context(), heldBack); err != nil {
		t.Fatal(err)
	}
	waitUntilGone(t, admin, held)
	t.Logf("%s is gone %s after the finalizer", held.Name, time.Since(released).Round(time.Millisecond))

	if err := plane.Stop(); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	checkNothingIsLeft(t, plane.AdminConfig.Host, temporary)
}

// TestControllerManagerFails covers a kube-controller-manager that does not come
// up: the error says why, and nothing is left behind.
func TestControllerManagerFails(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	assets := assetsWith(t, "echo no such controller >&2\nexit 1\n")
	_, err := controlplane.Start(t.Context(), controlplane.Options{Assets: assets, CRDDirectories: []string{}, ControllerManager: true})
	if err == nil || !strings.Contains(err.Error(), "no such controller") {
		t.Fatalf("Start: %v, want an error with what kube-controller-manager printed", err)
	}

	checkEmpty(t, temporary)
}

// TestControllerManagerDies covers a kube-controller-manager that ends during a
// test, which then waits in vain: Stop says why, and removes the rest.
func TestControllerManagerDies(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	plane := startWithControllerManager(t)
	process := processNumbers(t, temporary)["kube-controller-manager"]
	if err := syscall.Kill(process, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "kube-controller-manager has ended", func() bool { return syscall.Kill(process, 0) != nil })

	err := plane.Stop()
	if err == nil || !strings.Contains(err.Error(), "kube-controller-manager ended before it was told to: signal: killed") {
		t.Errorf("Stop: %v, want an error that says what became of kube-controller-manager", err)
	}
	checkNothingIsLeft(t, plane.AdminConfig.Host, temporary)
}

func startWithControllerManager(t *testing.T) *controlplane.ControlPlane {
	t.Helper()

	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		CRDDirectories:    []string{filepath.Join("testdata", "crd")},
		ControllerManager: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })

	return plane
}

// assetsWith is a directory with the real etcd and kube-apiserver, and the script
// in the place of kube-controller-manager.
func assetsWith(t *testing.T, script string) string {
	t.Helper()

	directory := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if err := os.Symlink(filepath.Join(realAssets(t), name), filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	writeScript(t, filepath.Join(directory, "kube-controller-manager"), script)

	return directory
}

// realAssets is what the script prints, which finds or builds it.
func realAssets(t *testing.T, arguments ...string) string {
	t.Helper()

	output, progress, err := callAssetsScript(t, arguments...)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress)
	}

	return strings.TrimSuffix(output, "\n")
}

func newNamespace(t *testing.T, admin client.Client, name string) *corev1.Namespace {
	t.Helper()

	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}

	return namespace
}

func newConfigMap(t *testing.T, admin client.Client, name string) *corev1.ConfigMap {
	t.Helper()

	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}
	if err := admin.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}

	return object
}

func newWidget(t *testing.T, admin client.Client, namespace, name string, changes ...func(client.Object)) *unstructured.Unstructured {
	t.Helper()

	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(widget)
	object.SetNamespace(namespace)
	object.SetName(name)
	for _, change := range changes {
		change(object)
	}
	if err := admin.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}

	return object
}

func ownedBy(owner *corev1.ConfigMap) func(client.Object) {
	return func(object client.Object) {
		object.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}})
	}
}

// waitUntilHeld waits until the namespace says that finalizers hold it up.
func waitUntilHeld(t *testing.T, admin client.Client, namespace *corev1.Namespace) {
	t.Helper()

	waitUntil(t, namespace.Name+" names the finalizer that holds it up", func() bool {
		checkExists(t, admin, namespace)

		return slices.ContainsFunc(namespace.Status.Conditions, func(condition corev1.NamespaceCondition) bool {
			return condition.Type == corev1.NamespaceFinalizersRemaining && condition.Status == corev1.ConditionTrue &&
				strings.Contains(condition.Message, holding)
		})
	})
}

func waitUntilGone(t *testing.T, admin client.Client, object client.Object) {
	t.Helper()

	waitUntil(t, object.GetName()+" is gone", func() bool {
		return apierrors.IsNotFound(admin.Get(t.Context(), client.ObjectKeyFromObject(object), object))
	})
}

func checkExists(t *testing.T, admin client.Client, object client.Object) {
	t.Helper()

	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatalf("%s should be there: %v", object.GetName(), err)
	}
}

func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()

	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// processNumbers are those of the processes of the one control plane whose files
// are in the temporary directory, by name.
func processNumbers(t *testing.T, temporary string) map[string]int {
	t.Helper()

	files, err := filepath.Glob(filepath.Join(temporary, "*", "*.pid"))
	if err != nil {
		t.Fatal(err)
	}

	numbers := map[string]int{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil {
			t.Fatal(err)
		}
		numbers[strings.TrimSuffix(filepath.Base(file), ".pid")] = number
	}
	if len(numbers) != 3 {
		t.Fatalf("the processes are %v, want three", numbers)
	}

	return numbers
}

// isAlive is whether the process runs. One that has ended keeps its number until
// its parent asks, which in a container may be never; on Linux it is told by its
// empty command line.
func isAlive(process int) bool {
	if syscall.Kill(process, 0) != nil {
		return false
	}

	commandLine, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", process))

	return err != nil || len(commandLine) > 0
}
