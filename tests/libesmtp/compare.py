#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""compare.py --ours DIR --oracle PROGRAM [--original DIR] [--renew] [SITUATION...]

Runs the oracle program in each situation with envoi's libesmtp.so.6 and, where that is at hand, with libESMTP's own,
and compares the two outputs with the situation's. README.md says what a situation is.

  --ours DIR      where envoi's library lies
  --original DIR  the tree in which libesmtp6 was unpacked; without it only envoi's lines are checked
  --renew         writes what was seen into the situations: to be read before it is committed"""
import argparse
import difflib
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from server import Server

LIMIT = 30  # seconds for one run
# The home directories that a situation can name: {file: (what of the certificates it has, its mode)}.
CA = (["ca.pem"], 0o600)
CLIENT = ["client.chain.pem", "client.key"]
HOMES = {
    "plain": {".config/libesmtp/ca.pem": CA},
    "ca-directory": {".config/libesmtp/ca/one.pem": CA},
    "ca-open": {".config/libesmtp/ca.pem": (["ca.pem"], 0o644)},
    "client": {".config/libesmtp/ca.pem": CA, ".config/libesmtp/private/smtp-starttls.pem": (CLIENT, 0o600)},
    "client-host": {".config/libesmtp/ca.pem": CA, ".config/libesmtp/private/localhost.pem": (CLIENT, 0o600)},
    "client-open": {".config/libesmtp/ca.pem": CA, ".config/libesmtp/private/smtp-starttls.pem": (CLIENT, 0o644)},
    "client-encrypted": {".config/libesmtp/ca.pem": CA, ".config/libesmtp/private/smtp-starttls.pem":
                         (["client.chain.pem", "client-encrypted.key"], 0o600)},
    "old-ca": {".authenticate/ca.pem": CA},
    "old-client": {".config/libesmtp/ca.pem": CA,
                   ".authenticate/localhost/private/smtp-starttls.pem": (CLIENT, 0o600)},
}


def read_situation(path):
    """{part: lines}; a part begins with a line "part:". Comments are the lines before the first."""
    parts, name = {"head": []}, "head"
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if re.fullmatch(r"(server|program|output):", line):
                name = line[:-1]
                parts[name] = []
            elif name == "output" or line.strip():
                parts[name].append(line)
    return parts


def normal(lines, port, work):
    """Without what differs from run to run."""
    year = time.strftime("%Y")
    for line in lines:
        line = line.replace(f":{port}", ":PORT").replace(work, "WORK")
        line = re.sub(rf"Date: .* {year} .*", "Date: NOW", line)
        line = re.sub(rf"{year}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "NOW", line)
        line = re.sub(r"refused \d+ s ago", "refused N s ago", line)
        line = re.sub(r"Message-Id: <\d+\.\d+\.\d+@", "Message-Id: <MADE@", line)
        yield line


class Rig:
    """What all runs share."""
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        self.pki = f"{work}/pki"
        subprocess.run([f"{HERE}/../servers/pki.sh", self.pki], check=True)
        for home, files in HOMES.items():
            for name, (sources, mode) in files.items():
                self.write(f"{work}/{home}/{name}", sources, mode)

    def write(self, path, sources, mode):
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "w", encoding="utf-8") as own:
            for source in sources:
                with open(f"{self.pki}/{source}", encoding="utf-8") as file:
                    own.write(file.read())

    def environment(self, situation, original):
        home = re.findall(r"^# home: (.*)", "\n".join(situation["head"]), re.M) or ["plain"]
        chosen = {"HOME": f"{self.work}/{home[0]}", "TZ": "UTC", "LC_ALL": "C", "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "LD_PRELOAD"):
            if name in os.environ:
                chosen[name] = os.environ[name]
        chosen["LD_LIBRARY_PATH"] = self.arguments.ours
        if original:
            library, = glob.glob(f"{self.arguments.original}/usr/lib/*/libesmtp.so.6")
            chosen["LD_LIBRARY_PATH"] = os.path.dirname(library)
            chosen["ENVOI_ORACLE_PLUGINS"], = glob.glob(f"{os.path.dirname(library)}/esmtp-plugins-*")
            chosen["LD_PRELOAD"] = " ".join(filter(None, [chosen.get("LD_PRELOAD"), self.arguments.redirect]))
            # Its leaks are not ours.
            chosen["ASAN_OPTIONS"] = chosen.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        return chosen

    def run(self, situation, original):
        server = Server(situation["server"], self.pki)
        try:
            done = subprocess.run([self.arguments.oracle, f"localhost:{server.port}"], timeout=LIMIT, check=False,
                                  input="\n".join(situation["program"]) + "\n", env=self.environment(situation, original),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="latin-1")
        finally:
            server.stop()
        lines = done.stdout.splitlines()
        if done.returncode:
            lines.append(f"the program ends with {done.returncode}")
            if not original or done.returncode > 0:
                lines += done.stderr.splitlines()
        return list(normal(lines + ["server: " + line for line in server.log], server.port,
                           self.work))


def both(original, ours):
    """The lines of both outputs: "  " before those in both, "- " in libESMTP's, "+ " in envoi's."""
    matcher = difflib.SequenceMatcher(None, original, ours, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        if original[i1:i2] == ours[j1:j2]:
            yield from ("  " + line for line in ours[j1:j2])
        else:
            yield from ("- " + line for line in original[i1:i2])
            yield from ("+ " + line for line in ours[j1:j2])


def renew(path, parts, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts["head"]) + "\n")
        for name in ("server", "program"):
            file.write(f"{name}:\n" + "".join(line + "\n" for line in parts[name]))
        file.write("output:\n" + "".join(line.rstrip(" ") + "\n" for line in lines))


def expected(parts, mark):
    return [line[2:] for line in parts.get("output", []) if line[:2].strip() in ("", mark)]


def differences(wanted, seen, whose):
    return [f"   {whose}: {line}" for line in difflib.unified_diff(wanted, seen, "expected", "seen", lineterm="", n=1)]


def deviations(parts):
    """The numbers of docs/libesmtp.md that the head names."""
    return re.findall(r"\d+", " ".join(re.findall(r"^# deviations?:(.*)", "\n".join(parts["head"]), re.M)))


def check(rig, path):
    """The complaints about one situation."""
    parts = read_situation(path)
    ours = [line.rstrip(" ") for line in rig.run(parts, False)]
    original = [line.rstrip(" ") for line in rig.run(parts, True)] if rig.arguments.original else None
    if rig.arguments.renew:
        renew(path, parts, list(both(original, ours)))
        parts = read_situation(path)
    wrong = differences(expected(parts, "+"), ours, "envoi")
    if original is not None:
        wrong += differences(expected(parts, "-"), original, "libESMTP")
    differs = any(line[:1] in "+-" for line in parts["output"] if line.strip())
    if differs and not deviations(parts):
        wrong.append("   the outputs differ, and no deviation of docs/libesmtp.md is named")
    if not differs and deviations(parts):
        wrong.append("   a deviation is named, and the outputs do not differ")
    return wrong, deviations(parts)


def interface(directory):
    """What a program is linked with: the name of the library, and its symbols with their versions."""
    library = f"{directory}/libesmtp.so.6"
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, encoding="ascii")
    headers = subprocess.run(["objdump", "-p", library], check=True, capture_output=True, encoding="ascii")
    names = {line.split()[2] for line in symbols.stdout.splitlines()}
    # What sanitizers and coverage add.
    return {name for name in names if not re.match(r"_|llvm", name) or name.startswith("_smtp")} | \
        set(re.findall(r"SONAME +(\S+)", headers.stdout))


def main():
    parser = argparse.ArgumentParser()
    for name in ("ours", "oracle", "original", "redirect"):
        parser.add_argument("--" + name)
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("situations", nargs="*")
    arguments = parser.parse_args()
    paths = arguments.situations or sorted(glob.glob(f"{HERE}/situations/*"))
    with open(f"{HERE}/../../docs/libesmtp.md", encoding="utf-8") as file:
        documented = set(re.findall(r"^(\d+)\. ", file.read(), re.M))
    failed, named = 0, set()
    with tempfile.TemporaryDirectory(prefix="envoi-libesmtp-") as work:
        rig = Rig(arguments, work)
        for path in paths:
            wrong, numbers = check(rig, path)
            named.update(numbers)
            title = os.path.basename(path)
            print(("FAIL  " if wrong else "ok    ") + title + (f"  (deviation {', '.join(numbers)})" if numbers else ""))
            print("\n".join(wrong), end="\n" if wrong else "")
            failed += bool(wrong)
    if named - documented:
        print(f"FAIL  deviations that docs/libesmtp.md does not have: {sorted(named - documented)}")
        failed += 1
    if not arguments.situations and documented - named:
        print(f"FAIL  deviations of docs/libesmtp.md that no situation shows: {sorted(documented - named)}")
        failed += 1
    if arguments.original:
        library, = glob.glob(f"{arguments.original}/usr/lib/*/libesmtp.so.6")
        other = interface(os.path.dirname(library)) ^ interface(arguments.ours)
        if other:
            print(f"FAIL  symbols or names that only one of the libraries has: {sorted(other)}")
            failed += 1
    print(f"compare: {len(paths)} situations, {failed} failed, " +
          ("with both libraries" if arguments.original else "with envoi's alone: libESMTP is not at hand"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
