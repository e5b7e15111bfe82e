#!/usr/bin/env python3
"""Uses the pages of mcq in Chromium, with mcias-dev behind it: one mcq that has a login page of its own and one that
sends people to the identity service, both for each suite. Then no log may hold a secret that a suite has met. What this
needs ./dev browser has installed."""

import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import canaries  # noqa: E402: found beside this folder
import services  # noqa: E402
from tally import TIMEOUT, Tally  # noqa: E402

# Chromium finds them on loopback. To it they are sites of their own, and foreign to localhost, where mcias-dev is.
HOSTS = {"direct": "mcq.test", "sso": "sso.test", "evil": "evil.test"}
SUITES = ["scripting", "sso", "hostile", "everyday", "looks", "outage", "noscript", "keyboard"]  # the longest first
ALONE = ["figures"]  # when nothing else runs
AT_ONCE = os.cpu_count() or 1  # one more is no faster

taken_ports, taking = set(), threading.Lock()


def free_port():
    """mcq has to be told its own port, in public_url; and a service that comes back its old one. Below those that the
    system gives to others."""
    with taking:
        while True:
            port = random.randrange(20000, 32000)
            with socket.socket() as probe, contextlib.suppress(OSError):
                if port not in taken_ports:
                    probe.bind(("127.0.0.1", port))
                    taken_ports.add(port)
                    return port


