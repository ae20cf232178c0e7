# SPDX-License-Identifier: MIT
"""What sessions of both faces have in common: the settings and the information."""
from __future__ import annotations

import dataclasses
import datetime
import os
import socket
from collections.abc import Callable, Iterable
from typing import Any, Union

from ._core import (NULL, Answer, CData, Object, call, ffi, give, give_path, lib, make, make_error, take,
                    take_reply)
from .enums import TLS, Credential, Hello, Phase, Trace
from .errors import Error, Reply
from .library import Library, default_library

Connection = Union[int, socket.socket]
TraceFunction = Callable[[Trace, str], object]
CredentialFunction = Callable[[Credential, str], Any]
DialFunction = Callable[[str, int], Any]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate that the server sent."""

    der: bytes
    pin: str
    """the SHA-256 of its public key, as add_pin() takes it"""
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime.datetime
    not_after: datetime.datetime


@dataclasses.dataclass(frozen=True)
class TLSInfo:
    """The TLS of a connection."""

    backend: str
    protocol: str
    cipher: str
    group: str
    verified: bool
    verified_by: str
    """"chain", "pin", "chain-without-name" (which does not count as verified), or "" """
    resumed: bool


@dataclasses.dataclass(frozen=True)
class Telemetry:
    """The work of a session since it was made, over all its connections."""

    connections: int
    transactions: int
    replies: int
    octets_sent: int
    octets_received: int
    phase_ms: dict[Phase, int]
    """milliseconds spent in each phase"""


class SessionBase(Object):
    """A connection to a server: settings and information.

    A setting may be given to the constructor, under the name of its setter: Session(tls=TLS.OFF) does set_tls(TLS.OFF).
    `user` and `password` (or `token`) belong together. Without `library` the sessions of the process share one.

    A setter that fails raises its error; the next verb but quit fails with it too, once, so that nothing is sent with
    other settings than the program asked for.
    """

    def __init__(self, library: Library | None = None, *, tls: TLS | None = None, lmtp: bool | None = None,
                 user: str | None = None, password: str | None = None, token: str | None = None,
                 authzid: str | None = None, mechanisms: str | None = None, allow_cleartext_auth: bool | None = None,
                 credential: CredentialFunction | None = None, tls_backend: str | None = None,
                 tls_name: str | None = None, tls_sni: str | None = None, tls_verify: bool | None = None,
                 ca_file: str | os.PathLike[str] | None = None, ca_pem: bytes | str | None = None,
                 system_trust: bool | None = None, pins: Iterable[str] = (), pin_trust: bool | None = None,
                 client_certificate: str | os.PathLike[str] | None = None,
                 client_key: str | os.PathLike[str] | None = None, passphrase: str | None = None,
                 helo_name: str | None = None, source_address: str | None = None,
                 timeout: float | None = None, dial: DialFunction | None = None,
                 trace: TraceFunction | None = None, trace_level: int = 1) -> None:
        library = library or default_library()
        super().__init__(make(lib.envoi_session_new, "envoi_session", library._pointer), lib.envoi_session_free, library)
        self._handles: dict[str, CData] = {}
        self._prepare()
        for pin in pins:
            self.add_pin(pin)
        if password is not None or (user is not None and token is None):
            self.set_password(user, password)
        if token is not None:
            self.set_token(user, token)
        if client_certificate is not None or client_key is not None:
            self.set_client_certificate(client_certificate, client_key)
        if trace is not None:
            self.set_trace(trace_level, trace)
        given: tuple[tuple[object, Callable[[Any], None]], ...] = (
            (tls, self.set_tls), (lmtp, self.set_lmtp), (authzid, self.set_authzid), (mechanisms, self.set_mechanisms),
            (allow_cleartext_auth, self.allow_cleartext_auth), (credential, self.set_credential_callback),
            (tls_backend, self.set_tls_backend), (tls_name, self.set_tls_name), (tls_sni, self.set_tls_sni),
            (tls_verify, self.set_tls_verify), (ca_file, self.set_ca_file), (ca_pem, self.set_ca_pem),
            (system_trust, self.set_system_trust), (pin_trust, self.set_pin_trust), (passphrase, self.set_passphrase),
            (helo_name, self.set_helo_name), (source_address, self.set_source_address), (timeout, self.set_timeout),
            (dial, self.set_dial))
        for value, setter in given:
            if value is not None:
                setter(value)

    def _prepare(self) -> None:
        """Makes the session one of its face."""

    def _interrupt(self) -> None:
        lib.envoi_session_interrupt(self._pointer)

    def interrupt(self) -> None:
        """Ends the verb that is in progress, at once; if there is none, the next one. For a handler of a signal, another
        thread, and a callback. The verb raises Interrupted, or UnknownOutcome if a content had left."""
        self._interrupt()

    def _error(self, code: int) -> Error:
        return call(self, _read_error, code)

    def _set(self, function: Callable[..., int], *arguments: object) -> None:
        code = call(self, function, *arguments)
        if code:
            raise self._error(code)

    def _set_callback(self, function: Callable[..., int], callback: CData, handler: object | None,
                      *before: object) -> None:
        """Sets a callback. The handler is kept in place of the one before."""
        handle = ffi.new_handle(handler) if handler is not None else NULL
        self._set(function, *before, callback if handler is not None else NULL, handle)
        self._handles[function.__name__] = handle

    # ---- settings: the connection ----

    def set_lmtp(self, on: bool) -> None:
        """Chooses LMTP."""
        self._set(lib.envoi_session_set_lmtp, on)

    def set_helo_name(self, name: str | None) -> None:
        """Sets the name after EHLO."""
        self._set(lib.envoi_session_set_helo_name, give(name))

    def set_source_address(self, address: str | None) -> None:
        """Sets the address to connect from, with a port or without: "192.0.2.7"."""
        self._set(lib.envoi_session_set_source_address, give(address))

    def set_timeout(self, seconds: float | None, phase: Phase = Phase.NONE) -> None:
        """Sets the deadline of a phase, or of all; None: no deadline; 0: the default. It bounds whole replies."""
        milliseconds = lib.ENVOI_TIMEOUT_NEVER if seconds is None else _milliseconds(seconds)
        self._set(lib.envoi_session_set_timeout, phase, milliseconds)

    def timeout(self, phase: Phase) -> float | None:
        """The deadline of a phase in seconds; None: there is none."""
        milliseconds = call(self, lib.envoi_session_timeout, phase)
        return None if milliseconds == lib.ENVOI_TIMEOUT_NEVER else milliseconds / 1000

    def set_chunking(self, octets: int, wait: bool = False) -> None:
        """Sets how much content goes by one BDAT (RFC 3030); 0: always DATA."""
        self._set(lib.envoi_session_set_chunking, octets, wait)

    def set_ignored_extensions(self, names: str | None) -> None:
        """Says which extensions are not to be used, although the server announces them: "CHUNKING,PIPELINING"."""
        self._set(lib.envoi_session_set_ignored_extensions, give(names))

    def set_dial(self, dial: DialFunction | None) -> None:
        """Sets the function that makes connections. It is given host and port, and returns a socket, a descriptor, two of
        them (to read from, to write to), or None: the verb is given up. The session owns them then."""
        self._set_callback(lib.envoi_session_set_dial, lib.python_dial, dial)

    def set_trace(self, level: int, trace: TraceFunction | None = None) -> None:
        """Shows the dialogue: 0: not; 1: content as a count of octets; 2: content too. Without a function on standard
        error. Secrets are masked."""
        self._set_callback(lib.envoi_session_set_trace, lib.python_trace, trace, level)

    # ---- settings: TLS ----

    def set_tls(self, tls: TLS) -> None:
        """Sets the TLS policy."""
        self._set(lib.envoi_session_set_tls, tls)

    def set_tls_backend(self, id: str | None) -> None:
        """Sets the TLS backend: "openssl" or "gnutls"."""
        self._set(lib.envoi_session_set_tls_backend, give(id))

    def set_tls_name(self, name: str | None) -> None:
        """Sets the name that the server's certificate must carry."""
        self._set(lib.envoi_session_set_tls_name, give(name))

    def set_tls_sni(self, name: str | None) -> None:
        """Sets the name that is sent to the server."""
        self._set(lib.envoi_session_set_tls_sni, give(name))

    def set_tls_verify(self, on: bool) -> None:
        """Says whether the server's certificate is verified. If not, no plaintext mechanism is used."""
        self._set(lib.envoi_session_set_tls_verify, on)

    def dangerously_ignore_tls_name(self, on: bool) -> None:
        """Says that any name in the server's certificate is good: whoever has a certificate can read the mail."""
        self._set(lib.envoi_session_dangerously_ignore_tls_name, on)

    def set_ca_file(self, path: str | os.PathLike[str] | None) -> None:
        """Sets the CA certificates of this session, instead of the library's and the system's."""
        self._set(lib.envoi_session_set_ca_file, give_path(path))

    def set_ca_pem(self, pem: bytes | str | None) -> None:
        """Likewise, from memory."""
        self._set(lib.envoi_session_set_ca_pem, *_pem(pem))

    def set_system_trust(self, on: bool) -> None:
        """Says whether the system's CA certificates are trusted."""
        self._set(lib.envoi_session_set_system_trust, on)

    def add_pin(self, sha256: str | None) -> None:
        """Adds a pin: the SHA-256 of the server's public key in 64 hexadecimal digits. None removes all."""
        self._set(lib.envoi_session_add_pin, give(sha256))

    def set_pin_trust(self, on: bool) -> None:
        """Says whether a pin stands for the chain."""
        self._set(lib.envoi_session_set_pin_trust, on)

    def set_client_certificate(self, certificate: str | os.PathLike[str] | None,
                               key: str | os.PathLike[str] | None = None) -> None:
        """Sets a client certificate; without `key` its file has the key, too."""
        self._set(lib.envoi_session_set_client_certificate, give_path(certificate), give_path(key))

    def set_client_certificate_pem(self, certificate: bytes | str | None, key: bytes | str | None = None) -> None:
        """Likewise, from memory."""
        self._set(lib.envoi_session_set_client_certificate_pem, *_pem(certificate), *_pem(key))

    def set_passphrase(self, passphrase: str | None) -> None:
        """Sets the passphrase of an encrypted key."""
        self._set(lib.envoi_session_set_passphrase, give(passphrase))

    def load_tls(self) -> None:
        """Loads now all that TLS of this session takes from files."""
        self._set(lib.envoi_session_load_tls)

    # ---- settings: the login ----

    def set_password(self, user: str | None, password: str | None) -> None:
        """Sets user and password."""
        self._set(lib.envoi_session_set_password, give(user), give(password))

    def set_token(self, user: str | None, token: str | None) -> None:
        """Sets user and OAuth 2.0 bearer token."""
        self._set(lib.envoi_session_set_token, give(user), give(token))

    def set_authzid(self, authzid: str | None) -> None:
        """Sets as whom to act, if not as the user."""
        self._set(lib.envoi_session_set_authzid, give(authzid))

    def set_credential_callback(self, credential: CredentialFunction | None) -> None:
        """Sets the function that is asked for credentials that were not set, with one Credential and the mechanism. It
        returns a text, or None: there is none."""
        self._set_callback(lib.envoi_session_set_credential_callback, lib.python_credential,
                           Answer(credential) if credential else None)

    def set_mechanisms(self, names: str | None) -> None:
        """Sets the mechanisms that may be used, and their order: "SCRAM-SHA-256 PLAIN", "!CRAM-MD5", "EXTERNAL *"."""
        self._set(lib.envoi_session_set_mechanisms, give(names))

    def allow_cleartext_auth(self, on: bool) -> None:
        """Says whether plaintext mechanisms are allowed without verified TLS."""
        self._set(lib.envoi_session_allow_cleartext_auth, on)

    def allow_unannounced_auth(self, on: bool) -> None:
        """Says whether auth() uses a mechanism that the server does not announce."""
        self._set(lib.envoi_session_allow_unannounced_auth, on)

    def allow_docmd_auth(self, on: bool) -> None:
        """Says whether docmd() sends AUTH."""
        self._set(lib.envoi_session_allow_docmd_auth, on)

    def allow_blocking_mechanisms(self, on: bool) -> None:
        """Says whether mechanisms whose library may block are allowed in an event loop and in a pool."""
        self._set(lib.envoi_session_allow_blocking_mechanisms, on)

    def set_password_tries(self, times: int) -> None:
        """Sets how often one login may present a password that is refused."""
        self._set(lib.envoi_session_set_password_tries, times)

    def set_security_layer(self, min_ssf: int, max_ssf: int) -> None:
        """Sets the strength of a SASL security layer in bits."""
        self._set(lib.envoi_session_set_security_layer, min_ssf, max_ssf)

    # ---- information ----

    @property
    def connected(self) -> bool:
        return bool(call(self, lib.envoi_session_connected))

    @property
    def peer(self) -> str:
        """The address of the connection, "192.0.2.1:587"; "" if there is none."""
        return take(call(self, lib.envoi_session_peer))

    @property
    def reply(self) -> Reply:
        """The last reply of the server."""
        return self._reply(lib.envoi_session_reply)

    @property
    def greeting(self) -> Reply:
        return self._reply(lib.envoi_session_greeting)

    @property
    def hello(self) -> Hello:
        """Which hello the server accepted."""
        return Hello(call(self, lib.envoi_session_hello))

    @property
    def hello_reply(self) -> Reply:
        return self._reply(lib.envoi_session_hello_reply)

    @property
    def helo_name(self) -> str:
        """The name behind the last EHLO, LHLO or HELO that was sent."""
        return take(call(self, lib.envoi_session_helo_name))

    def _reply(self, function: Callable[..., Any]) -> Reply:
        return call(self, lambda session: take_reply(function(session)))

    def has_extension(self, name: str) -> bool:
        """Did the server announce this extension?"""
        return bool(call(self, lib.envoi_session_has_extension, give(name)))

    @property
    def extensions(self) -> dict[str, str]:
        """The extensions that the server announced, in upper case, with their parameters."""
        return call(self, _read_extensions)

    @property
    def authenticated(self) -> bool:
        return bool(call(self, lib.envoi_session_authenticated))

    @property
    def mechanism(self) -> str:
        """The mechanism of the last AUTH."""
        return take(call(self, lib.envoi_session_mechanism))

    @property
    def mechanism_plugin(self) -> str:
        """The id of the plugin of that mechanism."""
        return take(call(self, lib.envoi_session_mechanism_plugin))

    @property
    def mechanisms_left(self) -> list[str]:
        """The mechanisms that a login which was refused did not try."""
        return take(call(self, lib.envoi_session_mechanisms_left)).split()

    def mechanism_provider(self, name: str) -> str | None:
        """The id of the plugin that would serve a mechanism."""
        return take(call(self, lib.envoi_session_mechanism_provider, give(name))) or None

    @property
    def tls(self) -> TLSInfo | None:
        """The TLS of the connection; None: it is in clear."""
        return call(self, _read_tls)

    def telemetry(self) -> Telemetry:
        """How much work was done so far."""
        told = make_telemetry("struct envoi_telemetry")
        self._set(lib.envoi_session_telemetry, told)
        return read_telemetry(told)

    @property
    def certificates(self) -> list[Certificate]:
        """The certificates that the server sent, its own first."""
        return call(self, _read_certificates)


