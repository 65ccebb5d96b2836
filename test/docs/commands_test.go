// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"
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
