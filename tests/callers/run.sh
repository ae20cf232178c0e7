#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh BUILD [ARGUMENT...]: makes a root with the programs of Debian that call /usr/sbin/sendmail, once, and plays the
# cases in it (play.py, which gets the arguments). Nothing is installed on this machine. Refused unless ENVOI_CI=1: it
# fetches packages, which make 750 MB.
#
#   ENVOI_PACKAGE_CACHE   where the root stays; otherwise ~/.cache/envoi-test-packages
set -eu
PATH=/usr/local/sbin:/usr/sbin:/sbin:$PATH
export LC_ALL=C

# The releases whose programs have been seen; in others they are other versions, with other octets.
RELEASES='bookworm'
cannot() { echo "callers: $*"; exit 77; }

# ---- within the namespaces, where this user is root

# Unpacked and not configured: no daemon is started, and no questions are asked. msmtp-mta is the mail-transport-agent
# that some of them depend on.
make_root() {
    mirror=$("$HERE/../../scripts/mirror")
    mkdir -p "$BASE"
    "$HERE/../../scripts/mirror" --options >"$BASE/apt.conf"
    work=$(mktemp -d "$BASE/root.XXXXXX")
    # shellcheck disable=SC2086  # one word, or none
    mmdebstrap --mode=root --variant=extract --include="$PACKAGES" --aptopt="$BASE/apt.conf" "$RELEASE" "$work/root" $mirror \
        >"$work/log" 2>&1 || {
        cat "$work/log"
        rm -rf "$work"
        cannot "mmdebstrap cannot get the packages of $RELEASE"
    }
    rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists"
    mv "$work" "$ROOT"
}

if [ "${1:-}" = --inside ]; then
    RELEASE=$2 BASE=$3 ROOT=$4 PACKAGES=$5
    shift 5
    [ -e "$ROOT/root" ] || make_root
    exec unshare --net --uts --ipc /usr/bin/python3 "$HERE/play.py" --root "$ROOT/root" "$@"
fi

# ---- outside

HERE=$(cd "$(dirname "$0")" && pwd)
export HERE
build=$1
shift
[ "${ENVOI_CI:-}" = 1 ] || cannot 'this machine may not fetch packages: ENVOI_CI is not 1'
command -v mmdebstrap >/dev/null 2>&1 || cannot 'mmdebstrap is missing: scripts/deps installs it'
release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
case " $RELEASES " in *" $release "*) ;; *) cannot "the cases are those of $RELEASES, and this is $release" ;; esac

# What the cases name, what their scripts and the programs take for granted, and what envoi-sendmail is linked with.
packages=$(cat "$HERE"/cases/* | sed -n 's/^package: //p' | tr ' ' '\n' | sort -u | paste -sd ,)
packages=$packages,base-files,base-passwd,coreutils,dash,findutils,grep,hostname,libc-bin,mawk,perl,sed,util-linux
packages=$packages,msmtp-mta,libc-ares2,libidn2-0,libinih1
base=${ENVOI_PACKAGE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/envoi-test-packages}
root=$base/callers-$(echo "$release $packages" | sha256sum | cut -c 1-16)

# Mounts and processes of its own, which end with it.
OWN='--mount --pid --fork --kill-child --mount-proc'
[ "$(id -u)" -eq 0 ] || OWN="--map-root-user --map-auto $OWN"
# shellcheck disable=SC2086  # lists of words
unshare $OWN --net --uts --ipc /bin/true 2>/dev/null || cannot 'this machine lets this user have no namespaces of his own'
# shellcheck disable=SC2086
exec unshare $OWN "$HERE/run.sh" --inside "$release" "$base" "$root" "$packages" --build "$build" "$@"
