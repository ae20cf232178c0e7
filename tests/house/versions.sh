#!/bin/sh
# SPDX-License-Identifier: MIT
#
# versions.sh VERSIONS: does scripts/versions tell tools of other versions from its own? The tools are fakes.
set -eu
versions=$1
fakes=$(mktemp -d "${TMPDIR:-/tmp}/envoi-versions-XXXXXX")
trap 'rm -rf "$fakes"' EXIT

check() { # TITLE CHECK TOOL WORDS EXIT-CODE LINE: what the tool says of itself, and what comes of it
    printf '#!/bin/sh\necho "%s"\n' "$4" >"$fakes/$3"
    chmod 755 "$fakes/$3"
    code=0
    line=$(PATH=$fakes:$PATH "$versions" "$2") || code=$?
    rm "$fakes/$3"
    [ "$code $line" = "$5 $6" ] || { echo "FAIL: $1: $code, $line" >&2; exit 1; }
}

# faults: U21
check 'another one' format clang-format 'Debian clang-format version 19.1.7 (3+b1)' 1 \
    'written for clang-format 14, and this is 19.1.7'
check 'its own' format clang-format 'Debian clang-format version 14.0.6' 0 ''
check 'a later one of the same beginning' abi abidw 'abidw: 2.26.0' 1 'written for abidw 2.2, and this is 2.26.0'
check 'a version in parentheses' analyzer gcc 'gcc (Debian 14.2.0-19) 14.2.0' 1 'written for gcc 12, and this is 14.2.0'
check 'one that says nothing' cppcheck cppcheck '' 1 'cppcheck is missing: scripts/deps installs it'
check 'a check of no version' doxygen doxygen '1.9.8' 0 ''
echo 'versions: all is well'
