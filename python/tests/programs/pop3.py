# SPDX-License-Identifier: MIT
"""A mailbox by POP3 (RFC 1939), for programs that fetch mail and hand it on."""
import socket
import threading


class Mailbox:
    def __init__(self, letters):
        self.letters = [letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for letter in letters]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def serve(self):
        while True:
            try:
                end, _ = self.listener.accept()
            except OSError:
                return
            with end, end.makefile("rwb") as stream:
                self.talk(stream)

    def talk(self, stream):
        def say(line, lines=None):
            stream.write(line + b"\r\n" + (b"".join(lines) + b".\r\n" if lines is not None else b""))
            stream.flush()
        say(b"+OK")
        numbered = list(enumerate(self.letters, 1))
        for line in stream:
            verb, *words = line.decode().split()
            verb = verb.upper()
            if verb == "STAT":
                say(b"+OK %d %d" % (len(self.letters), sum(map(len, self.letters))))
            elif verb == "LIST":
                say(b"+OK", [b"%d %d\r\n" % (n, len(letter)) for n, letter in numbered])
            elif verb == "UIDL":
                say(b"+OK", [b"%d letter-%d\r\n" % (n, n) for n, _ in numbered])
            elif verb == "RETR":
                lines = self.letters[int(words[0]) - 1].splitlines(keepends=True)
                say(b"+OK", [b"." + line if line.startswith(b".") else line for line in lines])
            elif verb in ("USER", "PASS", "DELE", "RSET", "NOOP", "QUIT"):
                say(b"+OK")
                if verb == "QUIT":
                    return
            else:
                say(b"-ERR unknown")
