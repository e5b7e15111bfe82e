#!/usr/bin/env python3
"""Runs other people's test suites against our server: h2spec for HTTP/2, plain and over TLS, the attacks of slowhttptest,
Connect's conformance suite and gRPC's interoperability tests for RPC.

Every case passes, or stands in EXCEPTIONS or connect_known_failing.txt with the reason; one that stands there and
passes is a failure too.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import rpc
import slow

HERE = pathlib.Path(__file__).resolve().parent
TOOL_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/go/bin"])

# By how we are reached, the case as "section: title": why we do not do what it asks.
EXCEPTIONS = {
    "plain": {
        "http2/3.5: Sends invalid connection preface":
            "In the clear, what begins otherwise is HTTP/1.1: it is answered with 400 in that and closed.",
    },
    "TLS": {},
}


SUITES = {
    "h2spec": "github.com/summerwind/h2spec/cmd/h2spec",
    "connectconformance": "connectrpc.com/conformance/cmd/connectconformance",
    "interop_client": "google.golang.org/grpc/interop/client",
}


def build(name, folder):
    program = folder / name
    subprocess.run(["go", "build", "-buildvcs=false", "-o", program, SUITES[name]],
                   cwd=HERE, env={**os.environ, "PATH": TOOL_PATH}, check=True)
    return program


def cases_of(report):
    """The cases of a JUnit report: what each is called, and how it failed, or None."""
    for suite in xml.etree.ElementTree.parse(report).iter("testsuite"):
        for case in suite.iter("testcase"):
            failure = case.find("failure")
            if failure is None:
                failure = case.find("error")
            name = f"{case.get('package')}: {case.get('classname')}"
            yield name, case.find("skipped") is not None, None if failure is None else (failure.text or "failed")


def run_h2spec(program, name, port, *options):
    """Cases, how many are not as they should be, exceptions."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        log = subprocess.run([program, "--strict", "-p", str(port), "-j", report, *options],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        if not report.exists():
            raise SystemExit(f"h2spec made no report:\n{log}")
        cases = list(cases_of(report))
    exceptions, wrong = EXCEPTIONS[name], 0
    for case, skipped, failure in cases:
        expected = case in exceptions
        if skipped or (failure is not None) != expected:
            wrong += 1
            what = "was skipped" if skipped else "passes, but is listed as an exception" if expected else failure.strip()
            print(f"h2spec, {name}: {case}\n{what}\n")
    return len(cases), wrong + (1 if not cases else 0), len(exceptions)


@contextlib.contextmanager
def running(command):
    """A server while it is in use: what it says on its first line."""
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().split()
    finally:
        server.stdin.close()
        if server.wait() != 0:
            raise SystemExit(f"the server ended with status {server.returncode}")


def print_table(rows):
    print(f"\n{'suite':<20} {'cases':>6} {'wrong':>6} {'exceptions':>11}")
    for suite, (cases, wrong, exceptions) in rows.items():
        print(f"{suite:<20} {cases:>6} {wrong:>6} {exceptions:>11}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where our servers are built")
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="where the suites are built")
    arguments = parser.parse_args()
    programs, cache = arguments.programs.resolve(), arguments.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    suites = {name: build(name, cache) for name in SUITES}

    rows = {}
    with running([programs / "conformance_server"]) as (plain, secure):
        rows["h2spec, plain"] = run_h2spec(suites["h2spec"], "plain", plain)
        rows["h2spec, TLS"] = run_h2spec(suites["h2spec"], "TLS", secure, "--tls", "--insecure")
    rows["Connect conformance"] = rpc.run_connect(suites["connectconformance"], programs / "connect_server")
    with running([programs / "interop_server"]) as (port, authority):
        rows["gRPC interop, TLS"] = rpc.run_interop(suites["interop_client"], port, authority)
    with running([programs / "conformance_server", str(slow.TIMEOUT)]) as (plain, _):
        rows["slowhttptest"] = len(slow.ATTACKS), slow.run(plain), 0
    print_table(rows)
    return 1 if any(wrong for _, wrong, _ in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
