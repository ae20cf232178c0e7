# SPDX-License-Identifier: MIT
"""A thousand sessions leave no descriptor, object, thread or memory behind."""
from __future__ import annotations

import asyncio
import gc
import os
import pathlib
import threading

import pytest
from conftest import make_library
from envoi import TLS, Message, Session, aio
from server import Server

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]


def resident() -> int:
    """In KiB."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def counts(server: Server) -> tuple[int, int, int]:
    """Descriptors, objects of the package, threads, when the server has noticed that its connections are closed."""
    for thread in server.threads[1:]:
        thread.join(20)
    gc.collect()
    objects = [each for each in gc.get_objects() if type(each).__module__.startswith("envoi")]
    server.mails.clear()
    server.lines.clear()
    return len(os.listdir("/proc/self/fd")), len(objects), threading.active_count()


def test_blocking(server: Server) -> None:
    library = make_library()

    def one(number: int) -> None:
        session = Session(library, tls=TLS.OFF, trace=lambda kind, line: None, timeout=20)
        session.set_credential_callback(lambda which, mechanism: None)
        session.set_credential_callback(None)
        session.connect(server.address)
        mail = Message("me@example.org", ["you@example.net"], iter([b"Subject: x\n\n", b"x" * 5000]))
        mail.set_reply_callback(lambda phase, index, reply: None)
        session.send(mail)
        if number % 2:  # the others are let go of
            session.quit()

    for number in range(100):
        one(number)
    before, memory = counts(server), resident()
    for number in range(1000):
        one(number)
    assert len(server.mails) == 1000
    assert counts(server) == before
    assert resident() - memory < 4096


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_asynchronous(server: Server, kind: str) -> None:
    if kind == "uvloop" and uvloop is None:
        pytest.skip("python3-uvloop is not installed")
    library = make_library()

    async def one(number: int) -> None:
        session = aio.Session(library, tls=TLS.OFF, trace=lambda kind, line: None, timeout=20)
        await session.connect(server.address)
        await session.send(Message("me@example.org", ["you@example.net"], "Subject: x\n\n"))
        if number % 2:
            await session.quit()

    async def test() -> None:
        for _ in range(5):
            await asyncio.gather(*map(one, range(20)))
        before, memory = counts(server), resident()
        for _ in range(50):
            await asyncio.gather(*map(one, range(20)))
        assert len(server.mails) == 1000
        assert counts(server) == before
        assert resident() - memory < 4096

    loop = uvloop.new_event_loop() if kind == "uvloop" else asyncio.new_event_loop()
    try:
        loop.run_until_complete(test())
    finally:
        loop.close()
