#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sends from Python, by one of its modules, with the arguments of the other clients (client.h)."""
import argparse
import asyncio
import json
import os
import resource
import smtplib
import ssl
import sys
import time

SENDER = "bench@example.org"
NAME = "client.example.org"
BATCH = 100  # messages of a queue that are passed at a time


def peak_kib():
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return -1


class Clock:
    """What sending takes: not the connection, EHLO and TLS."""

    def begin(self):
        self.before, self.began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()

    def end(self, sent):
        after, ended = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        return {"sent": sent, "seconds": ended - self.began, "user": after.ru_utime - self.before.ru_utime,
                "system": after.ru_stime - self.before.ru_stime, "peak_kib": peak_kib()}


def library(given):
    """libenvoi with the plugins of the build."""
    import envoi
    made = envoi.Library()
    made.set_module_directory(os.path.join(given.plugins, "plugins"))
    made.set_descriptor_directories(os.path.join(given.plugins, "plugins.d"))
    return made


# ---- the ways: each sends given.count messages and returns what the clock says

def by_smtplib(given, recipients, content, clock, module=smtplib, **trust):
    with module.SMTP(given.host, given.port, local_hostname=NAME) as server:
        if given.tls:
            server.starttls(**trust or {"context": ssl.create_default_context(cafile=given.tls)})
        server.ehlo()
        clock.begin()
        return clock.end(sum(not server.sendmail(SENDER, recipients, content) for _ in range(given.count)))


def by_envoi_smtplib(given, recipients, content, clock):
    from envoi import smtplib as module
    module.SMTP.library = library(given)
    return by_smtplib(given, recipients, content, clock, module, cafile=given.tls)


async def by_aiosmtplib(given, recipients, content, clock):
    import aiosmtplib
    server = aiosmtplib.SMTP(hostname=given.host, port=given.port, local_hostname=NAME, start_tls=False)
    async with server:
        if given.tls:
            await server.starttls(tls_context=ssl.create_default_context(cafile=given.tls))
        await server.ehlo()
        clock.begin()
        sent = 0
        for _ in range(given.count):
            sent += not (await server.sendmail(SENDER, recipients, content))[0]
        return clock.end(sent)


def open_session(module, given):
    import envoi
    return module.Session(library(given), tls=envoi.TLS.REQUIRED if given.tls else envoi.TLS.OFF, ca_file=given.tls or None,
                          helo_name=NAME)


async def by_envoi_aio(given, recipients, content, clock):
    from envoi import Message, aio
    async with open_session(aio, given) as session:
        await session.connect(f"{given.host}:{given.port}")
        await (session.starttls() if given.tls else session.ehlo())
        clock.begin()
        sent = 0
        for _ in range(given.count):
            sent += not await session.send(Message(SENDER, recipients, content))
        return clock.end(sent)


def batches(given, recipients, content):
    from envoi import Message
    for begun in range(0, given.count, BATCH):
        yield [Message(SENDER, recipients, content) for _ in range(min(BATCH, given.count - begun))]


def by_envoi_queued(given, recipients, content, clock):
    import envoi
    with open_session(envoi, given) as session:
        session.connect(f"{given.host}:{given.port}")
        (session.starttls if given.tls else session.ehlo)()
        clock.begin()
        for messages in batches(given, recipients, content):
            session.send_all(messages)
        return clock.end(given.count)


async def by_envoi_aio_queued(given, recipients, content, clock):
    from envoi import aio
    async with open_session(aio, given) as session:
        await session.connect(f"{given.host}:{given.port}")
        await (session.starttls() if given.tls else session.ehlo())
        clock.begin()
        for messages in batches(given, recipients, content):
            await session.send_all(messages)
        return clock.end(given.count)


WAYS = {"smtplib": by_smtplib, "envoi.smtplib": by_envoi_smtplib, "envoi-queued": by_envoi_queued, "aiosmtplib": by_aiosmtplib,
        "envoi.aio": by_envoi_aio, "envoi.aio-queued": by_envoi_aio_queued}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", choices=WAYS, default="smtplib")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=1)
    parser.add_argument("--tls", metavar="CA-FILE")
    parser.add_argument("--plugins", metavar="BUILD")
    given = parser.parse_args()
    if given.plugins:
        sys.path.insert(0, os.path.join(given.plugins, "python"))

    with open(given.file, "rb") as file:
        content = file.read()
    recipients = [f"recipient{i}@example.net" for i in range(given.recipients)]
    way = WAYS[given.by]
    said = way(given, recipients, content, Clock())
    said = asyncio.run(said) if asyncio.iscoroutine(said) else said
    print(json.dumps(said))
    return said["sent"] != given.count


if __name__ == "__main__":
    sys.exit(main())
