#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sends by Python's smtplib, with the arguments of the other clients (client.h)."""
import argparse
import json
import resource
import smtplib
import ssl
import sys
import time

SENDER = "bench@example.org"


def peak_kib():
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return -1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=1)
    parser.add_argument("--tls", metavar="CA-FILE")
    given = parser.parse_args()

    with open(given.file, "rb") as file:
        content = file.read()
    recipients = [f"recipient{i}@example.net" for i in range(given.recipients)]
    with smtplib.SMTP(given.host, given.port, local_hostname="client.example.org") as server:
        if given.tls:
            server.starttls(context=ssl.create_default_context(cafile=given.tls))
        server.ehlo()
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        sent = 0
        for _ in range(given.count):
            sent += not server.sendmail(SENDER, recipients, content)
        after, ended = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    print(json.dumps({"sent": sent, "seconds": ended - began, "user": after.ru_utime - before.ru_utime,
                      "system": after.ru_stime - before.ru_stime, "peak_kib": peak_kib()}))
    return sent != given.count


if __name__ == "__main__":
    sys.exit(main())
