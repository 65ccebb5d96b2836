// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// document is the official OpenAPI document, corrected by the exceptions.
type document struct {
	router routers.Router
}

// load reads the document that Find has found, once per process: it is large.
var load = sync.OnceValues(func() (*document, error) {
	path, _ := Find()
	parsed, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the OpenAPI document: %w", err)
	}
	parsed.Servers = openapi3.Servers{{URL: "/v1"}} // wherever the sandbox listens
	correct(parsed)
	router, err := gorillamux.NewRouter(parsed)
	if err != nil {
		return nil, fmt.Errorf("routing by the OpenAPI document: %w", err)
	}
	return &document{router: router}, nil
})

// Find looks for the official OpenAPI document: the file that the environment
// variable ORDERCLOUD_OPENAPI names, or
// ../shared/ordercloud/openapi-1.0.260.json beside the repository.
func Find() (path string, found bool) {
	if named := os.Getenv("ORDERCLOUD_OPENAPI"); named != "" {
		return named, true // a wrong name is an error, not a missing document
	}
	folder, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if exists(filepath.Join(folder, "go.mod")) {
			path = filepath.Join(folder, "..", "shared", "ordercloud", "openapi-1.0.260.json")
			return path, exists(path)
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", false
		}
		folder = parent
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
