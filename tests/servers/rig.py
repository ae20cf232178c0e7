# SPDX-License-Identifier: MIT
"""rig.py: the servers of the matrix and their KDC: which there are, starting and stopping them, what they announce."""
import os
import pathlib
import smtplib
import ssl
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
USER, PASSWORD = "alice", "s3cret pass"
# Dovecot hands its mail to Postfix, so it starts after it.
NAMES = ("aiosmtpd", "postfix", "dovecot", "exim")
NEEDS_NO_ROOT = ("aiosmtpd",)
# The KDC, and the servers that take its tickets.
KDC, KERBEROS = "krb5", ("postfix", "exim")


def reason_to_skip(name):
    """Why a server is not for this machine or user, or None."""
    if name in NEEDS_NO_ROOT:
        return None
    if os.environ.get("ENVOI_CI") != "1":
        return "real servers run on test machines only (ENVOI_CI=1 says that this is one)"
    if os.getuid() != 0:
        return "needs root"
    return None


class StartError(Exception):
    """A server that should have started has not."""


class Server:
    """One running server: its ports and files as the env file of its script tells them."""

    def __init__(self, name, folder, pki, relay=None, kdc=None):
        self.name = name
        self.folder = folder / name
        self.script = HERE / (name + ".sh")
        self.environment = {**os.environ, "PKI": str(pki)}
        if name == "dovecot":
            if relay is None:
                raise StartError("Postfix, which takes its mail, does not run")
            self.environment.update(RELAY_PORT=relay.env["RELAY_PORT"], RELAY_MAILDIR=relay.env["MAILDIR"])
        if name in KERBEROS and kdc is not None:
            self.environment.update(KRB5_CONFIG=kdc["KRB5_CONFIG"], KRB5_KTNAME=kdc["KRB5_KTNAME"])
        self.env = {}

    def start(self):
        done = subprocess.run([self.script, "start", self.folder], env=self.environment, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise StartError(done.stdout.strip() or "exit code %d" % done.returncode)
        for line in (self.folder / "env").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            self.env[name] = value.strip("'")

    def restart(self):
        """Stops it and starts it again, as it was and on the same ports."""
        self.stop()
        subprocess.run([self.script, "again", self.folder], env=self.environment, check=True, timeout=60,
                       stdin=subprocess.DEVNULL)

    def stop(self):
        subprocess.run([self.script, "stop", self.folder], env=self.environment, check=False, timeout=60)

    def __getitem__(self, name):
        return self.env[name]

    def __contains__(self, name):
        return name in self.env

    def login_port(self, implicit):
        """The name of the port that offers the most mechanisms."""
        names = ("SASL_SMTPS_PORT", "SMTPS_PORT") if implicit else ("SASL_PORT", "SMTP_PORT")
        return next(name for name in names if name in self)

    def mechanisms(self, implicit):
        """The mechanisms in the server's own answer to EHLO, in TLS."""
        context = ssl.create_default_context(cafile=self["CA"])
        port = int(self[self.login_port(implicit)])
        if implicit:
            client = smtplib.SMTP_SSL("localhost", port, timeout=20, context=context)
        else:
            client = smtplib.SMTP("localhost", port, timeout=20)
            client.starttls(context=context)
        with client:
            client.ehlo()
            return client.esmtp_features.get("auth", "").split()


class Rig:
    """All the servers that can run here, as a context manager."""

    def __init__(self, folder, wanted):
        self.folder = pathlib.Path(folder)
        self.wanted = wanted
        self.running = {}
        self.skipped = {}
        self.failed = {}

    def __enter__(self):
        self.pki = self.folder / "pki"
        subprocess.run(["sh", HERE / "pki.sh", self.pki], check=True)
        for name, secret in (("password", PASSWORD), ("wrong-password", "not the password")):
            (self.folder / name).touch(mode=0o600)  # a secret that others can read is refused
            (self.folder / name).write_text(secret + "\n", encoding="utf-8")
        if any(name in self.wanted and not reason_to_skip(name) for name in KERBEROS):
            self.start(KDC)
        for name in NAMES:
            if name in self.wanted:
                self.start(name)
        return self

    def start(self, name):
        reason = reason_to_skip(name)
        if reason:
            self.skipped[name] = reason
            return
        try:
            server = Server(name, self.folder, self.pki, self.running.get("postfix"), self.running.get(KDC))
            # Kept before it has started: what began to start is stopped too.
            self.running[name] = server
            server.start()
        except (StartError, OSError, subprocess.SubprocessError) as error:
            self.failed[name] = str(error)
            if name in self.running:
                self.running.pop(name).stop()

    def __exit__(self, *unused):
        for server in self.running.values():
            server.stop()
