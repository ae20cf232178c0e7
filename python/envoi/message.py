# SPDX-License-Identifier: MIT
"""A message: the envelope, the content and, after a send, a verdict for each recipient."""
from __future__ import annotations

import dataclasses
import datetime
import email.message
from collections.abc import Callable, Iterable

from ._core import NULL, CData, Object, call, ffi, give, lib, make_error, take
from .content import Content, Source, envelope, make_source
from .enums import Body, DeliverBy, Keep, LongLines, Notify, Phase, Result, Ret, ValidSince, Verdict
from .errors import Reply


@dataclasses.dataclass(frozen=True)
class Recipient:
    """A recipient, and what became of it in the last send."""

    address: str
    verdict: Verdict
    code: int
    """the reply code that decided; 0: no reply did"""
    enhanced: str
    """its enhanced status code, such as "5.1.1", or "" """
    reason: str
    """the text of that reply or, if no reply decided, the reason"""
    phase: Phase

    @property
    def accepted(self) -> bool:
        return self.verdict == Verdict.ACCEPTED

    @property
    def reply(self) -> Reply:
        return Reply(self.code, self.reason if self.code else "", self.enhanced)

    def __str__(self) -> str:
        told = " ".join(str(part) for part in (self.code, self.enhanced, self.reason) if part)
        return f"{self.address}: {self.verdict.text}" + (f": {told}" if told else "")


