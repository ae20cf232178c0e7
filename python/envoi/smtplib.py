# SPDX-License-Identifier: MIT
"""smtplib on libenvoi: a program of smtplib's changes one line,

    from envoi import smtplib

and keeps classes, signatures, results and exceptions. MAIL, RCPT and DATA go out in one piece, deadlines hold for whole
replies, TLS is verified, and a refused recipient, a lost connection and a deadline are told apart. What is different is
loud and listed in docs/smtplib.md; the new arguments are these:

allow_cleartext   of SMTP, SMTP_SSL and LMTP: True lets login() show the password to everybody on the way
cafile, pins      of starttls() and SMTP_SSL: whom to trust instead of the system's CAs; an ssl.SSLContext cannot say it
"""
from __future__ import annotations

import collections
import contextlib
import functools
import os
import re
import smtplib as stock
import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from smtplib import CRLF as CRLF
from smtplib import LMTP_PORT as LMTP_PORT
from smtplib import SMTP_PORT as SMTP_PORT
from smtplib import SMTP_SSL_PORT as SMTP_SSL_PORT
from smtplib import bCRLF as bCRLF
from smtplib import quoteaddr as quoteaddr
from smtplib import quotedata as quotedata
from typing import TYPE_CHECKING, Any

from ._smtplib_errors import (SMTPAuthenticationError, SMTPConnectError, SMTPDataError, SMTPDeliveryUnknown, SMTPException,
                              SMTPHeloError, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPResponseException,
                              SMTPSenderRefused, SMTPServerDisconnected, SMTPTimeoutError, answer, own, translated)
from ._smtplib_mail import Transaction, path_of, weakly
from ._smtplib_socket import Socket
from ._smtplib_tls import check_context, set_trust
from .enums import TLS, Code, Trace
from .errors import AddressError, Error
from .library import Library
from .session import Session

__all__ = ["SMTPException", "SMTPNotSupportedError", "SMTPServerDisconnected", "SMTPResponseException",
           "SMTPSenderRefused", "SMTPRecipientsRefused", "SMTPDataError", "SMTPConnectError", "SMTPHeloError",
           "SMTPAuthenticationError", "SMTPTimeoutError", "SMTPDeliveryUnknown", "quoteaddr", "quotedata", "SMTP",
           "SMTP_SSL", "LMTP"]

_MAXLINE = 8192
_MAXCHALLENGE = 5
_PlainSocket = socket.socket
_DEFAULT_TIMEOUT: Any = socket._GLOBAL_DEFAULT_TIMEOUT  # type: ignore[attr-defined]

# These do not show the secret to whoever listens.
_SAFE = re.compile("CRAM-MD5|DIGEST-MD5|SCRAM-.*")
_PATH = re.compile(r"(?:FROM|TO):\s*(<.*>)\s*(.*)", re.I | re.S)

# What a subclass may have changed so that sendmail() and login() must go step by step, as smtplib's do.
_STEPS = frozenset(("mail", "rcpt", "data", "docmd", "putcmd", "send", "getreply", "rset", "_rset"))
_LOGIN_STEPS = frozenset(("auth", "auth_cram_md5", "auth_plain", "auth_login", "docmd", "putcmd", "send", "getreply"))


