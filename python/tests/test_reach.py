# SPDX-License-Identifier: MIT
"""Every public function of envoi's headers is reached from the package."""
from __future__ import annotations

import importlib.util
import os
import pathlib
import re

import envoi
from envoi import _envoi

PACKAGE = pathlib.Path(envoi.__file__).parent
SOURCE = pathlib.Path(os.environ["ENVOI_SOURCE"])

# function -> why the package does without it
LEFT_OUT = {
    "envoi_error_name": "Code(number).name",
    "envoi_error_detail_name": "Detail(number).name",
    "envoi_set_allocator": "it must be called before any other function, and Python code cannot allocate for C",
    "envoi_library_add_plugin": "a plugin is a table of C functions",
    "envoi_message_set_file": "an open file of Python has a descriptor: envoi_message_set_fd()",
    "envoi_session_error_code": "it is the code that the verb returned",
    "envoi_pool_submit": "envoi_pool_submit_with() with the usual priority",
    "envoi_session_open": "Session() and connect()",
    "envoi_session_sendmail": "Message() and send(), which take any content and do not block in envoi.aio",
}


def package_code() -> str:
    return "".join(source.read_text() for source in PACKAGE.rglob("*.py"))


def functions() -> set[str]:
    headers = (SOURCE / "include" / "envoi").glob("*.h")
    text = "".join(header.read_text() for header in headers if header.name != "plugin.h")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"\b(envoi_\w+)\(", text)) - set(re.findall(r"typedef [^;]*?\b(envoi_\w+)\(", text))


def test_every_function_is_reached() -> None:
    code = package_code()
    reached = set(re.findall(r"\blib\.(envoi_\w+)", code))
    declared = functions()
    assert len(declared) > 150
    assert declared - reached - set(LEFT_OUT) == set()
    assert set(LEFT_OUT) <= declared - reached
    assert reached <= declared
    assert all(hasattr(_envoi.lib, name) for name in declared)


def test_every_callback_is_defined() -> None:
    code = package_code()
    declared = {name for name in dir(_envoi.lib) if name.startswith("python_")}
    assert declared == {"python_" + name for name in re.findall(r'@callback\("(\w+)"', code)} | {"python_allocate"}


def test_the_stub_has_what_the_module_has() -> None:
    """stubtest does not look into the library's namespace, which is no class at run time."""
    stub = (PACKAGE / "_envoi.pyi").read_text()
    names = set(re.findall(r"^    (?:def )?((?:envoi|ENVOI|python)_\w+)[(:]", stub, re.M))
    assert names == {name for name in dir(_envoi.lib) if not name.startswith("_")}


def test_every_constant_is_in_an_enum() -> None:
    spec = importlib.util.spec_from_file_location("build_envoi", SOURCE / "python" / "build_envoi.py")
    assert spec and spec.loader
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    left = {name for name in dir(_envoi.lib) if name.startswith("ENVOI_")} - {*builder.LONE, *builder.COUNTS}
    for title, members in builder.read_members(str(SOURCE / "include")).items():
        for short, name in members.items():
            assert getattr(envoi, title)[short] == getattr(_envoi.lib, name)
            left.remove(name)
    assert left == set()
    headers = (SOURCE / "include" / "envoi").glob("*.h")
    text = "".join(header.read_text() for header in headers if header.name != "plugin.h")
    defined = set(re.findall(r"^#define (ENVOI_\w+) +[^\s(\\]", text, re.M)) - {"ENVOI_X"}
    assert defined and all(hasattr(_envoi.lib, name) for name in defined)
    assert envoi.Code.OK == _envoi.lib.ENVOI_OK == 0


def test_version() -> None:
    """pyproject.toml, which has to say it for a source distribution, says what the library says."""
    project = (SOURCE / "python" / "pyproject.toml").read_text()
    assert f'\nversion = "{envoi.version()}"\n' in project


def test_an_unknown_number_is_taken() -> None:
    later = envoi.Detail(9999)
    assert later.name == "UNKNOWN_9999" and later == 9999 and later.text == ""
    assert envoi.Verdict.NOT_ATTEMPTED.text == "not attempted"
