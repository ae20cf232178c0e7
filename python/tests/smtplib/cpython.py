#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs CPython's own test_smtplib (Debian's libpython3.N-testsuite) on envoi.smtplib.

cpython.tsv lists the tests that cannot hold, and why. Every other one must pass; a listed one that passes is a fault of the
list; and those that fail for want of a new argument must pass with it.

usage: cpython.py [--stock | --update-docs]   the tests; on smtplib itself; or put the list into docs/smtplib.md
"""
from __future__ import annotations

import csv
import importlib
import io
import os
import pathlib
import sys
import unittest
import warnings

HERE = pathlib.Path(__file__).parent
SKIPPED = 77
PAGE = pathlib.Path(os.environ.get("ENVOI_SOURCE", HERE.parents[2])) / "docs/smtplib.md"
BEGIN, END = "<!-- cpython:begin -->\n", "<!-- cpython:end -->"


def listed():
    with open(HERE / "cpython.tsv", encoding="utf-8") as file:
        return {row["test"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def table(rows):
    lines = ["| test | why it cannot hold | passes with |", "|---|---|---|"]
    lines += [f"| `{row['test']}` | {row['reason']} | {'`' + row['passes with'] + '=True`' if row['passes with'] else ''} |"
              for row in rows.values()]
    return "\n".join(lines) + "\n"


def split_page():
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    shown, mark, after = rest.partition(END)
    if not mark:
        sys.exit(f"cpython: {PAGE} has no marks for the list")
    return before, shown, after


def load(stock):
    """CPython's module of tests, with our smtplib in place of its own."""
    warnings.simplefilter("ignore")
    if not stock:
        import conftest
        import envoi.smtplib
        envoi.smtplib.SMTP.library = conftest.make_library()
        sys.modules["smtplib"] = envoi.smtplib
        import mock_socket
        import test
        sys.modules["test.mock_socket"] = test.mock_socket = mock_socket
    return importlib.import_module("test.test_smtplib")


def short(test):
    case = getattr(test, "test_case", test)  # of a subtest
    return f"{type(case).__name__}.{case._testMethodName}"


def run(module, names=None):
    """Runs the tests; returns those that were run, and test -> report of those that failed."""
    suite = unittest.TestSuite(
        test for group in unittest.defaultTestLoader.loadTestsFromModule(module) for test in group
        if names is None or short(test) in names)
    all_ = {short(test) for test in suite}
    out = io.StringIO()
    result = unittest.TextTestRunner(out, verbosity=0, warnings="ignore").run(suite)
    unexpected = [(test, "passes unexpectedly") for test in result.unexpectedSuccesses]
    failed = {short(test): report for test, report in result.failures + result.errors + unexpected}
    print(f"{result.testsRun} tests, {len(failed)} failed, {len(result.skipped)} skipped", flush=True)
    return all_, failed


def compare(module, rows):
    """Returns what is not as the list says."""
    all_, failed = run(module)
    faults = [f"{name}: fails, and is not in the list\n{failed[name]}" for name in sorted(failed.keys() - rows.keys())]
    here = {name: row for name, row in rows.items() if name in all_}
    faults += [f"{name}: is in the list, and passes" for name in sorted(here.keys() - failed.keys())]
    import envoi.smtplib
    for argument in sorted({row["passes with"] for row in here.values()} - {""}):
        names = {name for name, row in here.items() if row["passes with"] == argument}
        setattr(envoi.smtplib.SMTP, argument, True)
        print(f"with {argument}=True: ", end="")
        _, failed = run(module, names)
        setattr(envoi.smtplib.SMTP, argument, False)
        faults += [f"{name}: fails, with {argument}, too\n{report}" for name, report in failed.items()]
    return faults


def main(argument=""):
    rows = listed()
    if argument == "--update-docs":
        before, _, after = split_page()
        PAGE.write_text(before + BEGIN + table(rows) + END + after, encoding="utf-8")
        return 0
    try:
        module = load(argument == "--stock")
    except ModuleNotFoundError as error:
        if error.name not in ("test.test_smtplib", "test.mock_socket", "test"):
            raise
        print(f"python_test_smtplib: libpython3.{sys.version_info.minor}-testsuite is missing: scripts/deps installs it")
        return SKIPPED
    if argument == "--stock":
        return bool(run(module)[1])
    faults = compare(module, rows)
    if split_page()[1] != table(rows):
        faults.append("docs/smtplib.md does not show the list: cpython.py --update-docs")
    print("\n".join(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    sys.exit(main(*sys.argv[1:]))
