# SPDX-License-Identifier: MIT
"""What the attribute `sock` of envoi.smtplib.SMTP is. Programs ask it for addresses, options, the timeout and TLS; octets
go through libenvoi alone."""
from __future__ import annotations

import socket
import ssl
from typing import Any

from .session import Session

# What is the same on any descriptor of the connection.
PASSED_ON = frozenset(("family", "fileno", "getpeername", "getsockname", "getsockopt", "proto", "setsockopt", "shutdown",
                       "type"))


class Socket:
    """A connection that belongs to libenvoi."""

    def __init__(self, session: Session, end: socket.socket, timeout: float | None) -> None:
        self._session, self._end, self._timeout = session, end, timeout

    def __getattr__(self, name: str) -> Any:
        if name in PASSED_ON:
            return getattr(self._end, name)
        raise AttributeError(f"sock.{name}: libenvoi reads and writes this connection; docmd(), data() and sendmail() do "
                             "it, and sock has " + ", ".join(sorted(PASSED_ON)), name=name, obj=self)

    def gettimeout(self) -> float | None:
        return self._timeout

    def settimeout(self, timeout: float | None) -> None:
        """Sets the deadline of every reply; None: there is none."""
        if timeout is not None and timeout <= 0:
            raise ValueError("the timeout must be None or more than 0: libenvoi waits for replies")
        self._session.set_timeout(timeout)
        self._timeout = timeout

    def close(self) -> None:
        self._session.close()
        self._end.close()

    # ---- of ssl.SSLSocket

    def version(self) -> str | None:
        """The version of TLS; None without TLS."""
        tls = self._session.tls
        return tls.protocol if tls else None

    def cipher(self) -> tuple[str, str, None] | None:
        """Cipher suite and version of TLS. How many bits are secret is not known."""
        tls = self._session.tls
        return (tls.cipher, tls.protocol, None) if tls else None

    def getpeercert(self, binary_form: bool = False) -> bytes | None:
        """The server's certificate in DER; None without TLS."""
        if not binary_form:
            raise ssl.SSLError("getpeercert(): libenvoi has the certificate in DER only: getpeercert(True)")
        chain = self._session.certificates
        return chain[0].der if chain else None

