#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""programs.py --ours DIR --pki DIR --conf FILE --tree DIR [SCENE...]

Debian's collectd, syslog-ng and esmtp, as fetch.sh has unpacked them in the tree, send mail with envoi's libesmtp.so.6
to a server of ours. It runs itself in namespaces of its own, in which names of example.test mean this machine and there
is no other network.

  --ours DIR   where envoi's library lies        --pki DIR   certificates of the transport conformance suite
  --conf FILE  the libesmtp.conf that the library reads"""
import argparse
import contextlib
import fcntl
import glob
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from server import Server

LIMIT = 20  # seconds for whatever is waited for
HOSTS = "127.0.0.1 localhost mail.example.test clear.example.test\n"
AUTH = ["user me pw", "ext AUTH PLAIN SCRAM-SHA-256"]
TLS = ["tls starttls good tickets", "user me pw", "ext tls: AUTH PLAIN SCRAM-SHA-256"]


def wait_for(what, done):
    """Waits until done() is true; the system tells nobody of a line in a file."""
    end = time.monotonic() + LIMIT
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited {LIMIT} s for {what}")
        time.sleep(0.02)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Scene:
    """A folder, a server and an environment for one program."""
    def __init__(self, rig, lines, port=0):
        self.rig = rig
        self.work = tempfile.mkdtemp(dir=rig.work)
        self.server = Server(lines, rig.arguments.pki, port)
        self.log = f"{self.work}/log"
        libraries = [rig.arguments.ours, f"{rig.tree}/usr/lib/syslog-ng"] + glob.glob(f"{rig.tree}/usr/lib/*-linux-gnu*")
        self.environment = {"HOME": rig.home, "LC_ALL": "C", "TZ": "UTC", "PATH": os.environ["PATH"],
                            "LD_LIBRARY_PATH": ":".join(libraries)}

    def write(self, name, text, mode=0o600):
        path = f"{self.work}/{name}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def taken(self):
        """The messages that the server has taken, each as its text; and what else it knows."""
        messages, facts = [], []
        for line in self.server.log:
            if line.startswith("MAIL"):
                messages.append("")
            if line.startswith(("MAIL", "RCPT", "| ")):
                messages[-1] += line + "\n"
            else:
                facts.append(line)
        return messages, facts

    @contextlib.contextmanager
    def running(self, command, ready):
        """A daemon, from when it is ready to its end."""
        with open(f"{self.work}/said", "wb") as said:
            process = subprocess.Popen(command, env=self.environment, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        try:
            wait_for("the daemon", lambda: ready() or process.poll() is not None)
            yield process
            assert process.poll() is None, f"it ended with {process.returncode}"
        finally:
            process.terminate()
            try:
                process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stop(self):
        self.server.stop()


def expect(text, *parts):
    for part in parts:
        assert part in text, f"there is no {part!r} in {text!r}"


# ---- collectd ----

class Collectd(Scene):
    def __init__(self, rig, lines, host="localhost", port=0, login=None):
        super().__init__(rig, lines, port)
        self.socket = f"{self.work}/socket"
        credentials = 'SMTPUser "{}"\nSMTPPassword "{}"\n'.format(*login) if login else ""
        modules, = glob.glob(f"{rig.tree}/usr/lib/collectd")
        self.configuration = self.write("collectd.conf", f"""
Hostname "host"
BaseDir "{self.work}"
PIDFile "{self.work}/pid"
PluginDir "{modules}"
TypesDB "{rig.tree}/usr/share/collectd/types.db"
Interval 3600
LoadPlugin logfile
<Plugin logfile>
  LogLevel "info"
  File "{self.log}"
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{self.socket}"
</Plugin>
LoadPlugin notify_email
<Plugin notify_email>
  From "collectd@example.org"
  Recipient "a@example.net"
  Recipient "b@example.net"
  SMTPServer "{host}"
  SMTPPort {self.server.port}
  {credentials}
</Plugin>
""")

    def start(self):
        return self.running([f"{self.rig.tree}/usr/sbin/collectd", "-f", "-C", self.configuration],
                            lambda: os.path.exists(self.socket))

    def notify(self, text):
        """Returns when collectd has answered; it sends in a thread of its own."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT)
            connection.connect(self.socket)
            connection.sendall(f'PUTNOTIF severity=warning time={int(time.time())} message="{text}"\n'.encode())
            expect(connection.recv(1000).decode(), "0 Success")

    def logged(self, *parts):
        wait_for(f"{parts} in the log", lambda: all(part in read(self.log) for part in parts))


