#!/bin/sh
# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: promtool.sh [get]
#
# Prints the path of promtool, with which the alerts are tested. The first that
# works is taken:
#
#   1. $PROMTOOL; an error if it is set and cannot be run
#   2. promtool in the PATH
#   3. the cache: ${XDG_CACHE_HOME:-$HOME/.cache}/ordercloud-operator/promtool
#
# With get, and if there is none, it is taken out of Debian's package prometheus into
# the cache: that takes no rights, and installs and starts nothing. Built from
# Prometheus' Go module it would be pinned, but takes eight minutes of processor time,
# for a program that only reads two kinds of file.
set -eu

say() { printf 'promtool: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

case "$#:${1:-}" in
0: | 1:get) ;;
*) die 'usage: promtool.sh [get]' ;;
esac

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ordercloud-operator/promtool
if [ -n "${PROMTOOL:-}" ]; then
	[ -x "$PROMTOOL" ] || die "PROMTOOL is set to $PROMTOOL, which cannot be run"
	printf '%s\n' "$PROMTOOL"
	exit 0
fi
if command -v promtool; then exit 0; fi
if [ -x "$cache/promtool" ]; then
	printf '%s\n' "$cache/promtool"
	exit 0
fi
[ "${1:-}" = get ] || die 'there is none: install Prometheus (Debian: the package prometheus), set PROMTOOL, or run sh hack/promtool.sh get'
for tool in apt-get dpkg-deb; do
	command -v "$tool" >/dev/null || die "there is none, and no $tool to get Debian's package with: install Prometheus, or set PROMTOOL"
done

mkdir -p "$cache"
work=$(mktemp -d "$cache/get.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"
say "taking it out of Debian's package prometheus"
# A fresh container does not know any packages yet.
apt-get -qq download prometheus >&2 || {
	apt-get -qq update >&2
	apt-get -qq download prometheus >&2
}
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xf - ./usr/bin/promtool
usr/bin/promtool --version >/dev/null 2>&1 || die "Debian's promtool does not run here"
# At once: others may be looking for it.
mv usr/bin/promtool "$cache/promtool"
printf '%s\n' "$cache/promtool"
