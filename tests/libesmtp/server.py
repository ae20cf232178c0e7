# SPDX-License-Identifier: MIT
"""An SMTP server in a thread, on 127.0.0.1, that takes mail and does what its lines say:

  greeting TEXT         instead of "220 mail.example"
  ehlo TEXT             the whole reply to EHLO
  ext TEXT              a line of the reply to EHLO; "ext tls: TEXT": only in TLS
  tls starttls CERT     offers STARTTLS, with this certificate of pki.sh; "tls implicit CERT": from the first octet;
                        "tls starttls CERT tickets": with tickets (TLS 1.3), which libESMTP takes for the end;
                        "tls starttls CERT client": asks for a client's certificate
  user NAME PASSWORD    offers AUTH PLAIN, LOGIN, CRAM-MD5 and SCRAM-SHA-256 by "ext AUTH ..."
  reply COMMAND TEXT    in place of its own reply to commands that begin so; "." is the content; "#" is the number of a
                        connection: "reply 2#MAIL 450 ..."
  drop COMMAND          closes the connection in place of the reply

In a TEXT "\\n" parts the lines of a reply. `log` has what a server knows: messages that it has accepted, logins."""
import base64
import hashlib
import hmac
import socket
import ssl
import threading

WAIT = 20  # seconds for a client that says nothing


class Gone(Exception):
    """The connection is over."""


class Server:
    def __init__(self, lines, pki, port=0):
        self.greeting, self.ehlo, self.user, self.tls = "220 mail.example", None, None, None
        self.extensions, self.replies, self.drops, self.log = [], [], [], []
        self.pki, self.connections = pki, 0
        for line in lines:
            verb, _, text = line.partition(" ")
            getattr(self, "set_" + verb)(text)
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    # ---- the lines ----

    def set_greeting(self, text):
        self.greeting = text

    def set_ehlo(self, text):
        self.ehlo = text

    def set_ext(self, text):
        self.extensions.append(text)

    def set_tls(self, text):
        self.tls = text.split()

    def set_user(self, text):
        self.user = text.split(" ", 1)

    def set_reply(self, text):
        # The reply begins at the first word that is a code.
        words = text.split(" ")
        at = next(i for i, word in enumerate(words) if i and word[:3].isdigit() and not word[3:4].isdigit())
        self.replies.append((" ".join(words[:at]), " ".join(words[at:])))

    def set_drop(self, text):
        self.drops.append(text)

    # ---- life ----

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(WAIT)
            try:
                Dialogue(self, connection).run()
            except (Gone, OSError):
                pass
            finally:
                connection.close()

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(WAIT + 10)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = 2 if "tickets" in self.tls else 0
        if "client" in self.tls:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(f"{self.pki}/client-ca.pem")
        context.load_cert_chain(f"{self.pki}/{self.tls[1]}.chain.pem", f"{self.pki}/{self.tls[1]}.key")
        return context


