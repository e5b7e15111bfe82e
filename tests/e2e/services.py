"""mcias-dev and mcq as processes of this run, in a folder of their own, on ports that the system picks."""

import os
import pathlib
import re
import secrets
import signal
import subprocess
import time

START_TIMEOUT = 30  # seconds until a service that does not serve counts as failed

# By name: the role, or None for a system account, which has a token and no password.
ACCOUNTS = {"alice": "user", "bob": "user", "root": "admin", "guest": "guest", "mallory": "user", "robot": None}


class Authority:
    """A certificate authority for one run, and the certificate that it signed, on localhost and other names."""

    def __init__(self, programs, folder, names=()):
        ca, leaf = folder / "ca", folder / "leaf"
        run(programs / "mcdsl", "ca", "new", ca, "--name", "MCDSL test CA", "--days", "2")
        run(programs / "mcdsl", "ca", "issue", "--ca", ca, "--out", leaf, "--days", "1", "localhost", "127.0.0.1", *names)
        self.certificate, self.chain, self.leaf_key = ca / "ca.pem", leaf / "cert.pem", leaf / "key.pem"


def run(program, *arguments, stdin=None):
    """What the program prints; raises where it fails."""
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{program.name} {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Service:
    """A program of ours. As a context it runs, and is ended by its process id."""

    def __init__(self, program, folder, authority, more, server="", port=0):
        self.program, self.folder = program, folder
        folder.mkdir()
        self.config, self.log = folder / f"{program.name}.toml", folder / f"{program.name}.log"
        self.config.write_text(f'''[server]
listen_addr = "127.0.0.1:{port}"
tls_cert = "{authority.chain}"
tls_key = "{authority.leaf_key}"
shutdown_timeout = "20s"
{server}

[database]
path = "{folder}/{program.name}.db"
{more}''')
        self.port, self.process = port or None, None
        self.log.touch()
        self.began = 0  # where in the log what it says since its last start begins

    def command(self, *arguments, stdin=None):
        return run(self.program, *arguments, "--config", self.config, stdin=stdin)

    def told(self):
        """What it has said since its last start. The log has what it said before, too."""
        return self.log.read_bytes()[self.began:].decode(errors="replace")

    def __enter__(self):
        return self.start()

    def start(self):
        self.began = self.log.stat().st_size
        with self.log.open("a") as log:
            self.process = subprocess.Popen([self.program, "server", "--config", self.config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            serving = re.search(r"\bmsg=serving\b.*\burl=\"?https://[^:]+:(\d+)", self.told())
            if serving:
                self.port = int(serving[1])
                return self
            time.sleep(0.02)
        self.stop()
        raise SystemExit(f"{self.program.name} does not serve:\n{self.told()[-4000:]}")

    def __exit__(self, *_):
        self.stop()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Its exit status: 0 after a clean drain."""
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def make_identity(programs, folder, authority, more="", port=0):
    """mcias-dev, not running yet, with every account in it; and what each account comes in with."""
    identity = Service(programs / "mcias-dev", folder / "mcias-dev", authority, more + '''
[[policy]]
name = "mallory has no business in mcq"
accounts = ["mallory"]
services = ["mcq"]
''', port=port)
    passwords = {name: secrets.token_urlsafe(12) for name, role in ACCOUNTS.items() if role}
    for name, role in ACCOUNTS.items():
        if role:
            identity.command("user", "add", name, "--role", role, "--password-stdin", stdin=passwords[name] + "\n")
        else:
            identity.command("user", "add", name, "--system")
    return identity, {"passwords": passwords, "robot_token": identity.command("token", "issue", "robot").strip()}


def make_mcq(programs, folder, authority, identity, more="", port=0):
    """mcq, not running yet; `folder` must not have one."""
    return Service(programs / "mcq", folder / "mcq", authority, more + f'''
[mcias]
server_url = "https://localhost:{identity.port}"
ca_cert = "{authority.certificate}"
service_name = "mcq"
''', server="grpc_reflection = true", port=port)
