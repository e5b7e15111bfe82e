#!/usr/bin/env python3
"""Uses the pages of mcq in Chromium, with mcias-dev behind it: one mcq that has a login page of its own and one that
sends people to the identity service. What this needs ./dev browser has installed."""

import argparse
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import services  # noqa: E402: found beside this folder
from tally import run_client  # noqa: E402

# Chromium finds them on loopback. To it they are sites of their own, and foreign to localhost, where mcias-dev is.
HOSTS = {"direct": "mcq.test", "sso": "sso.test", "evil": "evil.test"}
SUITES = ["everyday", "noscript", "keyboard", "looks", "sso", "hostile", "scripting"]
ALONE = {"sso"}  # with the mcq that the others leave alone, but for a few logins


def free_port():
    """mcq has to be told its own port, in public_url. Nobody else is likely to take it in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def pages_of(host, port, sso=False):
    origin = f"https://{host}:{port}"
    section = f'\n[web]\npublic_url = "{origin}"\n'
    return origin, section + (f'\n[sso]\nclient_id = "mcq-sso"\nredirect_uri = "{origin}/sso/callback"\n' if sso else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where mcq and mcias-dev are built")
    parser.add_argument("--pictures", type=pathlib.Path, required=True, help="where screenshots go")
    parser.add_argument("only", nargs="*", help=f"suites to run, of {', '.join(SUITES)}; none: all")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    programs, pictures = arguments.programs.resolve(), arguments.pictures.resolve()
    pictures.mkdir(parents=True, exist_ok=True)

    os.umask(0o077)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="mcdsl-browser-") as path:
        folder = pathlib.Path(path)
        authority = services.Authority(folder, HOSTS.values())
        os.environ["NODE_EXTRA_CA_CERTS"] = str(authority.certificate)  # for what playwright asks by itself
        ports = {name: free_port() for name in ("direct", "sso")}
        direct, direct_section = pages_of(HOSTS["direct"], ports["direct"])
        sso, sso_section = pages_of(HOSTS["sso"], ports["sso"], sso=True)
        clients = f'\n[[sso_clients]]\nclient_id = "mcq-sso"\nredirect_uris = ["{sso}/sso/callback"]\nservice_name = "mcq"\n'
        identity, accounts = services.make_identity(programs, folder, authority, clients)
        secret = enroll(identity, "root")
        with identity:
            for name in ports:
                (folder / name).mkdir()
            with services.make_mcq(programs, folder / "direct", authority, identity, direct_section, ports["direct"]) as one, \
                    services.make_mcq(programs, folder / "sso", authority, identity, sso_section, ports["sso"]) as two:
                setting = json.dumps({"direct": direct, "sso": sso, "identity": f"https://localhost:{identity.port}",
                                      "evil": f"https://{HOSTS['evil']}:{ports['direct']}", "hosts": list(HOSTS.values()),
                                      "authority": str(authority.certificate), "leaf": str(authority.chain),
                                      "passwords": accounts["passwords"], "totp_secret": secret,
                                      "folder": str(folder), "pictures": str(pictures)})

                def run(suite):
                    began = time.monotonic()
                    return run_client(suite, ["node", f"{suite}.mjs"], HERE, setting), time.monotonic() - began

                wanted = [suite for suite in SUITES if not arguments.only or suite in arguments.only]
                # Suites that share a database, and so each other's documents, run one after the other.
                with ThreadPoolExecutor() as beside:
                    alone = {suite: beside.submit(run, suite) for suite in wanted if suite in ALONE}
                    rows |= {suite: run(suite) for suite in wanted if suite not in ALONE}
                    rows |= {suite: done.result() for suite, done in alone.items()}
                for service in (identity, one, two):
                    shutil.copy(service.log, pictures / f"{service.folder.relative_to(folder)}.log".replace("/", "-"))

    print(f"\n{'suite':<10} {'checks':>6} {'wrong':>6} {'seconds':>8}")
    for name, (tally, seconds) in rows.items():
        print(f"{name:<10} {tally.checks:>6} {tally.wrong:>6} {seconds:>8.1f}")
    for tally, _ in rows.values():
        for figure in tally.figures:
            print(figure)
    print(f"screenshots and logs: {pictures}")
    return 1 if any(tally.wrong for tally, _ in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
