// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// TestEveryFlagExists: of the operator and the other programs of this repository.
// Flags of kubectl stand in its commands, which are not looked at here.
func TestEveryFlagExists(t *testing.T) {
	ours := map[string]map[string]bool{
		"ordercloud-operator": operatorFlags(t),
		"ordercloud-sandbox":  flagsOf(t, "cmd/ordercloud-sandbox"),
		"demo":                flagsOf(t, "hack/demo"),
		"bench":               flagsOf(t, "test/bench"),
	}
	anyOfOurs := func(name string) bool {
		for _, known := range ours {
			if known[name] {
				return true
			}
		}
		return false
	}
	checked := 0
	for _, page := range documentation(t) {
		for _, written := range page.code {
			if name := flagAt(written.text); name != "" && strings.HasPrefix(written.text, "--") {
				if checked++; !anyOfOurs(name) {
					t.Errorf("%s: no program here has the flag --%s", written.at(), name)
				}
			}
		}
		for _, command := range page.commands() {
			program, arguments := programOf(command.text)
			for _, name := range flagsIn(arguments) {
				if checked++; ours[program] != nil && !ours[program][name] {
					t.Errorf("%s: %s has no flag --%s", command.at(), program, name)
				}
			}
		}
	}
	if checked < 40 {
		t.Errorf("flags were found %d times", checked)
	}
}

// TestEveryFlagOfTheOperatorIsListed compares the table in docs/operations.md.
func TestEveryFlagOfTheOperatorIsListed(t *testing.T) {
	_, after, _ := strings.Cut(read(t, "docs/operations.md"), "<!-- flags: begin -->")
	table, _, found := strings.Cut(after, "<!-- flags: end -->")
	if !found {
		t.Fatal("docs/operations.md has no table between <!-- flags: begin --> and <!-- flags: end -->")
	}
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z0-9-]+)` \\|").FindAllStringSubmatch(table, -1) {
		listed[row[1]] = true
	}
	if difference := cmp.Diff(operatorFlags(t), listed); difference != "" {
		t.Errorf("flags that the operator has (-), and that docs/operations.md lists (+):\n%s", difference)
	}
}

// operatorFlags are those of main.go and of its logger.
func operatorFlags(t *testing.T) map[string]bool {
	t.Helper()
	defined := flagsOf(t, ".")
	logger := flag.NewFlagSet("", flag.ContinueOnError)
	(&zap.Options{}).BindFlags(logger)
	logger.VisitAll(func(known *flag.Flag) { defined[known.Name] = true })
	return defined
}

var (
	operatorCall = regexp.MustCompile(`make .*\brun\b.* ARGS=['"]?([^'"]*)`)
	sandboxCall  = regexp.MustCompile(`(?:bin/|go run \./cmd/)ordercloud-sandbox([^&|]*)`)
)

// programOf is the program of this repository that a command starts, and what is
// handed to it.
func programOf(command string) (program, arguments string) {
	if found := operatorCall.FindStringSubmatch(command); found != nil {
		return "ordercloud-operator", found[1]
	}
	if found := sandboxCall.FindStringSubmatch(command); found != nil {
		return "ordercloud-sandbox", found[1]
	}
	return "", ""
}

var flagName = regexp.MustCompile(`--([a-z][a-z0-9-]*)`)

func flagAt(text string) string {
	if found := flagName.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

func flagsIn(text string) []string {
	var names []string
	for _, found := range flagName.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	return names
}

// flagsOf are the flags that the program in the directory defines.
func flagsOf(t *testing.T, directory string) map[string]bool {
	t.Helper()
	defined := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(repository, directory, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if name := definedBy(node); name != "" {
				defined[name] = true
			}
			return true
		})
	}
	if len(defined) == 0 {
		t.Fatalf("%s defines no flag", directory)
	}
	return defined
}

// definedBy is the name of the flag that a call such as flags.StringVar defines.
func definedBy(node ast.Node) string {
	call, ok := node.(*ast.CallExpr)
	if !ok {
		return ""
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	position, isDefinition := map[string]int{
		"Bool": 0, "String": 0, "Int": 0, "Duration": 0,
		"BoolVar": 1, "StringVar": 1, "IntVar": 1, "DurationVar": 1, "Var": 1,
	}[function.Sel.Name]
	if !isDefinition || len(call.Args) < position+3 {
		return ""
	}
	name, ok := call.Args[position].(*ast.BasicLit)
	if !ok {
		return ""
	}
	written, err := strconv.Unquote(name.Value)
	if err != nil {
		return ""
	}
	return written
}
