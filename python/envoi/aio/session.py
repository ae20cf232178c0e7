# SPDX-License-Identifier: MIT
"""A session whose verbs are awaited."""
from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from .._core import Answer, call_keeping, descriptor, ffi, give, lib
from ..content import Content
from ..enums import Code
from ..errors import Reply
from ..library import Library
from ..message import Message, Recipient
from ..session import Step, failure
from ..session_base import Connection, CredentialFunction, DialFunction, SessionBase
from .driver import Driver, awaited

S = TypeVar("S", bound="Session")


class Session(SessionBase):
    """A connection to a server, like envoi.Session, whose verbs are awaited. They take turns: a verb waits until the one
    before is over. If a verb is cancelled, the connection is closed: a message whose content had left is then unknown.

        async with Session(user="me", password=password) as session:
            await session.connect("mail.example.org:587")
            await session.send(Message("me@example.org", ["you@example.net"], text))

    The functions that are asked for credentials and connections may be coroutine functions, and content may be given in
    pieces that are awaited.
    """

    def _prepare(self) -> None:
        self._driver = Driver(self, lib.envoi_session_process, lib.envoi_session_deadline)
        self._turn = asyncio.Lock()
        self._result: asyncio.Future[int] | None = None
        self._kept: BaseException | None = None
        self._set_callback(lib.envoi_session_set_watch, lib.python_watch, self._driver)

    async def __aenter__(self: S) -> S:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: types.TracebackType | None) -> None:
        """Sends QUIT, or only closes if the task was cancelled."""
        if error is None or isinstance(error, Exception):
            await self.quit()
        else:
            self.close()

    def interrupt(self) -> None:
        super().interrupt()
        self._driver.poke()

    def set_dial(self, dial: DialFunction | None) -> None:
        super().set_dial(awaited(dial) if dial else None)

    def set_credential_callback(self, credential: CredentialFunction | None) -> None:
        super().set_credential_callback(awaited(credential) if credential else None)

    def _settle(self, code: int, kept: BaseException | None) -> None:
        self._kept = self._kept or kept
        if code != Code.AGAIN and self._result and not self._result.done():
            self._result.set_result(code)
        elif kept and not isinstance(kept, Exception):
            self._driver.poke()  # the verb was interrupted

    async def _run(self, function: Callable[..., int], *arguments: object, messages: Sequence[Message] = ()) -> None:
        if self._driver.bind():
            self._turn = asyncio.Lock()
        async with self._turn:
            self._kept = None
            code, kept = call_keeping(self, function, *arguments)
            self._settle(code, kept)
            if code == Code.AGAIN:
                self._result = asyncio.get_running_loop().create_future()
                self._driver.arm()
                for message in messages:
                    message._owner.lend()
                try:
                    code = await self._result
                except BaseException:  # the task was cancelled, or is garbage
                    call_keeping(self, lib.envoi_session_close)
                    raise
                finally:
                    for message in messages:
                        message._owner.release()
                    self._result = None
                    self._driver.forget()
            if self._kept:
                raise self._kept
            if code:
                raise failure(self, code, messages)

    async def _command(self, function: Callable[..., int], *arguments: object) -> Reply:
        await self._run(function, *arguments)
        return self.reply

    # ---- verbs: the connection ----

    async def connect(self, server: str) -> Reply:
        """Connects and reads the greeting, which is returned. server: "host", "host:port", "[v6]:port" or "/path"."""
        return await self._command(lib.envoi_session_connect, give(server))

    async def adopt(self, connection: Connection, server: str, out: Connection = -1) -> Reply:
        """Goes on over a connection that the program has made, and which the session owns from this call on."""
        ends = descriptor(connection), descriptor(out)
        return await self._command(lib.envoi_session_adopt_fd, *ends, give(server))

    async def starttls(self) -> Reply:
        """Sends STARTTLS and makes the handshake, after EHLO if needed."""
        return await self._command(lib.envoi_session_starttls)

    async def login(self) -> Reply:
        """Logs in as the settings say, after EHLO if needed."""
        return await self._command(lib.envoi_session_login)

    async def auth(self, mechanism: str) -> Reply:
        """Logs in with one mechanism."""
        return await self._command(lib.envoi_session_auth, give(mechanism))

    async def auth_with(self, mechanism: str, step: Step, safe: bool = False) -> Reply:
        """Logs in with a mechanism of the program's own: see envoi.Session.auth_with(). `step` is not awaited."""
        handle = ffi.new_handle(Answer(step))
        return await self._command(lib.envoi_session_auth_with, give(mechanism), safe, lib.python_auth, handle)

    async def quit(self) -> Reply:
        """Sends QUIT and closes. The reply is false if the server did not answer."""
        return await self._command(lib.envoi_session_quit)

    def close(self) -> None:
        """Closes without QUIT, at once. A verb in progress raises Disconnected."""
        code, _ = call_keeping(self, lib.envoi_session_close)
        if code:
            raise self._error(code)
        if self._result and not self._result.done():
            self._result.set_result(Code.DISCONNECTED)

    # ---- verbs: single commands ----

    async def ehlo(self, name: str | None = None) -> Reply:
        """Sends EHLO, or LHLO."""
        return await self._command(lib.envoi_session_ehlo, give(name))

    async def helo(self, name: str | None = None) -> Reply:
        """Sends HELO."""
        return await self._command(lib.envoi_session_helo, give(name))

    async def ehlo_or_helo_if_needed(self) -> None:
        """Sends EHLO, and HELO if that is refused, unless one was accepted before."""
        await self._run(lib.envoi_session_ehlo_or_helo_if_needed)

    async def docmd(self, verb: str, arguments: str | None = None) -> Reply:
        """Sends any command."""
        return await self._command(lib.envoi_session_docmd, give(verb), give(arguments))

    async def noop(self) -> Reply:
        return await self._command(lib.envoi_session_noop)

    async def rset(self) -> Reply:
        return await self._command(lib.envoi_session_rset)

    async def help(self, topic: str | None = None) -> Reply:
        return await self._command(lib.envoi_session_help, give(topic))

    async def verify(self, address: str) -> Reply:
        """Sends VRFY."""
        return await self._command(lib.envoi_session_verify, give(address))

    async def expn(self, name: str) -> Reply:
        return await self._command(lib.envoi_session_expn, give(name))

    async def mail(self, sender: str | None, options: str | None = None) -> Reply:
        return await self._command(lib.envoi_session_mail, give(sender), give(options))

    async def rcpt(self, recipient: str, options: str | None = None) -> Reply:
        return await self._command(lib.envoi_session_rcpt, give(recipient), give(options))

    async def data(self, content: bytes | str) -> Reply:
        """Sends DATA and the content."""
        octets = ffi.from_buffer(content.encode() if isinstance(content, str) else content)
        return await self._command(lib.envoi_session_data, octets, len(octets))

    # ---- verbs: messages ----

    async def send(self, message: Message) -> tuple[Recipient, ...]:
        """Sends a message, with EHLO, STARTTLS and login before it as needed and as the settings say. Returns the
        recipients that did not get it, although others did; raises an Error if none did."""
        await self._run(lib.envoi_session_send, message._pointer, messages=[message])
        return tuple(each for each in message.recipients if not each.accepted)

    async def send_all(self, messages: Iterable[Message]) -> None:
        """Sends many messages, without waiting for the answers of one before the next if the server allows that. Each has
        its verdicts; the Error is that of the first one that failed."""
        messages = list(messages)
        array = ffi.new("struct envoi_message *[]", [message._pointer for message in messages])
        await self._run(lib.envoi_session_send_all, array, len(messages), messages=messages)

    async def sendmail(self, sender: str, recipients: str | Iterable[str], content: Content,
                       mail_options: str | None = None, rcpt_options: str | None = None) -> Message:
        """Sends a message in one call. Options that are not announced are left out. Returns the message with its
        verdicts."""
        message = Message(sender, content=content, options=mail_options, drop_options=True)
        for name in [recipients] if isinstance(recipients, str) else recipients:
            message.add_recipient(name, rcpt_options)
        await self.send(message)
        return message


async def send(content: Content, sender: str | None = None, recipients: str | Iterable[str] | None = None, *, server: str,
               library: Library | None = None, **settings: Any) -> Message:
    """Sends one message over a connection of its own. settings: those of Session(). Returns the message with its
    verdicts."""
    message = Message(sender, recipients, content)
    async with Session(library, **settings) as session:
        await session.connect(server)
        await session.send(message)
    return message
