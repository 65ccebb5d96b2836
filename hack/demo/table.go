// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

const (
	// tablePadding and minimumWidth are kubectl's.
	tablePadding = 3
	minimumWidth = 6
	// comfortableWidth is how wide a table may be before its columns move closer
	// together, so that fewer terminals wrap its lines.
	comfortableWidth = 100
)

// asTable asks the API server for what kubectl get prints: its own columns.
const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io"

// table is what kubectl get would print about all objects of a resource, or
// about one of them.
func (c *cluster) table(ctx context.Context, resource, name string) (string, error) {
	address := strings.TrimSuffix(c.config.Host, "/") + "/apis/" + v1alpha1.GroupVersion.String() +
		"/namespaces/" + namespace + "/" + resource
	if name != "" {
		address += "/" + name
	}
	var received metav1.Table
	if err := getJSON(ctx, c.config, address, &received); err != nil {
		return "", fmt.Errorf("getting the table of %s: %w", resource, err)
	}
	return renderServerTable(&received), nil
}

func getJSON(ctx context.Context, config *rest.Config, address string, into any) error {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Accept", asTable)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}

// renderServerTable shows the columns that kubectl get shows without -o wide.
func renderServerTable(received *metav1.Table) string {
	var headers []string
	var shown []int
	for index, column := range received.ColumnDefinitions {
		if column.Priority == 0 {
			headers = append(headers, strings.ToUpper(column.Name))
			shown = append(shown, index)
		}
	}
	rows := make([][]string, 0, len(received.Rows))
	for _, row := range received.Rows {
		cells := make([]string, 0, len(shown))
		for _, index := range shown {
			text := ""
			if index < len(row.Cells) {
				text = cellText(row.Cells[index])
			}
			cells = append(cells, text)
		}
		rows = append(rows, cells)
	}
	return renderTable(headers, rows)
}

func cellText(value any) string {
	switch typed := value.(type) {
	case nil:
		return ""
	case float64: // how JSON has integers
		return strconv.FormatFloat(typed, 'f', -1, 64)
	default:
		text, _, _ := strings.Cut(fmt.Sprint(typed), "\n")
		return text
	}
}

// renderTable aligns columns as kubectl does. Lines have no trailing spaces.
func renderTable(headers []string, rows [][]string) string {
	lines := append([][]string{headers}, rows...)
	widths := make([]int, len(headers))
	total := 0
	for column := range headers {
		for _, line := range lines {
			widths[column] = max(widths[column], utf8.RuneCountInString(line[column]))
		}
		total += widths[column] + tablePadding
	}
	padding := tablePadding
	if total-tablePadding > comfortableWidth {
		padding--
	}
	var text strings.Builder
	for _, line := range lines {
		var written strings.Builder
		for column, cell := range line {
			width := max(widths[column]+padding, minimumWidth)
			written.WriteString(cell + strings.Repeat(" ", width-utf8.RuneCountInString(cell)))
		}
		text.WriteString(strings.TrimRight(written.String(), " ") + "\n")
	}
	return text.String()
}
