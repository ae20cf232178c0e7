# SPDX-License-Identifier: MIT
"""One script of calls on smtplib and on envoi.smtplib: results, exceptions and mails are the same."""
from __future__ import annotations

import email.message
import email.mime.text
import inspect
import smtplib as stock
from collections.abc import Callable, Iterator
from typing import Any

import envoi
import envoi.smtplib as mine
import pytest
from server import Server

ME, YOU, BAD = "me@example.org", "you@example.net", "bad@example.net"
TEXT = "Subject: x\n\nhello\n.dot\n"


@pytest.fixture(autouse=True)
def plugins(library: envoi.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mine.SMTP, "library", library)


# ---- names and signatures

@pytest.mark.parametrize("name", [name for name in dir(stock) if name.startswith("SMTP") and name.endswith((
    "Error", "Exception", "Refused", "Disconnected"))])
def test_exceptions(name: str) -> None:
    """Ours is the stock one, too, and has the bases that it has."""
    theirs, ours = getattr(stock, name), getattr(mine, name)
    assert ours is not theirs and issubclass(ours, theirs)
    for base in theirs.__mro__:
        if base.__module__ == "smtplib":
            assert issubclass(ours, getattr(mine, base.__name__))
    arguments = {"SMTPSenderRefused": (550, b"no", ME), "SMTPRecipientsRefused": ({YOU: (550, b"no")},)}.get(
        name, (550, b"no") if issubclass(theirs, stock.SMTPResponseException) else ("no",))
    assert vars(ours(*arguments)) == vars(theirs(*arguments)) and ours(*arguments).args == theirs(*arguments).args


def test_names() -> None:
    assert set(stock.__all__) <= set(mine.__all__)
    for name in ("SMTP_PORT", "SMTP_SSL_PORT", "LMTP_PORT", "CRLF", "quoteaddr", "quotedata"):
        assert getattr(mine, name) is getattr(stock, name)
    for name in ("SMTP", "SMTP_SSL", "LMTP"):
        ours, theirs = getattr(mine, name), getattr(stock, name)
        assert ours.default_port == theirs.default_port and ours.ehlo_msg == theirs.ehlo_msg


METHODS = [(kind, name) for kind in ("SMTP", "SMTP_SSL", "LMTP") for name, method in inspect.getmembers(
    getattr(stock, kind), inspect.isfunction) if not name.startswith("_") or name in ("__init__", "_get_socket")]


@pytest.mark.parametrize("kind,name", METHODS)
def test_signatures(kind: str, name: str) -> None:
    """The parameters are the same, with the same defaults; ours may have more that are given by name."""
    ours, theirs = (dict(inspect.signature(getattr(getattr(module, kind), name)).parameters) for module in (mine, stock))
    assert list(theirs) == [each for each in ours if each in theirs]
    for parameter in theirs.values():
        assert ours[parameter.name].default == parameter.default, parameter.name
    more = {each.kind for each in ours.values() if each.name not in theirs and each.name not in ("keyfile", "certfile")}
    assert more <= {inspect.Parameter.KEYWORD_ONLY}


# ---- scripts

def shown(value: Any) -> Any:
    """A result or an exception, for comparison."""
    if isinstance(value, BaseException):
        return type(value).__name__, () if isinstance(value, UnicodeError) else value.args
    return value


def attempt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return shown(function(*arguments, **named))
    except (OSError, ValueError) as error:
        return shown(error)


