#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the cases of envoi-sendmail; README.md has their form.

usage: run.py PROGRAM CASES TEXTS PRELOAD     CASES: a folder or a file; TEXTS: keeps what the program printed
"""
import codecs
import glob
import os
import pwd
import re
import resource
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

SECONDS = 20  # for one case
SINGLE = ("case", "args", "argv0", "ehlo", "exit", "log", "tty", "closed", "big", "long", "room", "heap", "noconf")
SEVERAL = ("conf", "top", "alias", "env", "server", "worker", "in", "tail", "err", "out", "from", "to", "told", "got")
PLACES = {"USER": pwd.getpwuid(os.getuid()).pw_name, "HOST": socket.gethostname()}


def cases_of(path):
    found, case = [], None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        key, _, value = line.partition(":")
        value = value[1:]
        if key == "case":
            case = {name: [] for name in SEVERAL}
            found.append(case)
            case["place"] = f"{os.path.basename(path)}:{number}"
        if key in SINGLE:
            case[key] = value
        elif key in SEVERAL:
            case[key].append(value)
        else:
            sys.exit(f"{path}:{number}: no such key: {key}")
    return found


class Server(threading.Thread):
    """Takes connections until it is closed, and keeps what it is told."""

    def __init__(self, case):
        super().__init__(daemon=True)
        self.rules = [rule.split(" -> ") for rule in case["server"] if " -> " in rule]
        self.ehlo = case.get("ehlo", "8BITMIME SIZE DSN").split(" ") if case.get("ehlo", "x") else []
        self.senders, self.recipients, self.contents = [], [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        if "down" in case["server"]:
            self.listener.close()

    def run(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                with connection:
                    connection.settimeout(SECONDS)
                    self.talk(connection.makefile("rwb"))
        except (OSError, ValueError):
            pass

    def rule(self, line, otherwise):
        for begin, reply in self.rules:
            if line.startswith(begin):
                return reply
        return otherwise

    def say(self, file, line, otherwise):
        reply = self.rule(line, otherwise)
        if reply == "close":
            return False
        file.write(reply.encode() + b"\r\n")
        file.flush()
        return True

    def content(self, file):
        lines = []
        while True:
            line = file.readline()
            if line == b".\r\n" or not line:
                return b"".join(lines) if line else None
            lines.append(line[1:] if line.startswith(b".") else line)

    def talk(self, file):
        if not self.say(file, "greeting", "220 test ready"):
            return
        while True:
            line = file.readline().decode("utf-8", "replace").rstrip("\r\n")
            verb = line.upper()
            if not line:
                return
            if verb.startswith("EHLO"):
                if not self.say(file, line, "\r\n".join(f"250-{word}" for word in ["test"] + self.ehlo) + "\r\n250 HELP"):
                    return
                continue
            if verb.startswith("MAIL FROM:"):
                self.senders.append(re.sub(r" SIZE=\d+", "", line[10:]))
            if verb.startswith("RCPT TO:"):
                self.recipients.append(line[8:])
            if verb.startswith("DATA"):
                if not self.say(file, line, "354 go on"):
                    return
                if self.rule(line, "354").startswith("354"):
                    content = self.content(file)
                    if content is None:
                        return
                    self.contents.append(content)
                    if not self.say(file, ".", "250 2.0.0 kept"):
                        return
                continue
            if not self.say(file, line, "221 bye" if verb.startswith("QUIT") else "250 ok") or verb.startswith("QUIT"):
                return


class Worker:
    """envoi-worker beside the program: a script that keeps what it is told, and then does what the case says."""

    def __init__(self, folder, program, case):
        self.folder, self.program = folder, f"{folder}/envoi-sendmail"
        try:
            os.link(program, self.program)
        except OSError:
            shutil.copy(program, self.program)
        if case["worker"] == ["-"]:
            return
        with open(f"{folder}/envoi-worker", "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nunset LD_PRELOAD\nprintf '%s\\n' \"$@\" >{folder}/told\n" +
                       "".join(line + "\n" for line in case["worker"]).replace("{DIR}", folder))
        os.chmod(f"{folder}/envoi-worker", 0o600 if case["worker"] == ["!"] else 0o700)

    def told(self):
        if not os.path.exists(f"{self.folder}/told"):
            return []
        return open(f"{self.folder}/told", encoding="utf-8").read().replace(self.folder, "{DIR}").splitlines()

    def contents(self):
        if not os.path.exists(f"{self.folder}/got"):
            return []
        with open(f"{self.folder}/got", "rb") as file:
            return [file.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")]


def unescape(text):
    return codecs.escape_decode(text.encode())[0]


def lines_of(lines):
    lines = [put_in(line) for line in lines]
    return b"".join(unescape(line[:-2]) if line.endswith("\\c") else unescape(line) + b"\n" for line in lines)


def input_of(case):
    text = lines_of(case["in"])
    text += b"x" * 1024 * int(case.get("long", 0))
    end = b"\r\n" if "-bs" in case.get("args", "") else b"\n"
    return text + (b"0" * 63 + end) * int(case.get("big", 0)) + lines_of(case["tail"])


def put_in(line):
    return re.sub(r"\{([A-Z]+)\}", lambda m: PLACES.get(m.group(1), m.group(0)), line)


def masked(content):
    content = re.sub(rb"(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r$", b"Date: *\r", content)
    return re.sub(rb"(?m)^Message-ID: <[0-9a-f]{32}@", b"Message-ID: <*@", content)


class Player:
    def __init__(self, program, preload, texts):
        self.program, self.preload, self.texts = program, preload, texts
        self.failures = 0

    def complain(self, case, text):
        self.failures += 1
        print(f"{case['place']}: {case['case']}: {text}")

    def write(self, folder, case, port):
        os.mkdir(f"{folder}/envoi")
        if case["alias"]:
            with open(f"{folder}/aliases", "w", encoding="utf-8") as file:
                file.write("".join(line.replace("\\t", "\t") + "\n" for line in case["alias"]))
        if "noconf" in case:
            return
        lines = case["top"] + ["[a]"]
        for key, value in (("host", f"127.0.0.1:{port}"), ("tls", "off"), ("domain", "test"), ("timeout", "10"),
                           ("helo", "client.test"), ("aliases", f"{folder}/aliases")):
            if not any(re.match(rf"{key}\b", line) for line in case["conf"]) and (key != "aliases" or case["alias"]):
                lines.append(f"{key} = {value}")
        with open(f"{folder}/envoi/accounts.conf", "w", encoding="utf-8") as file:
            lines += [line for line in case["conf"] if not line.endswith(" = -")]
            file.write("".join(line + "\n" for line in lines).replace("{DIR}", folder).replace("{PORT}", str(port)))
        os.chmod(f"{folder}/envoi/accounts.conf", 0o600)

    def execute(self, folder, case, program):
        places = dict(PLACES, DIR=folder)
        args = [re.sub(r"\{([A-Z]+)\}", lambda m: places[m.group(1)], word) for word in shlex.split(case.get("args", ""))]
        env = {"PATH": os.environ["PATH"], "HOME": "/", "XDG_CONFIG_HOME": folder, "FAKE_SYSLOG": f"{folder}/log"}
        env.update({name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS") if name in os.environ})
        env["LD_PRELOAD"] = ":".join(filter(None, (os.environ.get("LD_PRELOAD"), self.preload)))
        env.update(line.split("=", 1) for line in case["env"])
        text = input_of(case)
        closed = [int(fd) for fd in case.get("closed", "").split()]
        stdin, master = subprocess.PIPE, None
        if "tty" in case:
            master, stdin = os.openpty()
            os.write(master, text)

        def prepare():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for fd in closed:
                os.close(fd)
            if "room" in case:
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(case["room"]),) * 2)
            # AddressSanitizer needs more than any heap.
            if "heap" in case and "LD_PRELOAD" not in os.environ:
                resource.setrlimit(resource.RLIMIT_DATA, (int(case["heap"]) * 1024,) * 2)

        child = subprocess.Popen([case.get("argv0", "envoi-sendmail")] + args, executable=program, stdin=stdin,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd="/", preexec_fn=prepare)
        try:
            out, err = child.communicate(None if master is not None else text, SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            self.complain(case, f"not ready after {SECONDS} s")
        finally:
            if master is not None:
                os.close(master)
                os.close(stdin)
        return child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def compare(self, case, what, wanted, found):
        if wanted != found:
            self.complain(case, f"{what}: expected\n    {wanted}\n  and there was\n    {found}")

    def match(self, case, what, wanted, found):
        lines = found.splitlines()
        places = {name: re.escape(value) for name, value in PLACES.items()}
        wanted = [re.sub(r"\{([A-Z]+)\}", lambda m: places.get(m.group(1), m.group(0)), line) for line in wanted]
        if len(wanted) != len(lines) or not all(re.search(w, l) for w, l in zip(wanted, lines)):
            self.complain(case, f"{what}: expected\n    " + "\n    ".join(wanted) + "\n  and there was\n    " +
                          "\n    ".join(lines))

    def play(self, case):
        folder = tempfile.mkdtemp(prefix="envoi-sendmail-")
        server = Server(case)
        server.start()
        told = []
        try:
            self.write(folder, case, server.port)
            worker = Worker(folder, self.program, case) if case["worker"] else None
            code, out, err = self.execute(folder, case, worker.program if worker else self.program)
            if worker:
                told = worker.told()
                server.contents += worker.contents()
            log = open(f"{folder}/log", encoding="utf-8", errors="replace").read() if os.path.exists(f"{folder}/log") else ""
        finally:
            if server.listener.fileno() >= 0:
                server.listener.shutdown(socket.SHUT_RDWR)
            server.listener.close()
            server.join(SECONDS)
            shutil.rmtree(folder)
        self.texts.write(out + err + log)
        self.compare(case, "exit code", int(case.get("exit", 0)), code)
        self.match(case, "standard error", case["err"], err.replace(folder, "{DIR}"))
        self.match(case, "standard output", case["out"], out)
        if "log" in case:
            self.match(case, "syslog", [case["log"]], log.replace(folder, "{DIR}"))
        if case["from"]:
            self.compare(case, "sender", [put_in(line) for line in case["from"]], server.senders)
        if case["to"]:
            self.compare(case, "recipients", [put_in(line) for line in case["to"]], server.recipients)
        if case["told"]:
            self.compare(case, "words", [] if case["told"] == ["-"] else [put_in(line) for line in case["told"]], told)
        wanted = [b"".join(unescape(put_in(line)) + b"\r\n" for line in case["got"])] if case["got"] else []
        if case.get("big") and wanted:
            wanted[0] += (b"0" * 63 + b"\r\n") * int(case["big"])
            self.compare(case, "octets of content", [len(c) for c in wanted], [len(masked(c)) for c in server.contents])
        else:
            self.compare(case, "content", wanted, [masked(content) for content in server.contents])


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    program, cases, texts, preload = (os.path.abspath(path) for path in sys.argv[1:])
    files = sorted(glob.glob(f"{cases}/*.cases")) if os.path.isdir(cases) else [cases]
    with open(texts, "w", encoding="utf-8") as log:
        player = Player(program, preload, log)
        found = [case for path in files for case in cases_of(path)]
        for case in found:
            player.play(case)
    print(f"{len(found)} cases, {player.failures} complaints")
    return 1 if player.failures or not found else 0


if __name__ == "__main__":
    sys.exit(main())
