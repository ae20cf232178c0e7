#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Publishes mails as jobs of envoi-worker, with pika (Debian: python3-pika). docs/jobs.md describes the jobs.

usage: worker_producer.py [--json] URL ID FROM TO... <message      URL: amqp://USER:PASSWORD@HOST:PORT/VHOST
"""
import email
import email.policy
import json
import sys
import time

import pika


def job_of_mail(identity, sender, recipients, mail):
    """The mail is the body, and the envelope stands in the headers: (properties, body)."""
    headers = {"x-envoi-from": sender, "x-envoi-to": recipients, "x-envoi-results": "failures"}
    return pika.BasicProperties(message_id=identity, content_type="message/rfc822", timestamp=int(time.time()), delivery_mode=2,
                                headers=headers), mail


def job_of_json(identity, sender, recipients, mail, **more):
    """All of it is an object. `more`: other keys, such as meta={"order": 17}."""
    job = {"v": 1, "id": identity, "from": sender, "to": [{"address": address} for address in recipients],
           "mime": {"text": mail.decode("utf-8")}, "results": "all", **more}
    return pika.BasicProperties(message_id=identity, content_type="application/vnd.envoi.job+json", timestamp=int(time.time()),
                                delivery_mode=2), json.dumps(job)


class Producer:
    """One connection for many jobs. publish() returns when the broker has the job safely, and raises otherwise: UnroutableError,
    there is no queue (envoi-worker declare makes it); NackError, the queue is full; AMQPError, the connection was lost, and the job
    may be in the queue: publish it again with the same id."""

    def __init__(self, url):
        parameters = pika.URLParameters(url)
        # A broker that is short of memory takes nothing, and says so: not for ever.
        parameters.blocked_connection_timeout = 60
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def publish(self, job):
        properties, body = job
        self.channel.basic_publish("envoi", "jobs", body, properties, mandatory=True)

    def close(self):
        self.connection.close()


def main(words):
    make = job_of_mail
    if words and words[0] == "--json":
        make = job_of_json
        words = words[1:]
    if len(words) < 4:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    url, identity, sender, *recipients = words
    # A mail without these is a bad one. envoi-worker adds a Message-ID if there is none, which is the same in all copies.
    mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.SMTP)
    if "Date" not in mail:
        mail["Date"] = email.utils.localtime()
    producer = Producer(url)
    try:
        producer.publish(make(identity, sender, recipients, mail.as_bytes()))
    except (pika.exceptions.AMQPError, pika.exceptions.UnroutableError, pika.exceptions.NackError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 75
    finally:
        if producer.connection.is_open:
            producer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
