// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maximumMetricLine bounds one line of a metrics page.
const maximumMetricLine = 1 << 20

// sample is one line of a metrics page, in Prometheus' text format.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

// parseMetrics reads the samples of some metrics and skips all others: the API
// server's page has tens of thousands of lines.
func parseMetrics(page io.Reader, wanted ...string) ([]sample, error) {
	var samples []sample
	lines := bufio.NewScanner(page)
	lines.Buffer(nil, maximumMetricLine)
	for lines.Scan() {
		line := lines.Text()
		end := strings.IndexAny(line, "{ ")
		if end < 0 || !slices.Contains(wanted, line[:end]) {
			continue
		}
		parsed, err := parseSample(line[:end], line[end:])
		if err != nil {
			return nil, fmt.Errorf("reading the metric %q: %w", line, err)
		}
		samples = append(samples, parsed)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the metrics: %w", err)
	}
	return samples, nil
}

// parseSample reads what follows a metric's name: labels, a value and perhaps
// the time.
func parseSample(name, rest string) (sample, error) {
	parsed := sample{name: name, labels: map[string]string{}}
	if list, hasLabels := strings.CutPrefix(rest, "{"); hasLabels {
		var err error
		if rest, err = parseLabels(list, parsed.labels); err != nil {
			return parsed, err
		}
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return parsed, errors.New("it has no value")
	}
	value, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return parsed, fmt.Errorf("reading its value: %w", err)
	}
	parsed.value = value
	return parsed, nil
}

// parseLabels reads name="value", ... up to the closing brace, and returns what
// comes after it.
func parseLabels(list string, into map[string]string) (rest string, err error) {
	for {
		list = strings.TrimLeft(list, ", ")
		if after, closed := strings.CutPrefix(list, "}"); closed {
			return after, nil
		}
		name, quoted, found := strings.Cut(list, `="`)
		if !found {
			return "", errors.New("its labels do not end")
		}
		var value strings.Builder
		position := 0
		for position < len(quoted) && quoted[position] != '"' {
			if quoted[position] == '\\' && position+1 < len(quoted) {
				position++
				value.WriteByte(unescaped(quoted[position]))
			} else {
				value.WriteByte(quoted[position])
			}
			position++
		}
		if position == len(quoted) {
			return "", fmt.Errorf("the value of its label %s does not end", name)
		}
		into[name] = value.String()
		list = quoted[position+1:]
	}
}

// unescaped is what a letter behind a backslash stands for.
func unescaped(letter byte) byte {
	if letter == 'n' {
		return '\n'
	}
	return letter
}

// fetchMetrics gets a metrics page.
func fetchMetrics(ctx context.Context, caller *http.Client, url string, wanted ...string) ([]sample, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	response, err := caller.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking for metrics: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking %s for metrics: it answers %s", url, response.Status)
	}
	return parseMetrics(response.Body, wanted...)
}
