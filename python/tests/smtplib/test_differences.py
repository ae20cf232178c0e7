# SPDX-License-Identifier: MIT
"""What envoi.smtplib does otherwise than smtplib, or beyond it: each is loud, and docs/smtplib.md lists it."""
from __future__ import annotations

import base64
import gc
import os
import pathlib
import smtplib as stock
import socket
import ssl
import subprocess
import sys
import threading
import weakref
from typing import Any

import envoi
import pytest
from conftest import Certificate
from envoi import smtplib
from envoi.smtplib import LMTP, SMTP, SMTP_SSL
from server import Server

ME, YOU, BAD = "me@example.org", "you@example.net", "bad@example.net"
TEXT = "Subject: x\n\nhello\n"


@pytest.fixture(autouse=True)
def plugins(library: envoi.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SMTP, "library", library)


def pin_of(certificate: Certificate) -> str:
    key = subprocess.run(["openssl", "x509", "-in", str(certificate.file), "-noout", "-pubkey"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, check=True, capture_output=True)
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der.stdout, check=True, capture_output=True)
    return digest.stdout.split()[0].decode()


# ---- the login

def test_login_in_clear() -> None:
    with Server(users={"me": "secret"}) as server:
        with SMTP("127.0.0.1", server.port) as smtp:
            with pytest.raises(stock.SMTPException, match="No suitable authentication method found.*allow_cleartext=True"):
                smtp.login("me", "secret")
            with pytest.raises(smtplib.SMTPException, match="allow_cleartext=True"):
                smtp.auth("PLAIN", lambda challenge=None: "\0me\0secret")
            with pytest.raises(smtplib.SMTPException, match="allow_cleartext=True"):
                smtp.docmd("AUTH", "PLAIN " + base64.b64encode(b"\0me\0secret").decode())
            assert smtp.sendmail(ME, YOU, TEXT) == {}  # a program that goes on without a login may
        assert not any(line.startswith("AUTH") for line in server.lines)
        with SMTP("127.0.0.1", server.port, allow_cleartext=True) as smtp:
            assert smtp.login("me", "secret") == (235, b"2.7.0 welcome")
        with SMTP("127.0.0.1", server.port, allow_cleartext=True) as smtp:
            assert smtp.login("me", "secret", initial_response_ok=False) == (235, b"2.7.0 welcome")
        assert "AUTH PLAIN" in server.lines


def test_login_by_hand(certificate: Certificate) -> None:
    """The usual recipe for OAuth: AUTH by docmd(), over TLS."""
    token = base64.b64encode(b"user=me\1auth=Bearer t\1\1").decode()
    with Server(tls=certificate.context(), users={"me": "secret"}, replies={"AUTH XOAUTH2": "235 2.7.0 welcome"}) as server:
        with SMTP("localhost", server.port) as smtp:
            smtp.starttls(cafile=str(certificate.file))
            smtp.ehlo()
            assert smtp.docmd("AUTH", "XOAUTH2 " + token) == (235, b"2.7.0 welcome")
            assert smtp.sendmail(ME, YOU, TEXT) == {}


def test_login_refused() -> None:
    with Server(users={"me": "secret"}) as server:
        with SMTP("127.0.0.1", server.port, allow_cleartext=True) as smtp:
            with pytest.raises(stock.SMTPAuthenticationError) as caught:
                smtp.login("me", "guessed")
            assert (caught.value.smtp_code, caught.value.smtp_error) == (535, b"5.7.8 wrong password")
            assert smtp.sendmail(ME, YOU, TEXT) == {}
            assert caught.value.error and caught.value.error.code == envoi.Code.AUTH  # type: ignore[attr-defined]
        asked = len([line for line in server.lines if line.startswith("AUTH")])
        with SMTP("127.0.0.1", server.port, allow_cleartext=True) as smtp:
            with pytest.raises(stock.SMTPAuthenticationError) as caught:
                smtp.login("me", "guessed")  # the same one is not presented again for half an hour
            assert caught.value.smtp_code == 535 and b"not tried again" in caught.value.smtp_error  # type: ignore[operator]
        assert asked == len([line for line in server.lines if line.startswith("AUTH")])


