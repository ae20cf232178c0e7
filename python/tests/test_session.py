# SPDX-License-Identifier: MIT
"""The verbs of a blocking session, what they return, and the errors that they raise."""
from __future__ import annotations

import socket
import ssl

import envoi
import pytest
from conftest import Certificate
from envoi import TLS, Code, Detail, Hello, Message, Phase, Session, Verdict
from server import Server

TEXT = "Subject: x\n\nhello\n.dot\n"
SENT = b"Subject: x\r\n\r\nhello\r\n.dot\r\n"


def message(*recipients: str) -> Message:
    return Message("me@example.org", recipients or ["you@example.net"], TEXT)


def test_send(server: Server, session: Session) -> None:
    greeting = session.connect(server.address)
    assert (greeting.code, greeting.text) == (220, "mx.example ready")
    mail = message("a@example.net", "b@example.net")
    assert session.send(mail) == ()
    assert mail.result == envoi.Result.SENT
    assert [str(each) for each in mail.recipients] == ["a@example.net: accepted: 250 2.0.0 queued",
                                                       "b@example.net: accepted: 250 2.0.0 queued"]
    assert session.quit().code == 221
    assert server.mails[0].sender == "me@example.org"
    assert server.mails[0].recipients == ["a@example.net", "b@example.net"]
    assert server.mails[0].content == SENT


def test_verdicts(session: Session) -> None:
    with Server(replies={"RCPT TO:<bad@": "550 5.1.1 no such user", "RCPT TO:<slow@": "451 later"}) as server:
        session.connect(server.address)
        mail = message("bad@example.net", "good@example.net", "slow@example.net")
        missed = session.send(mail)
        assert [(each.address, each.verdict, each.code, each.enhanced) for each in missed] == [
            ("bad@example.net", Verdict.REFUSED, 550, "5.1.1"), ("slow@example.net", Verdict.DEFERRED, 451, "")]
        assert mail.result == envoi.Result.PARTIAL
        assert mail.recipient(0).phase == Phase.RCPT
        assert mail.recipient(0).reply == envoi.Reply(550, "no such user", "5.1.1")
        mail.keep(envoi.Keep.OPEN)
        assert [each.address for each in mail.recipients] == ["slow@example.net"]


def test_refusals(session: Session) -> None:
    with Server(replies={"RCPT TO:<bad@": "550 5.1.1 no such user"}) as server:
        session.connect(server.address)
        with pytest.raises(envoi.RecipientsRefused) as caught:
            session.send(message("bad@example.net"))
        error = caught.value
        assert error.code == Code.RECIPIENTS_REFUSED and error.phase == Phase.RCPT
        assert (error.reply.code, error.reply.enhanced) == (550, "5.1.1")
        assert [each.verdict for each in error.recipients] == [Verdict.REFUSED]
        assert "no such user" in str(error)
        assert session.connected
    with Server(replies={"MAIL": "550 not you"}) as server:
        session.close()
        session.connect(server.address)
        with pytest.raises(envoi.SenderRefused):
            session.send(message())
    with Server(replies={".": "554 5.6.0 spam"}) as server:
        session.close()
        session.connect(server.address)
        with pytest.raises(envoi.DataRefused) as refused:
            session.send(message())
        assert refused.value.reply.code == 554


def test_lost_after_the_content(session: Session) -> None:
    with Server(replies={".": None}) as server:
        session.connect(server.address)
        mail = message()
        with pytest.raises(envoi.UnknownOutcome) as caught:
            session.send(mail)
        assert caught.value.recipients[0].verdict == Verdict.UNKNOWN
        assert not session.connected


def test_single_commands(server: Server, session: Session) -> None:
    session.connect(server.address)
    assert session.hello == Hello.NONE
    assert session.ehlo("client.example").code == 250
    assert session.hello == Hello.EHLO and session.helo_name == "client.example"
    assert session.extensions == {"PIPELINING": "", "8BITMIME": "", "SIZE": "10000000"}
    assert session.has_extension("pipelining") and not session.has_extension("DSN")
    assert session.noop().code == 250
    assert session.verify("you").code == 252
    assert session.expn("list").lines == (b"a@example.org", b"b@example.org")
    assert session.help().text == "help yourself"
    assert session.docmd("XYZ", "a b").code == 500  # a refusal is no failure
    assert session.mail("me@example.org").code == 250
    assert session.rcpt("you@example.net").code == 250
    assert session.data(TEXT).code == 250
    assert session.rset().code == 250
    assert session.helo().code == 250
    assert session.reply.text == "mx.example"
    assert server.mails[0].content == SENT


