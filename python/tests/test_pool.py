# SPDX-License-Identifier: MIT
"""The blocking pool, and the lookup's errors."""
from __future__ import annotations

import envoi
import pytest
from envoi import TLS, Limit, Message, Pool, Session, Verdict
from server import Server


def mails(count: int, where: str = "example.net") -> list[Message]:
    return [Message("me@example.org", [f"u{i}@{where}"], f"Subject: {i}\n\n") for i in range(count)]


def test_pool(server: Server, session: Session, library: envoi.Library) -> None:
    told: list[tuple[Message, envoi.Error | None]] = []
    with Pool(library, connections=2) as pool:
        assert pool.limit(Limit.CONNECTIONS) == 2
        route = pool.add_route(session, server.address)
        batch = mails(50)
        for mail in batch:
            pool.submit(route, mail, lambda mail, error: told.append((mail, error)))
        assert pool.pending == 50
        with pytest.raises(envoi.BusyError):
            batch[0].add_recipient("late@example.net")
        pool.run()
        assert pool.pending == 0 and 1 <= pool.connections <= 2
        pool.submit(route, mails(1)[0])
    assert len(server.mails) == 51 and server.connections <= 2
    assert {id(mail) for mail, _ in told} == {id(mail) for mail in batch}
    assert all(error is None for _, error in told) and pool.connections == 0


def test_messages_outlive_the_program_letting_go(server: Server, session: Session, library: envoi.Library) -> None:
    pool = Pool(library)
    route = pool.add_route(session, server.address)
    for i in range(10):
        pool.submit(route, Message("me@example.org", ["you@example.net"], iter([b"Subject: x\n\n", str(i).encode()])))
    del session
    pool.run()
    assert len(server.mails) == 10
    assert not pool._entries


def test_errors(session: Session, library: envoi.Library) -> None:
    with Server(replies={"RCPT TO:<bad@": "550 5.1.1 no such user"}) as server:
        errors: list[envoi.Error | None] = []
        pool = Pool(library)
        route = pool.add_route(session, server.address)
        pool.submit(route, Message("me@example.org", ["bad@example.net"], "x\n"), lambda mail, error: errors.append(error))
        pool.run()
        assert isinstance(errors[0], envoi.RecipientsRefused)
        assert errors[0].reply.code == 550 and errors[0].phase == envoi.Phase.RCPT
        assert errors[0].recipients[0].verdict == Verdict.REFUSED
        with pytest.raises(envoi.UsageError):
            pool.submit(route + 1, mails(1)[0])
        with pytest.raises(envoi.UsageError):
            pool.submit(route, Message("me@example.org"))
        with pytest.raises(envoi.UsageError):
            pool.set_limit(Limit.QUEUE, 0)
        with pytest.raises(KeyError):
            Pool(library, nonsense=1)
        with pytest.raises(envoi.UsageError, match="route"):
            pool.add_route(session, "a b:x")


def test_a_full_queue(session: Session, server: Server, library: envoi.Library) -> None:
    pool = Pool(library, queue=2)
    route = pool.add_route(session, server.address)
    batch = mails(3)
    pool.submit(route, batch[0])
    pool.submit(route, batch[1])
    with pytest.raises(envoi.BusyError) as caught:
        pool.submit(route, batch[2])
    assert caught.value.code == envoi.Code.AGAIN
    pool.run()
    pool.submit(route, batch[2])
    pool.run()
    assert len(server.mails) == 3


def test_an_exception_in_done(session: Session, server: Server, library: envoi.Library) -> None:
    def done(mail: Message, error: envoi.Error | None) -> None:
        raise RuntimeError("full disk")

    pool = Pool(library)
    route = pool.add_route(session, server.address)
    for mail in mails(3):
        pool.submit(route, mail, done)
    with pytest.raises(RuntimeError, match="full disk"):
        pool.run()
    assert len(server.mails) == 3 and pool.pending == 0


def test_interrupt_and_stop(session: Session, library: envoi.Library) -> None:
    with Server(replies={"EHLO": Server.HANG}) as server:
        errors: list[envoi.Error | None] = []
        pool = Pool(library)
        route = pool.add_route(session, server.address)
        pool.submit(route, mails(1)[0], lambda mail, error: errors.append(error))
        pool.interrupt()
        with pytest.raises(envoi.Interrupted):
            pool.run()
        assert pool.pending == 1
        pool.stop()
        assert isinstance(errors[0], envoi.Interrupted)


