#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""aiosmtpd_server.py DIR PKI: SMTP and LMTP servers for the tests and the demo, on free ports of 127.0.0.1.

Needs no root. When every port is bound, DIR/env names them and "ready" is printed; SIGTERM ends it. A message is kept
as DIR/mail/N.eml, its octets exactly as they came (dots undone), and DIR/mail/N.json, its envelope.

  SMTP_PORT   STARTTLS; AUTH PLAIN LOGIN in TLS only, and no mail without it
  SMTPS_PORT  the same with TLS from the start
  CLEAR_PORT  no TLS; AUTH PLAIN LOGIN all the same
  SMALL_PORT  as SMTP_PORT, messages of at most 2000 octets
  SASL_PORT, SASL_SMTPS_PORT    as SMTP_PORT and SMTPS_PORT, and AUTH CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256 too
  OAUTH_PORT, OAUTH_SMTPS_PORT  as SMTP_PORT and SMTPS_PORT, and AUTH OAUTHBEARER XOAUTH2 too
  SUBMIT_PORT as SMTP_PORT, and a sender must be the user who has logged in
  CERT_PORT, CERT_SMTPS_PORT    a client certificate instead of AUTH
  LMTP_PORT, LMTP_SOCKET        no TLS, no AUTH
  X_PORT, X_SMTPS_PORT          as SMTP_PORT and SMTPS_PORT, with the certificate X of pki.sh:
                                EXPIRED, WRONGHOST, SELFSIGNED, UNKNOWNCA, CNONLY
