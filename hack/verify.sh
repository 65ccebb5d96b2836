#!/bin/sh
# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# What every change must hold, quickest check first: generated files are fresh,
# go.mod files tidy, code formatted and linted, nothing left uncommitted. All
# checks run, so that one look shows all there is to repair.
set -eu

cd "$(dirname -- "$0")/.."
failed=''
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

section() { printf '\n-- verify: %s\n' "$*"; }
fail() {
	printf 'verify: %s\n' "$*" >&2
	failed="$failed
  - $*"
}

# generated: copies what is generated to a directory, with its path.
generated() {
	for path in config/crd/bases config/rbac/role.yaml docs/reference.md api/*/zz_generated.deepcopy.go charts/*/files; do
		[ -e "$path" ] || continue
		mkdir -p "$1/$(dirname "$path")"
		cp -R "$path" "$1/$path"
	done
}

section 'generated files are fresh'
# Compared with what was there before, rather than by git: this also holds in a
# source archive, and with other changes in the working tree.
mkdir "$work/before" "$work/after"
generated "$work/before"
if make --no-print-directory generate manifests chart-files && { [ ! -e docs/reference.md ] || make --no-print-directory docs; }; then
	generated "$work/after"
	(cd "$work" && diff -ru before after) || fail 'generated files were stale; they are fresh now, commit them (make generate manifests docs chart-files)'
else
	fail 'the generators failed'
fi

section 'modules are tidy'
for module in . hack/tools hack/envtest hack/release hack/crdcompat hack/tools/helm3 hack/tools/helm4; do
	(cd "$module" && go mod tidy -diff) || fail "go mod tidy would change $module/go.mod or go.sum"
done

section 'code is formatted'
unformatted=$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +) || fail 'gofmt failed'
if [ -n "$unformatted" ]; then
	printf '%s\n' "$unformatted"
	fail 'gofmt would change files (make lint-fix)'
fi

section 'manifests build'
for kustomization in config/*/kustomization.yaml; do
	directory=$(dirname "$kustomization")
	go tool -modfile=hack/tools/go.mod kustomize build "$directory" >"$work/manifests.yaml" || fail "kustomize cannot build $directory"
done

section 'the chart is clean'
make --no-print-directory chart-lint || fail 'helm lint has findings'

section 'workflows are sound'
make --no-print-directory lint-workflows || fail 'actionlint has findings'

section 'CRDs can be upgraded'
(cd hack/crdcompat && go test .) || fail 'the comparison of CRDs is wrong'
make --no-print-directory crd-compat || fail 'the CRDs have changes that break who upgrades'

section 'code is clean'
make --no-print-directory lint || fail 'the linter has findings'

section 'nothing is left uncommitted'
if [ "$(git rev-parse --is-inside-work-tree 2>/dev/null)" = true ]; then
	changes=$(git status --porcelain)
	if [ -n "$changes" ]; then
		printf '%s\n' "$changes"
		fail 'the working tree has changes'
	fi
else
	echo 'This is no git checkout, so there is nothing to compare with.'
fi

if [ -n "$failed" ]; then
	printf '\nverify: failed:%s\n' "$failed" >&2
	exit 1
fi
printf '\nverify: all is well\n'
