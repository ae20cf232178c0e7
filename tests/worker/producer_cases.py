#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The producers of examples/, with a real RabbitMQ and a worker that sends what they publish: see harness.py."""
import json
import os
import signal
import subprocess
import sys

import pika

import harness
from harness import case, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../sendmail"))
from run import Server  # noqa: E402

MAIL = b"From: me@example.org\r\nTo: you@example.net\r\nSubject: hello\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\ntext\r\n"
PREFIX = "envoi"  # the producers publish there


def url(arena):
    return f"amqp://guest:guest@localhost:{arena.broker.port}/%2F"


def python(arena, *words):
    return ["/usr/bin/python3", os.path.join(HERE, "../../examples/worker_producer.py"), *words[:-3], url(arena), *words[-3:]]


def c(arena, *words):
    return [os.path.join(arena.build, "examples/worker_producer"), "localhost", str(arena.broker.port), "/", "guest", *words]


def produce(command):
    run = subprocess.run(command, input=MAIL, capture_output=True, timeout=60, env={**os.environ, "AMQP_PASSWORD": "guest"})
    return run.returncode, run.stderr.decode()


class Sink:
    """A mail server, and a worker that submits to it."""

    def __init__(self, arena):
        self.server = Server({"server": [], "ehlo": "8BITMIME SIZE DSN PIPELINING"})
        self.server.start()
        with open(arena.accounts_file, "a", encoding="utf-8") as file:
            file.write(f"[relay]\nhost = 127.0.0.1:{self.server.port}\ntls = off\nfrom = *@example.org\n")
        arena.declare()
        self.worker = subprocess.Popen([os.path.join(arena.build, "tools/envoi-worker"), "-C", arena.accounts_file, "run"],
                                       stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.worker.send_signal(signal.SIGTERM)
        _, self.log = self.worker.communicate(timeout=40)
        self.server.listener.close()
        assert self.worker.returncode == 0, self.log


def results(arena, count):
    connection = pika.BlockingConnection(pika.URLParameters(url(arena)))
    channel, found = connection.channel(), []

    def more():
        method, properties, body = channel.basic_get(f"{PREFIX}.results", auto_ack=True)
        if method:
            found.append((properties, json.loads(body)))
        return len(found) == count

    wait_until(more, what=f"{count} results")
    connection.close()
    return found


@case
def producers(arena):
    """Each form from each producer goes through broker and worker to the server, as it was."""
    arena.prefix = PREFIX
    arena.configure()
    with Sink(arena) as sink:
        for identity, command in (("python-mail", python(arena, "python-mail", "me@example.org", "you@example.net")),
                                  ("python-json", python(arena, "--json", "python-json", "me@example.org", "you@example.net")),
                                  ("c-mail", c(arena, "c-mail", "me@example.org", "you@example.net"))):
            before = len(sink.server.contents)
            code, error = produce(command)
            assert code == 0 and not error, (code, error)
            wait_until(lambda count=before: len(sink.server.contents) > count, what=identity)
            assert sink.server.contents[-1] == f"Message-ID: <{identity}@example.org>\r\n".encode() + MAIL, sink.server.contents[-1]
        # Of the three the second one asks for results although nothing failed.
        (properties, result), = results(arena, 1)
        assert properties.message_id == "python-json" and result["id"] == "python-json" and result["result"] == "sent", result
        assert [(r["address"], r["verdict"], r["code"]) for r in result["recipients"]] == [("you@example.net", "accepted", 250)], result
    assert sink.server.recipients == ["<you@example.net>"] * 3, sink.server.recipients


@case
def producers_without_queues(arena):
    """They tell that the job is not there."""
    arena.prefix = PREFIX
    arena.configure()
    arena.declare()
    arena.broker.ctl("delete_queue", f"{PREFIX}.jobs")
    for command in (python(arena, "a", "me@x", "you@x"), c(arena, "a", "me@x", "you@x")):
        code, error = produce(command)
        assert code == 75 and ("UnroutableError" in error or "there is no queue" in error), (code, error)


if __name__ == "__main__":
    sys.exit(harness.main(sys.argv[1:]))
