#!/usr/bin/env python3
"""What our server holds while it has nothing to do, and how it ends: memory of idle connections, a stop amid work.

What is a row, and what is in a figure: bench/README.md.
"""

import json
import os
import pathlib
import resource
import selectors
import socket
import ssl
import tempfile
import time

import load
from identity import Identity
from run import make_token
from servers import Programs, make_pair

ROUNDS = int(os.environ.get("MCDSL_BENCH_ROUNDS", "3"))
CONNECTIONS = int(os.environ.get("MCDSL_BENCH_CONNECTIONS", "10000"))
IDLE, BUSY = 1000, 200
SPARE_DESCRIPTORS = 200


class Client:
    """A TLS connection that can let go of its own TLS state, so that thousands of them fit into this process."""

    def __init__(self, server, context):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.done(self.tls.do_handshake)

    def done(self, step):
        """The result of a step of TLS, as many bytes as it takes exchanged with the server."""
        while True:
            try:
                result = step()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(65536)
                if not data:
                    raise SystemExit("http bench: the server closed a connection that was to be answered")
                self.incoming.write(data)

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def send(self, path, token):
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        self.done(lambda: self.tls.write(request.encode()))

    def receive(self):
        """One answer that comes in one record."""
        answer = self.done(lambda: self.tls.read(65536))
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"http bench: an answer that is not 200: {answer[:200]}")

    def get(self, path, token):
        self.send(path, token)
        self.receive()

    def forget_tls(self):
        self.incoming = self.outgoing = self.tls = None


def kib_of_an_idle_connection(server, token):
    """Resident memory of the server for each of many connections that have asked once."""
    context = load.client_context()
    load.get(server, load.DOCUMENT, token)
    before, clients = server.resident_mib(), []
    for _ in range(CONNECTIONS):
        client = Client(server, context)
        client.get(load.HEALTH, token)
        client.forget_tls()
        clients.append(client)
    kib = (server.resident_mib() - before) * 1024 / CONNECTIONS
    for client in clients:
        client.socket.close()
    return kib


def milliseconds_of_a_stop(server, token):
    """From the stop to the exit, and from the last answer to the exit; every request is answered."""
    load.get(server, load.DOCUMENT, token)  # from then on the token is known: what is measured is the stop
    context = load.client_context()
    idle = [Client(server, context) for _ in range(IDLE)]
    for client in idle:
        client.get(load.HEALTH, token)
    busy = [Client(server, context) for _ in range(BUSY)]
    paths = [load.SLOW, load.DOCUMENT, load.DOCUMENT, load.DOCUMENT]
    with selectors.DefaultSelector() as selector:
        for i, client in enumerate(busy):
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send(paths[i % len(paths)], token)
        stopped = time.perf_counter()
        server.stop()
        while selector.get_map():
            for key, _ in selector.select():
                key.data.receive()
                selector.unregister(key.fileobj)
        answered = time.perf_counter()
    server.process.wait()
    ended = time.perf_counter()
    return (ended - stopped) * 1000, (ended - answered) * 1000


def allow_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE_DESCRIPTORS
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"http bench: {wanted} descriptors are needed and {hard} allowed (ulimit -n)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main():
    allow_descriptors()
    token = make_token()
    memory = {"figure": f"memory of an idle TLS connection of {CONNECTIONS:,} (30), against Go", "unit": "KiB",
              "goal": None, "samples_ours": [], "samples_peer": []}
    whole = {"figure": f"stop with {IDLE:,} idle and {BUSY} busy connections, to the exit", "unit": "ms",
             "samples_ours": []}
    rest = {"figure": "the same, from the last answer to the exit (100)", "unit": "ms", "samples_ours": []}
    with tempfile.TemporaryDirectory() as name:
        pair = make_pair(pathlib.Path(name))
        programs = Programs(pathlib.Path(name), pair, Identity(pair).url)
        # Once: it is a count of bytes, and ten thousand handshakes take half a minute.
        for program, samples in ((programs.ours, "samples_ours"), (programs.go, "samples_peer")):
            with program() as server:
                memory[samples].append(kib_of_an_idle_connection(server, token))
        for _ in range(ROUNDS):
            with programs.ours() as server:
                to_exit, from_last_answer = milliseconds_of_a_stop(server, token)
                whole["samples_ours"].append(to_exit)
                rest["samples_ours"].append(from_last_answer)
    for row in (memory, whole, rest):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
