#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""talk.py STEPS PROGRAM ARG...: runs a program on a terminal of its own. STEPS is a file of pairs of lines: the second is
typed after the first has come behind what was answered last; "^D" is the end of input. What the program prints goes to
standard output. Ends as the program does, or with 99 if an expected text never came."""
import os
import pty
import select
import sys
import time

PATIENCE_SECONDS = 30


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.read().splitlines()
    steps = list(zip(lines[::2], lines[1::2]))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    seen = b""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the program has ended
            break
        if not more:
            break
        os.write(1, more.replace(b"\r\n", b"\n"))
        seen += more
        if steps and steps[0][0].encode() in seen:
            answer = steps.pop(0)[1]
            seen = b""
            os.write(terminal, b"\4" if answer == "^D" else answer.encode() + b"\n")
    else:
        os.kill(pid, 9)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return 99 if steps else code


if __name__ == "__main__":
    sys.exit(main())
