# SPDX-License-Identifier: MIT
"""several.py: the cells of the matrix in which one process does more than one thing with a server: several messages in a
session (window_cases.py), sessions that are resumed and pools (reuse_cases.py)."""
import os

from cases import BACKENDS, Cell, Skip
from reuse_cases import Reuse
from window_cases import Windows, window_cells

VERSIONS = ("TLSv1.2", "TLSv1.3")


class Several:
    """Makes these cells for one server."""

    def __init__(self, cases, program):
        self.server = cases.server
        self.program = program
        self.there = bool(program) and os.access(program, os.X_OK)
        self.windows = Windows(cases, program)
        self.reuse = Reuse(cases, program, self.windows)

    def cell(self, backend, start, what, method, *arguments):
        return Cell(self.server.name, backend, start, what, lambda: method(*arguments))

    def missing(self):
        raise Skip("no program servers_queue (--build or --queue)")

    def cells(self):
        if not self.there:
            yield self.cell("-", "-", "several messages, resumption, pool", self.missing)
            return
        yield from window_cells(self.windows, self.cell)
        for backend in BACKENDS:
            for version in VERSIONS:
                yield self.cell(backend, "STARTTLS", "resumed, " + version, self.reuse.resumed, backend, version, False)
                if self.server.name == "dovecot":
                    yield self.cell(backend, "STARTTLS", "resumed, LMTP, " + version, self.reuse.resumed, backend, version,
                                    True)
            yield self.cell(backend, "STARTTLS", "a pool", self.reuse.pool, backend)
        if "ERRORS_PORT" in self.server:
            for word, chunks in (("BDAT", None), ("DATA", 0)):
                yield self.cell("openssl", "STARTTLS", "several, %s: 421 in the midst" % word, self.windows.too_many_errors,
                                chunks)

    def closing_cells(self):
        """To be run when all the others have ended: they stop the server, and look at all that was delivered."""
        if not self.there:
            return
        if self.server.name == "postfix":
            for backend in BACKENDS:
                yield self.cell(backend, "STARTTLS", "a pool, the server restarted", self.reuse.restarted, backend)
        yield self.cell("-", "-", "nothing else has been delivered", self.windows.nothing_else)
