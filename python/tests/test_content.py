# SPDX-License-Identifier: MIT
"""Content from everything that can be content arrives whole, and can be sent again if it can be read again."""
from __future__ import annotations

import datetime
import email
import email.message
import gzip
import io
import os
import pathlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import envoi
import pytest
from envoi import Body, Message, Session
from server import Server

TEXT = "Subject: gr\u00fc\u00dfe\n\n" + "".join(f"line {i} \u20ac\n" for i in range(9000))
OCTETS = TEXT.encode()
SENT = OCTETS.replace(b"\n", b"\r\n")


def generator() -> Iterator[bytes]:
    for start in range(0, len(OCTETS), 7001):
        yield OCTETS[start:start + 7001]


def read_behind_a_buffer(path: pathlib.Path) -> Any:
    """An open file of which Python has read more than the program."""
    with open(path, "wb") as file:
        file.write(b"not this\n" + OCTETS)
    opened = open(path, "rb")
    assert opened.readline() == b"not this\n"
    return opened


def compressed(path: pathlib.Path) -> Any:
    with gzip.open(path, "wb") as file:
        file.write(OCTETS)
    return gzip.open(path)


def saved(path: pathlib.Path) -> pathlib.Path:
    path.write_bytes(OCTETS)
    return path


def temporary(_path: pathlib.Path) -> Any:
    file = tempfile.TemporaryFile()
    file.write(OCTETS)
    file.seek(0)
    return file


def piped(path: pathlib.Path) -> Any:
    """A pipe, which can be read once."""
    return os.popen(f"cat {saved(path)}")._stream.buffer  # type: ignore[attr-defined]


# what it is, the content, can it be read again?
SOURCES: list[tuple[str, Callable[[pathlib.Path], Any], bool]] = [
    ("str", lambda path: TEXT, True),
    ("bytes", lambda path: OCTETS, True),
    ("bytearray", lambda path: bytearray(OCTETS), True),
    ("memoryview", lambda path: memoryview(OCTETS), True),
    ("path", saved, True),
    ("file", read_behind_a_buffer, True),
    ("unbuffered file", lambda path: open(saved(path), "rb", buffering=0), True),
    ("text file", lambda path: open(saved(path), encoding="utf-8"), True),
    ("temporary file", temporary, True),
    ("gzip", compressed, True),
    ("BytesIO", lambda path: io.BytesIO(OCTETS), True),
    ("StringIO", lambda path: io.StringIO(TEXT), True),
    ("pipe", piped, False),
    ("list", lambda path: list(generator()), True),
    ("list of str", lambda path: TEXT.splitlines(keepends=True), True),
    ("generator", lambda path: generator(), False),
]


@pytest.mark.parametrize("make, again", [pytest.param(make, again, id=name) for name, make, again in SOURCES])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_content(server: Server, session: Session, tmp_path: pathlib.Path, make: Callable[[pathlib.Path], Any],
                 again: bool) -> None:
    mail = Message("me@example.org", ["you@example.net"], make(tmp_path / "content"))
    session.connect(server.address)
    session.send(mail)
    assert server.mails[0].content == SENT
    assert mail.progress >= len(OCTETS)
    mail.forget_verdicts()
    if again:
        session.send(mail)
        assert server.mails[1].content == SENT
    else:
        with pytest.raises(envoi.ContentError):
            session.send(mail)
        assert len(server.mails) == 1


def test_email_message(server: Server, session: Session) -> None:
    mail = email.message.EmailMessage()
    mail["From"] = "Me <me@example.org>"
    mail["To"] = "You <you@example.net>, other@example.net"
    mail["Cc"] = "third@example.net"
    mail["Bcc"] = "hidden@example.net"
    mail["Subject"] = "gr\u00fc\u00dfe"
    mail.set_content("h\u00e9llo\n")
    session.connect(server.address)
    session.send(Message(content=mail))
    arrived = server.mails[0]
    assert arrived.sender == "me@example.org"
    assert arrived.recipients == ["you@example.net", "other@example.net", "third@example.net", "hidden@example.net"]
    assert b"hidden" not in arrived.content and mail["Bcc"] == "hidden@example.net"
    parsed = email.message_from_bytes(arrived.content, policy=email.policy.default)
    assert parsed["Subject"] == "gr\u00fc\u00dfe"
    assert isinstance(parsed, email.message.EmailMessage) and parsed.get_content() == "h\u00e9llo\r\n"
    session.send(Message("bounce@example.org", "only@example.net", mail))
    assert (server.mails[1].sender, server.mails[1].recipients) == ("bounce@example.org", ["only@example.net"])


def test_resent(server: Server, session: Session) -> None:
    mail = email.message_from_string("From: a@example.org\nTo: b@example.org\nResent-Date: x\nResent-From: c@example.org\n"
                                     "Resent-To: d@example.org\nResent-Bcc: e@example.org\n\nhi\n")
    session.connect(server.address)
    session.send(Message(content=mail))
    assert (server.mails[0].sender, server.mails[0].recipients) == ("c@example.org", ["d@example.org", "e@example.org"])
    assert b"e@example.org" not in server.mails[0].content
    mail["Resent-Date"] = "y"
    with pytest.raises(ValueError, match="more than one Resent-"):
        Message(content=mail)