class SMTP(stock.SMTP):
    """See smtplib.SMTP. allow_cleartext: may login() show the password on a connection without verified TLS?"""

    if TYPE_CHECKING:
        _print_debug: Callable[..., None]

    allow_cleartext = False
    library: Library | None = None
    """whose plugins and trust count; None: the process has one for all"""

    def __init__(self, host: str = "", port: int = 0, local_hostname: str | None = None, timeout: Any = _DEFAULT_TIMEOUT,
                 source_address: Any = None, *, allow_cleartext: bool | None = None) -> None:
        if allow_cleartext is not None:
            self.allow_cleartext = allow_cleartext
        self._host = host
        self._port = port
        self.timeout = timeout
        self.esmtp_features: dict[str, str] = {}
        self.command_encoding = "ascii"
        self.source_address = source_address
        self._auth_challenge_count = 0
        self._local_hostname = local_hostname or ""
        self._session = Session(self.library)
        self._traced = 0
        self._socket: Socket | None = None
        self._answers: collections.deque[tuple[int, bytes]] = collections.deque()
        if host:
            code, message = self.connect(host, port)
            if code != 220:
                self.close()
                raise SMTPConnectError(code, message)

    # ---- attributes

    @property
    def sock(self) -> Any:
        """The connection; None without one. Octets do not go through it: see _smtplib_socket.py."""
        return self._socket

    @sock.setter
    def sock(self, end: socket.socket | None) -> None:
        """Goes on over a connection that the program has made; getreply() has its greeting."""
        self.close()
        if end is not None:
            self._open()
            given = self._lend(end)
            self._answers.append(self._greeting(lambda: self._session.adopt(given, self._host or "localhost")))

    @property
    def local_hostname(self) -> str:
        """The name behind EHLO. Unlike smtplib's it is found without asking a name server."""
        if self._local_hostname or self._session.helo_name:
            return self._local_hostname or self._session.helo_name
        name = socket.gethostname()
        return name if "." in name else "[127.0.0.1]"

    @local_hostname.setter
    def local_hostname(self, name: str) -> None:
        self._local_hostname = name

    # ---- connection

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        """Makes the connection; a subclass may make it in another way, but without TLS."""
        if timeout is not None and not timeout:
            raise ValueError("Non-blocking socket (timeout=0) is not supported")
        if self.debuglevel > 0:
            self._print_debug("connect: to", (host, port), self.source_address)
        return socket.create_connection((host, port), timeout, self.source_address)

    def connect(self, host: str = "localhost", port: Any = 0, source_address: Any = None) -> tuple[int, bytes]:
        if source_address:
            self.source_address = source_address
        if not port and host.count(":") == 1:
            host, port = host.split(":")
            if not port.isdecimal():
                raise OSError("nonnumeric port")
        if isinstance(port, str):
            port = _port(port)
        self._host, self._port = host or "localhost", port or self.default_port
        sys.audit("smtplib.connect", self, self._host, self._port)
        self._open()
        self._session.set_dial(weakly(self._dial))
        server = f"[{self._host}]" if ":" in self._host else self._host
        code, message = self._greeting(lambda: self._session.connect(f"{server}:{self._port}"))
        if self.debuglevel > 0:
            self._print_debug("connect:", repr(message))
        return code, message

    def _open(self) -> None:
        """A session for one connection: no password and no trust of an earlier one counts."""
        self.close()
        self._answers.clear()
        self._session = Session(self.library)
        self._traced = 0
        self._set_up()

    def _set_up(self) -> None:
        session = self._session
        session.set_tls(TLS.OFF)  # the program says when: starttls()
        session.set_lmtp(self.ehlo_msg.lower() == "lhlo")
        session.allow_cleartext_auth(self.allow_cleartext)
        session.allow_unannounced_auth(True)
        session.allow_docmd_auth(True)
        if self.timeout is not _DEFAULT_TIMEOUT:
            session.set_timeout(self.timeout or None)
        elif socket.getdefaulttimeout():
            session.set_timeout(socket.getdefaulttimeout())

    def _dial(self, _host: str, _port: int) -> int:
        return self._lend(self._get_socket(self._host, self._port, self.timeout))

    def _lend(self, end: socket.socket) -> int:
        """A descriptor for the library, which will own it. The program keeps its end."""
        if isinstance(end, ssl.SSLSocket) or not isinstance(end, _PlainSocket):
            raise TypeError(f"{type(self).__name__}._get_socket() made a {type(end).__name__}: libenvoi needs a plain "
                            "socket.socket; TLS is made by SMTP_SSL or starttls()")
        timeout = self.timeout if self.timeout is not _DEFAULT_TIMEOUT else socket.getdefaulttimeout()
        self._socket = Socket(self._session, end, timeout)
        return os.dup(end.fileno())

    def _greeting(self, verb: Callable[[], object]) -> tuple[int, bytes]:
        """Connects. Another greeting than 220 is a result, as in smtplib."""
        self._follow_debuglevel()
        try:
            verb()
        except Error as error:
            self.close()
            if error.code in (Code.GREETING, Code.PROTOCOL) and error.reply:
                return answer(error.reply)
            if error.code == Code.USAGE:
                raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
            raise translated(error) from error
        except BaseException:
            self.close()
            raise
        return answer(self._session.reply)

    def close(self) -> None:
        """Closes the connection without QUIT."""
        if self._socket:
            self._socket.close()
            self._socket = None

    # ---- calls of the library

    @contextlib.contextmanager
    def _library(self) -> Iterator[Session]:
        """For the calls within: their errors become smtplib's, and a connection that they have ended is closed."""
        if not self._socket:
            raise SMTPServerDisconnected("please run connect() first")
        self._follow_debuglevel()
        session = self._session
        try:
            yield session
        except Error as error:
            raise translated(error) from error
        finally:
            if not session.connected:
                self.close()

    def _follow_debuglevel(self) -> None:
        level = max(0, min(int(self.debuglevel), 2))
        if level != self._traced:
            self._traced = level
            self._session.set_trace(level, weakly(self._print_trace) if level else None)

    def _print_trace(self, kind: Trace, text: str) -> None:
        title, shown = {Trace.SENT: ("send:", repr(text + CRLF)), Trace.RECEIVED: ("reply:", repr(text.encode() + b"\r\n"))}.get(
            kind, ("envoi:", text))
        self._print_debug(title, shown)

    def _changed(self, names: frozenset[str]) -> bool:
        """Has a subclass, or the program, put something of its own in place of one of these methods?"""
        return not names.isdisjoint(self.__dict__) or any(getattr(type(self), name) is not getattr(SMTP, name) for name in names)

    # ---- single commands

    def send(self, s: Any) -> None:
        """Sends one command, and takes its reply for getreply(). Nothing else can be sent by it."""
        if not self._socket:
            raise SMTPServerDisconnected("please run connect() first")
        octets = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        line = re.fullmatch(rb"([^ \r\n]+)(?: ([^\r\n]*))?\r\n", octets)
        if not line:
            raise ValueError("send(): libenvoi sends one whole command at a time; data() and sendmail() send content")
        sys.audit("smtplib.send", self, octets)
        self._answers.append(self._command(line[1].decode(), (line[2] or b"").decode()))

    def _command(self, verb: str, arguments: str) -> tuple[int, bytes]:
        with self._library() as session, self._explained():
            try:
                _COMMANDS.get(verb.upper(), _other)(session, verb, arguments)
            except AddressError as error:  # the server would have said so
                return 553, f"5.1.3 {error}".encode()
            except Error as error:
                if error.code != Code.HELO:
                    raise
            if not session.reply:
                raise SMTPServerDisconnected("Connection unexpectedly closed")
            return answer(session.reply)

    def getreply(self) -> tuple[int, bytes]:
        """The reply to the command before."""
        if self._answers:
            return self._answers.popleft()
        if not self._socket:
            raise SMTPServerDisconnected("Connection unexpectedly closed")
        raise SMTPException("getreply(): no command waits for a reply")

    def helo(self, name: str = "") -> tuple[int, bytes]:
        self.putcmd("helo", name or self._local_hostname)
        code, self.helo_resp = self.getreply()
        return code, self.helo_resp

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        self.esmtp_features = {}
        self.putcmd(self.ehlo_msg, name or self._local_hostname)
        code, self.ehlo_resp = self.getreply()
        if code == 250:
            self.does_esmtp = True
            self.esmtp_features = {name.lower(): value for name, value in self._session.extensions.items()}
        return code, self.ehlo_resp

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Sends DATA and the content. Line ends are repaired in bytes, too."""
        if isinstance(msg, str):
            msg = stock._fix_eols(msg).encode("ascii")  # type: ignore[attr-defined]
        sys.audit("smtplib.send", self, msg)
        with self._library() as session:
            session.data(msg)
            return answer(session.reply)

    def _forget_hello(self) -> None:
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    # ---- TLS

    def starttls(self, keyfile: str | None = None, certfile: str | None = None, context: ssl.SSLContext | None = None, *,
                 cafile: str | None = None, pins: Sequence[str] = ()) -> tuple[int, bytes]:
        """TLS, verified: by the system's CAs; by those in cafile; or by the server's public key, which is one of `pins`
        (SHA-256 in hexadecimal, as `envoi probe` shows it), whatever its certificate says."""
        check_context(context, keyfile, certfile)
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise SMTPNotSupportedError("STARTTLS extension not supported by server.")
        with self._library() as session:
            set_trust(session, keyfile, certfile, cafile, pins)
            session.starttls()
            said = answer(session.reply)
        self._forget_hello()
        return said

    # ---- login

    def login(self, user: str, password: str, *, initial_response_ok: bool = True) -> tuple[int, bytes]:
        """Logs in by the strongest mechanism that the server announces."""
        if not initial_response_ok or self._changed(_LOGIN_STEPS):
            return _login_by_steps(self, user, password, initial_response_ok=initial_response_ok)
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("auth"):
            raise SMTPNotSupportedError("SMTP AUTH extension not supported by server.")
        self.user, self.password = user, password
        with self._library() as session, self._explained():
            session.set_password(user, password)
            try:
                session.login()
            except Error:
                session.set_password(None, None)  # or else every later message would begin with it
                raise
            return answer(session.reply)

    def auth(self, mechanism: str, authobject: Callable[..., str | None], *, initial_response_ok: bool = True
             ) -> tuple[int, bytes]:
        def step(challenge: bytes | None) -> bytes | None:
            if challenge is None:
                response = authobject() if initial_response_ok else None
                self._auth_challenge_count = int(response is not None)
            else:
                self._auth_challenge_count += 1
                if self._auth_challenge_count > _MAXCHALLENGE:
                    raise SMTPException(f"Server AUTH mechanism infinite loop. Last response: {(334, challenge)!r}")
                response = authobject(challenge)
            return None if response is None else response.encode("ascii")

        mechanism = mechanism.upper()
        with self._library() as session, self._explained():
            session.auth_with(mechanism, step, safe=bool(_SAFE.fullmatch(mechanism)))
            return answer(session.reply)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """No mechanism: mostly because the password would be shown."""
        try:
            yield
        except Error as error:
            if error.code != Code.NO_MECHANISM:
                raise
            hint = "" if self.allow_cleartext or (self._session.tls and self._session.tls.verified) else (
                "; call starttls() first, or say allow_cleartext=True to show the password to everybody on the way")
            exception = SMTPException(f"No suitable authentication method found: {error}{hint}")
            exception.error = error
            raise exception from error

    # ---- messages

    def sendmail(self, from_addr: str, to_addrs: str | Sequence[str], msg: Any, mail_options: Sequence[str] = (),
                 rcpt_options: Sequence[str] = ()) -> dict[str, tuple[int, bytes]]:
        if self._changed(_STEPS):
            return _sendmail_by_steps(self, from_addr, to_addrs, msg, mail_options, rcpt_options)
        self.ehlo_or_helo_if_needed()
        if isinstance(msg, str):
            msg = stock._fix_eols(msg).encode("ascii")  # type: ignore[attr-defined]
        to_addrs = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        options, rcpt_text = (" ".join(o) if self.does_esmtp else "" for o in (mail_options, rcpt_options))
        paths = [path_of(address) for address in (from_addr, *to_addrs)]
        self._check_texts([options, rcpt_text, *paths], "smtputf8" in options.lower().split())
        return self._transact(Transaction(from_addr, paths[0], list(zip(to_addrs, paths[1:])), msg, options, rcpt_text))

    def _check_texts(self, texts: Sequence[str], utf8: bool) -> None:
        """As smtplib does: no line ends, and UTF-8 only if SMTPUTF8 says so."""
        if utf8 and not self.has_extn("smtputf8"):
            raise SMTPNotSupportedError("SMTPUTF8 not supported by server")
        for text in texts:
            text.encode("utf-8" if utf8 else "ascii")
            if "\r" in text or "\n" in text:
                shown = text.replace("\n", "\\n").replace("\r", "\\r")
                raise ValueError(f"command and arguments contain prohibited newline characters: {shown}")

    def _transact(self, mail: Transaction) -> dict[str, tuple[int, bytes]]:
        if not mail.message or not len(mail.message):
            raise mail.nobody()
        sys.audit("smtplib.send", self, mail.content)
        with self._library() as session:
            try:
                session.send(mail.message)
            except Error as error:
                meaning = mail.meaning(error)
                if not meaning:
                    raise
                raise meaning from error
        return mail.refused()


# ---- inherited methods raise exceptions of this module, too ----

def _own(method: Any) -> Any:
    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except stock.SMTPException as exception:
            mine = own(exception)
            if mine is exception:
                raise
            raise mine from exception.__cause__
    return call


_sendmail_by_steps: Callable[..., dict[str, tuple[int, bytes]]] = _own(stock.SMTP.sendmail)
_login_by_steps: Callable[..., tuple[int, bytes]] = _own(stock.SMTP.login)
for _name in ("__exit__", "mail", "ehlo_or_helo_if_needed", "send_message"):
    setattr(SMTP, _name, _own(getattr(stock.SMTP, _name)))


# ---- commands that have a call of their own ----

def _path(call: Callable[[Session, str, str | None], object]) -> Callable[[Session, str, str], object]:
    def run(session: Session, verb: str, arguments: str) -> object:
        match = _PATH.fullmatch(arguments)
        return call(session, match[1], match[2] or None) if match else session.docmd(verb, arguments)
    return run


def _other(session: Session, verb: str, arguments: str) -> object:
    return session.docmd(verb, arguments or None)


_COMMANDS: dict[str, Callable[[Session, str, str], object]] = {
    "EHLO": lambda session, _, name: session.ehlo(name or None),
    "LHLO": lambda session, _, name: session.ehlo(name or None),
    "HELO": lambda session, _, name: session.helo(name or None),
    "MAIL": _path(lambda session, address, options: session.mail(address, options)),
    "RCPT": _path(lambda session, address, options: session.rcpt(address, options)),
    "RSET": lambda session, *_: session.rset(),
    "QUIT": lambda session, *_: session.quit(),
}


def _port(name: str) -> int:
    try:
        return int(name) if name.isdecimal() else socket.getservbyname(name)
    except OSError as error:
        raise socket.gaierror(socket.EAI_SERVICE, f"{name!r}: no such port") from error


class SMTP_SSL(SMTP):
    """See smtplib.SMTP_SSL; cafile and pins as for starttls()."""

    default_port = SMTP_SSL_PORT

    def __init__(self, host: str = "", port: int = 0, local_hostname: str | None = None, keyfile: str | None = None,
                 certfile: str | None = None, timeout: Any = _DEFAULT_TIMEOUT, source_address: Any = None,
                 context: ssl.SSLContext | None = None, *, cafile: str | None = None, pins: Sequence[str] = (),
                 allow_cleartext: bool | None = None) -> None:
        check_context(context, keyfile, certfile)
        self.keyfile, self.certfile, self.context = keyfile, certfile, context
        self.cafile, self.pins = cafile, pins
        super().__init__(host, port, local_hostname, timeout, source_address, allow_cleartext=allow_cleartext)

    def _set_up(self) -> None:
        super()._set_up()
        self._session.set_tls(TLS.IMPLICIT)
        set_trust(self._session, self.keyfile, self.certfile, self.cafile, self.pins)


class LMTP(SMTP):
    """See smtplib.LMTP. Every recipient has a reply of its own after the content, and all of them are read."""

    ehlo_msg = "lhlo"

    def __init__(self, host: str = "", port: int = LMTP_PORT, local_hostname: str | None = None, source_address: Any = None,
                 timeout: Any = _DEFAULT_TIMEOUT, *, allow_cleartext: bool | None = None) -> None:
        super().__init__(host, port, local_hostname, timeout, source_address, allow_cleartext=allow_cleartext)

    def connect(self, host: str = "localhost", port: Any = 0, source_address: Any = None) -> tuple[int, bytes]:
        if not host.startswith("/"):
            return super().connect(host, 0 if port == LMTP_PORT and host.count(":") == 1 else port, source_address)
        if self.timeout is not None and not self.timeout:
            raise ValueError("Non-blocking socket (timeout=0) is not supported")
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if self.timeout is not _DEFAULT_TIMEOUT:
                end.settimeout(self.timeout)
            end.connect(host)
        except OSError:
            if self.debuglevel > 0:
                self._print_debug("connect fail:", host)
            end.close()
            raise
        self._host = "localhost"
        self.sock = end
        return self.getreply()
