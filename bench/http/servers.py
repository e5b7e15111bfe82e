"""The servers that are measured, as processes; and what a process costs."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/go/bin", "/usr/sbin"])


@dataclass
class Pair:
    """A key on P-256 and its certificate, which signs itself and so is its own authority."""

    certificate: pathlib.Path
    key: pathlib.Path


def tool(name):
    path = shutil.which(name, path=TOOL_PATH)
    if path is None:
        raise SystemExit(f"http bench: {name} is not installed")
    return path


def make_pair(folder):
    pair = Pair(folder / "cert.pem", folder / "key.pem")
    subprocess.run([tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", pair.key, "-out", pair.certificate], check=True, capture_output=True)
    return pair


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Server:
    """A running server; ended by `with`."""

    def __init__(self, name, command, port=None):
        self.name = name
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = port or int(self.process.stdout.readline() or 0)
        if not self.port:
            raise SystemExit(f"http bench: {name} did not start")

    def __enter__(self):
        return self

    def stop(self):
        """Asks it to end in good order; a program that does not read its input waits for the signal."""
        self.process.stdin.close()

    def __exit__(self, *_):
        self.stop()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()

    def pids(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def cpu_seconds(self):
        """User and system time, threads that have ended included, to the nanosecond: clock_getcpuclockid(3)."""
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids())

    def resident_mib(self):
        pages = sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Programs:
    """How each server is started. `ours` and `go` are the same service."""

    def __init__(self, folder, pair, identity_url):
        self.folder, self.pair = folder, pair
        self.arguments = [pair.certificate, pair.key, identity_url]
        self.databases = 0
        self.go_program = folder / "go_server"
        # With the system's SQLite behind cgo, which is ours too: a slower engine would be no peer.
        subprocess.run([tool("go"), "build", "-buildvcs=false", "-tags", "libsqlite3", "-o", self.go_program, "."],
                       cwd=ROOT / "bench/peers/go/http", check=True)

    def new_database(self):
        self.databases += 1
        return self.folder / f"{self.databases}.db"

    def ours(self, database=None):
        return Server("ours", [ROOT / "build/release/bin/http_bench_server", *self.arguments,
                               database or self.new_database()])

    def go(self, database=None):
        return Server("Go", [self.go_program, *self.arguments, database or self.new_database()])

    def nginx(self, body):
        port = free_port()
        text = (ROOT / "bench/peers/nginx/nginx.conf").read_text()
        for name, value in {"folder": self.folder, "port": port, "certificate": self.pair.certificate,
                            "key": self.pair.key, "body": body}.items():
            text = text.replace(f"@{name}@", str(value))
        config = self.folder / "nginx.conf"
        config.write_text(text)
        return Server("nginx", [tool("nginx"), "-e", "stderr", "-c", config], port)