def collectd_two_messages(rig):
    scene = Collectd(rig, ["ext ENHANCEDSTATUSCODES", "ext PIPELINING"])
    with scene.start():
        for i, text in enumerate(("first", "second")):
            scene.notify(text)
            wait_for(f"message {i + 1}", lambda: len(scene.taken()[0]) == i + 1)
        scene.logged("notify sent to a@example.net: 250", "notify sent to b@example.net: 250")
    messages, _ = scene.taken()
    for message, text in zip(messages, ("first", "second")):
        expect(message, "RCPT TO:<a@example.net>\nRCPT TO:<b@example.net>", "| From: collectd@example.org",
               "| To: a@example.net,\n| \tb@example.net", text, "| Subject: Collectd notify: WARNING@")
    return scene


def collectd_refused_recipient(rig):
    scene = Collectd(rig, ["ext ENHANCEDSTATUSCODES", "reply RCPT TO:<b@ 550 5.1.1 unknown here"])
    with scene.start():
        scene.notify("x")
        scene.logged("notify sent to a@example.net: 250 recipient ok", "notify sent to b@example.net: 550 unknown here")
    assert len(scene.taken()[0]) == 1
    return scene


def collectd_refused_sender(rig):
    """libESMTP leaves a NULL here, which kills collectd."""
    scene = Collectd(rig, ["reply MAIL 550 5.7.1 not you"])
    with scene.start():
        scene.notify("x")
        scene.logged("notify sent to a@example.net: 0", "notify sent to b@example.net: 0")
    return scene


def collectd_dropped(rig):
    """The connection is lost; the next notification takes the first one with it."""
    scene = Collectd(rig, ["drop 1#RCPT"])
    with scene.start():
        scene.notify("first")
        scene.logged("SMTP server problem: the connection was lost (RCPT): the server closed it")
        scene.notify("second")
        wait_for("two messages", lambda: len(scene.taken()[0]) == 2)
    return scene


def collectd_login_here(rig):
    scene = Collectd(rig, AUTH, login=("me", "pw"))
    with scene.start():
        scene.notify("x")
        wait_for("a message", lambda: scene.taken()[0])
    assert scene.taken()[1] == ["login by SCRAM-SHA-256"], scene.taken()[1]
    return scene


def collectd_login_elsewhere(rig):
    """libESMTP sends the password in clear."""
    scene = Collectd(rig, AUTH, host="mail.example.test", login=("me", "pw"))
    with scene.start():
        scene.notify("x")
        scene.logged("TLS is required for a login, but mail.example.test does not announce STARTTLS; nothing was sent")
    assert scene.server.log == []
    return scene


def collectd_login_starttls(rig):
    scene = Collectd(rig, TLS, host="mail.example.test", login=("me", "pw"))
    with scene.start():
        scene.notify("x")
        wait_for("a message", lambda: scene.taken()[0])
    assert scene.taken()[1] == ["TLS", "login by SCRAM-SHA-256"], scene.taken()[1]
    return scene


def collectd_login_465(rig):
    scene = Collectd(rig, ["tls implicit good", "user me pw", "ext AUTH PLAIN"], host="mail.example.test", port=465,
                     login=("me", "pw"))
    with scene.start():
        scene.notify("x")
        wait_for("a message", lambda: scene.taken()[0])
    assert scene.taken()[1] == ["TLS", "login by PLAIN"], scene.taken()[1]
    return scene


def collectd_login_in_clear(rig):
    """The administrator's file names clear.example.test."""
    expect(read(rig.arguments.conf), "clear.example.test")
    scene = Collectd(rig, ["user me pw", "ext AUTH PLAIN"], host="clear.example.test", login=("me", "pw"))
    with scene.start():
        scene.notify("x")
        wait_for("a message", lambda: scene.taken()[0])
    assert scene.taken()[1] == ["login by PLAIN"], scene.taken()[1]
    return scene


# ---- syslog-ng ----

class SyslogNg(Scene):
    def __init__(self, rig, lines):
        super().__init__(rig, lines)
        self.socket = f"{self.work}/socket"
        self.version, = glob.glob(f"{rig.tree}/usr/lib/syslog-ng/*/libafsmtp.so")
        self.configuration = self.write("syslog-ng.conf", f"""@version: current
options {{ time-reopen(1); stats-freq(0); }};
source s {{ unix-stream("{self.socket}"); }};
source inner {{ internal(); }};
destination mail {{
  smtp(host("localhost") port({self.server.port}) from("Syslog" "syslog@example.org")
       to("Ada" "ada@example.net") cc("Bob" "bob@example.net") subject("[$LEVEL] $PROGRAM") body("$MSG\\n") retries(2));
}};
destination notes {{ file("{self.log}"); }};
log {{ source(s); destination(mail); }};
log {{ source(inner); destination(notes); }};
""")

    def start(self):
        command = [f"{self.rig.tree}/usr/sbin/syslog-ng", "-F", "--no-caps", "-f", self.configuration,
                   "-R", f"{self.work}/persist", "-p", f"{self.work}/pid", "-c", f"{self.work}/control",
                   f"--module-path={os.path.dirname(self.version)}"]
        return self.running(command, lambda: os.path.exists(self.socket))

    def write_line(self, text):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.socket)
            connection.sendall(f"<12>Jan  1 00:00:00 prog: {text}\n".encode())

    def logged(self, *parts):
        wait_for(f"{parts} in the log", lambda: all(part in read(self.log) for part in parts))


