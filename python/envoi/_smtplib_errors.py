# SPDX-License-Identifier: MIT
"""The exceptions of envoi.smtplib, and which of them each failure of the library becomes."""
from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable

from .enums import Code
from .errors import Error, Reply


class SMTPException(smtplib.SMTPException):
    """The base class of all exceptions of this module."""

    error: Error | None = None
    """what the library said: code, detail, phase and reply; None if no call into it has failed"""


class SMTPNotSupportedError(SMTPException, smtplib.SMTPNotSupportedError):
    """The server does not announce what is asked for."""


class SMTPServerDisconnected(SMTPException, smtplib.SMTPServerDisconnected):
    """Not connected, or the connection was lost."""


class SMTPTimeoutError(SMTPServerDisconnected, TimeoutError):
    """The server did not answer in time. The connection is closed."""


class SMTPDeliveryUnknown(SMTPServerDisconnected):
    """The connection was lost after the content: the message may have been delivered, so sending it again may deliver it
    twice."""


class SMTPResponseException(SMTPException, smtplib.SMTPResponseException):
    """A refusal. smtp_code is -1 if the answer was no reply."""


class SMTPSenderRefused(SMTPResponseException, smtplib.SMTPSenderRefused):
    """The sender was refused."""

    def __init__(self, code: int, msg: bytes | str, sender: str) -> None:
        smtplib.SMTPSenderRefused.__init__(self, code, msg, sender)  # type: ignore[arg-type]


class SMTPRecipientsRefused(SMTPException, smtplib.SMTPRecipientsRefused):
    """All recipients were refused."""


class SMTPDataError(SMTPResponseException, smtplib.SMTPDataError):
    """The content was refused."""


class SMTPConnectError(SMTPResponseException, smtplib.SMTPConnectError):
    """The server greeted with a refusal."""


class SMTPHeloError(SMTPResponseException, smtplib.SMTPHeloError):
    """The server refused EHLO and HELO."""


class SMTPAuthenticationError(SMTPResponseException, smtplib.SMTPAuthenticationError):
    """The login was refused."""


# ---- what the library's failures become ----

def answer(reply: Reply) -> tuple[int, bytes]:
    """A reply as smtplib shows it."""
    code = -1 if reply.code == Code.PROTOCOL else reply.code
    return code, b"\n".join(line.strip(b" \t\r\n") for line in reply.lines)


def refusal(error: Error, code: int, enhanced: str) -> tuple[int, bytes]:
    """The server's last refusal; or a reply of our own, if the library refused by itself."""
    if error.reply.code >= 400:
        return answer(error.reply)
    return code, f"{enhanced} {error}".encode()


def _told(kind: Callable[[str], Exception]) -> Callable[[Error], Exception]:
    return lambda error: kind(str(error))


def _refused(kind: type[SMTPResponseException], code: int, enhanced: str) -> Callable[[Error], Exception]:
    return lambda error: kind(*refusal(error, code, enhanced))


def _refused_login(error: Error) -> Exception:
    """An older refusal would be told for the reply to a login that was not sent."""
    if error.reply.code in range(400, 600) and not error.detail:
        return SMTPAuthenticationError(*answer(error.reply))
    return SMTPAuthenticationError(535, f"5.7.8 {error}".encode())


_MEANINGS: dict[int, Callable[[Error], Exception]] = {
    Code.USAGE: _told(ValueError),
    Code.ADDRESS: _told(ValueError),
    Code.MEMORY: _told(MemoryError),
    Code.CONTENT: lambda error: SMTPDataError(554, f"5.6.0 {error}".encode()),
    Code.RESOLVE: _told(OSError),
    Code.LOOKUP: _told(OSError),
    Code.CONNECT: _told(OSError),
    Code.TIMEOUT: _told(SMTPTimeoutError),
    Code.DISCONNECTED: _told(SMTPServerDisconnected),
    Code.TRUNCATED: _told(SMTPServerDisconnected),
    Code.TLS: _told(ssl.SSLError),
    Code.CERTIFICATE: _told(ssl.SSLCertVerificationError),
    Code.PLUGIN: _told(ssl.SSLError),
    Code.STARTTLS: _refused(SMTPResponseException, 454, "4.7.0"),
    Code.AUTH: _refused_login,
    Code.SERVER_PROOF: _refused_login,
    Code.GREETING: _refused(SMTPConnectError, 554, "5.3.0"),
    Code.HELO: _refused(SMTPHeloError, 554, "5.3.0"),
    Code.NOT_SUPPORTED: _told(SMTPNotSupportedError),
    Code.DATA: _refused(SMTPDataError, 554, "5.6.0"),
    Code.UNKNOWN: _told(SMTPDeliveryUnknown),
    Code.PROTOCOL: lambda error: SMTPResponseException(*answer(error.reply) if error.reply else (-1, str(error).encode())),
}


def translated(error: Error) -> Exception:
    """The exception that smtplib's users expect."""
    exception = _MEANINGS.get(error.code, _told(SMTPException))(error)
    if isinstance(exception, SMTPException):
        exception.error = error
    return exception


_OWN: dict[type[smtplib.SMTPException], type[SMTPException]] = {
    smtplib.SMTPException: SMTPException,
    smtplib.SMTPNotSupportedError: SMTPNotSupportedError,
    smtplib.SMTPServerDisconnected: SMTPServerDisconnected,
    smtplib.SMTPResponseException: SMTPResponseException,
    smtplib.SMTPSenderRefused: SMTPSenderRefused,
    smtplib.SMTPRecipientsRefused: SMTPRecipientsRefused,
    smtplib.SMTPDataError: SMTPDataError,
    smtplib.SMTPConnectError: SMTPConnectError,
    smtplib.SMTPHeloError: SMTPHeloError,
    smtplib.SMTPAuthenticationError: SMTPAuthenticationError,
}


def own(exception: smtplib.SMTPException) -> smtplib.SMTPException:
    """An exception of smtplib's inherited methods, as one of this module."""
    kind = _OWN.get(type(exception))
    return kind(*exception.args) if kind else exception
