#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the checker: plants one violation of each rule in a small tree, and expects that complaint and no other.

usage: test_house.py scripts/house
"""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile

LICENCE = "/* SPDX-License-Identifier: MIT */\n"
LINES = "    list_add(1);\n" * 81

# A tree that keeps every rule, with what comes close to breaking one. Each file gets the line of the licence.
CLEAN = {
    "include/envoi/error.h": "#define ENVOI_OK 0\n",
    "core/base/list.h": "#include <envoi/error.h>\nint list_add(int n);\n",
    "core/base/list.c": '#include "base/list.h"\n\n/* ---- adding ---- */\n\n'
                        "/* Returns the sum. If it is too large, ENVOI_OK == 0 does not hold for it. */\n"
                        "int list_add(int n)\n{\n    return n + 1;\n}\n",
    "core/base/clock.h": "#include <time.h>\n",
    "core/message/letter.h": '#include "base/list.h"\n',
    "core/message/letter.c": '#include "message/letter.h"\n\n'
                             "static int letter_fold(int a, int b)\n{\n"
                             "    int sum = (a ? 1 : 2) + (b ? 3 : 4), both = list_add(list_both(a ? 1 : 2, b ? 3 : 4));\n\n"
                             "    if (a ? b : sum)\n        sum = b ? 5 : 6;\n"
                             '    return sum == both ? list_add(7) : log_text("a ? b : c ? d : ENVOI_OK == e");\n}\n',
    "core/engine/engine.h": "int engine_begin(int n);\n",
    "core/engine/state.h": "extern const int engine_rows[];\nint queue_run(int n);\n"
                           "static inline int state_of(int n)\n{\n    return n;\n}\n",
    "core/engine/engine.c": '#include "engine/engine.h"\n#include "engine/state.h"\n#include "message/letter.h"\n\n'
                            "const int engine_rows[] = {1};\n\n"
                            "int engine_begin(int n)\n{\n    return queue_run(n);\n}\n",
    "core/engine/queue.c": '#include "engine/state.h"\n\n'
                           "int queue_run(int n)\n{\n"
                           '    struct queue q = {.engine_begin = n}; /* engine_begin() */\n\n'
                           "    return q.engine_begin + at->engine_rows + log_text(\"engine_begin\");\n}\n",
    "core/session/verbs.c": '#include "base/clock.h"\n#include "engine/engine.h"\n\n'
                            "int verbs_run(int rc)\n{\n"
                            "    return rc == ENVOI_E_AGAIN ? sizeof(struct verb) : sizeof rc + sizeof(uint64_t);\n}\n",
    "docs/page.md": "# A page\n",
}

INLINE = "static inline int %s(int n)\n{\n    return engine_begin(n);\n}\n"

# The tables that change from day to day, as the small tree has them.
TABLES = {
    "DOORS": {
        "core/base": ["clock.h", "list.h"],
        "core/message": ["letter.h"],
        "core/engine": ["engine.h"],
        "core/session": [],
    },
    "CIRCLES": {},
    "WORD_LIMITS": {"core": (50, 50, 50)},
    "OLD_NAMES": [(r"\bmailer\b", (), "engine"), (r"\bpost_\w+", ("core/message",), "letter_*")],
    "NOT_YET": {},
}

KNOT = {"core/engine/queue.c": "+int queue_more(int n)\n{\n    return engine_begin(n);\n}\n"}
WORDS = "+/* If x, y. %s */\n"
TWO_STATICS = {"core/message/letter.c": "+static int again(void)\n{\n    return 1;\n}\n",
               "core/session/verbs.c": "+static __attribute__((noinline)) int again(void)\n{\n    return 1;\n}\n"}
STATIC = "static int %s(int n)\n{\n    return n;\n}\n"
CALL = {"core/base/list.c": "+int list_a = atoi(list);\n"}

# Folders outside of core/ that have its dialect.
OUTSIDE = ("tools/a.c", "auth/plain/a.c", "backends/openssl/a.c")
EXAMPLE = "examples/a.c"

# name -> (changes to the tree, expected complaints: a path and a pattern of `rule: text`, changes to the tables). A change
# that begins with + is added to the file, one that begins with ! is the file without the licence, another one is the file.
PLANTED = {
    "clean": ({}, []),
    "licence": ({"core/base/trace.h": "!int trace;\n"}, [("core/base/trace.h", "licence")]),
    "unknown folder": ({"core/attic/a.h": ""}, [("core/attic/a.h", "folder")]),
    "edge up": ({"core/base/list.c": '+#include "message/letter.h"\n'},
                [("core/base/list.c", "edge: core/base may not include core/message/letter.h")]),
    "edge from a plugin": ({"auth/plain/plain.c": '#include "base/list.h"\n'}, [("auth/plain/plain.c", "edge")]),
    "edge through the folders searched": ({"auth/plain/plain.c": '#include "mech.h"\n', "auth/common/mech.h": "",
                                           "auth/sasl/list.c": '#include "mech.h"\n'},
                                          [("auth/sasl/list.c", "edge: auth/sasl may not include auth/common/mech.h")]),
    "unknown header": ({"core/base/list.c": '+#include "attic.h"\n'}, [("core/base/list.c", 'include: "attic.h" is no file')]),
    "private header": ({"core/session/verbs.c": '+#include "engine/state.h"\n'},
                       [("core/session/verbs.c", "door: core/engine/state.h is private to core/engine")]),
    "private header in a test": ({"tests/unit/a.c": '#include "engine/state.h"\n'}, []),
    "unused door": ({"core/session/verbs.c": '#include "base/clock.h"\n'}, [("core/engine/engine.h", "door: DOORS lists it")]),
    "library": ({"core/session/verbs.c": "+#include <ares.h>\n"}, [("core/session/verbs.c", "library: <ares.h> belongs to")]),
    "socket in the engine": ({"core/engine/queue.c": "+#include <sys/socket.h>\n"},
                             [("core/engine/queue.c", "sans-io: .*sys/socket.h$")]),
    "thread in a layer": ({"core/layer/stack.c": "#include <pthread.h>\n"}, [("core/layer/stack.c", "sans-io: .*pthread.h$")]),
    "clock in the engine": ({"core/engine/queue.c": '+#include "base/clock.h"\n'},
                            [("core/engine/queue.c", "sans-io: .*: core/base/clock.h$")]),
    "clock through a header": ({"core/base/list.h": "+#include <time.h>\n"},
                               [("core/engine/engine.c",
                                 "sans-io: .*time.h, included through core/message/letter.h, core/base/list.h$")]),
    "circle": (KNOT, [("core/engine", "circle: a circle of 2 files: engine -> queue; queue -> engine$")]),
    "circle by a table": ({"core/engine/queue.c": "+int queue_more(void)\n{\n    return engine_rows[0];\n}\n"},
                          [("core/engine", "circle: a circle of 2")]),
    "circle by an inline function": ({"core/engine/state.h": INLINE % "state_of",
                                      "core/engine/queue.c": "+int queue_more(int n)\n{\n    return state_of(n);\n}\n"},
                                     [("core/engine", "circle: a circle of 2")]),
    "circle by the own header": ({"core/engine/queue.h": INLINE % "queue_of"},
                                 [("core/engine", "circle: a circle of 2")]),
    "circle with a reason": (KNOT, [], {"CIRCLES": {"core/engine": [("engine queue", "a reason")]}}),
    "circle that is gone": ({}, [("core/engine", "circle: CIRCLES lists one that is not there .*: engine queue$")],
                            {"CIRCLES": {"core/engine": [("engine queue", "a reason")]}}),
    "smaller circle": (KNOT, [("core/engine", "circle: a circle of 2"), ("core/engine", "circle: CIRCLES lists")],
                       {"CIRCLES": {"core/engine": [("engine queue tls", "a reason")]}}),
    "long source": ({"core/base/list.c": "+" + "int list_a;\n" * 701}, [("core/base/list.c", "file-size: .*the stop is 700")]),
    "long header": ({"core/base/list.h": "+" + "int list_a;\n" * 251}, [("core/base/list.h", "file-size: .*the stop is 250")]),
    "long function": ({"core/base/list.c": "+int list_all(void)\n{\n" + LINES + "}\n"},
                      [("core/base/list.c", "function-size: a function of 81 lines, the stop is 80")]),
    "large room": ({"core/base/list.c": "+" + "\n" * 3500}, [("core/base", "room-size: .*the stop is 3500")]),
    "large engine": ({"core/engine/queue.c": "+" + "\n" * 5500}, [("core/engine", "room-size: .*the stop is 5500")]),
    "wide comment": ({"core/base/list.c": "+/* " + "x" * 115 + " */\n"}, [("core/base/list.c", "width: 121 columns")]),
    "wide comment of a test": ({"tests/unit/test.c": "/* " + "x" * 115 + " */\n"}, []),
    "base name": ({"core/session/queue.c": ""}, [("core/engine/queue.c", "base-name: .*core/session/queue.c")]),
    "static name": (TWO_STATICS, [("core/message/letter.c", r"static: a static again\(\) is also in core/session/verbs.c")]),
    "static name of a tool": ({"tools/a.c": STATIC % "run", "tools/b.c": STATIC % "run"},
                              [("tools/a.c", r"static: a static run\(\) is also in tools/b.c$")]),
    "static name of two folders": ({"tools/a.c": STATIC % "letter_fold", "backends/openssl/a.c": STATIC % "run",
                                    "backends/gnutls/a.c": STATIC % "run"}, []),
    "banned call": (CALL, [("core/base/list.c", r"call: atoi\(\)")]),
    "not everywhere": ({"core/base/list.c": "+int list_a = eventfd(0, 0);\n"}, [("core/base/list.c", "portable: eventfd is not everywhere")]),
    "not everywhere, in a test": ({"tests/unit/test.c": "int a = eventfd(0, 0);\n"}, []),
    "portable, from a room": ({"portable/wait.h": "", "core/base/list.h": '+#include "portable/wait.h"\n'}, []),
    "portable, from a room without sockets": ({"portable/wait.h": "#include <poll.h>\n", "core/engine/engine.c": '+#include "portable/wait.h"\n'},
                                              [("core/engine/engine.c", "sans-io: .*poll.h")]),
    "portable, from a program of its own": ({"portable/wait.h": "", "tools/server/a.c": '#include "portable/wait.h"\n', "examples/a.c": '#include "portable/wait.h"\n'},
                                            [("examples/a.c", "edge: examples may not include portable/wait.h")]),
    "raw memory": ({"core/base/list.c": "+char *list_a = malloc(1);\n"}, [("core/base/list.c", r"memory: malloc\(\)")]),
    "status": ({"core/base/list.c": "+static int list_ok(int rc)\n{\n    return rc == ENVOI_OK;\n}\n"},
               [("core/base/list.c", "status: ")]),
    "status of a tool, a mechanism and a backend": (
        {path: "static int of_a(int rc)\n{\n    return ENVOI_OK != rc;\n}\n" for path in OUTSIDE},
        [(path, "status: ") for path in OUTSIDE]),
    "status of an example": ({"examples/a.c": "static int of_a(int rc)\n{\n    return rc == ENVOI_OK;\n}\n"}, []),
    "sizeof": ({"core/base/list.c": "+int list_a = sizeof(list);\n"}, [("core/base/list.c", "sizeof: ")]),
    "sizeof outside of the core": ({path: "int a = sizeof(list);\n" for path in (*OUTSIDE, EXAMPLE)},
                                   [(path, "sizeof: ") for path in (*OUTSIDE, EXAMPLE)]),
    "section": ({"core/base/list.c": "+/* ------------------------------- more ---- */\n"}, [("core/base/list.c", "section: ")]),
    "section of dashes": ({"core/base/list.c": "+/* more\n * -------------\n */\n"}, [("core/base/list.c", "section: ")]),
    "section outside of the core": ({path: "/* ------ a ---- */\n" for path in (*OUTSIDE, EXAMPLE)},
                                    [(path, "section: ") for path in (*OUTSIDE, EXAMPLE)]),
    "table in a comment": ({"core/base/list.c": "+/* | a | b |\n * | ------ | ------ |\n * a -----> b */\n"}, []),
    "conditional in a branch": ({"core/base/list.c": "+int list_a = a ? b : c ? d : e;\n"}, [("core/base/list.c", "nested: ")]),
    "conditional in parentheses": ({"core/base/list.c": "+int list_a = a ? list_add(b ? c : d) : e;\n"},
                                   [("core/base/list.c", "nested: ")]),
    "conditional in a condition": ({"core/base/list.c": "+int list_a = (a ? b : c) ? d : e;\n"}, [("core/base/list.c", "nested: ")]),
    "conditional in a macro": ({"core/base/list.c": "+#define LIST(a, b) ((a) ? 1 : (b) ? 2 \\\n    : 3)\n"},
                               [("core/base/list.c", "nested: ")]),
    "conditional outside of the core": ({path: "int a = b ? c : d ? e : f;\n" for path in (*OUTSIDE, EXAMPLE)},
                                        [(path, "nested: ") for path in (*OUTSIDE, EXAMPLE)]),
    "what": ({"core/base/list.c": WORDS % "What was lent."}, [("core/base/list.c", "words: `what` stands .* most of them in this file: 1")]),
    "who": ({"core/base/list.c": WORDS % "Nobody asks."}, [("core/base/list.c", "words: `who`")]),
    "too few ifs": ({"core/base/list.c": "+/*" + "\n * word word" * 200 + " */\n"}, [("core", "words: `if`")]),
    "old name": ({"core/base/list.c": "+int mailer;\n"}, [("core/base/list.c", "old-name: mailer: the name is now engine")]),
    "old name on a page": ({"docs/page.md": "+The mailer.\n"}, [("docs/page.md", "old-name")]),
    "old name of one room": ({"core/message/letter.h": "+int post_fold;\n", "core/base/list.h": "+int post_add;\n"},
                             [("core/message/letter.h", "old-name: post_fold")]),
    "not yet": (CALL, [], {"NOT_YET": {"call": {"core/base": 1}}}),
    "not yet, of a file": (CALL, [], {"NOT_YET": {"call": {"core/base/list.c": 1}}}),
    "not yet, one more": ({**CALL, "core/base/clock.h": "+int clock_a = atoi(list);\n"},
                          [("core/base/clock.h", "call"), ("core/base/list.c", "call"),
                           ("core/base", "not-yet: .*call 1 times, it is 2: a new one came in$")],
                          {"NOT_YET": {"call": {"core/base": 1}}}),
    "not yet, one less": (CALL, [("core/base", "not-yet: .*: lower it$")], {"NOT_YET": {"call": {"core/base": 2}}}),
    "not yet, none left": ({}, [("core/base", "not-yet: .*: delete its line$")], {"NOT_YET": {"call": {"core/base": 2}}}),
    "not yet, elsewhere": (CALL, [("core/base/list.c", "call"), ("core/engine", "not-yet")],
                           {"NOT_YET": {"call": {"core/engine": 1}}}),
}
FORMAT = ({"core/base/list.c": "+int   list_a;\n"}, [("core/base/list.c", "format: ")])


def load(path):
    loader = importlib.machinery.SourceFileLoader("house", path)
    house = importlib.util.module_from_spec(importlib.util.spec_from_loader("house", loader))
    loader.exec_module(house)
    return house


def plant(root, changes):
    for path, text in {**CLEAN, **changes}.items():
        if text.startswith("+"):
            text = CLEAN[path] + text[1:]
        if path.endswith((".c", ".h")):
            text = text[1:] if text.startswith("!") else LICENCE + text
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def complaints(path, root, tables, *options):
    """[(path, "rule: text")] that scripts/house prints of the tree, and its exit code."""
    house = load(path)
    for name, value in {**TABLES, **tables}.items():
        assert hasattr(house, name), name
        setattr(house, name, value)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = house.main(["--root", root, *options])
    lines = out.getvalue().splitlines()
    return [re.match(r"(\S+?):\d+: (.*)", line).groups() for line in lines[:-1]], code


def fault_of(path, changes, expected, tables, *options):
    """None if the complaints are the expected ones."""
    with tempfile.TemporaryDirectory() as root:
        plant(root, changes)
        shutil.copy(os.path.join(os.path.dirname(path), "..", ".clang-format"), root)
        got, code = complaints(path, root, tables, *options)
    left = list(got)
    for place, pattern in expected:
        match = next((c for c in left if c[0] == place and re.match(pattern, c[1])), None)
        if not match:
            return f"no {place}: {pattern} in {got}"
        left.remove(match)
    if left:
        return f"not expected: {left}"
    return None if code == bool(expected) else f"the exit code is {code}"


def main(path):
    tests = {name: (row[0], row[1], row[2] if len(row) > 2 else {}, "--no-format") for name, row in PLANTED.items()}
    versions = os.path.join(os.path.dirname(path), "versions")
    if shutil.which("clang-format-14") or not subprocess.run([versions, "format"], capture_output=True).returncode:
        tests["format"] = (*FORMAT, {})
    failed = 0
    for name, test in tests.items():
        fault = fault_of(path, *test)
        if fault:
            failed += 1
            print(f"FAIL {name}: {fault}")
    print(f"house rules: {len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(os.path.abspath(sys.argv[1])))
