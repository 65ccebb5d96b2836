#!/bin/sh
# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: assets.sh [kube-controller-manager]
#
# Prints the directory that holds kube-apiserver and etcd, the control plane of
# the tests, the demo and the benchmarks. Nothing but that directory goes to
# stdout; what is going on goes to stderr. The first that works is taken:
#
#   1. $KUBEBUILDER_ASSETS; an error if it is set and the binaries are not there
#   2. the cache: ${XDG_CACHE_HOME:-$HOME/.cache}/ordercloud-operator/envtest,
#      or $ENVTEST_CACHE
#   3. prebuilt binaries through setup-envtest, where they can be reached
#   4. a build from source, which needs Go and a Go module proxy only; once per
#      version, 4 to 8 minutes on two cores
#
# With the argument kube-controller-manager, prints the path of that binary, which
# only the tests that ask for it need: from $KUBEBUILDER_ASSETS if it is there, or
# the cache, or built. It is in no archive that setup-envtest finds. The build
# takes 1 to 2 minutes after one of kube-apiserver, most of whose packages it
# shares, and as long as that one without.
#
# Safe to call many times at once.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)

# Lines such as this are seen by a person who waits.
say() { printf 'envtest: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# What is asked for: one binary, or kube-apiserver and etcd if empty.
wanted=${1:-}
case "$#:$wanted" in
0: | 1:kube-controller-manager) ;;
*) die "usage: assets.sh [kube-controller-manager]" ;;
esac

# usable DIRECTORY: what is asked for is there and may be run.
usable() {
	for name in ${wanted:-kube-apiserver etcd}; do
		if ! [ -f "$1/$name" ] || ! [ -x "$1/$name" ]; then return 1; fi
	done
}

# finish DIRECTORY: prints what is asked for, which is there.
finish() {
	printf '%s\n' "$1${wanted:+/$wanted}"
	exit 0
}

# hash: 12 characters that stand for what is on stdin.
hash() {
	if command -v sha256sum >/dev/null 2>&1; then sha256sum
	elif command -v shasum >/dev/null 2>&1; then shasum -a 256
	else cksum; fi | tr -d ' -' | cut -c 1-12
}

# limited SECONDS COMMAND...: runs the command, ends it when time is up. There
# is no timeout(1) on macOS.
limited() {
	limit=$1
	shift
	"$@" &
	job=$!
	waited=0
	while kill -0 "$job" 2>/dev/null; do
		if [ "$waited" -ge "$limit" ]; then
			kill "$job" 2>/dev/null || true
			wait "$job" 2>/dev/null || true
			job=
			return 124
		fi
		sleep 1
		waited=$((waited + 1))
	done
	status=0
	wait "$job" || status=$?
	job=
	return "$status"
}

# cleanup: runs on every way out. Without it an interrupted build would go on
# unseen and keep the lock.
# shellcheck disable=SC2317,SC2329 # the trap calls it
cleanup() {
	[ -z "$job" ] || kill "$job" 2>/dev/null || true
	[ -z "$work" ] || rm -rf "$work"
	[ -z "$held" ] || rm -rf "$held"
}
job=
work=
held=
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
	usable "$KUBEBUILDER_ASSETS" && finish "$KUBEBUILDER_ASSETS"
	# Ready-made assets hold no kube-controller-manager, so this is no mistake.
	[ -n "$wanted" ] || die "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, and kube-apiserver and etcd are not both there; unset it to have them provided"
fi

version=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' "$here/go.mod")
[ -n "$version" ] || die "no version of k8s.io/kubernetes in $here/go.mod"
command -v go >/dev/null 2>&1 || die "go is not on the PATH: https://go.dev/doc/install"
# The machine that runs this, whatever GOOS and GOARCH say about the build at hand.
os=$(go env GOHOSTOS)
arch=$(go env GOHOSTARCH)
cache=${ENVTEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ordercloud-operator/envtest}
assets=$cache/$version-$os-$arch-$(cat "$here/go.mod" "$here/go.sum" | hash)
usable "$assets" && finish "$assets"

mkdir -p "$assets" || die "cannot create $assets; set ENVTEST_CACHE to a directory that can be written"

