# SPDX-License-Identifier: MIT
"""The source distribution is whole: it builds with nothing but an installed envoi, which pkg-config finds."""
from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

BUILD, SOURCE = (pathlib.Path(os.environ[name]) for name in ("ENVOI_BUILD", "ENVOI_SOURCE"))
PROGRAM = """
import envoi, envoi.aio, envoi.smtplib, os, sys
assert envoi.__file__.startswith(sys.argv[1])
print(envoi.version(), sorted(os.listdir(os.path.dirname(envoi.__file__))))
"""


def run_setup(folder: pathlib.Path, *command: str, **variables: str) -> None:
    done = subprocess.run([sys.executable, "-B", "setup.py", "-q", *command], cwd=folder, env={**os.environ, **variables},
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_sdist(tmp_path: pathlib.Path) -> None:
    pkg_config = tmp_path / "envoi.pc"
    pkg_config.write_text(f"includedir={SOURCE / 'include'}\nlibdir={BUILD / 'core'}\nName: envoi\nDescription: x\nVersion: 1\n")
    tree = tmp_path / "tree"
    shutil.copytree(SOURCE / "python", tree, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    run_setup(tree, "sdist", "--dist-dir", str(tmp_path), PKG_CONFIG_PATH=str(tmp_path))
    with tarfile.open(next(tmp_path.glob("envoi-*.tar.gz"))) as archive:
        archive.extractall(tmp_path)
    unpacked = next(path for path in tmp_path.glob("envoi-*") if path.is_dir())
    run_setup(unpacked, "install", "--install-lib", "/lib", "--no-compile", "--root", str(tmp_path / "root"),
              PKG_CONFIG_PATH=str(tmp_path))
    package = tmp_path / "root" / "lib"
    done = subprocess.run([sys.executable, "-B", "-c", PROGRAM, str(package)], text=True, stdout=subprocess.PIPE,
                          env={"PYTHONPATH": str(package), "LD_LIBRARY_PATH": str(BUILD / "core")}, check=True)
    for name in ("_envoi.abi3.so", "_envoi.pyi", "enums.py", "py.typed"):
        assert name in done.stdout
