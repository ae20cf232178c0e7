# SPDX-License-Identifier: MIT
"""Every example of docs/python.md is run; a block of text behind it is what it must print."""
from __future__ import annotations

import contextlib
import io
import os
import pathlib
import re
from collections.abc import Iterator

import envoi.library
import pytest
from conftest import Certificate, make_library
from server import Server

PAGE = (pathlib.Path(os.environ["ENVOI_SOURCE"]) / "docs" / "python.md").read_text()
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
EXAMPLES = [(PAGE.count("\n", 0, match.start()) + 1, match[1], match[2] or "") for match in BLOCK.finditer(PAGE)]


@pytest.fixture
def places(certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Iterator[dict[str, Server]]:
    """The servers that the page names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(envoi.library, "_default", [make_library(ca_file=certificate.file)])
    refuses: dict[str, str | None] = {"RCPT TO:<nobody@": "550 5.1.1 no such user"}
    users = {"me": "secret"}
    with Server(replies=refuses, users=users, tls=certificate.context()) as submission, \
            Server(replies=refuses, users=users, tls=certificate.context(), implicit=True) as submissions, \
            Server(replies=refuses) as local:
        yield {"mail.example.org:587": submission, "mail.example.org:465": submissions, "localhost:25": local}


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```python") > 8


@pytest.mark.parametrize("line, code, expected", EXAMPLES, ids=[f"line{line}" for line, _, _ in EXAMPLES])
def test_example(places: dict[str, Server], line: int, code: str, expected: str) -> None:
    used = {name: server for name, server in places.items() if name in code}
    for name, server in places.items():
        code = code.replace(f'"{name}"', f'"localhost:{server.port}"')
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * line + code, "docs/python.md", "exec"), {"__name__": "__main__"})
    assert printed.getvalue() == expected
    assert used and all(server.lines for server in used.values())
