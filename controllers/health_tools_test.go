// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

// What Argo CD calls the health of a resource.
const (
	argoHealthy     = "Healthy"
	argoProgressing = "Progressing"
	argoDegraded    = "Degraded"
	argoSuspended   = "Suspended"
	argoMissing     = "Missing"
)

// argoScripts is where the customizations for Argo CD are.
var argoScripts = filepath.Join("..", "config", "argocd", "component", "health.yaml")

// live is the object as the API server has it, every field of it, or nil when it is
// gone.
func (s *story) live(object client.Object) *unstructured.Unstructured {
	GinkgoHelper()
	kind, err := suite.admin.GroupVersionKindFor(object)
	Expect(err).NotTo(HaveOccurred())
	read := &unstructured.Unstructured{}
	read.SetGroupVersionKind(kind)
	err = suite.admin.Get(s, client.ObjectKeyFromObject(object), read)
	if apierrors.IsNotFound(err) {
		return nil
	}
	Expect(err).NotTo(HaveOccurred())
	return read
}

// submit creates the object, and returns it as the API server answers: the operator
// has not seen it yet.
func (s *story) submit(object client.Object) *unstructured.Unstructured {
	GinkgoHelper()
	kind, err := suite.admin.GroupVersionKindFor(object)
	Expect(err).NotTo(HaveOccurred())
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	Expect(err).NotTo(HaveOccurred())
	answer := &unstructured.Unstructured{Object: content}
	answer.SetGroupVersionKind(kind)
	s.create(answer)
	return answer
}

// merge changes the object, and returns it as the API server answers.
func (s *story) merge(object client.Object, change map[string]any) *unstructured.Unstructured {
	GinkgoHelper()
	kind, err := suite.admin.GroupVersionKindFor(object)
	Expect(err).NotTo(HaveOccurred())
	patch, err := json.Marshal(change)
	Expect(err).NotTo(HaveOccurred())
	answer := &unstructured.Unstructured{}
	answer.SetGroupVersionKind(kind)
	answer.SetNamespace(object.GetNamespace())
	answer.SetName(object.GetName())
	Expect(suite.admin.Patch(s, answer, client.RawPatch("application/merge-patch+json", patch))).To(Succeed())
	return answer
}

// kstatusOf asks the library that Flux and Helm ask.
func kstatusOf(object *unstructured.Unstructured) status.Status {
	GinkgoHelper()
	if object == nil {
		return status.NotFoundStatus
	}
	result, err := status.Compute(object.DeepCopy())
	Expect(err).NotTo(HaveOccurred())
	return result.Status
}

// argoHealthOf runs the script that config/argocd gives to Argo CD for the kind.
func argoHealthOf(object *unstructured.Unstructured) (health, message string) {
	GinkgoHelper()
	if object == nil {
		return argoMissing, ""
	}
	health, message, err := runInLua(argoScriptOf(object.GetKind()), object.Object)
	Expect(err).NotTo(HaveOccurred())
	Expect([]string{argoHealthy, argoProgressing, argoDegraded, argoSuspended}).To(ContainElement(health))
	if object.GetDeletionTimestamp() != nil {
		Expect(health).To(Equal(argoProgressing), "what Argo CD says of it without asking the script")
	}
	return health, message
}

func argoScriptOf(kind string) string {
	GinkgoHelper()
	manifest, err := os.ReadFile(argoScripts)
	Expect(err).NotTo(HaveOccurred())
	var fragment corev1.ConfigMap
	Expect(yaml.UnmarshalStrict(manifest, &fragment)).To(Succeed())
	script, found := fragment.Data["resource.customizations.health."+v1alpha1.GroupVersion.Group+"_"+kind]
	Expect(found).To(BeTrue(), kind+" has no script")
	return script
}

// runInLua runs a script as Argo CD does: with the base and table libraries only,
// for a second at most, and with the object in the variable obj.
func runInLua(script string, object map[string]any) (health, message string, err error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return "", "", fmt.Errorf("opening Lua's library %q: %w", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", inLua(state, object))
	if err := state.DoString(script); err != nil {
		return "", "", fmt.Errorf("running the script: %w", err)
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("the script returns %s, not a table", state.Get(-1).Type())
	}
	return lua.LVAsString(table.RawGetString("status")), lua.LVAsString(table.RawGetString("message")), nil
}

// inLua is a value of a manifest in Lua.
func inLua(state *lua.LState, value any) lua.LValue {
	switch typed := value.(type) {
	case bool:
		return lua.LBool(typed)
	case string:
		return lua.LString(typed)
	case int64:
		return lua.LNumber(typed)
	case float64:
		return lua.LNumber(typed)
	case []any:
		table := state.CreateTable(len(typed), 0)
		for _, item := range typed {
			table.Append(inLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(typed))
		for key, item := range typed {
			table.RawSetString(key, inLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}

// endsWait says whether "kubectl wait --for=condition=Ready" is content: the
// condition is True and not about an earlier generation than the object's.
func endsWait(object *unstructured.Unstructured) bool {
	GinkgoHelper()
	ready := conditionIn(object, v1alpha1.ReadyCondition)
	if ready == nil {
		return false
	}
	observed, found, err := unstructured.NestedInt64(ready, "observedGeneration")
	Expect(err).NotTo(HaveOccurred())
	if found && observed < object.GetGeneration() {
		return false
	}
	return ready["status"] == "True"
}

// conditionIn is a condition of an object, or nil.
func conditionIn(object *unstructured.Unstructured, kind string) map[string]any {
	GinkgoHelper()
	if object == nil {
		return nil
	}
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	Expect(err).NotTo(HaveOccurred())
	for _, item := range conditions {
		if condition, ok := item.(map[string]any); ok && condition["type"] == kind {
			return condition
		}
	}
	return nil
}

// shownCondition is a condition's status and reason, such as "True Created".
func shownCondition(object *unstructured.Unstructured, kind string) string {
	GinkgoHelper()
	condition := conditionIn(object, kind)
	if condition == nil {
		return ""
	}
	return fmt.Sprintf("%s %s", condition["status"], condition["reason"])
}

// inTable lays rows out as a table in Markdown.
func inTable(rows [][]string) string {
	var text strings.Builder
	for index, row := range rows {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(row, " | "))
		if index == 0 {
			fmt.Fprintf(&text, "|%s\n", strings.Join(slices.Repeat([]string{"---|"}, len(row)), ""))
		}
	}
	return text.String()
}
