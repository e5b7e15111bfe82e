#!/usr/bin/env python3
"""Runs clients that others wrote against mcq, with mcias-dev behind it: grpc-js, grpcio and grpc++ for gRPC, Connect's
client in Chromium for the Connect protocol and gRPC-Web, curl for REST. What they need ./dev e2e has installed."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import services
from tally import Tally, run_client

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROTOS = [ROOT / "examples/mcq/proto", ROOT / "proto"]


def setting_of(mcq, authority, accounts):
    """What a client is told on its standard input: passwords are in it."""
    return json.dumps({"address": f"localhost:{mcq.port}", "authority": str(authority.certificate),
                       "leaf": str(authority.chain), "accounts": accounts,
                       "protos": [str(folder) for folder in PROTOS]})


def run_drain(name, command, mcq, setting):
    """The client of a server that ends: SIGTERM when it has its load on."""
    tally, answered = Tally(), None
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE)
    try:
        client.stdin.write(setting)
        client.stdin.close()
        for line in client.stdout:
            tally.take(name, line)
            if line == "loaded\n":
                mcq.terminate()
            elif line.startswith("answered "):
                answered = int(line.split()[1])
        problem = client.stderr.read().strip()
        if client.wait() != 0 or answered is None:
            tally.fail(name, f"ended with status {client.returncode}: {problem[-2000:]}")
            return tally
    finally:
        client.kill()
        client.wait()
    status = mcq.stop()
    taken = re.findall(r"msg=rpc method=mcq\.v1\.DocumentService/(?:GetDocument|MarkRead) code=(\w+)", mcq.told())
    for fact, holds, told in (
            ("the server drains and ends with status 0", status == 0, f"status {status}"),
            ("every call that the server took was answered, and its answer arrived", taken == ["ok"] * answered,
             f"{answered} answers arrived; the log has {len(taken)} calls, {len(taken) - taken.count('ok')} of them failed")):
        if holds:
            tally.checks += 1
        else:
            tally.fail(name, f"{fact}: {told}")
    return tally


def check_routes(mcq):
    """`mcq routes` names every method, and `--check` finds none without REST."""
    tally = Tally()
    listed = mcq.command("routes")
    for wanted in (r"PUT +/v1/documents/\{slug\} +user \| system +mcq\.v1\.DocumentService/PushDocument",
                   r"RPC +/mcq\.v1\.AuthService/Login +open +unary", r"RPC +/grpc\.health\.v1\.Health/Watch +open +server stream"):
        if re.search(f"^{wanted}$", listed, re.MULTILINE):
            tally.checks += 1
        else:
            tally.fail("mcq routes", f"no line like {wanted}:\n{listed}")
    mcq.command("routes", "--check")
    tally.checks += 1
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where mcq, mcias-dev, mcdsl and grpcpp_client are built")
    parser.add_argument("--python", type=pathlib.Path, required=True, help="an interpreter that has grpcio")
    parser.add_argument("only", nargs="*", help="clients to run, by the names in the table; none: all")
    arguments = parser.parse_args()
    programs, python = arguments.programs.resolve(), arguments.python.absolute()
    clients = {
        "grpc-js": ["node", "grpc_js_client.mjs"],
        "grpcio": [python, "grpcio_client.py"],
        "grpc++": [programs / "grpcpp_client"],
        "Connect": ["node", "browser_client.mjs"],
        "REST": [python, "agreement_client.py"],
    }
    unknown = set(arguments.only) - set(clients) - {"drain", "routes"}
    if unknown:
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    is_wanted = lambda name: not arguments.only or name in arguments.only

    os.umask(0o077)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="mcdsl-e2e-") as path:
        folder = pathlib.Path(path)
        authority = services.Authority(programs, folder)
        identity, accounts = services.make_identity(programs, folder, authority)
        with identity:
            mcq = services.make_mcq(programs, folder, authority, identity)
            with mcq:
                for name, command in clients.items():
                    if is_wanted(name):
                        rows[name] = run_client(name, command, HERE, setting_of(mcq, authority, accounts))
            if is_wanted("drain"):
                with mcq:  # again, on its database
                    rows["drain"] = run_drain("drain", [python, "drain_client.py"], mcq, setting_of(mcq, authority, accounts))
            if is_wanted("routes"):
                rows["routes"] = check_routes(mcq)

    print(f"\n{'client':<10} {'checks':>6} {'wrong':>6}")
    for name, tally in rows.items():
        print(f"{name:<10} {tally.checks:>6} {tally.wrong:>6}")
    return 1 if any(tally.wrong for tally in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
