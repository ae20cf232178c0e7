#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes of envoi's headers all that depends on them: the extension module envoi._envoi (cffi, for every Python 3 by its
stable ABI), the stub of it, and envoi/enums.py. Nothing of it is written by hand, so nothing of it can be out of date.

usage: build_envoi.py INCLUDE-DIRECTORY LIBRARY-DIRECTORY OUTPUT-DIRECTORY   as the build of envoi does

setup.py uses it too. Headers and library are then the installed ones, which pkg-config finds, or those of the variables
ENVOI_INCLUDE_DIR and ENVOI_LIBRARY_DIR.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

import cffi

MODULE = "envoi._envoi"
SOURCE = "#include <envoi/envoi.h>\n#include <envoi/plugin.h>\n"
# cffi knows the types of these itself.
STANDARD = ("stddef.h", "stdint.h", "stdio.h")

# What of the headers becomes an enum in envoi/enums.py: the enum of C, or "" for macros; the prefix of its constants; the
# class and its base; what it is; and perhaps the function that has a text of a member for a person.
ENUMS = [
    ("envoi_error", "ENVOI_E_", "Code", "Number", "The results of calls.", "envoi_error_text"),
    ("envoi_detail", "ENVOI_DETAIL_", "Detail", "Number", "Tells apart failures with the same code.",
     "envoi_error_detail_text"),
    ("envoi_error_class", "ENVOI_CLASS_", "ErrorClass", "Number", "The classes of codes."),
    ("envoi_phase", "ENVOI_PHASE_", "Phase", "Number", "The phases of a session; each has a deadline.", "envoi_phase_name"),
    ("envoi_verdict", "ENVOI_VERDICT_", "Verdict", "Number", "The result for one recipient.", "envoi_verdict_name"),
    ("envoi_result", "ENVOI_RESULT_", "Result", "Number", "The result for a whole message.", "envoi_result_name"),
    ("envoi_body", "ENVOI_BODY_", "Body", "Number", "The kind of content (RFC 6152, RFC 3030)."),
    ("envoi_tls", "ENVOI_TLS_", "TLS", "Number", "The TLS policies."),
    ("envoi_hello", "ENVOI_HELLO_", "Hello", "Number", "Which hello the server accepted."),
    ("envoi_trace", "ENVOI_TRACE_", "Trace", "Number", "The kinds of trace lines."),
    ("envoi_pool_limit", "ENVOI_POOL_", "Limit", "Number", "The limits of a pool."),
    ("envoi_pool_rate", "ENVOI_POOL_RATE_", "Rate", "Number", "The rates of a route."),
    ("envoi_pool_priority", "ENVOI_POOL_", "Priority", "Number", "How urgent a message in a pool is."),
    ("", "ENVOI_TLS_1_", "TLSVersion", "Number", "The versions of TLS."),
    ("", "ENVOI_LOG_", "LogLevel", "Number", "The levels of the log."),
    ("", "ENVOI_RET_", "Ret", "Number", "How much of a message a report of its failure contains (RFC 3461)."),
    ("", "ENVOI_LONG_LINES_", "LongLines", "Number", "How lines of more than 998 octets are treated (RFC 5322)."),
    ("", "ENVOI_DELIVER_BY_", "DeliverBy", "Number", "What happens to a message that is late (RFC 2852)."),
    ("", "ENVOI_RRVS_", "ValidSince", "Number", "What a server does behind which there is one without RRVS (RFC 7293)."),
    ("", "ENVOI_CRED_", "Credential", "enum.IntFlag", "What a login asks for."),
    ("", "ENVOI_NOTIFY_", "Notify", "enum.IntFlag", "Which reports of a recipient are wanted (RFC 3461)."),
    ("", "ENVOI_KEEP_", "Keep", "enum.IntFlag", "Verdicts, as a set."),
    ("", "ENVOI_EVENT_", "Event", "enum.IntFlag", "What to wait for."),
]
# Names that are no identifiers of Python, and constants that only count others.
RENAMED = {"7BIT": "SEVEN_BIT", "8BIT": "EIGHT_BIT", "2": "TLS_1_2", "3": "TLS_1_3"}
COUNTS = ("ENVOI_PHASES", "ENVOI_POOL_LIMITS", "ENVOI_POOL_RATES", "ENVOI_POOL_PRIORITIES")
# Macros that are alone.
LONE = ("ENVOI_OK", "ENVOI_TIMEOUT_NEVER", "ENVOI_MT_PRIORITY_UNSAID", "ENVOI_POOL_WEIGHT")

