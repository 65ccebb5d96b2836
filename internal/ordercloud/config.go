// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ordercloud

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/answer"
)

// defaultRequestTimeout is used when Config names none.
const defaultRequestTimeout = 30 * time.Second

// Config says which marketplace to talk to and as whom.
type Config struct {
	// BaseURL is scheme://host[:port] of the API, http or https, without a path.
	BaseURL string
	// ClientID is the GUID of the API client to authenticate as. It needs a
	// default context user [D].
	ClientID string
	// ClientSecret is that API client's secret.
	ClientSecret Secret
	// Scopes are the roles to ask for; at least one. Those that the default
	// context user does not hold are silently not granted [D].
	Scopes []string
	// UserAgent is "ordercloud-operator/<version>".
	UserAgent string
	// Transport is the connection pool. Nil means NewTransport.
	Transport http.RoundTripper
	// Around returns what every attempt of every request passes, token requests included,
	// and is the place for limiters and metrics: RouteOf tells it what it carries, and
	// answer.Of what came back. Nil adds nothing.
	Around func(attempt http.RoundTripper) http.RoundTripper
	// Memory bounds what the answers hold that are being read. Nil means a share of no
	// common budget.
	Memory *answer.Share
	// RequestTimeout bounds each attempt, from asking for a connection to the end
	// of the answer; 0 means 30 seconds. Waiting in Around is not counted.
	RequestTimeout time.Duration
}

// withDefaults returns the configuration that the client uses, or an error that
// names the first field that is wrong and never its value.
func (config Config) withDefaults() (Config, error) {
	base, err := url.Parse(config.BaseURL)
	if err != nil {
		return Config{}, errors.New("ordercloud: BaseURL is not a URL")
	}
	if err := checkBase(base); err != nil {
		return Config{}, err
	}
	config.BaseURL = base.Scheme + "://" + base.Host
	if config.ClientID == "" || config.ClientSecret == "" {
		return Config{}, errors.New("ordercloud: ClientID and ClientSecret are required")
	}
	if len(config.Scopes) == 0 {
		return Config{}, errors.New("ordercloud: Scopes needs at least one role")
	}
	for _, scope := range config.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
			return Config{}, errors.New("ordercloud: Scopes holds something that is no role")
		}
	}
	if config.UserAgent == "" || strings.ContainsFunc(config.UserAgent, isNotPrintable) {
		return Config{}, errors.New("ordercloud: UserAgent must be a header value")
	}
	if config.RequestTimeout < 0 {
		return Config{}, errors.New("ordercloud: RequestTimeout is negative")
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = defaultRequestTimeout
	}
	if config.Transport == nil {
		config.Transport = NewTransport()
	}
	if config.Around == nil {
		config.Around = func(attempt http.RoundTripper) http.RoundTripper { return attempt }
	}
	if config.Memory == nil {
		config.Memory = (*answer.Budget)(nil).Share()
	}
	return config, nil
}

func checkBase(base *url.URL) error {
	if base.Scheme != "https" && base.Scheme != "http" {
		return errors.New("ordercloud: BaseURL must begin with https:// or http://")
	}
	if base.Hostname() == "" {
		return errors.New("ordercloud: BaseURL names no host")
	}
	if base.User != nil || base.RawQuery != "" || base.ForceQuery || base.Fragment != "" ||
		strings.Trim(base.Path, "/") != "" {
		return errors.New("ordercloud: BaseURL must be scheme://host[:port] and nothing else")
	}
	return nil
}

func isNotPrintable(character rune) bool { return character < ' ' || character > '~' }
