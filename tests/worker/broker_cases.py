#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""worker/broker_*.c, declare and status, with a real RabbitMQ."""
import os
import signal
import socket
import ssl
import sys
import threading
import time

import harness
import rabbitmq
from harness import case, wait_until

MEBIBYTE = 1 << 20


def body_sum(size):
    """Of the body that broker_driver.c publishes."""
    total = 0
    for i in range(size):
        total = (total * 31 + ((i * 7 + i // 251) & 0xff)) & 0xffffffffffffffff
    return total


# ---- declare, status ----

@case
def declare_twice(arena):
    code, output, error = arena.worker("declare")
    assert code == 0 and not error, error
    lines = output.splitlines()
    assert len(lines) == 8 and all(line.endswith(": made") for line in lines), output
    code, output, _ = arena.worker("declare")
    assert code == 0 and all(line.endswith(": is there") for line in output.splitlines()), output


@case
def declare_changed(arena):
    """A changed argument: which queue, which argument, what to do. The others are made all the same."""
    arena.declare()
    arena.configure("delivery-limit = 21", "delays = 1m, 5m, 7m")
    code, output, error = arena.worker("declare")
    assert code == 78, (code, error)
    assert "queue declare_changed.jobs: is another one" in output and "declare_changed.wait.7m: made" in output, output
    for text in ("declare_changed.jobs", "x-delivery-limit", "received '21' but current is '20'", "rabbitmqctl delete_queue"):
        assert text in error, error
    # As it was before: all is well again.
    arena.configure("delays = 1m, 5m, 7m")
    arena.declare()


@case
def declare_exchange_of_another_type(arena):
    """Those of two prefixes can have one name."""
    arena.configure("prefix = declare_exchange_of_another_type.dead")
    arena.declare()
    arena.configure()
    code, output, error = arena.worker("declare")
    assert code == 78 and "exchange declare_exchange_of_another_type.dead: is another one" in output, (code, output)
    assert "the exchange declare_exchange_of_another_type.dead is on the broker" in error and "choose another prefix" in error, error


@case
def declare_print(arena):
    """--print talks to no broker."""
    arena.configure(port=1)
    code, output, error = arena.worker("declare", "--print")
    assert code == 0 and not error, error
    for text in ("exchange declare_print: direct", "queue declare_print.wait.5m", "x-message-ttl = 300000",
                 "x-dead-letter-exchange = declare_print.dead", "x-dead-letter-strategy = at-least-once"):
        assert text in output, output
    code, _, error = arena.worker("declare", "--json")
    assert code == 64 and "'--json', only --print" in error, error


@case
def status_counts(arena):
    code, output, error = arena.worker("status")
    assert code == 78 and "it is not there" in output and "'envoi-worker declare' makes it" in error, (code, output, error)
    arena.declare()
    code, output, error = arena.worker("status")
    assert code == 0 and not error and "status_counts.jobs" in output, (code, output, error)
    driver = arena.driver("open", "publish status_counts jobs a 1", "publish status_counts wait.5m b 1")
    driver.event("confirmed 1")
    driver.event("confirmed 2")
    assert arena.worker("status")[0] == 0
    driver.ok("publish status_counts.dead dead c 1")
    driver.event("confirmed 3")
    assert arena.worker("status")[0] == 80
    driver.ok("publish status_counts unknown d 1")
    driver.event("confirmed 4")
    assert arena.worker("status")[0] == 81
    assert arena.counts() == {"jobs": 1, "wait": 1, "dead": 1, "unknown": 1, "results": 0}, arena.counts()
    driver.ok("consume 1")
    driver.delivery()
    code, output, _ = arena.worker("status")
    assert [line.split()[1:3] for line in output.splitlines() if "status_counts.jobs" in line] == [["0", "1"]], output


@case
def declare_without_permission(arena):
    broker = arena.broker
    broker.ctl("add_user", "reader", "its password")
    broker.ctl("set_permissions", "reader", "^$", ".*", ".*")
    arena.configure("broker-user = reader", f"broker-password-file = {secret_file(arena, 'its password')}")
    code, _, error = arena.worker("declare")
    assert code == 77 and "declare_without_permission: the user of the broker may not do that: ACCESS_REFUSED" in error, (code, error)


# ---- to connect ----

@case
def open_without_queues(arena):
    arena.driver().fails("open", 78, "the exchange open_without_queues is not on the broker .*'envoi-worker declare' makes it")
    arena.declare()
    arena.broker.ctl("delete_queue", "open_without_queues.unknown")
    arena.driver().fails("open", 78, "the queue open_without_queues.unknown is not on the broker .*'envoi-worker declare' makes it")


def secret_file(arena, text):
    path = os.path.join(arena.directory, "secret")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return path


@case
def logins(arena):
    arena.declare()
    driver = arena.driver()
    driver.set(password_file=secret_file(arena, "guest"))
    driver.ok("open")
    driver.set(password_file=secret_file(arena, "wrong"))
    driver.fails("open", 77, "refused the login of guest: ACCESS_REFUSED")
    driver.set(password_file=os.path.join(arena.directory, "nothing"))
    driver.fails("open", 78, "^the test: password-file: ")
    driver = arena.driver()
    driver.set(user="worker")
    driver.fails("open", 78, "no password for the user worker of the broker: .*broker-password-file")
    driver = arena.driver()
    driver.set(vhost="elsewhere")
    driver.fails("open", 78, "does not let guest use the virtual host elsewhere: NOT_ALLOWED - vhost elsewhere not found")


@case
def no_broker(arena):
    port, = rabbitmq.free_ports(1)
    arena.driver(port=port).fails("open", 69, f"no connection to the broker localhost:{port}: refused")
    driver = arena.driver()
    driver.set(host="nowhere.invalid")
    driver.fails("open", 69, "no connection to the broker nowhere.invalid:.* lookup")
    # TLS where there is none, and none where there is.
    driver = arena.driver()
    driver.set(is_tls=1)
    driver.fails("open", 76, "no TLS with the broker localhost:")
    arena.driver(port=arena.broker.tls_port).fails("open", 69, "no AMQP with the broker .*is it the port of amqps")


@case
def silent_broker(arena):
    """It accepts connections, and says nothing: within ten seconds, which is the promise of open()."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver = arena.driver(port=silent.getsockname()[1])
        began = time.monotonic()
        driver.fails("open", 69, "no AMQP with the broker .*: request timed out")
        assert 9 < time.monotonic() - began < 15


# ---- TLS ----

@case
def tls_to_rabbitmq(arena):
    arena.declare()
    driver = arena.driver(port=arena.broker.tls_port)
    driver.set(is_tls=1, ca=arena.broker.ca)
    driver.ok("open")
    driver.ok("consume 1")
    driver.ok(f"publish tls_to_rabbitmq jobs large {3 * MEBIBYTE}")
    assert driver.event("confirmed 1|delivery .*") and driver.event("confirmed 1|delivery .*")
    driver.set(ca=rabbitmq.make_certificate(arena.directory, "other_ca", "CA of a test", is_ca=True))
    driver.fails("open", 76, "certificate of the broker localhost:.* is not trusted: ")
    driver.set(ca=".")
    driver.fails("open", 76, "is not trusted: unable to get local issuer certificate|is not trusted: self.signed")
    driver.set(ca=os.path.join(arena.directory, "nothing"))
    driver.fails("open", 78, "nothing: the certificates of the broker's CA cannot be read")
    driver.set(ca=arena.broker.ca, host="127.0.0.1")
    driver.fails("open", 76, "is not trusted: it is for another name")


# host, common name, alternative names, is it the right one?
CERTIFICATES = [
    ("localhost", "a test", "DNS:localhost", True),
    ("localhost", "a test", "DNS:LOCALHOST", True),
    ("localhost", "a test", "DNS:elsewhere.example,DNS:localhost", True),
    ("localhost", "a test", "DNS:elsewhere.example", False),
    ("localhost", "localhost", "DNS:elsewhere.example", False),
    ("localhost", "a test", "DNS:localhost.example", False),
    ("localhost", "a test", "DNS:*", False),
    ("localhost", "a test", "DNS:local*", False),
    ("localhost", "a test", "IP:127.0.0.1", False),
    ("127.0.0.1", "a test", "IP:127.0.0.1", True),
    ("127.0.0.1", "a test", "IP:127.0.0.2", False),
    # librabbitmq before 0.14 takes this one.
    ("127.0.0.1", "a test", "DNS:*.0.0.1", False),
    ("127.0.0.1", "a test", "DNS:localhost", False),
]


@case
def tls_names(arena):
    """A server with each certificate. After the wrong one not an octet is sent, least of all a password."""
    ca = rabbitmq.make_certificate(arena.directory, "names_ca", "CA of a test", is_ca=True)
    for index, (host, common, alternatives, is_right) in enumerate(CERTIFICATES):
        path = rabbitmq.make_certificate(arena.directory, f"name{index}", common, alternatives, issuer="names_ca")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, path.replace(".crt", ".key"))
        received = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=serve_once, args=(server, context, received))
            thread.start()
            driver = arena.driver(port=server.getsockname()[1])
            driver.set(is_tls=1, ca=ca, host=host)
            code, text = driver.do("open")
            thread.join(harness.WAIT_SECONDS)
        what = f"{host} {alternatives}: {code} {text} {received}"
        if is_right:
            assert code == 69 and "no AMQP" in text and received == [b"AMQP\0\0\x09\x01"], what
        else:
            assert code == 76 and "it is for another name" in text and not received, what


def serve_once(server, context, received):
    """Takes the handshake and what comes first, and hangs up."""
    server.settimeout(harness.WAIT_SECONDS)
    connection, _ = server.accept()
    connection.settimeout(harness.WAIT_SECONDS)
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            octets = tls.recv(8)
            if octets:
                received.append(octets)
    except OSError:
        pass


@case
def login_by_certificate(arena):
    """EXTERNAL: the user is in the certificate."""
    arena.declare()
    broker = arena.broker
    for name in ("ca.crt", "ca.key"):
        with open(broker.path(name), "rb") as source, open(os.path.join(arena.directory, name), "wb") as copy:
            copy.write(source.read())
    own = rabbitmq.make_certificate(arena.directory, "own", "worker-1", issuer="ca")
    driver = arena.driver(port=broker.tls_port)
    driver.set(is_tls=1, ca=broker.ca, cert=own, key=own.replace(".crt", ".key"), user="worker-1")
    driver.fails("open", 77, "refused the login of worker-1: ACCESS_REFUSED")
    broker.ctl("add_user", "worker-1", "not this password")
    broker.ctl("set_permissions", "worker-1", ".*", ".*", ".*")
    driver.ok("open")
    driver.set(key=broker.ca)
    driver.fails("open", 78, "ca.crt: the key for the broker cannot be used")
    driver.set(cert=arena.directory + "/nothing")
    driver.fails("open", 78, "nothing: the certificate for the broker cannot be used")
    # Without TLS the broker sees no certificate.
    driver = arena.driver()
    driver.set(cert=own, key=own.replace(".crt", ".key"), user="worker-1")
    driver.fails("open", 77, "the broker localhost:.* has no login by EXTERNAL")


# ---- publications ----

@case
def confirmed_and_returned(arena):
    arena.declare()
    driver = arena.driver("open")
    assert driver.ok("publish confirmed_and_returned nowhere a 1") == "1"
    driver.event("returned 1")
    assert driver.ok("publish confirmed_and_returned jobs b 10 text=t number#-5 list@x,y,z") == "2"
    driver.event("confirmed 2")
    driver.no_event()
    driver.ok("consume 10")
    job = driver.event("delivery .*")
    # RabbitMQ 4 sorts the headers.
    assert sorted(job.split(" ")) == sorted(
        f"delivery 1 redelivered=0 count=0 id=b type=message/rfc822 timestamp=1700000000 size=10 sum={body_sum(10)} "
        "text=t number#-5 list@x,y,z".split(" ")), job


@case
def many_publications(arena):
    """One event each, although the broker confirms several at once, and returns some of them."""
    arena.declare()
    driver = arena.driver("open")
    for i in range(1, 3001):
        driver.process.stdin.write(f"publish many_publications {'nowhere' if i % 7 == 0 else 'jobs'} id-{i} 100\n")
    seen = [driver.events.get(timeout=harness.WAIT_SECONDS) for _ in range(3000)]
    expected = [f"{'returned' if i % 7 == 0 else 'confirmed'} {i}" for i in range(1, 3001)]
    assert sorted(seen) == sorted(expected), set(seen) ^ set(expected)
    driver.no_event()


@case
def refused_by_a_full_queue(arena):
    arena.declare()
    arena.broker.ctl("set_policy", "full", "^refused_by_a_full_queue[.]jobs$", '{"max-length": 3}')
    driver = arena.driver("open")
    events = []
    # The limit is a soft one.
    while len(events) < 100 and not any(event.startswith("refused") for event in events):
        number = driver.ok("publish refused_by_a_full_queue jobs a 10")
        events.append(driver.event(f"(confirmed|refused) {number}"))
    assert events[-1].startswith("refused") and events[0].startswith("confirmed"), events
    driver.ok("publish refused_by_a_full_queue wait.1m a 10")
    driver.event("confirmed .*")


@case
def does_not_fit(arena):
    """What AMQP cannot carry is refused here, and the connection stays."""
    arena.declare()
    driver = arena.driver()
    driver.fails("consume 1", 69, "the broker is lost: it was not opened")
    driver.ok("open")
    lists = ",".join(["someone@example.org"] * 60)
    driver.fails("publish does_not_fit jobs a 10 " + " ".join(f"h{i}={'x' * 3000}{lists}" for i in range(58)), 65,
                 "the message 'a' does not fit into AMQP: its headers are larger than a frame")
    driver.fails(f"publish does_not_fit jobs {'i' * 256} 10", 65, "does not fit into AMQP: a name in it is longer than 255 octets")
    driver.fails(f"publish does_not_fit jobs a 10 {'n' * 256}=v", 65, "does not fit into AMQP: a name in it is longer")
    driver.ok(f"publish does_not_fit jobs {'i' * 255} 10 {'n' * 255}=v")
    driver.event("confirmed 1")


@case
def blocked_by_an_alarm(arena):
    """No memory: publications wait, nothing blocks, settlements go on."""
    arena.declare()
    driver = arena.driver("open")
    driver.ok("publish blocked_by_an_alarm jobs a 10")
    driver.event("confirmed 1")
    driver.ok("consume 1")
    job = driver.delivery()
    arena.broker.set_alarm(True)
    try:
        driver.ok("publish blocked_by_an_alarm wait.1m b 10")
        driver.event("blocked .*memory.*")
        began = time.monotonic()
        for i in range(20):
            driver.ok(f"publish blocked_by_an_alarm wait.1m c-{i} {MEBIBYTE}")
        assert time.monotonic() - began < 10
        wait_until(lambda: arena.messages("jobs") == 1, what="the count before the ack")
        driver.ok(f"ack {job['tag']}")
        wait_until(lambda: arena.messages("jobs") == 0, what="the ack")
        driver.no_event()
    finally:
        arena.broker.set_alarm(False)
    driver.event("unblocked")
    for i in range(2, 23):
        driver.event(f"confirmed {i}")


# ---- jobs ----

@case
def prefetch_is_kept(arena):
    arena.declare()
    driver = arena.driver("open")
    for i in range(1, 11):
        driver.ok(f"publish prefetch_is_kept jobs job-{i} 10")
        driver.event(f"confirmed {i}")
    driver.ok("consume 3")
    tags = [driver.delivery()["tag"] for _ in range(3)]
    assert arena.counts()["jobs"] == 7
    driver.no_event()
    driver.ok(f"ack {tags[0]}")
    tags.append(driver.delivery()["tag"])
    # No more of them, although one is acknowledged.
    driver.ok("consume 0")
    driver.ok(f"ack {tags[1]}")
    wait_until(lambda: arena.messages("jobs") == 8, what="the ack")
    assert arena.counts()["jobs"] == 6
    driver.no_event()
    # Again, with another prefetch; two of the first are still not settled.
    driver.ok("consume 4")
    assert [driver.delivery()["id"] for _ in range(4)] == ["job-5", "job-6", "job-7", "job-8"]
    assert arena.counts()["jobs"] == 2
    driver.no_event()
    driver.ok("consume 6")
    assert [driver.delivery()["id"] for _ in range(2)] == ["job-9", "job-10"]


@case
def rejected_is_dead(arena):
    arena.declare()
    driver = arena.driver("open", "publish rejected_is_dead jobs a 10", "consume 1")
    job = [e for e in (driver.event("confirmed 1|delivery 1 .*"), driver.event("confirmed 1|delivery 1 .*")) if e[0] == "d"]
    assert job
    driver.ok("reject 1")
    wait_until(lambda: arena.counts()["dead"] == 1, what="the dead letter")


@case
def large_job(arena):
    arena.declare()
    driver = arena.driver("open")
    driver.ok(f"publish large_job jobs large {20 * MEBIBYTE}")
    driver.event("confirmed 1")
    driver.ok("consume 1")
    job = driver.delivery()
    size = 20 * MEBIBYTE
    assert job["size"] == str(size) and job["sum"] == str(body_sum(size)), job


@case
def close_sends_the_acks(arena):
    """What was acknowledged just before close() does not come back."""
    arena.declare()
    driver = arena.driver("open")
    for i in range(1, 501):
        driver.process.stdin.write(f"publish close_sends_the_acks jobs job-{i} 1000\n")
    for i in range(1, 501):
        driver.event("confirmed .*")
    driver.ok("consume 300")
    tags = [driver.delivery()["tag"] for _ in range(200)]
    driver.process.stdin.write("".join(f"ack {tag}\n" for tag in tags) + "close\n")
    wait_until(lambda: arena.counts()["jobs"] == 300, what="the jobs that are left")


# ---- when it goes wrong ----

@case
def redelivered_after_a_stop(arena):
    arena.declare()
    driver = arena.driver("open", "publish redelivered_after_a_stop jobs a 10")
    driver.event("confirmed 1")
    driver.ok("consume 1")
    assert driver.delivery()["redelivered"] == "0"
    arena.broker.stop_app()
    try:
        driver.event("lost CONNECTION_FORCED.*|lost .*closed.*")
        driver.no_event()
        driver.fails("publish redelivered_after_a_stop jobs b 10", 69, "the broker is lost")
        driver.fails("ack 1", 69, "the broker is lost")
        driver.fails("consume 1", 69, "the broker is lost")
        driver.fails("open", 69, "no connection to the broker")
    finally:
        arena.broker.start_app()
    driver.ok("open")
    driver.ok("consume 1")
    job = driver.delivery()
    assert job["id"] == "a" and job["redelivered"] == "1" and job["count"] == "1", job
    # The numbers begin anew.
    assert driver.ok("publish redelivered_after_a_stop jobs c 10") == "1"
    driver.event("confirmed 1")


@case
def closed_by_an_administrator(arena):
    arena.declare()
    driver = arena.driver("open")
    arena.broker.ctl("close_all_connections", "for a test")
    driver.event("lost CONNECTION_FORCED - for a test")
    driver.ok("open")


@case
def queue_deleted(arena):
    arena.declare()
    driver = arena.driver("open", "consume 5")
    wait_until(lambda: '"consumers": 1' in arena.worker("status", "--json")[1], what="the consumer")
    arena.broker.ctl("delete_queue", "queue_deleted.jobs")
    driver.event("cancelled")
    driver.ok("consume 5")
    driver.event("lost NOT_FOUND - no queue 'queue_deleted.jobs'.*")


@case
def unknown_tag(arena):
    """An error of the worker's: the broker closes the channel, and that is told."""
    arena.declare()
    driver = arena.driver("open", "ack 77")
    driver.event("lost PRECONDITION_FAILED - unknown delivery tag 77")


# ---- heartbeats ----

@case
def idle_for_many_heartbeats(arena):
    arena.declare()
    driver = arena.driver()
    driver.set(heartbeat=1)
    driver.ok("open")
    driver.ok("consume 1")
    driver.no_event(seconds=6)
    driver.ok("publish idle_for_many_heartbeats jobs a 1")
    assert {driver.event("confirmed 1|delivery .*")[0], driver.event("confirmed 1|delivery .*")[0]} == {"c", "d"}


@case
def stopped_for_many_heartbeats(arena):
    """The proof that the broker watches: a worker that sends none is lost."""
    arena.declare()
    driver = arena.driver()
    driver.set(heartbeat=1)
    driver.ok("open")
    os.kill(driver.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: "envoi-worker" not in arena.broker.ctl("list_connections", "client_properties"), 60, "the broker's patience")
    finally:
        os.kill(driver.process.pid, signal.SIGCONT)
    driver.event("lost .*")


@case
def broker_that_hangs(arena):
    """It keeps the connections and says nothing any more."""
    arena.declare()
    driver = arena.driver()
    driver.set(heartbeat=1)
    driver.ok("open")
    with open(arena.broker.path("pid"), encoding="ascii") as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGSTOP)
    try:
        # More than the sockets hold; and still nothing blocks.
        for i in range(30):
            driver.do(f"publish broker_that_hangs jobs a-{i} {MEBIBYTE}")
        driver.event("lost heartbeat timeout.*", 15)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: driver.do("open")[0] == 0, what="the broker")


if __name__ == "__main__":
    sys.exit(harness.main(sys.argv[1:]))
