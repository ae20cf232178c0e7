#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""envoi-worker run, with a real RabbitMQ and an SMTP server."""
import os
import signal
import socket
import subprocess
import sys
import time

import harness
from harness import case, wait_until
from mail_server import MailServer, closed_port

ME = "me@example.org"


class Worker:
    """A process of `envoi-worker run`, which is ready."""

    def __init__(self, arena, environment=None, is_ready=True):
        self.log_path = os.path.join(arena.directory, f"{arena.prefix}-{len(arena.children)}.log")
        self.log_file = open(self.log_path, "w", encoding="utf-8")
        self.process = subprocess.Popen([os.path.join(arena.build, "tools/envoi-worker"), "-C", arena.accounts_file, "run"],
                                        stdin=subprocess.DEVNULL, stderr=self.log_file, env={**os.environ, **(environment or {})})
        arena.children.append(self)
        if is_ready:
            self.wait_for_log("takes jobs")

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def wait_for_log(self, text, count=1):
        try:
            wait_until(lambda: self.log().count(text) >= count, what=f"{text!r} in the log")
        except TimeoutError as error:
            raise AssertionError(f"{error}; the log is:\n{self.log()}") from None

    def end(self, signal_number=signal.SIGTERM):
        """The exit code."""
        self.process.send_signal(signal_number)
        return self.process.wait(40)

    def close(self):
        if self.process.poll() is None:
            code = self.end()
            assert code == 0, f"the worker has ended with {code}:\n{self.log()}"
        self.log_file.close()


def begin(arena, *lines, port=None, account=()):
    """An SMTP server, and the queues."""
    server = MailServer()
    configure(arena, server.port if port is None else port, *lines, account=account)
    arena.declare()
    return server


def configure(arena, port, *lines, account=()):
    arena.configure("metrics = none", *lines)
    with open(arena.accounts_file, encoding="utf-8") as file:
        text = file.read()
    with open(arena.accounts_file, "w", encoding="utf-8") as file:
        file.write("\n".join(["[default]", "host = 127.0.0.1", f"port = {port}", "tls = off", f"from = {ME}", *account, text]))
    os.chmod(arena.accounts_file, 0o600)


