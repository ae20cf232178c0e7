# SPDX-License-Identifier: MIT
"""reuse_cases.py: TLS sessions that a second connection resumes, and pools."""
import collections
import re

from client import Failure
from posts import Post, check_delivered
from queues import Run

CONNECTIONS, IN_FLIGHT = 4, 8
MESSAGES = {"openssl": 200, "gnutls": 120}
HOLD = 40  # messages that are done when the server is stopped
# How each library is kept to one version: by its configuration file, and by its priority string.
ONLY = {"TLSv1.2": ("TLSv1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2"), "TLSv1.3": ("TLSv1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3")}
OPENSSL_CONF = """openssl_conf = start
[start]
ssl_conf = ssl
[ssl]
system_default = only
[only]
MinProtocol = %s
MaxProtocol = %s
"""


class Reuse:
    """The cells of one server."""

    def __init__(self, cases, program, windows):
        self.cases = cases
        self.server = cases.server
        self.program = program
        self.windows = windows

    def run_of(self, backend, lmtp=False):
        run = Run(self.program, self.cases.client)
        self.windows.connection(run, backend, lmtp)
        run.say("trace")
        return run

    def keep(self, posts, lmtp=False):
        self.windows.posts += [(post, self.cases.lmtp_folder() if lmtp else "MAILDIR") for post in posts]

    # ---- resumption

    def resumed(self, backend, version, lmtp):
        """Three sessions over one library object: the first one's handshake is whole, the second one's is not (nor need the
        third one's be: some servers give no other ticket to a resumed session), and all of them stand for a verified
        server and deliver."""
        run = self.run_of(backend, lmtp)
        environment = {}
        if backend == "openssl":
            conf = run.name.with_suffix(".cnf")
            conf.write_text(OPENSSL_CONF % (ONLY[version][0], ONLY[version][0]), encoding="utf-8")
            run.files.append(conf)
            environment["OPENSSL_CONF"] = str(conf)
        else:
            run.say("ciphers", ONLY[version][1])
        for number in range(1, 4):
            run.queue(Post("resumed", "resumed%d" % number, ["bob"]))
            run.say("send")
        self.keep(run.posts, lmtp)
        run.run(environment=environment)
        run.expect_verdicts()
        for index in range(3):
            self.check_session(run.expect_session(index), index, backend, version)
        check_delivered(self.server, self.cases.boxes, run.posts, self.cases.lmtp_folder() if lmtp else "MAILDIR")

    @staticmethod
    def check_session(session, index, backend, version):
        have = (session.backend, session.protocol, session.verified)
        if have != (backend, version, True):
            raise Failure("session %d: backend, protocol, verified: %s" % (index + 1, have))
        told = [line.endswith(", resumed") for line in session.told("TLS by plugin")]
        if told != [session.resumed] or index < 2 and session.resumed != (index == 1):
            raise Failure("session %d: resumed is %s, the trace says %s" % (index + 1, session.resumed, told))

    # ---- pools

    def pool_run(self, backend, hold):
        run = self.run_of(backend)
        for number in range(1, MESSAGES[backend] + 1):
            to = (["bob"], ["carol"], ["bob", "nobody"])[number % 3]
            sender = "refused" if number % 17 == 0 else "pool%d" % number
            run.queue(Post("a pool", sender, to), "memory")
        run.say("pool", CONNECTIONS, IN_FLIGHT, hold)
        return run

    def pool(self, backend):
        run = self.pool_run(backend, 0)
        self.keep(run.posts)
        run.run()
        self.all_done(run)
        run.expect_verdicts()
        check_delivered(self.server, self.cases.boxes, run.posts, "MAILDIR")
        # Those that are made at the same time have one ticket between them.
        handshakes = run.current.told("TLS by plugin")
        resumed = [line for line in handshakes if line.endswith(", resumed")]
        if not 1 <= len(handshakes) <= CONNECTIONS or not resumed:
            raise Failure("%d handshakes, %d of them resumed" % (len(handshakes), len(resumed)))

    @staticmethod
    def all_done(run):
        if run.pool != "ENVOI_OK" or len(run.done) != len(run.posts):
            raise Failure("the pool says %s, %d messages are done: %s" % (run.pool, len(run.done), run.current.error))

    def restarted(self, backend):
        """The server is stopped while four connections are at work, and started again: what was accepted is delivered once,
        what is unknown at most once, anything else never."""
        run = self.pool_run(backend, HOLD)
        run.run(on_hold=self.server.restart)
        self.all_done(run)
        said = collections.Counter()
        for number, post in enumerate(run.posts, 1):
            for address, due in list(post.expected.items()):
                have = run.verdicts.get(number, {}).get(address)
                if have is None:
                    raise Failure("message %d: no verdict for %s" % (number, address))
                if have[0] in ("accepted", "refused") and have != due:
                    raise Failure("message %d: %s: %s, not %s" % (number, address, have, due))
                said[have[0]] += 1
                post.expected[address] = have
        # No more can be unknown than was on the connections that were lost, and nothing is given up.
        if said["unknown"] > 2 * CONNECTIONS * IN_FLIGHT or said["not attempted"] or said["deferred"]:
            raise Failure("the verdicts: %s" % dict(said))
        check_delivered(self.server, self.cases.boxes, run.posts, "MAILDIR", distinct)


def distinct(found):
    """Copies without those that Postfix itself has made, by delivering once more what it was delivering when it was stopped:
    they have the same queue id."""
    kept = {}
    for user, sender, text, path in found:
        ident = re.search(rb"\bid ([0-9A-Za-z]+)", text)
        kept.setdefault((user, sender, ident and ident.group(1)), (user, sender, text, path))
    return list(kept.values())
