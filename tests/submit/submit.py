#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""submit.py SUBMIT ENVOI PLUGINS.D MODULES [LOG]: envoi-submit as a whole: who may send by which account, what each
recipient is told, what is in the log, and that it ends well however a client behaves. As root it runs as a user of its own,
with clients of two others; otherwise all are one user, and what needs several is left out."""
import contextlib
import errno
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from upstream import PASSWORD, PATIENCE, Upstream

SUBMIT, ENVOI, PLUGINS_D, MODULES = sys.argv[1:5]
LOG = sys.argv[5] if len(sys.argv) > 5 else os.devnull
ROOT = os.geteuid() == 0
# Nobody's: neither the service nor the two have a name in the user database.
SERVICE, ALICE, BOB = (64901, 64902, 64903) if ROOT else (os.geteuid(),) * 3
checks = failed = 0
running = set()  # services that a test has not ended: they are killed with it


def check(title, good, *seen):
    global checks, failed
    checks += 1
    failed += not good
    print(f"{'ok   ' if good else 'FAIL '} {title}")
    if not good:
        print("      |", *seen)


def become(uid):
    if ROOT:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)


class Service:
    """envoi-submit with a socket that was passed to it, as systemd does."""

    def __init__(self, folder, *options, accounts=None, file_max=None):
        self.path = os.path.join(folder, "socket")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        os.chmod(self.path, 0o666)
        listener.listen(16)
        self.log = tempfile.TemporaryFile()
        argv = [SUBMIT, "--verbose", "--accounts-file", accounts or os.path.join(folder, "accounts.conf"),
                "--plugins-d", PLUGINS_D, "--module-dir", MODULES, *options]
        self.pid = spawn(argv, [listener], self.log.fileno(), file_max=file_max)
        running.add(self.pid)
        listener.close()

    def text(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def wait_for(self, words):
        """Until the log has them."""
        until = time.monotonic() + PATIENCE
        while words not in self.text() and time.monotonic() < until:
            threading.Event().wait(0.01)
        return words in self.text()

    def stop(self):
        """Returns the exit code, as the shell writes it."""
        os.kill(self.pid, signal.SIGTERM)
        return self.end()

    def end(self):
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        running.remove(self.pid)
        with open(LOG, "a", encoding="utf-8") as file:
            file.write(self.text())
        check("no secret in the log, and no sanitizer", PASSWORD not in self.text() and "Sanitizer" not in self.text() and
              "runtime error" not in self.text(), self.text())
        return code


def spawn(argv, sockets, output, pid=None, file_max=None):
    child = os.fork()
    if child:
        return child
    try:
        copies = [os.dup(os.open(os.devnull, os.O_RDONLY)) for _ in range(8)]  # so that no socket stands in the way
        fds = [os.dup(s.fileno()) for s in sockets]
        os.dup2(output, 1)
        os.dup2(output, 2)
        for i, fd in enumerate(fds):
            os.dup2(fd, 3 + i)
        os.closerange(3 + len(fds), max(copies + fds) + 1)
        if file_max:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_max, file_max))
        become(SERVICE)
        os.environ.update(LISTEN_PID=str(pid or os.getpid()), LISTEN_FDS=str(len(fds)),
                          HOME="/nonexistent", ENVOI_ACCOUNT="private")
        os.execv(argv[0], argv)
    finally:
        os._exit(126)


class Client:
    """A connection in this process."""

    def __init__(self, service):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(service.path)
        self.lines = self.sock.makefile("rb")
        self.greeting = self.reply()

    def reply(self):
        """The last line of a reply; "" at the end of the connection."""
        try:
            while line := self.lines.readline().decode():
                if line[3:4] != "-":
                    return line.strip()
        except ConnectionError:
            pass
        return ""

    def say(self, *lines):
        """Sends lines, and returns the replies."""
        self.sock.sendall("".join(line + "\r\n" for line in lines).encode())
        return [self.reply() for _ in lines]

    def begin(self, sender, *recipients):
        return self.say("LHLO test", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{r}>" for r in recipients), "DATA")

    def finish(self, text, count=1):
        """Sends the content, and returns the replies to it."""
        self.sock.sendall(f"From: a@example.org\r\n\r\n{text}\r\n.\r\n".encode())
        return [self.reply() for _ in range(count)]

    def close(self):
        self.lines.close()
        self.sock.close()


def mail(service, sender, *recipients, text="Hello."):
    """Sends a message; returns the replies to the content, or to what was refused before it."""
    client = Client(service)
    replies = client.begin(sender, *recipients)
    if not replies[-1].startswith("354"):
        client.close()
        return replies[1:]
    verdicts = client.finish(text, sum(r.startswith("250") for r in replies[2:-1]))
    client.close()
    return verdicts


def as_user(uid, call):
    """Runs it in a process of that user, and returns the text that it returns."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            become(uid)
            os.write(write, call().encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def send(uid, service, *args, text="From: a@example.org\n\nBy the program.\n"):
    """The program envoi, as a user: its exit code and what it prints."""
    argv = [ENVOI, "send", "--host", service.path, "--lmtp", "--timeout", str(PATIENCE), *args]
    run = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=60,
                         env={**os.environ, "HOME": "/nonexistent"}, preexec_fn=lambda: become(uid))
    return run.returncode, run.stdout + run.stderr


