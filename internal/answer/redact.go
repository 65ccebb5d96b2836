// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"net/http"
	"slices"

	"github.com/ordercloud-operator/ordercloud-operator/internal/wording"
)

const (
	// maximumWords bounds each of OrderCloud's sentences, in bytes.
	maximumWords = 2048
	// maximumDetails bounds how many errors of one answer are kept.
	maximumDetails = 50
)

// redact takes out what the request has brought along: a host, or a proxy, that repeats it
// must not carry a secret into a status, an event, a log or a trace.
func (a *Answer) redact(request *http.Request, known []string) {
	private := wording.Private{Secrets: slices.Concat(known, wording.SecretsOf(request))}
	a.RequestID = private.Identifier(a.RequestID)
	a.Errors = a.Errors[:min(len(a.Errors), maximumDetails)]
	for index, detail := range a.Errors {
		a.Errors[index] = Detail{
			Code:    private.Identifier(detail.Code),
			Message: private.Clean(detail.Message, maximumWords),
			Data:    private.CleanJSON(detail.Data, maximumWords),
		}
	}
}
