# SPDX-License-Identifier: MIT
"""What bench/run measures with: the build, the letters, the sink, the clients and the ways to count."""
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
# A peer may wait for ever (libESMTP: five minutes for a reply, say); nothing that is measured here takes as long.
PATIENCE = 120

HEADER = ("From: bench@example.org\r\nTo: recipient0@example.net\r\nSubject: the message of the benchmark\r\n"
          "Date: Tue, 24 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
          "Content-Type: text/plain; charset=us-ascii\r\n\r\n")
LINE = "The quick brown fox jumps over the lazy dog, and then once more, as it may.\r\n"
SIZES = {"small": 2 << 10, "idle": 1 << 20, "medium": 4 << 20, "large": 50 << 20}

# valgrind counts each octet that `rep movsb` copies as an instruction, so glibc is told to copy without it.
COPIES = ("GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000:"
          "glibc.cpu.x86_rep_stosb_threshold=1000000000")

# A loop's own wait is not a system call of the message.
WAITS = {"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2"}


def letter(size):
    """A message of exactly `size` octets: one line begins with a dot, the last line is empty."""
    text = HEADER + ".a line that begins with a dot\r\n"
    text += LINE * ((size - len(text) - 4) // len(LINE))
    return (text + "x" * (size - len(text) - 4) + "\r\n\r\n").encode()


def lines(size):
    """Lines of 72 octets, and the same with a line that begins with a dot in each block of 64 KiB: file name, octets."""
    regular = ["x" * 72] * (size // 74)
    dotted = ["." + text[1:] if i % 440 == 0 else text for i, text in enumerate(regular)]
    yield "lines", "\r\n".join([*regular, ""]).encode()
    yield "lines.lf", "\n".join([*regular, ""]).encode()
    yield "dots", "\r\n".join([*dotted, ""]).encode()


class Client:
    """One way to send. `words` are further arguments; `letter` names the variant of the message that it needs."""

    def __init__(self, key, program, *words, title=None, queue=False, variant="", tls=True, host="127.0.0.1", streams=None):
        self.key, self.program, self.words, self.title = key, program, words, title or key
        self.queue = queue
        self.variant, self.tls, self.host, self.streams = variant, tls, host, streams


CLIENTS = [
    Client("envoi-queued", "client_envoi", "--mode", "queued", title="**envoi**, queued", queue=True, streams="file"),
    Client("envoi-lone", "client_envoi", "--mode", "lone", title="**envoi**, one by one", streams="file"),
    Client("libcurl", "client_libcurl", streams="callback"),
    # It knows no address in a certificate, only names.
    Client("libesmtp", "client_libesmtp", title="libESMTP", host="localhost", streams="callback"),
    # These two put a line end behind the content in any case.
    Client("libetpan", "client_libetpan", variant=".cut"),
    Client("smtplib", "python_client.py", title="smtplib (Python)"),
    Client("smtp-source", "smtp-source", title="smtp-source (Postfix)", variant=".lf", tls=False),
]


class Rig:
    def __init__(self, build, say=print):
        self.build, self.say = build, say
        self.work = os.path.join(build, "work")
        self.bin = os.path.join(build, "bench")
        self.root = os.path.join(build, "root")

    # ---- making

    def make(self, peers):
        """Builds; with `peers` gets the other libraries first."""
        words = ["-DENVOI_BUILD_BENCH=ON", "-DENVOI_BUILD_TESTS=OFF", "-DENVOI_BUILD_TOOLS=ON", "-DENVOI_BUILD_PYTHON=ON",
                 "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON",
                 "-DCMAKE_INSTALL_PREFIX=" + self.root]
        os.makedirs(self.work, exist_ok=True)
        os.umask(0o022)  # envoi loads no plugin from a folder that others may write to
        if peers:
            quietly([os.path.join(ROOT, "scripts/deps"), "--bench"])
            self.unpack_etpan()
            words.append("-DENVOI_BENCH_ETPAN=" + os.path.join(self.build, "etpan"))
        quietly(["cmake", "-S", ROOT, "-B", self.build, "-G", "Ninja", *words])
        quietly(["cmake", "--build", self.build])
        if not os.path.exists(os.path.join(self.work, "pki/ca.pem")):
            quietly(["sh", os.path.join(ROOT, "tests/servers/pki.sh"), os.path.join(self.work, "pki")])
        for name, size in SIZES.items():
            self.write_letter(name, letter(size))
        for name, octets in lines(SIZES["medium"]):
            with open(os.path.join(self.work, name), "wb") as file:
                file.write(octets)

    def unpack_etpan(self):
        """libetpan-dev cannot be installed beside libcurl4-openssl-dev."""
        target = os.path.join(self.build, "etpan")
        if os.path.isdir(target):
            return
        quietly(["apt-get", "-qq", "download", "libetpan-dev"], cwd=self.work)
        package = [n for n in os.listdir(self.work) if n.startswith("libetpan-dev")][0]
        quietly(["dpkg-deb", "-x", os.path.join(self.work, package), target])

    def write_letter(self, name, octets):
        lines = octets.replace(b"\r\n", b"\n")
        for variant, content in (("", octets), (".cut", octets[:-2]), (".lf", lines[:-2])):
            with open(os.path.join(self.work, name + variant), "wb") as file:
                file.write(content)

    # ---- running

    def has(self, client):
        return self.command(client, 1, "small", 1, 1, False) is not None

    def command(self, client, port, name, count, recipients, tls, words=()):
        """The command line, or None where the program is missing."""
        file = os.path.join(self.work, name + client.variant)
        if client.program == "smtp-source":
            program = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
            return program and [program, "-d", "-s", "1", "-m", str(count), "-r", str(recipients), "-F", file,
                                "-f", "bench@example.org", "-t", "recipient@example.net", f"127.0.0.1:{port}"]
        if client.program.endswith(".py"):
            line = ["/usr/bin/python3", os.path.join(BENCH, "clients", client.program)]
        else:
            line = [os.path.join(self.bin, client.program)]
        if not os.path.exists(line[-1]):
            return None
        line += ["--host", client.host, "--port", str(port), "--file", file, "--count", str(count),
                 "--recipients", str(recipients), *client.words, *words]
        if client.program in ("client_envoi", "python_client.py"):
            line += ["--plugins", self.build]
        if tls:
            line += ["--tls", os.path.join(self.work, "pki/ca.pem")]
        if client.streams and name != "small" and "--source" not in line:
            line += ["--source", client.streams]
        return line


class Sink:
    """The server, for as long as `with` lasts."""

    def __init__(self, rig, name, *words):
        self.rig, self.words, self.letter = rig, words, name

    def __enter__(self):
        work = self.rig.work
        port_file = os.path.join(work, "port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        self.process = subprocess.Popen(
            [os.path.join(self.rig.bin, "sink"), "--port-file", port_file, "--expect", os.path.join(work, self.letter),
             "--certificate", os.path.join(work, "pki/server.chain.pem"), "--key", os.path.join(work, "pki/server.key"),
             *self.words], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("bench: the sink does not start")
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as file:
            self.port = int(file.read())
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def ask(self, command):
        with socket.create_connection(("127.0.0.1", self.port), 20) as control, control.makefile("rwb") as stream:
            stream.readline()
            stream.write(command.encode() + b"\r\n")
            stream.flush()
            return stream.readline().decode()[4:]

    def run(self, client, count, recipients, tls=False, words=(), under=()):
        """Runs a client; returns what the sink counted, and what the client said. Every message must have arrived whole."""
        self.ask("XRESET")
        line = self.rig.command(client, self.port, self.letter, count, recipients, tls, words)
        result, peak, seconds = run_watched([*under, *line])
        counted = json.loads(self.ask("XREPORT"))["total"]
        if counted["messages"] != count or counted["wrong"] or counted["recipients"] != count * recipients:
            raise SystemExit(f"bench: {' '.join(line)}: not all messages arrived: {counted}\n{result.stdout}{result.stderr}")
        counted.update(said(result.stdout, {"sent": count, "peak_kib": peak, "seconds": seconds}))
        return counted

    # ---- counting: the difference of two runs, so that connecting, EHLO, TLS, loading and the like are left out

    def counts(self, client, few, many, recipients, tls=False, words=(), instructions=True, held=None):
        """`held`: the sink for round trips, one that holds its replies; else this one."""
        def per_message(measure):
            low, high = measure(few), measure(many)
            return {key: (high[key] - low[key]) / (many - few) for key in high}

        def counters(count):
            return {"round_trips": (held or self).run(client, count, recipients, tls, words)["round_trips"]}

        def calls(count):
            path = os.path.join(self.rig.work, "strace.out")
            self.run(client, count, recipients, tls, words, under=["strace", "-f", "-c", "-o", path])
            return read_strace(path)

        def executed(count):
            path = os.path.join(self.rig.work, "callgrind.out")
            self.run(client, count, recipients, tls, words,
                     under=["env", COPIES, "valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + path])
            return {"instructions": read_callgrind(path)}

        result = per_message(counters)
        result.update(per_message(calls))
        if instructions:
            result.update(per_message(executed))
        return result


def run_watched(line):
    """Runs a program to its end; its peak memory is looked at meanwhile, for those that do not tell it."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    began = time.monotonic()
    peak, deadline = -1, time.monotonic() + PATIENCE
    if os.path.basename(line[0]) == "smtp-source":
        while process.poll() is None and time.monotonic() < deadline:
            peak = max(peak, peak_of(process.pid))
            time.sleep(0.002)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"bench: {' '.join(line)}: exit {process.returncode}\n{out}{err}")
    return subprocess.CompletedProcess(line, process.returncode, out, err), peak, time.monotonic() - began


def peak_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            found = re.search(r"VmHWM:\s+(\d+)", file.read())
    except OSError:
        found = None
    return int(found.group(1)) if found else -1


def said(output, seen):
    """The client's own words, or what can be known without them."""
    try:
        return json.loads(output.strip().split("\n")[-1])
    except ValueError:
        return seen


def read_strace(path):
    calls = waits = 0
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) < 5 or not words[3].isdigit() or words[-1] == "total":
                continue
            if words[-1] in WAITS:
                waits += int(words[3])
            else:
                calls += int(words[3])
    return {"calls": calls, "waits": waits}


def read_callgrind(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("summary:", "totals:")):
                return int(line.split()[1])
    raise SystemExit("bench: no sum in " + path)


def quietly(line, **options):
    run = subprocess.run(line, capture_output=True, text=True, **options)
    if run.returncode != 0:
        raise SystemExit(f"bench: {' '.join(line)}\n{run.stdout[-4000:]}{run.stderr[-4000:]}")


def median(values):
    return statistics.median(values) if values else None
