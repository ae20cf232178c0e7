# SPDX-License-Identifier: MIT
"""queues.py: runs the program servers_queue (queue.c): several messages in a session, several sessions over one library
object, a pool; and reads what it prints."""
import itertools
import subprocess
import threading

from client import Client, Failure, Result

TIME_LIMIT = 120
SOURCES = ("memory", "stream", "descriptor", "callback")


class Session:
    """What one session has said: the word `send` of the script."""

    def __init__(self):
        self.result = None
        self.error = ""
        self.backend = self.protocol = self.cipher = ""
        self.verified = self.resumed = False
        self.slowest = None  # milliseconds that one call of the loop took
        self.trace = []

    def told(self, text):
        return [line for kind, line in self.trace if kind == "info" and text in line]


class Run:
    """One run of the program: a script is written line by line, then it runs."""
    numbers = itertools.count(1)

    def __init__(self, program, client):
        self.program = program
        self.client = client
        self.name = client.folder / ("queue-%d" % next(Run.numbers))
        self.lines = []
        self.files = []
        self.posts = []
        self.sessions = []
        self.current = Session()  # the one that is not over, and what a pool's sessions trace
        self.verdicts = {}  # number of the message -> {address: (verdict, code)}
        self.done = {}      # number of the message -> result, of a pool
        self.pool = None
        if client.common:
            self.say("plugins", client.common[1], client.common[3])

    def say(self, *words):
        self.lines.append(" ".join(map(str, words)))

    def queue(self, post, source=None):
        """Queues a message. Where its content comes from changes from one to the next."""
        self.posts.append(post)
        number = len(self.posts)
        path = self.name.with_suffix(".%d.msg" % number)
        path.write_bytes(post.letter.raw)
        self.files.append(path)
        self.say("message", post.sender, source or SOURCES[number % len(SOURCES)], path, *post.expected)

    def run(self, on_hold=None, environment=None):
        script = self.name.with_suffix(".script")
        self.files.append(script)
        script.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        try:
            self.collect([self.program, script], on_hold, {**self.client.environment, **(environment or {})})
        finally:
            for path in self.files:
                path.unlink(missing_ok=True)
        return self

    def collect(self, command, on_hold, environment):
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            timer = threading.Timer(TIME_LIMIT, process.kill)
            timer.start()
            errors = []
            reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
            reader.start()
            output = []
            for line in process.stdout:
                output.append(line)
                self.take(line.decode(errors="replace").rstrip("\n").split("\t"))
                if line == b"hold\n":
                    on_hold()
                    process.stdin.write(b"\n")
                    process.stdin.flush()
            process.wait()
            reader.join()
            timer.cancel()
        self.check(command, process.returncode, b"".join(output), errors[0])

    def take(self, words):
        kind, current = words[0], self.current
        if kind == "trace":
            current.trace.append((words[1], "\t".join(words[2:])))
        elif kind == "error":
            current.error = words[1]
        elif kind == "slowest":
            current.slowest = int(words[1])
        elif kind == "session":
            current.result, current.backend, current.protocol, current.cipher = words[1:5]
            current.verified, current.resumed = words[5] == "1", words[6] == "1"
            self.sessions.append(current)
            self.current = Session()
        elif kind == "verdict":
            self.verdicts.setdefault(int(words[1]), {})[words[2]] = (words[3], int(words[4]))
        elif kind == "done":
            if int(words[1]) in self.done:
                raise Failure("message %s is done twice" % words[1])
            self.done[int(words[1])] = words[2]
        elif kind == "pool":
            self.pool = words[1]

    @staticmethod
    def check(command, code, output, errors):
        result = Result(command, subprocess.CompletedProcess(command, code, output, errors))
        Client.check_process(result)
        if code != 0 or not output.endswith(b"end\n"):
            raise Failure("servers_queue ends with %d: %s" % (code, result.last_words()))

    # ---- what must hold

    def expect_verdicts(self):
        """The verdict of each recipient of each message, exactly."""
        for number, post in enumerate(self.posts, 1):
            have = self.verdicts.get(number, {})
            if have != post.expected:
                raise Failure("message %d, from %s: verdicts %s, not %s %s" %
                              (number, post.sender, have, post.expected, [one.error for one in self.sessions]))

    def expect_session(self, index, result="ENVOI_OK"):
        if index >= len(self.sessions):
            raise Failure("there was no session %d" % (index + 1))
        session = self.sessions[index]
        if session.result != result:
            raise Failure("session %d: %s, not %s: %s" % (index + 1, session.result, result, session.error))
        return session
