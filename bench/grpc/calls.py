"""What clients do to a gRPC server: one call that is looked at (curl), one that is timed, many at once (h2load)."""

import pathlib
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass

from peers import PROTO
from servers import ROOT, tool

SERVICE = "/mcdsl.bench.DocumentService/"
GET_DOCUMENT, EXPORT = SERVICE + "GetDocument", SERVICE + "Export"
CONNECTIONS, STREAMS = 16, 16


def message(kind, text):
    """The length-prefixed message that is written so in protobuf's text format."""
    encoded = subprocess.run([tool("protoc"), f"-I{ROOT}", f"--encode=mcdsl.bench.{kind}", PROTO],
                             input=text.encode(), check=True, stdout=subprocess.PIPE).stdout
    return struct.pack(">BI", 0, len(encoded)) + encoded


def fields(token):
    return {"content-type": "application/grpc", "te": "trailers", "authorization": f"Bearer {token}"}


def options(token):
    """The header fields as curl and h2load take them."""
    return [part for name, value in fields(token).items() for part in ("-H", f"{name}: {value}")]


def curl(server, token, path, request, *more, into=subprocess.PIPE):
    """One call with its head and trailers checked. The body, which may be thrown away, and how long it was."""
    with tempfile.TemporaryDirectory() as name:
        head = pathlib.Path(name) / "head"
        done = subprocess.run([tool("curl"), "-sS", "--http2", "-k", *options(token), "-D", head, "--data-binary", "@-",
                               *more, f"https://127.0.0.1:{server.port}{path}"], input=request, check=True, stdout=into)
        lines = head.read_text().splitlines()
    if not lines[0].startswith("HTTP/2 200") or "grpc-status: 0" not in [line.strip().lower() for line in lines]:
        raise SystemExit(f"grpc bench: {path} of {server.name} ended with:\n" + "\n".join(lines))
    return done.stdout


class Connection:
    """A connection of HTTP/2 as far as unary calls, one after the other, need it: nothing that costs time is between a
    call and its answer. It reads no header fields, so the answer is held against the one that is expected, message and
    all."""

    DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
    END_STREAM, END_HEADERS, ACK = 1, 4, 1

    def __init__(self, server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self.name, self.stream = server.name, 1
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)))
        if self.socket.selected_alpn_protocol() != "h2":
            raise SystemExit(f"grpc bench: {self.name} does not speak HTTP/2")
        self.bytes = self.socket.makefile("rb")
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(self.SETTINGS, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bytes.close()
        self.socket.close()

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload

    @staticmethod
    def literal(name, value):
        """A field without indexing and without Huffman codes (RFC 7541 §6.2.2)."""
        def text(value):
            length = len(value)
            return (bytes([length]) if length < 127 else bytes([127, (length - 127) % 128 | 128, (length - 127) // 128])
                    ) + value.encode()
        return b"\0" + text(name) + text(value)

    def call(self, token, request, expected):
        """A call that is answered with `expected`; without a token, and then with nothing, where that is empty."""
        known = fields(token)
        if not token:
            del known["authorization"]
        block = b"".join(self.literal(name, value) for name, value in {
            ":method": "POST", ":scheme": "https", ":path": GET_DOCUMENT, ":authority": "localhost", **known}.items())
        stream, self.stream = self.stream, self.stream + 2
        self.socket.sendall(self.frame(self.HEADERS, self.END_HEADERS, stream, block) +
                            self.frame(self.DATA, self.END_STREAM, stream, request))
        answer = self.answer(stream)
        if answer != expected:
            raise SystemExit(f"grpc bench: {self.name} does not answer as it should: {answer[:200]}")

    def answer(self, stream):
        """All data of a stream until its end."""
        data = b""
        while True:
            head = self.bytes.read(9)
            if len(head) < 9:
                raise SystemExit(f"grpc bench: {self.name} closed a connection that was to be answered")
            payload = self.bytes.read(int.from_bytes(head[:3], "big"))
            kind, flags, of = struct.unpack(">BBI", head[3:])
            if kind == self.SETTINGS and not flags & self.ACK:
                self.socket.sendall(self.frame(self.SETTINGS, self.ACK, 0))
            elif kind == self.PING and not flags & self.ACK:
                self.socket.sendall(self.frame(self.PING, self.ACK, 0, payload))
            elif kind == self.DATA:
                data += payload
            if kind in (self.GOAWAY, self.RST_STREAM):
                raise SystemExit(f"grpc bench: {self.name} refuses a call: {payload}")
            if of == stream and kind in (self.DATA, self.HEADERS) and flags & self.END_STREAM:
                return data


@dataclass
class Load:
    calls: int
    seconds: float
    p99_ms: float


def h2load(server, token, request, answer, calls):
    """So many calls, each answered with as many bytes as `answer` has. h2load does not look at trailers, and so does not
    know whether a call went well: the server's own count tells, see CallServer."""
    with tempfile.TemporaryDirectory() as name:
        body, log = pathlib.Path(name) / "body", pathlib.Path(name) / "calls"
        body.write_bytes(request)
        done = subprocess.run(
            [tool("h2load"), "-t1", f"-c{CONNECTIONS}", f"-m{STREAMS}", f"-n{calls}", f"--log-file={log}", "-d", body,
             *options(token), f"https://127.0.0.1:{server.port}{GET_DOCUMENT}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        rows = [line.split("\t") for line in log.read_text().splitlines()] if log.exists() else []
    text = done.stdout
    wanted = ("Application protocol: h2\n", "TLS Protocol: TLSv1.3\n", f" {calls} succeeded, 0 failed, 0 errored, 0 timeout\n",
              f"({calls * len(answer)}) data\n")
    if done.returncode != 0 or not all(part in text for part in wanted) or len(rows) != calls \
            or any(row[1] != "200" for row in rows):
        raise SystemExit(f"grpc bench: {server.name}: a load that failed is not measured:\n{text}")
    times = sorted(int(row[2]) for row in rows)
    seconds = re.search(r"finished in ([\d.]+)(us|ms|s),", text)
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1}[seconds[2]]
    return Load(calls, float(seconds[1]) * unit, times[len(times) * 99 // 100] / 1000)


def connect_when_served(server, seconds=10):
    end = time.perf_counter() + seconds
    while True:
        try:
            return Connection(server)
        except ConnectionRefusedError:
            if time.perf_counter() > end:
                raise
            time.sleep(0.001)
