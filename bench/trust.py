# SPDX-License-Identifier: MIT
"""The cost of the system's CAs: one process, one message over STARTTLS, with them beside a file of the one CA that is needed."""
import os
import resource
import subprocess

from rig import Client, Sink, median, read_callgrind

SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
BACKENDS = ("openssl", "gnutls")
ROUNDS = 31
CLEAN = {key: value for key, value in os.environ.items() if key not in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
MSMTP = "/usr/bin/msmtp"
CURL = "/usr/bin/curl"


def make_bundle(rig):
    """The system's CAs and, last, the test's own: no machine has to trust that one for a benchmark."""
    path, ours = os.path.join(rig.work, "system.pem"), os.path.join(rig.work, "pki/ca.pem")
    with open(path, "wb") as out:
        for name in (SYSTEM, ours):
            with open(name, "rb") as file:
                out.write(file.read())
    return path


def lines(rig, sink, bundle):
    """What is measured: (name, trust) -> command, environment."""
    one = os.path.join(rig.work, "pki/ca.pem")
    result = {}
    for backend in BACKENDS:
        client = Client("envoi", "client_envoi", "--mode", "lone", "--backend", backend)
        line = rig.command(client, sink.port, "small", 1, 1, True)
        result[f"envoi, {backend}", "one"] = line, {}
        place = line.index("--tls")
        result[f"envoi, {backend}", "system"] = [*line[:place + 1], "system", *line[place + 2:]], {"SSL_CERT_FILE": bundle}
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


def run(rig, line, environment, under=()):
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
    run(rig, line, environment, ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + path])
    return read_callgrind(path)


def quotient(rig, backend):
    """For the guard: the instructions with the system's CAs as a multiple of those with one."""
    bundle = make_bundle(rig)
    with Sink(rig, "small") as sink:
        all_ = lines(rig, sink, bundle)
        one, system = (instructions(rig, *all_[f"envoi, {backend}", trust]) for trust in ("one", "system"))
    return system / one


def table(rig, rounds):
    """Prints it: medians of interleaved runs, and counts."""
    bundle = make_bundle(rig)
    with Sink(rig, "small") as sink:
        all_ = lines(rig, sink, bundle)
        spent = {key: [] for key in all_}
        for _ in range(rounds):
            for key, (line, environment) in all_.items():
                spent[key].append(run(rig, line, environment))
        executed = {key: instructions(rig, *all_[key]) / 1e6 for key in all_}
    print("| one process, one message, STARTTLS | CPU, ms: one CA | the system's | quotient "
          "| instructions, millions: one CA | the system's | quotient |\n|---|--:|--:|--:|--:|--:|--:|")
    for name in dict.fromkeys(key[0] for key in all_):
        cpu = [median(spent[name, trust]) for trust in ("one", "system")]
        count = [executed[name, trust] for trust in ("one", "system")]
        print(f"| {name} | {cpu[0]:.1f} | {cpu[1]:.1f} | {cpu[1] / cpu[0]:.2f} "
              f"| {count[0]:.1f} | {count[1]:.1f} | {count[1] / count[0]:.2f} |")
    return 0
