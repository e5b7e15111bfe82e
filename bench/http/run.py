#!/usr/bin/env python3
"""The http area of ./dev bench: our server beside the same service in Go, and beside a constant answer of nginx.

Every sample of ours is followed by one of the peer. What is a row, and what is in a figure: bench/README.md.
"""

import base64
import json
import os
import pathlib
import tempfile
import time

import load
from identity import Identity
from servers import Programs, make_pair

ROUNDS = int(os.environ.get("MCDSL_BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("MCDSL_BENCH_SECONDS", "4"))
CONNECTIONS, BLOCKED_CONNECTIONS, HANDSHAKES = 64, 32, 300


def make_token():
    """A token in the form of the identity service's. Nobody checks its signature: no key is published."""
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    header = {"alg": "EdDSA", "kid": "bench", "typ": "JWT"}
    claims = {"sub": "6f1d3c1e-0a4e-4c56-8a39-5d7c1f3b2a90", "username": "alice", "exp": int(time.time()) + 86400}
    return ".".join([part(json.dumps(header).encode()), part(json.dumps(claims).encode()), part(bytes(64))])


class Rows:
    def __init__(self):
        self.rows = {}

    def add(self, figure, unit, goal, ours, peer):
        row = self.rows.setdefault(figure, {"figure": figure, "unit": unit, "goal": goal,
                                            "samples_ours": [], "samples_peer": []})
        row["samples_ours"].append(ours)
        row["samples_peer"].append(peer)

    def print(self):
        for row in self.rows.values():
            print(json.dumps(row), flush=True)


class Bench:
    def __init__(self, programs, token):
        self.programs, self.token, self.rows = programs, token, Rows()

    def requests(self, server, path=load.DOCUMENT):
        """CPU microseconds for a request, and the 99th percentile of the latency in milliseconds."""
        load.Wrk(server, self.token, path, CONNECTIONS, 1).load()
        before = server.cpu_seconds()
        measured = load.Wrk(server, self.token, path, CONNECTIONS, SECONDS).load()
        return (server.cpu_seconds() - before) / measured.requests * 1e6, measured.p99_ms

    def requests_of_http2(self, server, path=load.DOCUMENT):
        """The same over HTTP/2."""
        load.H2load(server, self.token, path, 1).load()
        before = server.cpu_seconds()
        measured = load.H2load(server, self.token, path, SECONDS).load()
        return (server.cpu_seconds() - before) / measured.requests * 1e6, measured.p99_ms

    def requests_beside_blocked(self, server):
        """Microseconds from answer to answer of all fast requests together, and their 99th percentile."""
        slow = load.Wrk(server, self.token, load.SLOW, BLOCKED_CONNECTIONS, SECONDS + 1)
        time.sleep(0.5)
        fast = load.Wrk(server, self.token, load.DOCUMENT, CONNECTIONS, SECONDS).load()
        slow.load()
        return fast.seconds / fast.requests * 1e6, fast.p99_ms

    def measure_running(self, ours, go, nginx):
        add = self.rows.add
        for _ in range(ROUNDS):
            our_cpu, our_p99 = self.requests(ours)
            go_cpu, go_p99 = self.requests(go)
            nginx_cpu, _ = self.requests(nginx)
            add("HTTP/1.1 request, against Go", "us CPU", 0.5, our_cpu, go_cpu)
            add("HTTP/1.1 request, against nginx's constant answer", "us CPU", 1.0, our_cpu, nginx_cpu)
            add("HTTP/1.1 request, p99, against Go", "ms", 0.6, our_p99, go_p99)

            our_cpu, our_p99 = self.requests(ours, load.STORED)
            go_cpu, go_p99 = self.requests(go, load.STORED)
            add("HTTP/1.1 request that reads from SQLite, against Go", "us CPU", 0.5, our_cpu, go_cpu)
            add("HTTP/1.1 request that reads from SQLite, p99, against Go", "ms", 0.6, our_p99, go_p99)

            our_cpu, our_p99 = self.requests_of_http2(ours)
            go_cpu, go_p99 = self.requests_of_http2(go)
            nginx_cpu, _ = self.requests_of_http2(nginx)
            add("HTTP/2 request, against Go", "us CPU", 0.12, our_cpu, go_cpu)
            add("HTTP/2 request, against nginx's constant answer", "us CPU", 0.8, our_cpu, nginx_cpu)
            add("HTTP/2 request, p99, against Go", "ms", 0.6, our_p99, go_p99)

            our_cpu, _ = self.requests_of_http2(ours, load.STORED)
            go_cpu, _ = self.requests_of_http2(go, load.STORED)
            add("HTTP/2 request that reads from SQLite, against Go", "us CPU", None, our_cpu, go_cpu)

            our_gap, our_p99 = self.requests_beside_blocked(ours)
            go_gap, go_p99 = self.requests_beside_blocked(go)
            add("fast requests beside 32 blocked, p99, against Go", "ms", 0.5, our_p99, go_p99)
            add("fast requests beside 32 blocked, one in, against Go", "us", 1.25, our_gap, go_gap)

            for name, resume in (("full", False), ("resumed", True)):
                add(f"connection with a {name} TLS handshake, against Go", "us CPU", 1.0,
                    *(load.cpu_of_handshakes(server, HANDSHAKES, resume) for server in (ours, go)))

    def measure_start(self):
        """Of a service that has run before: its database is there."""
        our_database, go_database = self.programs.new_database(), self.programs.new_database()
        self.start(lambda: self.programs.ours(our_database))
        self.start(lambda: self.programs.go(go_database))
        for _ in range(ROUNDS):
            our_ms, our_mib = self.start(lambda: self.programs.ours(our_database))
            go_ms, go_mib = self.start(lambda: self.programs.go(go_database))
            self.rows.add("start to first answer, against Go", "ms", None, our_ms, go_ms)
            self.rows.add("idle memory, against Go", "MiB", None, our_mib, go_mib)

    def start(self, program):
        with program() as server:
            load.wait_until_served(server)
            milliseconds = (time.perf_counter() - server.started) * 1000
            load.get(server, load.DOCUMENT, self.token)
            return milliseconds, server.resident_mib()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pair = make_pair(folder)
        programs = Programs(folder, pair, Identity(pair).url)
        bench = Bench(programs, make_token())
        with programs.ours() as ours, programs.go() as go:
            body = load.get(ours, load.DOCUMENT, bench.token)
            for server, path in ((ours, load.STORED), (go, load.DOCUMENT), (go, load.STORED)):
                if json.loads(body) != json.loads(load.get(server, path, bench.token)):
                    raise SystemExit(f"http bench: {server.name} does not answer {path} as it should")
            with programs.nginx(body) as nginx:
                load.wait_until_served(nginx)
                bench.measure_running(ours, go, nginx)
        bench.measure_start()
        bench.rows.print()


if __name__ == "__main__":
    main()
