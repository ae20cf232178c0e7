# SPDX-License-Identifier: MIT
"""The long form: all clients, all workloads, in one run; tables, bench/results.json and docs/benchmark.svg."""
import datetime
import json
import os
import platform
import re

from plot import draw
from rig import BENCH, CLIENTS, ROOT, SIZES, Client, Sink, median

# key, title, letter, recipients, messages of a timed run
WORKLOADS = [
    ("small", "2 KiB, 1 recipient", "small", 1, 1000),
    ("many", "2 KiB, 50 recipients", "small", 50, 100),
    ("large", "50 MiB, 1 recipient", "large", 1, 5),
]
DELAY_MS, DELAY_COUNT = 20, 100
# Held so long, no reply overtakes a client that does not wait for it: round trips are counted exactly.
HELD_MS = {"small": "5", "large": "200"}
ROUNDS = {"small": 5, "many": 5, "large": 3}
RAW_ROUNDS, RAW_COUNT = 11, 2
PICTURE = "![round trips, system calls and instructions per message](benchmark.svg)"
RESULTS = os.path.join(BENCH, "results.json")
MARKS = "<!-- bench:begin -->", "<!-- bench:end -->"


def timed(sink, clients, count, recipients, tls, rounds):
    """Interleaved: one run of each client, then the next of each."""
    runs = {client.key: [] for client in clients}
    for _ in range(rounds):
        for client in clients:
            runs[client.key].append(sink.run(client, count, recipients, tls))
    result = {}
    for key, list_ in runs.items():
        result[key] = {"per_second": count / median([r["seconds"] for r in list_]), "peak_kib": list_[0]["peak_kib"],
                       "seconds": [r["seconds"] for r in list_]}
        if "user" in list_[0]:
            result[key]["cpu_ms"] = median([(r["user"] + r["system"]) * 1000 / count for r in list_])
    return result


# The two numbers of messages whose difference is counted. A queue is counted over whole batches: within one the round trip at
# its end would be left out.
NUMBERS = {"small": (10, 30), "many": (2, 10), "large": (1, 3)}
QUEUE_NUMBERS = {"small": (100, 300), "many": (100, 200), "large": (5, 10)}


def numbers(client, key):
    if not client.queue:
        return *NUMBERS[key], ()
    return *QUEUE_NUMBERS[key], (("--batch", "5") if key == "large" else ())


