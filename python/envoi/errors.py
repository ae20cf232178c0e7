# SPDX-License-Identifier: MIT
"""The errors. Every failure of envoi raises an Error; its subclass is chosen by the code, and a class of failures has a
class here, so that a program catches as much as it wants. Where Python has an exception of the same meaning it is a base,
too: a refused connection is an OSError, a deadline a TimeoutError, a wrong argument a ValueError."""
from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from .enums import Code, Detail, ErrorClass, Phase

if TYPE_CHECKING:
    from .message import Recipient


@dataclasses.dataclass(frozen=True)
class Reply:
    """The server's answer to one command (RFC 5321 section 4.2)."""

    code: int
    """200 to 599; 0: there was none; Code.PROTOCOL: the octets that came are no reply, and `lines` has them"""
    text: str
    """without the codes; lines are joined by a line feed; it can be printed"""
    enhanced: str = ""
    """the enhanced status code (RFC 3463), such as "5.1.1"; "" if there is none"""
    lines: tuple[bytes, ...] = ()
    """the lines as the server sent them, without code and line end"""

    def __bool__(self) -> bool:
        return self.code != 0

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.code, self.enhanced, self.text) if part)


NO_REPLY = Reply(0, "")


class Error(Exception):
    """A failure. str() is a sentence with the cause, the place and the remedy."""

    def __init__(self, text: str, code: int = Code.USAGE, detail: int = Detail.NONE, phase: int = Phase.NONE,
                 reply: Reply = NO_REPLY, library_code: int = 0) -> None:
        super().__init__(text)
        self.code = Code(code)
        self.detail = Detail(detail)
        self.phase = Phase(phase)
        self.reply = reply
        """the last reply of the server; false if there was none"""
        self.library_code = library_code
        """the code of OpenSSL, of GnuTLS or errno; 0: none"""
        self.recipients: tuple[Recipient, ...] = ()
        """of a verb that sends: the verdicts of the message that failed"""


class UsageError(Error, ValueError):
    """The program is at fault: a wrong argument, or a call out of order."""


class AddressError(UsageError):
    """Not a mail address."""


class BusyError(UsageError):
    """An operation is still in progress on this object, or the queue of a pool is full (Code.AGAIN)."""


class ThreadError(UsageError):
    """Another thread uses this object now."""


class ForkError(UsageError):
    """In the child of a fork: the connection is the parent's, or another thread was inside envoi during the fork."""


class LocalError(Error, OSError):
    """This machine is at fault: files, descriptors, the source of the content."""


class ContentError(LocalError):
    """The content cannot be read, or may not be sent as it is."""


class OutOfMemory(Error, MemoryError):
    """Out of memory."""


class Interrupted(Error):
    """The application gave up: interrupt(), or a callback that had no answer."""


class NetworkError(Error, OSError):
    """No connection, or a lost one."""


class LookupFailed(NetworkError):
    """The host name has no address, or cannot be looked up now (Code.LOOKUP)."""


class ConnectError(NetworkError):
    """No address of the server accepts the connection."""


class TimedOut(NetworkError, TimeoutError):
    """The deadline of a phase passed."""


class Disconnected(NetworkError):
    """Not connected, or the connection was lost."""


class TLSError(Error, OSError):
    """No trusted TLS."""


class CertificateError(TLSError):
    """The certificate of the server is not trusted."""


class AuthError(Error):
    """The login failed."""


class NoMechanism(AuthError):
    """No login mechanism is announced, available and allowed. The text says why each was passed over."""


class Refused(Error):
    """The server said no."""


class NotSupported(Refused):
    """Not supported here, or not announced by the server."""


class SenderRefused(Refused):
    """The sender was refused."""


class RecipientsRefused(Refused):
    """All recipients were refused; or one, if all are required."""


class DataRefused(Refused):
    """The content was refused, or is larger than the server takes."""


class UnknownOutcome(Error):
    """The connection was lost after the content: the message may have been delivered."""


class ProtocolError(Error):
    """The server does not keep to the protocol, or to its bounds."""


class PluginError(Error):
    """A plugin is missing, broken or not allowed."""


_BY_CLASS: dict[int, type[Error]] = {
    ErrorClass.CONTROL: Interrupted,
    ErrorClass.USAGE: UsageError,
    ErrorClass.LOCAL: LocalError,
    ErrorClass.NETWORK: NetworkError,
    ErrorClass.TLS: TLSError,
    ErrorClass.AUTH: AuthError,
    ErrorClass.REFUSED: Refused,
    ErrorClass.UNKNOWN: UnknownOutcome,
    ErrorClass.PROTOCOL: ProtocolError,
    ErrorClass.PLUGIN: PluginError,
}
_BY_CODE: dict[int, type[Error]] = {
    Code.AGAIN: BusyError,
    Code.ADDRESS: AddressError,
    Code.BUSY: BusyError,
    Code.MEMORY: OutOfMemory,
    Code.CONTENT: ContentError,
    Code.RESOLVE: LookupFailed,
    Code.LOOKUP: LookupFailed,
    Code.CONNECT: ConnectError,
    Code.TIMEOUT: TimedOut,
    Code.DISCONNECTED: Disconnected,
    Code.TRUNCATED: Disconnected,
    Code.CERTIFICATE: CertificateError,
    Code.NO_MECHANISM: NoMechanism,
    Code.NOT_SUPPORTED: NotSupported,
    Code.SENDER_REFUSED: SenderRefused,
    Code.RECIPIENTS_REFUSED: RecipientsRefused,
    Code.DATA: DataRefused,
    Code.TOO_LARGE: DataRefused,
}


def error_type(code: int, detail: int, error_class: int) -> type[Error]:
    """The class of the error with this code."""
    if detail == Detail.FORKED:
        return ForkError
    return _BY_CODE.get(code, _BY_CLASS.get(error_class, Error))
