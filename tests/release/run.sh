#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh: runs a command in a Debian of another release, fresh and with nothing of this machine: on a copy of the tree, as
# root of a root that mmdebstrap makes.
#
#   tests/release/run.sh RELEASE COMMAND...   such as: tests/release/run.sh trixie scripts/demo
#   tests/release/run.sh --other              prints the release that is worth a try on this machine
#
# Root and copy stay in build/RELEASE, and so does what the command installs and builds there: the next run goes on with
# it. It needs root, or a user with subordinate ids (/etc/subuid). Where such a root cannot be had, the last line says why,
# and the exit code is 77. Nothing that the command has started outlives it.
set -eu
cd "$(dirname "$0")/../.."
umask 022
PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH
export LC_ALL=C

cannot() { echo "$*"; exit 77; }

# ---- within the namespaces, where this user is root

# The mirror, the proxy and the age that its lists may have are those of this machine; where apt knows no mirror, mmdebstrap
# does.
make_root() {
    mirror=$(scripts/mirror)
    scripts/mirror --options >"$BASE/apt.conf"
    rm -rf "$ROOT"
    # shellcheck disable=SC2086  # one word, or none
    mmdebstrap --mode=root --variant=minbase --include=ca-certificates --aptopt="$BASE/apt.conf" \
        --dpkgopt=force-unsafe-io "$RELEASE" "$ROOT" $mirror >"$BASE/mmdebstrap.log" 2>&1 || {
        cat "$BASE/mmdebstrap.log"
        rm -rf "$ROOT"
        cannot "mmdebstrap cannot get the packages of $RELEASE: $(tail -n 1 "$BASE/mmdebstrap.log")"
    }
    # The name of the machine is its own, so that nobody asks a name server for it.
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(uname -n)" >"$ROOT/etc/hosts"
}

# faults: U21
fresh_release() { # RELEASE COMMAND...
    RELEASE=$1
    shift
    BASE=$PWD/build/$RELEASE ROOT=$PWD/build/$RELEASE/root
    mkdir -p "$BASE"
    [ -d "$ROOT" ] || make_root
    mkdir -p "$ROOT/src"
    find "$ROOT/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    scripts/export "$ROOT/src"
    mount --bind "$ROOT" "$ROOT"
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    cp /etc/resolv.conf "$ROOT/etc/resolv.conf" 2>/dev/null || true
    # Not by chroot(), after which the kernel lets nobody make a user namespace.
    cd "$ROOT"
    pivot_root . .
    umount -l .
    cd /
    exec /usr/bin/env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ENVOI_CI="${ENVOI_CI:-}" ENVOI_RELEASE_ROOT="$RELEASE" sh -c 'cd /src && exec "$@"' sh "$@"
}

# ---- outside

case ${1:-} in
--other)
    if grep -q '^VERSION_CODENAME=trixie' /etc/os-release; then echo bookworm; else echo trixie; fi
    exit
    ;;
--inside)
    shift
    fresh_release "$@"
    ;;
-* | '')
    sed -n '4,13s/^# \{0,1\}//p' "$0"
    [ "${1:-}" = --help ] && exit 0
    exit 64
    ;;
esac

command -v mmdebstrap >/dev/null 2>&1 || cannot 'mmdebstrap is missing: scripts/deps installs it'
# Mounts and processes of its own, which end with it.
OWN='--mount --pid --fork --kill-child'
[ "$(id -u)" -eq 0 ] || OWN="--map-root-user --map-auto $OWN"
# shellcheck disable=SC2086  # lists of words
unshare $OWN chroot / /bin/true 2>/dev/null || cannot 'this machine lets this user have no namespaces of his own'
# shellcheck disable=SC2086
exec unshare $OWN tests/release/run.sh --inside "$@"