def test_utf8_address(session: Session) -> None:
    mail = email.message.EmailMessage()
    mail["From"], mail["To"] = "m\u00fc@example.org", "you@example.net"
    mail.set_content("x")
    with Server(extensions=("SMTPUTF8", "8BITMIME")) as server:
        session.connect(server.address)
        session.send(Message(content=mail))
        assert "From: m\u00fc@example.org".encode() in server.mails[0].content
        assert any("SMTPUTF8" in line for line in server.lines)
    with Server() as plain:
        session.close()
        session.connect(plain.address)
        with pytest.raises(envoi.NotSupported):
            session.send(Message(content=mail))


def test_the_source_fails(server: Server, session: Session) -> None:
    def broken() -> Iterator[bytes]:
        yield b"Subject: x\n\n" + b"x" * 100000 + b"\n"
        raise RuntimeError("the disk is on fire")

    session.connect(server.address)
    with pytest.raises(RuntimeError, match="on fire"):
        session.send(Message("me@example.org", ["you@example.net"], broken()))
    assert not session.connected and not server.mails
    session.connect(server.address)  # and it can be used again
    session.send(Message("me@example.org", ["you@example.net"], "Subject: x\n\n"))
    assert len(server.mails) == 1


def test_what_is_no_content() -> None:
    for wrong in (5, object(), 1.5):
        with pytest.raises(TypeError, match="is no content"):
            Message("me@example.org", ["you@example.net"], wrong)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        Message("me@example.org", ["you@example.net"], pathlib.Path("/nonexistent"))


def test_pieces_of_another_kind(server: Server, session: Session) -> None:
    session.connect(server.address)
    with pytest.raises(TypeError):
        session.send(Message("me@example.org", ["you@example.net"], [b"Subject: x\n\n", 5]))  # type: ignore[list-item]
    assert not server.mails


def test_asynchronous_pieces_need_a_loop(server: Server, session: Session) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"Subject: x\n\n"

    session.connect(server.address)
    with pytest.raises(TypeError, match="needs envoi.aio"):
        session.send(Message("me@example.org", ["you@example.net"], pieces()))


def test_nul(session: Session, server: Server) -> None:
    session.connect(server.address)
    with pytest.raises(envoi.ContentError):
        session.send(Message("me@example.org", ["you@example.net"], b"Subject: x\n\na\0b\n"))
    with pytest.raises(envoi.NotSupported):
        session.send(Message("me@example.org", ["you@example.net"], b"Subject: x\n\na\0b\n", body=Body.BINARY))


def test_delivery(session: Session) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    with Server(extensions=("DELIVERBY", "FUTURERELEASE 99999999 2030-01-01T00:00:00Z", "MT-PRIORITY", "RRVS",
                            "AUTH PLAIN")) as server:
        mail = Message("me@example.org", ["you@example.net"], "Subject: x\n\n")
        mail.set_deliver_by(120, envoi.DeliverBy.NOTIFY, trace=True)
        mail.set_hold_until(when)
        mail.set_hold_for(60)  # instead
        mail.set_mt_priority(5)
        mail.set_mt_priority(None)
        mail.set_mt_priority(3)
        mail.set_submitter("other@example.org")
        mail.set_recipient_valid_since(0, when, envoi.ValidSince.REJECT)
        session.connect(server.address)
        session.send(mail)
        sender = next(line for line in server.lines if line.startswith("MAIL"))
        assert {"BY=120;NT", "HOLDFOR=60", "MT-PRIORITY=3", "AUTH=other@example.org"} <= set(sender.split())
        assert "RCPT TO:<you@example.net> RRVS=2026-01-02T03:04:05Z;R" in server.lines
        with pytest.raises(envoi.UsageError):
            mail.set_mt_priority(10)


def test_options(session: Session) -> None:
    with Server(extensions=("DSN",)) as server:
        mail = Message("me@example.org", content="Subject: x\n\n")
        mail.add_recipient("you@example.net", notify=envoi.Notify.SUCCESS | envoi.Notify.DELAY, orcpt="list@example.net")
        mail.add_recipient("b@example.net", "NOTIFY=NEVER")
        mail.set_dsn(envoi.Ret.HEADERS, "a b")
        mail.set_size_estimate(100)
        mail.set_canonical(False)
        session.connect(server.address)
        session.send(mail)
        assert "MAIL FROM:<me@example.org> RET=HDRS ENVID=a+20b" in server.lines
        assert "RCPT TO:<you@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;list@example.net" in server.lines
        assert "RCPT TO:<b@example.net> NOTIFY=NEVER" in server.lines
        mail.reset("other@example.org")
        assert len(mail) == 0 and mail.recipients == ()
        with pytest.raises(IndexError):
            mail.recipient(0)
