#!/usr/bin/env python3
"""Runs other people's test suites against our server: h2spec for HTTP/2, plain and over TLS, and the attacks of slowhttptest.

Every case of h2spec passes or stands in EXCEPTIONS with the reason; one that stands there and passes is a failure too.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

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


def build_h2spec(folder):
    program = folder / "h2spec"
    subprocess.run(["go", "build", "-buildvcs=false", "-o", program, "github.com/summerwind/h2spec/cmd/h2spec"],
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
    """How many cases are not as they should be."""
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
    print(f"h2spec, {name}: {len(cases)} cases, {len(cases) - wrong} as they should be, {len(exceptions)} exceptions")
    return wrong + (1 if not cases else 0)


@contextlib.contextmanager
def running(command):
    """A server while it is in use: its plain port and its secure one."""
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().split()
    finally:
        server.stdin.close()
        if server.wait() != 0:
            raise SystemExit(f"the server ended with status {server.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=pathlib.Path, required=True, help="the program conformance_server")
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="where h2spec is built")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    h2spec = build_h2spec(arguments.cache.resolve())
    with running([arguments.server]) as (plain, secure):
        wrong = run_h2spec(h2spec, "plain", plain) + run_h2spec(h2spec, "TLS", secure, "--tls", "--insecure")
    with running([arguments.server, str(slow.TIMEOUT)]) as (plain, _):
        wrong += slow.run(plain)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
