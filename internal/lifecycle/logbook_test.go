// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle_test

import (
	"encoding/json"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// logbook is what the operator logs, at every verbosity.
var logbook struct {
	sync.Mutex

	lines []string
}

func TestMain(m *testing.M) {
	ctrllog.SetLogger(funcr.NewJSON(func(line string) {
		logbook.Lock()
		defer logbook.Unlock()
		logbook.lines = append(logbook.lines, line)
	}, funcr.Options{Verbosity: 100}))
	os.Exit(m.Run())
}

// logged lists the lines of all worlds since one of them began.
func logged(since int) []string {
	logbook.Lock()
	defer logbook.Unlock()
	return slices.Clone(logbook.lines[since:])
}

// auditLine is a line of the audit, without what differs from run to run.
type auditLine struct {
	Logger      string   `json:"logger"`
	Marketplace string   `json:"marketplace"`
	Namespace   string   `json:"namespace"`
	Kind        string   `json:"kind"`
	Name        string   `json:"name"`
	UID         string   `json:"uid"`
	Generation  int64    `json:"generation"`
	Reason      string   `json:"reason"`
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Fields      []string `json:"fields"`
	Outcome     string   `json:"outcome"`
	Status      int      `json:"status"`
	RequestID   string   `json:"requestID"`
}

// audited lists the lines of the audit among these.
func (w *world) audited(lines []string) []auditLine {
	w.t.Helper()
	var list []auditLine
	for _, text := range lines {
		var line auditLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			w.t.Fatal(err)
		}
		if line.Logger == "audit" {
			list = append(list, line)
		}
	}
	return list
}
