#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes one mistake after the other in good plugins (mutants.tsv), builds each, and lets envoi-plugin-check look at it. A
mistake has to be found, in the words of its row. A row whose change does not fit the source any more fails too.

usage: mutants.py --source DIR --build DIR --check PROGRAM [--jobs N] [NAME...]
"""
import argparse
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
import tempfile

# The plugin that shows a mistake in what several share.
SHARED = {"auth/common": "plain", "backends/common": "openssl"}
HEADERS = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <time.h>\n"


class Build:
    def __init__(self, source, folder):
        self.source, self.folder = source, folder
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
            self.commands = {os.path.relpath(row["file"], source): row for row in json.load(file)
                             if "_objects.dir" in row["command"] or "common.dir" in row["command"]}

    def command(self, path, text, out):
        """The command that compiles `path`, with another source and another object."""
        words = shlex.split(self.commands[path]["command"])
        for at, word in enumerate(words):
            if word in ("-o", "-MF", "-MT"):
                words[at + 1] = out if word == "-o" else out + ".d"
            elif word == "-Werror":
                words[at] = "-w"
        words[-1] = text
        return words + ["-w", "-I", os.path.join(self.source, os.path.dirname(path))]

    def link(self, plugin, path, changed, module):
        """The command that links the plugin, with the changed object. In front of an archive it stands for its own there."""
        lines = subprocess.run(["ninja", "-t", "commands", "-s", f"plugins/{plugin}.so"], cwd=self.folder, capture_output=True,
                               text=True, check=True).stdout.splitlines()
        words = [word for word in shlex.split(lines[-1]) if word not in (":", "&&")]
        row = shlex.split(self.commands[path]["command"])
        words = [word for word in words if word != row[row.index("-o") + 1]]
        words[words.index("-o") + 1] = module
        return words[:1] + [changed] + words[1:]


def read_rows(path):
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 5 or not all(fields):
                sys.exit(f"{path}:{number}: a row has five fields")
            rows.append(fields)
    return rows


def make(build, folder, path, change):
    """Builds the plugin with the change in `path`. Returns the module, or the reason why there is none."""
    plugin = SHARED.get(os.path.dirname(path), os.path.basename(os.path.dirname(path)))
    with open(os.path.join(build.source, path), encoding="utf-8") as file:
        good = file.read()
    bad = subprocess.run(["sed", "-E", change], input=good, capture_output=True, text=True, check=False)
    if bad.returncode:
        return None, "sed: " + bad.stderr.strip()
    if bad.stdout == good:
        return None, "the change does not fit the source any more"
    source, out = os.path.join(folder, os.path.basename(path)), os.path.join(folder, "changed.o")
    with open(source, "w", encoding="utf-8") as file:
        file.write(HEADERS + bad.stdout)
    done = subprocess.run(build.command(path, source, out), cwd=build.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, "it does not compile: " + done.stderr[-600:]
    module = os.path.join(folder, plugin + ".so")
    done = subprocess.run(build.link(plugin, path, out, module), cwd=build.folder, capture_output=True, text=True, check=False)
    return (module, "") if done.returncode == 0 else (None, "it cannot be linked: " + done.stderr[-600:])


def look(build, check, row):
    """Returns the reason why the mistake is not found as it should be, or ""."""
    _, path, change, cases, words = row
    with tempfile.TemporaryDirectory(prefix="envoi-mutant-") as folder:
        module, reason = make(build, folder, path, change)
        if not module:
            return reason
        done = subprocess.run([check, "--deadline", "20", "--quiet", "--pki",
                               os.path.join(build.folder, "tests/conformance/transport/pki"), "--filter", cases, module],
                              capture_output=True, text=True, errors="replace", check=False)
    if done.returncode not in (0, 1):
        return f"status {done.returncode}: {done.stderr.strip()}"
    if done.returncode == 0:
        return f"it survives: {cases} find nothing"
    return "" if words in done.stdout else f"it is found in other words than '{words}': {done.stdout.strip()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--check", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    build = Build(args.source, args.build)
    rows = read_rows(os.path.join(args.source, "tests/conformance/mutants.tsv"))
    rows = [row for row in rows if not args.names or row[0] in args.names]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for row, reason in zip(rows, pool.map(lambda row: look(build, args.check, row), rows)):
            if reason:
                failed += 1
                print(f"FAIL  {row[0]}: {reason}", flush=True)
    print(f"mutants: {len(rows)} mistakes, {len(rows) - failed} found by name, {failed} not")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