def syslog_ng_two_messages(rig):
    scene = SyslogNg(rig, ["ext PIPELINING", "ext 8BITMIME"])
    with scene.start():
        for i, text in enumerate(("first", "second")):
            scene.write_line(text)
            wait_for(f"message {i + 1}", lambda: len(scene.taken()[0]) == i + 1)
    for message, text in zip(scene.taken()[0], ("first", "second")):
        expect(message, "MAIL FROM:<syslog@example.org>", "RCPT TO:<ada@example.net>\nRCPT TO:<bob@example.net>",
               '| From: syslog@example.org', '| To: "Ada" <ada@example.net>', '| Cc: "Bob" <bob@example.net>',
               "| Subject: [warning] prog", "| X-Mailer: syslog-ng", f"| {text}\n")
    return scene


def syslog_ng_refused_recipient(rig):
    scene = SyslogNg(rig, ["reply RCPT TO:<bob@ 550 5.1.1 unknown"])
    with scene.start():
        scene.write_line("x")
        scene.logged("recipient='bob@example.net'")
    assert scene.taken()[0], "the other one has it"
    return scene


def syslog_ng_refused_sender(rig):
    scene = SyslogNg(rig, ["reply 1#MAIL 451 4.7.1 later"])
    with scene.start():
        scene.write_line("x")
        wait_for("a message", lambda: scene.taken()[0])
    return scene


def syslog_ng_dropped(rig):
    """It looks at what smtp_strerror() wrote, and tries again."""
    scene = SyslogNg(rig, ["drop 1#RCPT"])
    with scene.start():
        scene.write_line("x")
        scene.logged("the connection was lost (RCPT): the server closed it")
        wait_for("a message", lambda: scene.taken()[0])
    return scene


# ---- esmtp ----

class Esmtp(Scene):
    def send(self, host, settings, recipients, *options):
        """Returns the exit code and what it says."""
        configuration = self.write("esmtprc", f"hostname = {host}:{self.server.port}\n" +
                                   "".join(line + "\n" for line in settings))
        done = subprocess.run([f"{self.rig.tree}/usr/bin/esmtp", "-C", configuration, "-f", "me@example.org", "-v", *options,
                               *recipients], input="Subject: x\n\nA line.\n.\n..dots\n", env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
                              encoding="latin-1")
        return done.returncode, done.stdout


def esmtp_plain(rig):
    scene = Esmtp(rig, ["ext SIZE 100000", "ext PIPELINING"])
    code, said = scene.send("localhost", [], ["a@example.net", "b@example.net"], "-i")
    assert code == 0, said
    expect(said, "From me@example.org: 250", "To a@example.net: 250", "Message sent: 250")
    expect(scene.taken()[0][0], "| Subject: x", "| A line.\n| .\n| ..dots\n")
    return scene


def esmtp_starttls(rig):
    scene = Esmtp(rig, TLS)
    code, said = scene.send("mail.example.test", ["starttls = required", "username = me", "password = pw"],
                            ["a@example.net"])
    assert code == 0, said
    expect(said, "StartTLS OK (256 bits)")
    assert scene.taken()[1] == ["TLS", "login by SCRAM-SHA-256"], scene.taken()[1]
    return scene


def esmtp_starttls_lacking(rig):
    scene = Esmtp(rig, [])
    code, said = scene.send("mail.example.test", ["starttls = required"], ["a@example.net"])
    assert code == 69, (code, said)
    expect(said, "StartTLS extension not supported by MTA", "SMTP server problem TLS is required")
    return scene


def esmtp_other_name(rig):
    scene = Esmtp(rig, ["tls starttls good"])
    code, said = scene.send("localhost", ["starttls = required"], ["a@example.net"])
    assert code == 69, (code, said)
    expect(said, "Wrong peer certificate", "SMTP server problem certificate is for mail.example.test")
    assert not scene.taken()[0]
    return scene


