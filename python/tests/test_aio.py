# SPDX-License-Identifier: MIT
"""The verbs, awaited, in asyncio's event loop and in uvloop's."""
from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import envoi
import pytest
from conftest import Certificate
from envoi import TLS, Credential, Message, Phase, Verdict, aio
from server import Server

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]

Run = Callable[[Callable[[], Awaitable[None]]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a test in one of the loops, with its debug mode, and no callback may fail there."""
    if request.param == "uvloop" and uvloop is None:
        pytest.skip("python3-uvloop is not installed")
    failures: list[object] = []

    def runner(test: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
            await asyncio.wait_for(test(), 60)

        loop = uvloop.new_event_loop() if request.param == "uvloop" else asyncio.new_event_loop()
        loop.set_debug(True)
        try:
            loop.run_until_complete(guarded())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    yield runner
    assert not failures


def message(*recipients: str) -> Message:
    return Message("me@example.org", recipients or ["you@example.net"], "Subject: x\n\nhello\n")


def make(library: envoi.Library) -> aio.Session:
    return aio.Session(library, tls=TLS.OFF, timeout=20)


def test_send(run: Run, server: Server, library: envoi.Library) -> None:
    async def test() -> None:
        async with make(library) as session:
            assert (await session.connect(server.address)).code == 220
            assert await session.send(message()) == ()
            assert await session.send(message()) == ()
            assert (await session.noop()).code == 250
            assert (await session.verify("you")).code == 252
            assert (await session.ehlo("client.example")).code == 250
            assert session.extensions["PIPELINING"] == ""
            await session.mail("me@example.org")
            await session.rcpt("you@example.net")
            await session.data("Subject: x\n\n")
            assert (await session.docmd("XYZ")).code == 500
            await session.send_all([message() for _ in range(10)])
            await session.sendmail("me@example.org", "you@example.net", "Subject: x\n\n", "RET=HDRS")
        assert not session.connected
        with pytest.raises(envoi.Disconnected):
            await session.noop()

    run(test)
    assert len(server.mails) == 14


def test_refusal(run: Run, library: envoi.Library) -> None:
    with Server(replies={"RCPT TO:<bad@": "550 5.1.1 no such user"}) as server:
        async def test() -> None:
            async with make(library) as session:
                await session.connect(server.address)
                with pytest.raises(envoi.RecipientsRefused) as caught:
                    await session.send(message("bad@example.net"))
                assert caught.value.reply.code == 550 and caught.value.phase == Phase.RCPT
                assert caught.value.recipients[0].verdict == Verdict.REFUSED
                missed = await session.send(message("bad@example.net", "good@example.net"))
                assert [each.address for each in missed] == ["bad@example.net"]

        run(test)


def test_tls_and_login(run: Run, library: envoi.Library, certificate: Certificate) -> None:
    with Server(tls=certificate.context(), users={"me": "secret"}) as server:
        async def test() -> None:
            async with aio.Session(library, ca_file=certificate.file, user="me", password="secret", timeout=20) as session:
                await session.connect(f"localhost:{server.port}")
                await session.starttls()
                await session.login()
                await session.send(message())
                assert session.tls and session.tls.verified and session.authenticated
            sent = await aio.send("Subject: x\n\n", "me@example.org", "you@example.net", library=library,
                                  server=f"localhost:{server.port}", ca_file=certificate.file)
            assert sent.recipients[0].accepted

        run(test)
        assert len(server.mails) == 2


def test_many_at_once(run: Run, server: Server, library: envoi.Library) -> None:
    async def one() -> None:
        async with make(library) as session:
            await session.connect(server.address)
            await session.send(message())

    async def test() -> None:
        await asyncio.gather(*(one() for _ in range(100)))

    run(test)
    assert len(server.mails) == 100


def test_verbs_take_turns(run: Run, server: Server, library: envoi.Library) -> None:
    async def test() -> None:
        async with make(library) as session:
            await session.connect(server.address)
            mails = [message(f"u{i}@example.net") for i in range(20)]
            await asyncio.gather(*(session.send(mail) for mail in mails), session.noop(), session.noop())
            assert all(mail.result == envoi.Result.SENT for mail in mails)

    run(test)
    assert [mail.recipients for mail in server.mails] == [[f"u{i}@example.net"] for i in range(20)]


@pytest.mark.parametrize("hanging, verdict", [("", None), ("EHLO", Verdict.NOT_ATTEMPTED), (".", Verdict.UNKNOWN)])
def test_cancelling_closes(run: Run, library: envoi.Library, hanging: str, verdict: Verdict | None) -> None:
    with Server(replies={hanging: Server.HANG}) as server:
        async def test() -> None:
            session = make(library)
            mail = message()

            async def send() -> None:
                await session.connect(server.address)
                await session.send(mail)

            task = asyncio.ensure_future(send())
            if hanging:
                await asyncio.get_running_loop().run_in_executor(None, server.wait_for, hanging)
            else:
                while not server.connections:
                    await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not session.connected and not session._driver.events
            if verdict is not None:
                assert mail.recipients[0].verdict == verdict
            server.replies.clear()  # and it can connect again
            await session.connect(server.address)
            assert (await session.noop()).code == 250
            await session.quit()

        run(test)


def test_a_verb_that_waits_for_its_turn_is_cancelled_alone(run: Run, library: envoi.Library) -> None:
    with Server(replies={"NOOP": Server.HANG}) as server:
        async def test() -> None:
            session = make(library)
            await session.connect(server.address)
            first = asyncio.ensure_future(session.noop())
            second = asyncio.ensure_future(session.rset())
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert session.connected
            server.ended.set()
            with pytest.raises(envoi.Disconnected):
                await first

        run(test)


def test_timeouts(run: Run, library: envoi.Library) -> None:
    with Server(replies={"EHLO": Server.HANG}) as server:
        async def test() -> None:
            session = make(library)
            session.set_timeout(0.2, Phase.EHLO)
            await session.connect(server.address)
            began = time.monotonic()
            with pytest.raises(envoi.TimedOut) as caught:
                await session.ehlo()
            assert caught.value.phase == Phase.EHLO and 0.15 < time.monotonic() - began < 10
            await session.connect(server.address)
            session.set_timeout(20)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(session.ehlo(), 0.1)
            assert not session.connected

        run(test)


def test_the_loop_goes_on(run: Run, library: envoi.Library) -> None:
    with Server(replies={"EHLO": Server.HANG}) as server:
        async def test() -> None:
            session = make(library)
            await session.connect(server.address)
            verb = asyncio.ensure_future(session.ehlo())
            await asyncio.get_running_loop().run_in_executor(None, server.wait_for, "EHLO")
            threading.Timer(0.05, session.interrupt).start()
            with pytest.raises(envoi.Interrupted):
                await verb

        run(test)


def test_close_ends_a_verb(run: Run, library: envoi.Library) -> None:
    with Server(replies={"EHLO": Server.HANG}) as server:
        async def test() -> None:
            session = make(library)
            await session.connect(server.address)
            verb = asyncio.ensure_future(session.ehlo())
            await asyncio.get_running_loop().run_in_executor(None, server.wait_for, "EHLO")
            session.close()
            with pytest.raises(envoi.Disconnected):
                await verb

        run(test)


def test_a_server_that_closes_is_noticed(run: Run, library: envoi.Library) -> None:
    with Server(replies={"NOOP": "421 4.4.2 good bye"}) as server:
        async def test() -> None:
            session = make(library)
            await session.connect(server.address)
            for connection in list(server.open):
                connection.shutdown(socket.SHUT_RDWR)
            for _ in range(1000):
                if not session.connected:
                    break
                await asyncio.sleep(0.01)
            assert not session.connected and not session._driver.events

        run(test)


def test_answers_that_are_awaited(run: Run, library: envoi.Library) -> None:
    with Server(users={"me": "secret"}) as server:
        async def credential(which: Credential, mechanism: str) -> str | None:
            await asyncio.sleep(0.01)
            return {Credential.AUTHID: "me", Credential.PASSWORD: "secret"}.get(which)

        async def dial(host: str, port: int) -> socket.socket:
            await asyncio.sleep(0.01)
            assert (host, port) == ("mail.example.org", 25)
            return socket.create_connection(("127.0.0.1", server.port))

        async def pieces() -> AsyncIterator[bytes]:
            yield b"Subject: x\n\n"
            for _ in range(20):
                await asyncio.sleep(0.001)
                yield b"y" * 9999 + b"\n"

        async def broken() -> AsyncIterator[bytes]:
            yield b"Subject: x\n\n" + b"x" * 100000 + b"\n"
            await asyncio.sleep(0.001)
            raise RuntimeError("the disk is on fire")

        async def failing(which: Credential, mechanism: str) -> str | None:
            raise LookupError("the keyring is locked")

        async def test() -> None:
            session = aio.Session(library, tls=TLS.OFF, allow_cleartext_auth=True, credential=credential, dial=dial,
                                  timeout=20)
            await session.connect("mail.example.org")
            await session.send(Message("me@example.org", ["you@example.net"], pieces()))
            assert session.authenticated
            assert len(server.mails[0].content) == 14 + 20 * 10001
            with pytest.raises(RuntimeError, match="on fire"):
                await session.send(Message("me@example.org", ["you@example.net"], broken()))
            session.set_credential_callback(failing)
            await session.connect("mail.example.org")
            with pytest.raises(LookupError, match="keyring"):
                await session.login()
            session.close()

        run(test)
        assert len(server.mails) == 1


def test_an_exception_in_a_callback(run: Run, server: Server, library: envoi.Library) -> None:
    def trace(kind: envoi.Trace, line: str) -> None:
        if line.startswith("NOOP"):
            raise RuntimeError(line)

    async def test() -> None:
        session = make(library)
        session.set_trace(1, trace)
        await session.connect(server.address)
        with pytest.raises(RuntimeError, match="NOOP"):
            await session.noop()
        assert (await session.rset()).code == 250
        await session.quit()

    run(test)


def test_pool(run: Run, session: envoi.Session, library: envoi.Library) -> None:
    with Server(replies={"RCPT TO:<bad@": "550 5.1.1 no such user"}) as server:
        async def test() -> None:
            async with aio.Pool(library, connections=3, queue=20) as pool:
                route = pool.add_route(session, server.address)
                mails = [message(f"u{i}@example.net") for i in range(100)]
                await asyncio.gather(*(pool.send(route, mail) for mail in mails))
                assert all(mail.result == envoi.Result.SENT for mail in mails)
                with pytest.raises(envoi.RecipientsRefused) as caught:
                    await pool.send(route, message("bad@example.net"))
                assert caught.value.reply.code == 550
                future = await pool.submit(route, message())
            assert (await future).recipients[0].accepted
            assert pool.connections == 0 and not pool._driver.events
            with pytest.raises(envoi.UsageError):
                await pool.submit(route, message())

        run(test)
        assert len(server.mails) == 101 and server.connections <= 3


def test_a_message_is_taken_back(run: Run, session: envoi.Session, library: envoi.Library) -> None:
    with Server(replies={"EHLO": Server.HANG}) as server:
        async def test() -> None:
            pool = aio.Pool(library, connections=1, queue=1)
            route = pool.add_route(session, server.address)
            first = asyncio.ensure_future(pool.send(route, message()))
            second = asyncio.ensure_future(pool.send(route, message()))  # waits for room
            await asyncio.get_running_loop().run_in_executor(None, server.wait_for, "EHLO")
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            for _ in range(10):
                await asyncio.sleep(0)
            assert pool.pending == 1 and pool.telemetry().submitted == 2
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert pool.pending == 0
            pool.stop()

        run(test)


def test_a_task_that_waits_for_room_is_cancelled(run: Run, session: envoi.Session, server: Server,
                                                 library: envoi.Library) -> None:
    async def test() -> None:
        async with aio.Pool(library, queue=1) as pool:
            route = pool.add_route(session, server.address)
            tasks = [asyncio.ensure_future(pool.send(route, message())) for _ in range(10)]
            await asyncio.sleep(0)
            for task in tasks[1::2]:
                task.cancel()
            pool._make_room()  # in the same moment: the first one that waits was cancelled, and the next one is not
            await asyncio.wait(tasks)
            assert [task.cancelled() for task in tasks] == [False, True] * 5
        assert len(server.mails) == 5

    run(test)


def test_a_pool_that_is_left_by_an_exception(run: Run, session: envoi.Session, library: envoi.Library) -> None:
    with Server(replies={"EHLO": Server.HANG}) as server:
        async def test() -> None:
            with pytest.raises(ZeroDivisionError):
                async with aio.Pool(library) as pool:
                    future = await pool.submit(pool.add_route(session, server.address), message())
                    await asyncio.get_running_loop().run_in_executor(None, server.wait_for, "EHLO")
                    raise ZeroDivisionError
            with pytest.raises(envoi.Error):
                await future

        run(test)


def test_lookup(run: Run, library: envoi.Library) -> None:
    async def test() -> None:
        lookup = aio.Lookup(library)
        with pytest.raises(envoi.UsageError):
            await lookup.submission("two words")

    run(test)


def test_another_loop(server: Server, library: envoi.Library) -> None:
    session = make(library)
    for _ in range(2):
        async def test() -> None:
            await session.connect(server.address)
            await asyncio.gather(session.noop(), session.noop())
            await session.quit()

        asyncio.run(test())

    async def connect() -> None:
        await session.connect(server.address)

    async def noop() -> None:
        with pytest.raises(envoi.UsageError, match="another event loop"):
            await session.noop()
        session.close()
        await session.connect(server.address)
        await session.quit()

    asyncio.run(connect())
    asyncio.run(noop())


def test_a_task_that_becomes_garbage(library: envoi.Library) -> None:
    """A verb that nobody ends, and the collector of garbage meets message, session and coroutine in this order."""
    with Server(replies={".": Server.HANG}) as server:
        freed: list[str] = []
        session, mail = make(library), message()
        for name, each in (("session", session), ("message", mail)):
            free = each._owner.free
            each._owner.free = lambda pointer, name=name, free=free: (freed.append(name), free(pointer))  # type: ignore

        async def send() -> None:
            await session.connect(server.address)
            await session.send(mail)

        async def arrived() -> None:
            await loop.run_in_executor(None, server.wait_for, ".")

        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda loop, context: None)  # "Task was destroyed but it is pending"
        task = loop.create_task(send())
        loop.run_until_complete(arrived())
        loop.close()
        mail._finalizer()
        assert freed == []
        session._finalizer()
        assert freed == ["session"]
        del task, loop, arrived, send, session, mail, each
        gc.collect()
        assert freed == ["session", "message"]


def test_the_loop_keeps_nothing_alive(run: Run, server: Server, library: envoi.Library) -> None:
    async def test() -> None:
        session = make(library)
        await session.connect(server.address)
        found = weakref.ref(session)
        count = len(os.listdir("/proc/self/fd"))
        del session
        gc.collect()
        assert found() is None and len(os.listdir("/proc/self/fd")) < count

    run(test)
