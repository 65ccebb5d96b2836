// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// instruction is one line of the Dockerfile: COPY, its flags and its arguments.
type instruction struct {
	Name      string
	Flags     map[string]string
	Arguments []string
}

// stage is one FROM and what follows it.
type stage struct {
	Name         string
	Base         string
	Instructions []instruction
}

// stages reads the Dockerfile, as far as this project's goes: no heredocs, and no
// quoted words with blanks where it matters.
func stages(t *testing.T) []stage {
	t.Helper()
	file, err := os.Open(root + "/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()

	var found []stage
	var begun string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if more, continues := strings.CutSuffix(line, `\`); continues {
			begun += more + " "
			continue
		}
		read := parseInstruction(begun + line)
		begun = ""
		if read.Name != "FROM" {
			last := &found[len(found)-1]
			last.Instructions = append(last.Instructions, read)
			continue
		}
		if len(read.Arguments) != 3 || read.Arguments[1] != "AS" {
			t.Fatalf("FROM %q has no name", read.Arguments)
		}
		found = append(found, stage{Base: read.Arguments[0], Name: read.Arguments[2]})
	}
	return found
}

func parseInstruction(line string) instruction {
	words := strings.Fields(line)
	read := instruction{Name: strings.ToUpper(words[0]), Flags: map[string]string{}}
	for index, word := range words[1:] {
		flag, isFlag := strings.CutPrefix(word, "--")
		if !isFlag {
			read.Arguments = words[1+index:]
			break
		}
		name, value, _ := strings.Cut(flag, "=")
		read.Flags[name] = value
	}
	return read
}

// called is the stage of a name.
func called(t *testing.T, found []stage, name string) stage {
	t.Helper()
	for _, each := range found {
		if each.Name == name {
			return each
		}
	}
	t.Fatalf("the Dockerfile has no stage %q", name)
	return stage{}
}

// arguments are those of every instruction of a name, joined by blanks.
func (s stage) arguments(name string) []string {
	var found []string
	for _, each := range s.Instructions {
		if each.Name == name {
			found = append(found, strings.Join(each.Arguments, " "))
		}
	}
	return found
}
