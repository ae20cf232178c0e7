# SPDX-License-Identifier: MIT
"""An SMTP server of the tests, in threads. What it says to a recipient depends on the local part:

    refuse...  550        defer...   450        drop...   closes instead of an answer
    lost...    takes the content and closes without an answer
    held...    takes the content and answers when release() is called
"""
import contextlib
import socket
import socketserver
import threading
import time


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def read_content(self):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return None
            lines.append(line)
        return b"".join(lines)

    def rcpt(self, address):
        if address.startswith("drop"):
            return False
        if address.startswith("refuse"):
            self.say("550 5.1.1 no such user")
        elif address.startswith("defer"):
            self.say("450 4.2.0 try later")
        else:
            self.recipients.append(address)
            self.say("250 2.1.5 ok")
        return True

    def data(self):
        if not self.recipients:
            self.say("503 5.5.1 no recipients")
            return True
        self.say("354 go on")
        content = self.read_content()
        if content is None or any(r.startswith("lost") for r in self.recipients):
            return False
        if any(r.startswith("held") for r in self.recipients):
            self.server.owner.hold()
        self.server.owner.take(self.recipients, content)
        self.recipients = []
        self.say("250 2.0.0 taken")
        return True

    def handle(self):
        with self.server.owner.connected():
            self.talk()

    def talk(self):
        self.recipients = []
        self.say("220 here")
        for line in self.rfile:
            command = line.decode("ascii", "replace").strip()
            verb = command[:4].upper()
            if verb == "EHLO":
                self.say("250-here\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "MAIL":
                self.recipients = []
                self.say("250 2.1.0 ok")
            elif verb == "RCPT":
                if not self.rcpt(command.partition("<")[2].partition(">")[0]):
                    return
            elif verb == "DATA":
                if not self.data():
                    return
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")

    def handle_error(self, *_):
        pass


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        """A worker may be killed at any time."""


class MailServer:
    def __init__(self):
        self.lock = threading.Condition()
        self.taken, self.times, self.ids, self.held, self.released = [], [], {}, 0, False
        self.connections = self.most_connections = 0
        self.port = 0
        self.start()

    def start(self):
        """Listens, at the port of the last time if there was one."""
        self.listener = Listener(("127.0.0.1", self.port), Handler)
        self.listener.owner = self
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()

    @contextlib.contextmanager
    def connected(self):
        with self.lock:
            self.connections += 1
            self.most_connections = max(self.most_connections, self.connections)
        try:
            yield
        finally:
            with self.lock:
                self.connections -= 1

    def take(self, recipients, content):
        with self.lock:
            self.taken += recipients
            self.times.append(time.monotonic())
            for line in content.split(b"\r\n\r\n")[0].split(b"\r\n"):
                if line.lower().startswith(b"message-id:"):
                    self.ids.setdefault(line, 0)
                    self.ids[line] += 1

    def hold(self):
        with self.lock:
            self.held += 1
            self.lock.notify_all()
            self.lock.wait_for(lambda: self.released, timeout=60)
            self.held -= 1

    def release(self):
        with self.lock:
            self.released = True
            self.lock.notify_all()

    def count(self, recipient):
        with self.lock:
            return self.taken.count(recipient)


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