def test_a_pool_that_is_let_go_of_settles_its_messages(session: Session, server: Server, library: envoi.Library) -> None:
    errors: list[envoi.Error | None] = []
    pool = Pool(library)
    mail = mails(1)[0]
    pool.submit(pool.add_route(session, server.address), mail, lambda mail, error: errors.append(error))
    del pool
    assert len(errors) == 1 and mail.recipients[0].verdict == Verdict.NOT_ATTEMPTED


def test_a_message_outlives_its_pool(session: Session, server: Server, library: envoi.Library) -> None:
    """Even if the collector of garbage meets it first."""
    pool, mail, events = Pool(library), mails(1)[0], []
    for name, each in (("pool", pool), ("message", mail)):
        free = each._owner.free
        each._owner.free = lambda pointer, name=name, free=free: (free(pointer), events.append(name))  # type: ignore
    pool.submit(pool.add_route(session, server.address), mail, lambda mail, error: events.append("done"))
    mail._finalizer()
    assert events == []
    pool._finalizer()
    assert events == ["done", "message", "pool"]


def test_dial_and_trace_of_a_prototype(library: envoi.Library, server: Server) -> None:
    import socket

    lines: list[str] = []
    session = Session(library, tls=TLS.OFF, trace=lambda kind, line: lines.append(line),
                      dial=lambda host, port: socket.create_connection(("127.0.0.1", server.port)))
    pool = Pool(library)
    route = pool.add_route(session, "mail.example.org")
    del session
    for mail in mails(3):
        pool.submit(route, mail)
    pool.run()
    assert len(server.mails) == 3 and any(line.startswith("EHLO") for line in lines)


def test_priorities(session: Session, server: Server, library: envoi.Library) -> None:
    pool = Pool(library, connections=1)
    route = pool.add_route(session, server.address)
    order = [envoi.Priority.BULK, envoi.Priority.NORMAL, envoi.Priority.URGENT]
    for mail, priority in zip(mails(3), order):
        pool.submit(route, mail, priority=priority)
    pool.run()
    assert [mail.recipients[0] for mail in server.mails] == ["u2@example.net", "u1@example.net", "u0@example.net"]


def test_cancel_and_telemetry(session: Session, server: Server, library: envoi.Library) -> None:
    told: list[object] = []
    pool = Pool(library)
    route = pool.add_route(session, server.address)
    kept, taken_back = mails(2)
    pool.submit(route, kept)
    pool.submit(route, taken_back, lambda mail, error: told.append(error))
    pool.cancel(taken_back)
    assert pool.pending == 1 and taken_back.recipients[0].verdict == Verdict.NOT_ATTEMPTED and len(pool._entries) == 1
    with pytest.raises(envoi.UsageError):
        pool.cancel(taken_back)
    pool.run()
    assert not told and len(server.mails) == 1
    work = pool.telemetry()
    assert (work.submitted, work.cancelled, work.results[envoi.Result.SENT], work.connections) == (2, 1, 1, 1)
    assert work.sessions.transactions == 1 and work.sessions.octets_sent > 50
    taken_back.add_recipient("more@example.net")  # it is the program's again
    pool.submit(route, taken_back)
    pool.run()
    assert len(server.mails) == 2


def test_accounts_and_rates(session: Session, server: Server, library: envoi.Library) -> None:
    with Server() as other:
        pool = Pool(library, connections=2, messages=1)
        route = pool.add_route(session, server.address)
        pool.add_account(route, session, other.address)
        pool.set_rate(route, envoi.Rate.MESSAGES, 1000, period=1.0, burst=100)
        for mail in mails(20):
            pool.submit(route, mail)
        with pytest.raises(envoi.BusyError):
            pool.add_account(route, session, other.address)
        pool.run()
        assert len(server.mails) + len(other.mails) == 20 and server.mails and other.mails
        for wrong in ((route, 3, 1), (route + 1, envoi.Rate.MESSAGES, 1), (route, envoi.Rate.MESSAGES, -1)):
            with pytest.raises(envoi.UsageError):
                pool.set_rate(*wrong)  # type: ignore[arg-type]


def test_lookup(library: envoi.Library) -> None:
    lookup = envoi.Lookup(library, timeout=5)
    with pytest.raises(envoi.UsageError):
        lookup.submission("two words")
    with pytest.raises(envoi.UsageError):
        lookup.exchangers("")
