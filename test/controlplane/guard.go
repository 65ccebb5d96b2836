// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// guardScript waits for a line, which Stop writes, or for the end of its input,
// which comes when this process ends in any other way: a test's timeout, a
// panic, SIGKILL. Only then it does Stop's work. Signals from the terminal reach
// it too, and must not end it before its time.
const guardScript = `trap '' INT TERM HUP
read -r _ && exit 0
signal=TERM
for attempt in 1 2 3 4 5 6 7 8 9 10; do
	alive=
	for file in "$1"/*.pid; do
		kill -s "$signal" "$(cat "$file")" && alive=yes
	done
	[ -n "$alive" ] || break
	[ "$attempt" -lt 9 ] || signal=KILL
	sleep 1
done
rm -rf "$1"`

// guard ends the control plane when this process does not.
type guard struct {
	command *exec.Cmd
	input   io.WriteCloser
}

// startGuard watches over the processes whose numbers are in directory.
func startGuard(directory string) (*guard, error) {
	// Not CommandContext: it must outlive whatever ends this process.
	command := exec.Command("sh", "-c", guardScript, "sh", directory)

	input, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("watch over the control plane: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("watch over the control plane: %w", err)
	}

	return &guard{command: command, input: input}, nil
}

// dismiss ends the guard without its doing anything.
func (g *guard) dismiss() error {
	if _, err := io.WriteString(g.input, "stopped\n"); err != nil {
		return fmt.Errorf("dismiss the control plane's guard: %w", err)
	}
	if err := g.command.Wait(); err != nil {
		return fmt.Errorf("dismiss the control plane's guard: %w", err)
	}

	return nil
}

// launcher writes a script that leaves its process number in directory, for the
// guard, and becomes the program; envtest does not tell the number. Without the
// directory, which the guard removes last, the program must not run.
func launcher(directory, program string) (string, error) {
	path := filepath.Join(directory, filepath.Base(program))
	script := fmt.Sprintf("#!/bin/sh\necho $$ >%s && exec %s \"$@\"\n", quoted(path+".pid"), quoted(program))

	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		return "", fmt.Errorf("write the launcher of %s: %w", program, err)
	}

	return path, nil
}

// quoted is text as one word of a shell script.
func quoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
