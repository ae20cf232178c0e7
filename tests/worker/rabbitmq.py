#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A RabbitMQ of the tests: on free ports of 127.0.0.1, in a temporary directory, as nobody if this is root.

As a module:

    with rabbitmq.Broker() as broker:       # ready after some 10 s
        broker.port, broker.tls_port        # guest/guest
        broker.ca                           # of the certificate of "localhost" on tls_port
        broker.ctl("list_queues")

As a program, it runs a command with a broker, or, without one, holds a broker until its standard input ends:

    tests/worker/rabbitmq.py [COMMAND...]

The command finds RABBITMQ_PORT, RABBITMQ_TLS_PORT, RABBITMQ_CA and RABBITMQ_DIR in its environment, and `Broker.of_environment()`
is that broker for another program in Python. Where there is no RabbitMQ, the exit code is 77. Nothing outlives the program, even
if it is killed.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BIN = "/usr/lib/rabbitmq/bin"
ERLANG = "/usr/lib/erlang/bin"
START_SECONDS = 90
STOP_SECONDS = 30


class Missing(Exception):
    """There is no RabbitMQ on this machine."""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def wait_until(condition, seconds, what):
    """Asks ten times a second, as neither Erlang nor its tools report when they are ready."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def make_certificate(directory, name, common_name, alternatives=None, issuer=None, days=2, is_ca=False):
    """NAME.crt and NAME.key in the directory; the issuer is another name there. Returns the path of the certificate."""
    path = os.path.join(directory, name)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days),
               "-keyout", path + ".key", "-out", path + ".crt", "-subj", "/CN=" + common_name,
               "-addext", "basicConstraints=critical,CA:" + ("TRUE" if is_ca else "FALSE")]
    if alternatives:
        command += ["-addext", "subjectAltName=" + alternatives]
    if issuer:
        # A request first: `req -x509` of Debian 12 knows no issuer of its own.
        command = [word for word in command if word not in ("-x509", "-days", str(days))]
        command[command.index(path + ".crt")] = path + ".csr"
        subprocess.run(command, check=True, capture_output=True)
        command = ["openssl", "x509", "-req", "-in", path + ".csr", "-CA", os.path.join(directory, issuer + ".crt"),
                   "-CAkey", os.path.join(directory, issuer + ".key"), "-CAcreateserial", "-days", str(days), "-out", path + ".crt",
                   "-copy_extensions", "copyall"]
    subprocess.run(command, check=True, capture_output=True)
    return path + ".crt"


class Broker:
    def __init__(self, directory=None):
        if not os.path.exists(BIN + "/rabbitmq-server"):
            raise Missing("there is no RabbitMQ (Debian's rabbitmq-server): ENVOI_CI=1 scripts/deps --servers")
        self.is_owner = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="envoi-rabbitmq-")
        self.user = "nobody" if os.getuid() == 0 else None
        self.group = "nogroup" if self.user else None
        self.epmd = self.server = self.keeper = None
        if self.is_owner:
            self.port, self.tls_port, self.dist_port, self.epmd_port = free_ports(4)
            self.write_files()

    @classmethod
    def of_environment(cls):
        """The broker of the program that has started this one: it can be asked and steered, but not stopped for good."""
        broker = cls(os.environ["RABBITMQ_DIR"])
        with open(broker.path("ports"), encoding="ascii") as file:
            broker.port, broker.tls_port, broker.dist_port, broker.epmd_port = map(int, file.read().split())
        return broker

    # ---- files ----

    def path(self, name):
        return os.path.join(self.directory, name)

    @property
    def ca(self):
        return self.path("ca.crt")

    def write_files(self):
        make_certificate(self.directory, "ca", "CA of a test", is_ca=True)
        make_certificate(self.directory, "server", "localhost", "DNS:localhost", issuer="ca")
        files = {
            "rabbitmq.conf": [
                f"listeners.tcp.1 = 127.0.0.1:{self.port}", f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {self.ca}", f"ssl_options.certfile = {self.path('server.crt')}",
                f"ssl_options.keyfile = {self.path('server.key')}", "ssl_options.verify = verify_peer",
                "ssl_options.fail_if_no_peer_cert = false", "ssl_cert_login_from = common_name",
                "auth_mechanisms.1 = PLAIN", "auth_mechanisms.2 = EXTERNAL",
                "log.console = false", "log.file.level = info", "disk_free_limit.absolute = 50MB",
                "vm_memory_high_watermark.absolute = 600MB", "raft.wal_max_size_bytes = 67108864",
                # The default of 3.10, which is 16 MiB since 4.0.
                "max_message_size = 134217728"],
            "enabled_plugins": ["[rabbitmq_auth_mechanism_ssl]."],
            "ports": [f"{self.port} {self.tls_port} {self.dist_port} {self.epmd_port}"],
        }
        for name, lines in files.items():
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write("\n".join(lines) + "\n")
        os.mkdir(self.path("log"))
        os.mkdir(self.path("mnesia"))
        if self.user:
            for folder, _, names in os.walk(self.directory):
                for name in [folder] + [os.path.join(folder, n) for n in names]:
                    shutil.chown(name, self.user, self.group)

    def environment(self):
        return {
            "PATH": f"{ERLANG}:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.directory, "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": "envoi@localhost", "RABBITMQ_MNESIA_BASE": self.path("mnesia"),
            "RABBITMQ_LOG_BASE": self.path("log"), "RABBITMQ_CONFIG_FILE": self.path("rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.path("enabled_plugins"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": self.path("pid"), "RABBITMQ_DIST_PORT": str(self.dist_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
        }

    # ---- the processes ----

    def spawn(self, command, output):
        with open(self.path(output), "ab") as file:
            return subprocess.Popen(command, env=self.environment(), cwd=self.directory, user=self.user, group=self.group,
                                    extra_groups=[] if self.user else None, start_new_session=True, stdin=subprocess.DEVNULL,
                                    stdout=file, stderr=file)

    def start(self):
        """Starts the broker, with the queues that it had if it was stopped."""
        # Erlang would start it as a daemon. As a child its number is known, and with it how to end it.
        self.epmd = self.spawn([f"{ERLANG}/epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)], "epmd.out")
        wait_until(lambda: accepts(self.epmd_port), 10, "epmd")
        self.server = self.spawn([f"{BIN}/rabbitmq-server"], "server.out")
        # If this program is killed, its end of the pipe is closed all the same.
        self.keeper = subprocess.Popen([sys.executable, __file__, "--keep", self.directory, str(self.server.pid), str(self.epmd.pid)],
                                       stdin=subprocess.PIPE, start_new_session=True)
        wait_until(self.is_ready, START_SECONDS, "RabbitMQ")
        return self

    def is_ready(self):
        if self.server.poll() is not None:
            raise RuntimeError(f"RabbitMQ has ended with {self.server.returncode}:\n{self.tail('server.out')}")
        # The listeners are opened last of all.
        return accepts(self.port) and accepts(self.tls_port)

    def tail(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-20:])

    def kill(self):
        """Stops it at once, as a machine that loses its power. start() starts it again."""
        if self.server:
            kill_group(self.server.pid)
            self.server.wait()
            self.epmd.kill()
            self.epmd.wait()
            self.keeper.stdin.close()
            self.keeper.wait()
        self.epmd = self.server = self.keeper = None

    def stop(self):
        """Stops it in good order. start() starts it again."""
        if self.server:
            try:
                with open(self.path("pid"), encoding="ascii") as file:
                    os.kill(int(file.read()), signal.SIGTERM)
                self.server.wait(STOP_SECONDS)
            except (OSError, ValueError, subprocess.TimeoutExpired):
                pass
        self.kill()

    def close(self):
        self.stop()
        if self.is_owner:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    # ---- steering ----

    def ctl(self, *arguments, check=True):
        """rabbitmqctl: some 2 s. Returns its output."""
        run = subprocess.run([f"{BIN}/rabbitmqctl", "-q", *arguments], env=self.environment(), cwd=self.directory, user=self.user,
                             group=self.group, extra_groups=[] if self.user else None, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60)
        if check and run.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {run.stdout}{run.stderr}")
        return run.stdout

    def write_down(self):
        """What it has in memory of the queues that there are. It writes that down now and then by itself; killed before, it finds
        a quorum queue without members later, which takes nothing and confirms nothing (RabbitMQ 3.10)."""
        self.ctl("eval", "mnesia:sync_log(), [dets:sync(T) || T <- dets:all()].")

    def stop_app(self):
        """The broker without its processes: all connections are closed, and no port is open."""
        self.ctl("stop_app")

    def start_app(self):
        self.ctl("start_app")
        wait_until(lambda: accepts(self.port), START_SECONDS, "RabbitMQ")

    def set_alarm(self, on):
        """Memory: while it is short, whoever publishes is blocked."""
        self.ctl("set_vm_memory_high_watermark", *(["0"] if on else ["absolute", "600MB"]))


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def keep(directory, *pids):
    """Ends what is left of a broker when the program that has started it is gone."""
    sys.stdin.buffer.read()
    for pid in map(int, pids):
        kill_group(pid)
    if os.getppid() == 1:
        shutil.rmtree(directory, ignore_errors=True)


def main(arguments):
    if arguments[:1] == ["--keep"]:
        return keep(*arguments[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        broker = Broker()
    except Missing as missing:
        print(missing)
        return 77
    with broker:
        environment = {"RABBITMQ_PORT": str(broker.port), "RABBITMQ_TLS_PORT": str(broker.tls_port), "RABBITMQ_CA": broker.ca,
                       "RABBITMQ_DIR": broker.directory}
        if arguments:
            return subprocess.run(arguments, env={**os.environ, **environment}, check=False).returncode
        for name, value in environment.items():
            print(f"export {name}={value}", flush=True)
        sys.stdin.buffer.read()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
