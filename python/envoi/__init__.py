# SPDX-License-Identifier: MIT
"""Submits mail: SMTP, ESMTP and LMTP, with TLS and logins as plugins of libenvoi. See docs/python.md."""
from .content import Content
from .enums import (TLS, Body, Code, Credential, DeliverBy, Detail, ErrorClass, Event, Hello, Keep, Limit, LogLevel,
                    LongLines, Notify, Phase, Priority, Rate, Result, Ret, TLSVersion, Trace, ValidSince, Verdict)
from .errors import (AddressError, AuthError, BusyError, CertificateError, ConnectError, ContentError, DataRefused,
                     Disconnected, Error, ForkError, Interrupted, LocalError, LookupFailed, NetworkError, NoMechanism,
                     NotSupported, OutOfMemory, PluginError, ProtocolError, RecipientsRefused, Refused, Reply,
                     SenderRefused, ThreadError, TimedOut, TLSError, UnknownOutcome, UsageError)
from .library import Library, Plugin, default_library, version
from .lookup import Found, Lookup
from .message import Message, Recipient
from .pool import Pool, PoolTelemetry
from .session import Session, send
from .session_base import Certificate, SessionBase, Telemetry, TLSInfo

__version__ = version()

__all__ = [
    "AddressError", "AuthError", "Body", "BusyError", "Certificate", "CertificateError", "Code", "ConnectError",
    "Content", "ContentError", "Credential", "DataRefused", "DeliverBy", "Detail", "Disconnected", "Error",
    "ErrorClass", "Event", "ForkError", "Found", "Hello", "Interrupted", "Keep", "Library", "Limit", "LocalError",
    "LogLevel", "LongLines", "Lookup", "LookupFailed", "Message", "NetworkError", "NoMechanism", "Notify", "NotSupported",
    "OutOfMemory", "Phase", "Plugin", "PluginError", "Pool", "PoolTelemetry", "Priority", "ProtocolError", "Rate",
    "Recipient", "RecipientsRefused", "Refused", "Reply", "Result", "Ret", "SenderRefused", "Session", "SessionBase",
    "Telemetry", "ThreadError", "TimedOut", "TLS", "TLSError", "TLSInfo", "TLSVersion", "Trace", "UnknownOutcome",
    "UsageError", "ValidSince", "Verdict", "default_library", "send", "version",
]
