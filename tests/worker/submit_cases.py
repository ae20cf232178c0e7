#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cases of `envoi-worker submit` with a real RabbitMQ: see harness.py."""
import os
import re
import subprocess
import sys

import harness
from harness import case

MAIL = "From: me@example.org\r\nTo: you@example.net\r\nSubject: hello\r\n\r\ntext\r\n"


def submit(arena, *arguments, text=MAIL, environment=None):
    """(exit code, standard output, standard error)"""
    program = os.path.join(arena.build, "tools/envoi-worker")
    run = subprocess.run([program, "-C", arena.accounts_file, "submit", *arguments], input=text.encode("latin-1"),
                         capture_output=True, timeout=60, env={**os.environ, **(environment or {})})
    return run.returncode, run.stdout.decode(), run.stderr.decode()


def submitted(arena, *arguments, text=MAIL):
    """The id of a job that is in the queue."""
    code, output, error = submit(arena, *arguments, text=text)
    assert code == 0 and not error, (code, error)
    return output.rstrip("\n")


def refused(arena, expected, pattern, *arguments, **more):
    code, output, error = submit(arena, *arguments, **more)
    assert code == expected and not output and re.search(pattern, error) and error.count("\n") == 1, \
        f"{arguments}: {code} {output} {error}\n  expected: {expected} {pattern}"


def jobs(arena, count):
    driver = arena.driver("open", f"consume {count}")
    return [in_order(driver.event("delivery .*")) for _ in range(count)]


def in_order(job):
    """RabbitMQ 4 does not keep the order of headers."""
    head, *headers = re.split(" (?=x-envoi-)", job)
    return " ".join([head, *sorted(headers)])


@case
def submit_plain(arena):
    arena.declare()
    first = submitted(arena, "--from", "me@example.org", "you@example.net")
    second = submitted(arena, "--from", "", "--", "-you@example.net")
    assert re.fullmatch("[0-9a-f]{32}", first) and first != second, (first, second)
    one, other = jobs(arena, 2)
    assert re.search(f" id={first} type=message/rfc822 timestamp=[1-9][0-9]{{9}} size={len(MAIL)} ", one), one
    assert one.endswith("x-envoi-from=me@example.org x-envoi-results=none x-envoi-to@you@example.net"), one
    assert other.endswith("x-envoi-from= x-envoi-results=none x-envoi-to@-you@example.net"), other


@case
def submit_all_options(arena):
    arena.declare()
    identity = submitted(
        arena, "--account", "work", "--from", "me@example.org", "--to", "Bob <a@x>, b@x", "--rcpt-options", "NOTIFY=NEVER", "c@x",
        "a@X", "--rcpt-options", "", "d@x", "--mail-options", "RET=HDRS", "--drop-options", "--not-after",
        "2026-12-01T09:00:00+01:00", "--results", "failures", "--id", "order/17", "--timeout", "60")
    assert identity == "order/17"
    job, = jobs(arena, 1)
    assert " id=order/17 " in job, job
    assert job.endswith("x-envoi-account=work x-envoi-drop-options=yes x-envoi-from=me@example.org x-envoi-mail-options=RET=HDRS "
                        "x-envoi-not-after=2026-12-01T08:00:00Z x-envoi-rcpt-options@,,NOTIFY=NEVER, x-envoi-results=failures "
                        "x-envoi-to@a@x,b@x,c@x,d@x"), job


@case
def submit_recipients_of_the_header(arena):
    arena.declare()
    mail = "To: a@x,\r\n Bob <b@x>\r\nCc: group: c@x, a@X;\r\nBcc: d@x\r\nMessage-ID: <m@x>\r\n\r\ntext\r\n"
    submitted(arena, "--from", "me@x", "-t", "e@x", text=mail)
    job, = jobs(arena, 1)
    assert job.endswith(" x-envoi-to@e@x,a@x,b@x,c@x,d@x"), job
    assert f" size={len(mail) - len('Bcc: d@x') - 2} " in job, job


@case
def submit_sender_of_the_account(arena):
    arena.configure()
    with open(arena.accounts_file, "a", encoding="utf-8") as file:
        file.write("[work]\nhost = mail.example.org\nfrom = *@example.org, me@example.org\n[other]\nhost = mail.example.org\n")
    arena.declare()
    submitted(arena, "--account", "work", "you@example.net")
    job, = jobs(arena, 1)
    assert "x-envoi-account=work x-envoi-from=me@example.org " in job, job
    refused(arena, 64, "--from is missing, and no account names the sender", "--account", "other", "you@example.net")
    refused(arena, 78, "which account[?] There are: work, other; --account says which", "you@example.net")
    refused(arena, 78, "there is no account.*none", "--account", "none", "you@example.net")


@case
def submit_large(arena):
    arena.declare()
    mail = "Subject: large\r\n\r\n" + ("x" * 998 + "\r\n") * 5000
    submitted(arena, "--from", "me@x", "you@x", text=mail)
    job, = jobs(arena, 1)
    assert f" size={len(mail)} " in job, job


