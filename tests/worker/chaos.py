#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Jobs, workers and a broker, of which any may die at any moment, and a ledger at the end.

Publishes jobs, starts workers and servers that refuse, defer, delay, break off and restart (smtp_sites.py); kills workers with
SIGKILL and SIGTERM, and the broker twice: once as by a loss of power, once in good order. When all queues are empty, it holds
what the servers took against what the queues say:

- every recipient of every job was taken by a server, or is in a job among the dead with a reason, or among the unknown;
- nobody got it twice, and nobody who got it is among the dead, unless the documented window explains it: a worker was killed,
  or the broker was away, between an effect of the job and its acknowledgement. These are counted, and no more than that allows;
- what the results say was accepted, a server took;
- all copies of a job carry one Message-ID; a worker that was asked to end (SIGTERM) ends with 0.

usage: chaos.py --build DIRECTORY [--jobs N] [--workers N] [--seed N] [--minutes N] [--report FILE] [--keep DIRECTORY]
"""
import argparse
import base64
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import rabbitmq
from smtp_sites import Sites

PREFIX = "chaos"
SITES = 3
PREFETCH = 16
# Seconds from an effect of a job to its acknowledgement, at most: a confirmation by the broker, what a killed worker leaves
# behind in buffers, and the patience that a busy machine needs.
WINDOW = 30.0
# A server may read, and take, what a worker has sent just before it died.
LAG = 5.0
QUEUES = ("jobs", "dead", "unknown", "results")
TOOK = ("accepted", "taken, reply lost")


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


# ---- jobs ----

class Job:
    def __init__(self, number, rng):
        self.id = f"chaos-{number:06d}"
        self.account = f"site{rng.randrange(SITES)}"
        self.to = [f"r{number}-{i}@{self.account}.test" for i in range(rng.choice((1, 1, 1, 2, 3)))]
        self.results = rng.choice(("none", "failures", "all"))
        self.is_json = rng.random() < 0.5
        self.mail = (f"From: <bulk@example.org>\r\nTo: <list@example.org>\r\nSubject: {self.id}\r\n\r\n"
                     + "A line of text.\r\n" * rng.randrange(1, 200)).encode()

    def publish(self, channel, pika):
        properties = {"message_id": self.id, "delivery_mode": 2, "timestamp": int(time.time())}
        if self.is_json:
            body = json.dumps({"v": 1, "id": self.id, "account": self.account, "from": "bulk@example.org",
                               "to": [{"address": a} for a in self.to], "results": self.results,
                               "mime": {"base64": base64.b64encode(self.mail).decode()}}).encode()
            properties["content_type"] = "application/vnd.envoi.job+json"
        else:
            body = self.mail
            properties["content_type"] = "message/rfc822"
            properties["headers"] = {"x-envoi-account": self.account, "x-envoi-from": "bulk@example.org", "x-envoi-to": self.to,
                                     "x-envoi-results": self.results}
        channel.basic_publish(PREFIX, "jobs", body, pika.BasicProperties(**properties), mandatory=True)


# ---- workers ----

class Worker:
    """A process that is started again whenever it was ended."""

    def __init__(self, arena, number):
        self.arena, self.name, self.starts, self.process = arena, f"worker{number}.test", 0, None
        self.kills = []  # from the signal to the end
        self.config = arena.write(f"{self.name}.conf", arena.accounts(self.name))

    def start(self):
        self.starts += 1
        with open(self.arena.path(f"{self.name}.log"), "ab") as log:
            self.process = subprocess.Popen([os.path.join(self.arena.build, "tools", "envoi-worker"), "-C", self.config,
                                             "--plugins-d", os.path.join(self.arena.build, "plugins.d"),
                                             "--module-dir", os.path.join(self.arena.build, "plugins"), "run"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        since = time.monotonic()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.kills.append((since, time.monotonic()))

    def stop(self):
        """Asks it to end. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            return "no end within 40 s"


# ---- the arena ----

