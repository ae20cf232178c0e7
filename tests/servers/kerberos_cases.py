# SPDX-License-Identifier: MIT
"""kerberos_cases.py: logins with a ticket. Their port takes mail from an address of the one who has logged in only, so what
is accepted there from alice was sent by alice."""
import itertools
import pathlib
import re
import shutil
import socket
import threading

from cases import BACKENDS, LOGIN, REFUSED, SENT, Cell, Skip
from client import Failure
from posts import Post, check_delivered
from queues import Run
from rig import KERBEROS, USER

GSSAPI, GS2, SPNEGO = "GSSAPI", "GS2-KRB5", "GSS-SPNEGO"
CONNECTIONS, IN_FLIGHT, MESSAGES = 4, 2, 24
# Milliseconds: the deadline of a login whose KDC is silent, and what no call of a loop may come near.
DEADLINE, LONGEST = 1500, 1000
NO_TICKET = {GSSAPI: r"No Kerberos credentials available", GS2: r"no Kerberos ticket of that user",
             SPNEGO: r"SPNEGO cannot find mechanisms to negotiate"}
NO_SERVICE = r"Server smtp/127\.0\.0\.1@ENVOI\.TEST not found in Kerberos database"

# The KDC speaks when everything is over but the threads that have asked it, and these come to their end.
SPEAKS = ("hold", "alone")


