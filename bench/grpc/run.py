#!/usr/bin/env python3
"""The grpc area of ./dev bench: our server beside the same service with grpc-go and with grpc++.

Every sample of ours is followed by one of each peer. What is a row, and what is in a figure: bench/README.md.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))

import calls
from identity import Identity
from peers import Programs
from run import Rows, make_token
from servers import make_pair

ROUNDS = int(os.environ.get("MCDSL_BENCH_ROUNDS", "3"))
SECONDS = int(os.environ.get("MCDSL_BENCH_SECONDS", "4"))
WARM_UP_CALLS = 20_000
STREAM_BYTES, CHUNK_BYTES = 1 << 30, 64 << 10
DOCUMENT = """slug: "on-trust" title: "Reflections on Trusting Trust"
url: "https://www.example.org/papers/1984/reflections-on-trusting-trust.html" added_by: "alice"
tags: "security" tags: "compilers" words: 3127 note: "To what extent should one trust a statement?" """


class Bench:
    def __init__(self, programs, token):
        self.programs, self.token = programs, token
        self.request = calls.message("GetDocumentRequest", 'slug: "on-trust"')
        self.answer = calls.message("Document", DOCUMENT)
        self.rows = Rows()
        self.growth = {"figure": "stream of 1 GiB in messages of 64 KiB, growth of memory (16)", "unit": "MiB",
                       "goal": None, "samples_ours": []}
        self.made = {}  # calls of GetDocument, by the name of the server

    def check(self, server):
        """A call whose message, status and trailers are as they should be."""
        body = calls.curl(server, self.token, calls.GET_DOCUMENT, self.request)
        if body != self.answer:
            raise SystemExit(f"grpc bench: {server.name} does not answer as it should: {body[:300]}")
        self.made[server.name] = self.made.get(server.name, 0) + 1

    def load(self, server, count):
        self.made[server.name] += count
        return calls.h2load(server, self.token, self.request, self.answer, count)

    def measured(self, server):
        """CPU microseconds of a call, and the 99th percentile of the latency in milliseconds."""
        warm = self.load(server, WARM_UP_CALLS)
        count = int(warm.calls / warm.seconds * SECONDS)
        before = server.cpu_seconds()
        load = self.load(server, count)
        return (server.cpu_seconds() - before) / count * 1e6, load.p99_ms

    def measure_calls(self, servers):
        ours, go, grpcpp = servers
        for server in servers:
            self.check(server)
        for _ in range(ROUNDS):
            our_cpu, our_p99 = self.measured(ours)
            go_cpu, go_p99 = self.measured(go)
            cpp_cpu, cpp_p99 = self.measured(grpcpp)
            add = self.rows.add
            add("unary call, against grpc-go", "us CPU", None, our_cpu, go_cpu)
            add("unary call, against grpc++ with callbacks", "us CPU", None, our_cpu, cpp_cpu)
            add("unary call, against the better of both", "us CPU", 0.22, our_cpu, min(go_cpu, cpp_cpu))
            add("unary call, p99, against grpc-go", "ms", None, our_p99, go_p99)
            add("unary call, p99, against grpc++ with callbacks", "ms", None, our_p99, cpp_p99)
            add("unary call, p99, against the better of both", "ms", 0.6, our_p99, min(go_p99, cpp_p99))
        for server in servers:
            self.check(server)
            answered = server.answered()
            if answered != self.made[server.name]:
                raise SystemExit(f"grpc bench: {server.name} has answered {answered} calls with OK, of "
                                 f"{self.made[server.name]} that were made")

    def grown_by_a_stream(self, server):
        """MiB by which a stream to a client that keeps up has made the server's resident memory grow at most."""
        calls.curl(server, self.token, calls.GET_DOCUMENT, self.request)
        before = server.resident_mib()
        pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # proc(5): the peak is measured anew
        count = STREAM_BYTES // CHUNK_BYTES
        chunk = len(calls.message("Chunk", f'data: "{"x" * CHUNK_BYTES}"'))
        request = calls.message("ExportRequest", f"chunks: {count} chunk_bytes: {CHUNK_BYTES}")
        size = calls.curl(server, self.token, calls.EXPORT, request, "-o", os.devnull, "-w", "%{size_download}")
        if int(size) != count * chunk:
            raise SystemExit(f"grpc bench: a stream of {int(size)} bytes instead of {count * chunk}")
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024 - before

    def start(self, program):
        """Milliseconds from the fork to the first answer, which asks no identity service, and MiB that are resident after
        a good call."""
        with program() as server:
            with calls.connect_when_served(server) as connection:
                connection.call("", self.request, b"")
                milliseconds = (time.perf_counter() - server.started) * 1000
                connection.call(self.token, self.request, self.answer)
                return milliseconds, server.resident_mib()

    def measure_stream(self):
        for _ in range(ROUNDS):
            with self.programs.ours() as server:
                self.growth["samples_ours"].append(self.grown_by_a_stream(server))

    def measure_start(self):
        programs = (self.programs.ours, self.programs.go, self.programs.grpcpp)
        for program in programs:
            self.start(program)
        for _ in range(ROUNDS):
            (our_ms, our_mib), (go_ms, go_mib), (cpp_ms, cpp_mib) = (self.start(program) for program in programs)
            self.rows.add("start to first answer (15), against grpc-go", "ms", None, our_ms, go_ms)
            self.rows.add("start to first answer (15), against grpc++", "ms", None, our_ms, cpp_ms)
            self.rows.add("idle memory after a call (12), against grpc-go", "MiB", None, our_mib, go_mib)
            self.rows.add("idle memory after a call (12), against grpc++", "MiB", None, our_mib, cpp_mib)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pair = make_pair(folder)
        programs = Programs(folder, pair, Identity(pair).url)
        bench = Bench(programs, make_token())
        with programs.ours() as ours, programs.go() as go, programs.grpcpp() as grpcpp:
            bench.measure_calls((ours, go, grpcpp))
        bench.measure_start()
        bench.measure_stream()
        bench.rows.print()
        print(json.dumps(bench.growth), flush=True)


if __name__ == "__main__":
    main()
