// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// TestEveryMakeTargetExists: each target of make that a page names, and each
// variable that it sets.
func TestEveryMakeTargetExists(t *testing.T) {
	makefile := read(t, "Makefile")
	target := regexp.MustCompile(`(?m)^([a-z-]+):`)
	targets := map[string]bool{}
	for _, found := range target.FindAllStringSubmatch(makefile, -1) {
		targets[found[1]] = true
	}
	calls := 0
	for _, page := range allPages(t) {
		for _, written := range append(page.commands(), page.code...) {
			arguments, isMake := strings.CutPrefix(written.text, "make ")
			if !isMake {
				continue
			}
			calls++
			command, _, _ := strings.Cut(arguments, "#")
			for _, word := range words(command) {
				name, _, isVariable := strings.Cut(word, "=")
				switch {
				case isVariable && !strings.Contains(makefile, "$("+name+")") && !strings.Contains(makefile, "$(if $("+name+")"):
					t.Errorf("%s: make %s: the Makefile does nothing with %s", written.at(), arguments, name)
				case !isVariable && !targets[name]:
					t.Errorf("%s: make %s: the Makefile has no target %s", written.at(), arguments, name)
				}
			}
		}
	}
	if calls < 20 {
		t.Errorf("make was found %d times", calls)
	}
}

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

