# SPDX-License-Identifier: MIT
"""letters.py: the messages that are sent, and the search for them where they have been delivered."""
import itertools
import pathlib
import re
import threading
import time

# What a server may put on top of a message, and nothing else: each with its continuation lines.
TRACE = re.compile(rb"(?:(?:Return-Path|Delivered-To|X-Original-To|Envelope-To|Delivery-Date|Received|"
                   rb"Authentication-Results|X-Rcpt):[^\n]*\n(?:[ \t][^\n]*\n)*)*\Z", re.IGNORECASE)
IDENTITY = re.compile(rb"<\d+\.\d+@matrix\.test>")
PATIENCE = 15.0

BODY = [
    b"An ordinary line, then an empty one.",
    b"",
    b".a dot at the start",
    b"..two dots",
    b".",
    b"",
    b"...",
    b"From the start of a line, as mbox would quote it",
    b" a space at the start, one at the end ",
    b"\ta tab at both ends\t",
    b"8 bits: \xc3\xa9\xc3\xa8 in UTF-8, \xe9\xe8 in Latin-1, \xff\xfe in nothing",
    b"long: " + b"0123456789" * 98,
    b"=3D =20 soft=",
    b"QUIT",
    b"",
    b"",
    b".",
]


class Letter:
    """One message, told apart from all others by its Message-ID. `raw` is what is written to the file: CRLF or LF."""
    numbers = itertools.count(1)

    def __init__(self, what, newline=b"\n", size=0):
        self.id = b"<%d.%d@matrix.test>" % (time.time_ns(), next(Letter.numbers))
        lines = [
            b"From: Alice <alice@test>",
            b"To: Bob <bob@test>",
            b"Subject: " + what.encode(),
            b"Date: Mon, 23 Nov 2026 10:00:00 +0000",
            b"Message-ID: " + self.id,
            b"MIME-Version: 1.0",
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Transfer-Encoding: 8bit",
            b"",
        ] + BODY
        filler = b".%07d the long message goes on and on, and every line of it begins with a dot"
        lines.extend(filler % n for n in range(size // (len(filler) + 6)))
        self.lines = lines
        self.raw = newline.join(lines) + newline

    def canonical(self, newline):
        return newline.join(self.lines) + newline


class Boxes:
    """Reads the folders in which servers deliver, each file once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = set()
        self.by_id = {}

    @staticmethod
    def files(server, folder, user):
        root = pathlib.Path(server[folder])
        if server.name == "aiosmtpd":
            return root.glob("*.eml")
        return itertools.chain((root / user / "new").glob("*"), (root / user / "cur").glob("*"))

    def find(self, server, letter, folder="MAILDIR", user="bob"):
        """The delivered copies of a letter that are there now."""
        with self.lock:
            for path in self.files(server, folder, user):
                if path not in self.seen:
                    self.seen.add(path)
                    text = path.read_bytes()
                    for name in set(IDENTITY.findall(text)):
                        self.by_id.setdefault(name, []).append((path, text))
            return [(path, text) for path, text in self.by_id.get(letter.id, [])
                    if server.name == "aiosmtpd" or path.parent.parent.name == user]

    def wait(self, server, letter, folder="MAILDIR", user="bob"):
        """Waits until the letter has arrived."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.find(server, letter, folder, user)
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.02)


def difference(server, letter, delivered):
    """What is wrong with the delivered text, or None. Maildirs hold LF; aiosmtpd's files hold what came on the wire."""
    expected = letter.canonical(b"\r\n" if server.name == "aiosmtpd" else b"\n")
    if not delivered.endswith(expected):
        at = first_difference(expected, delivered)
        return "delivered text differs from the sent one: %s" % at
    top = delivered[:len(delivered) - len(expected)]
    if server.name == "aiosmtpd" and top:
        return "something stands before the message: %r" % top[:80]
    if not TRACE.match(top):
        return "more than trace headers stands before the message: %r" % top[-120:]
    return None


def first_difference(expected, delivered):
    """The first line at which two texts part, for people. The trace headers on top of `delivered` are stepped over."""
    start = delivered.find(expected[:20])
    if start < 0:
        return "its first line is missing"
    pairs = itertools.zip_longest(expected.splitlines(True), delivered[start:].splitlines(True))
    for number, (want, have) in enumerate(pairs, 1):
        if want != have:
            return "line %d: %r became %r" % (number, (want or b"")[:60], (have or b"")[:60])
    return "no line of it differs"
