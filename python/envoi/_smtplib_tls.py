# SPDX-License-Identifier: MIT
"""Whom envoi.smtplib trusts."""
from __future__ import annotations

import ssl
from collections.abc import Sequence

from .session import Session


def _traits(context: ssl.SSLContext) -> tuple[object, ...]:
    """What can be seen of a context: not its client certificate."""
    return (type(context), context.protocol, context.verify_mode, context.check_hostname, context.options,
            context.verify_flags, context.minimum_version, context.maximum_version, context.sni_callback,
            context.keylog_filename, context.hostname_checks_common_name, context.post_handshake_auth,
            [cipher["name"] for cipher in context.get_ciphers()], context.cert_store_stats())


def check_context(context: ssl.SSLContext | None, keyfile: str | None, certfile: str | None) -> None:
    if context is None:
        return
    for name, value in (("keyfile", keyfile), ("certfile", certfile)):
        if value is not None:
            raise ValueError(f"context and {name} arguments are mutually exclusive")
    # The second is what smtplib itself takes where a program gives none, and since Python 3.13 logging's SMTPHandler gives
    # it. It trusts everybody; here it counts as none, which is verified.
    if not any(_traits(context) == _traits(known) for known in (ssl.create_default_context(), ssl._create_unverified_context())):
        raise TypeError("context: libenvoi makes TLS and cannot use an ssl.SSLContext that is not as "
                        "ssl.create_default_context() makes it. Leave it out, and say cafile= for CA certificates, pins= for "
                        "the server's public key, certfile= and keyfile= for a client certificate")


def set_trust(session: Session, keyfile: str | None, certfile: str | None, cafile: str | None, pins: Sequence[str]) -> None:
    if certfile is not None or keyfile is not None:
        session.set_client_certificate(certfile, keyfile)
    if cafile is not None:
        session.set_ca_file(cafile)
    for pin in [pins] if isinstance(pins, str) else pins:
        session.add_pin(pin)
    if pins and cafile is None:
        session.set_pin_trust(True)
