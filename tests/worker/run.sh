#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh: plays the cases of tests/worker with a real RabbitMQ, which all of them share.
#
#   tests/worker/run.sh BUILD [FILE_cases.py [CASE...]]    such as: tests/worker/run.sh build/dev broker_cases.py tls_names
#
# Where there is no RabbitMQ, the last line says so, and the exit code is 77.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
BUILD=${1:?usage: tests/worker/run.sh BUILD [FILE_cases.py [CASE...]]}
shift
# Debian's, which sees the modules of its packages.
PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=python3

if [ -z "${RABBITMQ_DIR:-}" ]; then
    exec "$PYTHON" "$HERE/rabbitmq.py" "$0" "$BUILD" "$@"
fi
if [ $# -gt 0 ]; then
    file=$1
    shift
    exec "$PYTHON" "$HERE/$file" "$BUILD" "$@"
fi
rc=0
for file in "$HERE"/*_cases.py; do
    "$PYTHON" "$file" "$BUILD" || rc=1
done
exit $rc
