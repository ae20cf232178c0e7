# SPDX-License-Identifier: MIT
"""Cold start: one process sends one message. CPU time, system calls and page faults, beside the programs of others."""
import os
import re
import shutil

from rig import Client, Sink, median, quietly

ROUNDS = 31
ADDRESSES = "bench@example.org", "recipient0@example.net"


def install(rig):
    """The program as it is installed; returns its path."""
    quietly(["cmake", "--install", rig.build])
    return os.path.join(rig.root, "bin/envoi")


def settings(rig, name, text):
    path = os.path.join(rig.work, name)
    with open(path, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    return path


def programs(rig, sink):
    """What is measured: title -> (command line, does it use TLS?). The message comes from standard input."""
    sender, recipient = ADDRESSES
    port, ca = str(sink.port), os.path.join(rig.work, "pki/ca.pem")
    program = install(rig)
    account = settings(rig, "accounts.conf", f"[bench]\nhost = 127.0.0.1:{sink.port}\ntls = off\n")
    esmtprc = settings(rig, "esmtprc", f"hostname=127.0.0.1:{sink.port}\nstarttls=disabled\n")
    envoi = [program, "send", "--host", "127.0.0.1", "--port", port, "--from", sender, "--to", recipient]
    msmtp = ["msmtp", "--file=/dev/null", "--host=127.0.0.1", "--port=" + port, "--auth=off", "--from=" + sender]
    curl = ["curl", "-s", "--mail-from", sender, "--mail-rcpt", recipient, "-T", "-", f"smtp://127.0.0.1:{port}/client.example"]
    result = {
        "a program that does nothing": (["true"], False),
        "**envoi**": ([*envoi, "--tls", "off"], False),
        "**envoi-sendmail**": ([program + "-sendmail", "-C", account, "-i", "-f", sender, recipient], False),
        "**libenvoi**, `bench/clients/envoi.c`": (rig.command(Client("", "client_envoi", "--mode", "lone"), port, "small", 1, 1, False), False),
        "esmtp": (["esmtp", "-C", esmtprc, "-f", sender, recipient], False),
        "mini_sendmail": (["mini_sendmail", "-f" + sender, "-s127.0.0.1", "-p" + port, recipient], False),
        "msmtp": ([*msmtp, "--tls=off", recipient], False),
        "curl": (curl, False),
        "**envoi**, OpenSSL": ([*envoi, "--tls", "required", "--ca", ca, "--tls-backend", "openssl"], True),
        "**envoi**, GnuTLS": ([*envoi, "--tls", "required", "--ca", ca, "--tls-backend", "gnutls"], True),
        "msmtp, GnuTLS": ([*msmtp, "--tls=on", "--tls-starttls=on", "--tls-trust-file=" + ca, recipient], True),
        "curl, OpenSSL": ([*curl, "--ssl-reqd", "--cacert", ca], True),
    }
    return {title: got for title, got in result.items() if shutil.which(got[0][0])}


def run(rig, line):
    """Returns what the kernel counted for the process: CPU in milliseconds, page faults."""
    out = os.path.join(rig.work, "out")
    files = [(os.POSIX_SPAWN_OPEN, 0, os.path.join(rig.work, "small.lf"), os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
    _, status, used = os.wait4(os.posix_spawnp(line[0], line, os.environ, file_actions=files), 0)
    if status:
        with open(out, encoding="utf-8", errors="replace") as file:
            raise SystemExit(f"bench: {' '.join(line)}: failed\n{file.read()}")
    return 1000 * (used.ru_utime + used.ru_stime), used.ru_minflt


def calls(rig, line):
    """Not those of the loader that finds nothing below the build directory: in /usr it has nothing to search."""
    search = re.compile(f'"{re.escape(rig.build)}/[^"]*".*ENOENT')
    path = os.path.join(rig.work, "strace.out")
    run(rig, ["strace", "-f", "-o", path, *line])
    with open(path, encoding="utf-8", errors="replace") as file:
        return sum(bool(re.match(r"\d+ +\w+\(", text)) and not search.search(text) for text in file)


def counts(rig):
    """For the guard: title, system calls and page faults of the program."""
    with Sink(rig, "small") as sink:
        for title, (line, _) in programs(rig, sink).items():
            if "**envoi" in title:
                faults = median([run(rig, line)[1] for _ in range(5)])
                yield "one process, " + title.replace("*", ""), {"calls": calls(rig, line), "faults": faults}


def table(rig, rounds):
    """Prints it: medians of interleaved runs."""
    with Sink(rig, "small") as sink:
        all_ = programs(rig, sink)
        spent = {title: [] for title in all_}
        for _ in range(rounds):
            for title, (line, _) in all_.items():
                spent[title].append(run(rig, line))
        print("| one process, one message of 2 KiB | CPU, ms | system calls | page faults |\n|---|--:|--:|--:|")
        for title, (line, tls) in all_.items():
            cpu, faults = (median([one[i] for one in spent[title]]) for i in (0, 1))
            print(f"| {title}{', STARTTLS' * tls} | {cpu:.1f} | {calls(rig, line)} | {faults:.0f} |")
    return 0