def test_login_of_a_subclass() -> None:
    """Whoever overrides the steps gets them one by one."""
    class Own(SMTP):
        asked = 0

        def auth_plain(self, challenge: Any = None) -> str:
            self.asked += 1
            return "\0me\0secret"

    with Server(users={"me": "secret"}) as server, Own("127.0.0.1", server.port, allow_cleartext=True) as smtp:
        assert smtp.login("me", "nothing")[0] == 235
        assert smtp.asked == 1


# ---- TLS

def test_starttls(certificate: Certificate) -> None:
    with Server(tls=certificate.context(), users={"me": "secret"}) as server:
        with SMTP("localhost", server.port) as smtp:
            assert smtp.sock.version() is None and smtp.sock.cipher() is None and smtp.sock.getpeercert(True) is None
            assert smtp.starttls(cafile=str(certificate.file)) == (220, b"go ahead")
            assert (smtp.esmtp_features, smtp.does_esmtp, smtp.ehlo_resp) == ({}, False, None)
            assert smtp.sock.version() == "TLSv1.3" and smtp.sock.cipher()[1] == "TLSv1.3"
            der = ssl.PEM_cert_to_DER_cert(certificate.file.read_text())
            assert smtp.sock.getpeercert(True) == der
            with pytest.raises(ssl.SSLError, match="getpeercert\\(True\\)"):
                smtp.sock.getpeercert()
            assert smtp.login("me", "secret")[0] == 235
            assert smtp.sendmail(ME, YOU, TEXT) == {}
        assert len(server.mails) == 1


def test_starttls_is_verified(certificate: Certificate) -> None:
    with Server(tls=certificate.context()) as server:
        with SMTP("localhost", server.port) as smtp, pytest.raises(ssl.SSLCertVerificationError):
            smtp.starttls()
        assert smtp.sock is None
        with pytest.raises(ssl.SSLCertVerificationError), SMTP("localhost", server.port) as smtp:
            smtp.starttls(context=ssl.create_default_context())
        # As logging.handlers.SMTPHandler does it since Python 3.13.
        with pytest.raises(ssl.SSLCertVerificationError), SMTP("localhost", server.port) as smtp:
            smtp.starttls(context=ssl._create_unverified_context())
        with pytest.raises(ssl.SSLCertVerificationError), SMTP("localhost", server.port) as smtp:
            smtp.starttls(pins=["00" * 32])
        with SMTP("localhost", server.port) as smtp:
            smtp.starttls(pins=[pin_of(certificate)])
            assert smtp.sendmail(ME, YOU, TEXT) == {}


def test_starttls_refused(certificate: Certificate) -> None:
    with Server(tls=certificate.context(), replies={"STARTTLS": "454 4.7.0 not now"}) as server:
        with SMTP("localhost", server.port) as smtp:
            with pytest.raises(stock.SMTPResponseException) as caught:
                smtp.starttls()
            assert (caught.value.smtp_code, caught.value.smtp_error) == (454, b"4.7.0 not now")
            assert smtp.sendmail(ME, YOU, TEXT) == {}  # as in smtplib, if the program says so


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def newer_only() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


@pytest.mark.parametrize("make", [unverified, newer_only, lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)])
def test_contexts(certificate: Certificate, make: Any) -> None:
    with Server(tls=certificate.context()) as server, SMTP("localhost", server.port) as smtp:
        with pytest.raises(TypeError, match="cafile=.*pins="):
            smtp.starttls(context=make())
        with pytest.raises(TypeError, match="cafile=.*pins="):
            SMTP_SSL("localhost", server.port, context=make())
        with pytest.raises(ValueError, match="mutually exclusive"):
            smtp.starttls("key", context=ssl.create_default_context())
        assert "STARTTLS" not in server.lines


def test_context_with_a_ca(certificate: Certificate) -> None:
    context = ssl.create_default_context()
    context.load_verify_locations(certificate.file)
    with pytest.raises(TypeError, match="cafile="):
        SMTP_SSL(context=context)