def commands(smtp: Any) -> Iterator[Any]:
    yield smtp.ehlo(), smtp.ehlo_resp, smtp.does_esmtp, {k: v.split() for k, v in smtp.esmtp_features.items()}
    yield smtp.has_extn("SIZE"), smtp.has_extn("nothing")
    yield smtp.noop(), smtp.rset(), smtp.help(), smtp.help("me"), smtp.vrfy(YOU), smtp.expn("list")
    yield smtp.docmd("XFOO"), smtp.docmd("NOOP", "and more")
    yield smtp.putcmd("vrfy", YOU), smtp.putcmd("noop"), smtp.getreply(), smtp.getreply()
    yield smtp.mail(ME), smtp.rcpt(YOU), smtp.data(TEXT)
    yield smtp.mail(f"Me <{ME}>", ["SIZE=10"]), smtp.rcpt("You <you@example.net>"), smtp.data(b"bytes\r\n.dot")
    yield smtp.helo(), smtp.helo_resp, smtp.quit(), smtp.sock, smtp.ehlo_resp


def letters(smtp: Any) -> Iterator[Any]:
    yield smtp.sendmail(ME, YOU, TEXT)
    yield smtp.sendmail(ME, [YOU, "Other <other@example.net>"], TEXT.replace("\n", "\r\n").encode(), ["BODY=8BITMIME"])
    yield smtp.sendmail("<>", (YOU,), "no line end")
    yield smtp.sendmail(ME, [YOU, YOU, "other@example.net"], TEXT)
    modern, legacy = email.message.EmailMessage(), email.mime.text.MIMEText("äöü", _charset="utf-8")
    modern["From"], modern["To"], modern["Bcc"], modern["Subject"] = ME, f"{YOU}, B <b@example.net>", "c@example.net", "ä"
    modern.set_content("text\n" * 3)
    yield smtp.send_message(modern), str(modern["Bcc"])
    legacy["Sender"], legacy["From"], legacy["Cc"] = ME, "a@example.org, b@example.org", YOU
    yield smtp.send_message(legacy)
    yield smtp.send_message(legacy, ME, [YOU])


def refusals(smtp: Any) -> Iterator[Any]:
    yield attempt(smtp.sendmail, ME, [YOU, BAD, "later@example.net"], TEXT)
    yield attempt(smtp.sendmail, ME, [BAD], TEXT)
    yield attempt(smtp.sendmail, ME, [], TEXT)
    yield attempt(smtp.sendmail, BAD, [YOU], TEXT)
    yield attempt(smtp.sendmail, ME, ["only@example.net"], TEXT)
    yield smtp.sock is not None


def unwelcome(smtp: Any) -> Iterator[Any]:
    yield attempt(smtp.sendmail, ME, YOU, TEXT), smtp.ehlo_resp, smtp.helo_resp, smtp.does_esmtp, smtp.sock is not None


def faults(smtp: Any) -> Iterator[Any]:
    yield attempt(smtp.docmd, "noop\r\nquit"), attempt(smtp.mail, ME, ["A=b\nquit"])
    yield attempt(smtp.sendmail, "ä@example.org", YOU, TEXT), attempt(smtp.sendmail, ME, "ü@example.net", TEXT)
    yield attempt(smtp.sendmail, ME, YOU, "ä"), attempt(smtp.rcpt, "ä@example.org")
    yield attempt(smtp.mail, ME, ["SMTPUTF8"]), attempt(smtp.sendmail, ME, YOU, TEXT, ["smtputf8"])
    yield attempt(smtp.starttls), attempt(smtp.login, "me", "secret")
    smtp.close()
    yield attempt(smtp.noop)[0], attempt(smtp.sendmail, ME, YOU, TEXT)[0], attempt(smtp.starttls)[0]


def utf8(smtp: Any) -> Iterator[Any]:
    yield smtp.sendmail("jő@example.org", ["jános@example.net"], "ä".encode(), ["SMTPUTF8", "BODY=8BITMIME"])
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "Jő <jő@example.org>", YOU, "ä"
    message.set_content("ü\n")
    yield smtp.send_message(message), smtp.mail("jő@example.org", ["SMTPUTF8"]), smtp.rset()


def ended(smtp: Any) -> Iterator[Any]:
    yield attempt(smtp.sendmail, ME, [YOU, BAD, "third@example.net"], TEXT)
    yield smtp.sock, attempt(smtp.noop)[0]