// TestEveryResourceOfKubectlExists: kubectl get buyeruser, bu, ordercloud and so on
// name what the API server has.
func TestEveryResourceOfKubectlExists(t *testing.T) {
	newCluster(t)
	client := memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(plane.running.AdminConfig))
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(client), client, nil)
	categories := restmapper.NewDiscoveryCategoryExpander(client)
	checked := 0
	for _, page := range allPages(t) {
		for _, command := range append(page.commands(), page.code...) {
			for _, name := range resourcesIn(command.text) {
				checked++
				if _, isCategory := categories.Expand(name); isCategory {
					continue
				}
				plural, group, _ := strings.Cut(name, ".")
				if _, err := mapper.ResourceFor(schema.GroupVersionResource{Group: group, Resource: plural}); err != nil {
					t.Errorf("%s: kubectl is given %q: %v", command.at(), name, err)
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("resources were found %d times", checked)
	}
}

var (
	kubectlCall = regexp.MustCompile(`kubectl ([^|&;]*)`)
	quoted      = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	// withValue are flags of kubectl that the next word belongs to.
	withValue = map[string]bool{
		"-n": true, "--namespace": true, "-o": true, "--output": true, "-l": true, "-f": true, "-k": true,
		"-p": true, "--type": true, "--for": true, "--context": true, "--timeout": true,
	}
	// onResources are the subcommands whose first argument is a resource.
	onResources = map[string]bool{
		"get": true, "describe": true, "delete": true, "annotate": true, "label": true, "patch": true, "wait": true,
		"explain": true, "edit": true,
	}
)

// resourcesIn are the resources that the calls of kubectl in a command name.
func resourcesIn(command string) []string {
	var names []string
	for _, call := range kubectlCall.FindAllStringSubmatch(quoted.ReplaceAllString(command, "Q"), -1) {
		var positional []string
		arguments := strings.Fields(strings.ReplaceAll(call[1], "\\\n", " "))
		for i := 0; i < len(arguments); i++ {
			switch {
			case arguments[i] == "--for" && strings.Contains(call[1], "events") && i+1 < len(arguments):
				kind, _, _ := strings.Cut(arguments[i+1], "/")
				names = append(names, kind)
				i++
			case withValue[arguments[i]]:
				i++
			case arguments[i] == "#":
				i = len(arguments)
			case !strings.HasPrefix(arguments[i], "-"):
				positional = append(positional, arguments[i])
			}
		}
		if len(positional) < 2 || !onResources[positional[0]] {
			continue
		}
		for name := range strings.SplitSeq(positional[1], ",") {
			name, _, _ = strings.Cut(name, "/")
			name = strings.SplitN(name, ".spec", 2)[0]
			names = append(names, name)
		}
	}
	return names
}

// ourNames are names that only this project gives: annotations, finalizers, labels
// and metrics. The kind in buyeruser.ordercloud.io/jdoe is none of them.
var ourNames = regexp.MustCompile(`(?:^|[^.\w/-])(ordercloud\.io/[a-z][a-z-]+[a-z]|ordercloud_[a-z_]+[a-z])\b`)

func namesIn(content string) []string {
	var names []string
	for _, found := range ourNames.FindAllStringSubmatch(content, -1) {
		names = append(names, found[1])
	}
	return names
}

// TestEveryNameExists: annotations, finalizers and labels of ordercloud.io/, and
// metrics, are named in the code or in config.
func TestEveryNameExists(t *testing.T) {
	defined := map[string]bool{"ordercloud.io/v1alpha1": true}
	for _, directory := range []string{"api", "config", "internal", "controllers"} {
		err := filepath.WalkDir(filepath.Join(repository, directory), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			content, err := os.ReadFile(name)
			for _, found := range namesIn(string(content)) {
				defined[found] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, page := range documentation(t) {
		whole := span{page.path, 1, string(page.source)}
		for _, line := range whole.lines() {
			for _, name := range namesIn(line.text) {
				// The series of a histogram are named after it.
				series := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"), "_sum")
				if !defined[series] && !(strings.Contains(line.text, "grep '^") && beginsOne(defined, name)) {
					t.Errorf("%s: nothing here is called %s", line.at(), name)
				}
			}
		}
	}
}

func beginsOne(names map[string]bool, start string) bool {
	for name := range names {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// pathOfOurs is a path in the repository, alone in a code span.
var pathOfOurs = regexp.MustCompile(`^(?:\./)?((?:api|charts|cmd|config|controllers|docs|examples|hack|internal|test)/[A-Za-z0-9_./*-]+|main\.go|Makefile|Dockerfile)$`)

// TestEveryPathExists: what is written as code and looks like a path in the
// repository is one, or is made by a build and ignored by git.
func TestEveryPathExists(t *testing.T) {
	ignored, checked := read(t, ".gitignore"), 0
	for _, page := range allPages(t) {
		for _, written := range page.code {
			if found := pathOfOurs.FindStringSubmatch(written.text); found != nil {
				isBuilt := strings.Contains(ignored, "/"+strings.TrimSuffix(found[1], "/")+"/\n")
				if checked++; !isBuilt && !exists(found[1]) {
					t.Errorf("%s: there is no %s", written.at(), found[1])
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("paths were found %d times", checked)
	}
}

// read is the content of a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func isShell(language string) bool {
	switch language {
	case "console", "sh", "bash", "shell":
		return true
	}
	return false
}

// commands are what a reader is to type: in console blocks what follows a $, with
// the lines that it goes on in; in blocks of shell every line.
func (p page) commands() []span {
	var found []span
	for _, block := range p.blocks {
		if !isShell(block.language) {
			continue
		}
		var open *span
		for _, line := range block.lines() {
			typed, begins := strings.CutPrefix(line.text, "$ ")
			switch {
			case open != nil:
				open.text += "\n" + line.text
			case begins || block.language != "console":
				open = &span{line.page, line.line, typed}
			}
			if open != nil && !goesOn(open.text) {
				found, open = append(found, *open), nil
			}
		}
	}
	return found
}

var heredocBegins = regexp.MustCompile(`<<'?(\w+)`)

// goesOn reports whether a shell would wait for another line.
func goesOn(command string) bool {
	if delimiter := heredocBegins.FindStringSubmatch(command); delimiter != nil {
		return !strings.Contains(command+"\n", "\n"+delimiter[1]+"\n")
	}
	last := strings.TrimSpace(command[strings.LastIndexByte(command, '\n')+1:])
	return strings.HasSuffix(last, `\`) || strings.HasSuffix(last, "|") || strings.Count(command, "'")%2 == 1
}

// words are those of a command; what is quoted is a part of one.
func words(command string) []string {
	return strings.Fields(quoted.ReplaceAllString(command, "Q"))
}
