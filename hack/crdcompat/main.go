// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command crdcompat tells what in a directory of CustomResourceDefinitions breaks who
// uses those of another: make crd-compat. Schemas are compared by oasdiff, as those of
// an HTTP API; what only a CRD has is compared here.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	accepted := flag.String("accepted", "", "`file` of incompatible changes that are meant, one a line; # begins a comment")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: crdcompat [-accepted FILE] OLD-DIRECTORY NEW-DIRECTORY")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	compatible, err := run(os.Stdout, flag.Arg(0), flag.Arg(1), *accepted)
	if err != nil {
		fmt.Fprintln(os.Stderr, "crdcompat:", err)
		os.Exit(2)
	}
	if !compatible {
		os.Exit(1)
	}
}

// run prints every incompatible change, and says whether all of them are accepted.
func run(out io.Writer, oldDirectory, newDirectory, acceptedFile string) (bool, error) {
	old, err := readDefinitions(oldDirectory)
	if err != nil {
		return false, err
	}
	fresh, err := readDefinitions(newDirectory)
	if err != nil {
		return false, err
	}
	found, err := compare(old, fresh)
	if err != nil {
		return false, err
	}
	accepted, err := readAccepted(acceptedFile)
	if err != nil {
		return false, err
	}
	compatible := true
	for _, change := range found {
		if slices.Contains(accepted, change) {
			fmt.Fprintln(out, "accepted:", change)
			continue
		}
		compatible = false
		fmt.Fprintln(out, "incompatible:", change)
	}
	return compatible, nil
}

// readAccepted reads the changes that are meant.
func readAccepted(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the accepted changes: %w", err)
	}
	defer func() { _ = file.Close() }()
	var found []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the accepted changes: %w", err)
	}
	return found, nil
}
