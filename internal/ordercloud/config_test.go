// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"strings"
	"testing"
	"time"
)

func TestConfigurationsThatCannotWorkAreRefusedWithoutShowingThem(t *testing.T) {
	good := Config{
		BaseURL: "https://api.example.com", ClientID: "c", ClientSecret: "s", Scopes: []string{"FullAccess"}, UserAgent: "test",
	}
	tests := map[string]struct {
		change func(*Config)
		field  string
	}{
		"no URL":                      {func(c *Config) { c.BaseURL = "" }, "BaseURL"},
		"a URL without a scheme":      {func(c *Config) { c.BaseURL = "hunter2.example.com" }, "BaseURL"},
		"another scheme":              {func(c *Config) { c.BaseURL = "ftp://hunter2.example.com" }, "BaseURL"},
		"a URL without a host":        {func(c *Config) { c.BaseURL = "https://:443" }, "BaseURL"},
		"a URL with a path":           {func(c *Config) { c.BaseURL = "https://api.example.com/hunter2" }, "BaseURL"},
		"a URL with a password":       {func(c *Config) { c.BaseURL = "https://me:hunter2@api.example.com" }, "BaseURL"},
		"a URL with a query":          {func(c *Config) { c.BaseURL = "https://api.example.com?hunter2" }, "BaseURL"},
		"a URL with an empty query":   {func(c *Config) { c.BaseURL = "https://api.example.com?" }, "BaseURL"},
		"a URL with a fragment":       {func(c *Config) { c.BaseURL = "https://api.example.com#hunter2" }, "BaseURL"},
		"something that is no URL":    {func(c *Config) { c.BaseURL = "https://hunter2\n" }, "BaseURL"},
		"no client ID":                {func(c *Config) { c.ClientID = "" }, "ClientID"},
		"no secret":                   {func(c *Config) { c.ClientSecret = "" }, "ClientSecret"},
		"no scope":                    {func(c *Config) { c.Scopes = nil }, "Scopes"},
		"two scopes in one":           {func(c *Config) { c.Scopes = []string{"A hunter2"} }, "Scopes"},
		"no user agent":               {func(c *Config) { c.UserAgent = "" }, "UserAgent"},
		"a user agent of two lines":   {func(c *Config) { c.UserAgent = "a\r\nhunter2: b" }, "UserAgent"},
		"a time-out that is negative": {func(c *Config) { c.RequestTimeout = -time.Second }, "RequestTimeout"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := good
			test.change(&config)
			_, err := New(config)
			if err == nil || !strings.Contains(err.Error(), test.field) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBaseURLIsWithoutATrailingSlash(t *testing.T) {
	client, err := New(Config{
		BaseURL: "https://API.example.com:8443/", ClientID: "c", ClientSecret: "s", Scopes: []string{"A"}, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := client.BaseURL(), "https://API.example.com:8443"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
