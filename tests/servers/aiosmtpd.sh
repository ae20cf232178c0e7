#!/bin/sh
# SPDX-License-Identifier: MIT
#
# aiosmtpd.sh start|stop DIR: the embedded server, see aiosmtpd_server.py. Needs no root.
. "$(dirname "$0")/lib.sh"

start() {
    prepare
    # Debian's own Python: another one in PATH would not have its packages.
    /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || die "the Python module aiosmtpd is not there (package python3-aiosmtpd)"
    rm -f "$DIR/ready" "$DIR/lmtp"
    mkfifo "$DIR/ready"
    /usr/bin/python3 "$HERE/aiosmtpd_server.py" "$DIR" "$PKI" >"$DIR/ready" 2>"$DIR/log/server.log" </dev/null &
    echo $! >"$DIR/pid"
    # Ends with the word "ready", or without one when the server has died.
    word=
    read -r word <"$DIR/ready" || true
    rm -f "$DIR/ready"
    [ "$word" = ready ] || die "the server did not start: $(cat "$DIR/log/server.log")"
}

case $COMMAND in
start) start ;;
stop) end_by_pid_file "$DIR/pid" ;;
esac
