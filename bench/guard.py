# SPDX-License-Identifier: MIT
"""The short form: envoi's counts alone, against the limits in guard.json."""
import json
import os

import cold
import python
import tls
import trust
from rig import BENCH, SIZES, Client, Sink

LIMITS = os.path.join(BENCH, "guard.json")
WHAT = ("round_trips", "calls", "faults", "instructions", "records", "memory")
# What a recorded limit allows above the measured count: how many replies one read finds is a matter of chance.
SLACK = {"round_trips": (1.0, 0.02), "calls": (1.1, 0.1), "faults": (1.1, 0.0), "instructions": (1.05, 0.0),
         "records": (1.05, 0.02), "memory": (1.05, 0.0)}
# Held so long, a reply cannot overtake a client that does not wait for it: round trips are counted exactly.
DELAY = "2"


def small(rig):
    for chunking in (True, False):
        with Sink(rig, "small", "--delay", DELAY, *([] if chunking else ["--no-chunking"])) as sink:
            # Whole batches of a queue, so that the round trip at the end of each is in the difference.
            for mode, few, many in (("lone", 5, 25), ("queued", 100, 200)):
                client = Client("envoi", "client_envoi", "--mode", mode)
                for recipients in (1, 50):
                    name = f"{mode}, {'BDAT' if chunking else 'DATA'}, {recipients} recipient{'s'[:recipients > 1]}"
                    yield name, sink.counts(client, few, many, recipients)


def many(rig):
    """What a recipient costs beyond the first; message objects that are made anew for each message of a queue."""
    with Sink(rig, "small") as sink:
        client = Client("envoi", "client_envoi", "--mode", "queued")
        one, fifty = (sink.counts(client, 100, 200, n)["instructions"] for n in (1, 50))
        yield "each recipient beyond the first", {"instructions": (fifty - one) / 49}
        client = Client("envoi", "client_envoi", "--mode", "renewed")
        yield "queued, new message objects", {"instructions": sink.counts(client, 100, 200, 1)["instructions"]}


def beginning(rig):
    """The first message to a server goes by DATA. Before the second one the server proves that it knows BDAT. In a queue
    the question whether it takes messages behind one another rides behind the first content: no round trip of its own."""
    with Sink(rig, "small", "--delay", DELAY) as sink:
        client = Client("envoi", "client_envoi", "--mode", "queued")
        got = sink.counts(client, 0, 100, 1, instructions=False)
        yield "first queue, whole", {key: 100 * got[key] for key in ("round_trips",)}
    with Sink(rig, "small", "--delay", DELAY) as sink:
        client = Client("envoi", "client_envoi", "--mode", "lone")
        for name, few in (("first", 0), ("second", 1)):
            yield name, sink.counts(client, few, few + 1, 1, instructions=False)


def unpipelined(rig):
    """One reply at a time is all that is left: MAIL, RCPT, then DATA and the content. There is no proof of BDAT."""
    for name, words in (("CHUNKING", []), ("DATA", ["--no-chunking"])):
        with Sink(rig, "small", "--delay", DELAY, "--no-pipelining", *words) as sink:
            client = Client("envoi", "client_envoi", "--mode", "queued")
            yield f"no PIPELINING, {name}", sink.counts(client, 5, 25, 1, instructions=False)


def content(rig):
    """Instructions per octet."""
    with Sink(rig, "medium") as sink:
        for name, words in (("content, BDAT", []), ("content, DATA", ["--data"]), ("content, canonical BDAT", ["--canonical"])):
            client = Client("envoi", "client_envoi", "--mode", "lone", "--source", "memory", *words)
            got = sink.counts(client, 1, 3, 1)
            yield name, {"instructions": got["instructions"] / SIZES["medium"]}


def system(rig):
    """The instructions of one process with the system's CAs, as a multiple of those with one CA. The goal is 1.3."""
    for backend in trust.BACKENDS if os.path.exists(trust.SYSTEM) else ():
        yield f"one message, {backend}, system's CAs : one CA", {"instructions": trust.quotient(rig, backend)}


def lines(rig):
    """Instructions per octet of content as it really is: as on the wire, with dots to double, as a file on Unix."""
    for title, letter, variant in (("CR LF", "lines", ""), ("CR LF and dots", "dots", ""), ("LF", "lines", ".lf")):
        with Sink(rig, letter) as sink:
            for verb, words in (("BDAT", []), ("DATA", ["--data"])):
                client = Client("envoi", "client_envoi", "--mode", "lone", "--source", "memory", *words, variant=variant)
                size = os.path.getsize(os.path.join(rig.work, letter + variant))
                yield f"lines, {title}, {verb}", {"instructions": sink.counts(client, 1, 3, 1)["instructions"] / size}


def secure(rig):
    for name, got in tls.guarded(rig, DELAY):
        yield "TLS, " + name if "idle" not in name else name, got


def modules(rig):
    yield from python.guarded(rig, DELAY)


def run(rig, record):
    measured = {}
    limits = {}
    if os.path.exists(LIMITS):
        with open(LIMITS, encoding="utf-8") as file:
            limits = json.load(file)
    worse = 0
    for part in (small, many, beginning, unpipelined, content, lines, system, secure, modules, cold.counts):
        for name, got in part(rig):
            measured[name] = {key: got[key] for key in WHAT if key in got}
            worse += compare(name, measured[name], limits.get(name), record)
    if record:
        with open(LIMITS, "w", encoding="utf-8") as file:
            json.dump({name: {key: limit_of(key, value) for key, value in got.items()} for name, got in measured.items()},
                      file, indent=2)
            file.write("\n")
    print(f"bench --guard: {len(measured)} cases, {worse} counts above their limit")
    return 1 if worse else 0


def limit_of(key, value):
    factor, add = SLACK[key]
    return round(value * factor + add, 3 if value < 100 else 0)


def compare(name, got, limit, record):
    worse = 0
    words = []
    for key, value in got.items():
        above = limit is None or key not in limit or value > limit[key]
        worse += above and not record
        text = f"{key.replace('_', ' ')} {value:.2f}" if value < 100 else f"{key} {value:.0f}"
        if limit and key in limit:
            text += f" (limit {limit[key]:g})"
        words.append(text + (" WORSE" if above and not record else ""))
    print(f"{name:28} {', '.join(words)}", flush=True)
    return worse
