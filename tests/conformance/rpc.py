"""The suites for RPC: Connect's, which tries gRPC, gRPC-Web and Connect, and gRPC's interoperability tests."""

import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent

# Of grpc/doc/interop-test-descriptions.md, what the client of grpc-go has and needs no login at a cloud. It has none of
# client_compressed_unary, server_compressed_unary, client_compressed_streaming and server_compressed_streaming: those
# are in mcdsl/grpcserver/dispatcher_protocol_test.cc.
INTEROP_CASES = (
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "custom_metadata",
    "status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service",
)


def run_connect(suite, server):
    """Of the Connect suite: cases, how many are not as they should be, known failures."""
    known = HERE / "connect_known_failing.txt"
    exceptions = [line for line in known.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    log = subprocess.run([suite, "--mode", "server", "--conf", HERE / "connect.yaml", "--known-failing", f"@{known}",
                          "--", server], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    counts = re.search(r"^Total cases: (\d+)\n(\d+) passed, (\d+) failed$", log.stdout, re.MULTILINE)
    if log.returncode != 0 or not counts:
        print(f"Connect conformance ended with status {log.returncode}:\n{log.stdout}")
    cases, wrong = (int(counts[1]), int(counts[3])) if counts else (0, 1)
    return cases, wrong or int(log.returncode != 0 or cases == 0), len(exceptions)


def run_interop(client, port, authority):
    """The same of the interoperability tests."""
    wrong = 0
    for case in INTEROP_CASES:
        command = [client, "-use_tls", "-use_test_ca", "-ca_file", authority, "-server_host", "127.0.0.1", "-server_port",
                   port, "-test_case", case]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=60)
            status, log = f"status {done.returncode}", done.stdout
        except subprocess.TimeoutExpired as timeout:
            status, log = "no end within a minute", (timeout.stdout or b"").decode(errors="replace")
        if status != "status 0":
            wrong += 1
            print(f"gRPC interop: {case}: {status}\n{log}")
    return len(INTEROP_CASES), wrong, 0