def submit(arena, job, *recipients, options=()):
    run = subprocess.run([os.path.join(arena.build, "tools/envoi-worker"), "-C", arena.accounts_file, "submit", f"--id={job}", *options,
                          *recipients], input=f"From: {ME}\nSubject: {job}\n\nHello.\n", capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def counts_are(arena, **expected):
    counts = {}

    def look():
        counts.clear()
        counts.update((role, count) for role, count in arena.counts().items() if role in expected)
        return counts == expected

    try:
        wait_until(look, what="the queues")
    except TimeoutError as error:
        raise AssertionError(f"{error}: there is {counts}, expected: {expected}") from None


@case
def each_verdict(arena):
    server = begin(arena)
    worker = Worker(arena)
    submit(arena, "a", "you@example.net", "refuse@example.net", "defer@example.net", "lost@example.org")
    submit(arena, "b", "you@example.net", options=["--results=all"])
    submit(arena, "c", "refuse@example.net", options=["--results=failures"])
    submit(arena, "d", "lost@example.net")
    counts_are(arena, jobs=0, wait=1, dead=2, unknown=2, results=2)
    # What was lost with the content of "a" is unknown for those that were accepted.
    wait_until(lambda: server.count("you@example.net") == 1, what="the mail of b")
    assert "job a, attempt 1, account default: <defer@example.net>: deferred: 450 4.2.0 try later" in worker.log(), worker.log()
    server.stop()


@case
def wait_queue_brings_it_back(arena):
    """A deferred recipient gets its mail when the server likes it, one copy, and the others of the job none."""
    server = begin(arena, "delays = 1s, 2s")
    worker = Worker(arena)
    submit(arena, "w", "you@example.net", "defer-once@example.net")
    worker.wait_for_log("attempt 2, account default: <defer-once@example.net>: deferred")
    worker.wait_for_log("attempt 3, account default: <defer-once@example.net>: deferred")
    assert server.count("you@example.net") == 1
    server.stop()


@case
def sigterm_finishes_the_wire(arena):
    server = begin(arena)
    worker = Worker(arena)
    submit(arena, "h", "held@example.net")
    wait_until(lambda: server.held == 1, what="the content")
    worker.process.send_signal(signal.SIGTERM)
    worker.wait_for_log("ends")
    submit(arena, "later", "you@example.net")
    server.release()
    assert worker.process.wait(40) == 0, worker.log()
    assert server.count("held@example.net") == 1 and server.count("you@example.net") == 0
    wait_until(lambda: arena.messages("jobs") == 1, what="the job that is not settled")
    server.stop()


@case
def second_sigterm_is_now(arena):
    server = begin(arena)
    worker = Worker(arena)
    submit(arena, "h", "held@example.net")
    wait_until(lambda: server.held == 1, what="the content")
    worker.process.send_signal(signal.SIGTERM)
    worker.wait_for_log("ends")
    assert worker.end(signal.SIGINT) == 0, worker.log()
    counts_are(arena, jobs=0, unknown=1)
    server.release()
    server.stop()


@case
def killed_is_redelivered(arena):
    """The one window: killed between the content and the acknowledgement. Both copies have one Message-ID."""
    server = begin(arena)
    worker = Worker(arena)
    submit(arena, "k", "held@example.net")
    wait_until(lambda: server.held == 1, what="the content")
    worker.process.kill()
    worker.process.wait()
    server.release()
    Worker(arena)
    wait_until(lambda: server.count("held@example.net") == 2, what="the second copy")
    assert list(server.ids.values()) == [2], server.ids
    counts_are(arena, jobs=0)
    server.stop()


@case
def killed_is_parked(arena):
    server = begin(arena, "redelivered = park")
    worker = Worker(arena)
    submit(arena, "k", "held@example.net")
    wait_until(lambda: server.held == 1, what="the content")
    worker.process.kill()
    worker.process.wait()
    server.release()
    Worker(arena)
    counts_are(arena, jobs=0, unknown=1)
    assert server.count("held@example.net") == 1
    server.stop()


@case
def broker_stopped_in_mid_send(arena):
    """What was on the wire when the broker stopped is not sent again."""
    server = begin(arena)
    worker = Worker(arena)
    submit(arena, "h", "held@example.net", "refuse@example.net")
    wait_until(lambda: server.held == 1, what="the content")
    arena.broker.stop_app()
    try:
        worker.wait_for_log("the broker is lost")
        server.release()
        worker.wait_for_log("<held@example.net>: accepted")
    finally:
        arena.broker.start_app()
    worker.wait_for_log("the broker is there", 2)
    counts_are(arena, jobs=0, dead=1)
    wait_until(lambda: arena.messages("jobs") == 0, what="the acknowledgement")
    assert server.count("held@example.net") == 1, worker.log()
    server.stop()


@case
def alarm_stops_the_taking(arena):
    server = begin(arena)
    worker = Worker(arena)
    submit(arena, "h", "held@example.net", "refuse@example.net")
    wait_until(lambda: server.held == 1, what="the content")
    submit(arena, "n", "you@example.net")
    arena.broker.set_alarm(True)
    try:
        # The broker tells those who publish: the worker, by its next copy, which waits then.
        server.release()
        worker.wait_for_log("the broker takes no publications")
        worker.wait_for_log("takes no jobs")
        wait_until(lambda: arena.messages("jobs") >= 1, what="the job that is not settled")
    finally:
        arena.broker.set_alarm(False)
    worker.wait_for_log("the broker takes publications again")
    counts_are(arena, jobs=0, dead=1)
    wait_until(lambda: arena.messages("jobs") == 0, what="the acknowledgements")
    submit(arena, "z", "you@example.net")
    wait_until(lambda: server.count("you@example.net") == 2, what="the mail after the alarm")
    assert server.count("held@example.net") == 1
    server.stop()


@case
def queue_deleted_and_declared(arena):
    server = begin(arena)
    worker = Worker(arena)
    arena.broker.ctl("delete_queue", f"{arena.prefix}.jobs")
    worker.wait_for_log("was the queue deleted?")
    arena.declare()
    submit(arena, "q", "you@example.net")
    wait_until(lambda: server.count("you@example.net") == 1, what="the mail")
    server.stop()


@case
def server_away_and_back(arena):
    """No attempt is counted, and the job waits with the worker."""
    server = begin(arena)
    server.stop()
    worker = Worker(arena)
    submit(arena, "s", "you@example.net")
    worker.wait_for_log("a connection failed")
    wait_until(lambda: arena.messages("jobs") == 1, what="the job that is not settled")
    server.start()
    wait_until(lambda: server.count("you@example.net") == 1, what="the mail")
    worker.wait_for_log("job s, attempt 1, account default: <you@example.net>: accepted")
    worker.wait_for_log("works again")
    server.stop()


@case
def rates_of_an_account(arena):
    server = begin(arena, account=("message-rate = 2/1s", "connections = 1"))
    Worker(arena)
    began = time.monotonic()
    for i in range(4):
        submit(arena, f"j{i}", f"r{i}@example.net")
    wait_until(lambda: len(server.taken) == 4, what="all mails")
    assert server.times[-1] - began >= 3, server.times
    assert server.most_connections == 1
    server.stop()


@case
def rate_that_is_too_slow(arena):
    """For the jobs that are in work at once."""
    server = begin(arena, account=("message-rate = 1/1h",))
    worker = Worker(arena)
    submit(arena, "j", "you@example.net")
    wait_until(lambda: server.count("you@example.net") == 1, what="the mail")
    worker.wait_for_log("32 jobs (prefetch) do not go out in that time")
    server.stop()


@case
def two_workers_share(arena):
    server = begin(arena, "prefetch = 2")
    workers = [Worker(arena), Worker(arena)]
    for i in range(20):
        submit(arena, f"j{i}", f"r{i}@example.net")
    wait_until(lambda: len(server.taken) == 20, what="all mails")
    assert len(set(server.taken)) == 20
    assert all("accepted" in worker.log() for worker in workers)
    counts_are(arena, jobs=0)
    server.stop()


@case
def exit_codes(arena):
    """Those of the first connection."""
    begin(arena)
    assert arena.worker("run", "x")[0] == 64
    arena.configure("metrics = none", "broker-wait = 1s", port=closed_port())
    code, _, error = arena.worker("run")
    assert code == 69 and "no connection to the broker" in error, (code, error)
    prefix, arena.prefix = arena.prefix, "nowhere"
    arena.configure("metrics = none")
    code, _, error = arena.worker("run")
    assert code == 78 and "nowhere" in error, (code, error)
    arena.prefix = prefix
    arena.configure("metrics = none", "prefetch = many")
    assert arena.worker("run")[0] == 78
    arena.configure("metrics = none", "content-root = /nonexistent")
    code, _, error = arena.worker("run")
    assert code == 78 and "/nonexistent" in error, (code, error)
    arena.configure("metrics = none", "broker-user = nobody-here")
    code, _, error = arena.worker("run")
    assert code in (77, 78), (code, error)


def notified(address):
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.settimeout(harness.WAIT_SECONDS)
    receiver.bind(address)
    return receiver


@case
def tells_the_service_manager(arena):
    server = begin(arena)
    path = os.path.join(arena.directory, "notify")
    with notified(path) as receiver:
        worker = Worker(arena, {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        states = [receiver.recv(100).decode() for _ in range(4)]
        assert "READY=1" in states and states.count("WATCHDOG=1") >= 2, states
        worker.process.send_signal(signal.SIGTERM)
        while (state := receiver.recv(100).decode()) != "STOPPING=1":
            assert state == "WATCHDOG=1", state
        assert worker.process.wait(40) == 0
    abstract = f"envoi-{os.getpid()}"
    with notified("\0" + abstract) as receiver:
        worker = Worker(arena, {"NOTIFY_SOCKET": "@" + abstract})
        assert receiver.recv(100) == b"READY=1"
    server.stop()


@case
def log_for_the_journal(arena):
    server = begin(arena)
    log = os.path.join(arena.directory, "journal.log")
    with open(log, "w", encoding="utf-8") as file:
        stat = os.fstat(file.fileno())
        process = subprocess.Popen([os.path.join(arena.build, "tools/envoi-worker"), "-C", arena.accounts_file, "run"], stderr=file,
                                   env={**os.environ, "JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"})
    try:
        wait_until(lambda: "takes jobs" in open(log, encoding="utf-8").read(), what="the log")
    finally:
        process.terminate()
        process.wait(40)
    with open(log, encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0] == "<5>the broker is there" and all(line[0] == "<" and line[2] == ">" for line in lines), lines
    server.stop()


@case
def metrics_and_health(arena):
    import urllib.request
    server = begin(arena)
    port = closed_port()
    with open(arena.accounts_file, encoding="utf-8") as file:
        text = file.read().replace("metrics = none", f"metrics = 127.0.0.1:{port}")
    with open(arena.accounts_file, "w", encoding="utf-8") as file:
        file.write(text)
    Worker(arena)
    submit(arena, "m", "you@example.net")
    wait_until(lambda: server.count("you@example.net") == 1, what="the mail")

    def page(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode()

    wait_until(lambda: 'envoi_jobs_total{account="default",result="sent"} 1' in page("/metrics"), what="the counter")
    assert "envoi_broker_up 1" in page("/metrics")
    page("/healthz")
    server.stop()


if __name__ == "__main__":
    sys.exit(harness.main(sys.argv[1:]))
