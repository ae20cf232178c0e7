#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh: installs what was built into a temporary prefix, looks at it, builds a mechanism, a transport and a program
# against it (by CMake and by pkg-config), and sends a message with them. Run by ctest, which sets:
#   SOURCE ENVOI BUILD CMAKE GENERATOR MAKE_PROGRAM CC TEST_CFLAGS PREFIX BINDIR LIBDIR INCLUDEDIR PLUGINDIR DESCRIPTORDIR
#   STATIC READELF NM
set -eu
umask 022

work=$(mktemp -d "${TMPDIR:-/tmp}/envoi-install-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
prefix=$work/prefix

fail() { echo "FAIL: $*" >&2; exit 1; }
step() { echo "-- $*"; }

quietly() { # COMMAND...: its output is shown only when it fails
    "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "$*"; }
}

# Names that sanitizers and coverage add to what they instrument.
own_symbols() { # FILE
    "$NM" -D --defined-only --no-demangle "$1" | awk '$2 != "A" && NF >= 3 {print $3}' | sed 's/@.*//' |
        grep -Ev '^(__|_?_?gcov|_init$|_fini$|_edata$|_end$|_bss_start$)' || true
}

step "install"
quietly "$CMAKE" --install "$BUILD" --prefix "$prefix"
library=$prefix/$LIBDIR/libenvoi.so
for file in "$library" "$prefix/$INCLUDEDIR/envoi/envoi.h" "$prefix/$INCLUDEDIR/envoi/plugin.h" \
    "$prefix/$LIBDIR/pkgconfig/envoi.pc" "$prefix/$LIBDIR/cmake/envoi/envoi-config.cmake"; do
    [ -e "$file" ] || fail "$file was not installed"
done

# Built for /usr it leaves that to the linker.
if [ "$PREFIX" != /usr ] && [ -e "$prefix/$BINDIR/envoi" ]; then
    step "the program finds its library"
    quietly env -u LD_LIBRARY_PATH "$prefix/$BINDIR/envoi" --version
fi

step "libenvoi needs no TLS and no SASL library"
needed=$("$READELF" -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ -n "$needed" ] || fail "readelf shows nothing NEEDED, not even libc"
echo "$needed" | sed 's/^/   /'
if [ -z "$STATIC" ]; then
    bad=$(echo "$needed" | grep -Ei 'ssl|crypto|tls|nettle|hogweed|sasl|gssapi|krb5|mbed|nss' || true)
    [ -z "$bad" ] || fail "libenvoi needs $bad"
fi

step "libenvoi exports envoi_* and nothing else"
own_symbols "$library" | grep -q '^envoi_version$' || fail "nm does not show envoi_version"
bad=$(own_symbols "$library" | grep -v '^envoi_' || true)
[ -z "$bad" ] || fail "libenvoi exports $bad"
bad=$(own_symbols "$library" | grep '^envoi_plugin_' || true)
[ -z "$bad" ] || fail "libenvoi exports the entries $bad"

check_module() { # MODULE: one symbol, a descriptor, no libenvoi
    id=$(basename "$1" .so)
    [ "$(own_symbols "$1")" = "envoi_plugin_$id" ] || fail "$1 exports: $(own_symbols "$1" | tr '\n' ' ')"
    [ -e "$prefix/$DESCRIPTORDIR/$id.plugin" ] || fail "$id has no descriptor"
    if "$READELF" -d "$1" | grep -q 'NEEDED.*libenvoi'; then fail "$1 needs libenvoi"; fi
}

step "each module exports its entry and nothing else"
modules=0
for module in "$prefix/$PLUGINDIR"/*.so; do
    [ -e "$module" ] || continue
    check_module "$module"
    modules=$((modules + 1))
done
echo "   $modules modules"
[ "$modules" -gt 0 ] || [ -n "$STATIC" ] || fail "there are no modules"

# faults: U18
build() { # NAME: a project of its own beside this script, by what has built envoi: there may be no other
    quietly "$CMAKE" -S "$SOURCE/$1" -B "$work/$1" -G "$GENERATOR" -DCMAKE_MAKE_PROGRAM="$MAKE_PROGRAM" \
        -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$TEST_CFLAGS -Wall -Wextra -Werror"
    quietly "$CMAKE" --build "$work/$1"
}

for name in mechanism transport; do
    step "a $name, out of tree"
    build $name
    quietly "$CMAKE" --install "$work/$name"
done
check_module "$prefix/$PLUGINDIR/reverse.so"
check_module "$prefix/$PLUGINDIR/xor.so"

if [ -x "$prefix/$BINDIR/envoi-plugin-check" ]; then
    step "the mechanism is held against plugin.h, and the transport, which protects nothing, is found out"
    quietly "$prefix/$BINDIR/envoi-plugin-check" "$prefix/$DESCRIPTORDIR/reverse.plugin" \
        --module-dir "$prefix/$PLUGINDIR" --filter 'plugin/*' --filter 'mech_[cm]*'
    if "$prefix/$BINDIR/envoi-plugin-check" --filter 'certificates/server*unknownca*' "$prefix/$PLUGINDIR/xor.so" >"$work/log" 2>&1
    then
        fail "the transport xor passes"
    fi
    grep -q '^FAIL  certificates/server' "$work/log" || { cat "$work/log"; fail "no word on certificates"; }
fi

run() { # PROGRAM
    LD_LIBRARY_PATH=$prefix/$LIBDIR "$1" "$prefix/$PLUGINDIR" "$prefix/$DESCRIPTORDIR" >"$work/out" 2>&1 ||
        { cat "$work/out"; fail "$1"; }
    sed 's/^/   /' "$work/out"
    for line in '^plugin reverse: loaded' '^plugin xor: loaded' \
        '^sent: ENVOI_OK .*TLS by xor (XOR-55), login by reverse (X-REVERSE)'; do
        grep -q "$line" "$work/out" || fail "$1 did not say $line"
    done
    if grep -q '^warning' "$work/out"; then fail "there are warnings"; fi
}

step "a program, by CMake"
build program
run "$work/program/program"

step "program and modules, by pkg-config"
PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig
export PKG_CONFIG_PATH
[ "$(pkg-config --variable=plugindir envoi | xargs realpath)" = "$(realpath "$prefix/$PLUGINDIR")" ] ||
    fail "plugindir is $(pkg-config --variable=plugindir envoi)"
[ "$(pkg-config --variable=descriptordir envoi | xargs realpath)" = "$(realpath "$prefix/$DESCRIPTORDIR")" ] ||
    fail "descriptordir is $(pkg-config --variable=descriptordir envoi)"
# shellcheck disable=SC2046,SC2086  # lists of words
{
    quietly "$CC" $TEST_CFLAGS -shared -fPIC -fvisibility=hidden $(pkg-config --cflags envoi) \
        -o "$(pkg-config --variable=plugindir envoi)/reverse.so" "$SOURCE/mechanism/reverse.c"
    quietly "$CC" $TEST_CFLAGS $(pkg-config --cflags envoi) -o "$work/by-pkg-config" \
        "$SOURCE/program/main.c" "$SOURCE/program/server.c" $(pkg-config --libs envoi)
}
run "$work/by-pkg-config"

step "a static libenvoi is refused"
if "$CMAKE" -S "$ENVOI" -B "$work/static" -G "$GENERATOR" -DCMAKE_MAKE_PROGRAM="$MAKE_PROGRAM" \
    -DCMAKE_C_COMPILER="$CC" -DBUILD_SHARED_LIBS=OFF >"$work/log" 2>&1; then
    fail "BUILD_SHARED_LIBS=OFF is ignored"
fi
grep -q 'there is no static libenvoi' "$work/log" || { cat "$work/log"; fail "no word on BUILD_SHARED_LIBS"; }

echo "install: all is well"
