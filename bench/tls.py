# SPDX-License-Identifier: MIT
"""TLS: the instructions and records of a message, and the memory of a session that is idle."""
from rig import Client, Sink

BACKENDS = ("openssl", "gnutls")
MODES = (("lone", 5, 25), ("queued", 100, 200))  # whole batches of a queue
IDLE = (20, 60)  # sessions, whose difference leaves out the library and what it loads


def messages(rig, delay):
    with Sink(rig, "small", "--delay", delay) as sink:
        for backend in BACKENDS:
            for mode, few, many in MODES:
                client = Client("envoi", "client_envoi", "--mode", mode, "--backend", backend)
                for recipients in (1, 50):
                    records = [sink.run(client, count, recipients, tls=True)["reads"] for count in (few, many)]
                    got = sink.counts(client, few, many, recipients, tls=True)
                    got["records"] = (records[1] - records[0]) / (many - few)
                    yield f"{backend}, {mode}, {recipients} recipient{'s'[:recipients > 1]}", got


def idle(rig):
    """Octets of allocated memory, those that malloc() adds included."""
    for letter, size in (("small", "2 KiB"), ("idle", "1 MiB")):
        with Sink(rig, letter) as sink:
            for backend in (*BACKENDS, None):
                client = Client("envoi", "client_envoi", "--mode", "idle", "--backend", backend or "openssl")
                heap = [sink.run(client, count, 1, tls=backend is not None)["heap"] for count in IDLE]
                yield f"idle, {backend or 'plain'}, after {size}", {"memory": (heap[1] - heap[0]) / (IDLE[1] - IDLE[0])}


def guarded(rig, delay):
    yield from messages(rig, delay)
    yield from idle(rig)


def table(rig, delay):
    """Prints them."""
    print("| over TLS, 2 KiB | records | round trips | system calls | instructions |\n|---|--:|--:|--:|--:|")
    for name, got in messages(rig, delay):
        print(f"| {name} | {got['records']:.2f} | {got['round_trips']:.2f} | {got['calls']:.2f} | {got['instructions']:,.0f} |")
    print("\n| idle session | memory, octets |\n|---|--:|")
    for name, got in idle(rig):
        print(f"| {name.removeprefix('idle, ')} | {got['memory']:,.0f} |")
    return 0
