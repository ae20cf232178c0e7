# SPDX-License-Identifier: MIT
"""Threads, forks and signals: the rules of the headers are kept, or an exception says which one was broken."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import envoi
import pytest
from conftest import make_library
from envoi import TLS, Message, Session
from server import Server


def message() -> Message:
    return Message("me@example.org", ["you@example.net"], "Subject: x\n\n")


def in_thread(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_the_gil_is_released(session: Session) -> None:
    with Server(replies={"NOOP": Server.HANG}) as server:
        session.connect(server.address)
        failures: list[BaseException] = []

        def wait() -> None:
            try:
                session.noop()
            except envoi.Error as error:
                failures.append(error)

        thread = in_thread(wait)
        server.wait_for("NOOP")  # this thread runs while the other one waits
        with pytest.raises(envoi.ThreadError, match="another thread uses this Session"):
            session.reply
        with pytest.raises(envoi.ThreadError):
            session.close()
        session.interrupt()
        thread.join(20)
        assert [type(error) for error in failures] == [envoi.Interrupted]
        assert not session.connected


def test_sessions_in_threads(library: envoi.Library, server: Server) -> None:
    failures: list[BaseException] = []

    def send() -> None:
        try:
            for _ in range(10):
                with Session(library, tls=TLS.OFF, timeout=20) as session:
                    session.connect(server.address)
                    session.send(message())
        except BaseException as error:
            failures.append(error)

    threads = [in_thread(send) for _ in range(8)]
    for thread in threads:
        thread.join(60)
    assert not failures and len(server.mails) == 80


class Alarmed(Exception):
    pass


def alarm(_number: int, _frame: object) -> None:
    raise Alarmed


@pytest.mark.parametrize("hanging", ["EHLO", "MAIL", "."])
def test_a_signal_that_raises_ends_the_verb(session: Session, hanging: str) -> None:
    before = signal.signal(signal.SIGUSR1, alarm)
    try:
        with Server(replies={hanging: Server.HANG}) as server:
            def knock() -> None:
                server.wait_for(hanging)
                while not stopped.wait(0.02):  # one may come in the moment before the wait
                    os.kill(os.getpid(), signal.SIGUSR1)

            stopped = threading.Event()
            session.connect(server.address)
            mail = message()
            thread = in_thread(knock)
            began = time.monotonic()
            try:
                with pytest.raises(Alarmed):
                    session.send(mail)
            finally:
                stopped.set()
                thread.join(20)
            assert time.monotonic() - began < 10
            assert not session.connected
            unknown = envoi.Verdict.UNKNOWN if hanging == "." else envoi.Verdict.NOT_ATTEMPTED
            assert mail.recipients[0].verdict == unknown
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_that_returns_ends_nothing(session: Session) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    try:
        with Server() as server:
            server.replies["NOOP"] = Server.HANG
            session.set_timeout(20)
            session.connect(server.address)

            def knock() -> None:
                server.wait_for("NOOP")
                for _ in range(200):
                    if seen:
                        break
                    os.kill(os.getpid(), signal.SIGUSR1)
                    time.sleep(0.01)
                ran.append(len(seen))  # while the verb still waits
                server.ended.set()

            ran: list[int] = []
            thread = in_thread(knock)
            with pytest.raises(envoi.Disconnected):
                session.noop()
            thread.join(20)
            assert ran[0] > 0
    finally:
        signal.signal(signal.SIGUSR1, before)


CTRL_C = """
import envoi, sys
session = envoi.Session(tls=envoi.TLS.OFF)
session.connect(sys.argv[1])
try:
    session.noop()
except KeyboardInterrupt:
    print("interrupted", session.connected)
"""


def test_ctrl_c() -> None:
    with Server(replies={"NOOP": Server.HANG}) as server:
        program = subprocess.Popen([sys.executable, "-c", CTRL_C, server.address], stdout=subprocess.PIPE, text=True)
        server.wait_for("NOOP")
        for _ in range(100):
            program.send_signal(signal.SIGINT)
            try:
                program.wait(0.2)
                break
            except subprocess.TimeoutExpired:
                pass
        assert program.stdout
        with program.stdout:
            assert program.stdout.read() == "interrupted False\n"


def in_child(function: Callable[[], object]) -> str:
    """What a function prints in the child of a fork: its result, or its exception."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            text = repr(function())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_fork(server: Server, session: Session, library: envoi.Library) -> None:
    session.connect(server.address)
    assert in_child(session.noop).startswith("ForkError: ")
    assert session.noop().code == 250  # the parent's connection is as it was

    def of_its_own() -> str:
        session.close()
        session.connect(server.address)
        session.send(message())
        other = Session(library, tls=TLS.OFF)
        other.connect(server.address)
        return other.noop().text

    assert in_child(of_its_own) == "'ok'"
    assert session.noop().code == 250 and len(server.mails) == 1
    pool = envoi.Pool(library)
    assert in_child(pool.drain).startswith("UsageError: ") or in_child(pool.drain).startswith("ForkError: ")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_fork_while_another_thread_is_inside(session: Session) -> None:
    with Server(replies={"NOOP": Server.HANG}) as server:
        session.connect(server.address)

        def wait() -> None:
            try:
                session.noop()
            except envoi.Error:
                pass

        thread = in_thread(wait)
        server.wait_for("NOOP")
        assert in_child(make_library) == ("ForkError: another thread was inside envoi when this process was forked: it can "
                                          "only exec")
        session.interrupt()
        thread.join(20)
    assert isinstance(make_library(), envoi.Library)


def test_objects_are_freed_in_order() -> None:
    """The library object last, even if the collector of garbage meets it first."""
    library = make_library()
    session, pool = Session(library), envoi.Pool(library)
    freed: list[str] = []
    for name, each in (("library", library), ("session", session), ("pool", pool)):
        free = each._owner.free
        each._owner.free = lambda pointer, name=name, free=free: (freed.append(name), free(pointer))  # type: ignore
    for each in (library, session, pool):
        each._finalizer()
    assert freed == ["session", "pool", "library"]
