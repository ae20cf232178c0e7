# SPDX-License-Identifier: MIT
"""window_cases.py: several messages queued in one session, each refused or accepted in its own way, with BDAT and with
DATA; twice over one library object, so that the second time the server is known to take transactions behind one another.
Each verdict must be exact, and what is delivered must be that and nothing else, each under its own sender."""
from posts import Post, check_delivered, check_now
from queues import Run
from client import Failure
from rig import USER

LONG = 200_000

# Case -> (sender, recipients) of each message; "*" as a sender is a name of its own, whom nobody refuses.
SMTP = {
    "all good": [("*", "bob"), ("*", "carol"), ("*", "bob carol")],
    "first refused at MAIL": [("refused", "bob"), ("*", "carol"), ("*", "bob")],
    "first deferred at MAIL": [("slow", "bob carol"), ("*", "carol"), ("*", "bob")],
    "first refused at RCPT": [("*", "nobody policy"), ("*", "carol"), ("*", "bob")],
    "first refused at the content": [("nocontent", "carol bob"), ("*", "bob"), ("*", "carol")],
    "middle one partly refused": [("*", "bob"), ("*", "carol nobody bob"), ("*", "carol")],
    "middle one refused at the content": [("*", "bob"), ("nocontent", "bob nobody"), ("*", "carol")],
    "last refused at MAIL": [("*", "bob"), ("*", "carol"), ("refused", "bob")],
    "last refused at RCPT": [("*", "bob"), ("*", "carol"), ("*", "defer nobody")],
    "last refused at the content": [("*", "bob"), ("*", "carol"), ("nocontent", "bob")],
    "all refused": [("refused", "bob"), ("*", "nobody"), ("nocontent", "carol"), ("slow", "bob")],
    "many": [("*", "bob"), ("refused", "carol"), ("*", "full bob"), ("*", "nobody"), ("nocontent", "carol"), ("*", "carol"),
             ("*", "policy defer carol"), ("slow", "bob"), ("*", "bob carol"), ("*", "policy"), ("*", "bob"),
             ("nocontent", "nobody bob"), ("*", "carol")],
}
# Not aiosmtpd; and not Exim with BDAT, where there is no DATA to be refused.
AT_DATA = {
    "first refused at DATA": [("nodata", "bob"), ("*", "carol"), ("*", "bob")],
    "middle one refused at DATA": [("*", "bob"), ("nodata", "carol nobody"), ("*", "bob")],
}
LMTP = {
    "all good": [("*", "bob"), ("*", "carol"), ("*", "bob carol")],
    "first refused at RCPT": [("*", "nobody"), ("*", "carol"), ("*", "bob")],
    "first refused at the content": [("*", "late"), ("*", "bob"), ("*", "carol")],
    "middle one partly refused": [("*", "bob"), ("*", "carol nobody late bob"), ("*", "carol")],
    "last refused at RCPT": [("*", "bob"), ("*", "carol bob"), ("*", "nobody")],
    "last refused at the content": [("*", "bob"), ("*", "carol bob"), ("*", "late")],
    "many": [("*", "bob"), ("*", "nobody"), ("*", "late bob"), ("*", "carol late nobody"), ("*", "late"), ("*", "bob carol"),
             ("*", "nobody"), ("*", "carol"), ("*", "bob nobody")],
}
LONG_ONES = ("all good", "middle one partly refused", "many")
# What a refusal after the content is with LMTP.
LATE = {"aiosmtpd": ("refused", 550), "dovecot": ("refused", 552)}
UNDECIDED = (("deferred", 421), ("not attempted", 0), ("unknown", 0))
PROVED = "the server takes transactions behind one another"