# acquire: one builder at a time. The lock only saves work: two builders would
# each rename finished files into place, so neither could harm the other.
acquire() {
	lock=$assets.lock
	waited=0
	until mkdir "$lock" 2>/dev/null; do
		usable "$assets" && finish "$assets"
		owner=$(cat "$lock/owner" 2>/dev/null || true)
		# No owner: between mkdir and the write, or killed right there.
		if [ -n "$owner" ] && [ "${owner%%@*}" = "$(uname -n)" ] && ! kill -0 "${owner##*@}" 2>/dev/null; then
			say "the process ${owner##*@} that was building is gone; taking over"
			rm -rf "$lock"
			continue
		fi
		if [ -n "$(find "$lock" -prune -mmin +60 2>/dev/null)" ]; then
			say "the lock $lock is more than an hour old; taking over"
			rm -rf "$lock"
			continue
		fi
		[ $((waited % 20)) -ne 0 ] || say "waiting for ${owner:-another process}, which builds or downloads (${waited}s)"
		sleep 1
		waited=$((waited + 1))
	done
	held=$lock
	printf '%s@%s\n' "$(uname -n)" "$$" >"$lock/owner"
}
acquire
usable "$assets" && finish "$assets"

# What a killed builder left behind. An hour is more than any build takes.
find "$cache" -name '*.work.*' -prune -mmin +60 -exec rm -rf {} + 2>/dev/null || true
work=$assets.work.$$
mkdir -p "$work"

# publish DIRECTORY: file by file and by rename, so that nobody ever runs half
# a binary; kube-apiserver last.
publish() {
	mv -f "$1/etcd" "$assets/etcd"
	mv -f "$1/kube-apiserver" "$assets/kube-apiserver"
}

# download: prebuilt binaries of the same minor version. Behind many a firewall
# there are none, which must be found out in seconds.
download() {
	minor=${version#v}
	minor=${minor%.*}
	say "looking for prebuilt binaries of Kubernetes $minor"
	(cd "$root" && GOOS=$os GOARCH=$arch go build -modfile=hack/tools/go.mod -buildvcs=false -o "$work/setup-envtest" sigs.k8s.io/controller-runtime/tools/setup-envtest) >"$work/log" 2>&1 || return 1
	# Only the index, to see whether the downloads can be reached at all.
	limited 15 "$work/setup-envtest" list "$minor.x" --bin-dir "$work/download" >"$work/log" 2>&1 || return 1
	grep -q "v$minor" "$work/log" || return 1
	say "downloading them"
	limited 300 "$work/setup-envtest" use "$minor.x" --bin-dir "$work/download" -p path >"$work/path" 2>"$work/log" || return 1
	found=$(cat "$work/path")
	usable "$found" || return 1
	publish "$found"
}

# build NAME PACKAGE: one binary, with a sign of life every 20 seconds.
build() {
	stamp=k8s.io/component-base/version
	flags="-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=$(echo "${version#v}" | cut -d. -f1) -X $stamp.gitMinor=$(echo "$version" | cut -d. -f2)"
	say "building $1 of Kubernetes $version from source"
	(cd "$here" && exec env CGO_ENABLED=0 GOOS="$os" GOARCH="$arch" GOWORK=off go build -trimpath -buildvcs=false -ldflags "$flags" -o "$work/$1" "$2") >"$work/log" 2>&1 &
	job=$!
	waited=0
	while kill -0 "$job" 2>/dev/null; do
		sleep 1
		waited=$((waited + 1))
		[ $((waited % 20)) -ne 0 ] || say "still building $1 (${waited}s; $(wc -l <"$work/log" | tr -d ' ') modules downloaded)"
	done
	status=0
	wait "$job" || status=$?
	job=
	if [ "$status" -ne 0 ]; then
		tail -n 30 "$work/log" >&2
		die "building $1 failed; what go build said is above"
	fi
	say "built $1 in ${waited}s"
}

if [ -n "$wanted" ]; then
	say "$wanted is built, once: 1 to 2 minutes on two cores after kube-apiserver, 4 to 8 without; kept in $cache"
	build "$wanted" "k8s.io/kubernetes/cmd/$wanted"
	mv -f "$work/$wanted" "$assets/$wanted"
	finish "$assets"
fi
if download; then
	say "downloaded to $assets"
	finish "$assets"
fi
say "none can be had ($(tail -n 1 "$work/log" | cut -c 1-160))"
say "so they are built, once: 4 to 8 minutes on two cores, kept in $cache"
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
publish "$work"
say "done: $assets"
finish "$assets"
