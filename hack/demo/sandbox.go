// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// sandbox is the OrderCloud in memory, from outside: as the portal, or another
// system, would see and change it. None of this counts as a call.
type sandbox struct {
	url string
}

// request is what /_sandbox/mutate takes. It needs no token.
type request struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// object is an object as OrderCloud answers it.
type object map[string]any

// send sends a request and returns the status and the object of the answer.
func (s *sandbox) send(ctx context.Context, request request) (int, object, error) {
	encoded, err := json.Marshal(request)
	if err != nil {
		return 0, nil, fmt.Errorf("encoding the request: %w", err)
	}
	status, body, err := s.call(ctx, http.MethodPost, "/_sandbox/mutate", encoded)
	if err != nil {
		return 0, nil, err
	}
	var answered object
	if len(body) > 0 {
		if err := json.Unmarshal(body, &answered); err != nil {
			return 0, nil, fmt.Errorf("reading the sandbox's answer: %w", err)
		}
	}
	return status, answered, nil
}

// change changes an object behind the operator's back and returns what it is
// from then on.
func (s *sandbox) change(ctx context.Context, request request) (object, error) {
	status, changed, err := s.send(ctx, request)
	if err != nil {
		return nil, err
	}
	if status >= http.StatusBadRequest {
		return nil, fmt.Errorf("changing %s in the sandbox: %s", request.Path, refusal(status, changed))
	}
	return changed, nil
}

// get returns an object, or nil when there is none.
func (s *sandbox) get(ctx context.Context, path string) (object, error) {
	status, found, err := s.send(ctx, request{Method: http.MethodGet, Path: path})
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return nil, nil
	case status != http.StatusOK:
		return nil, fmt.Errorf("getting %s from the sandbox: %s", path, refusal(status, found))
	}
	return found, nil
}

// stats is what the sandbox counted.
type stats struct {
	Calls  map[string]int `json:"calls"`
	Total  int            `json:"total"`
	Reads  int            `json:"reads"`
	Writes int            `json:"writes"`
}

func (s *sandbox) stats(ctx context.Context) (stats, error) {
	var counted stats
	_, body, err := s.call(ctx, http.MethodGet, "/_sandbox/stats", nil)
	if err != nil {
		return counted, err
	}
	if err := json.Unmarshal(body, &counted); err != nil {
		return counted, fmt.Errorf("reading the sandbox's statistics: %w", err)
	}
	return counted, nil
}

func (s *sandbox) call(ctx context.Context, method, path string, content []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(content))
	if err != nil {
		return 0, nil, fmt.Errorf("making the request: %w", err)
	}
	return exchange(request)
}

func exchange(request *http.Request) (int, []byte, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("asking the sandbox: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("reading the sandbox's answer: %w", err)
	}
	return response.StatusCode, body, nil
}

// refusal is OrderCloud's error as one line: "404 Not Found: NotFound: ...".
func refusal(status int, answered object) string {
	texts := []string{fmt.Sprintf("%d %s", status, http.StatusText(status))}
	reasons, _ := answered["Errors"].([]any)
	for _, entry := range reasons {
		if reason, ok := entry.(map[string]any); ok {
			texts = append(texts, fmt.Sprint(reason["ErrorCode"]), fmt.Sprint(reason["Message"]))
		}
	}
	return strings.Join(texts, ": ")
}

// field is the value at a path such as xp.costCenter, as JSON; nothing, when
// there is none, is null.
func (o object) field(path string) string {
	var value any = map[string]any(o)
	for element := range strings.SplitSeq(path, ".") {
		inner, _ := value.(map[string]any)
		value = inner[element]
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// greetedURL is the URL that a sandbox prints when it is ready to answer.
func greetedURL(log string) (string, error) {
	for line := range strings.Lines(log) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == "URL" {
			return words[1], nil
		}
	}
	return "", errors.New("it has not printed its URL yet")
}
