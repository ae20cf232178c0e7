# SPDX-License-Identifier: MIT
"""A session in blocking calls."""
from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, Union

from ._core import NULL, Answer, call_keeping, descriptor, ffi, give, lib
from .content import Content
from .errors import Error, Reply
from .library import Library
from .message import Message, Recipient
from .session_base import Connection, SessionBase

Step = Callable[[Union[bytes, None]], Any]
S = TypeVar("S", bound="Session")


class Session(SessionBase):
    """A connection to a server, the counterpart of smtplib.SMTP. Every verb waits until it is done and raises an Error if
    it fails. A single command that the server refuses has not failed: its reply is returned.

        with Session(user="me", password=password) as session:
            session.connect("mail.example.org:587")
            session.send(Message("me@example.org", ["you@example.net"], text))

    The GIL is released while a verb waits. A handler of a signal runs at once; if it raises an exception, as Python's own
    of Ctrl-C does, the verb ends, the connection is closed, and the exception comes out of the verb. So does an exception
    of a callback, when the verb has ended.
    """

    def _prepare(self) -> None:
        self._set(lib.envoi_session_set_interrupt_callback, lib.python_interrupt, NULL)

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: types.TracebackType | None) -> None:
        """Sends QUIT, or only closes if the program could not wait for the answer."""
        if error is None or isinstance(error, Exception):
            self.quit()
        else:
            self.close()

    def _run(self, function: Callable[..., int], *arguments: object, messages: Sequence[Message] = ()) -> None:
        code, kept = call_keeping(self, function, *arguments)
        if kept:
            raise kept
        if code:
            raise failure(self, code, messages)

    def _command(self, function: Callable[..., int], *arguments: object) -> Reply:
        self._run(function, *arguments)
        return self.reply

    # ---- verbs: the connection ----

    def connect(self, server: str) -> Reply:
        """Connects and reads the greeting, which is returned. server: "host", "host:port", "[v6]:port" or "/path"."""
        return self._command(lib.envoi_session_connect, give(server))

    def adopt(self, connection: Connection, server: str, out: Connection = -1) -> Reply:
        """Goes on over a connection that the program has made: a socket or a descriptor, which the session owns from this
        call on; out: the one to write to, if it is another one."""
        ends = descriptor(connection), descriptor(out)
        return self._command(lib.envoi_session_adopt_fd, *ends, give(server))

    def starttls(self) -> Reply:
        """Sends STARTTLS and makes the handshake, after EHLO if needed."""
        return self._command(lib.envoi_session_starttls)

    def login(self) -> Reply:
        """Logs in as the settings say, after EHLO if needed."""
        return self._command(lib.envoi_session_login)

    def auth(self, mechanism: str) -> Reply:
        """Logs in with one mechanism."""
        return self._command(lib.envoi_session_auth, give(mechanism))

    def auth_with(self, mechanism: str, step: Step, safe: bool = False) -> Reply:
        """Logs in with a mechanism of the program's own. `step` is given each challenge, None if the initial response is
        asked for, and returns the response, None if there is none, or (response, False) if a success would come too early
        now. safe: it does not show the secret, and may be used in clear."""
        handle = ffi.new_handle(Answer(step))
        return self._command(lib.envoi_session_auth_with, give(mechanism), safe, lib.python_auth, handle)

    def quit(self) -> Reply:
        """Sends QUIT and closes. The reply is false if the server did not answer."""
        return self._command(lib.envoi_session_quit)

    def close(self) -> None:
        """Closes without QUIT. The session can connect again."""
        self._run(lib.envoi_session_close)

    # ---- verbs: single commands ----

    def ehlo(self, name: str | None = None) -> Reply:
        """Sends EHLO, or LHLO."""
        return self._command(lib.envoi_session_ehlo, give(name))

    def helo(self, name: str | None = None) -> Reply:
        """Sends HELO."""
        return self._command(lib.envoi_session_helo, give(name))

    def ehlo_or_helo_if_needed(self) -> None:
        """Sends EHLO, and HELO if that is refused, unless one was accepted before."""
        self._run(lib.envoi_session_ehlo_or_helo_if_needed)

    def docmd(self, verb: str, arguments: str | None = None) -> Reply:
        """Sends any command."""
        return self._command(lib.envoi_session_docmd, give(verb), give(arguments))

    def noop(self) -> Reply:
        return self._command(lib.envoi_session_noop)

    def rset(self) -> Reply:
        return self._command(lib.envoi_session_rset)

    def help(self, topic: str | None = None) -> Reply:
        return self._command(lib.envoi_session_help, give(topic))

    def verify(self, address: str) -> Reply:
        """Sends VRFY."""
        return self._command(lib.envoi_session_verify, give(address))

    def expn(self, name: str) -> Reply:
        return self._command(lib.envoi_session_expn, give(name))

    def mail(self, sender: str | None, options: str | None = None) -> Reply:
        return self._command(lib.envoi_session_mail, give(sender), give(options))

    def rcpt(self, recipient: str, options: str | None = None) -> Reply:
        return self._command(lib.envoi_session_rcpt, give(recipient), give(options))

    def data(self, content: bytes | str) -> Reply:
        """Sends DATA and the content."""
        octets = content.encode() if isinstance(content, str) else content
        return self._command(lib.envoi_session_data, ffi.from_buffer(octets), len(octets))

    # ---- verbs: messages ----

    def send(self, message: Message) -> tuple[Recipient, ...]:
        """Sends a message, with EHLO, STARTTLS and login before it as needed and as the settings say. Returns the
        recipients that did not get it, although others did; raises an Error if none did."""
        self._run(lib.envoi_session_send, message._pointer, messages=[message])
        return tuple(each for each in message.recipients if not each.accepted)

    def send_all(self, messages: Iterable[Message]) -> None:
        """Sends many messages, one after the other, without waiting for the answers of one before the next if the server
        allows that. Each has its verdicts; the Error is that of the first one that failed."""
        messages = list(messages)
        array = ffi.new("struct envoi_message *[]", [message._pointer for message in messages])
        self._run(lib.envoi_session_send_all, array, len(messages), messages=messages)

    def sendmail(self, sender: str, recipients: str | Iterable[str], content: Content, mail_options: str | None = None,
                 rcpt_options: str | None = None) -> Message:
        """Sends a message in one call. Options that are not announced are left out. Returns the message with its
        verdicts."""
        names = [recipients] if isinstance(recipients, str) else recipients
        message = Message(sender, content=content, options=mail_options, drop_options=True)
        for name in names:
            message.add_recipient(name, rcpt_options)
        self.send(message)
        return message


def failure(session: SessionBase, code: int, messages: Sequence[Message]) -> Error:
    """The error of a verb. Of several messages it has the verdicts of the first that failed."""
    error = session._error(code)
    for message in messages:
        recipients = message.recipients
        if not any(each.accepted for each in recipients):
            error.recipients = recipients
            break
    return error


def send(content: Content, sender: str | None = None, recipients: str | Iterable[str] | None = None, *, server: str,
         library: Library | None = None, **settings: Any) -> Message:
    """Sends one message over a connection of its own. settings: those of Session(). Returns the message with its
    verdicts."""
    message = Message(sender, recipients, content)
    with Session(library, **settings) as session:
        session.connect(server)
        session.send(message)
    return message
