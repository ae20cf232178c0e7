# SPDX-License-Identifier: MIT
"""What pyproject.toml cannot say: the extension module, and the files that are made of the headers beside it."""
import os
import sys

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import build_envoi  # noqa: E402


class BuildPy(build_py):
    def run(self):
        super().run()
        include, _ = build_envoi.installed()
        build_envoi.write_sources(include, os.path.join(self.build_lib, "envoi"))


setup(cffi_modules=["build_envoi.py:ffibuilder"], cmdclass={"build_py": BuildPy},
      options={"bdist_wheel": {"py_limited_api": "cp39"}})
