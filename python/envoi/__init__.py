# SPDX-License-Identifier: MIT
"""Submits mail: SMTP, ESMTP and LMTP, with TLS and logins as plugins of libenvoi. See docs/python.md."""
from .content import Content
from .enums import (TLS, Body, Code, Credential, Detail, ErrorClass, Event, Hello, Keep, Limit, LogLevel, Notify, Phase,
                    Result, Ret, TLSVersion, Trace, Verdict)
from .errors import (AddressError, AuthError, BusyError, CertificateError, ConnectError, ContentError, DataRefused,
                     Disconnected, Error, ForkError, Interrupted, LocalError, LookupFailed, NetworkError, NoMechanism,
                     NotSupported, OutOfMemory, PluginError, ProtocolError, RecipientsRefused, Refused, Reply,
                     SenderRefused, ThreadError, TimedOut, TLSError, UnknownOutcome, UsageError)
from .library import Library, Plugin, default_library, version
from .message import Message, Recipient
from .session import Session
from .session_base import Certificate, SessionBase, TLSInfo

__version__ = version()

__all__ = [
    "TLS", "AddressError", "AuthError", "Body", "BusyError", "Certificate", "CertificateError", "Code", "ConnectError",
    "Content", "ContentError", "Credential", "DataRefused", "Detail", "Disconnected", "Error", "ErrorClass", "Event",
    "ForkError", "Hello", "Interrupted", "Keep", "Library", "Limit", "LocalError", "LogLevel", "LookupFailed", "Message",
    "NetworkError", "NoMechanism", "NotSupported", "Notify", "OutOfMemory", "Phase", "Plugin", "PluginError",
    "ProtocolError", "Recipient", "RecipientsRefused", "Refused", "Reply", "Result", "Ret", "SenderRefused", "Session",
    "SessionBase", "TLSError", "TLSInfo", "TLSVersion", "ThreadError", "TimedOut", "Trace", "UnknownOutcome",
    "UsageError", "Verdict", "default_library", "version",
]
