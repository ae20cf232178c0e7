# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced by the tests of whole programs, in the folder of their files `out` and `err`. They set TEXTS, a file that gets all
# that was printed, and CODE, the exit code of the last run; and `secrets` prints what must never show, a line each.
COUNT=0 FAILED=0
: >"$TEXTS"
{ secrets; printf '%s\n' Sanitizer 'runtime error:'; } >never
# check TITLE CODE [FILE PATTERN]...: checks the last run; "!" before a pattern: it must not be there.
check() {
    title=$1 want=$2 wrong=
    shift 2
    [ "$CODE" -eq "$want" ] || wrong="exit code $CODE, not $want"
    while [ $# -gt 1 ]; do
        case $2 in
        !*) ! grep -q -e "${2#!}" "$1" || wrong="$wrong; '${2#!}' is in $1" ;;
        *) grep -q -e "$2" "$1" || wrong="$wrong; no '$2' in $1" ;;
        esac
        shift 2
    done
    # Whatever happens: no crash, no finding of a sanitizer, no secret.
    ! grep -q -F -f never out err || wrong="$wrong; a secret, or a sanitizer's finding"
    cat out err >>"$TEXTS"
    COUNT=$((COUNT + 1))
    if [ -n "$wrong" ]; then
        FAILED=$((FAILED + 1))
        printf 'FAIL  %s: %s\n' "$title" "$wrong"
        sed 's/^/      | /' out err
    else
        printf 'ok    %s\n' "$title"
    fi
}