class Arena:
    def __init__(self, arguments):
        self.arguments, self.build = arguments, os.path.abspath(arguments.build)
        self.rng = random.Random(arguments.seed)
        self.directory = arguments.keep or tempfile.mkdtemp(prefix="envoi-chaos-")
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        self.jobs = [Job(i, self.rng) for i in range(arguments.jobs)]
        self.sites = Sites(SITES, arguments.seed)
        self.away = []  # [from, to] of the broker
        self.faults = []
        self.events = collections.Counter()
        self.looks_empty = 0

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        return self.path(name)

    def accounts(self, helo):
        text = ""
        for i, server in enumerate(self.sites.servers):
            text += f"[site{i}]\nhost = 127.0.0.1:{server.port}\ntls = off\nhelo = {helo}\n"
        return text + (f"[worker]\nbroker = amqp://127.0.0.1:{self.broker.port}\nprefix = {PREFIX}\n"
                       f"delays = 1s, 2s, 3s, 5s\nprefetch = {PREFETCH}\nmetrics = none\ngrace = 5s\n")

    def connect(self):
        import pika
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.broker.port, heartbeat=60))

    def declare(self):
        config = self.write("declare.conf", self.accounts("declare.test"))
        subprocess.run([os.path.join(self.build, "tools", "envoi-worker"), "-C", config, "declare"], check=True)
        self.broker.write_down()

    def publish(self):
        import pika
        connection = self.connect()
        channel = connection.channel()
        began = time.monotonic()
        for job in self.jobs:
            job.publish(channel, pika)
        # All at once are confirmed by their number: one by one they would take minutes.
        rabbitmq.wait_until(lambda: channel.queue_declare(f"{PREFIX}.jobs", passive=True).method.message_count == len(self.jobs),
                            300, "all jobs in the queue")
        connection.close()
        say(f"{len(self.jobs)} jobs for {sum(len(j.to) for j in self.jobs)} recipients published in "
            f"{time.monotonic() - began:.0f} s")

    # ---- death ----

    def one_event(self):
        worker = self.rng.choice(self.workers)
        what = self.rng.choices(("SIGKILL", "SIGTERM", "server restarts"), (5, 3, 4))[0]
        self.events[what] += 1
        if what == "server restarts":
            self.sites.restart(self.rng.randrange(SITES), self.rng.uniform(0.3, 2))
            return
        if what == "SIGKILL":
            worker.kill()
        else:
            code = worker.stop()
            if code:
                self.faults.append(f"{worker.name}: ended with {code} after SIGTERM")
        worker.start()

    def break_broker(self, how):
        say(f"the broker: {how}")
        since = time.monotonic()
        self.away.append([since, None])
        if how == "loss of power":
            self.broker.kill()
            self.broker.start()
        else:
            self.broker.stop_app()
            self.broker.start_app()
        self.away[-1][1] = time.monotonic()
        self.events[how] += 1

    def look_after(self):
        """No worker ends of its own accord."""
        for worker in self.workers:
            code = worker.process.poll()
            if code is not None:
                self.faults.append(f"{worker.name}: ended with {code}, although nobody asked it to")
                worker.start()

    def finished(self):
        """How many recipients the servers have taken or refused."""
        return len({row[2] for row in self.sites.ledger.rows if row[1] != "deferred"})

    def depths(self):
        depths = {}
        for line in self.broker.ctl("list_queues", "--no-table-headers", "name", "messages", check=False).splitlines():
            name, _, count = line.partition("\t")
            if count.strip().isdigit():
                depths[name] = int(count)
        return depths

    def is_done(self):
        depths = self.depths()
        if not depths:
            return False
        waiting = sum(count for name, count in depths.items() if name == f"{PREFIX}.jobs" or ".wait." in name)
        say(f"{self.finished()} recipients done; {waiting} jobs wait or are in work")
        # A quorum queue counts late, and after a start of the broker it says 0 for a while.
        self.looks_empty = 0 if waiting else self.looks_empty + 1
        return self.looks_empty == 3

    def fight(self):
        total = sum(len(job.to) for job in self.jobs)
        end = time.monotonic() + 60 * self.arguments.minutes
        broken = [(0.25, "loss of power"), (0.6, "stopped and started")]
        next_event = time.monotonic() + 2
        next_look = time.monotonic() + 10
        while True:
            now = time.monotonic()
            if now > end:
                self.faults.append(f"not finished within {self.arguments.minutes} minutes: {self.depths()}")
                return
            self.look_after()
            if broken and self.finished() > broken[0][0] * total:
                self.break_broker(broken.pop(0)[1])
            elif now >= next_event and not (now >= next_look and not broken):
                self.one_event()
                next_event = time.monotonic() + self.rng.expovariate(1 / self.arguments.pause)
            elif now >= next_look:
                if self.is_done():
                    return
                next_look = time.monotonic() + 5
            else:
                time.sleep(0.05)

    # ---- what the queues say ----

    def read_queue(self, name):
        rows = []
        connection = self.connect()
        channel = connection.channel()
        while True:
            method, properties, body = channel.basic_get(f"{PREFIX}.{name}", auto_ack=True)
            if method is None:
                break
            rows.append((properties, body))
        connection.close()
        return rows

    def run(self):
        with rabbitmq.Broker() as self.broker, self.sites:
            self.workers = [Worker(self, i) for i in range(self.arguments.workers)]
            self.declare()
            self.publish()
            began = time.monotonic()
            for worker in self.workers:
                worker.start()
            try:
                self.fight()
                for worker in self.workers:
                    code = worker.stop()
                    if code:
                        self.faults.append(f"{worker.name}: ended with {code} at the end")
            finally:
                for worker in self.workers:
                    if worker.process.poll() is None:
                        worker.kill()
            self.seconds = time.monotonic() - began
            self.queues = {name: self.read_queue(name) for name in QUEUES}
        return Audit(self).report()

    def clean(self):
        if not self.arguments.keep:
            shutil.rmtree(self.directory, ignore_errors=True)


