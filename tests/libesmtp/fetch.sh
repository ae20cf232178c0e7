#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fetch.sh PACKAGE...: unpacks packages of Debian, and the libraries that they depend on and that this machine has not,
# under a cache, and prints the folder. Nothing is installed. Refused unless ENVOI_CI=1: it fetches from the network.
# A package that this release has not got is left out.
#
#   ENVOI_PACKAGE_CACHE   the cache; otherwise ~/.cache/envoi-test-packages
set -eu
[ "${ENVOI_CI:-}" = 1 ] || { echo "fetch.sh: this machine may not fetch packages: ENVOI_CI is not 1" >&2; exit 77; }

# One tree for each list, and for what this release has of it.
cache=${ENVOI_PACKAGE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/envoi-test-packages}
versions=$(apt-cache policy "$@" 2>/dev/null | awk '
    /^[^ ]/ { package = $1; sub(/:$/, "", package) }
    /^  Candidate:/ && $2 != "(none)" { print package "=" $2 }')
[ -n "$versions" ] || { echo "fetch.sh: apt knows none of: $*" >&2; exit 77; }
name=$(echo "$versions" | sha256sum | cut -c 1-16)
tree=$cache/$name
if [ ! -e "$tree/complete" ]; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    # shellcheck disable=SC2086  # a list of words
    apt-get -qq -o APT::Sandbox::User=root download $versions >&2
    libraries=$(for deb in ./*.deb; do dpkg-deb -f "$deb" Depends; done | tr ',' '\n' |
        sed -n 's/^ *\(lib[^ (|]*\).*/\1/p' | sort -u)
    for library in $libraries; do
        dpkg-query -W -f='${db:Status-Status}' "$library" 2>/dev/null | grep -qx installed ||
            [ "$library" = libesmtp6 ] || apt-get -qq -o APT::Sandbox::User=root download "$library" >&2
    done
    mkdir tree
    for deb in ./*.deb; do dpkg-deb -x "$deb" tree; done
    : >tree/complete
    mv tree "$tree" 2>/dev/null || [ -e "$tree/complete" ]
fi
echo "$tree"
