# SPDX-License-Identifier: MIT
"""The cost of the system's CAs: one process, one message over STARTTLS, with them beside a file of the one CA that is needed."""
import datetime
import os
import resource
import subprocess

from compare import between_marks, machine
from rig import ROOT, Client, Sink, median, read_callgrind

SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
BACKENDS = ("openssl", "gnutls")
ROUNDS = 31
CLEAN = {key: value for key, value in os.environ.items() if key not in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
MSMTP = "/usr/bin/msmtp"
CURL = "/usr/bin/curl"


MARKS = "<!-- trust:begin -->", "<!-- trust:end -->"


def make_bundle(rig, name="system.pem", before=b""):
    """The system's CAs and, last, the test's own: no machine has to trust that one for a benchmark."""
    path, ours = os.path.join(rig.work, name), os.path.join(rig.work, "pki/ca.pem")
    with open(path, "wb") as out:
        out.write(before)
        for part in (SYSTEM, ours):
            with open(part, "rb") as file:
                out.write(file.read())
    return path


def lines(rig, sink):
    """What is measured: (name, trust) -> command, environment."""
    one, bundle = os.path.join(rig.work, "pki/ca.pem"), make_bundle(rig)
    odd = make_bundle(rig, "odd.pem", b"\xef\xbb\xbf")  # a file that begins so is left to the TLS library as a whole
    result = {}
    for backend in BACKENDS:
        client = Client("envoi", "client_envoi", "--mode", "lone", "--backend", backend)
        line = rig.command(client, sink.port, "small", 1, 1, True)
        place = line.index("--tls")
        for name, file in ((f"envoi, {backend}", bundle), (f"envoi, {backend}, all parsed at once", odd)):
            result[name, "one"] = line, {}
            result[name, "system"] = [*line[:place + 1], "system", *line[place + 2:]], {"SSL_CERT_FILE": file}
    for trust, file in (("one", one), ("system", bundle)):
        if os.path.exists(MSMTP):
            result["msmtp", trust] = [MSMTP, "--host=127.0.0.1", f"--port={sink.port}", "--tls=on", "--tls-starttls=on",
                                      f"--tls-trust-file={file}", "--auth=off", "--from=bench@example.org", "--file=/dev/null",
                                      "recipient0@example.net"], {}
        if os.path.exists(CURL):
            result["curl", trust] = [CURL, "-s", "--ssl-reqd", "--cacert", file, "--mail-from", "bench@example.org",
                                     "--mail-rcpt", "recipient0@example.net", "-T", os.path.join(rig.work, "small"),
                                     f"smtp://127.0.0.1:{sink.port}/client.example.org"], {}
    return result


def spend(rig, line, environment, under=()):
    """Returns the CPU in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.path.join(rig.work, "small"), "rb") as letter:
        done = subprocess.run([*under, *line], stdin=letter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**CLEAN, **environment}, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(line)}: exit {done.returncode}\n{done.stdout}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def instructions(rig, line, environment):
    path = os.path.join(rig.work, "callgrind.out")
    spend(rig, line, environment, ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + path])
    return read_callgrind(path)


def quotient(rig, backend):
    """For the guard: the instructions with the system's CAs as a multiple of those with one."""
    with Sink(rig, "small") as sink:
        all_ = lines(rig, sink)
        one, system = (instructions(rig, *all_[f"envoi, {backend}", trust]) for trust in ("one", "system"))
    return system / one


def run(rig, quick):
    """Medians of interleaved runs, and counts. Prints them and, unless it is a quick run, puts them into docs/benchmarks.md."""
    with Sink(rig, "small") as sink:
        all_ = lines(rig, sink)
        spent = {key: [] for key in all_}
        for _ in range(3 if quick else ROUNDS):
            for key, (line, environment) in all_.items():
                spent[key].append(spend(rig, line, environment))
        executed = {key: instructions(rig, *all_[key]) / 1e6 for key in all_}
    table = [f"Measured on {datetime.date.today().isoformat()} by `bench/run --trust` ({machine()}).", "",
             "| | CPU, ms: one CA | the system's | quotient | instructions, millions: one CA | the system's | quotient |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    for name in dict.fromkeys(key[0] for key in all_):
        cpu = [median(spent[name, trust]) for trust in ("one", "system")]
        count = [executed[name, trust] for trust in ("one", "system")]
        table.append(f"| {name} | {cpu[0]:.1f} | {cpu[1]:.1f} | {cpu[1] / cpu[0]:.2f} "
                     f"| {count[0]:.1f} | {count[1]:.1f} | {count[1] / count[0]:.2f} |")
    print("\n".join(table))
    if not quick:
        between_marks(os.path.join(ROOT, "docs/benchmarks.md"), table, MARKS)
    return 0