def esmtp_refused_recipient(rig):
    """It requires all of them."""
    scene = Esmtp(rig, ["reply RCPT TO:<b@ 550 5.1.1 unknown"])
    code, said = scene.send("localhost", [], ["a@example.net", "b@example.net"])
    assert code == 70, (code, said)
    expect(said, "b@example.net: 550 5.1.1 unknown")
    assert not scene.taken()[0]
    return scene


def esmtp_refused_sender(rig):
    scene = Esmtp(rig, ["reply MAIL 550 5.7.1 not you"])
    code, said = scene.send("localhost", [], ["a@example.net"])
    assert code == 70, (code, said)
    expect(said, "From me@example.org: 550 5.7.1 not you")
    return scene


def esmtp_dropped(rig):
    scene = Esmtp(rig, ["drop ."])
    code, said = scene.send("localhost", [], ["a@example.net"])
    assert code == 69, (code, said)
    expect(said, "SMTP server problem SMTP server dropped connection")
    return scene


def esmtp_dsn(rig):
    scene = Esmtp(rig, ["ext DSN", "ext 8BITMIME"])
    code, said = scene.send("localhost", [], ["a@example.net"], "-N", "success,failure", "-R", "hdrs", "-B",
                            "8BITMIME")
    assert code == 0 and scene.taken()[0], (code, said)
    expect(scene.taken()[0][0], "MAIL FROM:<me@example.org> BODY=8BITMIME RET=HDRS",
           "RCPT TO:<a@example.net> NOTIFY=SUCCESS,FAILURE")
    return scene


SCENES = [collectd_two_messages, collectd_refused_recipient, collectd_refused_sender, collectd_dropped,
          collectd_login_here, collectd_login_elsewhere, collectd_login_starttls, collectd_login_465,
          collectd_login_in_clear, syslog_ng_two_messages, syslog_ng_refused_recipient, syslog_ng_refused_sender,
          syslog_ng_dropped, esmtp_plain, esmtp_starttls, esmtp_starttls_lacking, esmtp_other_name,
          esmtp_refused_recipient, esmtp_refused_sender, esmtp_dropped, esmtp_dsn]
PROGRAMS = {"collectd": "usr/sbin/collectd", "syslog_ng": "usr/sbin/syslog-ng", "esmtp": "usr/bin/esmtp"}


class Rig:
    def __init__(self, arguments, work):
        self.arguments, self.work, self.tree = arguments, work, arguments.tree
        self.home = f"{work}/home"
        os.makedirs(f"{self.home}/.config/libesmtp", 0o700)
        shutil.copy(f"{arguments.pki}/ca.pem", f"{self.home}/.config/libesmtp/ca.pem")
        os.chmod(f"{self.home}/.config/libesmtp/ca.pem", 0o600)


def enter_namespaces():
    """Begins again in namespaces of its own; ends with 77 where that is not allowed."""
    if os.environ.get("ENVOI_INSIDE") != "1":
        options = ["-mn"] if os.geteuid() == 0 else ["-rmn"]
        if subprocess.run(["unshare", *options, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
            print("programs: this machine gives no namespaces")
            sys.exit(77)
        os.execvpe("unshare", ["unshare", *options, sys.executable, *sys.argv], dict(os.environ, ENVOI_INSIDE="1"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:  # ip link set lo up
        fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))


def run(rig, scene):
    """The complaint, or None."""
    try:
        scene(rig).stop()
    except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
        newest = max(glob.glob(f"{rig.work}/tmp*"), key=os.path.getmtime)
        return f"{error}\n" + "".join(f"   {name}: {line}\n" for name in ("log", "said")
                                      for line in read(f"{newest}/{name}").splitlines()[-15:])
    return None


def main():
    parser = argparse.ArgumentParser()
    for name in ("ours", "pki", "conf", "tree"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("scenes", nargs="*")
    arguments = parser.parse_args()
    enter_namespaces()
    failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="envoi-programs-") as work:
        with open(f"{work}/hosts", "w", encoding="utf-8") as hosts:
            hosts.write(HOSTS)
        subprocess.run(["mount", "--bind", f"{work}/hosts", "/etc/hosts"], check=True)
        rig = Rig(arguments, work)
        for scene in SCENES:
            name = scene.__name__
            program = next(path for key, path in PROGRAMS.items() if name.startswith(key))
            if arguments.scenes and name not in arguments.scenes:
                continue
            if not os.path.exists(f"{arguments.tree}/{program}"):
                print(f"skip  {name}: this release has no such package")
                skipped += 1
                continue
            began = time.monotonic()
            wrong = run(rig, scene)
            print(f"{'FAIL' if wrong else 'ok  '}  {name} ({time.monotonic() - began:.1f} s){': ' + wrong if wrong else ''}")
            failed += bool(wrong)
    print(f"programs: {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
