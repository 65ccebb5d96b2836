// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"net/http"
	"slices"
	"sync"

	"github.com/ordercloud-operator/ordercloud-operator/internal/wording"
)

const (
	// maximumWords bounds each of OrderCloud's sentences, in bytes.
	maximumWords = 2048
	// maximumDetails bounds how many errors of one answer are kept.
	maximumDetails = 50
	// maximumUnread bounds in bytes what of an error's message and data, and of those of all
	// errors, is looked at: to clean the megabytes of a host that means ill takes minutes.
	maximumUnread, maximumAllUnread = 8 << 10, 32 << 10
)

// redact takes out what the request has brought along: a host, or a proxy, that repeats it
// must not carry a secret into a status, an event, a log or a trace.
func (a *Answer) redact(request *http.Request, secrets *secrets) {
	if a.RequestID == "" && len(a.Errors) == 0 {
		return
	}
	private := secrets.of(request)
	a.RequestID = private.Identifier(a.RequestID)
	a.Errors = boundedDetails(a.Errors)
	for index, detail := range a.Errors {
		a.Errors[index] = Detail{
			Code:    private.Identifier(detail.Code),
			Message: private.Clean(detail.Message, maximumWords),
			Data:    private.CleanJSON(detail.Data, maximumWords),
		}
	}
}

// secrets are those of a client: the known ones, and the one that almost every request bears.
type secrets struct {
	known []string

	lock sync.Mutex
	// usual is the token that was borne last, and private what hides it.
	usual   string
	private wording.Private
}

// of returns what hides the secrets of a request. It is kept for a request that bears a token
// and no other secret, until another token is borne.
func (s *secrets) of(request *http.Request) wording.Private {
	borne := wording.SecretsOf(request)
	if len(borne) != 1 {
		return wording.Private{Secrets: slices.Concat(s.known, borne)}.Prepared()
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.usual != borne[0] {
		s.usual, s.private = borne[0], wording.Private{Secrets: slices.Concat(s.known, borne)}.Prepared()
	}
	return s.private
}

// boundedDetails leaves out what is too much, before anything of it is looked at. Data is kept whole
// or not at all. The codes stay, or the answer would mean something else.
func boundedDetails(details []Detail) []Detail {
	details = slices.Clone(details[:min(len(details), maximumDetails)])
	room := maximumAllUnread
	for index, detail := range details {
		if len(detail.Data) > min(room, maximumUnread) {
			detail.Data = nil
		}
		room -= len(detail.Data)
		detail.Message = wording.Cut(detail.Message, min(room, maximumUnread))
		room = max(0, room-len(detail.Message))
		detail.Code = detail.Code[:min(len(detail.Code), maximumRequestID)]
		details[index] = detail
	}
	return details
}