class Dialogue:
    def __init__(self, server, connection):
        self.server, self.connection, self.number = server, connection, server.connections
        self.secure, self.sender, self.recipients = False, None, []
        self.file = connection.makefile("rb")

    def say(self, text):
        self.connection.sendall("".join(line + "\r\n" for line in text.split("\\n")).encode())

    def line(self):
        line = self.file.readline(100000)
        if not line.endswith(b"\n"):
            raise Gone
        return line.rstrip(b"\r\n").decode("latin-1")

    def start_tls(self):
        self.connection = self.server.context().wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")
        self.secure, self.sender, self.recipients = True, None, []
        names = [value for part in (self.connection.getpeercert() or {}).get("subject", ()) for _, value in part]
        self.server.log.append(" ".join(["TLS"] + names))

    def asked(self, command):
        """What the lines of the server want at this command: (drop, reply or None)."""
        def fits(pattern):
            number, mark, rest = pattern.partition("#")
            if mark:
                return number == str(self.number) and command.upper().startswith(rest.upper())
            return command.upper().startswith(pattern.upper())
        drop = any(fits(pattern) for pattern in self.server.drops)
        return drop, next((reply for pattern, reply in self.server.replies if fits(pattern)), None)

    def answer(self, command, usual):
        """Returns the code of the reply."""
        drop, reply = self.asked(command)
        if drop:
            raise Gone
        reply = reply or usual
        self.say(reply)
        if reply.startswith("421"):
            raise Gone
        return int(reply[:3])

    def run(self):
        if self.server.tls and self.server.tls[0] == "implicit":
            self.start_tls()
        self.answer("GREETING", self.server.greeting)
        while True:
            command = self.line()
            verb = command.split(" ")[0].upper()
            getattr(self, "do_" + verb.lower(), self.do_other)(command)

    # ---- commands ----

    def do_other(self, command):
        self.answer(command, "502 5.5.1 no such command")

    def do_ehlo(self, command):
        lines = ["mail.example"]
        if self.server.tls and self.server.tls[0] == "starttls" and not self.secure:
            lines.append("STARTTLS")
        for text in self.server.extensions:
            if not text.startswith("tls: "):
                lines.append(text)
            elif self.secure:
                lines.append(text[5:])
        usual = "\\n".join("250" + (" " if i == len(lines) - 1 else "-") + text for i, text in enumerate(lines))
        self.answer(command, self.server.ehlo or usual)

    def do_helo(self, command):
        self.answer(command, "250 mail.example")

    def do_starttls(self, command):
        if self.answer(command, "220 go ahead") == 220:
            self.start_tls()

    def do_auth(self, command):
        words = command.split(" ")
        name = words[1].upper()
        said = getattr(self, "auth_" + name.lower().replace("-", "_"))(words[2] if len(words) > 2 else None)
        right = self.answer(command, "235 2.7.0 welcome" if said else "535 5.7.8 no") == 235
        self.server.log.append(f"{'' if right else 'refused '}login by {name}")

    def challenge(self, text):
        self.say("334 " + base64.b64encode(text).decode())
        return base64.b64decode(self.line())

    def auth_plain(self, initial):
        said = base64.b64decode(initial) if initial else self.challenge(b"")
        return said.split(b"\0")[1:] == [word.encode() for word in self.server.user]

    def auth_login(self, initial):
        user = base64.b64decode(initial) if initial else self.challenge(b"Username:")
        return [user, self.challenge(b"Password:")] == [word.encode() for word in self.server.user]

    def auth_cram_md5(self, initial):
        user, password = self.server.user
        challenge = b"<1.2@mail.example>"
        proof = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
        return self.challenge(challenge).decode() == f"{user} {proof}"

    def auth_scram_sha_256(self, initial):
        """RFC 5802, RFC 7677."""
        first = base64.b64decode(initial)
        user, password = self.server.user
        header, bare = first[:first.index(b"n=")], first[first.index(b"n="):]
        nonce = bare.split(b",r=")[1] + b"server"
        salt = b"0123456789abcdef"
        challenge = b"r=%s,s=%s,i=4096" % (nonce, base64.b64encode(salt))
        final = self.challenge(challenge)
        without_proof, _, proof = final.rpartition(b",p=")
        said = b",".join((bare, challenge, without_proof))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 4096)
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
        right = bare.startswith(b"n=%s," % user.encode()) and without_proof.startswith(b"c=" + base64.b64encode(header)) \
            and base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))) == proof
        if right:
            verifier = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256")
            self.challenge(b"v=" + base64.b64encode(verifier))
        return right

    def do_mail(self, command):
        if self.answer(command, "250 2.1.0 sender ok") == 250:
            self.sender, self.recipients = command, []

    def do_rcpt(self, command):
        if self.sender is None:
            self.answer(command, "503 5.5.1 MAIL first")
        elif self.answer(command, "250 2.1.5 recipient ok") == 250:
            self.recipients.append(command)

    def do_data(self, command):
        if not self.recipients and not self.asked(command)[1]:
            self.say("554 5.5.1 no valid recipients")
        elif self.answer(command, "354 go ahead") == 354:
            lines = list(iter(self.line, "."))
            if self.answer(".", "250 2.0.0 queued") == 250 and self.recipients:
                self.take(lines)
            self.sender, self.recipients = None, []

    def take(self, lines):
        for command in [self.sender] + self.recipients:
            words = command.split(" ")
            self.server.log.append(" ".join(words[:2] + sorted(words[2:])))
        self.server.log += ["| " + (line[1:] if line.startswith(".") else line).replace("\r", "\\r") for line in lines]

    def do_rset(self, command):
        self.sender, self.recipients = None, []
        self.answer(command, "250 2.0.0 reset")

    def do_etrn(self, command):
        self.server.log.append(command)
        self.answer(command, "250 2.0.0 on its way")

    def do_noop(self, command):
        self.answer(command, "250 2.0.0 ok")

    def do_quit(self, command):
        self.answer(command, "221 2.0.0 bye")
        raise Gone
