# SPDX-License-Identifier: MIT
"""client.py: runs the program envoi and reads its verdicts."""
import base64
import json
import os
import pathlib
import shutil
import subprocess

from rig import HERE, PASSWORD, USER

TIME_LIMIT = 90
SECRETS = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(),
           base64.b64encode(("\0%s\0%s" % (USER, PASSWORD)).encode()).decode()]


class Failure(Exception):
    """A cell that did not come out as it must."""


class Result:
    """What one run of envoi has said."""

    def __init__(self, command, done):
        self.command = command
        self.code = done.returncode
        self.errors = done.stderr.decode(errors="replace")
        self.output = done.stdout.decode(errors="replace")
        try:
            self.json = json.loads(self.output)
        except ValueError:
            self.json = None

    def last_words(self):
        lines = [line for line in (self.errors + "\n" + self.output).splitlines() if line.strip()]
        return " / ".join(lines[-3:])[-400:]

    def expect(self, code, word=None):
        """Checks the exit code and the word `result`; a list of codes means one of them."""
        codes = code if isinstance(code, (tuple, list)) else (code,)
        if self.code not in codes:
            raise Failure("exit code %d, not %s: %s" % (self.code, " or ".join(map(str, codes)), self.last_words()))
        if self.json is None:
            raise Failure("no JSON object on standard output: %s" % self.last_words())
        if word and self.json.get("result") != word:
            raise Failure("result %r, not %r" % (self.json.get("result"), word))

    def error(self):
        """The pair name, text of the error."""
        error = self.json.get("error") or {}
        return error.get("name"), error.get("text")

    def expect_error(self, name):
        if self.error()[0] != name:
            raise Failure("error %r, not %s: %s" % (self.error()[0], name, self.last_words()))
        if not self.error()[1]:
            raise Failure("error %s has no text" % name)

    def expect_verdicts(self, verdicts):
        """Checks verdict and code of each recipient: {address: (verdict, code)}, None for a code that is not checked."""
        have = {r["address"]: r for r in self.json.get("recipients", [])}
        if sorted(have) != sorted(verdicts):
            raise Failure("verdicts for %s, not for %s" % (sorted(have), sorted(verdicts)))
        for address, (verdict, code) in verdicts.items():
            row = have[address]
            if row.get("verdict") != verdict or code is not None and row.get("code") != code:
                raise Failure("%s: %s %s, not %s %s" % (address, row.get("verdict"), row.get("code"), verdict, code))
            if code is not None and not row.get("text"):
                raise Failure("%s: no text with the code" % address)


class Client:
    """The program, where it is and what it needs to find its plugins."""

    def __init__(self, tool, plugins_d, module_dir, folder, queue=None):
        self.tool = tool
        self.folder = folder
        self.common = []
        # Modules are loaded only from where no one else may write, and a build tree may stand anywhere.
        for option, source in (("--plugins-d", plugins_d), ("--module-dir", module_dir)):
            if source:
                copy = folder / option.lstrip("-")
                shutil.copytree(source, copy)
                for path in (copy, *copy.rglob("*")):
                    path.chmod(0o755)
                self.common += [option, copy]
        # What the person at this machine has set must not change what is tested.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("ENVOI_", "XDG_"))}
        self.environment.update(HOME=str(folder), LC_ALL="C.UTF-8")
        # For a program built with a sanitizer; the same as in the other tests. The record that AddressSanitizer makes of
        # thread-local storage can be wrong (it guesses at what malloc has in front of it), and then LeakSanitizer crashes.
        self.environment.setdefault("ASAN_OPTIONS", "intercept_tls_get_addr=0")
        self.environment.setdefault(
            "LSAN_OPTIONS", "suppressions=%s:print_suppressions=0" % (HERE.parent / "lsan.supp"))
        keep = queue and pathlib.Path(queue).with_name("libkeep_modules.so")
        if keep and keep.exists():
            self.environment.setdefault("LD_PRELOAD", str(keep))

    def has_plugin(self, name):
        said = subprocess.run([self.tool, "plugins", *self.common], env=self.environment, capture_output=True, text=True,
                              timeout=60, check=False)
        return any(line.split()[:1] == [name] for line in said.stdout.splitlines())

    def send(self, letter, *options, sender="alice@test", to=("bob@test",), stdin=False, environment=None):
        """One `envoi send --json`; the message from a file, or through a pipe."""
        arguments = [*options, "--from", sender]
        for address in to:
            arguments += ["--to", address]
        path = self.folder / ("%s.msg" % letter.id.decode().strip("<>").split("@")[0])
        if not stdin:
            path.write_bytes(letter.raw)
            arguments.append(path)
        command = [self.tool, "send", *self.common, "--json", *map(str, arguments)]
        try:
            done = subprocess.run(command, env={**self.environment, **(environment or {})}, timeout=TIME_LIMIT, capture_output=True,
                                  input=letter.raw if stdin else b"")
        except subprocess.TimeoutExpired:
            raise Failure("no end after %d s: %s" % (TIME_LIMIT, " ".join(map(str, command)))) from None
        finally:
            path.unlink(missing_ok=True)
        result = Result(command, done)
        self.check_process(result)
        return result

    @staticmethod
    def check_process(result):
        """What must hold whatever the outcome: no crash, no finding of a sanitizer, no secret in sight."""
        if result.code < 0:
            raise Failure("killed by signal %d: %s" % (-result.code, result.last_words()))
        for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:"):
            if mark in result.errors:
                raise Failure("%s %s" % (mark, result.errors[result.errors.find(mark):][:300]))
        for secret in SECRETS:
            if secret in result.errors + result.output:
                raise Failure("the password is in the output")