@case
def submit_wrong_words(arena):
    rows = [
        (64, r"^envoi-worker: no recipient was given; -t takes those of the header$", ["--from", "me@x"]),
        (64, r"--results: 'some': it is one of none, failures, all", ["--results", "some", "a@x"]),
        (64, r"--not-after: 'soon': it is a time such as", ["--not-after", "soon", "a@x"]),
        (64, r"--account: '': it is the name of an account", ["--account", "", "a@x"]),
        (64, r"--id: 'a b': it is 1 to 128 printable characters", ["--id", "a b", "a@x"]),
        (64, r"--id: '': it is 1 to 128 printable characters", ["--id", "", "a@x"]),
        (64, r"--timeout: '0': it is a whole number of seconds, from 1 to 86400", ["--timeout", "0", "a@x"]),
        (64, r"--timeout: '1m': it is a whole number", ["--timeout", "1m", "a@x"]),
        (64, r"--timeout: '86401': it is a whole number", ["--timeout", "86401", "a@x"]),
        (64, r"unrecognized option '--nonsense'", ["--nonsense"]),
        (65, r"recipient: 'a b' is not understood", ["a b"]),
        (65, r"--to: '<' is not understood", ["--to", "<"]),
        (65, r"^envoi-worker: to: .*a\.\.b@x", ["--from", "me@x", "a..b@x"]),
        (65, r"^envoi-worker: from: .*a\.\.b@x", ["--from", "a..b@x", "a@x"]),
        (65, r"^envoi-worker: mail_options: ", ["--from", "me@x", "--mail-options", "RET=", "a@x"]),
        (65, r"^envoi-worker: to: .*", ["--from", "me@x", "--rcpt-options", "NOTIFY", "--rcpt-options", "=", "a@x"]),
        (65, r"the 4000 recipients do not fit into the headers", ["--from", "me@x", *(f"recipient-{i:040}@x" for i in range(4000))]),
    ]
    for code, pattern, arguments in rows:
        refused(arena, code, pattern, *arguments)
    refused(arena, 65, "the body: the message is empty", "--from", "me@x", "a@x", text="")
    refused(arena, 65, "the message does not begin with a header: 'disk full'", "--from", "me@x", "-t", text="disk full")
    refused(arena, 65, "the message names no recipient in To, Cc or Bcc", "--from", "me@x", "-t", text="Subject: x\n\n")
    refused(arena, 65, "the message has a field Resent-To", "--from", "me@x", "-t", text="Resent-To: a@x\n\n")
    code, output, _ = submit(arena, "--help")
    assert code == 0 and "--read-recipients" in output


@case
def submit_without_broker(arena):
    refused(arena, 78, "submit_without_broker", "--from", "me@x", "a@x")  # no queues
    arena.configure(port=harness.rabbitmq.free_ports(1)[0])
    refused(arena, 69, "localhost", "--from", "me@x", "a@x")
    with open(arena.accounts_file, "w", encoding="utf-8") as file:
        file.write("[work]\nhost = localhost\n")
    refused(arena, 78, r"there is no section \[worker\]", "--from", "me@x", "a@x")


@case
def submit_to_a_full_queue(arena):
    arena.declare()
    arena.broker.ctl("set_policy", "full-submit", "^submit_to_a_full_queue[.]jobs$", '{"max-length": 1}')
    for _ in range(100):
        code, _, error = submit(arena, "--from", "me@x", "a@x")
        if code:
            break
    assert code == 75 and "the queue submit_to_a_full_queue.jobs is full" in error, (code, error)


@case
def submit_while_blocked(arena):
    """No memory: bounded, and the text says what to do."""
    arena.declare()
    arena.broker.set_alarm(True)
    try:
        refused(arena, 75, "the broker takes no jobs now: .*memory.*; it was waited for 2 s; .* with --id order-17$",
                "--from", "me@x", "--id", "order-17", "--timeout", "2", "a@x")
    finally:
        arena.broker.set_alarm(False)


@case
def sendmail_with_a_queue(arena):
    """envoi-sendmail with queue = amqp: the mail as it would have been sent, and the broker that is not there."""
    def sendmail(*arguments):
        run = subprocess.run([os.path.join(arena.build, "tools/envoi-sendmail"), "-C", arena.accounts_file, *arguments],
                             input=b"Subject: x\nBcc: secret@x\n\ntext\n", capture_output=True, timeout=60)
        assert not run.stdout, run.stdout
        return run.returncode, run.stderr.decode()

    def configure(**more):
        arena.configure(**more)
        with open(arena.accounts_file, "a", encoding="utf-8") as file:
            file.write("[work]\nqueue = amqp\nlog = none\nfrom = me@example.org\ndomain = example.org\nlocal = root@example.net\n")

    configure()
    code, error = sendmail("nobody")
    assert code == 78 and error.startswith("envoi-sendmail: ") and "declare" in error, (code, error)
    arena.declare()
    code, error = sendmail("-N", "never", "nobody", "you@example.net")
    assert code == 0 and not error, (code, error)
    job, = jobs(arena, 1)
    assert re.search(" x-envoi-account=work x-envoi-drop-options=yes x-envoi-from=me@example.org "
                     "x-envoi-rcpt-options=NOTIFY=NEVER x-envoi-results=none x-envoi-to@root@example.net,you@example.net$", job), job
    configure(port=harness.rabbitmq.free_ports(1)[0])
    code, error = sendmail("you@example.net")
    assert code == 75 and error.startswith("envoi-sendmail: ") and error.count("\n") == 1, (code, error)


if __name__ == "__main__":
    sys.exit(harness.main(sys.argv[1:]))