NUMBERS = ("int", "unsigned", "size_t", "int64_t", "uint64_t")


# ---- reading the headers ----

def preprocess(include, *options):
    """The headers after the C preprocessor, without those of the system."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    with tempfile.TemporaryDirectory() as empty:
        for name in STANDARD:
            open(os.path.join(empty, name), "w", encoding="ascii").close()
        return subprocess.run([*compiler, "-E", "-P", "-nostdinc", "-I", empty, "-I", include, *options, "-x", "c", "-"],
                              input=SOURCE, text=True, stdout=subprocess.PIPE, check=True).stdout


def read_declarations(include):
    """Every declaration of envoi.h, one in a line. Those of plugin.h are for plugins: only its numbers count here."""
    text = preprocess(include, "-DENVOI_PLUGIN_H")
    return [" ".join(part.split()) + ";" for part in re.findall(r"(?:[^;{]|\{[^}]*\})+(?=;)", text)]


def read_macros(include):
    """name -> text of the macros that are numbers."""
    macros = re.findall(r"^#define (ENVOI_\w+) (\S.*)$", preprocess(include, "-dM"), re.M)
    prefixes = tuple(prefix for tag, prefix, *_ in ENUMS if not tag)
    return {name: text for name, text in macros if name in LONE or name.startswith(prefixes)}


def read_enums(declarations):
    """enum -> {name: value} of its members."""
    found = [re.match(r"enum (\w+) \{(.*)\}", text) for text in declarations]
    return {m[1]: {name: int(value, 0) for name, value in re.findall(r"(\w+) = (-?\w+)", m[2])} for m in found if m}


def read_members(include):
    """class in envoi/enums.py -> {name there: name in C}, in the order of the values."""
    enums, macros = read_enums(read_declarations(include)), read_macros(include)
    members = {}
    for tag, prefix, title, *_ in ENUMS:
        names = enums[tag] if tag else sorted(macros, key=lambda name: value_of(name, macros))
        names = [name for name in names if name.startswith(prefix) and name not in COUNTS]
        members[title] = {RENAMED.get(name[len(prefix):], name[len(prefix):]): name for name in names}
    return members


def value_of(name, macros):
    """The number behind a macro, which may be made of others."""
    text = re.sub(r"ENVOI_\w+", lambda m: str(value_of(m.group(), macros)), macros[name])
    return eval(re.sub(r"(?<=[0-9a-fA-F])u\b", "", text), {"__builtins__": {}})  # the headers are ours


def functions(declarations):
    """(result, name, parameters) of every function."""
    found = [re.fullmatch(r"(?!typedef|extern)(.*?[ *])(envoi_\w+)\((.*)\);", text) for text in declarations]
    return [(m[1].strip(), m[2], [] if m[3] == "void" else m[3].split(", ")) for m in found if m]


def callbacks(declarations):
    """(result, name, parameters) of a function of Python for every type of callback; envoi_pull_fn: python_pull."""
    found = [re.fullmatch(r"typedef (.*?[ *])envoi_(\w+)_fn\((.*)\);", text) for text in declarations]
    return [(m[1].strip(), "python_" + m[2], m[3].split(", ")) for m in found if m]


# ---- what is made of them ----

def make_cdef(include):
    """The declarations as cffi takes them: those of the headers, their numbers, and the callbacks that Python defines."""
    declarations = read_declarations(include)
    lines = declarations + [f"#define {name} ..." for name in read_macros(include)]
    lines += [f'extern "Python" {result} {name}({", ".join(parameters)});'
              for result, name, parameters in callbacks(declarations)]
    return "\n".join(lines) + "\n"


def make_ffi(include, library, **more):
    """The builder of the module. library: its directory; more: for the linker, as setuptools takes it."""
    ffi = cffi.FFI()
    ffi.cdef(make_cdef(include))
    ffi.set_source(MODULE, SOURCE, libraries=["envoi"], include_dirs=[include],
                   library_dirs=[library], py_limited_api=True, **more)
    return ffi


HEAD = """# Made of envoi's headers by build_envoi.py.
"""


def make_enums(include):
    """The text of envoi/enums.py."""
    macros, members = read_macros(include), read_members(include)
    values = {name: value for enum in read_enums(read_declarations(include)).values() for name, value in enum.items()}
    text = HEAD + '''"""The constants of envoi's headers, which are their manual. A number that is not known here (of a later library)