# ---- the audit ----

def recipients_of(properties, body):
    """Of a job in a queue."""
    if properties.content_type == "message/rfc822":
        return list(properties.headers.get("x-envoi-to", []))
    return [row["address"] for row in json.loads(body)["to"]]


class Audit:
    def __init__(self, arena):
        self.arena, self.faults, self.counts = arena, list(arena.faults), collections.Counter()
        self.took, self.lost, self.effects = (collections.defaultdict(list) for _ in range(3))
        self.message_ids = collections.defaultdict(set)
        for moment, what, recipient, client, message_id in arena.sites.ledger.rows:
            self.counts[f"servers: {what}"] += 1
            self.effects[recipient].append(moment)
            if what in TOOK:
                self.took[recipient].append((moment, client))
            if "reply lost" in what:
                self.lost[recipient].append(moment)
            if message_id:
                self.message_ids[recipient.split("-")[0]].add(message_id)
        self.twice = set()  # jobs
        self.dead, self.unknown, self.refused = collections.Counter(), collections.Counter(), collections.Counter()
        for queue, into in (("dead", self.dead), ("unknown", self.unknown)):
            for properties, body in arena.queues[queue]:
                headers = properties.headers or {}
                reason = headers.get("x-envoi-reason", headers.get("x-first-death-reason", ""))
                self.counts[f"{queue}: {reason or 'no reason'}"] += 1
                if not reason:
                    self.faults.append(f"{properties.message_id}: it is among the {queue} without a reason")
                for recipient in recipients_of(properties, body):
                    into[recipient] += 1
                    if reason == "refused":
                        self.refused[recipient] += 1

    def window_of(self, job, until):
        """Was this job in its window when a worker was killed, or the broker away, before `until`? A copy that was published
        twice then may wait its turn for long."""
        deaths = [kill for worker in self.arena.workers for kill in worker.kills] + self.arena.away
        return any(since <= moment + WINDOW and end + LAG >= moment and since <= until
                   for recipient in job.to for moment in self.effects[recipient] for since, end in deaths)

    def audit_job(self, job):
        for recipient in job.to:
            took, dead, unknown = self.took[recipient], self.dead[recipient], self.unknown[recipient]
            if not took and not dead and not unknown:
                self.faults.append(f"{job.id}: {recipient} is lost: no server took it, and no queue has it")
            self.counts["recipients that were taken" if took else "recipients that were not taken"] += 1
            for (first, client), (second, other) in zip(took, took[1:]):
                self.counts["taken twice"] += 1
                self.twice.add(job.id)
                if not self.window_of(job, second):
                    self.faults.append(f"{job.id}: {recipient} was taken from {client} and {second - first:.3f} s later from "
                                       f"{other}, and nobody died while the job was in its window")
            if took and self.refused[recipient]:
                self.faults.append(f"{job.id}: {recipient} was taken, and is among the dead as refused")
            if took and dead and not self.window_of(job, float("inf")):
                self.faults.append(f"{job.id}: {recipient} was taken, and is among the dead")
            if dead + unknown > 1:
                self.counts["several copies among the dead and unknown"] += 1
                if not self.window_of(job, float("inf")):
                    self.faults.append(f"{job.id}: {recipient} is {dead} times among the dead, {unknown} times among the unknown")
            if unknown and not self.lost[recipient]:
                self.counts["unknown, and no server lost the reply"] += 1
                # The connection was lost with a server that restarted, or the worker was asked to end.
                if not self.arena.events["server restarts"] and not self.arena.events["SIGTERM"]:
                    self.faults.append(f"{job.id}: {recipient} is among the unknown, and no reply was lost")
        ids = set().union(*(self.message_ids[r.split("-")[0]] for r in job.to))
        if len(ids) > 1:
            self.faults.append(f"{job.id}: its copies have {len(ids)} Message-IDs: {sorted(ids)}")

    def audit_results(self):
        for properties, body in self.arena.queues["results"]:
            result = json.loads(body)
            self.counts[f"results: {result['result']}"] += 1
            for row in result["recipients"]:
                if row["verdict"] == "accepted" and not self.took[row["address"]]:
                    self.faults.append(f"{result['id']}: the result says that {row['address']} was accepted, and no server took it")
                if row["verdict"] == "refused" and self.took[row["address"]]:
                    self.faults.append(f"{result['id']}: the result says that {row['address']} was refused, and a server took it")
        # No more than were in hand whenever a worker was killed, or all lost the broker.
        deaths = sum(len(worker.kills) for worker in self.arena.workers) + len(self.arena.away) * len(self.arena.workers)
        self.counts["jobs of which a recipient was taken twice"] = len(self.twice)
        self.counts["jobs that were in hand at a death, at most"] = deaths * PREFETCH
        if len(self.twice) > deaths * PREFETCH:
            self.faults.append(f"{len(self.twice)} jobs went out twice, and {deaths} deaths explain {deaths * PREFETCH}")
        if self.arena.queues["jobs"]:
            self.faults.append(f"{len(self.arena.queues['jobs'])} jobs are left")

    def report(self):
        for job in self.arena.jobs:
            self.audit_job(job)
        self.audit_results()
        for name, count in sorted(self.arena.events.items()):
            print(f"  {name:44} {count:8}")
        for name, count in sorted(self.counts.items()):
            print(f"  {name:44} {count:8}")
        for fault in self.faults[:40]:
            print("  FAULT", fault)
        if self.arena.arguments.report:
            with open(self.arena.arguments.report, "w", encoding="utf-8") as file:
                json.dump({"jobs": len(self.arena.jobs), "seed": self.arena.arguments.seed, "seconds": round(self.arena.seconds),
                           "events": self.arena.events, "counts": self.counts, "faults": self.faults}, file, indent=2)
        print(f"chaos: {len(self.arena.jobs)} jobs, {len(self.arena.workers)} workers, seed {self.arena.arguments.seed}, "
              f"{self.arena.seconds:.0f} s: {self.counts['taken twice']} taken twice, all explained by the window, "
              f"{len(self.faults)} faults" if not self.faults else f"chaos: {len(self.faults)} faults, seed {self.arena.arguments.seed}")
        return 1 if self.faults else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--build", required=True)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two deaths, in the mean")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--report")
    parser.add_argument("--keep", help="files and logs stay in this directory")
    arguments = parser.parse_args()
    try:
        import pika  # noqa: F401
        arena = Arena(arguments)
        say(f"seed {arguments.seed}")
        try:
            return arena.run()
        finally:
            arena.clean()
    except (ImportError, rabbitmq.Missing) as missing:
        print(f"chaos: {missing}")
        return 77


if __name__ == "__main__":
    sys.exit(main())
