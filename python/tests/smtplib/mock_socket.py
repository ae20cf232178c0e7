# SPDX-License-Identifier: MIT
"""CPython's test.mock_socket over real sockets: the same names, the same script of one reply, but with descriptors, which a
library in C needs."""
from __future__ import annotations

import socket as real

AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM = real.AF_INET, real.AF_INET6, real.AF_UNIX, real.SOCK_STREAM
_GLOBAL_DEFAULT_TIMEOUT = real._GLOBAL_DEFAULT_TIMEOUT
error, gaierror, getaddrinfo = real.error, real.gaierror, real.getaddrinfo
_default_timeout = None
_reply = b""


def reply_with(line):
    """The server of the next connection says this, and then it listens without an answer."""
    global _reply
    _reply = line + b"\r\n"


class Pair(real.socket):
    """One end of a socketpair; the other end is a server that has said its line."""

    def __init__(self):
        global _reply
        mine, self.server = real.socketpair()
        super().__init__(mine.family, mine.type, fileno=mine.detach())
        self.server.sendall(_reply)
        _reply = b""

    def connect(self, _address):
        pass

    def close(self):
        self.server.close()
        super().close()


def socket(_family=None, _type=None, _protocol=None):
    return Pair()


def create_connection(address, timeout=_GLOBAL_DEFAULT_TIMEOUT, source_address=None):
    int(address[1])
    return Pair()


def setdefaulttimeout(timeout):
    global _default_timeout
    _default_timeout = timeout


def getdefaulttimeout():
    return _default_timeout


def getfqdn():
    return ""


def gethostname():
    return ""


def gethostbyname(_name):
    return ""
