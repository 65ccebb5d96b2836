// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// fault is one wrong answer, or none.
type fault struct {
	name string
	// fits says whether the fault can meet a call. Nil: any.
	fits func(call) bool
	// isOwnRefusal says that OrderCloud itself refuses, in its own words.
	isOwnRefusal bool
	// hold is how long the fault lasts.
	hold time.Duration
	// pause is what OrderCloud asks to be left alone for, beyond the end of the fault.
	pause  time.Duration
	answer func(g *gate, w http.ResponseWriter, r *http.Request)
}

const (
	// usualHold is longer than the first few attempts take.
	usualHold = 20 * time.Second
	// silentHold is longer than the operator waits for an answer, which is 30 s.
	silentHold = 45 * time.Second
	// longestPause is what the operator makes of a Retry-After of a day.
	longestPause = 5 * time.Minute
	// hugeAnswer is more than an answer of OrderCloud ever has.
	hugeAnswer = 9 << 20
	// manyRoles are more than a status has room for.
	manyRoles = 1200
)

// Which calls a fault can meet.
var (
	isWrite  = func(c call) bool { return c.isWrite }
	isList   = func(c call) bool { return c.isList }
	hasRoles = func(c call) bool { return c.hasRoles }
	// isBelieved leaves out deletions: what says that the object is gone is no fault there.
	isNoDeletion = func(c call) bool { return !c.isDeletion }
)

// faults are all of them, in the order of the page.
func faults() []fault {
	all := []fault{
		{name: "connection refused", answer: (*gate).refuse},
		{name: "connection reset", answer: func(_ *gate, w http.ResponseWriter, _ *http.Request) { reset(w) }},
		{name: "applied, connection reset", fits: isWrite, answer: applied(func(w http.ResponseWriter) { reset(w) })},
		{name: "no answer", hold: silentHold, answer: (*gate).hang},
		{name: "applied, no answer", fits: isWrite, hold: silentHold, answer: func(g *gate, w http.ResponseWriter, r *http.Request) {
			g.pass(r)
			g.hang(w, r)
		}},
		{name: "answer cut in the middle", answer: cut},
		{name: "200, empty", fits: isNoDeletion, answer: says(http.StatusOK, "application/json", "")},
		{name: "200 {}", answer: says(http.StatusOK, "application/json", "{}")},
		{name: "200, log-in page", answer: page(http.StatusOK)},
		{name: "applied, 200, log-in page", fits: isWrite, answer: applied(func(w http.ResponseWriter) { writePage(w, http.StatusOK) })},
		{name: "200, truncated JSON", answer: truncated},
		{name: "204", fits: isNoDeletion, answer: says(http.StatusNoContent, "", "")},
		{name: "301 to another host", answer: (*gate).redirect},
	}
	all = append(all, refusals()...)
	return withHolds(append(all, spoiled()...))
}

// refusals are answers with a status of 400 and above.
func refusals() []fault {
	own := func(status int, code string) fault {
		return fault{name: strconv.Itoa(status) + " JSON", isOwnRefusal: true, answer: refuses(status, code, "")}
	}
	html := func(status int) fault {
		return fault{name: strconv.Itoa(status) + " HTML", answer: page(status)}
	}
	notFound := own(http.StatusNotFound, "NotFound")
	notFound.fits = isNoDeletion
	return []fault{
		own(http.StatusBadRequest, "InvalidValue"), html(http.StatusBadRequest),
		own(http.StatusUnauthorized, "InvalidToken"), html(http.StatusUnauthorized),
		own(http.StatusForbidden, "Auth.InsufficientRoles"), html(http.StatusForbidden),
		notFound, html(http.StatusNotFound),
		html(http.StatusProxyAuthRequired), html(http.StatusConflict),
		{name: "429", answer: refuses(http.StatusTooManyRequests, "TooManyRequests", "")},
		{name: "429, Retry-After: 5", pause: 5 * time.Second, answer: refuses(http.StatusTooManyRequests, "TooManyRequests", "5")},
		{name: "429, Retry-After: 86400", pause: longestPause, answer: refuses(http.StatusTooManyRequests, "TooManyRequests", "86400")},
		{name: "429, Retry-After: -30", answer: refuses(http.StatusTooManyRequests, "TooManyRequests", "-30")},
		{name: "500 JSON", answer: refuses(http.StatusInternalServerError, "ServerError", "")},
		{name: "applied, 500 JSON", fits: isWrite, answer: applied(func(w http.ResponseWriter) {
			writeRefusal(w, http.StatusInternalServerError, "ServerError", "")
		})},
		html(http.StatusBadGateway),
		{name: "503 HTML, Retry-After: 5", pause: 5 * time.Second, answer: func(_ *gate, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			writePage(w, http.StatusServiceUnavailable)
		}},
		{name: "503 JSON, Api.Offline", answer: refuses(http.StatusServiceUnavailable, "Api.Offline", "")},
	}
}

