#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh compare|programs BUILD: the two tests of this folder, for ctest. What is fetched, only where ENVOI_CI=1.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$2
ours=$build/tests/libesmtp/lib

case $1 in
compare)
    # Without libESMTP's own library the outputs are compared with what it once said, on Debian 12: what it says depends
    # on the libraries below it, and on the addresses of localhost.
    original=
    if grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release; then
        original=$("$here/fetch.sh" libesmtp6) || [ $? -eq 77 ] || exit 1
    fi
    set -- --ours "$ours" --oracle "$build/tests/libesmtp_oracle" --redirect "$build/tests/libesmtp/redirect.so"
    [ -z "$original" ] || set -- "$@" --original "$original"
    exec /usr/bin/python3 "$here/compare.py" "$@"
    ;;
programs)
    tree=$("$here/fetch.sh" collectd-core esmtp syslog-ng-core syslog-ng-mod-smtp) || exit $?
    exec /usr/bin/python3 "$here/programs.py" --ours "$ours" --pki "$build/tests/conformance/transport/pki" \
        --conf "$build/tests/libesmtp/libesmtp.conf" --tree "$tree"
    ;;
esac