def test_implicit_tls(certificate: Certificate) -> None:
    with Server(tls=certificate.context(), implicit=True) as server:
        with SMTP_SSL("localhost", server.port, cafile=str(certificate.file)) as smtp:
            assert smtp.sendmail(ME, YOU, TEXT) == {} and smtp.sock.version()
        with pytest.raises(ssl.SSLCertVerificationError):
            SMTP_SSL("localhost", server.port)
        with SMTP_SSL("localhost", server.port, pins=[pin_of(certificate)]) as smtp:
            assert smtp.noop()[0] == 250


def test_client_certificate(certificate: Certificate) -> None:
    context = certificate.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate.file)
    with Server(tls=context, implicit=True) as server:
        with SMTP_SSL("localhost", server.port, certfile=str(certificate.file), keyfile=str(certificate.key),
                      cafile=str(certificate.file)) as smtp:
            assert smtp.noop()[0] == 250


# ---- the connection

def test_get_socket() -> None:
    """The usual way through a proxy."""
    class Proxied(SMTP):
        def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
            assert (host, port) == ("mail.invalid", 2525)
            return socket.create_connection(("127.0.0.1", server.port), timeout)

    with Server() as server, Proxied("mail.invalid", 2525) as smtp:
        assert smtp.sendmail(ME, YOU, TEXT) == {}
        assert smtp.sock.getpeername() == ("127.0.0.1", server.port)
    assert len(server.mails) == 1


def test_get_socket_with_tls(certificate: Certificate) -> None:
    class Wrapped(SMTP):
        def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
            context = ssl.create_default_context(cafile=str(certificate.file))
            return context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)

    with Server(tls=certificate.context(), implicit=True) as server, pytest.raises(TypeError, match="plain socket.socket"):
        Wrapped("localhost", server.port)


def test_own_socket() -> None:
    with Server() as server:
        smtp = SMTP()
        smtp.sock = socket.create_connection(("127.0.0.1", server.port))
        assert smtp.getreply() == (220, b"mx.example ready")
        assert smtp.sendmail(ME, YOU, TEXT) == {} and smtp.quit()[0] == 221


def test_sock() -> None:
    with Server() as server, SMTP("127.0.0.1", server.port, timeout=7) as smtp:
        sock = smtp.sock
        assert sock.gettimeout() == 7 and sock.family == socket.AF_INET and sock.fileno() > 2
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        with pytest.raises(AttributeError, match="libenvoi reads and writes"):
            sock.sendall(b"NOOP\r\n")
        with pytest.raises(ValueError):
            sock.settimeout(0)
        sock.settimeout(None)
        assert sock.gettimeout() is None and smtp.noop()[0] == 250
        sock.shutdown(socket.SHUT_RDWR)
        with pytest.raises(stock.SMTPServerDisconnected):
            smtp.noop()
        assert smtp.sock is None


def test_deadline() -> None:
    """In smtplib this is an SMTPServerDisconnected; here it is a TimeoutError, too."""
    with Server(replies={"NOOP": Server.HANG}) as server:
        smtp = SMTP("127.0.0.1", server.port)
        smtp.sock.settimeout(0.2)
        with pytest.raises(smtplib.SMTPTimeoutError) as caught:
            smtp.noop()
        assert isinstance(caught.value, (stock.SMTPServerDisconnected, TimeoutError)) and smtp.sock is None
    with Server(replies={"": Server.HANG}) as server, pytest.raises(TimeoutError):
        SMTP("127.0.0.1", server.port, timeout=0.2)


def test_unknown_outcome() -> None:
    with Server(replies={".": None}) as server, SMTP("127.0.0.1", server.port) as smtp:
        with pytest.raises(smtplib.SMTPDeliveryUnknown) as caught:
            smtp.sendmail(ME, YOU, TEXT)
        assert isinstance(caught.value, stock.SMTPServerDisconnected)
    with Server(replies={"DATA": None}) as server, SMTP("127.0.0.1", server.port) as smtp:
        with pytest.raises(stock.SMTPServerDisconnected) as lost:
            smtp.sendmail(ME, YOU, TEXT)
        assert not isinstance(lost.value, smtplib.SMTPDeliveryUnknown)


def test_nobody_refers_to_it() -> None:
    """A connection that a program lets go of is closed at once, as smtplib's is."""
    gc.disable()
    try:
        with Server() as server:
            smtp = SMTP("127.0.0.1", server.port)
            smtp.set_debuglevel(0)
            smtp.sendmail(ME, YOU, TEXT)
            end = weakref.ref(smtp)
            del smtp
            assert end() is None
    finally:
        gc.enable()