def receive(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise OSError("closed")
        data += part
    return data


class SilentKdc:
    """Stands before the KDC: takes requests, and hands them on when it is told to speak. A context manager."""

    def __init__(self, port):
        self.port = port
        self.asked = threading.Event()
        self.speaks = threading.Event()
        self.over = False

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.over = True
        self.speaks.set()
        socket.create_connection(self.listener.getsockname()).close()
        self.thread.join()
        self.listener.close()

    def listen(self):
        while True:
            client = self.listener.accept()[0]
            if self.over:
                client.close()
                return
            threading.Thread(target=self.serve, args=(client,)).start()

    def serve(self, client):
        """One request, one answer, each with four octets of length before it (RFC 4120 section 7.2.2)."""
        try:
            with client, socket.create_connection(("127.0.0.1", self.port)) as kdc:
                for source, sink in ((client, kdc), (kdc, client)):
                    head = receive(source, 4)
                    body = receive(source, int.from_bytes(head, "big"))
                    self.asked.set()
                    self.speaks.wait()
                    sink.sendall(head + body)
        except OSError:
            pass  # the client has given up


class Kerberos:
    """The cells of one server."""
    numbers = itertools.count(1)

    def __init__(self, cases, several, kdc):
        self.cases = cases
        self.several = several
        self.server = cases.server
        self.kdc = kdc
        self.offered = (GSSAPI, GS2, SPNEGO) if self.server.name == "postfix" else (GSSAPI,)

    # ---- what a client is given

    def file(self):
        return self.cases.client.folder / ("kerberos-%d" % next(Kerberos.numbers))

    def environment(self, ticket=True, kdc_port=None):
        """A cache of its own, with a ticket-granting ticket and no other, or without any; and perhaps another KDC."""
        cache, conf = self.file(), pathlib.Path(self.kdc["KRB5_CONFIG"])
        if ticket:
            shutil.copy(self.kdc["KRB5CCNAME"].partition(":")[2], cache)
        if kdc_port:
            text = conf.read_text(encoding="utf-8").replace(":" + self.kdc["KDC_PORT"], ":%d" % kdc_port)
            conf = self.file()
            conf.write_text(text, encoding="utf-8")
        return {"KRB5_CONFIG": str(conf), "KRB5CCNAME": "FILE:%s" % cache}

    def send(self, letter, backend, *options, host="localhost", environment=None, **how):
        words = self.cases.target(backend, port="KRB_PORT")
        words[words.index("--host") + 1] = host
        return self.cases.client.send(letter, *words, *options, environment=environment or self.environment(), **how)

    @staticmethod
    def named(mechanism):
        """GS2-KRB5 wants to know whose ticket it is to take."""
        words = ["--mechanism", mechanism]
        return words + ["--user", USER, "--password-file", "/dev/null"] if mechanism == GS2 else words

    # ---- the program

    def login(self, backend, mechanism):
        letter = self.cases.letter(backend, mechanism)
        result = self.send(letter, backend, *self.named(mechanism))
        result.expect(SENT, "sent")
        self.cases.said(result, backend, mechanism)
        self.cases.delivered(letter)

    def by_choice(self, backend, ticket, mechanism):
        """With user and password: by the ticket if there is one."""
        letter = self.cases.letter(backend, "Kerberos, choice", mechanism)
        result = self.send(letter, backend, *self.cases.login(), environment=self.environment(ticket))
        result.expect(SENT, "sent")
        self.cases.said(result, backend, mechanism)
        self.cases.delivered(letter)

    def foreign_sender(self, backend):
        letter = self.cases.letter(backend, "Kerberos, foreign sender", never=True)
        result = self.send(letter, backend, *self.named(GSSAPI), sender="carol@test")
        result.expect(REFUSED, "refused")
        result.expect_error("ENVOI_E_SENDER_REFUSED")

    def fails(self, backend, mechanism, pattern, **how):
        letter = self.cases.letter(backend, mechanism, "fails", never=True)
        result = self.send(letter, backend, *self.named(mechanism), **how)
        result.expect(LOGIN, "error")
        result.expect_error("ENVOI_E_NO_MECHANISM")
        result.expect_verdicts({"bob@test": ("not attempted", None)})
        self.has(pattern, result.error()[1])

    @staticmethod
    def has(pattern, text):
        if not re.search(pattern, text):
            raise Failure("the text does not say what is wrong (%s): %s" % (pattern, text))

    def no_ticket(self, backend, mechanism):
        self.fails(backend, mechanism, NO_TICKET[mechanism], environment=self.environment(ticket=False))

    def no_service(self, backend, mechanism):
        """A host whose certificate is good, and of which the KDC knows nothing."""
        self.fails(backend, mechanism, NO_SERVICE, host="127.0.0.1")

    # ---- the non-blocking face

    def run_of(self, backend, count, *words):
        run = Run(self.several.program, self.cases.client)
        run.say("ca", self.server["CA"])
        run.say("server", "localhost:" + self.server["KRB_PORT"])
        run.say("tls", "required")
        run.say("backend", backend)
        run.say("mechanism", GSSAPI)
        run.say("trace")
        for line in words:
            run.say(line)
        for number in range(count):
            run.queue(Post("Kerberos %d" % number, USER, ["bob"]), "memory")
        return run

    def delivered(self, run):
        run.expect_verdicts()
        check_delivered(self.server, self.cases.boxes, run.posts, "MAILDIR")

    def loop(self, backend):
        run = self.run_of(backend, 2, "blocking")
        run.say("loop")
        run.say("alone")
        run.run(environment=self.environment())
        run.expect_session(0)
        self.delivered(run)

    def pool(self, backend):
        """Several logins at once, over one cache."""
        run = self.run_of(backend, MESSAGES, "blocking")
        run.say("pool", CONNECTIONS, IN_FLIGHT, 0)
        run.run(environment=self.environment())
        self.several.reuse.all_done(run)
        self.delivered(run)
        logins = run.current.told("mechanism %s by" % GSSAPI)
        if not 2 <= len(logins) <= CONNECTIONS:
            raise Failure("%d logins" % len(logins))

    def not_allowed(self, backend):
        run = self.run_of(backend, 1)
        run.say("loop")
        self.never(run.posts)
        run.run(environment=self.environment())
        session = run.expect_session(0, "ENVOI_E_NO_MECHANISM")
        self.has(r"may block, which was not allowed", session.error)

    def silent(self, backend, *lines):
        """A KDC that says nothing: the deadline ends the login."""
        run = self.run_of(backend, 3, "blocking", "auth-timeout %d" % DEADLINE)
        for line in lines:
            run.say(line)
        self.never(run.posts)
        with SilentKdc(int(self.kdc["KDC_PORT"])) as kdc:
            run.run(kdc.speaks.set, self.environment(kdc_port=kdc.listener.getsockname()[1]))
        if not kdc.asked.is_set():
            raise Failure("the KDC was not asked")
        for post in run.posts:
            post.expected = dict.fromkeys(post.expected, ("not attempted", 0))
        run.expect_verdicts()
        return run

    def never(self, posts):
        self.cases.never += [post.letter for post in posts]

    def silent_loop(self, backend, *lines):
        run = self.silent(backend, "loop", *lines)
        session = run.expect_session(0, "ENVOI_E_TIMEOUT")
        self.has(r"1500 ms .a step of the login", session.error)
        if session.slowest >= LONGEST:
            raise Failure("one call has taken %d ms" % session.slowest)

    def silent_pool(self, backend):
        run = self.silent(backend, "tries 2", "pool %d %d 0" % (CONNECTIONS, IN_FLIGHT), *SPEAKS)
        if run.pool != "ENVOI_OK" or set(run.done.values()) != {"ENVOI_E_TIMEOUT"}:
            raise Failure("the pool says %s, the messages %s" % (run.pool, run.done))
        self.has(r"1500 ms .a step of the login", run.current.error)

    # ---- all of them

    def cell(self, backend, what, method, *arguments):
        return Cell(self.server.name, backend, "STARTTLS", "Kerberos: " + what, lambda: method(backend, *arguments))

    def missing(self, backend):
        raise Skip("no KDC")

    def cells(self):
        if self.server.name not in KERBEROS:
            return
        if self.kdc is None:
            yield self.cell("-", "logins", self.missing)
            return
        for backend in BACKENDS:
            for mechanism in self.offered:
                yield self.cell(backend, mechanism, self.login, mechanism)
                yield self.cell(backend, mechanism + ", no ticket", self.no_ticket, mechanism)
                yield self.cell(backend, mechanism + ", no such service", self.no_service, mechanism)
            yield self.cell(backend, "foreign sender", self.foreign_sender)
            if self.server.name == "postfix":
                yield self.cell(backend, "a ticket and a password", self.by_choice, True, GS2)
                yield self.cell(backend, "no ticket, but a password", self.by_choice, False, "SCRAM-SHA-256")
            if self.several.there:
                yield self.cell(backend, "a loop", self.loop)
                yield self.cell(backend, "a pool", self.pool)
        if self.several.there and self.server.name == "postfix":
            yield self.cell("openssl", "a loop, not allowed", self.not_allowed)
            yield self.cell("openssl", "a loop, the KDC is silent", self.silent_loop, *SPEAKS)
            yield self.cell("gnutls", "a loop, the KDC is silent, the program ends", self.silent_loop)
            yield self.cell("gnutls", "a pool, the KDC is silent", self.silent_pool)
