#!/bin/sh
# SPDX-License-Identifier: MIT
#
# unit.sh SYSTEMD-ANALYZE FOLDER PROGRAM: the unit of envoi-worker is understood by systemd as a whole, it starts the program by
# a command that there is, and the service gives away what it does not need.
set -eu
ANALYZE=$1 FOLDER=$2 PROGRAM=$3
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
UNIT=$WORK/envoi-worker.service

# The program is not installed here.
sed "s|^ExecStart=[^ ]*|ExecStart=$PROGRAM|" "$FOLDER/envoi-worker.service" >"$UNIT"

"$ANALYZE" verify --man=no "$UNIT" >"$WORK/out" 2>&1 || true
# Of other units of this machine it may complain, too.
if grep envoi-worker "$WORK/out"; then
    echo 'FAIL  systemd-analyze verify'
    exit 1
fi
echo 'ok    systemd understands the unit'

# From 0 to 100: the less the better. Services that set nothing have 96.
"$ANALYZE" security --offline=true --threshold=20 --no-pager "$UNIT" >"$WORK/out" 2>&1 || {
    cat "$WORK/out"
    echo 'FAIL  systemd-analyze security'
    exit 1
}
tail -n 1 "$WORK/out"

# The command of the unit, with a file that is not there: 78, which the unit does not try again.
command=$(sed -n 's/^ExecStart=//p' "$UNIT" | sed "s|-C [^ ]*|-C $WORK/accounts.conf|")
code=0
$command >"$WORK/out" 2>&1 || code=$?
if [ "$code" -ne 78 ] || ! grep -q "accounts.conf: cannot be read: No such file" "$WORK/out"; then
    cat "$WORK/out"
    echo "FAIL  the command of the unit: exit code $code"
    exit 1
fi
grep -q "^RestartPreventExitStatus=.*\b$code\b" "$UNIT" || { echo 'FAIL  it is started again'; exit 1; }
echo 'ok    the command of the unit'