// spoiled are answers of OrderCloud that something is wrong with.
func spoiled() []fault {
	return []fault{
		{name: "good JSON as text/plain", answer: func(g *gate, w http.ResponseWriter, r *http.Request) {
			answer := g.pass(r)
			answer.Header().Set("Content-Type", "text/plain")
			copyOut(w, answer)
		}},
		{name: "list without members", fits: isList, answer: shortened(0)},
		{name: "half of the list", fits: isList, answer: shortened(2)},
		{name: "answer of 9 MiB", answer: func(g *gate, w http.ResponseWriter, r *http.Request) {
			answer := g.pass(r)
			maps.Copy(w.Header(), answer.Header())
			w.Header().Del("Content-Length")
			w.WriteHeader(withBody(answer.Code))
			_, _ = w.Write(bytes.Repeat([]byte(" "), hugeAnswer))
			_, _ = w.Write(answer.Body.Bytes())
		}},
		{name: "400 JSON, control characters", isOwnRefusal: true, answer: func(_ *gate, w http.ResponseWriter, _ *http.Request) {
			writeRefusal(w, http.StatusBadRequest, "Odd\u0000\u001b[31m\u0007", "")
		}},
		{name: "1,200 roles of 300 characters", fits: hasRoles, answer: inflated},
	}
}

func withHolds(all []fault) []fault {
	for i := range all {
		if all[i].hold == 0 {
			all[i].hold = usualHold
		}
	}
	return all
}

// says answers without OrderCloud.
func says(status int, contentType, body string) func(*gate, http.ResponseWriter, *http.Request) {
	return func(_ *gate, w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func page(status int) func(*gate, http.ResponseWriter, *http.Request) {
	return func(_ *gate, w http.ResponseWriter, _ *http.Request) { writePage(w, status) }
}

func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form></form></body></html>")
}

func refuses(status int, code, retryAfter string) func(*gate, http.ResponseWriter, *http.Request) {
	return func(_ *gate, w http.ResponseWriter, _ *http.Request) { writeRefusal(w, status, code, retryAfter) }
}

// writeRefusal answers as OrderCloud does; the token endpoint has a form of its own in
// addition.
func writeRefusal(w http.ResponseWriter, status int, code, retryAfter string) {
	if retryAfter != "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"Errors": []any{
		map[string]any{"ErrorCode": code, "Message": "A fault was injected: " + code, "Data": nil},
	}})
}

// applied lets OrderCloud do what was asked, and answers something else.
func applied(answer func(http.ResponseWriter)) func(*gate, http.ResponseWriter, *http.Request) {
	return func(g *gate, w http.ResponseWriter, r *http.Request) {
		g.pass(r)
		answer(w)
	}
}

// cut promises more of the answer than it sends.
func cut(g *gate, w http.ResponseWriter, r *http.Request) {
	answer := g.pass(r)
	content := answer.Body.Bytes()
	if len(content) == 0 {
		content = []byte("{}")
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(withBody(answer.Code))
	_, _ = w.Write(content[:len(content)/2])
	panic(http.ErrAbortHandler) // ends the connection
}

// truncated is half of a JSON document. What would change something never reaches
// OrderCloud.
func truncated(g *gate, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		says(http.StatusOK, "application/json", `{"ID":"x","Na`)(g, w, r)
		return
	}
	answer := g.pass(r)
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
}

// shortened leaves a part of the list out; 0 leaves nothing.
func shortened(divisor int) func(*gate, http.ResponseWriter, *http.Request) {
	return changed(func(answer map[string]any) {
		items, isList := answer["Items"].([]any)
		if !isList {
			return
		}
		kept := []any{}
		if divisor > 0 {
			kept = items[:len(items)/divisor]
		}
		answer["Items"] = kept
		answer["Meta"] = map[string]any{"Page": 1, "PageSize": 100, "TotalCount": len(kept), "TotalPages": 1}
	})
}

// changed rewrites OrderCloud's JSON.
func changed(change func(map[string]any)) func(*gate, http.ResponseWriter, *http.Request) {
	return func(g *gate, w http.ResponseWriter, r *http.Request) {
		answer := g.pass(r)
		var body map[string]any
		decoder := json.NewDecoder(bytes.NewReader(answer.Body.Bytes()))
		decoder.UseNumber()
		if decoder.Decode(&body) == nil {
			change(body)
			answer.Header().Del("Content-Length")
			answer.Body.Reset()
			_ = json.NewEncoder(answer.Body).Encode(body)
		}
		copyOut(w, answer)
	}
}

// inflated names 1,200 roles of 300 characters wherever the answer names roles.
func inflated(g *gate, w http.ResponseWriter, r *http.Request) {
	roles := make([]any, manyRoles)
	for i := range roles {
		roles[i] = fmt.Sprintf("Role%04d%s", i, strings.Repeat("x", 292))
	}
	changed(func(answer map[string]any) {
		if token, isToken := answer["access_token"].(string); isToken {
			answer["access_token"] = g.inflateToken(token, roles)
			return
		}
		items, _ := answer["Items"].([]any)
		for _, item := range append(items, any(answer)) {
			if object, isObject := item.(map[string]any); isObject && object["AvailableRoles"] != nil {
				object["AvailableRoles"] = roles
			}
		}
	})(g, w, r)
}

// withBody is a status that has room for a body.
func withBody(status int) int {
	if status == http.StatusNoContent {
		return http.StatusOK
	}
	return status
}

func copyOut(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}
