# SPDX-License-Identifier: MIT
"""cases.py: the cells of the matrix, as objects with a run() that raises Failure or Skip when it does not come out ok."""
import json
import re
import socket

from client import Failure
from letters import Boxes, Letter, difference
from rig import USER

BACKENDS = ("openssl", "gnutls")
SHORT = "mbedtls"  # a few cells only, where it is built
MECHANISMS = ("LOGIN", "PLAIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-256")
# How TLS begins: the word for --tls, the port, and the host name; so that both a name and an address are verified.
STARTS = {"STARTTLS": ("required", "SMTP_PORT", "localhost"), "implicit": ("implicit", "SMTPS_PORT", "127.0.0.1")}
LARGE = 3_000_000

# Exit codes of envoi.
SENT, REFUSED, DEFERRED, LOGIN, PARTIAL = 0, 69, 75, 77, 80
NO_HOST, NO_CONNECTION, NO_TLS = 68, 74, 76

CERTIFICATES = {
    "expired": ("EXPIRED", r"expired"),
    "wrong host": ("WRONGHOST", r"certificate is for .*, not for |host|name|match"),
    "self-signed": ("SELFSIGNED", r"self.signed|issuer|trust|signer"),
    "unknown CA": ("UNKNOWNCA", r"issuer|trust|signer|authority|CA"),
    "name in CN only": ("CNONLY", r"host|name|match|subjectAltName"),
}


class Skip(Exception):
    """A cell that cannot be tried, with the reason."""


class Cell:
    """One line of the report."""

    def __init__(self, server, backend, start, what, run):
        self.server, self.backend, self.start, self.what, self.run = server, backend, start, what, run

    def title(self):
        return "%-9s %-8s %-9s %s" % (self.server, self.backend, self.start, self.what)


