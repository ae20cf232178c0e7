# SPDX-License-Identifier: MIT
"""posts.py: a letter with its envelope and what must become of each recipient, and the check that what was delivered is
that and nothing else: sender, recipient and content of each copy."""
import json
import re
import time

from client import Failure
from letters import PATIENCE, Letter, difference

ACCEPTED = ("accepted", 250)
BOXES = ("bob", "carol")
# By the local part of a recipient; anybody else is accepted.
RECIPIENTS = {"nobody": ("refused", 550), "policy": ("refused", 554), "full": ("deferred", 452),
              "defer": ("deferred", 450)}
# By the local part of a sender: the verdict of every recipient (of those that were not refused themselves when only
# DATA or the content is), and whether the recipients are asked at all.
SENDERS = {"refused": (("refused", 550), False), "slow": (("deferred", 451), False),
           "nodata": (("refused", 554), True), "nocontent": (("refused", 554), True)}


class Post:
    """A letter and its envelope."""

    def __init__(self, what, sender, to, late=None, size=0):
        self.letter = Letter(what, size=size)
        self.sender = sender + "@test"
        self.expected = {name + "@test": self.verdict(sender, name, late) for name in to}

    @staticmethod
    def verdict(sender, name, late):
        refusal, asks = SENDERS.get(sender, (None, True))
        if asks and name in RECIPIENTS:
            return RECIPIENTS[name]
        if name == "late":
            return late
        return refusal or ACCEPTED

    def copies_with(self, verdict):
        """(box, sender) of each copy for a recipient with this verdict."""
        return sorted((name.split("@")[0], self.sender) for name, said in self.expected.items() if said[0] == verdict)


def return_path(text):
    match = re.match(rb"(?:[^\n]+\n)*?Return-path: <([^>\n]*)>", text, re.IGNORECASE)
    return match.group(1).decode(errors="replace") if match else None


def copies(server, boxes, post, folder):
    """What is there of a letter: (box, sender, text, path) of each copy."""
    if server.name != "aiosmtpd":
        return [(user, return_path(text), text, path) for user in BOXES
                for path, text in boxes.find(server, post.letter, folder, user)]
    found = []
    for path, text in boxes.find(server, post.letter, folder):
        facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        found += [(name.split("@")[0], facts["from"], text, path) for name in facts["to"] if name != "late@test"]
    return found


def check_now(server, boxes, post, folder, sift=list):
    """What is wrong with what is there now of a letter, or None."""
    found = sift(copies(server, boxes, post, folder))
    have = sorted((user, sender or "?") for user, sender, _, _ in found)
    due = post.copies_with("accepted")
    sure = [copy for copy in have if copy not in post.copies_with("unknown")]
    if sure != due or len(have) != len(set(have)):
        return "of the letter from %s there are %s, not %s" % (post.sender, have, due)
    for _, _, text, _ in found:
        wrong = difference(server, post.letter, text)
        if wrong:
            return "of the letter from %s the %s" % (post.sender, wrong)
    return None


def check_delivered(server, boxes, posts, folder, sift=list):
    """Waits until all that is due is there, and checks that it is right."""
    deadline = time.monotonic() + PATIENCE
    left = list(posts)
    while left:
        wrongs = [(post, check_now(server, boxes, post, folder, sift)) for post in left]
        left = [post for post, wrong in wrongs if wrong]
        if left and time.monotonic() > deadline:
            raise Failure([wrong for _, wrong in wrongs if wrong][0])
        if left:
            time.sleep(0.05)
