#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""typist.py FILE TIMES PROGRAM ARG...: runs a program that has a terminal, with standard output and standard error of this
one, and types the line in FILE after each prompt. Ends as the program does, or with 99 if there were not TIMES prompts.
With TIMES 0 it types the whole FILE at once, and Control-D behind it."""
import os
import pty
import sys

PROMPT = b"Password of "


def run(arguments, out, err):
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.execv(arguments[0], arguments)
    return pid, terminal


def type_lines(terminal, line):
    seen, prompts = b"", 0
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the program has ended
            return prompts
        if not more:
            return prompts
        seen += more
        if seen.count(PROMPT) > prompts and seen.endswith(b": "):
            prompts += 1
            os.write(terminal, line)


def main():
    with open(sys.argv[1], "rb") as file:
        line = file.read()
    pid, terminal = run(sys.argv[3:], os.dup(1), os.dup(2))
    if sys.argv[2] == "0":
        os.write(terminal, line + b"\4")
    prompts = type_lines(terminal, line)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if prompts == int(sys.argv[2]) else 99


if __name__ == "__main__":
    sys.exit(main())