class Cases:
    """Makes the cells of one server. What the cells learn from one another (errors, refused letters) is kept here."""

    def __init__(self, server, client, boxes=None):
        self.server = server
        self.client = client
        self.boxes = boxes or Boxes()
        self.offered = {start: server.mechanisms(start == "implicit") for start in STARTS}
        self.errors = {backend: {} for backend in (*BACKENDS, SHORT)}
        self.certificate_errors = {backend: {} for backend in (*BACKENDS, SHORT)}
        self.never = []

    # ---- the parts of a command line

    def target(self, backend, start="STARTTLS", port=None):
        tls, usual, host = STARTS[start]
        return ["--host", host, "--port", self.server[port or usual], "--tls", tls,
                "--tls-backend", backend, "--ca", self.server["CA"]]

    def login(self, mechanism=None, file="password"):
        words = ["--user", USER, "--password-file", self.client.folder / file]
        return words + (["--mechanism", mechanism] if mechanism else [])

    def letter(self, what, *more, never=False, **how):
        letter = Letter("%s: %s" % (self.server.name, " ".join([what, *more])), **how)
        if never:
            self.never.append(letter)
        return letter

    # ---- what must hold afterwards

    def delivered(self, letter, folder="MAILDIR", user="bob"):
        copies = self.boxes.wait(self.server, letter, folder, user)
        if len(copies) != 1:
            raise Failure("%d copies delivered" % len(copies))
        wrong = difference(self.server, letter, copies[0][1])
        if wrong:
            raise Failure(wrong)
        return copies[0][0]

    def envelope(self, path, **facts):
        """aiosmtpd's own word on what it has seen."""
        if self.server.name != "aiosmtpd":
            return
        have = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        for name, value in facts.items():
            if have[name] != value:
                raise Failure("the server has seen %s %r, not %r" % (name, have[name], value))

    @staticmethod
    def said(result, backend, mechanism):
        tls = result.json.get("tls") or {}
        if tls.get("backend") != backend:
            raise Failure("TLS backend %r, not %s" % (tls.get("backend"), backend))
        if not str(tls.get("protocol", "")).startswith("TLS") or not tls.get("cipher"):
            raise Failure("TLS protocol %r, cipher %r" % (tls.get("protocol"), tls.get("cipher")))
        name = (result.json.get("mechanism") or {}).get("name")
        if name != mechanism:
            raise Failure("mechanism %r, not %s" % (name, mechanism))

    # ---- mail that arrives

    def send_with(self, backend, start, mechanism):
        if mechanism not in self.offered[start]:
            raise Skip("not offered")
        newline = b"\n" if start == "STARTTLS" else b"\r\n"
        letter = self.letter(backend, start, mechanism, newline=newline)
        port = self.server.login_port(start == "implicit")
        result = self.client.send(letter, *self.target(backend, start, port), *self.login(mechanism))
        result.expect(SENT, "sent")
        result.expect_verdicts({"bob@test": ("accepted", 250)})
        self.said(result, backend, mechanism)
        path = self.delivered(letter)
        self.envelope(path, **{"from": "alice@test", "to": ["bob@test"],
                               "login": {"mechanism": mechanism, "user": USER}})

    def send_by_choice(self, backend):
        """No mechanism is named: the strongest that is offered must come out. The message comes through a pipe."""
        strongest = [name for name in reversed(MECHANISMS) if name in self.offered["STARTTLS"]][0]
        letter = self.letter(backend, "choice")
        result = self.client.send(letter, *self.target(backend, port=self.server.login_port(False)), *self.login(),
                                  stdin=True)
        result.expect(SENT, "sent")
        self.said(result, backend, strongest)
        self.delivered(letter)

    def send_large(self, backend):
        letter = self.letter(backend, "large", size=LARGE)
        result = self.client.send(letter, *self.target(backend, "implicit"), *self.login(), stdin=backend == "gnutls")
        result.expect(SENT, "sent")
        self.delivered(letter)

    def send_traced(self, backend, mechanism):
        """Client.send fails if a secret shows in the trace."""
        letter = self.letter(backend, "trace")
        result = self.client.send(letter, *self.target(backend), *self.login(mechanism), "--trace")
        result.expect(SENT, "sent")
        trace = result.errors
        for word in ("EHLO", "STARTTLS", "AUTH", "MAIL FROM", "RCPT TO"):
            if word not in trace:
                raise Failure("no %s in the trace" % word)
        self.delivered(letter)

    def client_certificate(self, backend):
        if "CERT_PORT" not in self.server:
            raise Skip("no port that asks for a certificate")
        letter = self.letter(backend, "client certificate")
        pki = self.client.folder / "pki"
        result = self.client.send(letter, *self.target(backend, port="CERT_PORT"), *self.external(),
                                  "--cert", pki / "client.chain.pem", "--key", pki / "client.key")
        result.expect(SENT, "sent")
        self.envelope(self.delivered(letter), client="alice")

    def external(self):
        """Where the certificate is for a login, not for the connection."""
        return self.login(self.server["CERT_MECHANISM"]) if "CERT_MECHANISM" in self.server else []

    def no_client_certificate(self, backend):
        if "CERT_PORT" not in self.server:
            raise Skip("no port that asks for a certificate")
        letter = self.letter(backend, "no client certificate", never=True)
        result = self.client.send(letter, *self.target(backend, port="CERT_PORT"), *self.external())
        if self.external():
            result.expect(LOGIN, "error")
            return
        # In TLS 1.3 the refusal comes after the client's side of the handshake: as a dead connection, or as Postfix's 421.
        result.expect((NO_CONNECTION, NO_TLS, DEFERRED), "refused" if result.code == DEFERRED else "error")

    # ---- mail that is refused

    def failing(self, backend, what, code, word, name, *options, sender="alice@test", to=("bob@test",), **how):
        letter = self.letter(backend, what, never=True, **how)
        result = self.client.send(letter, *options, sender=sender, to=to)
        result.expect(code, word)
        result.expect_error(name)
        self.errors[backend][what] = (result.code, *result.error())
        return result

    def wrong_password(self, backend, mechanism):
        if mechanism and mechanism not in self.offered["STARTTLS"]:
            raise Skip("not offered")
        result = self.failing(backend, "wrong password", LOGIN, "error", "ENVOI_E_AUTH",
                              *self.target(backend, port=self.server.login_port(False)),
                              *self.login(mechanism, "wrong-password"))
        result.expect_verdicts({"bob@test": ("not attempted", None)})

    def refused_sender(self, backend):
        self.failing(backend, "refused sender", REFUSED, "refused", "ENVOI_E_SENDER_REFUSED",
                     *self.target(backend), *self.login(), sender="refused@test")

    def foreign_sender(self, backend):
        if "SUBMIT_PORT" not in self.server:
            raise Skip("no port that ties senders to logins")
        self.failing(backend, "foreign sender", REFUSED, "refused", "ENVOI_E_SENDER_REFUSED",
                     *self.target(backend, port="SUBMIT_PORT"), *self.login(), sender="carol@test")

    def deferred_sender(self, backend):
        self.failing(backend, "deferred sender", DEFERRED, "refused", "ENVOI_E_SENDER_REFUSED",
                     *self.target(backend), *self.login(), sender="slow@test")

    def some_refused(self, backend):
        letter = self.letter(backend, "some recipients refused")
        result = self.client.send(letter, *self.target(backend), *self.login(),
                                  to=("nobody@test", "bob@test", "full@test", "policy@test"), stdin=True)
        result.expect(PARTIAL, "partial")
        result.expect_verdicts({"bob@test": ("accepted", 250), "nobody@test": ("refused", 550),
                                "full@test": ("deferred", 452), "policy@test": ("refused", 554)})
        self.delivered(letter)

    def all_refused(self, backend):
        result = self.failing(backend, "all recipients refused", REFUSED, "refused", "ENVOI_E_RECIPIENTS_REFUSED",
                              *self.target(backend), *self.login(), to=("nobody@test", "policy@test"))
        result.expect_verdicts({"nobody@test": ("refused", 550), "policy@test": ("refused", 554)})

    def all_deferred(self, backend):
        result = self.failing(backend, "recipients deferred", DEFERRED, "refused", "ENVOI_E_RECIPIENTS_REFUSED",
                              *self.target(backend), *self.login(), to=("defer@test", "nobody@test"))
        result.expect_verdicts({"defer@test": ("deferred", 450), "nobody@test": ("refused", 550)})

    def too_large(self, backend):
        self.failing(backend, "too large", REFUSED, "refused", "ENVOI_E_TOO_LARGE",
                     *self.target(backend, port="SMALL_PORT"), *self.login(),
                     size=int(self.server["SMALL_LIMIT"]) * 11 // 10)

    # ---- servers that cannot be reached or trusted

    def unknown_host(self, backend):
        words = self.target(backend)
        words[words.index("--host") + 1] = "no-such-host.invalid"
        self.failing(backend, "unknown host", NO_HOST, "error", "ENVOI_E_RESOLVE", *words, *self.login())

    def closed_port(self, backend):
        # Bound but not listening: nobody else can take the port meanwhile.
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            words = self.target(backend)
            words[words.index("--port") + 1] = held.getsockname()[1]
            self.failing(backend, "closed port", NO_CONNECTION, "error", "ENVOI_E_CONNECT", *words, *self.login())

    def wrong_certificate(self, backend, start, what):
        prefix, pattern = CERTIFICATES[what]
        letter = self.letter(backend, start, what, never=True)
        port = prefix + ("_PORT" if start == "STARTTLS" else "_SMTPS_PORT")
        result = self.client.send(letter, *self.target(backend, start, port), *self.login())
        result.expect(NO_TLS, "error")
        result.expect_error("ENVOI_E_CERTIFICATE")
        text = result.error()[1]
        if not re.search(pattern, text, re.IGNORECASE):
            raise Failure("the text does not say what is wrong (%s): %s" % (what, text))
        self.errors[backend]["wrong certificate"] = (result.code, *result.error())
        self.certificate_errors[backend][what] = text

    def untrusted_server(self, backend):
        """The good server, seen by a client that trusts another root."""
        words = self.target(backend)
        words[words.index("--ca") + 1] = self.client.folder / "pki" / "stranger.pem"
        self.failing(backend, "wrong certificate", NO_TLS, "error", "ENVOI_E_CERTIFICATE", *words, *self.login())

    # ---- what only aiosmtpd's many ports can show

    def clear(self, backend, tls, code, *options):
        letter = self.letter(backend, "clear", tls, *options, never=code != SENT)
        result = self.client.send(letter, "--host", "localhost", "--port", self.server["CLEAR_PORT"], "--tls", tls,
                                  "--tls-backend", backend, "--ca", self.server["CA"], *self.login(), *options)
        result.expect(code, "sent" if code == SENT else "error")
        if code == SENT:
            self.delivered(letter)

    # ---- LMTP

    def lmtp(self, backend, tls, socket_path):
        where = ["--host", self.server["LMTP_SOCKET"]] if socket_path else \
            ["--host", "localhost", "--port", self.server["LMTP_PORT"], "--tls", tls, "--ca", self.server["CA"]]
        letter = self.letter("LMTP", tls, str(socket_path))
        result = self.client.send(letter, "--lmtp", *where, *(["--tls-backend", backend] if backend else []),
                                  to=("bob@test", "carol@test", "nobody@test"))
        result.expect(PARTIAL, "partial")
        result.expect_verdicts({"bob@test": ("accepted", 250), "carol@test": ("accepted", 250),
                                "nobody@test": ("refused", 550)})
        self.delivered(letter, self.lmtp_folder())

    def lmtp_late(self):
        """A recipient that is refused after the content; another one has it by then."""
        letter = self.letter("LMTP late")
        result = self.client.send(letter, "--lmtp", "--host", self.server["LMTP_SOCKET"], to=("late@test", "bob@test"))
        result.expect(PARTIAL, "partial")
        result.expect_verdicts({"bob@test": ("accepted", 250), "late@test": ("refused", 550)})
        self.delivered(letter)

    def lmtp_folder(self):
        return "LMTP_MAILDIR" if "LMTP_MAILDIR" in self.server else "MAILDIR"

    # ---- at the end

    def errors_differ(self, backend):
        """Each cause has an error of its own. Some share their exit code; none shares code and name with another."""
        known = {what: row[:2] for what, row in self.errors[backend].items()}
        for a, b in (("deferred sender", "refused sender"), ("foreign sender", "refused sender"),
                     ("recipients deferred", "all recipients refused")):
            if a in known and b in known:
                del known[a]
        if len(known) < 2:
            raise Skip("no two errors to compare")
        for what, key in known.items():
            same = [other for other, value in known.items() if value == key and other != what]
            if same:
                raise Failure("%s looks like %s: %s" % (what, same[0], key))
        texts = self.certificate_errors[backend]
        for what, text in texts.items():
            same = [other for other, value in texts.items() if value == text and other != what]
            if same and {what, same[0]} != {"wrong host", "name in CN only"}:
                raise Failure("%s has the same text as %s: %s" % (what, same[0], text))

    def nothing_slipped(self):
        for letter in self.never:
            folders = {"MAILDIR", self.lmtp_folder()}
            for folder in folders:
                if self.boxes.find(self.server, letter, folder):
                    raise Failure("a message that was refused has been delivered: %s" % letter.lines[2].decode())


# The error cells that every server has, in the order of the report.
REFUSALS = (
    ("refused sender", Cases.refused_sender),
    ("foreign sender", Cases.foreign_sender),
    ("deferred sender", Cases.deferred_sender),
    ("some recipients refused", Cases.some_refused),
    ("all recipients refused", Cases.all_refused),
    ("recipients deferred", Cases.all_deferred),
    ("too large", Cases.too_large),
    ("unknown host", Cases.unknown_host),
    ("closed port", Cases.closed_port),
    ("untrusted server", Cases.untrusted_server),
    ("client certificate", Cases.client_certificate),
    ("no client certificate", Cases.no_client_certificate),
)


def cells(cases):
    """All cells of a server but the closing ones."""
    def cell(backend, start, what, method, *arguments):
        return Cell(cases.server.name, backend, start, what, lambda: method(cases, *arguments))

    for backend in BACKENDS:
        for start in STARTS:
            for mechanism in MECHANISMS:
                yield cell(backend, start, mechanism, Cases.send_with, backend, start, mechanism)
        yield cell(backend, "STARTTLS", "strongest mechanism, from a pipe", Cases.send_by_choice, backend)
        yield cell(backend, "implicit", "3 MB", Cases.send_large, backend)
        for mechanism in ("PLAIN", "LOGIN"):
            yield cell(backend, "STARTTLS", "trace, " + mechanism, Cases.send_traced, backend, mechanism)
        for mechanism in (None,) + MECHANISMS:
            yield cell(backend, "STARTTLS", "wrong password, " + (mechanism or "any mechanism"),
                       Cases.wrong_password, backend, mechanism)
        for what, method in REFUSALS:
            yield cell(backend, "STARTTLS", what, method, backend)
        if "EXPIRED_PORT" in cases.server:
            for start in STARTS:
                for what in CERTIFICATES:
                    yield cell(backend, start, "certificate: " + what, Cases.wrong_certificate, backend, start, what)
        if "CLEAR_PORT" in cases.server:
            yield from clear_cells(cell, backend)
    if cases.client.has_plugin(SHORT):
        yield from short_cells(cell, cases.server)
    yield from lmtp_cells(cell, cases.server)


def short_cells(cell, server):
    """Octets both ways, a login, and the certificates."""
    yield cell(SHORT, "STARTTLS", "strongest mechanism, from a pipe", Cases.send_by_choice, SHORT)
    yield cell(SHORT, "implicit", "3 MB", Cases.send_large, SHORT)
    for what, method in REFUSALS[-3:]:
        yield cell(SHORT, "STARTTLS", what, method, SHORT)
    if "EXPIRED_PORT" in server:
        for what in CERTIFICATES:
            yield cell(SHORT, "STARTTLS", "certificate: " + what, Cases.wrong_certificate, SHORT, "STARTTLS", what)


def clear_cells(cell, backend):
    """A server without TLS: no silent downgrade."""
    yield cell(backend, "none", "TLS required", Cases.clear, backend, "required", NO_TLS)
    yield cell(backend, "none", "opportunistic, with a password", Cases.clear, backend, "opportunistic", NO_TLS)
    yield cell(backend, "none", "PLAIN in clear, not allowed", Cases.clear, backend, "off", LOGIN)
    yield cell(backend, "none", "PLAIN in clear, allowed", Cases.clear, backend, "off", SENT, "--allow-cleartext-auth")


def lmtp_cells(cell, server):
    if "LMTP_PORT" not in server:
        return
    yield cell("-", "none", "LMTP", Cases.lmtp, None, "off", False)
    yield cell("-", "none", "LMTP on a unix socket", Cases.lmtp, None, "off", True)
    if server.name == "aiosmtpd":
        yield cell("-", "none", "LMTP, refused after the content", Cases.lmtp_late)
    else:
        for backend in BACKENDS:
            yield cell(backend, "STARTTLS", "LMTP", Cases.lmtp, backend, "required", False)


def closing_cells(cases):
    """To be run when all the others have ended."""
    for backend in BACKENDS:
        yield Cell(cases.server.name, backend, "-", "every error is its own", lambda b=backend: cases.errors_differ(b))
    yield Cell(cases.server.name, "-", "-", "nothing refused has been delivered", cases.nothing_slipped)
