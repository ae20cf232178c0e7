# SPDX-License-Identifier: MIT
"""What all objects of envoi share: calls into the library, texts, callbacks, and the rules for threads and forks.

Every call goes through call(). cffi releases the GIL in it, so another thread runs meanwhile, and might call with the same
object. The library forbids that, so each object has a lock that is never waited for: whoever finds it taken is told so.
"""
from __future__ import annotations

import os
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from . import _envoi
from .enums import Code, Credential, Detail, LogLevel, Phase, Trace
from .errors import NO_REPLY, Error, ForkError, Reply, ThreadError, UsageError, error_type

ffi, lib = _envoi.ffi, _envoi.lib
NULL = ffi.NULL
CData = Any
R = TypeVar("R")


# ---- texts ----

def give(text: str | bytes | None) -> CData:
    """A text for the library, which would not see what is behind a NUL."""
    if text is None:
        return NULL
    octets = text if isinstance(text, bytes) else text.encode()
    if b"\0" in octets:
        raise UsageError(f"a NUL in {text!r}" if len(octets) < 200 else "a NUL in a text", Code.USAGE, Detail.CONTROL)
    return octets


def give_path(path: str | bytes | os.PathLike[str] | None) -> CData:
    return NULL if path is None else give(os.fsencode(path))


def take(text: CData) -> str:
    """A text of the library; "" for NULL."""
    return "" if text == NULL else ffi.string(text).decode("utf-8", "replace")


def take_reply(reply: CData) -> Reply:
    code = lib.envoi_reply_code(reply)
    if not code:
        return NO_REPLY
    length = ffi.new("size_t *")
    lines = []
    for i in range(lib.envoi_reply_lines(reply)):
        line = lib.envoi_reply_line(reply, i, length)
        lines.append(ffi.unpack(line, length[0]))
    return Reply(code, take(lib.envoi_reply_text(reply)), take(lib.envoi_reply_enhanced(reply)), tuple(lines))


# ---- objects ----

class Object:
    """An object of the library. It is freed when the last reference to it is gone. What the library must find alive until
    then (library: the object that must live longer) is kept here."""

    def __init__(self, pointer: CData, free: Callable[[CData], None], library: Object | None = None) -> None:
        self._lock = threading.RLock()
        self._library = library
        # Refers to nothing that could refer to this object: a callback of the program's often does.
        self._owner: Owner = Owner(pointer, free, library._owner if library else None)
        self._finalizer = weakref.finalize(self, Owner.release, self._owner)
        self._finalizer.atexit = False
        _objects.add(self)

    @property
    def _pointer(self) -> CData:
        """NULL if the object was freed, as in a coroutine that is collected as garbage after its session."""
        return self._owner.pointer

    def _interrupt(self) -> None:
        """Ends the call that is in progress, if that can be done."""


class Owner:
    """Frees an object when nobody needs it any more, and only then lets go of the one that must live longer. The collector
    of garbage may let go of them in any order."""

    def __init__(self, pointer: CData, free: Callable[[CData], None], below: Owner | None) -> None:
        self.pointer, self.free, self.below = pointer, free, below
        self.users = 1
        if below:
            below.lend()

    def lend(self) -> None:
        """One more needs it, until release()."""
        self.users += 1

    def release(self) -> None:
        self.users -= 1
        if not self.users and not _forked_inside:
            pointer, self.pointer = self.pointer, NULL
            self.free(pointer)
            if self.below:
                self.below.release()


_objects: weakref.WeakSet[Object] = weakref.WeakSet()
# In the child of a fork: another thread of the parent was inside envoi, whose state may be anything now.
_forked_inside = False


def _after_fork() -> None:
    global _forked_inside
    for each in _objects:
        if each._lock.acquire(blocking=False):
            each._lock.release()
        else:
            _forked_inside = True


os.register_at_fork(after_in_child=_after_fork)


# ---- calls ----

class Run:
    """A call that is in progress, and the exception that one of its callbacks raised."""

    __slots__ = ("owner", "kept")

    def __init__(self, owner: Object) -> None:
        self.owner = owner
        self.kept: BaseException | None = None


class _Runs(threading.local):
    def __init__(self) -> None:
        self.stack: list[Run] = []


_runs = _Runs()


def current() -> Object | None:
    """The object whose call this thread is in: for a callback."""
    return _runs.stack[-1].owner if _runs.stack else None


def call(owner: Object, function: Callable[..., R], *arguments: Any) -> R:
    """Calls a function of the library with the object as its first argument. If a callback raised an exception meanwhile,
    raises that."""
    result, kept = call_keeping(owner, function, *arguments)
    if kept:
        raise kept
    return result