def code_of(secret):
    """The one-time code of this moment (RFC 6238)."""
    digest = hmac.digest(secret, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def enroll(identity, name):
    """Gives an account a second factor; its secret."""
    process = subprocess.Popen([identity.program, "totp", "enroll", name, "--config", identity.config],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    shown = b""
    while b"shows now: " not in shown:
        piece = process.stdout.read1(4096)
        if not piece:
            raise SystemExit(f"totp enroll: {shown.decode(errors='replace')}")
        shown += piece
    text = re.search(rb"[?&]secret=([A-Z2-7]+)", shown)[1].decode()
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    told, _ = process.communicate((code_of(secret) + "\n").encode())
    if process.returncode != 0:
        raise SystemExit(f"totp enroll: {told.decode(errors='replace')}")
    return text


class Stage(contextlib.ExitStack):
    """The services of one suite. As a context they run."""

    def __init__(self, programs, folder, authority):
        super().__init__()
        self.folder, self.authority = folder, authority
        folder.mkdir()
        ports = {name: free_port() for name in ("direct", "sso")}
        self.origins = {name: f"https://{HOSTS[name]}:{port}" for name, port in ports.items()}
        callback = f"{self.origins['sso']}/sso/callback"
        chatty = '\n[log]\nlevel = "debug"\n'  # so that there is more in which to look for secrets
        client = f'\n[[sso_clients]]\nclient_id = "mcq-sso"\nredirect_uris = ["{callback}"]\nservice_name = "mcq"\n'
        self.identity, self.accounts = services.make_identity(programs, folder, authority, chatty + client, free_port())
        self.totp_secret = enroll(self.identity, "root")
        self.mcqs = []
        for name, more in (("direct", ""), ("sso", f'\n[sso]\nclient_id = "mcq-sso"\nredirect_uri = "{callback}"\n')):
            (folder / name).mkdir()
            self.mcqs.append(services.make_mcq(programs, folder / name, authority, self.identity,
                                               f'{chatty}\n[web]\npublic_url = "{self.origins[name]}"\n{more}', ports[name]))

    def __enter__(self):
        for service in (self.identity, *self.mcqs):
            self.enter_context(service)
        return self

    def restart_mcq(self):
        """With all that they keep in files, and without what they remember, such as whose session they have seen."""
        for mcq in self.mcqs:
            mcq.stop()
            mcq.start()

    def setting(self, pictures):
        return {**self.origins, "identity": f"https://localhost:{self.identity.port}",
                "evil": self.origins["direct"].replace(HOSTS["direct"], HOSTS["evil"]), "hosts": list(HOSTS.values()),
                "authority": str(self.authority.certificate), "leaf": str(self.authority.chain),
                "passwords": self.accounts["passwords"], "totp_secret": self.totp_secret,
                "folder": str(self.folder), "pictures": str(pictures)}

    def secrets(self):
        return [canaries.Secret("password", password) for password in self.accounts["passwords"].values()] + [
            canaries.Secret("bearer token", self.accounts["robot_token"]),
            canaries.Secret("secret of one-time codes", self.totp_secret)] + canaries.keys_of(self.folder)

    def keep_logs(self, suite, where):
        """Copies of what the services wrote, standard output and errors."""
        kept = []
        for service in (self.identity, *self.mcqs):
            kept.append(where / f"{suite}-{str(service.log.relative_to(self.folder).parent).replace('/', '-')}.log")
            shutil.copy(service.log, kept[-1])
        return kept


class Suite:
    """A suite that has run: its checks, the secrets it met, and the logs of its services."""

    def __init__(self, name, programs, folder, authority, pictures):
        self.name, self.tally, self.secrets = name, Tally(), []
        began = time.monotonic()
        with Stage(programs, folder / name, authority) as stage:
            self.run(json.dumps(stage.setting(pictures)), {
                "stop the identity service": stage.identity.stop,
                "start the identity service": stage.identity.start,
                "restart mcq": stage.restart_mcq,
            })
        self.secrets += stage.secrets()
        self.logs = stage.keep_logs(name, pictures)
        self.seconds = time.monotonic() - began

    def run(self, setting, does):
        """Tells the suite its setting, and does what it asks for, each on a line."""
        with tempfile.TemporaryFile("w+") as problems, subprocess.Popen(
                ["node", f"{self.name}.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=problems, text=True, cwd=HERE) as client:
            hung = threading.Timer(TIMEOUT, client.kill)
            hung.start()
            try:
                print(setting, file=client.stdin, flush=True)
                for line in client.stdout:
                    line = line.rstrip("\n")
                    word, _, rest = line.partition(" ")
                    if word == "secret":
                        self.secrets.append(canaries.Secret(**json.loads(rest)))
                    elif word == "please":
                        does[rest]()
                        with contextlib.suppress(BrokenPipeError):  # why it has ended is told below
                            print("done", file=client.stdin, flush=True)
                    else:
                        self.tally.take(self.name, line)
                status = client.wait()
            finally:
                hung.cancel()
                client.kill()
            problems.seek(0)
            if status != 0 or self.tally.checks == 0:
                self.tally.fail(self.name, f"ended with status {status} after {self.tally.checks} checks: {problems.read().strip()[-2000:]}")


def look_for_secrets(suites, is_whole, scratch):
    tally = Tally()
    for suite in suites:
        canaries.search(tally, suite.name, suite.secrets, suite.logs)
    met = [secret for suite in suites for secret in suite.secrets]
    canaries.check_search(tally, met, suites[0].logs[-1], scratch)
    kinds = {secret.kind for secret in met if canaries.is_searched(secret)}
    if is_whole:
        for kind in sorted(canaries.KINDS - kinds):
            tally.fail("secrets", f"no suite met a {kind}, so that no log was searched for one")
    tally.figures.append(f"secrets: {len(set(met))} of {len(kinds)} kinds, searched in {sum(len(suite.logs) for suite in suites)} logs")
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where mcq, mcias-dev and mcdsl are built")
    parser.add_argument("--pictures", type=pathlib.Path, required=True, help="where screenshots and logs go")
    parser.add_argument("only", nargs="*", help=f"suites to run, of {', '.join(SUITES + ALONE)}; none: all")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(SUITES + ALONE):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    programs, pictures = arguments.programs.resolve(), arguments.pictures.resolve()
    pictures.mkdir(parents=True, exist_ok=True)
    is_wanted = lambda suite: not arguments.only or suite in arguments.only

    os.umask(0o077)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mcdsl-browser-") as path:
        folder = pathlib.Path(path)
        authority = services.Authority(programs, folder, HOSTS.values())
        os.environ["NODE_EXTRA_CA_CERTS"] = str(authority.certificate)  # for what playwright asks by itself
        run = lambda name: Suite(name, programs, folder, authority, pictures)
        with ThreadPoolExecutor(AT_ONCE) as beside:
            suites = list(beside.map(run, filter(is_wanted, SUITES)))
        suites += map(run, filter(is_wanted, ALONE))
        secrets = look_for_secrets(suites, not arguments.only, folder / "scratch.log")

    rows = [(suite.name, suite.tally, f"{suite.seconds:8.1f}") for suite in suites] + [("secrets", secrets, "")]
    print(f"\n{'suite':<10} {'checks':>6} {'wrong':>6} {'seconds':>8}")
    for name, tally, seconds in rows:
        print(f"{name:<10} {tally.checks:>6} {tally.wrong:>6} {seconds}")
    for _, tally, _ in rows:
        for figure in tally.figures:
            print(figure)
    print(f"{time.monotonic() - began:.0f} s; screenshots and logs: {pictures}")
    return 1 if any(tally.wrong for _, tally, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
