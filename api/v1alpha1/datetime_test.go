// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func TestADateTimeIsWhateverRFC3339Admits(t *testing.T) {
	for text, want := range map[v1alpha1.DateTime]string{
		"2026-03-01T09:00:00Z":            "2026-03-01T09:00:00Z",
		"2026-03-01t09:00:00z":            "2026-03-01T09:00:00Z",
		"2026-03-01T09:00:00.123456789z":  "2026-03-01T09:00:00.123456789Z",
		"2026-03-01T09:00:00.1234567890Z": "2026-03-01T09:00:00.123456789Z",
		"2026-03-01T09:00:00+02:00":       "2026-03-01T07:00:00Z",
		"2026-03-01T09:00:00-00:00":       "2026-03-01T09:00:00Z",
		"2026-03-01T23:59:59-23:59":       "2026-03-02T23:58:59Z",
		"1990-12-31T23:59:60Z":            "1991-01-01T00:00:00Z",
		"1990-12-31t15:59:60.75-08:00":    "1991-01-01T00:00:00Z",
		"2016-12-31T18:29:60-05:30":       "2017-01-01T00:00:00Z",
		"0001-01-01T00:00:00Z":            "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59Z":            "9999-12-31T23:59:59Z",
		"2024-02-29T00:00:00Z":            "2024-02-29T00:00:00Z",
	} {
		got, err := text.Time()
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestWhatIsNoDateTimeIsToldApart(t *testing.T) {
	for _, text := range []v1alpha1.DateTime{
		"", "yesterday", "2026-03-01", "2026-03-01 09:00:00Z", "2026-03-01T09:00:00", "2026-03-01T09:00Z",
		"2026-03-01T09:00:60Z", "2026-03-01T09:00:00x5Z", "2026-03-01T09:00:00Ztomorrow", "2026-03-01T09:00:00+99:99",
		"2026-02-29T09:00:00Z", "2026-03-01T24:00:00Z", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z",
	} {
		if got, err := text.Time(); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestADateTimeDecodesWhateverIsThere(t *testing.T) {
	for text, want := range map[string]v1alpha1.DateTime{
		`"2026-03-01t09:00:00z"`: "2026-03-01t09:00:00z", `"soon"`: "soon", `["a"]`: `["a"]`, `5`: "5", `{}`: "{}", `null`: "",
	} {
		var got struct{ At v1alpha1.DateTime }
		if err := json.Unmarshal([]byte(`{"At":`+text+`}`), &got); err != nil || got.At != want {
			t.Errorf("%s: got %q, %v", text, got.At, err)
		}
	}
}
