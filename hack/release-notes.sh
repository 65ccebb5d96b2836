#!/bin/sh
# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Usage: release-notes.sh VERSION [CHANGELOG]
#
# Prints what CHANGELOG.md says of a version, such as v1.2.3 or Unreleased, for its
# release. It is an error if there is no section of it, if that has no date, or if
# nothing is in it. A release candidate, v1.2.3-rc.1, has what will be in v1.2.3: its
# section, or what is unreleased.
set -eu

die() {
	printf 'release-notes: %s\n' "$*" >&2
	exit 1
}

[ "$#" -ge 1 ] || die 'usage: release-notes.sh VERSION [CHANGELOG]'
version=${1#v}
changelog=${2:-$(dirname -- "$0")/../CHANGELOG.md}
[ -f "$changelog" ] || die "there is no $changelog"

# section NAME: the text below "## [NAME]", up to the next section or the links.
section() {
	awk -v heading="## [$1]" '
		index($0, heading) == 1 { inside = 1; next }
		/^## / || /^\[[^]]*\]: / { inside = 0 }
		inside { print }
	' "$changelog" | sed -e '/./,$!d'
}

# heading NAME: the line that begins a section.
heading() { awk -v heading="## [$1]" 'index($0, heading) == 1 { print; exit }' "$changelog"; }

wanted=$version
case "$version" in
Unreleased) ;;
*-*)
	wanted=${version%%-*}
	[ -n "$(heading "$wanted")" ] || wanted=Unreleased
	;;
esac
found=$(heading "$wanted")
[ -n "$found" ] || die "CHANGELOG.md has no section \"## [$wanted] - YYYY-MM-DD\": rename [Unreleased], and begin a new one"
if [ "$wanted" != Unreleased ]; then
	printf '%s\n' "$found" | grep -Eq '^## \[[^]]+\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$' ||
		die "the section of $wanted has no date: \"$found\" is to be \"## [$wanted] - YYYY-MM-DD\""
fi
text=$(section "$wanted")
[ -n "$text" ] || die "nothing is in the section of $wanted"
printf '%s\n' "$text"