def measure_workload(rig, workload, tls, clients, quick):
    key, title, name, recipients, count = workload
    clients = [c for c in clients if c.tls or not tls]
    with Sink(rig, name) as sink, Sink(rig, name, "--delay", HELD_MS[name]) as held:
        result = timed(sink, clients, max(count // 10, 1) if quick else count, recipients, tls, 1 if quick else ROUNDS[key])
        for client in clients:
            rig.say(f"  {title}, {'STARTTLS' if tls else 'plain'}: {client.key}")
            low, high, words = numbers(client, key)
            # 50 MiB in valgrind take minutes; the instructions of 4 MiB, per octet, say the same.
            result[client.key].update(sink.counts(client, low, high, recipients, tls, words, instructions=name != "large",
                                                  held=held))
    if name == "large":
        with Sink(rig, "medium") as sink:
            for client in clients:
                got = sink.counts(client, 1, 2, recipients, tls)
                result[client.key]["instructions"] = got["instructions"] / SIZES["medium"]
    return result


def measure_delay(rig, clients, quick):
    with Sink(rig, "small", "--delay", str(DELAY_MS)) as sink:
        count = 20 if quick else DELAY_COUNT
        result = timed(sink, clients, count, 1, False, 1)
        for client in clients:
            few, many, words = numbers(client, "small")
            low, high = (sink.run(client, n, 1, False, words)["round_trips"] for n in (few, many))
            result[client.key]["round_trips"] = (high - low) / (many - few)
    return result


# ---- the plainest loops

def measure_raw(rig, quick):
    """Envoi's share of what the plainest loop from the same source over the same layer reaches: medians, interleaved."""
    result = {}
    envoi = Client("envoi", "client_envoi", "--mode", "lone")
    raw = Client("raw", "client_raw")
    canonical = Client("canonical", "client_envoi", "--mode", "lone", "--canonical")
    with Sink(rig, "large") as sink:
        for layer in ("plain", "openssl", "gnutls"):
            for source in ("memory", "file", "callback"):
                rig.say(f"  plainest loop: {layer}, {source}")
                seconds = {client.key: [] for client in (raw, envoi, canonical)}
                for _ in range(1 if quick else RAW_ROUNDS):
                    for client in (raw, envoi, canonical):
                        words = ["--source", source, *(["--backend", layer] if layer != "plain" else [])]
                        seconds[client.key].append(sink.run(client, RAW_COUNT, 1, layer != "plain", words)["seconds"])
                mib = RAW_COUNT * SIZES["large"] / (1 << 20)
                result[f"{layer}, {source}"] = {key: mib / median(list_) for key, list_ in seconds.items()}
                result[f"{layer}, {source}"]["seconds"] = seconds
    return result


def measure_peak(rig):
    """How much more memory 50 MiB need than 2 KiB, in KiB."""
    peaks = {}
    client = Client("envoi", "client_envoi", "--mode", "lone")
    for name in ("small", "large"):
        with Sink(rig, name) as sink:
            for source in ("file", "callback"):
                for tls in (False, True):
                    key = f"{source}, {'STARTTLS' if tls else 'plain'}"
                    peak = sink.run(client, 1, 1, tls, ["--source", source])["peak_kib"]
                    peaks[key] = peak - peaks[key] if name == "large" else peak
    return peaks


# ---- tables

def number(value, digits=2):
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    if 0 < value < 10**-digits:
        return f"<{10**-digits:.{digits}f}"
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if value < 100 else f"{value:.0f}"


def table(results, clients, workload, tls):
    key, title, name, _, _ = workload
    got = results["workloads"][f"{key}, {'STARTTLS' if tls else 'plain'}"]
    large = name == "large"
    lines = [f"**{title}, {'STARTTLS' if tls else 'plain'}**", "",
             "| | round trips | system calls | waits | instructions" + (" per octet" if large else "") +
             " | CPU, ms | " + ("MiB/s" if large else "messages/s") + " | peak, MiB |",
             "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for client in clients:
        row = got.get(client.key)
        if not row:
            continue
        rate = row["per_second"] * (50 if large else 1)
        cells = [number(row["round_trips"]), number(row["calls"]), number(row["waits"]), number(row.get("instructions")),
                 number(row.get("cpu_ms"), 3), number(rate, 0), number(row["peak_kib"] / 1024, 1)]
        lines.append(f"| {client.title} | " + " | ".join(cells) + " |")
    return lines + [""]


def delay_table(results, clients):
    got = results["delay"]
    lines = [f"**2 KiB, 1 recipient, plain, each reply comes after {DELAY_MS} ms**", "",
             "| | round trips | messages/s |", "|---|--:|--:|"]
    lines += [f"| {c.title} | {number(got[c.key]['round_trips'])} | {number(got[c.key]['per_second'], 0)} |"
              for c in clients if c.key in got]
    return lines + [""]


def raw_table(results):
    lines = ["**50 MiB beside the plainest loop from the same source, MiB/s**", "",
             "| | plainest loop | envoi | share | envoi, canonical | share |", "|---|--:|--:|--:|--:|--:|"]
    for name, got in results["raw"].items():
        shares = [f"{number(got[key], 0)} | {got[key] / got['raw']:.2f}" for key in ("envoi", "canonical")]
        lines.append(f"| {name} | {number(got['raw'], 0)} | {' | '.join(shares)} |")
    more = ", ".join(f"{value} KiB ({key})" for key, value in results["peak_growth_kib"].items())
    return lines + ["", f"Peak memory of 50 MiB above that of 2 KiB: {more}.", ""]


def heading_of(command, machine_, date=None):
    return [f"Measured on {date or datetime.date.today().isoformat()} by `{command}` ({machine_}); counts are per message on an "
            "open session.", ""]


def heading(results):
    return heading_of("bench/run", results["machine"], results["date"])


def many_sentence(results):
    """Round trips with many recipients, the one number that no row of the README's table shows."""
    got = results["workloads"]["many, STARTTLS"]
    others = [row["round_trips"] for key, row in got.items() if not key.startswith("envoi-")]
    return [f"Round trips of a message to 50 recipients: {number(got['envoi-lone']['round_trips'])} by **envoi**, one by one; "
            f"{number(min(others))} to {number(max(others))} by the others.", ""]


def page_tables(results, clients):
    """All of them: docs/benchmarks.md."""
    lines = heading(results)
    for workload in WORKLOADS:
        for tls in (False, True):
            lines += table(results, clients, workload, tls)
    return lines + delay_table(results, clients) + raw_table(results)


def readme_table(results, clients):
    """One, of an everyday message: README.md."""
    return heading(results) + table(results, clients, WORKLOADS[0], True) + many_sentence(results)


def between_marks(path, lines, marks=MARKS):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = marks
    if begin not in text or end not in text:
        raise SystemExit(f"bench: {path} has no marks {begin} and {end}")
    text = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: "\n".join([begin, *lines, end]), text, flags=re.S)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = re.findall(r"model name\s*: (.*)", file.read())
    return f"{len(models) or os.cpu_count()} × {models[0] if models else platform.machine()}, Linux {'.'.join(platform.release().split('.')[:2])}"


def measure(rig, clients, quick):
    results = {"date": datetime.date.today().isoformat(), "machine": machine(), "workloads": {}}
    for workload in WORKLOADS:
        for tls in (False, True):
            name = f"{workload[0]}, {'STARTTLS' if tls else 'plain'}"
            results["workloads"][name] = measure_workload(rig, workload, tls, clients, quick)
    results["delay"] = measure_delay(rig, clients, quick)
    results["raw"] = measure_raw(rig, quick)
    results["peak_growth_kib"] = measure_peak(rig)
    return results


def run(rig, given):
    clients = [c for c in CLIENTS if given.reuse or rig.has(c)]
    for client in CLIENTS:
        if client not in clients:
            rig.say(f"skipped: {client.key} is not installed")
    if given.reuse:
        with open(RESULTS, encoding="utf-8") as file:
            results = json.load(file)
    else:
        results = measure(rig, clients, given.quick)
    if not given.quick:
        with open(RESULTS, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
            file.write("\n")
        draw(results, clients, os.path.join(ROOT, "docs/benchmark.svg"))
        between_marks(os.path.join(ROOT, "docs/benchmarks.md"), [PICTURE, "", *page_tables(results, clients)])
    if given.update_readme:
        between_marks(os.path.join(ROOT, "README.md"), readme_table(results, clients))
    make = readme_table if given.markdown else page_tables
    print("\n".join(make(results, clients)))
    return 0
