#!/bin/sh
# SPDX-License-Identifier: MIT
#
# completion.sh ENVOI FOLDER: the completions that the build made, against the program. bash is asked; zsh and fish read
# theirs, if they are here.
set -eu
ENVOI=$1 FOLDER=$2
FAILED=0
expect() { # TITLE WANTED GOT: each word of WANTED is in GOT; "!" before a word: it is not
    for word in $2; do
        case " $3 " in
        *" ${word#!} "*) found=1 ;;
        *) found=0 ;;
        esac
        [ "$word" = "${word#!}" ] && wanted=1 || wanted=0
        [ "$found" = "$wanted" ] || { FAILED=1; echo "FAIL  $1: $word, in: $3"; }
    done
}

# offer WORD...: what bash offers for the last word
offer() {
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _envoi; echo "${COMPREPLY[@]}"' bash "$FOLDER/envoi" "$@"
}

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
PATH=$(dirname "$ENVOI"):$PATH HOME=$WORK
export PATH HOME
unset XDG_CONFIG_HOME ENVOI_ACCOUNT || true
mkdir -p "$WORK/.config/envoi"
printf '[work]\nhost = a\n[home]\nhost = b\n' >"$WORK/.config/envoi/accounts.conf"
chmod 600 "$WORK/.config/envoi/accounts.conf"
cd "$WORK"
: >letter
mkdir folder

expect 'commands' 'send probe accounts plugins !--help' "$(offer envoi '')"
expect 'common options' '--help --version !--host' "$(offer envoi -)"
expect 'words of --tls' 'off opportunistic required implicit' "$(offer envoi send --tls '')"
expect 'files' 'letter folder' "$(offer envoi send --ca '')"
expect 'directories' 'folder !letter' "$(offer envoi --plugins-d '')"
expect 'the message' 'letter' "$(offer envoi send --to a@b l)"
expect 'accounts' 'work home' "$(offer envoi send --account '')"
expect 'an argument of nothing known' '!letter !--host' "$(offer envoi send --user '')"
for command in send probe accounts plugins; do
    options=$("$ENVOI" "$command" --help | sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p')
    [ "$(echo "$options" | wc -l)" -gt 4 ] || { FAILED=1; echo "FAIL  no options of $command"; }
    expect "options of $command" "$options" "$(offer envoi "$command" -)"
    for option in $options; do
        for file in _envoi envoi.fish; do
            grep -q -e "[^a-z]${option#--}[^a-z]" "$FOLDER/$file" || { FAILED=1; echo "FAIL  no $option in $file"; }
        done
    done
done
! command -v zsh >/dev/null || zsh -n "$FOLDER/_envoi" || FAILED=1
! command -v fish >/dev/null || fish --no-execute "$FOLDER/envoi.fish" || FAILED=1
exit $FAILED