ACCOUNTS = """
default = relay
timeout = 20

[base]
host = 127.0.0.1:{port}
tls = off
user = relay
password-file = {folder}/secret

[relay]
like = base
allow-cleartext-auth = yes
from = *@example.org
lock = yes

[several]
like = base
host = 127.0.0.1:{closed}, 127.0.0.1:{port}
user = relay
password-file = {folder}/secret
allow-cleartext-auth = yes
from = *@several.example
lock = yes

[down]
host = 127.0.0.1:{closed}
tls = off
from = *@down.example
lock = yes

[broken]
host = 127.0.0.1:{port}
tls = off
user = relay
password-file = {folder}/missing
from = *@broken.example
lock = yes

[wrong]
host = 127.0.0.1:{port}
tls = off
user = stranger
password-file = {folder}/secret
allow-cleartext-auth = yes
from = *@wrong.example
lock = yes

[nowhere]
from = *@nowhere.example
lock = yes

[private]
like = base
allow-cleartext-auth = yes
from = *@private.example
"""


def write(path, text, mode, uid):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    if ROOT:
        os.chown(path, uid, uid)


def make_files(folder, port):
    closed = socket.create_server(("127.0.0.1", 0))
    closed_port = closed.getsockname()[1]
    closed.close()
    write(f"{folder}/accounts.conf", ACCOUNTS.format(port=port, closed=closed_port, folder=folder), 0o644, 0)
    write(f"{folder}/secret", PASSWORD + "\n", 0o600, SERVICE)
    write(f"{folder}/open.conf", f"[open]\nhost = 127.0.0.1:{closed_port}\nlock = yes\ntls = off\n", 0o644, 0)
    write(f"{folder}/unlocked.conf", f"[other]\nhost = 127.0.0.1:{closed_port}\ntls = off\n", 0o644, 0)
    write(f"{folder}/bad.conf", "[other]\nhots = x\n", 0o644, 0)


# ---- the start ----

def starts(folder):
    def run(*options, sockets=(), **more):
        with tempfile.TemporaryFile() as output:
            child = spawn([SUBMIT, *options], list(sockets), output.fileno(), **more)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            text = os.pread(output.fileno(), 1 << 16, 0).decode()
        with open(LOG, "a", encoding="utf-8") as file:
            file.write(text)
        return code, text

    code, text = run("--help")
    check("--help", code == 0 and "--max-per-user N" in text and "--idle SECONDS" in text, code, text)
    code, text = run("--version")
    check("--version", code == 0 and text.startswith("envoi "), code, text)
    for arguments, words in ((["--max-size", "0"], "--max-size takes a number from 1 to"), (["x"], "takes no operands"),
                             (["--accounts-file", "x"], "takes a path that begins with /"),
                             (["--idle", "1x"], "--idle takes a number"), (["--nothing"], "unrecognized")):
        code, text = run(*arguments)
        check(" ".join(arguments), code == 64 and words in text, code, text)
    code, text = run()
    check("without a socket", code == 64 and "no socket was passed" in text and "root and the group envoi" in text, text)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as deaf:
        code, text = run(sockets=[tcp], pid=1)
        check("a socket of another process", code == 64 and "no socket was passed" in text, text)
        for title, wrong in (("of the network", tcp), ("that does not listen", deaf)):
            code, text = run(sockets=[wrong])
            check(f"a socket {title}", code == 64 and "not a listening unix socket" in text, text)
        code, text = run(sockets=[tcp, deaf])
        check("two sockets", code == 64 and "2 sockets were passed" in text, text)


# ---- the secret ----

