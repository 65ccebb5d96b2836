#!/bin/sh
# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs OrderCloud's own JavaScript SDK against the sandbox: builds and starts a
# sandbox, installs the pinned SDK, runs the tests, and stops the sandbox
# whatever happens. Exits with the code of the tests.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)

die() {
	printf 'test-sdk: %s\n' "$*" >&2
	exit 1
}

for tool in go node npm; do
	command -v "$tool" >/dev/null 2>&1 || die "$tool is missing: this test needs Go, Node.js 20 or newer and npm"
done

work=$(mktemp -d)
sandbox=''
stop() {
	if [ -n "$sandbox" ]; then
		kill "$sandbox" 2>/dev/null || :
		wait "$sandbox" 2>/dev/null || :
	fi
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

(cd "$root" && go build -buildvcs=false -o "$work/ordercloud-sandbox" ./cmd/ordercloud-sandbox) ||
	die 'the sandbox cannot be built'
cd "$here"
npm ci --loglevel=error >"$work/npm" 2>&1 || {
	cat "$work/npm" >&2
	die 'npm ci failed'
}

"$work/ordercloud-sandbox" --listen=127.0.0.1:0 >"$work/greeting" 2>"$work/errors" &
sandbox=$!

# greeting NAME: what the sandbox has printed behind that name.
greeting() { sed -n "s/^ *$1  *//p" "$work/greeting"; }

# ready: the sandbox has said where it is, and answers there.
ready() {
	url=$(greeting URL)
	[ -n "$url" ] && node -e '
		fetch(process.argv[1] + "/env").then(
			(answer) => process.exit(answer.ok ? 0 : 1),
			() => process.exit(1),
		)' "$url"
}

# Ready after one or two looks; the limit is for a sandbox that hangs.
looks=0
until ready; do
	looks=$((looks + 1))
	if ! kill -0 "$sandbox" 2>/dev/null || [ "$looks" -ge 100 ]; then
		cat "$work/greeting" "$work/errors" >&2
		die 'the sandbox does not answer'
	fi
	sleep 0.1
done

# A proxy must not be asked for what is on this machine.
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
	SANDBOX_URL=$url \
	SANDBOX_CLIENT_ID=$(greeting 'Client ID') \
	SANDBOX_CLIENT_SECRET=$(greeting 'Client secret') \
	node --test --test-reporter=spec sdk.test.mjs