def test_telemetry(server: Server, session: Session) -> None:
    session.connect(server.address)
    session.send(message())
    session.noop()
    work = session.telemetry()
    assert (work.connections, work.transactions) == (1, 1)
    assert work.octets_received > 50 and Phase.MAIL in work.phase_ms and Phase.NONE not in work.phase_ms


def test_ignored_extensions(server: Server, session: Session) -> None:
    session.set_ignored_extensions("pipelining")
    session.connect(server.address)
    session.ehlo()
    assert list(session.extensions) == ["8BITMIME", "SIZE"]
    with pytest.raises(envoi.UsageError):
        session.set_ignored_extensions("a:b")


def test_usage(session: Session) -> None:
    with pytest.raises(envoi.Disconnected):
        session.noop()
    for wrong, detail in (("host:port", Detail.PORT), ("a\r\nb", Detail.CONTROL), ("a\0b", Detail.CONTROL)):
        with pytest.raises(envoi.UsageError) as caught:
            session.connect(wrong)
        assert caught.value.detail == detail
        assert isinstance(caught.value, ValueError)
    with pytest.raises(envoi.AddressError) as address:
        Message("me@example.org", ["a..b@example.net"])
    assert address.value.detail == Detail.FORM
    with pytest.raises(envoi.UsageError):
        session.set_helo_name("two words")
    with pytest.raises(envoi.UsageError):  # once more, by the next verb
        session.connect("127.0.0.1:1")
    with pytest.raises(envoi.ConnectError):
        session.connect("127.0.0.1:1")


def test_errors_are_those_of_python(session: Session) -> None:
    with pytest.raises(OSError):
        session.connect("127.0.0.1:1")
    with Server(replies={"EHLO": Server.HANG}) as server:
        session.set_timeout(0.2, Phase.EHLO)
        assert session.timeout(Phase.EHLO) == 0.2
        session.connect(server.address)
        with pytest.raises(TimeoutError) as caught:
            session.ehlo()
        assert isinstance(caught.value, envoi.TimedOut) and caught.value.phase == Phase.EHLO
    session.set_timeout(None)
    assert session.timeout(Phase.EHLO) is None
    with Server(replies={"": "554 go away"}) as server:
        with pytest.raises(envoi.Refused) as refused:
            session.connect(server.address)
        assert refused.value.code == Code.GREETING and refused.value.reply.code == 554


def test_tls_and_login(library: envoi.Library, certificate: Certificate) -> None:
    with Server(tls=certificate.context(), users={"me": "secret"}) as server:
        with Session(library, ca_file=certificate.file, user="me", password="secret", timeout=20) as session:
            session.connect(f"localhost:{server.port}")
            assert session.tls is None and not session.authenticated
            session.send(message())
            assert session.authenticated and session.mechanism in ("PLAIN", "LOGIN")
            assert session.mechanism_plugin == session.mechanism.lower()
            tls = session.tls
            assert tls and tls.verified and tls.verified_by == "chain" and tls.backend in ("openssl", "gnutls") and tls.protocol == "TLSv1.3"
            first = session.certificates[0]
            assert first.der == ssl.PEM_cert_to_DER_cert(certificate.file.read_text())
            assert first.names == ("localhost", "127.0.0.1") and len(first.pin) == 64
            assert first.not_before < first.not_after
        assert len(server.mails) == 1
        with Session(library, ca_file=certificate.file, user="me", password="wrong", timeout=20) as session:
            session.connect(f"localhost:{server.port}")
            with pytest.raises(envoi.AuthError) as caught:
                session.send(message())
            assert caught.value.code == Code.AUTH and caught.value.reply.code == 535
            assert "wrong" not in str(caught.value).split()
        with Session(library, tls_backend="openssl", timeout=20) as session:  # an unknown CA
            session.connect(f"localhost:{server.port}")
            with pytest.raises(envoi.CertificateError):
                session.send(message())


