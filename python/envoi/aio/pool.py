# SPDX-License-Identifier: MIT
"""A pool in an event loop, and a lookup."""
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from .._core import Object, call, call_keeping, check, ffi, give, lib
from ..enums import Code, Priority
from ..errors import BusyError, Error
from ..lookup import Found, LookupBase
from ..message import Message, Recipient
from ..pool import PoolBase
from .driver import Driver


def watch(owner: Object, function: Callable[..., int], driver: Driver) -> Any:
    """Makes an object non-blocking; returns what must live as long as it."""
    handle = ffi.new_handle(driver)
    check(call(owner, function, lib.python_watch, handle))
    return handle


class Pool(PoolBase):
    """A pool whose messages are awaited.

        async with Pool(connections=8) as pool:
            route = pool.add_route(Session(user="me", password=password), "mail.example.org:587")
            await asyncio.gather(*(pool.send(route, message) for message in messages))
    """

    def _prepare(self) -> None:
        self._driver = Driver(self, lib.envoi_pool_process, lib.envoi_pool_deadline)
        self._handles.append(watch(self, lib.envoi_pool_set_watch, self._driver))
        self._waiting: list[asyncio.Future[None]] = []
        self._ended: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Pool:
        self._driver.bind()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if error is None:
            await self.drain()
        else:
            self.stop()

    def _settle(self, code: int, kept: BaseException | None) -> None:
        if kept:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "Exception in a callback of envoi", "exception": kept})
        if code != Code.AGAIN and self._ended and not self._ended.done():
            self._ended.set_result(None)

    async def submit(self, route: int, message: Message, *, priority: Priority = Priority.NORMAL) -> asyncio.Future[Message]:
        """Submits a message, when there is room in the queue. The future has the message when it is done, or the Error
        why no recipient accepted it. The message is sent even if nobody waits for that."""
        self._driver.bind()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Message] = loop.create_future()

        def done(message: Message, error: Error | None) -> None:
            self._make_room()
            if future.cancelled():
                return
            if error:
                future.set_exception(error)
            else:
                future.set_result(message)

        while True:
            try:
                self._submit(route, message, priority, done)
                break
            except BusyError as error:
                if error.code != Code.AGAIN:
                    raise
            room = loop.create_future()
            self._waiting.append(room)
            try:
                await room
            except asyncio.CancelledError:
                if room in self._waiting:
                    self._waiting.remove(room)
                else:  # the turn that came too late is another's
                    self._make_room()
                raise
        self._driver.poke()
        return future

    def _make_room(self) -> None:
        """One more may submit, but not one whose task was cancelled just now."""
        while self._waiting:
            room = self._waiting.pop(0)
            if not room.done():
                room.set_result(None)
                break

    def cancel(self, message: Message) -> None:
        """Takes back a message that is on no connection; BusyError: it is on one, or done. Its future is left alone."""
        super().cancel(message)
        self._make_room()

    async def send(self, route: int, message: Message, *, priority: Priority = Priority.NORMAL) -> tuple[Recipient, ...]:
        """Submits a message and waits until it is done. Returns the recipients that did not get it, although others did;
        raises an Error if none did. If it is cancelled, the message is taken back, unless it is on a connection."""
        future = await self.submit(route, message, priority=priority)
        try:
            await future
        except asyncio.CancelledError:
            with contextlib.suppress(BusyError):
                self.cancel(message)
            raise
        return tuple(each for each in message.recipients if not each.accepted)

    async def drain(self) -> None:
        """Takes no more messages, and waits until all are done and the connections are closed."""
        self._driver.bind()
        check(call(self, lib.envoi_pool_drain))
        self._ended = asyncio.get_running_loop().create_future()
        self._driver.poke()
        await self._ended


class Lookup(LookupBase):
    """A lookup whose verbs are awaited."""

    _driver: Driver

    async def _run(self, function: Callable[..., int], domain: str) -> list[Found]:
        if not self._handle:
            self._driver = Driver(self, lib.envoi_lookup_process, lib.envoi_lookup_deadline)
            self._handle = watch(self, lib.envoi_lookup_set_watch, self._driver)
        self._driver.bind()
        code, kept = call_keeping(self, function, give(domain))
        if kept:
            raise kept
        if code == Code.AGAIN:
            self._result = asyncio.get_running_loop().create_future()
            self._driver.arm()
            code = await self._result
        return self._found(code)

    def _settle(self, code: int, kept: BaseException | None) -> None:
        if code != Code.AGAIN and not self._result.done():
            self._result.set_result(code)

    async def submission(self, domain: str) -> list[Found]:
        """The servers to which the users of a domain submit mail (RFC 6186, RFC 8314)."""
        return await self._run(lib.envoi_lookup_submission, domain)

    async def exchangers(self, domain: str) -> list[Found]:
        """The hosts that receive mail for a domain: its MX records."""
        return await self._run(lib.envoi_lookup_exchangers, domain)