class Windows:
    """The cells of one server."""

    def __init__(self, cases, program):
        self.cases = cases
        self.server = cases.server
        self.program = program
        self.posts = []  # (post, folder) of all cells, to be looked at once more in the end

    def connection(self, run, backend, lmtp):
        if lmtp:
            run.say("lmtp")
        if lmtp and self.server.name == "aiosmtpd":
            run.say("tls off")
        else:
            run.say("tls required")
            run.say("backend", backend)
        if not lmtp:
            run.say("login", USER, self.cases.client.folder / "password", "PLAIN")
        run.say("ca", self.server["CA"])
        run.say("server", "localhost:" + self.server["LMTP_PORT" if lmtp else "SMTP_PORT"])

    def make_posts(self, what, rows, turn, size):
        made = []
        for number, (sender, to) in enumerate(rows, 1):
            sender = "sender%d.%d" % (turn, number) if sender == "*" else sender
            made.append(Post("%s: %s" % (self.server.name, what), sender, to.split(),
                             LATE.get(self.server.name), size=size))
        return made

    def several(self, backend, lmtp, what, rows, chunks, size):
        run = Run(self.program, self.cases.client)
        folder = self.cases.lmtp_folder() if lmtp else "MAILDIR"
        self.connection(run, backend, lmtp)
        run.say("trace")
        if chunks is not None:
            run.say("chunks", chunks)
        for turn in (1, 2):
            for post in self.make_posts(what, rows, turn, size):
                run.queue(post)
            run.say("send")
        self.posts += [(post, folder) for post in run.posts]
        run.run()
        run.expect_verdicts()
        check_delivered(self.server, self.cases.boxes, run.posts, folder)
        if self.server.name != "aiosmtpd":
            self.check_windows(run, what == "all good" and not size)

    @staticmethod
    def check_windows(run, overlap):
        """The window is proved once, and open from the start in the second session."""
        for index, session in enumerate(run.sessions):
            told = len(session.told(PROVED))
            if told != (1 if index == 0 else 0):
                raise Failure("session %d: the trace says %d times: %s" % (index + 1, told, PROVED))
        if overlap and not overlaps(run.sessions[1].trace, run.posts[0]):
            raise Failure("session 2: the second message has waited for the first one's last reply")

    def too_many_errors(self, chunks):
        """Postfix says 421 after the third refusal, while more messages are in flight, and closes without reading them; so
        its last replies may never leave it. What is told must be true all the same, and nothing behind it is accepted."""
        run = Run(self.program, self.cases.client)
        self.connection(run, "openssl", False)
        run.say("server", "localhost:" + self.server["ERRORS_PORT"])
        if chunks is not None:
            run.say("chunks", chunks)
        rows = [("*", "bob"), ("*", "carol nobody"), ("refused", "bob"), ("*", "bob"), ("*", "policy"), ("*", "carol")]
        for turn in (1, 2):
            for post in self.make_posts("421", rows, turn, 0):
                run.queue(post)
            run.say("send")
        run.run()
        for number, post in enumerate(run.posts, 1):
            behind = (number - 1) % len(rows) > 2
            for address, due in post.expected.items():
                have = run.verdicts[number][address]
                if have not in (UNDECIDED if behind else (due, *UNDECIDED)):
                    raise Failure("message %d: %s: %s" % (number, address, have))
            post.expected = run.verdicts[number]
        self.posts += [(post, "MAILDIR") for post in run.posts]
        check_delivered(self.server, self.cases.boxes, run.posts, "MAILDIR")

    def nothing_else(self):
        for post, folder in self.posts:
            wrong = check_now(self.server, self.cases.boxes, post, folder)
            if wrong:
                raise Failure(wrong)


def overlaps(trace, first):
    """Whether the second MAIL went out before all that the first message is owed has been read."""
    mails = [at for at, (kind, line) in enumerate(trace) if kind == "sent" and line.startswith("MAIL FROM")]
    between = [kind for kind, _ in trace[mails[0]:mails[1]]]
    data = any(line == "DATA" for _, line in trace[mails[0]:mails[1]])
    return between.count("received") < 1 + len(first.expected) + (2 if data else 1)


def window_cells(windows, cell):
    server = windows.server.name
    tables = [(False, {**SMTP, **({} if server == "aiosmtpd" else AT_DATA)})]
    if "LMTP_PORT" in windows.server:
        tables.append((True, LMTP))
    for lmtp, table in tables:
        for number, (what, rows) in enumerate(table.items()):
            for word, chunks in (("BDAT", None), ("DATA", 0)):
                if word == "BDAT" and (server == "aiosmtpd" or server == "exim" and what in AT_DATA):
                    continue
                # The TLS library has no part in it: they take turns.
                backend = ("openssl", "gnutls")[(number + (chunks is None)) % 2]
                for size in (0, LONG) if what in LONG_ONES else (0,):
                    title = "several, %s%s%s: %s" % ("LMTP, " if lmtp else "", "long, " if size else "", word, what)
                    yield cell(backend, "STARTTLS", title, windows.several, backend, lmtp, what, rows, chunks, size)
