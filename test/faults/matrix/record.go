// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/test/controlplane"
)

// The files that a whole run writes, in the repository.
const (
	recordFile = "test/faults/matrix/testdata/record.json"
	pageFile   = "docs/reliability.md"
)

// record is what the last whole run found.
type record struct {
	Cells   []outcome `json:"cells"`
	Matrix  measured  `json:"matrix"`
	Costs   costs     `json:"costs"`
	Costing measured  `json:"costing"`
}

// measured is when and on what kind of machine something was measured.
type measured struct {
	Date    string `json:"date"`
	Machine string `json:"machine"`
	Seconds int    `json:"seconds"`
}

func measuredNow(took time.Duration) measured {
	return measured{
		Date:    time.Now().UTC().Format(time.DateOnly),
		Machine: fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
		Seconds: int(took.Seconds()),
	}
}

func (r *record) setCells(outcomes []outcome, took time.Duration) {
	r.Cells, r.Matrix = outcomes, measuredNow(took)
}

func (r *record) setCosts(found costs, took time.Duration) {
	r.Costs, r.Costing = found, measuredNow(took)
}

// inRepository is the path of a file of the repository.
func inRepository(file string) (string, error) {
	root, err := controlplane.Repository()
	if err != nil {
		return "", fmt.Errorf("looking for the repository: %w", err)
	}
	return filepath.Join(root, filepath.FromSlash(file)), nil
}

// readRecord reads what the last whole run found; nothing before the first.
func readRecord() (*record, error) {
	path, err := inRepository(recordFile)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &record{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the record: %w", err)
	}
	read := &record{}
	if err := json.Unmarshal(content, read); err != nil {
		return nil, fmt.Errorf("reading the record: %w", err)
	}
	return read, nil
}

// write writes the record, and the page by it.
func (r *record) write() error {
	content, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("writing the record: %w", err)
	}
	path, err := inRepository(recordFile)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the record: %w", err)
	}
	if path, err = inRepository(pageFile); err != nil {
		return err
	}
	page, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	rendered, err := r.render(string(page))
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(rendered), 0o600); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
