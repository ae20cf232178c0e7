# SPDX-License-Identifier: MIT
"""Where the content of a message comes from: octets, a text, an EmailMessage, a file, or pieces one after the other."""
from __future__ import annotations

import copy
import email.generator
import email.message
import email.policy
import email.utils
import io
import os
from collections.abc import AsyncIterable, Iterable, Iterator
from typing import IO, Any, Union

from ._core import LATER, NULL, CData, callback, ffi, lib
from .enums import Code

Piece = Union[bytes, bytearray, memoryview, str]
Content = Union[Piece, email.message.Message, "os.PathLike[str]", IO[bytes], IO[str], Iterable[Piece], AsyncIterable[Piece]]
"""bytes, or a str, which is sent as UTF-8; an email.message.Message; the path of a file; an open file, from its position to
its end; or pieces: a list can be read again, a generator only once. Asynchronous ones are for envoi.aio."""

HIDDEN = ("bcc", "resent-bcc")


def octets_of(piece: Piece) -> bytes | bytearray | memoryview:
    return piece.encode() if isinstance(piece, str) else piece


# ---- EmailMessage ----

def flatten(message: email.message.Message) -> bytes:
    """The octets of a message, without Bcc. Like smtplib, header fields are UTF-8 only if an address needs that."""
    policy = message.policy
    if needs_utf8(message):
        policy = policy.clone(utf8=True) if isinstance(policy, email.policy.EmailPolicy) else email.policy.SMTPUTF8
    out = io.BytesIO()
    visible = message
    if any(name.lower() in HIDDEN for name in message.keys()):
        visible = copy.copy(message)
        for name in HIDDEN:
            del visible[name]
    email.generator.BytesGenerator(out, policy=policy).flatten(visible, linesep="\r\n")
    return out.getvalue()


def _resent(message: email.message.Message) -> str:
    """The prefix of the fields that count: RFC 5322 section 3.6.6."""
    blocks: list[Any] = message.get_all("Resent-Date", [])
    if len(blocks) > 1:
        raise ValueError("the message has more than one Resent- block: give sender and recipients")
    return "Resent-" if blocks else ""


def envelope(message: email.message.Message) -> tuple[str, list[str]]:
    """Sender and recipients as the header names them: the fields of smtplib's send_message()."""
    prefix = _resent(message)
    sender = message.get(prefix + "Sender") or message.get(prefix + "From") or ""
    fields = [str(field) for name in ("To", "Cc", "Bcc") for field in message.get_all(prefix + name, [])]
    senders = email.utils.getaddresses([str(sender)])
    return (senders[0][1] if senders else ""), [address for _, address in email.utils.getaddresses(fields) if address]


def needs_utf8(message: email.message.Message) -> bool:
    sender, recipients = envelope(message) if len(message.get_all("Resent-Date", [])) < 2 else ("", [])
    return not "".join([sender, *recipients]).isascii()


# ---- sources ----

class Source:
    """What a message borrows until it has another source, or is freed."""

    def attach(self, message: CData) -> int:
        """Gives the content to the message; returns its result."""
        raise NotImplementedError


class Memory(Source):
    def __init__(self, octets: bytes | bytearray | memoryview) -> None:
        self.octets = ffi.from_buffer(octets)

    def attach(self, message: CData) -> int:
        return lib.envoi_message_set_data(message, self.octets, len(self.octets))


class Descriptor(Source):
    """A regular file, which the library reads by itself."""

    def __init__(self, file: Any, owned: bool) -> None:
        self.file = file if owned else None
        self.held = file
        # What Python has read ahead is read again.
        file.seek(file.tell())
        os.lseek(file.fileno(), file.tell(), os.SEEK_SET)

    def attach(self, message: CData) -> int:
        return lib.envoi_message_set_fd(message, self.held.fileno())

    def __del__(self) -> None:
        if self.file:
            self.file.close()


class Pieces(Source):
    """Pieces that Python makes as they are needed."""

    def __init__(self) -> None:
        self.handle = ffi.new_handle(self)
        self.rest = memoryview(b"")

    again = True

    def next(self) -> Any:
        """The next piece; None: the end; LATER."""
        raise NotImplementedError

    def begin(self) -> None:
        """Goes back to the first piece."""

    def pull(self, room: CData) -> int:
        while not self.rest:
            piece = self.next()
            if piece is None:
                return 0
            if piece is LATER:
                return -1
            self.rest = memoryview(octets_of(piece)).cast("B")
        taken = min(len(room), len(self.rest))
        ffi.memmove(room, self.rest[:taken], taken)
        self.rest = self.rest[taken:]
        return taken

    def rewind(self) -> None:
        self.rest = memoryview(b"")
        self.begin()

    def attach(self, message: CData) -> int:
        return lib.envoi_message_set_callback(message, lib.python_pull, lib.python_rewind if self.again else NULL,
                                              self.handle, -1)


class File(Pieces):
    """An object with read()."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        self.file = file
        try:
            self.start = file.tell() if file.seekable() else None
        except (AttributeError, OSError):
            self.start = None
        self.again = self.start is not None

    def next(self) -> Any:
        return self.file.read(65536) or None

    def begin(self) -> None:
        self.file.seek(self.start)


class Iterated(Pieces):
    def __init__(self, pieces: Iterable[Piece]) -> None:
        super().__init__()
        self.pieces = pieces
        self.iterator: Iterator[Piece] = iter(pieces)
        self.again = self.iterator is not pieces

    def next(self) -> Any:
        return next(self.iterator, None)

    def begin(self) -> None:
        self.iterator = iter(self.pieces)


@callback("pull", error=Code.CONTENT)
def _pull(ctx: CData, room: CData, cap: int, length: CData) -> int:
    taken = ffi.from_handle(ctx).pull(ffi.buffer(room, cap))
    if taken < 0:
        return Code.AGAIN
    length[0] = taken
    return Code.OK


@callback("rewind", error=Code.CONTENT)
def _rewind(ctx: CData) -> int:
    ffi.from_handle(ctx).rewind()
    return Code.OK


def is_regular(file: object) -> bool:
    """Is it certain that this object reads octets of a file of the system, which can be read at a position?"""
    raw = file.raw if isinstance(file, (io.BufferedReader, io.BufferedRandom)) else file
    return isinstance(raw, io.FileIO) and raw.seekable()


def make_source(content: Content) -> Source:
    if isinstance(content, (str, bytes, bytearray, memoryview)):
        return Memory(octets_of(content))
    if isinstance(content, email.message.Message):
        return Memory(flatten(content))
    if isinstance(content, os.PathLike):
        return Descriptor(open(content, "rb", buffering=0), owned=True)
    if is_regular(content):
        return Descriptor(content, owned=False)
    if hasattr(content, "read"):
        return File(content)
    if isinstance(content, AsyncIterable):
        from .aio import Awaited
        return Awaited(content)
    if isinstance(content, Iterable):
        pieces: Iterable[Piece] = content  # type: ignore[assignment]
        return Iterated(pieces)
    raise TypeError(f"a {type(content).__name__} is no content: bytes, str, EmailMessage, file or pieces")