"""
import asyncio
import itertools
import json
import os
import signal
import ssl
import sys

sys.dont_write_bytecode = True

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from aiosmtpd_sasl import Mechanisms, TokenMechanisms

USER, PASSWORD = b"alice", b"s3cret pass"
TOKEN = b"tok3n.of-alice~1+/=="
BAD_CERTIFICATES = ("expired", "wronghost", "selfsigned", "unknownca", "cnonly")
SIZE_LIMIT, SMALL_LIMIT = 20_000_000, 2000

# What the local part of an address makes the server say; "late" is accepted first and refused after the content,
# which only LMTP can do for one recipient.
RECIPIENTS = {
    "nobody": "550 5.1.1 User unknown",
    "policy": "554 5.7.1 Refused by policy",
    "full": "452 4.2.2 Mailbox full",
    "defer": "450 4.7.1 Greylisted, try later",
}
SENDERS = {"refused": "550 5.7.1 Sender refused", "slow": "451 4.7.1 Sender deferred"}
CONTENT_REFUSED = "554 5.7.1 Content refused"
LATE = "550 5.7.1 <%s> content refused"


def local_part(address):
    return (address or "").rpartition("@")[0]


class Store:
    """Answers MAIL, RCPT and DATA, and keeps the messages."""
    numbers = itertools.count(1)

    def __init__(self, folder):
        self.folder = folder

    async def handle_MAIL(self, server, session, envelope, address, options):
        refusal = SENDERS.get(local_part(address))
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = RECIPIENTS.get(local_part(address))
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.append(options)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, server, session, envelope):
        if local_part(envelope.mail_from) == "nocontent" and not isinstance(server, LMTP):
            return CONTENT_REFUSED
        self.keep(server, session, envelope)
        if not isinstance(server, LMTP):
            return "250 2.0.0 Kept"
        return "\r\n".join(
            LATE % address if local_part(address) == "late" else "250 2.1.5 <%s> kept" % address
            for address in envelope.rcpt_tos)

    def keep(self, server, session, envelope):
        tls = server.transport.get_extra_info("ssl_object")
        subject = (tls.getpeercert() or {}).get("subject", ()) if tls else ()
        facts = {
            "protocol": "lmtp" if isinstance(server, LMTP) else "smtp",
            "helo": session.host_name,
            "from": envelope.mail_from,
            "from_options": envelope.mail_options,
            "to": envelope.rcpt_tos,
            "to_options": envelope.rcpt_options,
            "tls": tls.version() if tls else None,
            "cipher": tls.cipher()[0] if tls else None,
            "client": dict(pair for part in subject for pair in part).get("commonName"),
            "login": session.auth_data,
        }
        name = "%s/%d" % (self.folder, next(self.numbers))
        # The content comes last and by rename: who sees the .eml sees all of both.
        with open(name + ".json", "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=2)
        with open(name + ".part", "wb") as file:
            file.write(envelope.content)
        os.rename(name + ".part", name + ".eml")


class MoreMechanisms(Store, Mechanisms):
    user, password = USER, PASSWORD


class Tokens(Store, TokenMechanisms):
    user, token = USER, TOKEN


class Strict(Store):
    """Takes mail only from the address of the user."""

    async def handle_MAIL(self, server, session, envelope, address, options):
        if local_part(address) != (session.auth_data or {}).get("user"):
            return "553 5.7.1 Not your address"
        return await super().handle_MAIL(server, session, envelope, address, options)


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    # A failure must not be "handled", or aiosmtpd says nothing to the client.
    return AuthResult(success=right, handled=right,
                      auth_data={"mechanism": mechanism, "user": data.login.decode()} if right else None)


def tls_context(pki, name, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain("%s/%s.chain.pem" % (pki, name), "%s/%s.key" % (pki, name))
    if client_ca:
        context.load_verify_locations("%s/%s.pem" % (pki, client_ca))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class Servers:
    """Binds the ports and remembers what each is for."""

    def __init__(self, folder):
        self.store = Store(folder + "/mail")
        self.env = {}
        self.open = []

    async def listen(self, name, make, context=None):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(make, "127.0.0.1", 0, ssl=context)
        self.open.append(server)
        self.env[name + "_PORT"] = server.sockets[0].getsockname()[1]

    def smtp(self, store=None, **more):
        options = dict(hostname="aiosmtpd.test", enable_SMTPUTF8=True, data_size_limit=SIZE_LIMIT,
                       authenticator=authenticate, auth_required=True)
        options.update(more)
        return lambda: SMTP(store or self.store, **options)

    def starttls(self, context, **more):
        return self.smtp(tls_context=context, require_starttls=True, auth_require_tls=True, **more)

    async def pair(self, plain_name, tls_name, context, **more):
        """One port with STARTTLS and one with TLS from the start."""
        await self.listen(plain_name, self.starttls(context, **more))
        # aiosmtpd does not know that it is inside TLS when asyncio does it.
        await self.listen(tls_name, self.smtp(auth_require_tls=False, **more), context)

    async def lmtp(self, folder):
        def make():
            return LMTP(self.store, hostname="aiosmtpd.test", enable_SMTPUTF8=True)
        await self.listen("LMTP", make)
        path = folder + "/lmtp"
        self.open.append(await asyncio.get_running_loop().create_unix_server(make, path))
        self.env["LMTP_SOCKET"] = path

    async def start(self, folder, pki):
        good = tls_context(pki, "server")
        await self.pair("SMTP", "SMTPS", good)
        await self.pair("SASL", "SASL_SMTPS", good, store=MoreMechanisms(folder + "/mail"))
        await self.pair("OAUTH", "OAUTH_SMTPS", good, store=Tokens(folder + "/mail"))
        await self.listen("SUBMIT", self.starttls(good, store=Strict(folder + "/mail")))
        await self.listen("CLEAR", self.smtp(auth_require_tls=False))
        await self.listen("SMALL", self.starttls(good, data_size_limit=SMALL_LIMIT))
        await self.pair("CERT", "CERT_SMTPS", tls_context(pki, "server", "client-ca"), auth_required=False)
        for name in BAD_CERTIFICATES:
            await self.pair(name.upper(), name.upper() + "_SMTPS", tls_context(pki, name))
        await self.lmtp(folder)


def write_env(folder, values):
    with open(folder + "/env.new", "w", encoding="utf-8") as file:
        file.writelines("%s='%s'\n" % pair for pair in values.items())
    os.rename(folder + "/env.new", folder + "/env")


async def main(folder, pki):
    os.makedirs(folder + "/mail", exist_ok=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = Servers(folder)
    await servers.start(folder, pki)
    write_env(folder, {**servers.env, "SMALL_LIMIT": SMALL_LIMIT, "CA": pki + "/ca.pem", "PKI": pki, "MAILDIR": folder + "/mail"})
    print("ready", flush=True)
    await stop.wait()
    for server in servers.open:
        server.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], sys.argv[2]))
