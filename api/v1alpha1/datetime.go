// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// DateTime is a moment as the manifest writes it, by RFC 3339. It is text, because the
// API server admits more than Go's time types decode, and an object that cannot be
// decoded keeps the operator from reading all objects of its kind. Time parses it where
// it is used.
//
// +kubebuilder:validation:Type=string
// +kubebuilder:validation:Format=date-time
type DateTime string

// UnmarshalJSON takes whatever is there. The API server admits a list, too, where a string
// has a format; its JSON is kept as the text, which is no moment.
func (d *DateTime) UnmarshalJSON(text []byte) error {
	var moment string
	if err := json.Unmarshal(text, &moment); err != nil {
		moment = string(text)
	}
	*d = DateTime(moment)
	return nil
}

var errNoDateTime = errors.New("not a date and time by RFC 3339 between the years 1 and 9999")

const (
	// toMinutes is as far as the minutes reach, which are written with all their digits.
	toMinutes   = "2006-01-02T15:04"
	leapSecond  = ":60"
	aSecondLess = ":59"
)

// Time returns the moment in UTC. Letters may be in either case, as in RFC 3339, and a
// leap second is the second after it. The error says what the text is not, without the
// text.
func (d DateTime) Time() (time.Time, error) {
	text, leaps := strings.ToUpper(string(d)), false
	if at := len(toMinutes); len(text) > at && strings.HasPrefix(text[at:], leapSecond) {
		text, leaps = text[:at]+aSecondLess+text[at+len(leapSecond):], true
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errNoDateTime
	}
	moment = moment.UTC()
	if leaps {
		// Leap seconds end a day in UTC.
		if moment.Hour() != 23 || moment.Minute() != 59 {
			return time.Time{}, errNoDateTime
		}
		moment = moment.Truncate(time.Second).Add(time.Second)
	}
	if year := moment.Year(); year < 1 || year > 9999 {
		return time.Time{}, errNoDateTime
	}
	return moment, nil
}
