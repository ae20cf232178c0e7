#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A generator of bindings takes the headers of the objects as they are: cffi, after the preprocessor, with nothing but
<stddef.h> and <stdint.h>. Then a message is made and refused through the binding.

usage: bindings.py CC INCLUDE-DIRECTORY LIBENVOI; exit code 77: cffi is not installed"""
import os
import subprocess
import sys
import tempfile

try:
    import cffi
except ImportError:
    print("skipped: python3-cffi is not installed")
    sys.exit(77)

HEADERS = ("error", "library", "message", "pool", "reply", "session", "plugin")
# The generator knows their types itself.
STANDARD = ("stddef.h", "stdint.h")


def preprocessed(compiler, include):
    with tempfile.TemporaryDirectory() as standard:
        for name in STANDARD:
            open(os.path.join(standard, name), "w", encoding="ascii").close()
        source = "".join(f"#include <envoi/{name}.h>\n" for name in HEADERS)
        command = [compiler, "-E", "-P", "-nostdinc", "-I", standard, "-I", include, "-x", "c", "-"]
        return subprocess.run(command, input=source, text=True, stdout=subprocess.PIPE, check=True).stdout


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


# faults: U17
def test_headers(compiler, include, library):
    ffi = cffi.FFI()
    ffi.cdef(preprocessed(compiler, include))
    envoi = ffi.dlopen(library)
    out = ffi.new("struct envoi_message **")
    expect("new", envoi.envoi_message_new(b"me@example.org", out), 0)
    message = out[0]
    expect("no address", envoi.envoi_message_add_recipient(message, b"two words"), envoi.ENVOI_E_ADDRESS)
    expect("address", envoi.envoi_message_add_recipient(message, b"you@example.net"), 0)
    expect("recipients", envoi.envoi_message_recipients(message), 1)
    expect("name", ffi.string(envoi.envoi_verdict_name(envoi.ENVOI_VERDICT_UNKNOWN)), b"unknown")
    envoi.envoi_message_free(message)


test_headers(*sys.argv[1:4])
print("ok")
