"""What clients do to a server: many requests at once (wrk, h2load), or one connection after another."""

import http.client
import re
import ssl
import pathlib
import subprocess
import tempfile
import time
from dataclasses import dataclass

from servers import tool

DOCUMENT, STORED = "/v1/documents/on-trust", "/v1/stored/on-trust"
SLOW, HEALTH = "/v1/slow", "/v1/health"
MILLISECONDS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}


@dataclass
class Load:
    requests: int
    seconds: float
    p99_ms: float


class Wrk:
    """One wrk with one thread, from construction until `load` returns."""

    def __init__(self, server, token, path, connections, seconds):
        self.what = f"{path} of {server.name}"
        self.process = subprocess.Popen(
            [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
             "-H", f"Authorization: Bearer {token}", f"https://127.0.0.1:{server.port}{path}"],
            stdout=subprocess.PIPE, text=True)

    def load(self):
        text = self.process.communicate()[0]
        if self.process.returncode != 0 or "Non-2xx" in text or "Socket errors" in text:
            raise SystemExit(f"http bench: {self.what}: a load that failed is not measured:\n{text}")
        requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", text).groups()
        p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", text).groups()
        return Load(int(requests), float(seconds), float(p99) * MILLISECONDS[unit])


class H2load:
    """One h2load of HTTP/2: 16 connections with 16 requests at a time each, from construction until `load` returns."""

    def __init__(self, server, token, path, seconds):
        self.what = f"{path} of {server.name} over HTTP/2"
        self.seconds = seconds
        self.folder = tempfile.TemporaryDirectory()
        self.log = pathlib.Path(self.folder.name) / "requests"
        self.process = subprocess.Popen(
            [tool("h2load"), "-t1", "-c16", "-m16", f"-D{seconds}", f"--log-file={self.log}",
             "-H", f"Authorization: Bearer {token}", f"https://127.0.0.1:{server.port}{path}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def load(self):
        text = self.process.communicate()[0]
        with self.folder:
            rows = [line.split("\t") for line in self.log.read_text().splitlines()] if self.log.exists() else []
        # Without ALPN it would go on with HTTP/1.1 and say nothing.
        failed = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", text)
        if self.process.returncode != 0 or "Application protocol: h2\n" not in text or not failed \
                or any(int(count) for count in failed.groups()) or any(row[1] != "200" for row in rows) or not rows:
            raise SystemExit(f"http bench: {self.what}: a load that failed is not measured:\n{text}")
        times = sorted(int(row[2]) for row in rows)
        return Load(len(rows), float(self.seconds), times[len(times) * 99 // 100] / 1000)


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Connection(http.client.HTTPSConnection):
    """A connection that can resume the TLS session of another one."""

    def __init__(self, server, context, session=None):
        super().__init__("127.0.0.1", server.port, context=context)
        self.name, self.context, self.session = server.name, context, session

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self.context.wrap_socket(self.sock, session=self.session)

    def get(self, path, token=""):
        self.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        response = self.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"http bench: {path} of {self.name}: status {response.status}")
        return body.decode()


def get(server, path, token=""):
    connection = Connection(server, client_context())
    try:
        return connection.get(path, token)
    finally:
        connection.close()


def cpu_of_handshakes(server, count, resume):
    """Microseconds of the server's CPU for a connection: accept, handshake, one small request, close."""
    context, session, before = client_context(), None, None
    for i in range(count + 1):
        connection = Connection(server, context, session if resume else None)
        connection.get(HEALTH)
        if i == 0:
            before = server.cpu_seconds()  # the first one is full in any case
        elif connection.sock.session_reused != resume:
            kind = "full" if resume else "resumed"
            raise SystemExit(f"http bench: {server.name}: a handshake was {kind} that should not be")
        session = connection.sock.session  # with the ticket that came before the answer
        connection.close()
    return (server.cpu_seconds() - before) / count * 1e6


def wait_until_served(server, seconds=10):
    end = time.perf_counter() + seconds
    while True:
        try:
            return get(server, HEALTH)
        except ConnectionRefusedError:
            if time.perf_counter() > end:
                raise
            time.sleep(0.001)
