# SPDX-License-Identifier: MIT
"""The server to which envoi-submit sends: SMTP on 127.0.0.1 in threads, with a login by PLAIN. What it says to a recipient
is in the address: later@ is refused for now, never@ for good. A message whose text has a line "drop" is answered with
nothing, and one with a line "meet" waits until another of these is there."""
import base64
import socket
import threading

USER, PASSWORD = "relay", "s3cret-of-the-relay"
PATIENCE = 20


class Upstream:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.mails = []  # (sender, [recipient], content)
        self.logins = []
        self.connections = 0
        self.meeting = threading.Barrier(2)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            sock, _ = self.listener.accept()
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        sock.settimeout(PATIENCE)
        with sock:
            try:
                self.talk(sock, sock.makefile("rb"))
            except (OSError, threading.BrokenBarrierError):
                pass

    def talk(self, sock, lines):
        sender, recipients, trusted = "", [], False

        def say(text):
            sock.sendall(text.encode() + b"\r\n")

        say("220 upstream.example ESMTP")
        while line := lines.readline(4096):
            verb, _, rest = line.decode("utf-8").strip().partition(" ")
            if verb == "EHLO":
                say("250-upstream.example\r\n250-AUTH PLAIN\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                trusted = (user, password) == (USER, PASSWORD)
                self.logins.append(trusted)
                say("235 2.7.0 ok" if trusted else "535 5.7.8 no")
            elif verb == "MAIL":
                sender, recipients = rest[rest.index("<") + 1:rest.index(">")], []
                say("250 2.1.0 ok" if trusted else "530 5.7.0 log in first")
            elif verb == "RCPT":
                address = rest[rest.index("<") + 1:rest.index(">")]
                reply = {"later": "451 4.2.1 come later", "never": "550 5.1.1 nobody here"}.get(address.split("@")[0])
                if not reply:
                    recipients.append(address)
                say(reply or "250 2.1.5 ok")
            elif verb == "DATA":
                say("354 go on")
                content = b""
                while (line := lines.readline()) != b".\r\n":
                    if not line:
                        return
                    content += line
                if b"\r\ndrop\r\n" in content:
                    return
                if b"\r\nmeet\r\n" in content:
                    self.meeting.wait(PATIENCE)
                self.mails.append((sender, recipients, content))
                say("250 2.0.0 queued as 1234")
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                return
            else:
                say("250 2.0.0 ok")
