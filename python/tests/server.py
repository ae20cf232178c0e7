# SPDX-License-Identifier: MIT
"""A mail server for tests: it does what a script says, keeps what it took, and counts what it saw."""
from __future__ import annotations

import base64
import dataclasses
import socket
import ssl
import threading
from collections.abc import Callable


@dataclasses.dataclass
class Mail:
    sender: str
    recipients: list[str]
    content: bytes


class Server:
    """Speaks SMTP on 127.0.0.1 in threads. `replies` has answers in place of the usual ones: "RCPT TO:<bad@x>": "550 no"
    holds for lines that begin so, "." for the content, "" for the greeting; None as answer: the connection is closed;
    HANG: nothing is answered until the end."""

    HANG = "hang"

    def __init__(self, extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SIZE 10000000"),
                 replies: dict[str, str | None] | None = None, tls: ssl.SSLContext | None = None, implicit: bool = False,
                 users: dict[str, str] | None = None, lmtp: bool = False) -> None:
        self.extensions, self.replies, self.tls, self.implicit = extensions, replies or {}, tls, implicit
        self.users, self.lmtp = users or {}, lmtp
        self.mails: list[Mail] = []
        self.lines: list[str] = []
        self.connections = 0
        self.arrived = threading.Condition()
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.open: set[socket.socket] = set()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_error: object) -> None:
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(10)

    def wait_for(self, prefix: str) -> None:
        """Until a line that begins so has come."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: any(line.startswith(prefix) for line in self.lines), 20):
                raise AssertionError(f"no {prefix} among {self.lines}")

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self.threads = [thread for thread in self.threads if thread.is_alive()]
            self.threads.append(threading.Thread(target=self.serve, args=[connection], daemon=True))
            self.threads[-1].start()

    def serve(self, connection: socket.socket) -> None:
        self.open.add(connection)
        try:
            if self.implicit:
                assert self.tls
                self.open.discard(connection)
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.open.add(connection)
            Dialogue(self, connection).run()
        except OSError:
            pass
        finally:
            self.open.discard(connection)
            connection.close()


class Dialogue:
    def __init__(self, server: Server, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.file = connection.makefile("rb")
        self.mail = Mail("", [], b"")
        self.begun = False
        self.secure = server.implicit
        self.going_on = True

    def say(self, reply: str | None) -> None:
        if reply == Server.HANG:
            self.server.ended.wait(60)
            reply = None
        if reply is None:
            self.going_on = False
        else:
            self.connection.sendall(reply.replace("\n", "\r\n").encode() + b"\r\n")

    def scripted(self, line: str) -> bool:
        for prefix, reply in self.server.replies.items():
            if (line == prefix if prefix in ("", ".") else line.upper().startswith(prefix.upper())):
                self.say(reply)
                return True
        return False

    def note(self, line: str) -> None:
        with self.server.arrived:
            self.server.lines.append(line)
            self.server.arrived.notify_all()

    def run(self) -> None:
        if not self.scripted(""):
            self.say("220 mx.example ready")
        while self.going_on:
            octets = self.file.readline()
            if not octets:
                return
            line = octets.decode().rstrip("\r\n")
            self.note(line)
            if not self.scripted(line):
                verb = line.split()[0].upper() if line.split() else ""
                handler: Callable[[str], None] = getattr(self, "on_" + verb.lower(), self.unknown)
                handler(line)

    def unknown(self, _line: str) -> None:
        self.say("500 unknown")

    def on_ehlo(self, _line: str) -> None:
        announced = list(self.server.extensions)
        if self.server.tls and not self.secure:
            announced.append("STARTTLS")
        if self.server.users:
            announced.append("AUTH PLAIN LOGIN")
        lines = ["mx.example", *announced]
        self.say("\n".join("250" + ("-" if i < len(lines) - 1 else " ") + each for i, each in enumerate(lines)))

    on_lhlo = on_ehlo

    def on_helo(self, _line: str) -> None:
        self.say("250 mx.example")

    def on_starttls(self, _line: str) -> None:
        self.say("220 go ahead")
        assert self.server.tls
        self.server.open.discard(self.connection)
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.server.open.add(self.connection)
        self.file = self.connection.makefile("rb")
        self.secure = True

    def on_auth(self, line: str) -> None:
        words = line.split()
        if words[1].upper() == "LOGIN":
            self.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(self.file.readline()).decode()
            self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.file.readline()).decode()
        elif words[1].upper() == "PLAIN":
            if len(words) < 3:
                self.say("334 ")
                words.append(self.file.readline().decode().strip())
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            self.say("504 no such mechanism")
            return
        good = self.server.users.get(user) == password
        self.say("235 2.7.0 welcome" if good else "535 5.7.8 wrong password")

    def on_mail(self, line: str) -> None:
        self.mail = Mail(line[line.index("<") + 1:line.index(">")], [], b"")
        self.begun = True
        self.say("250 2.1.0 ok")

    def on_rcpt(self, line: str) -> None:
        if not self.begun:
            self.say("503 MAIL first")
            return
        self.mail.recipients.append(line[line.index("<") + 1:line.index(">")])
        self.say("250 2.1.5 ok")

    def on_data(self, _line: str) -> None:
        if not self.mail.recipients:
            self.say("554 no valid recipients")
            return
        self.say("354 go on")
        lines = []
        while True:
            octets = self.file.readline()
            if not octets:
                self.going_on = False
                return
            if octets == b".\r\n":
                break
            lines.append(octets[1:] if octets.startswith(b".") else octets)
        self.note(".")
        self.mail.content = b"".join(lines)
        self.begun = False
        if "." not in self.server.replies:
            self.server.mails.append(self.mail)
        for _ in self.mail.recipients if self.server.lmtp else [""]:
            if not self.scripted("."):
                self.say("250 2.0.0 queued")

    def on_rset(self, _line: str) -> None:
        self.begun = False
        self.mail = Mail("", [], b"")
        self.say("250 ok")

    def on_noop(self, _line: str) -> None:
        self.say("250 ok")

    def on_vrfy(self, _line: str) -> None:
        self.say("252 perhaps")

    def on_expn(self, _line: str) -> None:
        self.say("250-a@example.org\n250 b@example.org")

    def on_help(self, _line: str) -> None:
        self.say("214 help yourself")

    def on_quit(self, _line: str) -> None:
        self.say("221 bye")
        self.going_on = False
