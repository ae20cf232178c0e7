# SPDX-License-Identifier: MIT
"""One sendmail() of envoi.smtplib: the message, and the refusals in the server's words."""
from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Sequence
from smtplib import quoteaddr
from typing import Any

from ._smtplib_errors import SMTPException, SMTPRecipientsRefused, SMTPSenderRefused, answer, refusal
from .enums import Code, Phase, Result
from .errors import AddressError, Error, Reply
from .message import Message


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """A callback that does not keep its object alive: a connection nobody refers to is closed at once."""
    reference: weakref.WeakMethod[Callable[..., Any]] = weakref.WeakMethod(method)

    def call(*arguments: Any) -> Any:
        target = reference()
        return target(*arguments) if target else None
    return call


Recipients = Sequence[tuple[str, str]]  # address and path
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9.-]+")


def path_of(address: str) -> str:
    """As smtplib sends it; most need no parser."""
    return f"<{address}>" if _PLAIN.fullmatch(address) else quoteaddr(address)


class Transaction:
    """One sendmail(): the message, and the refusals as the server words them."""

    def __init__(self, sender: str, path: str, recipients: Recipients, content: Any, options: str, rcpt_options: str) -> None:
        self.sender, self.path, self.content = sender, path, content
        self.options, self.rcpt_options = options, rcpt_options
        self.ours: dict[str, tuple[int, bytes]] = {}  # addresses that are none: not sent
        self.replies: dict[tuple[Phase, int], Reply] = {}
        self.message: Message | None = None
        self.fault: AddressError | None = None
        try:
            self.message = self.make(recipients)
        except AddressError as error:
            self.fault = error
            return
        if self.ours:
            recipients = [each for each in recipients if each[0] not in self.ours]
            self.message = self.make(recipients)
        self.recipients = [address for address, _ in recipients]

    def make(self, recipients: Recipients) -> Message:
        message = Message(self.path, content=self.content, options=self.options or None, drop_options=True,
                          recipients=())
        message.set_reply_callback(weakly(self.hear))
        for address, path in recipients:
            try:
                message.add_recipient(path, self.rcpt_options or None)
            except AddressError as error:
                self.ours[address] = 553, f"5.1.3 {error}".encode()
        return message

    def hear(self, phase: Phase, index: int, reply: Reply) -> None:
        if reply.code >= 400:
            self.replies[phase, index] = reply

    def nobody(self) -> SMTPException:
        """There is nothing to send."""
        if self.fault:
            return SMTPSenderRefused(553, f"5.1.7 {self.fault}".encode(), self.sender)
        return SMTPRecipientsRefused(self.ours)

    def meaning(self, error: Error) -> SMTPException | None:
        exception: SMTPException | None = None
        if error.code == Code.SENDER_REFUSED:
            exception = SMTPSenderRefused(*refusal(error, 550, "5.1.0"), self.sender)
        elif error.code == Code.TOO_LARGE:
            exception = SMTPSenderRefused(552, f"5.3.4 {error}".encode(), self.sender)
        elif error.code == Code.RECIPIENTS_REFUSED:
            told = {self.recipients[i]: answer(reply) for (phase, i), reply in self.replies.items() if phase == Phase.RCPT}
            exception = SMTPRecipientsRefused({**self.ours, **told})
        if exception:
            exception.error = error
        return exception

    def refused(self) -> dict[str, tuple[int, bytes]]:
        """Whoever does not get it, after a send that succeeded."""
        result = dict(self.ours)
        assert self.message
        if self.message.result == Result.SENT:
            return result
        for i, recipient in enumerate(self.message.recipients):
            if not recipient.accepted:
                reply = self.replies.get((recipient.phase, i))
                result[self.recipients[i]] = answer(reply) if reply else (recipient.code or 451, recipient.reason.encode())
        return result