def test_implicit_tls_and_pin(library: envoi.Library, certificate: Certificate) -> None:
    with Server(tls=certificate.context(), implicit=True) as server:
        with Session(library, tls=TLS.IMPLICIT, ca_pem=certificate.file.read_bytes(), timeout=20) as session:
            session.connect(f"localhost:{server.port}")
            session.send(message())
            pin = session.certificates[0].pin
        with Session(library, tls=TLS.IMPLICIT, pins=[pin], pin_trust=True, timeout=20) as session:
            session.connect(f"localhost:{server.port}")
            assert session.send(message()) == ()
        with Session(library, tls=TLS.IMPLICIT, pins=["0" * 64], pin_trust=True, timeout=20) as session:
            with pytest.raises(envoi.CertificateError):
                session.connect(f"localhost:{server.port}")


def test_clear_text_is_refused(server: Server, library: envoi.Library) -> None:
    with Session(library, timeout=20) as session:
        session.connect(server.address)
        with pytest.raises(envoi.TLSError):
            session.send(message())
    with Server(users={"me": "secret"}) as asking:
        with Session(library, tls=TLS.OFF, user="me", password="secret", timeout=20) as session:
            session.connect(asking.address)
            with pytest.raises(envoi.NoMechanism):
                session.login()
            session.allow_cleartext_auth(True)
            assert session.login().code == 235


def test_many(server: Server, session: Session) -> None:
    session.connect(server.address)
    mails = [Message("me@example.org", [f"u{i}@example.net"], f"Subject: {i}\n\n") for i in range(20)]
    session.send_all(mails)
    assert all(mail.result == envoi.Result.SENT for mail in mails)
    assert len(server.mails) == 20
    twice = message()
    with pytest.raises(envoi.BusyError):
        session.send_all([twice, twice])


def test_sendmail(server: Server, session: Session) -> None:
    session.connect(server.address)
    mail = session.sendmail("me@example.org", "you@example.net", TEXT, "RET=HDRS", "NOTIFY=NEVER")
    assert mail.dropped_options == ["RET=HDRS", "NOTIFY=NEVER"]
    assert mail.recipients[0].accepted


def test_lmtp(library: envoi.Library) -> None:
    with Server(lmtp=True) as server, Session(library, tls=TLS.OFF, lmtp=True, timeout=20) as session:
        session.connect(server.address)
        mail = message("a@example.net", "b@example.net")
        session.send(mail)
        assert [each.accepted for each in mail.recipients] == [True, True]
        assert session.hello == Hello.LHLO


def test_adopt_and_dial(server: Server, session: Session) -> None:
    session.adopt(socket.create_connection(("127.0.0.1", server.port)), "mx.example")
    session.send(message())
    session.quit()
    asked: list[tuple[str, int]] = []

    def dial(host: str, port: int) -> socket.socket:
        asked.append((host, port))
        return socket.create_connection(("127.0.0.1", server.port))

    session.set_dial(dial)
    session.connect("mail.example.org:2525")
    session.send(message())
    assert asked == [("mail.example.org", 2525)]
    session.quit()
    session.set_dial(lambda host, port: None)
    with pytest.raises(envoi.Interrupted):
        session.connect("mail.example.org:2525")


def test_own_mechanism(session: Session) -> None:
    with Server(extensions=("AUTH X-OURS",), replies={"AUTH X-OURS": "334 aGk=", "cmVwbHk=": "235 ok"}) as server:
        challenges: list[bytes | None] = []

        def step(challenge: bytes | None) -> bytes | None:
            challenges.append(challenge)
            return None if challenge is None else b"reply"

        session.connect(server.address)
        assert session.auth_with("X-OURS", step, safe=True).code == 235
        assert challenges == [None, b"hi"] and session.authenticated


def test_plugins(library: envoi.Library) -> None:
    plugins = {plugin.id: plugin for plugin in library.plugins()}
    assert plugins["plain"].values["provides"] == "PLAIN"
    library.check_plugin(plugins["plain"].index, load=True)
    assert library.plugins()[plugins["plain"].index].state == "loaded"
    assert library.warnings() == []
    with pytest.raises(envoi.UsageError):
        library.check_plugin(1000)
    with pytest.raises(envoi.UsageError):
        library.set_module_directory("relative")