class Message(Object):
    """A message.

    sender: the reverse-path; None, "" or "<>" is the null one. If `sender` or `recipients` is left out and the content is
    an EmailMessage, they are taken from its header, as smtplib's send_message() does.
    """

    def __init__(self, sender: str | None = None, recipients: str | Iterable[str] | None = None,
                 content: Content | None = None, *, options: str | None = None, body: Body = Body.AUTO,
                 drop_options: bool = False, require_all: bool = False) -> None:
        if isinstance(content, email.message.Message) and (sender is None or recipients is None):
            of_header = envelope(content)
            sender = of_header[0] if sender is None else sender
            recipients = of_header[1] if recipients is None else recipients
        out = ffi.new("struct envoi_message **")
        code = lib.envoi_message_new(give(sender), out)
        if code:
            raise make_error(code, f"sender {sender!r}: {take(lib.envoi_error_text(code))}")
        self._adopt(out[0])
        for recipient in [recipients] if isinstance(recipients, str) else recipients or ():
            self.add_recipient(recipient)
        if content is not None:
            self.set_content(content)
        if options is not None:
            self.set_options(options)
        self.set_body(body)
        self.set_drop_options(drop_options)
        self.set_require_all(require_all)

    def _adopt(self, pointer: CData) -> None:
        Object.__init__(self, pointer, lib.envoi_message_free)
        self._source: Source | None = None
        self._reply_handle: CData = NULL

    @classmethod
    def _of(cls, pointer: CData) -> Message:
        """A message that the library has made."""
        message = cls.__new__(cls)
        message._adopt(pointer)
        return message

    def _set(self, function: Callable[..., int], *arguments: object) -> None:
        code = call(self, function, *arguments)
        if code:
            raise make_error(code, self.error, call(self, lib.envoi_message_error_detail))

    @property
    def error(self) -> str:
        """Why a setter failed, which every later send fails with, until reset(); "" if none did."""
        return take(call(self, lib.envoi_message_error))

    def reset(self, sender: str | None = None) -> None:
        """Makes the message like new: without recipients, content, options, verdicts and error."""
        self._set(lib.envoi_message_reset, give(sender))
        self._source = None

    # ---- envelope ----

    def add_recipient(self, address: str, options: str | None = None, *, notify: Notify | None = None,
                      orcpt: str | None = None) -> None:
        """Adds a recipient. options: parameters of RCPT; notify: which reports are wanted (RFC 3461)."""
        if options is None:
            self._set(lib.envoi_message_add_recipient, give(address))
        else:
            self._set(lib.envoi_message_add_recipient_with, give(address), give(options))
        if notify is not None or orcpt is not None:
            self.set_recipient_dsn(len(self) - 1, notify or Notify(0), orcpt)

    def set_options(self, options: str | None) -> None:
        """Sets the options of MAIL, in place of all earlier ones."""
        self._set(lib.envoi_message_set_options, give(options))

    def set_dsn(self, ret: Ret = Ret.UNSAID, envid: str | None = None) -> None:
        """Says how much of the message its reports contain, and gives it an identifier (RFC 3461)."""
        self._set(lib.envoi_message_set_dsn, ret, give(envid))

    def set_recipient_dsn(self, index: int, notify: Notify, orcpt: str | None = None) -> None:
        self._set(lib.envoi_message_set_recipient_dsn, index, notify, give(orcpt))

    # ---- when and how the server delivers ----

    def set_deliver_by(self, seconds: int, mode: DeliverBy, trace: bool = False) -> None:
        """Sets the time in which the message shall be delivered (RFC 2852). trace: the sender is told, too, where it leaves
        the servers that know of it."""
        self._set(lib.envoi_message_set_deliver_by, seconds, mode, trace)

    def set_hold_for(self, seconds: int) -> None:
        """Asks the server to keep the message for a time before it delivers it (RFC 4865); 0: no."""
        self._set(lib.envoi_message_set_hold_for, seconds)

    def set_hold_until(self, when: datetime.datetime | None) -> None:
        """Likewise, until a time. One without a zone is local time."""
        self._set(lib.envoi_message_set_hold_until, int(when.timestamp()) if when else 0)

    def set_mt_priority(self, priority: int | None) -> None:
        """Says how urgent the message is: -9 to 9 (RFC 6710)."""
        self._set(lib.envoi_message_set_mt_priority, lib.ENVOI_MT_PRIORITY_UNSAID if priority is None else priority)

    def set_submitter(self, submitter: str | None) -> None:
        """Names the submitter for a trusted relay: AUTH= (RFC 4954 section 5); "": not known."""
        self._set(lib.envoi_message_set_submitter, give(submitter))

    def set_recipient_valid_since(self, index: int, since: datetime.datetime | None,
                                  otherwise: ValidSince = ValidSince.UNSAID) -> None:
        """Says since when a recipient is known to own the address (RFC 7293)."""
        self._set(lib.envoi_message_set_recipient_valid_since, index, int(since.timestamp()) if since else 0, otherwise)

    def set_drop_options(self, drop: bool) -> None:
        """Says that options which the server does not announce are left out; otherwise the send fails."""
        self._set(lib.envoi_message_set_drop_options, drop)

    def set_require_all(self, on: bool) -> None:
        """Says that every recipient must be accepted, or else nothing is sent."""
        self._set(lib.envoi_message_set_require_all, on)

    # ---- content ----

    def set_content(self, content: Content) -> None:
        """Takes the content, a whole message of header and body. Line ends are repaired on the way out. Memory is
        borrowed: a bytearray must not change until the message was sent."""
        source = make_source(content)
        self._set(lambda message: source.attach(message))
        self._source = source

    def set_body(self, body: Body) -> None:
        """Says of which kind the content is."""
        self._set(lib.envoi_message_set_body, body)

    def set_size_estimate(self, octets: int) -> None:
        """Estimates the size for SIZE=, if the content cannot tell it."""
        self._set(lib.envoi_message_set_size_estimate, octets)

    def set_canonical(self, on: bool) -> None:
        """Says that every line end is CR LF and that there is no NUL: nothing is scanned before MAIL."""
        self._set(lib.envoi_message_set_canonical, on)

    def set_long_lines(self, treatment: LongLines) -> None:
        """Says how lines of more than 998 octets are treated: sent, refused, or sent and told of."""
        self._set(lib.envoi_message_set_long_lines, treatment)

    @property
    def longest_line(self) -> int:
        """The octets of the longest line that was read in the last send; 0 if nobody looked."""
        return call(self, lib.envoi_message_longest_line)

    @property
    def progress(self) -> int:
        """How many octets of content were read so far."""
        return call(self, lib.envoi_message_progress)

    # ---- replies and verdicts ----

    def set_reply_callback(self, callback: Callable[[Phase, int, Reply], object] | None) -> None:
        """Sets the function that is told of the replies to MAIL, RCPT, DATA and the content, as they are read. The number
        is the recipient's."""
        handle = ffi.new_handle(callback) if callback else NULL
        self._set(lib.envoi_message_set_reply_callback, lib.python_message_reply if callback else NULL, handle)
        self._reply_handle = handle

    @property
    def result(self) -> Result:
        return Result(call(self, lib.envoi_message_result))

    @property
    def dropped_options(self) -> list[str]:
        """The options that were left out."""
        return take(call(self, lib.envoi_message_dropped_options)).split()

    def __len__(self) -> int:
        """The number of recipients."""
        return call(self, lib.envoi_message_recipients)

    def __bool__(self) -> bool:
        return True

    def recipient(self, index: int) -> Recipient:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no recipient {index}")
        return call(self, _read_recipient, index)

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """The recipients with their verdicts, in the order in which they were added."""
        return call(self, _read_recipients)

    def verdict_text(self, index: int) -> str:
        """The verdict in one line for a person: "you@example.net: accepted: 250 2.0.0 queued"."""
        if not 0 <= index < len(self):
            raise IndexError(f"there is no recipient {index}")
        return take(call(self, lib.envoi_message_verdict_text, index))

    # ---- another try ----

    def keep(self, verdicts: Keep) -> None:
        """Keeps the recipients with these verdicts and removes the others. Keep.OPEN: those that another try could reach."""
        self._set(lib.envoi_message_keep, verdicts)

    def forget_verdicts(self) -> None:
        """Forgets all verdicts: the next send goes to every recipient, and an accepted one gets another copy."""
        self._set(lib.envoi_message_forget_verdicts)


def _read_recipient(message: CData, index: int) -> Recipient:
    return Recipient(take(lib.envoi_message_recipient(message, index)),
                     Verdict(lib.envoi_message_verdict(message, index)),
                     lib.envoi_message_verdict_code(message, index),
                     take(lib.envoi_message_verdict_enhanced(message, index)),
                     take(lib.envoi_message_verdict_reason(message, index)),
                     Phase(lib.envoi_message_verdict_phase(message, index)))


def _read_recipients(message: CData) -> tuple[Recipient, ...]:
    return tuple(_read_recipient(message, i) for i in range(lib.envoi_message_recipients(message)))