def test_again() -> None:
    """One object, several connections; nothing of the one before counts."""
    with Server(users={"me": "secret"}) as server, Server() as other:
        smtp = SMTP("127.0.0.1", server.port, allow_cleartext=True)
        smtp.login("me", "secret")
        smtp.quit()
        assert smtp.connect(f"127.0.0.1:{other.port}") == (220, b"mx.example ready")
        assert smtp.sendmail(ME, YOU, TEXT) == {}
        assert smtp.connect("127.0.0.1", server.port)[0] == 220  # without quit, too
        smtp.close()
        assert not any(line.startswith("AUTH") for line in other.lines)


# ---- commands and messages

def test_send_and_getreply() -> None:
    with Server() as server, SMTP("127.0.0.1", server.port) as smtp:
        smtp.send("NOOP\r\n")
        smtp.send(b"HELP\r\n")
        assert (smtp.getreply(), smtp.getreply()) == ((250, b"ok"), (214, b"help yourself"))
        with pytest.raises(stock.SMTPException, match="no command waits"):
            smtp.getreply()
        for octets in ("NOOP\r\nNOOP\r\n", b"half a command", ""):
            with pytest.raises(ValueError, match="one whole command"):
                smtp.send(octets)
        for verb in ("DATA", "STARTTLS", "BDAT"):
            with pytest.raises(ValueError, match="use the calls for them"):
                smtp.docmd(verb)


def test_no_addresses() -> None:
    """An address that cannot be sent counts as refused, and does not keep the others from their mail."""
    with Server() as server, SMTP("127.0.0.1", server.port) as smtp:
        refused = smtp.sendmail(ME, [YOU, "a..b@example.net"], TEXT)
        assert list(refused) == ["a..b@example.net"] and refused["a..b@example.net"][0] == 553
        assert refused["a..b@example.net"][1].startswith(b"5.1.3 ")
        with pytest.raises(stock.SMTPRecipientsRefused):
            smtp.sendmail(ME, ["a..b@example.net"], TEXT)
        with pytest.raises(stock.SMTPSenderRefused) as caught:
            smtp.sendmail("a..b@example.net", YOU, TEXT)
        assert caught.value.smtp_code == 553
        assert smtp.mail(ME)[0] == 250 and smtp.rcpt("a..b@example.net")[0] == 553
        assert [mail.recipients for mail in server.mails] == [[YOU]]


def test_content() -> None:
    with Server(extensions=("SIZE 100",)) as server, SMTP("127.0.0.1", server.port) as smtp:
        assert smtp.sendmail(ME, YOU, b"bare\nline\rends") == {}
        assert server.mails[0].content == b"bare\r\nline\r\nends\r\n"
        with pytest.raises(stock.SMTPDataError) as nul:
            smtp.sendmail(ME, YOU, b"a NUL: \0\r\n")
        assert nul.value.smtp_code == 554
        with pytest.raises(stock.SMTPSenderRefused) as large:
            smtp.sendmail(ME, YOU, "x\r\n" * 50)
        assert large.value.smtp_code == 552
        assert smtp.sendmail(ME, YOU, "ä\r\n".encode()) == {}  # 8-bit without 8BITMIME goes out, as from smtplib


