# SPDX-License-Identifier: MIT
"""What the cases with a real RabbitMQ share: the list of cases, the programs, and waiting.

A file *_cases.py has functions with @harness.case, and ends with `sys.exit(harness.main(sys.argv[1:]))`. run.sh starts the broker
and then each file. A case gets an Arena: the broker, the programs of the build, and queues of its own with the name of the case
as prefix.
"""
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import rabbitmq

WAIT_SECONDS = 30
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CASES = []


def case(function):
    CASES.append(function)
    return function


def wait_until(condition, seconds=WAIT_SECONDS, what="the condition"):
    rabbitmq.wait_until(condition, seconds, what)


class Arena:
    def __init__(self, broker, build, name, directory):
        self.broker, self.build, self.prefix, self.directory = broker, build, name, directory
        self.accounts_file = os.path.join(directory, name + ".conf")
        self.children = []
        self.configure()

    def configure(self, *lines, port=None):
        """Writes accounts.conf: [worker] with these lines."""
        with open(self.accounts_file, "w", encoding="utf-8") as file:
            given = {line.split(" = ")[0] for line in lines}
            usual = {"broker": f"amqp://localhost:{port or self.broker.port}", "prefix": self.prefix, "delays": "1m, 5m"}
            lines = [f"{key} = {value}" for key, value in usual.items() if key not in given] + list(lines)
            file.write("\n".join(["[worker]", *lines]) + "\n")

    def worker(self, *arguments):
        """envoi-worker: (exit code, standard output, standard error)."""
        run = subprocess.run([os.path.join(self.build, "tools/envoi-worker"), "-C", self.accounts_file, *arguments],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        return run.returncode, run.stdout, run.stderr

    def declare(self):
        code, _, error = self.worker("declare")
        assert code == 0, error

    def counts(self):
        """role -> messages that are ready; those of the wait queues are added up."""
        _, output, _ = self.worker("status", "--json")
        ready = {}
        for entry in json.loads(output)["queues"]:
            ready[entry["role"]] = ready.get(entry["role"], 0) + entry["ready"]
        return ready

    def messages(self, queue_name):
        """Of one queue, with those that somebody has taken. The broker counts them every five seconds: to be waited for."""
        for line in self.broker.ctl("list_queues", "name", "messages", "--no-table-headers").splitlines():
            name, _, count = line.partition("\t")
            if name == f"{self.prefix}.{queue_name}":
                return int(count)
        raise AssertionError(f"no queue {queue_name}")

    def driver(self, *lines, port=None):
        """broker_driver, with the queues of this case."""
        driver = Driver(self.build)
        self.children.append(driver)
        driver.set(port=port or self.broker.port, prefix=self.prefix)
        for line in lines:
            driver.ok(line)
        return driver

    def close(self):
        for child in self.children:
            child.close()


class Driver:
    """A process of broker_driver.c."""

    def __init__(self, build):
        self.process = subprocess.Popen([os.path.join(build, "tests/broker_driver")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.results, self.events = queue.Queue(), queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line.startswith("= "):
                self.results.put(line[2:])
            else:
                self.events.put(line)

    def do(self, line):
        """(exit code, text)"""
        self.process.stdin.write(line + "\n")
        code, _, text = self.results.get(timeout=WAIT_SECONDS).partition(" ")
        return int(code), text

    def ok(self, line):
        code, text = self.do(line)
        assert code == 0, f"{line[:200]}: {code} {text}"
        return text

    def set(self, **settings):
        for name, value in settings.items():
            self.ok(f"set {name.replace('password_file', 'password-file')} {value}")

    def fails(self, line, code, pattern):
        got, text = self.do(line)
        assert got == code and re.search(pattern, text), f"{line[:200]}: {got} {text}\n  expected: {code} {pattern}"

    def event(self, pattern, seconds=WAIT_SECONDS):
        """The next event must be this one."""
        try:
            event = self.events.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no event within {seconds} s; expected: {pattern}") from None
        assert re.fullmatch(pattern, event), f"{event[:1000]}\n  expected: {pattern}"
        return event

    def no_event(self, seconds=0):
        try:
            event = self.events.get(timeout=seconds) if seconds else self.events.get_nowait()
        except queue.Empty:
            return
        raise AssertionError(f"an event that must not come: {event}")

    def delivery(self):
        """The next event must be a delivery: its members by name, and `tag`."""
        words = self.event("delivery .*").split(" ")
        return {"tag": words[1], **dict(word.split("=", 1) for word in words[2:] if "=" in word)}

    def close(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        assert code == 0, f"broker_driver has ended with {code}"


def main(arguments):
    build = os.path.abspath(arguments[0])
    chosen = [f for f in CASES if not arguments[1:] or f.__name__ in arguments[1:]]
    failed = 0
    # For programs built with a sanitizer, as in the other tests: libgs2.so of Cyrus SASL loses 200 octets when it is unloaded.
    os.environ.setdefault("ASAN_OPTIONS", "intercept_tls_get_addr=0")
    os.environ.setdefault("LSAN_OPTIONS", f"suppressions={TESTS}/lsan.supp:print_suppressions=0")
    keep = os.path.join(build, "tests", "libkeep_modules.so")
    if os.path.exists(keep):
        os.environ.setdefault("LD_PRELOAD", keep)
    broker = rabbitmq.Broker.of_environment()
    with tempfile.TemporaryDirectory(prefix="envoi-worker-") as directory:
        for function in chosen:
            began = time.monotonic()
            arena = Arena(broker, build, function.__name__, directory)
            try:
                function(arena)
                arena.close()
                verdict = "ok"
            except Exception:
                failed += 1
                verdict = "FAILED\n" + traceback.format_exc()
                for child in arena.children:
                    child.process.kill()
            print(f"{function.__name__}: {verdict} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{os.path.basename(sys.argv[0])}: {len(chosen)} cases, {failed} failed")
    return 1 if failed or not chosen else 0
