// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsShownByNoPrinterOrEncoder(t *testing.T) {
	const value = "hunter2-hunter2"
	user := BuyerUser{ID: "jdoe", Password: value}
	config := Config{ClientSecret: value}
	client, err := New(Config{
		BaseURL: "https://api.example.com", ClientID: "id", ClientSecret: value,
		Scopes: []string{"FullAccess"}, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal([]any{user, config.ClientSecret, map[string]any{"Password": Secret(value)}})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "secret", Secret(value), "user", user, "client", client)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("json", "secret", Secret(value), "user", user, "client", client)

	shown := map[string]string{
		"JSON": string(encoded),
		"slog": logged.String(),
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		shown[verb] = fmt.Sprintf(strings.Repeat(verb+" ", 6), Secret(value), new(Secret(value)), user, &config, client, client.Buyers())
	}
	for how, text := range shown {
		if strings.Contains(text, value) || strings.Contains(text, fmt.Sprintf("%x", value)) {
			t.Errorf("%s shows the secret: %s", how, text)
		}
		if !strings.Contains(text, "(redacted)") {
			t.Errorf("%s does not say that something is redacted: %s", how, text)
		}
	}
	if Secret(value).Reveal() != value {
		t.Error("Reveal does not return the value")
	}
}