def two_users(service, folder, upstream):
    if not ROOT:
        print("skip  two users: this needs root")
        return

    def read_secret():
        try:
            with open(f"{folder}/secret", encoding="utf-8") as file:
                return file.read()
        except OSError as error:
            return errno.errorcode[error.errno]

    for name, uid in (("alice", ALICE), ("bob", BOB)):
        check(f"{name} cannot read the secret", as_user(uid, read_secret) == "EACCES")
        code, text = send(uid, service, "--from", f"{name}@example.org", "--to", "you@example.net")
        check(f"{name} sends by it all the same", code == 0 and "queued as 1234" in text, code, text)
        check(f"and the log says that it was {name}", service.wait_for(
            f"uid={uid} user=? pid=") and f"account=relay from=<{name}@example.org> to=<you@example.net> accepted: 250 2.0.0 "
            "queued as 1234" in service.text(), service.text())
    check("the server has seen the login", upstream.logins[-2:] == [True, True], upstream.logins)
    check("and both messages", [m[0] for m in upstream.mails[-2:]] == ["alice@example.org", "bob@example.org"])


# ---- verdicts ----

def verdicts(service, upstream):
    replies = mail(service, "a@example.org", "b@example.net", "later@example.net", "never@example.net", text="..dots")
    check("each recipient has the server's own reply", replies == [
        "250 2.0.0 queued as 1234", "451 4.2.1 come later", "550 5.1.1 nobody here"], replies)
    check("the content is what was sent", upstream.mails[-1][2] == b"From: a@example.org\r\n\r\n..dots\r\n", upstream.mails[-1])
    replies = mail(service, "a@example.org", "b@example.net", "c@example.net", text="\r\ndrop")
    check("where nobody knows, nothing is said", replies == ["", ""], replies)
    code, text = send(BOB, service, "--from", "b@example.org", "--to", "c@example.net", text="From: b@x\n\n\ndrop\n")
    check("and the program says so", code == 81, code, text)
    replies = mail(service, "a@down.example", "b@example.net", "c@example.net")
    check("without a server each is told to come again", len(replies) == 2 and
          all(r.startswith("451 4.4.0 ") and "127.0.0.1" in r for r in replies), replies)
    replies = mail(service, "a@several.example", "b@example.net")
    check("the second server of an account is tried", replies == ["250 2.0.0 queued as 1234"] and
          "now 127.0.0.1:" in service.text(), replies, service.text())
    replies = mail(service, "a@broken.example", "b@example.net")
    check("a secret that is not there", len(replies) == 1 and replies[0].startswith("451 4.4.0 ") and
          "/missing" in replies[0], replies)
    replies = mail(service, "a@wrong.example", "b@example.net")
    check("a login that is refused is not the message's fault", len(replies) == 1 and replies[0].startswith("451 4.4.0 "),
          replies)
    replies = mail(service, "a@example.org", "b@example.net", text="nul: \0")
    check("content that cannot be sent", len(replies) == 1 and replies[0].startswith("554 5.6.0 "), replies)
    client = Client(service)
    client.say("LHLO x", "MAIL FROM:<a@example.org> SMTPUTF8", "RCPT TO:<b@example.net>", "DATA")
    replies = client.finish("x")
    check("an extension that the server lacks", replies[0].startswith("554 5.6.3 "), replies)
    client.close()


def senders(service, folder):
    for sender, code, words in (("x@private.example", "550 5.7.1", "account relay"), ("x@other.example", "550 5.7.1", "account relay"),
                                ("x@nowhere.example", "451 4.3.5", "no host")):
        replies = mail(service, sender, "b@example.net")
        check(f"no account for all: {sender}", replies[0].startswith(code) and words in replies[0], replies)
    check("it is in the log", "from=<x@private.example> refused: " in service.text(), service.text())
    replies = mail(service, "", "b@example.net")
    check("the null sender goes by the default", replies == ["250 2.0.0 queued as 1234"], replies)
    client = Client(service)
    replies = client.say("LHLO x", "MAIL FROM:<a@example.org> RET=ALL", "MAIL FROM:<a@example.org> RET=HDRS", "RCPT TO:<a..b@x>",
                         "RCPT TO:<b@example.net> NOTIFY=X", "RCPT TO:<b@example.net>", "DATA")
    check("addresses and parameters are checked", [r[:9] for r in replies[1:]] == [
        "501 5.5.4", "250 2.1.0", "501 5.1.3", "501 5.5.4", "250 2.1.5", "354 end w"], replies)
    replies = client.finish("A bad recipient does not spoil the others.")
    check("a bad recipient does not spoil the others", replies[0].startswith("250"), replies)
    client.close()
    for name, code, words in (("open", "451 4.4.0", "127.0.0.1"), ("unlocked", "550 5.7.1", "lock = yes"),
                              ("bad", "451 4.3.5", "bad.conf:2"), ("none", "550 5.7.1", "lock = yes")):
        other = Service(folder, accounts=f"{folder}/{name}.conf")
        replies = mail(other, "x@anywhere.example", "b@example.net")
        check(f"{name}.conf", replies[0].startswith(code) and words in replies[0], replies)
        other.stop()


