#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the text of /metrics as a scraper does: by the parser of python3-prometheus-client if it is there, and by rules of our own,
those of `promtool check metrics` that can be broken here.

usage: exposition.py PROGRAM    PROGRAM prints the text
"""
import re
import subprocess
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r'(?:\{(' + NAME + r'="(?:[^"\\\n]|\\["\\n])*"(?:,' + NAME + r'="(?:[^"\\\n]|\\["\\n])*")*)\})?'
SAMPLE = re.compile(r"(" + NAME + r")" + LABELS + r" (-?[0-9.]+(?:e[+-]?[0-9]+)?|\+Inf|NaN)$")
VERDICT = 'a "quoted\\" one,\nover two lines} 7'


def fail(text):
    sys.exit(f"exposition: {text}")


def check_line(line, family, seen):
    match = SAMPLE.match(line)
    if not match:
        fail(f"no sample: {line}")
    name = match.group(1)
    base = re.sub(r"_(bucket|sum|count)$", "", name) if family["type"] == "histogram" else name
    if base != family["name"]:
        fail(f"{name} among the lines of {family['name']}")
    if (name, match.group(2)) in seen:
        fail(f"twice: {line}")
    seen.add((name, match.group(2)))
    return name, match.group(2) or "", float(match.group(3))


def check_histogram(name, samples):
    buckets = [(re.search(r'le="([^"]+)"', labels).group(1), value) for n, labels, value in samples if n == name + "_bucket"]
    bounds = [float(le) for le, _ in buckets]
    counts = [value for _, value in buckets]
    count = [value for n, _, value in samples if n == name + "_count"]
    if bounds != sorted(set(bounds)) or buckets[-1][0] != "+Inf":
        fail(f"{name}: the bounds {bounds}")
    if counts != sorted(counts) or [counts[-1]] != count:
        fail(f"{name}: the counts {counts}, of {count}")


def by_rules(text):
    """Families in one piece each, HELP and TYPE before the samples, names by their type, no sample twice."""
    family, families, seen = {}, {}, set()
    if not text.endswith("\n"):
        fail("no line end behind the last line")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, words = line[7:].split(" ", 1)
            if name in families or not words.strip():
                fail(f"HELP of {name} is empty, or there a second time")
            family = families[name] = {"name": name, "type": None, "samples": []}
        elif line.startswith("# TYPE "):
            name, family["type"] = line[7:].split(" ")
            if name != family["name"] or family["type"] not in ("counter", "gauge", "histogram"):
                fail(f"TYPE: {line}")
            if name.endswith("_total") != (family["type"] == "counter"):
                fail(f"{name} is a {family['type']}")
        else:
            family["samples"].append(check_line(line, family, seen))
    for name, family in families.items():
        if not name.startswith("envoi_"):
            fail(f"the name {name}")
        if family["type"] == "histogram":
            check_histogram(name, family["samples"])
    return len(seen)


def by_prometheus(text):
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        print("python3-prometheus-client is not there")
        return
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    for key, value in {
        ("envoi_recipients_total", (("account", "work"), ("verdict", "accepted"))): 3,
        ("envoi_retries_total", (("delay", "15m"),)): 1e9,
        ("envoi_dead_total", (("reason", VERDICT),)): 1,
        ("envoi_smtp_up", (("account", "work"),)): 0,
        ("envoi_send_seconds_bucket", (("le", "0.5"),)): 2,
        ("envoi_send_seconds_sum", ()): 0.3001,
        ("envoi_queue_wait_seconds_bucket", (("le", "345600"),)): 0,
        ("envoi_queue_wait_seconds_count", ()): 1,
    }.items():
        if found.get(key) != value:
            fail(f"Prometheus reads {found.get(key)} for {key}, not {value}")
    print(f"Prometheus's own parser has found {len(found)} samples")


def main():
    text = subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE, timeout=20).stdout.decode("utf-8")
    print(f"{by_rules(text)} samples")
    by_prometheus(text)


main()
