#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""submission.py CERTIFICATE KEY LOG NAME=SPEC...: submission servers on free ports of 127.0.0.1. Prints NAME=PORT for each,
one line in all, and serves until it is killed. SPEC is words with commas between them:

    implicit, starttls, plain   how TLS begins; plain offers none
    user:NAME password:WORD     accepted by PLAIN and LOGIN; token:WORD by XOAUTH2; CRAM-MD5 is always refused
    auth:WORDS                  the mechanisms that are announced, with + between them; default PLAIN+LOGIN
    garbage                     greets with something else than SMTP
    closes                      closes each connection at once
    escapes                     announces a mechanism that sets the title of a terminal
    rude                        greets with a 554 that does so

The log has a line for each connection, login and mail: "NAME connect", "NAME login USER ok|refused", "NAME mail FROM TO".
A password is never in it.
"""
import base64
import os
import socket
import ssl
import sys
import threading

LIFE_SECONDS = 120


class Server:
    def __init__(self, name, spec, context, log):
        self.name, self.context, self.log = name, context, log
        self.words = dict((word.split(":", 1) + [""])[:2] for word in spec.split(","))
        self.listener = socket.create_server(("127.0.0.1", 0))

    def note(self, text):
        os.write(self.log, f"{self.name} {text}\n".encode())

    def run(self):
        while True:
            sock, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        self.note("connect")
        sock.settimeout(20)
        try:
            if "closes" not in self.words:
                Dialogue(self, sock).run()
        except OSError:
            pass
        finally:
            sock.close()


class Dialogue:
    def __init__(self, server, sock):
        self.server, self.words, self.sock, self.sender, self.recipients = server, server.words, sock, "", []

    def wrap(self):
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.lines = self.sock.makefile("rb")
        self.tls = True

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def read(self):
        line = self.lines.readline(4096)
        if not line:
            raise OSError
        return line.rstrip(b"\r\n").decode("latin-1")

    def run(self):
        self.tls, self.lines = False, self.sock.makefile("rb")
        if "implicit" in self.words:
            self.wrap()
        if "rude" in self.words:
            self.say("554 go \x1b]0;owned\x07 away")
        self.say("hello there" if "garbage" in self.words else "220 submission.example ESMTP")
        while True:
            line = self.read()
            verb, _, rest = line.partition(" ")
            getattr(self, "do_" + verb.lower(), self.unknown)(rest)

    def unknown(self, _):
        self.say("500 what?")

    def do_ehlo(self, _):
        auth = self.words.get("auth", "PLAIN+LOGIN").replace("+", " ")
        self.say("250-submission.example")
        if "starttls" in self.words and not self.tls:
            self.say("250-STARTTLS")
        elif auth:
            self.say("250-AUTH " + auth)
        if "escapes" in self.words:
            self.say("250-AUTH PLAIN \x1b]0;owned\x07")
        self.say("250 8BITMIME")

    def do_starttls(self, _):
        self.say("220 go")
        self.wrap()

    def do_quit(self, _):
        self.say("221 bye")
        raise OSError

    def do_auth(self, rest):
        mechanism, _, initial = rest.partition(" ")
        good = False
        user = "?"
        if mechanism.upper() == "LOGIN":
            user = base64.b64decode(initial or self.prompt(b"Username:")).decode()
            secret = base64.b64decode(self.prompt(b"Password:")).decode()
            good = user == self.words.get("user") and secret == self.words.get("password")
        else:
            parts = base64.b64decode(initial or self.prompt(b"<1@x>" if mechanism.upper() == "CRAM-MD5" else b"")).decode()
            if mechanism.upper() == "CRAM-MD5":
                user = parts.split()[0]
            elif mechanism.upper() == "PLAIN":
                _, user, secret = parts.split("\0")
                good = user == self.words.get("user") and secret == self.words.get("password")
            elif mechanism.upper() == "XOAUTH2":
                user = parts.split("\1")[0].removeprefix("user=")
                secret = parts.split("\1")[1].removeprefix("auth=Bearer ")
                good = user == self.words.get("user") and secret == self.words.get("token")
        self.server.note(f"login {user} {mechanism} {'ok' if good else 'refused'}")
        self.say("235 ok" if good else "535 5.7.8 no")

    def prompt(self, text):
        self.say("334 " + base64.b64encode(text).decode())
        return self.read()

    def do_mail(self, rest):
        self.sender = rest
        self.say("250 ok")

    def do_rcpt(self, rest):
        self.recipients.append(rest)
        self.say("250 ok")

    def do_data(self, _):
        self.say("354 go on")
        while self.read() != ".":
            pass
        self.server.note(f"mail {self.sender.split()[0]} {' '.join(self.recipients)}")
        self.say("250 taken")


def main():
    threading.Timer(LIFE_SECONDS, os._exit, (1,)).start()
    certificate, key, log = sys.argv[1:4]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    servers = [Server(*argument.split("=", 1), context, out) for argument in sys.argv[4:]]
    for server in servers:
        threading.Thread(target=server.run, daemon=True).start()
    print(" ".join(f"{server.name}={server.listener.getsockname()[1]}" for server in servers), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
