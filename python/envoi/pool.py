# SPDX-License-Identifier: MIT
"""A pool: many messages over as many connections as pay off."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Optional

from ._core import NULL, CData, Object, call, callback, check, ffi, give, lib, make, make_error, take
from .enums import Limit, Priority, Rate, Result
from .errors import Error
from .library import Library, default_library
from .message import Message
from .session_base import SessionBase, Telemetry, make_telemetry, read_telemetry

Done = Callable[[Message, Optional[Error]], object]


@dataclasses.dataclass(frozen=True)
class PoolTelemetry:
    """The work of a pool since it was made."""

    waiting: int
    """now: messages that are not done and on no connection"""
    in_flight: int
    """now: messages on connections"""
    submitted: int
    cancelled: int
    results: dict[Result, int]
    """messages that are done"""
    transactions: int
    again: int
    """times that a message was tried again"""
    throttled: int
    """times that a route slowed down, because a server said "too fast" """
    connections: int
    connections_failed: int
    queue_ms: int
    """milliseconds from the submits to the first transactions, summed up"""
    sessions: Telemetry
    """of all connections"""


class Entry:
    """A message in a pool, to which it is lent until it is done."""

    def __init__(self, entries: dict[int, tuple[Entry, CData]], message: Message, done: Done | None) -> None:
        self.entries, self.message, self.done = entries, message, done
        self.handle = ffi.new_handle(self)

    def keep(self) -> None:
        self.entries[id(self.message)] = self, self.handle
        self.message._owner.lend()

    def give_back(self) -> None:
        del self.entries[id(self.message)]
        self.message._owner.release()

    def finish(self, code: int, text: str) -> None:
        del self.entries[id(self.message)]
        try:
            if self.done:
                self.done(self.message, make_done_error(code, text, self.message) if code else None)
        finally:
            self.message._owner.release()


def make_done_error(code: int, text: str, message: Message) -> Error:
    error = make_error(code, text)
    error.recipients = message.recipients
    # The reply that decided, if one did for all of them.
    replies = {(each.reply, each.phase) for each in error.recipients}
    if len(replies) == 1:
        error.reply, error.phase = replies.pop()
    return error


@callback("pool_done")
def _pool_done(ctx: CData, _message: CData, result: int, error: CData) -> None:
    entry: Entry = ffi.from_handle(ctx)
    entry.finish(result, take(error))


class PoolBase(Object):
    """What pools of both faces have in common. Without `library` the pool uses that of the process."""

    def __init__(self, library: Library | None = None, **limits: int) -> None:
        library = library or default_library()
        super().__init__(make(lib.envoi_pool_new, "envoi_pool", library._pointer), lib.envoi_pool_free, library)
        self._entries: dict[int, tuple[Entry, CData]] = {}
        self._handles: list[object] = []
        for name, value in limits.items():
            self.set_limit(Limit[name.upper()], value)
        self._prepare()

    def _prepare(self) -> None:
        """Makes the pool one of its face."""

    def set_limit(self, limit: Limit, value: int) -> None:
        """Sets a limit; a time is in milliseconds. Pool(connections=8) does it, too."""
        check(call(self, lib.envoi_pool_set_limit, limit, value))

    def limit(self, limit: Limit) -> int:
        return int(call(self, lib.envoi_pool_limit, limit))

    def add_route(self, settings: SessionBase, servers: str) -> int:
        """Adds a route: the settings of a session that is not connected, and servers in the order in which they are tried,
        separated by blanks. Returns its number."""
        route = ffi.new("size_t *")
        code = call(self, lib.envoi_pool_add_route, settings._pointer, give(servers), route)
        if code:
            raise make_error(code, f"route {servers!r}: {take(lib.envoi_error_text(code))}")
        self._handles.append(dict(settings._handles))
        return int(route[0])

    def add_account(self, route: int, settings: SessionBase, servers: str, weight: int = lib.ENVOI_POOL_WEIGHT) -> None:
        """Adds another account to a route, before its first message. Connections are shared out by the weights."""
        code = call(self, lib.envoi_pool_add_account, route, settings._pointer, give(servers), weight)
        if code:
            raise make_error(code, f"account {servers!r}: {take(lib.envoi_error_text(code))}")
        self._handles.append(dict(settings._handles))

    def set_rate(self, route: int, rate: Rate, count: int, period: float = 1.0, burst: int = 1) -> None:
        """Sets a rate of a route: in any time t at most burst + t * count / period, in seconds. count 0: any number."""
        check(call(self, lib.envoi_pool_set_rate, route, rate, count, round(period * 1000), burst))

    def cancel(self, message: Message) -> None:
        """Takes back a message that is on no connection; BusyError: it is on one, or done."""
        check(call(self, lib.envoi_pool_cancel, message._pointer))
        self._entries[id(message)][0].give_back()

    def telemetry(self) -> PoolTelemetry:
        """How much work was done so far."""
        told, sessions = make_telemetry("struct envoi_pool_telemetry"), make_telemetry("struct envoi_telemetry")
        check(call(self, lib.envoi_pool_telemetry, told, sessions))
        return PoolTelemetry(told.waiting, told.in_flight, told.submitted, told.cancelled,
                             {result: told.results[result] for result in Result}, told.transactions, told.again,
                             told.throttled, told.connections, told.connections_failed, told.queue_ms,
                             read_telemetry(sessions))

    def _submit(self, route: int, message: Message, priority: Priority, done: Done | None) -> None:
        entry = Entry(self._entries, message, done)
        code = call(self, lib.envoi_pool_submit_with, route, message._pointer, priority, lib.python_pool_done, entry.handle)
        if code:
            raise make_error(code, message.error)
        entry.keep()

    @property
    def pending(self) -> int:
        """The number of messages that are not done."""
        return int(call(self, lib.envoi_pool_pending))

    @property
    def connections(self) -> int:
        return int(call(self, lib.envoi_pool_connections))

    def stop(self) -> None:
        """Stops at once. Waiting messages are not attempted, those under way are unknown if their content had left."""
        check(call(self, lib.envoi_pool_stop))


class Pool(PoolBase):
    """A pool in blocking calls.

        with Pool(connections=8) as pool:
            route = pool.add_route(Session(user="me", password=password), "mail.example.org:587")
            for message in messages:
                pool.submit(route, message)

    At the end of the block all messages have been sent, or were given up: each has its verdicts.
    """

    def _prepare(self) -> None:
        check(call(self, lib.envoi_pool_set_interrupt_callback, lib.python_interrupt, NULL))

    def _interrupt(self) -> None:
        lib.envoi_pool_interrupt(self._pointer)

    def interrupt(self) -> None:
        """Makes run() raise Interrupted; if it is not running, the next one. For a handler of a signal, another thread,
        and a callback."""
        self._interrupt()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if error is None:
            self.drain()
            self.run()
        else:
            self.stop()

    def submit(self, route: int, message: Message, done: Done | None = None, *,
               priority: Priority = Priority.NORMAL) -> None:
        """Submits a message, which belongs to the pool until done(message, error) is called by run(). error: None if it
        was accepted for at least one recipient. If the queue is full it raises BusyError: call run() first."""
        self._submit(route, message, priority, done)

    def run(self) -> None:
        """Works until every submitted message is done. If a `done` raised an exception, the first one is raised then."""
        check(call(self, lib.envoi_pool_run))

    def drain(self) -> None:
        """Takes no more messages; the next run() closes all connections at its end."""
        check(call(self, lib.envoi_pool_drain))
