#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/worker.md, done as a new user would, with a real RabbitMQ and a mail server of the test: see harness.py.

The commands are taken out of the page. What a test may not do to a machine (apt, systemctl, /etc) is replaced by programs of the
same name in front of PATH, and by a folder.
"""
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import harness
import rabbitmq
from harness import case, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "docs/worker.md"), encoding="utf-8") as page:
    PAGE = page.read()
PASSWORD = "s3cret pass"


def block(heading, language="sh", number=0):
    """The commands below a heading of the page."""
    section = PAGE[PAGE.index(f"\n{heading}\n") + 1:]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, flags=re.M | re.S)[number]


class Machine:
    """A folder with etc/, the programs that the page calls, and a mail server."""

    def __init__(self, arena):
        self.arena, self.broker = arena, arena.broker
        self.folder = os.path.join(arena.directory, arena.prefix)
        self.etc, self.bin, self.server = (os.path.join(self.folder, name) for name in ("etc", "bin", "server"))
        self.metrics_port, = rabbitmq.free_ports(1)
        self.worker, self.users = None, ["envoi"]
        for folder in (self.etc, self.bin):
            os.makedirs(folder)
        subprocess.run([os.path.join(ROOT, "tests/servers/aiosmtpd.sh"), "start", self.server], check=True, timeout=60)
        with open(os.path.join(self.server, "env"), encoding="utf-8") as file:
            self.mail = dict(word.split("=", 1) for word in shlex.split(file.read()) if "=" in word)
        self.make_programs()

    def program(self, name, *lines):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(["#!/bin/sh", *lines]) + "\n")
        os.chmod(path, 0o755)

    def make_programs(self):
        build = self.arena.build
        environment = " ".join(f"'{name}={value}'" for name, value in self.broker.environment().items())
        user = "setpriv --reuid=nobody --regid=nogroup --clear-groups " if self.broker.user else ""
        for name in ("rabbitmqctl", "rabbitmq-plugins"):
            self.program(name, f"cd '{self.broker.directory}'", f"exec {user}env {environment} {rabbitmq.BIN}/{name} \"$@\"")
        # Modules are loaded only from where no one else may write.
        subprocess.run(["cp", "-R", f"{build}/plugins", f"{build}/plugins.d", self.folder], check=True)
        self.program("envoi-worker", f"exec '{build}/tools/envoi-worker' -C '{self.etc}/envoi/accounts.conf' --plugins-d "
                     f"'{self.folder}/plugins.d' --module-dir '{self.folder}/plugins' \"$@\"")
        self.program("nano", f"printf '{PASSWORD}\\n' >\"$1\"")
        for name in ("apt", "systemctl", "journalctl"):
            self.program(name, f"echo {name} \"$@\" >>'{self.folder}/called'")

    def sh(self, commands):
        """Runs commands of the page, here."""
        for old, new in {
            "/etc/": self.etc + "/",
            "host = mail.example.org": f"host = localhost\nport = {self.mail['SMTP_PORT']}\nca = {self.mail['CA']}",
            "user = me@example.org": "user = alice",
            "amqp://localhost/mail": f"amqp://localhost:{self.broker.port}/mail",
            "[worker]\n": f"[worker]\nmetrics = 127.0.0.1:{self.metrics_port}\nlogin-retry = 1s\n",
        }.items():
            commands = commands.replace(old, new)
        run = subprocess.run(["sh", "-eu", "-c", "umask 022; mkdir -p " + self.etc + "/systemd/system; " + commands], cwd=self.folder,
                             env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"}, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def submit(self, *arguments):
        arguments = " ".join(f"'{a}'" for a in arguments)
        return self.sh("printf 'Subject: hello\\n\\nx\\n' | CREDENTIALS_DIRECTORY=/etc/envoi/secrets envoi-worker submit "
                       f"--from me@example.org {arguments}").strip()

    def start_worker(self):
        """As systemd would by the unit: the credentials are those that the drop-in names."""
        with open(f"{self.etc}/systemd/system/envoi-worker.service.d/secrets.conf", encoding="utf-8") as file:
            loaded = dict(re.findall(r"^\[Service\]\nLoadCredential=(.*?):(.*)$", file.read(), flags=re.M))
        credentials = os.path.join(self.folder, "credentials")
        os.makedirs(credentials, exist_ok=True)
        for name, path in loaded.items():
            subprocess.run(["cp", path, os.path.join(credentials, name)], check=True)
        with open(os.path.join(self.folder, "worker.log"), "ab") as log:
            self.worker = subprocess.Popen([f"{self.bin}/envoi-worker", "run"], stderr=log,
                                           env={**os.environ, "CREDENTIALS_DIRECTORY": credentials})

    def stop_worker(self):
        self.worker.send_signal(signal.SIGTERM)
        code = self.worker.wait(60)
        self.worker = None
        assert code == 0, f"the worker has ended with {code}: {self.log()}"

    def log(self):
        with open(os.path.join(self.folder, "worker.log"), encoding="utf-8") as file:
            return file.read()

    def get(self, path):
        """(status, text)"""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, line):
        return f"\n{line}\n" in self.get("/metrics")[1]

    def mails(self):
        return sorted(name for name in os.listdir(self.mail["MAILDIR"]) if name.endswith(".eml"))

    def counts(self):
        run = subprocess.run([f"{self.bin}/envoi-worker", "status", "--json"], capture_output=True, text=True, timeout=60,
                             env={**os.environ, "CREDENTIALS_DIRECTORY": f"{self.etc}/envoi/secrets"})
        return {entry["queue"]: entry["ready"] for entry in json.loads(run.stdout)["queues"]}

    def waits(self, condition, what):
        try:
            wait_until(condition, what=what)
        except Exception:
            print(self.log())
            raise

    def close(self):
        if self.worker:
            self.worker.kill()
            self.worker.wait()
        subprocess.run([os.path.join(ROOT, "tests/servers/aiosmtpd.sh"), "stop", self.server], check=False, timeout=60)
        self.broker.ctl("delete_vhost", "mail", check=False)
        for user in self.users:
            self.broker.ctl("delete_user", user, check=False)


def with_machine(function):
    def run(arena):
        machine = Machine(arena)
        try:
            function(machine)
        finally:
            machine.close()
    run.__name__ = function.__name__
    return case(run)


def roles():
    """The table of permissions: (name, configure, write, read) of each row."""
    for row in re.findall(r"^\| (.*?) \| `(.*?)` \| `(.*?)` \| `(.*?)` \|$", PAGE, flags=re.M):
        name, *patterns = (cell.replace("\\|", "|") for cell in row)
        yield re.sub(r"\W+", "-", name).strip("-"), *patterns


@with_machine
def guide_commands(machine):
    """From nothing to a mail; a login that is refused; a dead letter, and again."""
    assert block("## From nothing to a mail").count("\n") < 40
    machine.sh(block("## From nothing to a mail"))
    with open(f"{machine.folder}/called", encoding="utf-8") as file:
        assert re.match(r"apt install .*envoi-worker.*\nsystemctl enable --now envoi-worker\njournalctl ", file.read())
    assert machine.counts()["envoi.jobs"] == 1

    machine.start_worker()
    machine.waits(lambda: len(machine.mails()) == 1, "the first mail")
    machine.waits(lambda: machine.metric('envoi_recipients_total{account="relay",verdict="accepted"} 1'), "its metric")
    assert machine.get("/healthz") == (200, "ok\n"), machine.get("/healthz")
    for name in set(re.findall(r"\benvoi_[a-z_]+\b", block("### Monitoring", "yaml"))):
        assert f"# TYPE {re.sub('_bucket$', '', name)} " in machine.get("/metrics")[1], name
    machine.stop_worker()

    # The page on 535: jobs wait, until the secret is right and the service was started anew.
    machine.sh("echo wrong >/etc/envoi/secrets/relay")
    machine.start_worker()
    machine.submit("you@example.net")
    machine.waits(lambda: machine.metric('envoi_smtp_up{account="relay"} 0'), "the refused login")
    assert machine.get("/healthz")[0] == 503
    machine.stop_worker()
    assert len(machine.mails()) == 1 and machine.counts()["envoi.dead"] == 0
    machine.sh(f"echo '{PASSWORD}' >/etc/envoi/secrets/relay")
    machine.start_worker()
    machine.waits(lambda: len(machine.mails()) == 2, "the second mail")

    machine.submit("nobody@example.net", "you@example.net")
    machine.waits(lambda: machine.metric('envoi_dead_total{reason="refused"} 1'), "the dead letter")
    assert machine.counts()["envoi.dead"] == 1 and len(machine.mails()) == 3
    machine.sh(block("### Dead letters", number=1))
    machine.waits(lambda: machine.metric('envoi_dead_total{reason="refused"} 2'), "the same, sent again")
    machine.waits(lambda: machine.counts()["envoi.dead"] == 1, "the same dead letter")
    assert len(machine.mails()) == 3, "the recipient that was accepted does not get it again"
    machine.stop_worker()


@with_machine
def guide_permissions(machine):
    """Each row of the table may do what it is for, and no more."""
    table = list(roles())
    declare, run, submit, _, dead = machine.users = [name for name, *_ in table]
    assert (declare, submit) == ("envoi-worker-declare", "producers-envoi-worker-submit"), table
    machine.sh("rabbitmqctl add_vhost mail; mkdir -p /etc/envoi; echo pw >/etc/envoi/pw; chmod 600 /etc/envoi/pw; "
               f"mkdir -p /etc/systemd/system/envoi-worker.service.d; : >/etc/systemd/system/envoi-worker.service.d/secrets.conf; "
               f"echo '{PASSWORD}' >/etc/envoi/relay; chmod 600 /etc/envoi/relay")
    for name, *patterns in table:
        machine.sh(f"rabbitmqctl add_user {name} pw; rabbitmqctl set_permissions -p mail {name} " + " ".join(f"'{p}'" for p in patterns))

    def be(user):
        machine.sh(f"cat >/etc/envoi/accounts.conf <<END\n[relay]\nhost = mail.example.org\nuser = me@example.org\npassword-file = relay\n"
                   f"[worker]\nbroker = amqp://localhost/mail\nbroker-user = {user}\nbroker-password-file = pw\nEND")

    be(run)
    machine.sh("code=0; envoi-worker declare || code=$?; [ $code -eq 77 ]")
    be(declare)
    machine.sh("envoi-worker declare")
    be(submit)
    machine.submit("you@example.net", "nobody@example.net", "defer@example.net")
    be(run)
    machine.start_worker()
    machine.waits(lambda: machine.counts()["envoi.wait.1m"] == 1 and machine.counts()["envoi.dead"] == 1, "each of the three")
    assert len(machine.mails()) == 1
    machine.stop_worker()
    be(dead)
    machine.start_worker()
    machine.waits(lambda: re.search(r"ACCESS_REFUSED - (read )?access to queue 'envoi\.jobs'", machine.log()), "that the jobs are not for all")
    machine.stop_worker()


@with_machine
def guide_policies(machine):
    """A full queue refuses jobs, and the producer is told."""
    machine.sh(block("## From nothing to a mail"))
    machine.sh(block("### A policy").replace("20000000000", "2000"))
    for _ in range(10):
        code = machine.sh("code=0; printf 'Subject: x\\n\\n%0500d\\n' 1 | CREDENTIALS_DIRECTORY=/etc/envoi/secrets envoi-worker submit "
                          "--from me@example.org you@example.net 2>error >/dev/null || code=$?; echo $code").strip()
        if code != "0":
            break
    with open(f"{machine.folder}/error", encoding="utf-8") as file:
        error = file.read()
    assert code == "75" and "is full" in error, (code, error)


sys.exit(harness.main(sys.argv[1:]))
