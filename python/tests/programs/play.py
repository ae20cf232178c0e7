#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""play.py --build DIR [--root DIR] [CASE...]

Real programs of smtplib's users, with one line changed. Each case of cases/ is run twice, with smtplib and with
envoi.smtplib, against the same server: the mails must be the same octet by octet, and so must what the case prints.
README.md says what a case is.

  --build DIR  the build of envoi
  --root DIR   where run.sh has unpacked the programs; without it only the cases that need none are played"""
from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.dont_write_bytecode = True
LIMIT = 240  # seconds for one run, on a machine that has other things to do
USERS = {"me": "secret"}


def read_case(path):
    """key -> values of the lines "# key: value" at its head."""
    case = {"package": [], "file": [], "change": [], "server": [], "refuses": [], "clock": []}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"# (\w+): (.*)", line)
        if match and match[1] in case:
            case[match[1]].append(match[2])
        elif not line.startswith("#"):
            break
    return case


# ---- the changed line ----

def find(name, folders):
    for folder in folders:
        if (folder / name).exists():
            return folder
    raise SystemExit(f"programs: there is no {name} in {', '.join(map(str, folders))}")


def change(name, expression, folders, overlay):
    """Puts the file into the overlay, with one line changed, and links beside it all the rest of its package."""
    package = name.split("/")[0]
    original = find(name, folders) / name
    if package != name and not (overlay / package).exists():
        subprocess.run(["cp", "-rs", str(find(package, folders) / package), str(overlay)], check=True)
    changed = subprocess.run(["sed", "-e", expression, str(original)], check=True, capture_output=True).stdout
    lines = [original.read_bytes().splitlines(), changed.splitlines()]
    different = [pair for pair in zip(*lines) if pair[0] != pair[1]]
    if len(different) != 1 or len(lines[0]) != len(lines[1]):
        raise SystemExit(f"programs: {expression!r} changes {len(different)} lines of {name}, not one")
    (overlay / name).unlink(missing_ok=True)
    (overlay / name).write_bytes(changed)
    shutil.copymode(original, overlay / name)
    return f"{name}: {different[0][0].decode().strip()!r} -> {different[0][1].decode().strip()!r}"


# ---- a run ----

class Run:
    """What one run has printed, and what has arrived."""

    def __init__(self, case, path, ours, folders, build, work):
        from conftest import Certificate
        from server import Server
        overlay, home = work / "overlay", work / "home"
        work.mkdir(mode=0o700)
        overlay.mkdir()
        home.mkdir()
        self.changes = [change(name, expression, folders, overlay)
                        for name, expression in zip(case["file"], case["change"])] if ours else []
        tls = "tls" in case["server"]
        certificate = Certificate(work) if tls else None
        settings = {"tls": certificate.context() if certificate else None, "users": USERS if "login" in case["server"] else None, "lmtp": "lmtp" in case["server"],
                    "replies": {f"RCPT TO:<{name}>": "550 5.1.1 no such user" for name in case["refuses"]}}
        with Server(**settings) as server, self.more_servers(case) as more:
            environment = {
                "PYTHONPATH": os.pathsep.join(map(str, [HERE / "frozen", overlay, build / "python", *folders[:-1]])),
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "WORK": str(work), "TZ": "UTC", "USER": "me",
                "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONFAULTHANDLER": "1", "PYTHONDONTWRITEBYTECODE": "1", "PORT": str(server.port),
                "CLOCK": " ".join(case["clock"]), "LETTER": str(HERE / "letter.eml"), "ENVOI_RUN": str(build) if ours else "", "ROOT": str(folders[0].parents[3]) if folders[:-1] else "",
                **({"SSL_CERT_FILE": str(certificate.file)} if certificate else {}), **more}
            done = subprocess.run(["timeout", "-s", "ABRT", str(LIMIT), "/usr/bin/python3", "-P", str(path)], env=environment, cwd=work,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.exit, self.output, self.errors = done.returncode, done.stdout, done.stderr
        self.mails = [(mail.sender, mail.recipients, mail.content) for mail in server.mails]
        # smtplib writes its commands in small letters.
        self.by = {line.split()[0] for line in server.lines if line.upper().startswith("MAIL FROM")}
        self.secure = sum(line.upper().startswith("STARTTLS") for line in server.lines)
        self.logins = sum(line.upper().startswith("AUTH") for line in server.lines)

    @contextlib.contextmanager
    def more_servers(self, case):
        if "pop3" not in case["server"]:
            yield {}
            return
        from pop3 import Mailbox
        with Mailbox([(HERE / "letter.eml").read_bytes()]) as mailbox:
            yield {"POP3": str(mailbox.port)}


def run(case, path, ours, folders, build):
    """Both in a folder of the same name, which may be seen in a mail."""
    work = pathlib.Path(tempfile.gettempdir()) / f"envoi-programs.{os.getpid()}"
    try:
        return Run(case, path, ours, folders, build, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def play(path, folders, build):
    """Returns what is wrong with a case."""
    case = read_case(path)
    stock, ours = (run(case, path, which, folders, build) for which in (False, True))
    faults = [f"{name}: exit {done.exit}\n{done.output}{done.errors}" for name, done in (("smtplib", stock), ("envoi", ours))
              if done.exit]
    if faults:
        return faults, ""
    if not stock.mails or stock.by != {"mail"} or ours.by != {"MAIL"}:
        faults.append(f"not both modules have sent: {stock.by}, {ours.by}")
    for what in ("mails", "output"):
        if getattr(stock, what) != getattr(ours, what):
            faults.append(f"{what}: with smtplib:\n{getattr(stock, what)}\nwith envoi.smtplib:\n{getattr(ours, what)}")
    for word, count in (("tls", ours.secure), ("login", ours.logins)):
        if word in case["server"] and not count:
            faults.append(f"no {word}")
    octets = sum(len(content) for _, _, content in ours.mails)
    return faults, f"{len(ours.mails)} mails, {octets} octets; " + "; ".join(ours.changes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--root", type=pathlib.Path)
    parser.add_argument("cases", nargs="*")
    given = parser.parse_args()
    build = given.build.resolve()
    os.environ["ENVOI_BUILD"] = str(build)  # conftest.py wants to know
    sys.path.insert(0, str(build / "python"))
    folders = [given.root / "usr/lib/python3/dist-packages"] if given.root else []
    folders += [pathlib.Path(os.__file__).parent]
    played = failed = 0
    for path in sorted((HERE / "cases").glob("*.py")):
        if given.cases and path.stem not in given.cases:
            continue
        if not given.root and read_case(path)["package"]:
            print(f"skip {path.stem}")
            continue
        faults, told = play(path, folders, build)
        print(f"not ok {path.stem}\n" + "\n".join(faults) if faults else f"ok {path.stem}: {told}", flush=True)
        played, failed = played + 1, failed + bool(faults)
    print(f"programs: {played} cases, {failed} failed")
    return bool(failed or not played)


if __name__ == "__main__":
    sys.exit(main())
