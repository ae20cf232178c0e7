# SPDX-License-Identifier: MIT
"""What the tests share: libraries with the plugins of this build, servers, a certificate."""
from __future__ import annotations

import os
import pathlib
import ssl
import subprocess
import sys
from collections.abc import Iterator

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import envoi  # noqa: E402
from server import Server  # noqa: E402

BUILD = pathlib.Path(os.environ["ENVOI_BUILD"])


def make_library(**settings: object) -> envoi.Library:
    """A library object with the plugins of this build, and without those of the machine."""
    library = envoi.Library(**settings)  # type: ignore[arg-type]
    library.set_module_directory(BUILD / "plugins")
    library.set_descriptor_directories(BUILD / "plugins.d")
    return library


@pytest.fixture
def library() -> envoi.Library:
    return make_library()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def session(library: envoi.Library) -> envoi.Session:
    return envoi.Session(library, tls=envoi.TLS.OFF, timeout=20)


class Certificate:
    """A certificate for localhost and 127.0.0.1, signed by itself."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.file, self.key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", str(self.key), "-out", str(self.file), "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))
