# SPDX-License-Identifier: MIT
"""envoi-worker: jobs a second and processor time, of one, two and four workers beside a pool that needs no broker; memory of a
job in hand. Broker, workers and server share the machine, so what counts is the processor time of each."""
import json
import os
import subprocess
import sys
import time

from compare import between_marks, heading_of, machine, number
from rig import ROOT, Client, Sink

sys.path.insert(0, os.path.join(ROOT, "tests/worker"))
import rabbitmq  # noqa: E402

JOBS = 5000
WORKERS = (1, 2, 4)
IN_HAND = (10, 1010)  # jobs, for the memory of one
PREFIX = "bench"
PATIENCE = 300
MARKS = "<!-- worker:begin -->", "<!-- worker:end -->"
TICK = os.sysconf("SC_CLK_TCK")


def processor_time(pid):
    """Seconds of a process and of the children that it waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:15])) / TICK


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def of_broker(broker):
    """The node and what it has started."""
    with open(broker.path("pid"), encoding="ascii") as file:
        return int(file.read())


def until(condition, text):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"bench: {text}: not within {PATIENCE} s")
        time.sleep(0.01)


class Workers:
    """Some of them, for as long as `with` lasts."""

    def __init__(self, rig, broker, sink, count, prefetch=32):
        self.rig, self.count = rig, count
        self.config = os.path.join(rig.work, "worker.conf")
        with open(self.config, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(f"[bench]\nhost = 127.0.0.1:{sink.port}\ntls = off\nhelo = client.example.org\n"
                       f"[worker]\nbroker = amqp://127.0.0.1:{broker.port}\nprefix = {PREFIX}\nprefetch = {prefetch}\n"
                       "metrics = none\n")

    def command(self, *words):
        return [os.path.join(self.rig.build, "tools/envoi-worker"), "-C", self.config, "--plugins-d",
                os.path.join(self.rig.build, "plugins.d"), "--module-dir", os.path.join(self.rig.build, "plugins"), *words]

    def __enter__(self):
        log = open(os.path.join(self.rig.work, "worker.log"), "ab")
        self.processes = [subprocess.Popen(self.command("run"), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                          for _ in range(self.count)]
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)


class Queue:
    """The producer's side."""

    def __init__(self, rig, broker):
        import pika
        self.pika = pika
        with open(os.path.join(rig.work, "small"), "rb") as file:
            self.letter = file.read()
        self.connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", broker.port, heartbeat=0))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.number = 0

    def publish(self, count):
        for _ in range(count):
            self.number += 1
            self.channel.basic_publish(PREFIX, "jobs", self.letter, self.pika.BasicProperties(
                content_type="message/rfc822", message_id=f"job-{self.number}", delivery_mode=2, timestamp=int(time.time()),
                headers={"x-envoi-from": "bench@example.org", "x-envoi-to": ["recipient0@example.net"]}), mandatory=True)

    def ready(self):
        return self.channel.queue_declare(f"{PREFIX}.jobs", passive=True).method.message_count


def speed(rig, broker, queue, count, jobs):
    """Jobs that were published before."""
    with Sink(rig, "small") as sink:
        queue.publish(jobs)
        with Workers(rig, broker, sink, count) as workers:
            pids = [process.pid for process in workers.processes]
            until(lambda: arrived(sink) > 0, "the first job")
            began, before = time.monotonic(), (sum(map(processor_time, pids)), processor_time(of_broker(broker)))
            first = arrived(sink)
            until(lambda: arrived(sink) == jobs, "the last job")
            seconds = time.monotonic() - began
            after = (sum(map(processor_time, pids)), processor_time(of_broker(broker)))
            done = jobs - first
        if queue.ready():
            raise SystemExit("bench: jobs are left in the queue")
        counted = json.loads(sink.ask("XREPORT"))["total"]
        if counted["wrong"] or counted["messages"] != jobs:
            raise SystemExit(f"bench: not all jobs arrived once and whole: {counted}")
    return {"per_second": done / seconds, "worker_ms": 1000 * (after[0] - before[0]) / done,
            "broker_ms": 1000 * (after[1] - before[1]) / done}


def arrived(sink):
    return json.loads(sink.ask("XREPORT"))["total"]["messages"]


def memory(rig, broker, queue):
    """Octets of a job in hand, the message of 2 KiB in it: a server that does not greet leaves them all there."""
    sizes = []
    for jobs in IN_HAND:
        with Sink(rig, "small", "--delay", "1000000") as sink:
            queue.publish(jobs)
            with Workers(rig, broker, sink, 1, prefetch=max(IN_HAND)) as workers:
                until(lambda: queue.ready() == 0, "jobs in hand")
                pid = workers.processes[0].pid
                size = [0, resident(pid)]
                while size[0] != size[1]:  # until it has read them all
                    time.sleep(0.5)
                    size = [size[1], resident(pid)]
                sizes.append(size[1])
                workers.processes[0].kill()
        queue.channel.queue_purge(f"{PREFIX}.jobs")
        until(lambda: queue.channel.queue_purge(f"{PREFIX}.jobs").method.message_count >= 0 and queue.ready() == 0, "purged")
    return (sizes[1] - sizes[0]) / (IN_HAND[1] - IN_HAND[0])


def run(rig, quick):
    jobs = JOBS // 10 if quick else JOBS
    lines = heading_of("bench/run --worker", machine())
    lines += ["**2 KiB, 1 recipient, plain; RabbitMQ, workers and server on one machine**", "",
              "| | jobs/s | CPU of the workers, ms a job | CPU of the broker, ms a job |", "|---|--:|--:|--:|"]
    with Sink(rig, "small") as sink:
        got = sink.run(Client("pool", "client_envoi", "--mode", "pool"), jobs, 1)
        lines.append(f"| a pool, without a broker | {number(jobs / got['seconds'], 0)} | "
                     f"{number(1000 * (got['user'] + got['system']) / jobs, 3)} | – |")
    with rabbitmq.Broker() as broker:
        with Sink(rig, "small") as sink:
            subprocess.run(Workers(rig, broker, sink, 0).command("declare"), check=True, stdout=subprocess.DEVNULL)
        queue = Queue(rig, broker)
        for count in WORKERS:
            got = speed(rig, broker, queue, count, jobs)
            lines.append(f"| {count} worker{'s'[:count > 1]} | {number(got['per_second'], 0)} | {number(got['worker_ms'], 3)} | "
                         f"{number(got['broker_ms'], 3)} |")
        each = memory(rig, broker, queue)
    lines += ["", f"A job in hand, its message of 2 KiB in it, takes {each / 1024:.1f} KiB of a worker."]
    if not quick:
        between_marks(os.path.join(ROOT, "docs/scale.md"), lines, MARKS)
    print("\n".join(lines))
    return 0
