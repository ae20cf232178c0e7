#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""play.py --root DIR --build DIR [--renew] [CASE...]

Plays the cases of this folder: programs of Debian call /usr/sbin/sendmail, which is envoi-sendmail, and what arrives at
a server of ours is compared octet by octet. README.md says what a case is. run.sh starts it, as root of namespaces of
its own.

  --root DIR   where the packages are unpacked; it is not written to
  --build DIR  the build of envoi that is installed there
  --renew      writes what was seen into the cases: to be read before it is committed"""
import argparse
import difflib
import fcntl
import glob
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 30  # seconds for one case
HOST = "box"
PASSWD = "ada:x:1000:1000:Ada Lovelace,,,:/home/ada:/bin/sh\n"
ACCOUNTS = "[relay]\nhost = 127.0.0.1:25\ntls = off\ndomain = example.org\nhelo = box.example.org\nlog = none\n"
ALIASES = "root: admin@example.net\nada: ada@example.net\n"
# A program calls this in place of envoi-sendmail, which it becomes: so the case shows the arguments.
WRAPPER = """#!/bin/sh
{ printf 'sendmail'; for a; do printf ' %s' "${a:-''}"; done; printf '\\n'; } >>/called
exec /usr/local/bin/envoi-sendmail "$@"
"""
# What a script can use.
PRELUDE = "set -u\nmail_arrives() { read -r _ <&9 || :; }\n"
# What differs from run to run, and the mark in its place.
MASKS = [(rb"\b\w{3}, +\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d( [-+]\d{4}| GMT)?( \(\w+\))?", b"DATE"),
         (rb"(\b\w{3} )?\b\w{3} +\d{1,2} \d\d:\d\d:\d\d( \d{4})?\b", b"TIME"),
         (rb"(?m)^(Message-I[dD]: )<[^@>]*@", rb"\1<ID@"),
         (rb"(?m)^(X-Mailer|User-Agent): [^\r\n]*", rb"\1: PROGRAM")]


# ---- the server ----

class Server(threading.Thread):
    """Takes mail, but not for one recipient, and keeps what it was told."""
    def __init__(self, refused):
        super().__init__(daemon=True)
        self.refused = refused.encode()
        self.lines, self.messages, self.wanted = [], 0, 1
        self.enough = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 25))
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(LIMIT)
            try:
                with connection, connection.makefile("rwb") as file:
                    self.talk(file)
            except OSError:
                pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(LIMIT)

    @staticmethod
    def say(file, text):
        file.write(text + b"\r\n")
        file.flush()

    def talk(self, file):
        self.say(file, b"220 mail.example.org")
        while True:
            command = file.readline()
            verb = command[:4].upper()
            if not command:
                return
            if verb == b"DATA":
                self.say(file, b"354 go on")
                if not self.content(file):
                    return
            elif verb == b"EHLO":
                self.say(file, b"250-mail.example.org\r\n250-8BITMIME\r\n250-DSN\r\n250 PIPELINING")
            elif verb == b"QUIT":
                return self.say(file, b"221 bye")
            else:
                if verb in (b"MAIL", b"RCPT"):
                    self.lines.append(command.rstrip(b"\r\n").decode("latin-1"))
                refuses = verb == b"RCPT" and self.refused and self.refused in command
                self.say(file, b"550 5.1.1 no such user" if refuses else b"250 ok")

    def content(self, file):
        octets = b""
        while not (octets.endswith(b"\r\n.\r\n") or octets == b".\r\n"):
            line = file.readline()
            if not line:
                return False
            octets += line
        octets = octets[:-3]
        for pattern, mark in MASKS:
            octets = re.sub(pattern, mark, octets)
        # Dots stay doubled, and an octet that is no printable character of ASCII is \xNN: a bare CR or LF too.
        lines = octets.split(b"\r\n")
        self.lines += ["| " + "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\x{c:02x}" for c in line)
                       for line in lines[:-1]]
        self.messages += 1
        self.say(file, b"250 taken")
        if self.messages >= self.wanted:
            self.enough.set()
        return True


# ---- cases ----

class Case:
    """A file: "key: value" lines, then the parts "run:" and "arrives:"."""
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)
        self.parts, part = {"head": [], "run": [], "arrives": []}, "head"
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if re.fullmatch(r"(run|arrives):", line):
                    part = line[:-1]
                else:
                    self.parts[part].append(line)
        self.keys = dict(re.findall(r"^(\w+): (.*)$", "\n".join(self.parts["head"]), re.M))
        assert set(self.keys) <= {"package", "as", "exit", "refuses", "masks", "standin"}, f"{path}: {self.keys}"

    def expected(self):
        return self.parts["arrives"]

    def renew(self, lines):
        with open(self.path, "w", encoding="utf-8") as file:
            for name, part in self.parts.items():
                title = [] if name == "head" else [name + ":"]
                file.write("".join(line + "\n" for line in title + (lines if name == "arrives" else part)))


class Rig:
    """The root with envoi in it, which every case gets an overlay of."""
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", work], check=True)
        self.site = f"{work}/site"
        os.umask(0o022)
        self.install()
        self.configure()

    def write(self, name, text, mode=0o644):
        path = f"{self.site}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def install(self):
        subprocess.run(["cmake", "--install", self.arguments.build], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=self.site))
        for name in ("usr/sbin/sendmail", "usr/lib/sendmail"):
            self.write(name, WRAPPER, 0o755)

    def configure(self):
        master = f"{self.arguments.root}/usr/share/base-passwd"
        for name, own in (("passwd", PASSWD), ("group", "ada:x:1000:\ncrontab:x:900:\n")):
            with open(f"{master}/{name}.master", encoding="utf-8") as file:
                self.write(f"etc/{name}", file.read().replace(":*:", ":x:") + own)
        self.write("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {HOST}.example.org {HOST}\n")
        self.write("etc/mailname", f"{HOST}.example.org\n")
        self.write("etc/aliases", ALIASES)
        self.write("usr/local/etc/envoi/accounts.conf", ACCOUNTS)
        self.write("called", "", 0o666)
        for service in ("cron", "atd", "sudo", "other"):
            self.write(f"etc/pam.d/{service}", "".join(f"{kind} required pam_permit.so\n"
                                                       for kind in ("auth", "account", "session")))
        self.write("home/ada/.keep", "")
        os.chown(f"{self.site}/home/ada", 1000, 1000)

    def overlay(self, name):
        base = f"{self.work}/{name}"
        for part in ("upper", "work", "root"):
            os.makedirs(f"{base}/{part}")
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={self.site}:{self.arguments.root}," +
                        f"upperdir={base}/upper,workdir={base}/work", f"{base}/root"], check=True)
        root = f"{base}/root"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", f"{root}/dev"], check=True)
        for device in ("null", "zero", "full", "random", "urandom", "tty"):
            with open(f"{root}/dev/{device}", "wb"):
                pass
            subprocess.run(["mount", "--bind", f"/dev/{device}", f"{root}/dev/{device}"], check=True)
        os.symlink("/proc/self/fd", f"{root}/dev/fd")
        os.chmod(f"{root}/tmp", 0o1777)
        return root

    def script(self, case, root, server):
        """Runs it, and returns its exit code and what it said."""
        user = case.keys.get("as", "ada")
        home, ids = ("/root", "0") if user == "root" else ("/home/ada", "1000")
        inside = ["setpriv", f"--reuid={ids}", f"--regid={ids}", "--clear-groups", "/bin/sh", "-c",
                  PRELUDE + "\n".join(case.parts["run"])]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "USER": user, "LOGNAME": user, "TZ": "UTC",
                       "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
        reader, writer = os.pipe()
        command = ["unshare", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc", "chroot", root, "/bin/sh",
                   "-c", f"cd {home}; exec 9<&{reader}; exec \"$@\"", "sh", *inside]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, pass_fds=[reader])
        os.close(reader)
        said = []

        def listen():  # what the script has started ends with it
            said.append(process.stdout.read())
            server.enough.set()
        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        server.enough.wait(LIMIT)
        os.close(writer)  # mail_arrives returns
        try:
            process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(LIMIT)
        return str(process.returncode), b"".join(said)

    def play(self, case):
        """The complaints."""
        root = self.overlay(case.name)
        server = Server(case.keys.get("refuses", ""))
        server.wanted = sum(line.startswith("MAIL FROM:") for line in case.expected()) or 1
        try:
            code, said = self.script(case, root, server)
        finally:
            server.stop()
            with open(f"{root}/called", encoding="utf-8", errors="backslashreplace") as file:
                called = ["called: " + line for line in file.read().splitlines()]
            subprocess.run(["umount", "-R", "-l", root], check=True)
        lines = called + server.lines
        for mask in filter(None, case.keys.get("masks", "").split(" ; ")):
            pattern, _, mark = mask.partition(" -> ")
            lines = [re.sub(pattern, mark, line) for line in lines]
        if self.arguments.renew:
            case.renew(lines)
        wrong = []
        if code != case.keys.get("exit", "0"):
            wrong.append(f"   exit code {code}, expected {case.keys.get('exit', '0')}")
        if self.arguments.renew or lines != case.expected():
            wrong += ["   " + line for line in difflib.unified_diff(case.expected(), lines, "expected", "arrived", lineterm="")]
        if wrong:
            wrong += ["   said: " + line for line in said.decode("utf-8", "replace").splitlines()[-20:]]
        return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("cases", nargs="*")
    arguments = parser.parse_args()
    socket.sethostname(HOST)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:  # ip link set lo up
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))
    paths = [f"{HERE}/cases/{name}" for name in arguments.cases] or sorted(glob.glob(f"{HERE}/cases/*"))
    cases = [Case(path) for path in paths]
    work = tempfile.mkdtemp(prefix="envoi-callers-")
    played = failed = 0
    try:
        rig = Rig(arguments, work)
        for case in cases:
            began = time.monotonic()
            wrong = rig.play(case)
            print(f"{'FAIL' if wrong else 'ok  '}  {case.name} ({time.monotonic() - began:.1f} s)" +
                  (f": the shell stands in, because {case.keys['standin']}" if "standin" in case.keys else ""))
            print("".join(line + "\n" for line in wrong), end="", flush=True)
            played += 1
            failed += bool(wrong)
    finally:
        subprocess.run(["umount", "-R", "-l", work], check=False)
        shutil.rmtree(work)
    print(f"callers: {played} cases, {failed} failed")
    return 1 if failed or not played else 0


if __name__ == "__main__":
    sys.exit(main())