is a member without a name of its own."""
from __future__ import annotations

import enum

from ._envoi import ffi, lib


class Number(enum.IntEnum):
    @classmethod
    def _missing_(cls, value: object) -> Number | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member
'''
    for _, _, title, base, doc, *texts in ENUMS:
        text += f'\n\nclass {title}({base}):\n    """{doc}"""\n\n'
        if title == "Code":
            text += "    OK = 0\n"
        for short, name in members[title].items():
            text += f"    {short} = {values[name] if name in values else value_of(name, macros)}\n"
        for function in texts:
            text += f"""
    @property
    def text(self) -> str:
        \"\"\"in words, for a person\"\"\"
        return ffi.string(lib.{function}(self)).decode()
"""
    return text


def python_type(declared, given):
    """The type of a parameter (given) or result in the stub."""
    if re.sub(r"\b(const|enum)\b", "", declared).strip() in NUMBERS:
        return "int"
    if declared == "void":
        return "None"
    if given and declared in ("const char *", "const void *"):
        return "bytes | _CData"
    return "_CData"


def stub_function(result, name, parameters):
    arguments = []
    for i, parameter in enumerate(parameters):
        match = re.fullmatch(r"(.*?[ *])(\w+)", parameter)
        declared = (match[1] if match else parameter).strip()
        arguments.append(f"a{i}: {python_type(declared, True)}")
    return f"    def {name}({', '.join(['self', *arguments, '/'])}) -> {python_type(result, False)}: ..."


def make_stub(include):
    """The text of envoi/_envoi.pyi."""
    declarations = read_declarations(include)
    lines = [HEAD + '''from collections.abc import Callable
from typing import Any, TypeVar

_CData = Any
_F = TypeVar("_F", bound=Callable[..., object])

class _FFI:
    NULL: _CData
    def new(self, cdecl: str, init: object = ...) -> _CData: ...
    def cast(self, cdecl: str, source: object) -> _CData: ...
    def sizeof(self, cdecl: str) -> int: ...
    def string(self, cdata: _CData, maxlen: int = ...) -> bytes: ...
    def buffer(self, cdata: _CData, size: int = ...) -> _CData: ...
    def unpack(self, cdata: _CData, length: int) -> bytes: ...
    def memmove(self, dest: object, src: object, n: int) -> None: ...
    def from_buffer(self, python_buffer: object) -> _CData: ...
    def new_handle(self, x: object) -> _CData: ...
    def from_handle(self, x: _CData) -> Any: ...
    def def_extern(self, name: str = ..., error: object = ..., onerror: Callable[..., object] | None = ...
                   ) -> Callable[[_F], _F]: ...

class _Lib:''']
    lines += [stub_function(*function) for function in functions(declarations)]
    lines += [f"    {name}: _CData" for _, name, _ in callbacks(declarations)]
    names = [name for enum in read_enums(declarations).values() for name in enum]
    lines += [f"    {name}: int" for name in [*names, *read_macros(include)]]
    return "\n".join(lines) + "\n\nffi: _FFI\nlib: _Lib\n"


def write_sources(include, package):
    """Writes what is made for Python to read into the folder of the package."""
    for name, text in (("enums.py", make_enums(include)), ("_envoi.pyi", make_stub(include))):
        with open(os.path.join(package, name), "w", encoding="utf-8") as file:
            file.write(text)


# ---- for setup.py ----

def installed():
    """(include directory, library directory): of the environment, or else as pkg-config says."""
    if "ENVOI_INCLUDE_DIR" in os.environ:
        return os.environ["ENVOI_INCLUDE_DIR"], os.environ["ENVOI_LIBRARY_DIR"]

    def ask(variable):
        return subprocess.run(["pkg-config", f"--variable={variable}", "envoi"], text=True, stdout=subprocess.PIPE,
                              check=True).stdout.strip()
    try:
        return ask("includedir"), ask("libdir")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"build_envoi.py: pkg-config does not find envoi ({error}). Install libenvoi-dev, or set PKG_CONFIG_PATH")


def ffibuilder():
    return make_ffi(*installed())


def main(include, library, output):
    package = os.path.join(output, "envoi")
    os.makedirs(package, exist_ok=True)
    # The module finds the library of this build by itself.
    make_ffi(include, library, runtime_library_dirs=[library]).compile(tmpdir=output)
    write_sources(include, package)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(os.path.abspath, sys.argv[1:]))