# ---- clients ----

def clients(service, upstream):
    before = len(upstream.mails), upstream.connections
    client = Client(service)
    client.begin("a@example.org", "b@example.net")
    client.sock.sendall(b"Subject: half\r\n\r\nhalf of it\r\n.\r")
    client.close()
    check("a client goes away in the middle: it is in the log", service.wait_for("has gone before the end of the message"))
    check("and nothing was sent", (len(upstream.mails), upstream.connections) == before)
    results = []
    threads = [threading.Thread(target=lambda: results.extend(mail(service, "a@example.org", "b@example.net",
                                                                  text="\r\nmeet\r\n" + "x" * 70 + "\r\n" * 20000)))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("two at once", results == ["250 2.0.0 queued as 1234"] * 2, results)


def bounds(folder):
    service = Service(folder, "--idle", "1", "--max-size", "1")
    client = Client(service)
    check("an idle client is sent away", client.reply() == "421 4.3.2 nothing came for too long" and client.reply() == "")
    client.close()
    client = Client(service)
    client.begin("a@example.org", "b@example.net")
    check("in the middle of a message too", client.reply().startswith("421 ") and
          service.wait_for("said nothing for too long: its message was not sent"))
    client.close()
    replies = mail(service, "a@example.org", "b@example.net", "c@example.net", text=("x" * 78 + "\r\n") * 14000)
    check("a message that is too long", [r[:9] for r in replies] == ["552 5.3.4"] * 2, replies)
    client = Client(service)
    replies = client.say("LHLO x", "MAIL FROM:<a@example.org> SIZE=1048577")
    check("and one that says so", replies[1].startswith("552 5.3.4 "), replies)
    client.close()
    check("the service ends", service.stop() == 0)


@contextlib.contextmanager
def staying(uid, service, greetings):
    """A client of that user, in a process of its own, that stays until the block ends."""
    (read, told), (until, done) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(done)
        become(uid)
        client = Client(service)
        os.write(told, client.greeting.encode())
        os.read(until, 1)
        os._exit(0)
    os.close(told)
    greetings[uid] = os.read(read, 200).decode()
    os.close(read)
    try:
        yield
    finally:
        os.close(done)
        os.close(until)
        os.waitpid(child, 0)


def no_room(folder, upstream):
    service = Service(folder, file_max=100000)
    count = len(upstream.mails)
    replies = mail(service, "a@example.org", "b@example.net", text=("x" * 78 + "\r\n") * 2000)
    check("a message for which there is no room", replies[0].startswith("451 4.4.0 the message cannot be kept: File too") and
          len(upstream.mails) == count, replies)
    service.stop()


def crowd(folder):
    service = Service(folder, "--max-clients", "2", "--max-per-user", "1")
    first = Client(service)
    second = Client(service)
    check("a second connection of a user", second.greeting == "421 4.3.2 too many connections: try again" and
          "refused: too many connections (1)" in service.text(), second.greeting, service.text())
    with open(LOG, "a", encoding="utf-8") as file:
        file.write(second.greeting)
    if ROOT:
        greetings = {}
        with staying(ALICE, service, greetings), staying(BOB, service, greetings):
            check("another user's is taken", greetings[ALICE] == "220 envoi-submit LMTP", greetings)
            check("a third one is too many", greetings[BOB].startswith("421 "), greetings)
    os.kill(service.pid, signal.SIGTERM)
    check("after SIGTERM a client can finish", first.say("LHLO x", "QUIT")[1].startswith("221 "))
    first.close()
    second.close()
    check("and then the service ends", service.end() == 0)


def main():
    open(LOG, "w", encoding="utf-8").close()
    folder = tempfile.mkdtemp()
    try:
        os.chmod(folder, 0o755)
        upstream = Upstream()
        make_files(folder, upstream.port)
        starts(folder)
        service = Service(folder)
        two_users(service, folder, upstream)
        verdicts(service, upstream)
        clients(service, upstream)
        senders_folder = os.path.join(folder, "other")
        os.mkdir(senders_folder)
        for name in ("open", "unlocked", "bad"):
            shutil.copy2(f"{folder}/{name}.conf", senders_folder)
        senders(service, senders_folder)
        check("it stops on SIGTERM", service.stop() == 0)
        bounds(folder)
        no_room(folder, upstream)
        crowd(folder)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder)
    print(f"submit: {checks} checks, {failed} failed")
    sys.exit(failed > 0)


main()
