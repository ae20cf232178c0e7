# SPDX-License-Identifier: MIT
"""The types hold: mypy --strict over the package and its tests, stubtest over the package."""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import envoi
import pytest
from envoi import _envoi

TESTS = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(envoi.__file__).parent

pytest.importorskip("mypy")


CACHE = pathlib.Path(os.environ["ENVOI_BUILD"]) / "python" / "mypy"


def run(*command: str) -> None:
    environment = {**os.environ, "MYPYPATH": f"{PACKAGE.parent}:{TESTS}", "MYPY_CACHE_DIR": str(CACHE)}
    done = subprocess.run([sys.executable, "-B", "-m", *command], env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_package_and_tests() -> None:
    run("mypy", "--strict", str(PACKAGE), *map(str, TESTS.glob("*.py")))


def test_stubs() -> None:
    run("mypy.stubtest", "envoi", "--allowlist", str(TESTS / "stubtest.allow"), "--ignore-unused-allowlist")


def test_the_stub_has_what_the_module_has() -> None:
    """stubtest does not look into the library's namespace, which is no class at run time."""
    stub = (PACKAGE / "_envoi.pyi").read_text()
    names = set(re.findall(r"^    (?:def )?((?:envoi|ENVOI|python)_\w+)[(:]", stub, re.M))
    assert names == {name for name in dir(_envoi.lib) if not name.startswith("_")}


def test_a_wrong_call_is_found(tmp_path: pathlib.Path) -> None:
    (tmp_path / "wrong.py").write_text("import envoi\nenvoi.Session().send('no message')\n")
    with pytest.raises(AssertionError, match="incompatible type"):
        run("mypy", "--strict", str(tmp_path / "wrong.py"))
