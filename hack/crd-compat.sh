#!/bin/sh
# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: crd-compat.sh [BASE]
#
# Compares the CRDs of this checkout with those of a commit, BASE, or of the latest
# release before this commit, and fails when an upgrade could break somebody: a field
# or version that went away, validation that refuses what it let through, another
# default. What is meant to break is listed in config/crd/accepted-changes.txt until
# the next release.
set -eu

cd "$(dirname -- "$0")/.."
crds=config/crd/bases
base=${1:-}

if [ "$(git rev-parse --is-inside-work-tree 2>/dev/null)" != true ]; then
	echo 'crd-compat: this is no git checkout, so there is nothing to compare with.'
	exit 0
fi
if [ -z "$base" ]; then
	# Before this commit, so that a release is compared with the one before it. No
	# release candidates: nobody depends on one.
	base=$(git describe --tags --abbrev=0 --match 'v[0-9]*' --exclude '*-*' HEAD^ 2>/dev/null || true)
fi
if [ -z "$base" ]; then
	if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
		echo 'crd-compat: this clone is shallow and shows no release to compare with (git fetch --unshallow --tags).'
	else
		echo 'crd-compat: there is no release yet to compare with; make crd-compat BASE=COMMIT compares with a commit.'
	fi
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/crds"
for path in $(git ls-tree --name-only "$base" -- "$crds/"); do
	git show "$base:$path" >"$work/crds/$(basename "$path")"
done
go -C hack/crdcompat build -buildvcs=false -o "$work/crdcompat" .
status=0
"$work/crdcompat" -accepted config/crd/accepted-changes.txt "$work/crds" "$crds" || status=$?
case "$status" in
0) echo "crd-compat: the CRDs are compatible with those of $base" ;;
1) echo "crd-compat: these changes since $base can break those who upgrade; config/crd/accepted-changes.txt says how one that is meant is accepted" >&2 ;;
esac
exit "$status"