def test_round_trips() -> None:
    """MAIL, RCPT and DATA are one piece; smtplib waits after each."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        end = listener.accept()[0]
        file = end.makefile("rb")
        for last, reply in ((b"", b"220 hi"), (b"EHLO", b"250-hi\r\n250 PIPELINING"),
                            (b"DATA", b"250 ok\r\n250 ok\r\n550 no\r\n354 go"), (b".", b"250 ok"), (b"QUIT", b"221 bye")):
            while last and not file.readline().startswith(last):
                pass
            end.sendall(reply + b"\r\n")
        end.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with SMTP(*listener.getsockname(), timeout=20) as smtp:
        assert smtp.sendmail(ME, [YOU, BAD], TEXT) == {BAD: (550, b"no")}
    thread.join()
    listener.close()


def test_lmtp() -> None:
    """Each recipient has a reply after the content; smtplib reads one for all."""
    with Server(lmtp=True, replies={"RCPT TO:<bad@": "550 5.1.1 no"}) as server:
        with LMTP("127.0.0.1", server.port) as lmtp:
            assert lmtp.sendmail(ME, [YOU, BAD, "third@example.net"], TEXT) == {BAD: (550, b"5.1.1 no")}
            assert lmtp.sendmail(ME, [YOU], TEXT) == {}
        assert server.lines[0].startswith("LHLO ")
    with Server(lmtp=True, replies={".": "452 4.2.2 full"}) as server, LMTP("127.0.0.1", server.port) as lmtp:
        with pytest.raises(stock.SMTPDataError) as caught:
            lmtp.sendmail(ME, [YOU, BAD], TEXT)
        assert (caught.value.smtp_code, caught.value.smtp_error) == (452, b"4.2.2 full")


def test_lmtp_on_a_unix_socket(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "lmtp")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    with Server(lmtp=True) as server:
        thread = threading.Thread(target=lambda: server.serve(listener.accept()[0]))
        thread.start()
        with LMTP(path) as lmtp:
            assert lmtp.sendmail(ME, YOU, TEXT) == {}
            assert lmtp.sock.family == socket.AF_UNIX
        thread.join()
    listener.close()
    with pytest.raises(FileNotFoundError):
        LMTP(str(tmp_path / "nothing"))


def test_steps_of_a_subclass() -> None:
    """A subclass that has its own rcpt() is asked for each recipient, as smtplib asks it."""
    class Counting(SMTP):
        told: list[str] = []

        def rcpt(self, recip: str, options: Any = ()) -> Any:
            self.told.append(recip)
            return super().rcpt(recip, options)

    with Server(replies={"RCPT TO:<bad@": "550 5.1.1 no"}) as server, Counting("127.0.0.1", server.port) as smtp:
        assert smtp.sendmail(ME, [YOU, BAD], TEXT) == {BAD: (550, b"5.1.1 no")}
        assert smtp.told == [YOU, BAD]
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail(ME, [BAD], TEXT)
    assert len(server.mails) == 1


def test_debug_output(capsys: pytest.CaptureFixture[str]) -> None:
    with Server(users={"me": "secret"}) as server, SMTP(allow_cleartext=True) as smtp:
        smtp.set_debuglevel(1)
        smtp.connect("127.0.0.1", server.port)
        smtp.login("me", "secret")
        smtp.debuglevel = 0
        smtp.noop()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("connect: to ('127.0.0.1', ")
    assert "reply: b'220 mx.example ready\\r\\n'" in lines and "connect: b'mx.example ready'" in lines
    assert any(line.startswith("send: 'EHLO ") for line in lines)
    assert not any("bWUAc2VjcmV0" in line or "NOOP" in line for line in lines)  # unlike smtplib's it shows no password
    class Collecting(SMTP):
        said: list[str] = []

        def _print_debug(self, *args: Any) -> None:
            self.said.append(" ".join(map(str, args)))

    with Server() as server, Collecting("127.0.0.1", server.port) as collecting:
        collecting.debuglevel = 2
        collecting.sendmail(ME, YOU, TEXT)
    assert "send: 'hello\\r\\n'" in Collecting.said


def test_audit() -> None:
    events: list[tuple[str, Any]] = []
    on = True
    sys.addaudithook(lambda event, arguments: events.append((event, arguments[1:])) if on and event.startswith("smtplib.") else None)
    with Server() as server, SMTP("127.0.0.1", server.port) as smtp:
        smtp.noop()
        smtp.sendmail(ME, YOU, TEXT)
        port = server.port
    on = False
    assert ("smtplib.connect", ("127.0.0.1", port)) in events and ("smtplib.send", (b"noop\r\n",)) in events
    assert ("smtplib.send", (TEXT.replace("\n", "\r\n").encode(),)) in events


def test_interrupt() -> None:
    """Ctrl-C ends a wait at once."""
    import signal
    with Server(replies={"NOOP": Server.HANG}) as server, SMTP("127.0.0.1", server.port) as smtp:
        def press() -> None:
            server.wait_for("noop")
            os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=press)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            smtp.noop()
        thread.join()
        assert smtp.sock is None
