# SPDX-License-Identifier: MIT
"""Between an object of the library and the event loop: it watches descriptors and the deadline, and carries the verb on.
Only add_reader(), add_writer() and call_later() of the loop are used, so any loop will do."""
from __future__ import annotations

import asyncio
import inspect
import time
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any, Union

from .._core import LATER, Object, call_keeping, current
from ..content import Piece, Pieces
from ..enums import Code, Event
from ..errors import UsageError


class Driver:
    """The watch function of an object. The loop holds it while it watches, so it does not hold the object, whose method
    _settle(code, kept) is told the result of each step, and the exception that a callback raised in it."""

    def __init__(self, owner: Object, process: Callable[..., int], deadline: Callable[..., int]) -> None:
        self.owner = weakref.ref(owner)
        self.process, self.deadline = process, deadline
        self.loop: asyncio.AbstractEventLoop | None = None
        self.events: dict[int, int] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.asked: dict[Any, asyncio.Future[Any]] = {}

    def bind(self) -> bool:
        """Joins the running loop; returns whether it is another one than before."""
        loop = asyncio.get_running_loop()
        if self.loop is loop:
            return False
        if self.events:
            raise UsageError("this object has connections in another event loop")
        self.loop = loop
        return True

    def __call__(self, fd: int, events: int) -> None:
        before = self.events.pop(fd, 0)
        if events:
            self.events[fd] = events
        if not self.loop or self.loop.is_closed():
            return
        ways = ((Event.READ, self.loop.add_reader, self.loop.remove_reader),
                (Event.WRITE, self.loop.add_writer, self.loop.remove_writer))
        for event, add, remove in ways:
            if events & event and not before & event:
                add(fd, self.go_on, fd, int(event))
            elif before & event and not events & event:
                remove(fd)

    def go_on(self, fd: int = -1, events: int = 0) -> None:
        """Carries the verb on."""
        owner: Any = self.owner()
        if owner is None:
            return
        try:
            code, kept = call_keeping(owner, self.process, fd, events)
        except Exception as error:  # of the rules for threads and forks
            code, kept = Code.USAGE, error
        owner._settle(code, kept)
        self.arm()

    def arm(self) -> None:
        """Sets the timer. One that rings too early is set anew then."""
        owner = self.owner()
        deadline = self.deadline(owner._pointer) if owner else -1
        if deadline < 0:
            if self.timer:
                self.timer.cancel()
                self.timer = None
            return
        assert self.loop
        when = self.loop.time() + max(0.0, deadline / 1000 - time.monotonic()) + 0.001
        if self.timer and self.timer.when() > when:
            self.timer.cancel()
            self.timer = None
        if not self.timer:
            self.timer = self.loop.call_at(when, self.ring)

    def ring(self) -> None:
        self.timer = None
        self.go_on()

    def poke(self) -> None:
        """Carries the verb on soon: for any thread, and from callbacks."""
        if self.loop and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.go_on)

    def ask(self, key: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        """The answer of a function. If it is awaitable: LATER, and the verb is carried on when it has come."""
        answer = self.asked.get(key)
        if answer is None:
            given = function(*arguments)
            if not inspect.isawaitable(given):
                return given
            answer = self.asked[key] = asyncio.ensure_future(given, loop=self.loop)
            answer.add_done_callback(lambda _: self.poke())
        if not answer.done():
            return LATER
        del self.asked[key]
        return answer.result()

    def forget(self) -> None:
        """The verb is over: nobody waits for answers any more."""
        for answer in self.asked.values():
            answer.cancel()
        self.asked.clear()


def driver() -> Driver:
    """The driver of the call that this callback is in."""
    found = getattr(current(), "_driver", None)
    if found is None:
        raise TypeError("an asynchronous function or content needs envoi.aio")
    return found  # type: ignore[no-any-return]


def awaited(function: Callable[..., Any]) -> Callable[..., Any]:
    """A callback whose answer may be awaitable."""
    def ask(*arguments: Any) -> Any:
        return driver().ask((function, arguments), function, *arguments)
    return ask


async def _next(iterator: AsyncIterator[Piece]) -> Union[Piece, None]:
    try:
        return await iterator.__anext__()
    except StopAsyncIteration:
        return None


class Awaited(Pieces):
    """Content in pieces that are awaited."""

    def __init__(self, pieces: AsyncIterable[Piece]) -> None:
        super().__init__()
        self.pieces = pieces
        self.iterator = pieces.__aiter__()
        self.again = self.iterator is not pieces

    def next(self) -> Any:
        return driver().ask(self, _next, self.iterator)

    def begin(self) -> None:
        self.iterator = self.pieces.__aiter__()
