# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
#
# lib.sh: what the server scripts of this folder share; sourced, never run.
#
#   NAME.sh start DIR   writes a configuration below DIR, starts the server, waits until it greets, writes DIR/env
#   NAME.sh stop DIR    ends the server, by the pid that start has left
#   NAME.sh again DIR   starts it once more after a stop, as it was and on the same ports (Postfix only)
#
# DIR is an absolute path. Servers change to other users, so DIR and all above it must be open to them (mode 755).
# Nothing is written outside DIR and no system-wide service is touched. All ports are on 127.0.0.1, chosen anew at
# each start from those that are free. PKI=/path shares one set of certificates (made by pki.sh) among servers.
#
# Every server knows the user alice with the password "s3cret pass", and these addresses of the domain test:
#   as recipients   bob@ carol@ delivered; nobody@ 550, policy@ 554, full@ 452, defer@ 450 at RCPT
#   as senders      refused@ 550 and slow@ 451 at MAIL, nodata@ 554 at DATA (not aiosmtpd), nocontent@ 554 after the
#                   content; anything else of the domain is welcome
#   LMTP            bob@ carol@ delivered; nobody@ 550 at RCPT, late@ refused after the content
set -eu
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export PATH

HERE=$(cd "$(dirname "$0")" && pwd)
TEST_USER=alice
TEST_PASSWORD='s3cret pass'

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

COMMAND=${1:-}
DIR=${2:-}
USAGE="usage: $0 start|stop|again /absolute/dir"
case $COMMAND in start | stop | again) ;; *) die "$USAGE" ;; esac
case $DIR in /*) ;; *) die "$USAGE" ;; esac
PKI=${PKI:-$DIR/pki}

# Makes DIR, and certificates when no set is shared.
prepare() {
    mkdir -p "$DIR" "$DIR/mail" "$DIR/log"
    chmod 755 "$DIR" "$DIR/mail" "$DIR/log"
    [ -f "$PKI/ca.pem" ] || sh "$HERE/pki.sh" "$PKI"
    rm -f "$DIR/env"
}

free_ports() { # N: prints N free ports
    /usr/bin/python3 "$HERE/ports.py" free "$1"
}

greets() { # PORT...: returns when every port has greeted with 220; fails when one has not within its time
    /usr/bin/python3 "$HERE/ports.py" greets "$@"
}

write_env() { # NAME=VALUE...: tells the tests what has been started; whole or not at all
    for line in "$@" CA="$PKI/ca.pem" PKI="$PKI"; do
        printf "%s='%s'\n" "${line%%=*}" "${line#*=}"
    done >"$DIR/env.new"
    mv "$DIR/env.new" "$DIR/env"
}

# An ended process may stay as a zombie where nobody reaps it, and kill -0 calls that alive.
runs() { # PID
    kill -0 "$1" 2>/dev/null && ! grep -qs '^State:.*Z' "/proc/$1/status"
}

end_by_pid_file() { # FILE: asks the process to end, and after five seconds makes it
    [ -s "$1" ] || return 0
    pid=$(tr -d ' \n' <"$1")
    rm -f "$DIR/env"
    kill "$pid" 2>/dev/null || return 0
    turns=0
    while runs "$pid"; do
        turns=$((turns + 1))
        if [ "$turns" -gt 100 ]; then
            kill -9 "$pid" 2>/dev/null || true
            break
        fi
        sleep 0.05
    done
}

need_root() {
    [ "$(id -u)" -eq 0 ] || die "needs root, to start a server that changes its user"
}

need_program() { # PATH PACKAGE
    [ -x "$1" ] || die "$1 is not there (package $2)"
}