def _milliseconds(seconds: float) -> int:
    """Never 0 for a time that is not 0."""
    return max(1, round(seconds * 1000)) if seconds > 0 else round(seconds * 1000)


def _pem(pem: bytes | str | None) -> tuple[CData, int]:
    octets = pem.encode() if isinstance(pem, str) else pem
    return (NULL, 0) if octets is None else (octets, len(octets))


def make_telemetry(kind: str) -> CData:
    return ffi.new(f"{kind} *", {"struct_size": ffi.sizeof(kind)})


def read_telemetry(told: CData) -> Telemetry:
    return Telemetry(told.connections, told.transactions, told.replies, told.octets_sent, told.octets_received,
                     {phase: told.phase_ms[phase] for phase in Phase if phase})


def _read_error(session: CData, code: int) -> Error:
    return make_error(code, take(lib.envoi_session_error(session)), lib.envoi_session_error_detail(session),
                      lib.envoi_session_error_phase(session), take_reply(lib.envoi_session_reply(session)),
                      lib.envoi_session_error_library_code(session))


def _read_extensions(session: CData) -> dict[str, str]:
    names = [lib.envoi_session_extension_name(session, i) for i in range(lib.envoi_session_extensions(session))]
    return {take(name): take(lib.envoi_session_extension(session, name)) for name in names}


def _read_tls(session: CData) -> TLSInfo | None:
    backend = take(lib.envoi_session_tls_backend(session))
    if not backend:
        return None
    return TLSInfo(backend, take(lib.envoi_session_tls_protocol(session)), take(lib.envoi_session_tls_cipher(session)),
                   take(lib.envoi_session_tls_group(session)), bool(lib.envoi_session_tls_verified(session)),
                   take(lib.envoi_session_tls_verified_by(session)), bool(lib.envoi_session_tls_resumed(session)))


def _read_certificates(session: CData) -> list[Certificate]:
    found = []
    length = ffi.new("size_t *")
    for i in range(lib.envoi_session_certificates(session)):
        der = lib.envoi_session_certificate_der(session, i, length)
        dates = [datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc) for seconds in (
            lib.envoi_session_certificate_not_before(session, i), lib.envoi_session_certificate_not_after(session, i))]
        found.append(Certificate(bytes(ffi.buffer(der, length[0])), take(lib.envoi_session_certificate_pin(session, i)),
                                 take(lib.envoi_session_certificate_subject(session, i)),
                                 take(lib.envoi_session_certificate_issuer(session, i)),
                                 tuple(take(lib.envoi_session_certificate_names(session, i)).split()), *dates))
    return found
