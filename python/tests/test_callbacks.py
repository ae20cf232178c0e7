# SPDX-License-Identifier: MIT
"""Callbacks: what they are told, and that an exception in one of them comes out of the verb."""
from __future__ import annotations

import gc
import weakref

import envoi
import pytest
from conftest import make_library
from envoi import TLS, Credential, Message, Phase, Reply, Session, Trace
from server import Server


def message() -> Message:
    return Message("me@example.org", ["you@example.net"], "Subject: x\n\n")


def test_trace(server: Server, session: Session) -> None:
    lines: list[tuple[Trace, str]] = []
    session.set_trace(1, lambda kind, line: lines.append((kind, line)))
    session.connect(server.address)
    session.noop()
    assert (Trace.SENT, "NOOP") in lines and (Trace.RECEIVED, "250 ok") in lines
    session.set_trace(0)
    count = len(lines)
    session.noop()
    assert len(lines) == count


def test_an_exception_in_the_trace(server: Server, session: Session) -> None:
    def trace(kind: Trace, line: str) -> None:
        raise RuntimeError(line)

    session.connect(server.address)
    session.set_trace(1, trace)
    with pytest.raises(RuntimeError, match="EHLO"):  # the first of them
        session.send(message())
    assert len(server.mails) == 1  # the verb went on to its end
    session.set_trace(0)
    assert session.connected and session.noop().code == 250


def test_ctrl_c_in_a_callback_ends_the_verb(server: Server, session: Session) -> None:
    def trace(kind: Trace, line: str) -> None:
        if line.startswith("EHLO"):
            raise KeyboardInterrupt

    session.set_trace(1, trace)
    session.connect(server.address)
    with pytest.raises(KeyboardInterrupt):
        session.send(message())
    assert not session.connected and not server.mails


def test_credentials(library: envoi.Library) -> None:
    with Server(users={"me": "secret"}) as server:
        asked: list[Credential] = []

        def credential(which: Credential, mechanism: str) -> str | None:
            asked.append(which)
            return {Credential.AUTHID: "me", Credential.PASSWORD: "secret"}.get(which)

        session = Session(library, tls=TLS.OFF, allow_cleartext_auth=True, credential=credential, timeout=20)
        session.connect(server.address)
        assert session.login().code == 235
        assert set(asked) >= {Credential.AUTHID, Credential.PASSWORD}
        session.quit()

        def failing(which: Credential, mechanism: str) -> str:
            raise LookupError("the keyring is locked")

        session.set_credential_callback(failing)
        session.connect(server.address)
        with pytest.raises(LookupError, match="keyring"):
            session.login()
        session.set_credential_callback(lambda which, mechanism: None)
        if not session.connected:
            session.connect(server.address)
        with pytest.raises(envoi.Interrupted):
            session.login()


def test_dial_fails(session: Session) -> None:
    def dial(host: str, port: int) -> int:
        raise ConnectionRefusedError("the tunnel is down")

    session.set_dial(dial)
    with pytest.raises(ConnectionRefusedError, match="tunnel"):
        session.connect("mail.example.org:25")
    assert not session.connected


def test_step_fails(session: Session) -> None:
    with Server(extensions=("AUTH X-OURS",), replies={"AUTH X-OURS": "334 aGk=", "*": "501 cancelled"}) as server:
        def step(challenge: bytes | None) -> bytes | None:
            if challenge:
                raise ArithmeticError("no answer")
            return None

        session.connect(server.address)
        with pytest.raises(ArithmeticError):
            session.auth_with("X-OURS", step, safe=True)
        assert session.connected and not session.authenticated
        with pytest.raises(envoi.AuthError):  # a 235 too early
            server.replies["AUTH X-OURS"] = "235 ok"
            session.auth_with("X-OURS", lambda challenge: (b"x", False), safe=True)


def test_replies(server: Server, session: Session) -> None:
    told: list[tuple[Phase, int, Reply]] = []
    mail = Message("me@example.org", ["a@example.net", "b@example.net"], "Subject: x\n\n")
    mail.set_reply_callback(lambda phase, index, reply: told.append((phase, index, reply)))
    session.connect(server.address)
    session.send(mail)
    assert [(phase, index, reply.code) for phase, index, reply in told] == [
        (Phase.MAIL, 0, 250), (Phase.RCPT, 0, 250), (Phase.RCPT, 1, 250), (Phase.DATA, 0, 354), (Phase.FINAL, 0, 250)]
    assert told[1][2].lines == (b"2.1.5 ok",)


def test_log() -> None:
    lines: list[tuple[envoi.LogLevel, str]] = []
    library = make_library(log=lambda level, text: lines.append((level, text)))
    with Server() as server, Session(library, tls=TLS.OPPORTUNISTIC, timeout=20) as session:
        session.connect(server.address)
        session.send(message())
    assert [level for level, _ in lines] == [envoi.LogLevel.INFO]


def test_a_callback_that_knows_its_session_keeps_nothing_alive(server: Server) -> None:
    library = make_library()

    class Client:
        def __init__(self) -> None:
            self.session = Session(library, tls=TLS.OFF, trace=self.trace)
            library.set_log(self.log)

        def trace(self, kind: Trace, line: str) -> None:
            pass

        def log(self, level: envoi.LogLevel, text: str) -> None:
            pass

    client = Client()
    client.session.connect(server.address)
    found = weakref.ref(client.session)
    library.set_log(None)
    del client
    gc.collect()
    assert found() is None


def test_a_callback_uses_its_own_session(server: Server, session: Session) -> None:
    codes: list[envoi.Code] = []

    def trace(kind: Trace, line: str) -> None:
        assert session.connected in (True, False)  # reading is allowed
        try:
            session.noop()
        except envoi.Error as error:
            codes.append(error.code)

    session.connect(server.address)
    session.set_trace(1, trace)
    session.noop()
    assert set(codes) == {envoi.Code.BUSY}