def by_hand(smtp: Any) -> Iterator[Any]:
    """The recipe for OAuth that goes round: AUTH by docmd. (A mechanism in clear that envoi does not know is refused.)"""
    yield smtp.ehlo()[0], smtp.auth("cram-md5", lambda challenge=None: challenge and "me 0123456789abcdef", )
    yield attempt(smtp.auth, "CRAM-MD5", lambda challenge=None: "wrong", initial_response_ok=False)


REFUSING = {"RCPT TO:<bad@": "550 5.1.1 no such\tuser ", "RCPT TO:<later@": "451-4.2.0 one\n451 4.2.0 two",
            "MAIL FROM:<bad@": "553 5.1.8 not you", "RCPT TO:<only@": "450 not now"}
SCRIPTS: list[tuple[Callable[[Any], Iterator[Any]], dict[str, Any]]] = [
    (commands, {}),
    (letters, {}),
    (letters, {"extensions": ()}),
    (letters, {"replies": {"EHLO": "500 what?"}}),
    (refusals, {"replies": REFUSING}),
    (refusals, {"replies": REFUSING, "extensions": ()}),
    (refusals, {"replies": {"DATA": "554 5.3.2 no content today"}}),
    (refusals, {"replies": {".": "554-5.6.0 this\n554 5.6.0 is spam"}}),
    (unwelcome, {"replies": {"EHLO": "550 no", "HELO": "550 5.7.1 not you"}}),
    (faults, {"extensions": ()}),
    (utf8, {"extensions": ("SMTPUTF8", "8BITMIME")}),
    (ended, {"replies": {"MAIL": "421 4.3.2 closing"}, "extensions": ()}),
    (ended, {"replies": {"RCPT TO:<bad@": "421 4.3.2 closing"}, "extensions": ()}),
    (ended, {"replies": {".": "421 4.3.2 closing"}}),
    (by_hand, {"replies": {"AUTH CRAM-MD5": "334 PDEyMz4=", "bWUg": "235 2.7.0 welcome", "d3Jv": "535 5.7.8 no"}}),
]


def run(module: Any, script: Callable[[Any], Iterator[Any]], settings: dict[str, Any]) -> Any:
    with Server(**settings) as server:
        smtp = module.SMTP("127.0.0.1", server.port, "client.example", 20)
        results: list[Any] = []
        try:
            for result in script(smtp):
                results.append(result)
        except OSError as error:
            results.append(shown(error))
        smtp.close()
        return results, server.mails


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_scripts(number: int) -> None:
    script, settings = SCRIPTS[number]
    ours, theirs = run(mine, script, settings), run(stock, script, settings)
    for mine_, stocks in zip(ours, theirs):
        assert mine_ == stocks


@pytest.mark.parametrize("greeting", ["554 5.3.2 no", "421 later", "nonsense"])
def test_greetings(greeting: str) -> None:
    with Server(replies={"": greeting}) as server:
        told = [attempt(module.SMTP, "127.0.0.1", server.port) for module in (mine, stock)]
    assert told[0][0] == told[1][0] == "SMTPConnectError"
    assert told[0][1][0] == told[1][1][0]


@pytest.mark.parametrize("arguments", [("127.0.0.1", 1), ("no such host.example",), ("localhost:bogus",), ("localhost", "bogus")])
def test_no_connection(arguments: tuple[Any, ...]) -> None:
    """The socket is Python's, and so are its failures."""
    ours, theirs = (attempt(module.SMTP, *arguments) for module in (mine, stock))
    assert ours[0] == theirs[0]


def test_with_statement() -> None:
    for module in (mine, stock):
        with Server(replies={"quit": "451 not yet"}) as server, pytest.raises(module.SMTPResponseException) as caught:
            with module.SMTP("127.0.0.1", server.port):
                pass
        assert (caught.value.smtp_code, caught.value.smtp_error) == (451, b"not yet")
