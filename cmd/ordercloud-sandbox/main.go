// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command ordercloud-sandbox runs an OrderCloud in memory, to try the operator
// and other clients against.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ordercloud-operator/ordercloud-operator/internal/sandbox"
)

// stopTimeout is how long requests that are under way may take after a signal.
const stopTimeout = 2 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "ordercloud-sandbox:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	listen           string
	seed             string
	latency          time.Duration
	tokenLifetime    time.Duration
	allowNonLoopback bool
}

func parseFlags(arguments []string, usage io.Writer) (settings, error) {
	var given settings
	flags := flag.NewFlagSet("ordercloud-sandbox", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&given.listen, "listen", "127.0.0.1:9990", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&given.seed, "seed", "", "YAML `file` with what the marketplace holds at the start (default: the built-in seed)")
	flags.DurationVar(&given.latency, "latency", 0, "how long every answer takes at least, such as 50ms")
	flags.DurationVar(&given.tokenLifetime, "token-lifetime", 0, "how long tokens live (default: the API client's AccessTokenDuration)")
	flags.BoolVar(&given.allowNonLoopback, "allow-non-loopback", false,
		"listen on an address that others can reach: anyone can then read and change everything through /_sandbox")
	if err := flags.Parse(arguments); err != nil {
		return given, err
	}
	if flags.NArg() > 0 {
		return given, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if given.latency < 0 || given.tokenLifetime < 0 {
		return given, errors.New("--latency and --token-lifetime cannot be negative")
	}
	return given, nil
}

// run serves until ctx ends.
func run(ctx context.Context, arguments []string, out, usage io.Writer) error {
	given, err := parseFlags(arguments, usage)
	if err != nil {
		return err
	}
	marketplace, err := given.marketplace()
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", given.listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", given.listen, err)
	}
	if !given.allowNonLoopback && !isLoopback(listener.Addr()) {
		_ = listener.Close()
		return fmt.Errorf("%s can be reached by others, and /_sandbox asks for no password: "+
			"listen on 127.0.0.1, or add --allow-non-loopback if that is what you want", given.listen)
	}
	greet(out, "http://"+listener.Addr().String(), marketplace)
	return serve(ctx, listener, marketplace)
}

func (given settings) marketplace() (*sandbox.Sandbox, error) {
	options := []sandbox.Option{
		sandbox.WithLatency(given.latency),
		sandbox.WithTokenLifetime(given.tokenLifetime),
	}
	if given.seed != "" {
		file, err := os.Open(given.seed)
		if err != nil {
			return nil, fmt.Errorf("opening the seed: %w", err)
		}
		defer func() { _ = file.Close() }()
		seed, err := sandbox.LoadSeed(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", given.seed, err)
		}
		options = append(options, sandbox.WithSeed(seed))
	}
	return sandbox.New(options...)
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// serve answers requests until ctx ends, and then gives those under way a
// moment to finish. A request that hangs on an injected fault ends at once.
func serve(ctx context.Context, listener net.Listener, marketplace *sandbox.Sandbox) error {
	server := &http.Server{
		Handler:           marketplace,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	marketplace.ClearFaults()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(stopping) == nil {
		return nil
	}
	// Someone keeps a connection open, often one that was never used. Nothing
	// here is worth waiting for.
	if err := server.Close(); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}

// greet says where the sandbox is and how to talk to it.
func greet(out io.Writer, url string, marketplace *sandbox.Sandbox) {
	clientID, clientSecret := marketplace.Credentials()
	_, _ = fmt.Fprintf(out, `OrderCloud sandbox (everything is in memory, nothing is real)

  URL            %[1]s
  Client ID      %[2]s
  Client secret  %[3]s

Get a token, and use it:

  TOKEN=$(curl -s %[1]s/oauth/token -d grant_type=client_credentials \
    -d client_id=%[2]s -d client_secret=%[3]s \
    -d 'scope=BuyerUserReader BuyerUserAdmin SetSecurityProfile' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s %[1]s/v1/buyers/acme/users -H "Authorization: Bearer $TOKEN"

Be someone else for a moment (no token needed), and see what was called:

  curl -s %[1]s/_sandbox/mutate -d '{"method":"PATCH","path":"buyers/acme/users/walk-in","body":{"Phone":"555"}}'
  curl -s %[1]s/_sandbox/stats

Stop with Ctrl-C.
`, url, clientID, clientSecret)
}
