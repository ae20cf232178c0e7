#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ports.py free N: prints N free ports of 127.0.0.1, on one line.
ports.py greets PORT...: returns once a 220 greeting has come from every port, plain or in TLS; 1 if one stays silent."""
import random
import socket
import ssl
import sys
import time

# Below the range from which the kernel takes the ports of outgoing connections (32768 and up), so that no client's
# connection can take a port between our looking and the server's binding.
LOWEST, HIGHEST = 20000, 32000
PATIENCE = 20.0


def free(count):
    held = []
    for port in random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST):
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            sock.close()
            continue
        held.append(sock)
        if len(held) == count:
            break
    else:
        sys.exit("ports.py: not enough free ports")
    print(*[sock.getsockname()[1] for sock in held])


def greeting(port, secure):
    """The first three octets of the greeting, or None. A listening port alone proves nothing about its server."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as sock:
            sock.settimeout(5 if secure else 1)
            if secure:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                sock = context.wrap_socket(sock)
            text = sock.recv(512)
            sock.sendall(b"QUIT\r\n")
            sock.recv(512)
            return text[:3]
    except (OSError, ssl.SSLError):
        return None


def greets(ports):
    deadline = time.monotonic() + PATIENCE
    for word in ports:
        secure, port = word.startswith("tls:"), int(word.split(":")[-1])
        while greeting(port, secure) != b"220":
            if time.monotonic() > deadline:
                sys.exit("ports.py: no greeting from port %d" % port)
            time.sleep(0.02)


if len(sys.argv) < 3:
    sys.exit(__doc__)
{"free": lambda words: free(int(words[0])), "greets": greets}[sys.argv[1]](sys.argv[2:])
