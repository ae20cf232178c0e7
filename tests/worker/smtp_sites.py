# SPDX-License-Identifier: MIT
"""SMTP servers that refuse, defer, delay, break off and restart, as a seed says, and a ledger of all that they took.

They run in a thread of their own. What they do to a recipient depends on the seed, the address and the number of the attempt
alone, so that a run can be repeated; when they restart is decided by the caller.
"""
import asyncio
import hashlib
import random
import re
import threading
import time

# What befalls a transaction, in 1,000 cases. What is missing to 1,000 goes well.
FATES = (
    ("defer", 60),         # 450 to RCPT
    ("defer content", 20),  # 451 to the content
    ("drop early", 15),    # the connection is closed instead of the reply to MAIL
    ("drop within", 10),   # within the content
    ("drop taken", 6),     # the content was taken, and the reply is lost
    ("drop untaken", 6),   # it was not taken; the client cannot tell
    ("slow", 60),          # the reply to the content comes up to 0.2 s later
)
REFUSED = 30  # in 1,000 recipients: for good


class Ledger:
    """What the servers did, in order. It is written before the reply goes out."""

    def __init__(self):
        self.rows = []

    def write(self, what, recipient, client, message_id):
        self.rows.append((time.monotonic(), what, recipient, client, message_id))


class Site(asyncio.Protocol):
    """One connection."""

    def __init__(self, sites):
        self.sites, self.buffer, self.client = sites, b"", ""
        self.clear()
        self.content_left, self.in_data, self.held = None, False, False

    def clear(self):
        self.recipients, self.content, self.fate = [], b"", None

    def connection_made(self, transport):
        self.transport = transport
        self.sites.connections.add(self)
        self.say("220 site.test ESMTP")

    def connection_lost(self, _):
        self.sites.connections.discard(self)
        # The client went away in the middle: nothing was taken.
        self.held = True

    def say(self, line):
        self.transport.write(line.encode() + b"\r\n")

    def drop(self):
        self.held = True
        self.buffer = b""
        self.transport.abort()

    def data_received(self, data):
        self.buffer += data
        self.go_on()

    def go_on(self):
        while not self.held:
            if self.content_left is not None:
                if not self.take_chunk():
                    return
            elif self.in_data:
                end = self.buffer.find(b"\r\n.\r\n")
                if self.fate == "drop within" and len(self.buffer) > 100:
                    return self.drop()
                if end < 0:
                    return
                self.content, self.buffer, self.in_data = self.buffer[:end + 2], self.buffer[end + 5:], False
                self.end_content()
            else:
                line, found, rest = self.buffer.partition(b"\r\n")
                if not found:
                    return
                self.buffer = rest
                self.command(line.decode("utf-8", "replace"))

    def take_chunk(self):
        part = self.buffer[:self.content_left]
        self.buffer = self.buffer[len(part):]
        self.content += part
        self.content_left -= len(part)
        if self.fate == "drop within" and len(self.content) > 100:
            self.drop()
            return False
        if self.content_left:
            return False
        self.content_left = None
        if self.last or self.fate == "nobody":
            self.end_content()
        else:
            self.say("250 2.0.0 more")
        return True

    def command(self, line):
        word = line.split(" ", 1)[0].upper()
        if word in ("EHLO", "HELO"):
            self.client = line[5:]
            self.say("250-site.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 CHUNKING"
                     if self.sites.chunking else "250-site.test\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
        elif word == "MAIL":
            self.clear()
            self.say("250 2.1.0 ok")
        elif word == "RCPT":
            self.recipient(re.match(r"RCPT TO:<([^>]*)>", line, re.I).group(1))
        elif word == "DATA":
            if self.recipients:
                self.in_data = True
                self.say("354 go on")
            else:
                self.say("554 5.5.1 no valid recipients")
        elif word == "BDAT":
            words = line.split()
            self.content_left, self.last = int(words[1]), len(words) > 2
            if not self.recipients:
                # All of it is read, and then refused.
                self.fate = "nobody"
        elif word == "RSET":
            self.clear()
            self.say("250 2.0.0 ok")
        elif word == "NOOP":
            self.say("250 2.0.0 ok")
        elif word == "QUIT":
            self.say("221 2.0.0 bye")
            self.transport.close()
        else:
            self.say("500 5.5.1 unknown")

    def recipient(self, address):
        if self.sites.is_refused(address):
            self.sites.ledger.write("refused", address, self.client, "")
            return self.say("550 5.1.1 nobody of this name")
        fate = self.sites.fate(address)
        if fate == "drop early":
            return self.drop()
        if fate == "defer":
            self.sites.ledger.write("deferred", address, self.client, "")
            return self.say("450 4.2.1 later")
        self.fate = self.fate or fate
        self.recipients.append(address)
        return self.say("250 2.1.5 ok")

    def end_content(self):
        fate = self.fate
        if fate == "nobody":
            self.clear()
            return self.say("554 5.5.1 no valid recipients")
        if fate == "defer content":
            self.write("deferred")
            self.clear()
            return self.say("451 4.3.0 later")
        if fate in ("drop taken", "drop untaken"):
            self.write("taken, reply lost" if fate == "drop taken" else "not taken, reply lost")
            return self.drop()
        if fate == "slow":
            self.held = True
            delay = self.sites.random.random() * 0.2
            return self.sites.loop.call_later(delay, self.resume)
        return self.accept()

    def resume(self):
        if not self.transport.is_closing():
            self.held = False
            self.accept()
            self.go_on()

    def accept(self):
        self.write("accepted")
        self.clear()
        self.say("250 2.0.0 taken")

    def write(self, what):
        found = re.search(rb"^message-id:[ \t]*(.*?)\r\n(?![ \t])", self.content, re.I | re.M | re.S)
        for address in self.recipients:
            self.sites.ledger.write(what, address, self.client, found.group(1).decode() if found else "")


class Sites:
    """Servers on `count` ports; the odd ones know neither PIPELINING nor CHUNKING."""

    def __init__(self, count, seed):
        self.seed, self.ledger = seed, Ledger()
        self.servers = [Server(self, chunking=i % 2 == 0) for i in range(count)]
        self.attempts, self.random = {}, random.Random(seed)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        for server in self.servers:
            self.call(server.listen())
        return self

    def __exit__(self, *_):
        for server in self.servers:
            self.call(server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def restart(self, index, seconds):
        """Closes all connections of a server, which is away for this time. Does not wait for its end."""
        asyncio.run_coroutine_threadsafe(self.servers[index].restart(seconds), self.loop)

    def number(self, text):
        return int.from_bytes(hashlib.sha256(f"{self.seed} {text}".encode()).digest()[:4], "big") % 1000

    def is_refused(self, address):
        return self.number("refused " + address) < REFUSED

    def fate(self, address):
        attempt = self.attempts[address] = self.attempts.get(address, 0) + 1
        number = self.number(f"fate {address} {attempt}")
        for name, share in FATES:
            if number < share:
                return name
            number -= share
        return None


class Server:
    def __init__(self, sites, chunking):
        self.sites, self.chunking, self.port, self.server = sites, chunking, 0, None
        self.connections = set()

    def __getattr__(self, name):
        return getattr(self.sites, name)

    async def listen(self):
        self.server = await self.sites.loop.create_server(lambda: Site(self), "127.0.0.1", self.port, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        if self.server:
            self.server.close()
            self.server = None
        for connection in list(self.connections):
            connection.drop()

    async def restart(self, seconds):
        if self.server:
            await self.stop()
            await asyncio.sleep(seconds)
            await self.listen()
