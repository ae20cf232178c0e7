# SPDX-License-Identifier: MIT
"""A lookup: which servers does a mail domain name in DNS? For programs that help a person to set up an account."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ._core import NULL, CData, Object, call, call_keeping, check, give, lib, make, make_error, take
from .enums import TLS
from .errors import Error
from .library import Library, default_library


@dataclasses.dataclass(frozen=True)
class Found:
    """A server that a domain names. Anybody on the way can forge the answers: use it only if its certificate is for the
    domain, if it lies within it, or if the person has agreed to the host (RFC 6186 section 6)."""

    host: str
    port: int
    tls: TLS
    within: bool
    """is the host the domain, or below it?"""


class LookupBase(Object):
    def __init__(self, library: Library | None = None, *, timeout: float | None = None) -> None:
        library = library or default_library()
        super().__init__(make(lib.envoi_lookup_new, "envoi_lookup", library._pointer), lib.envoi_lookup_free, library)
        self._handle: CData = NULL
        if timeout is not None:
            check(call(self, lib.envoi_lookup_set_timeout, max(1, round(timeout * 1000))))

    def _found(self, code: int) -> list[Found]:
        if code:
            raise self._error(code)
        return call(self, _read_found)

    def _error(self, code: int) -> Error:
        return make_error(code, take(call(self, lib.envoi_lookup_error)))


class Lookup(LookupBase):
    """A lookup in blocking calls."""

    def _run(self, function: Callable[..., int], domain: str) -> list[Found]:
        code, kept = call_keeping(self, function, give(domain))
        if kept:
            raise kept
        return self._found(code)

    def submission(self, domain: str) -> list[Found]:
        """The servers to which the users of a domain submit mail (RFC 6186, RFC 8314)."""
        return self._run(lib.envoi_lookup_submission, domain)

    def exchangers(self, domain: str) -> list[Found]:
        """The hosts that receive mail for a domain: its MX records."""
        return self._run(lib.envoi_lookup_exchangers, domain)


def _read_found(lookup: CData) -> list[Found]:
    return [Found(take(lib.envoi_lookup_host(lookup, i)), lib.envoi_lookup_port(lookup, i),
                  TLS(lib.envoi_lookup_tls(lookup, i)), bool(lib.envoi_lookup_within(lookup, i)))
            for i in range(lib.envoi_lookup_servers(lookup))]
