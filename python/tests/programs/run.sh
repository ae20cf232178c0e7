#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh BUILD [CASE...]: unpacks the programs of Debian that send by smtplib into a folder of their own, once, and plays
# the cases (play.py) with this machine's Python. Nothing is installed. Unless ENVOI_CI=1 nothing is fetched (it makes
# 280 MB), and only the cases that need no package are played.
#
#   ENVOI_PACKAGE_CACHE   where the folder stays; otherwise ~/.cache/envoi-test-packages
set -eu
PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH
export LC_ALL=C

# The releases whose programs have been seen; in others they are other versions.
RELEASES='bookworm trixie'
HERE=$(cd "$(dirname "$0")" && pwd)

# Unpacked and not configured: no daemon is started, and no questions are asked.
if [ "${1:-}" = --fetch ]; then
    release=$2 base=$3 root=$4 packages=$5
    mirror=$("$HERE/../../../scripts/mirror")
    mkdir -p "$base"
    "$HERE/../../../scripts/mirror" --options >"$base/apt.conf"
    work=$(mktemp -d "$base/root.XXXXXX")
    # shellcheck disable=SC2086  # one word, or none
    mmdebstrap --mode=root --variant=extract --include="$packages" --aptopt="$base/apt.conf" "$release" "$work/root" $mirror \
        >"$work/log" 2>&1 || { cat "$work/log"; rm -rf "$work"; exit 1; }
    chmod 755 "$work"
    rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists"
    mv "$work" "$root"
    exit
fi

build=$1
shift
play() { exec /usr/bin/python3 -B "$HERE/play.py" --build "$build" "$@"; }
without() { echo "programs: $1: only what needs no package"; shift; play "$@"; }
[ "${ENVOI_CI:-}" = 1 ] || without 'this machine may not fetch packages: ENVOI_CI is not 1' "$@"
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
case " $RELEASES " in *" $release "*) ;; *) without "the cases are those of $RELEASES, and this is $release" "$@" ;; esac
command -v mmdebstrap >/dev/null 2>&1 || without 'mmdebstrap is missing: scripts/deps installs it' "$@"

packages=$(sed -n 's/^# package: //p' "$HERE"/cases/*.py | sort -u | paste -sd ,)
base=${ENVOI_PACKAGE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/envoi-test-packages}
root=$base/programs-$(echo "$release $packages" | sha256sum | cut -c 1-16)
if [ ! -e "$root" ]; then
    own='unshare --mount'
    [ "$(id -u)" -eq 0 ] || own='unshare --map-root-user --map-auto --mount'
    $own /bin/true 2>/dev/null || without 'this machine lets this user have no namespaces of his own' "$@"
    $own "$HERE/run.sh" --fetch "$release" "$base" "$root" "$packages" || without 'the packages cannot be fetched' "$@"
fi
play --root "$root/root" "$@"