def call_keeping(owner: Object, function: Callable[..., R], *arguments: Any) -> tuple[R, BaseException | None]:
    """Likewise, but returns the exception beside the result."""
    if not owner._lock.acquire(blocking=False):
        raise ThreadError(f"another thread uses this {type(owner).__name__} now")
    try:
        if _forked_inside:
            raise ForkError("another thread was inside envoi when this process was forked: it can only exec")
        run = Run(owner)
        _runs.stack.append(run)
        try:
            return function(owner._pointer, *arguments), run.kept
        finally:
            _runs.stack.pop()
    finally:
        owner._lock.release()


def keep(kind: type[BaseException], exception: BaseException, traceback: types.TracebackType | None) -> None:
    """A callback has raised an exception: the call under way raises it when it ends."""
    if not _runs.stack:  # in a thread of the library's own, or on free
        threading.excepthook(threading.ExceptHookArgs((kind, exception, traceback, threading.current_thread())))
    elif _runs.stack[-1].kept is None:
        _runs.stack[-1].kept = exception


def keep_and_end(kind: type[BaseException], exception: BaseException, traceback: types.TracebackType | None) -> None:
    """Likewise, in a callback that cannot fail: a Ctrl-C is not to wait for the end."""
    keep(kind, exception, traceback)
    if _runs.stack and not isinstance(exception, Exception):
        _runs.stack[-1].owner._interrupt()


def make(function: Callable[..., int], kind: str, *arguments: CData) -> CData:
    """Calls a function that makes an object, and returns that."""
    out = ffi.new(f"struct {kind} **")
    check(function(*arguments, out))
    return out[0]


def check(code: int) -> None:
    """Raises the error of a function that has no more to say about it."""
    if code:
        raise make_error(code)


def make_error(code: int, text: str = "", detail: int = Detail.NONE, phase: int = Phase.NONE, reply: Reply = NO_REPLY,
               library_code: int = 0) -> Error:
    kind = error_type(code, detail, lib.envoi_error_class(code))
    return kind(text or take(lib.envoi_error_text(code)), code, detail, phase, reply, library_code)


# ---- callbacks ----

def callback(name: str, error: int | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Defines a function that the library calls. error: what it returns after an exception, if it returns anything."""
    return ffi.def_extern(name="python_" + name, error=error, onerror=keep_and_end if error is None else keep)


@callback("log")
def _log(ctx: CData, level: int, text: CData) -> None:
    ffi.from_handle(ctx)(LogLevel(level), take(text))


@callback("trace")
def _trace(ctx: CData, kind: int, text: CData, length: int) -> None:
    ffi.from_handle(ctx)(Trace(kind), ffi.unpack(text, length).decode("utf-8", "replace"))


@callback("interrupt", error=1)
def _interrupt(_ctx: CData) -> int:
    # Python runs the handlers of signals as soon as it is here. If one raises an exception, the wait is over.
    return 0


@callback("watch")
def _watch(ctx: CData, fd: int, events: int) -> None:
    ffi.from_handle(ctx)(fd, events)


@callback("message_reply")
def _message_reply(ctx: CData, _message: CData, phase: int, index: int, reply: CData) -> None:
    ffi.from_handle(ctx)(Phase(phase), index, take_reply(reply))


class Answer:
    """Keeps the octets that a callback answered until the library has copied them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.octets: CData = NULL

    def fill(self, octets: str | bytes, data: CData, length: CData) -> None:
        octets = octets.encode() if isinstance(octets, str) else bytes(octets)
        self.octets = ffi.from_buffer(octets)
        data[0] = self.octets
        length[0] = len(octets)


@callback("credential", error=Code.CANCELLED)
def _credential(ctx: CData, credential: int, mechanism: CData, data: CData, length: CData) -> int:
    answer: Answer = ffi.from_handle(ctx)
    octets = answer.function(Credential(credential), take(mechanism))
    if octets is None:
        return Code.CANCELLED
    if octets is LATER:
        return Code.AGAIN
    answer.fill(octets, data, length)
    return Code.OK


@callback("auth", error=Code.CANCELLED)
def _auth(ctx: CData, challenge: CData, length: int, response: CData, response_length: CData, done: CData) -> int:
    answer: Answer = ffi.from_handle(ctx)
    octets = answer.function(None if challenge == NULL else bytes(ffi.buffer(challenge, length)))
    if isinstance(octets, tuple):
        octets, done[0] = octets
    if octets is not None:
        answer.fill(octets, response, response_length)
    return Code.OK


@callback("dial", error=Code.CONNECT)
def _dial(ctx: CData, host: CData, port: int, in_: CData, out: CData) -> int:
    answer = ffi.from_handle(ctx)(take(host), port)
    if answer is None:
        return Code.CANCELLED
    if answer is LATER:
        return Code.AGAIN
    ends = answer if isinstance(answer, tuple) else (answer, -1)
    in_[0], out[0] = (descriptor(end) for end in ends)
    return Code.OK


def descriptor(end: Any) -> int:
    """The descriptor of a socket or a file, which no longer owns it."""
    return end if isinstance(end, int) else int(end.detach())


LATER = object()
"""what a callback returns in an event loop: there is no answer yet"""
