# SPDX-License-Identifier: MIT
"""The types hold: mypy --strict over the package and its tests, stubtest over the package."""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import envoi
import pytest

TESTS = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(envoi.__file__).parent

WRONG_TOOL = subprocess.run([pathlib.Path(os.environ["ENVOI_SOURCE"]) / "scripts" / "versions", "types"], text=True,
                            stdout=subprocess.PIPE).stdout
pytestmark = pytest.mark.skipif(bool(WRONG_TOOL), reason=WRONG_TOOL)


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


def test_a_wrong_call_is_found(tmp_path: pathlib.Path) -> None:
    (tmp_path / "wrong.py").write_text("import envoi\nenvoi.Session().send('no message')\n")
    with pytest.raises(AssertionError, match="incompatible type"):
        run("mypy", "--strict", str(tmp_path / "wrong.py"))
