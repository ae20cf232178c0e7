# SPDX-License-Identifier: MIT
"""Python's modules side by side: a message through smtplib, envoi.smtplib, aiosmtplib and envoi.aio."""
import importlib.util
import os

from compare import between_marks, heading_of, machine, number
from rig import ROOT, Client, Sink, median

ROUNDS, COUNT = 5, 1000
HELD_MS = "5"
MARKS = "<!-- python:begin -->", "<!-- python:end -->"


def client(by, title, queue=False):
    return Client(by, "python_client.py", "--by", by, title=title, queue=queue)


CLIENTS = [
    client("smtplib", "smtplib"),
    client("envoi.smtplib", "**envoi.smtplib**"),
    client("envoi-queued", "**envoi**, queued: `send_all()`", queue=True),
    client("aiosmtplib", "aiosmtplib"),
    client("envoi.aio", "**envoi.aio**"),
    client("envoi.aio-queued", "**envoi.aio**, queued: `send_all()`", queue=True),
]


def guarded(rig, delay):
    """Round trips and system calls of envoi.smtplib, for bench/run --guard."""
    with Sink(rig, "small", "--delay", delay) as sink:
        got = sink.counts(client("envoi.smtplib", ""), 5, 25, 1, instructions=False)
        yield "Python, envoi.smtplib", {key: got[key] for key in ("round_trips", "calls")}


def measure(rig, clients, tls, quick):
    """Interleaved: one run of each, then the next of each."""
    with Sink(rig, "small") as sink, Sink(rig, "small", "--delay", HELD_MS) as held:
        count = COUNT // 10 if quick else COUNT
        runs = [{each.key: sink.run(each, count, 1, tls) for each in clients} for _ in range(1 if quick else ROUNDS)]
        for each in clients:
            few, many = (100, 300) if each.queue else (10, 30)
            got = sink.counts(each, few, many, 1, tls, instructions=False, held=held)
            mine = [run[each.key] for run in runs]
            got["cpu_ms"] = median([1000 * (run["user"] + run["system"]) / count for run in mine])
            got["per_second"] = count / median([run["seconds"] for run in mine])
            yield each, got


def table(rig, clients, tls, quick):
    lines = [f"**2 KiB, 1 recipient, {'STARTTLS' if tls else 'plain'}**", "",
             "| | round trips | system calls | waits | CPU, ms | messages/s |", "|---|--:|--:|--:|--:|--:|"]
    for each, got in measure(rig, clients, tls, quick):
        lines.append(f"| {each.title} | {number(got['round_trips'])} | {number(got['calls'])} | {number(got['waits'])} | "
                     f"{number(got['cpu_ms'], 3)} | {number(got['per_second'], 0)} |")
    return lines + [""]


def run(rig, quick):
    clients = [each for each in CLIENTS if each.key != "aiosmtplib" or importlib.util.find_spec("aiosmtplib")]
    lines = heading_of("bench/run --python", machine())
    for tls in (False, True):
        lines += table(rig, clients, tls, quick)
    if not quick:
        between_marks(os.path.join(ROOT, "docs/benchmarks.md"), lines, MARKS)
    print("\n".join(lines))
    return 0
