"""Calls without a pause by grpcio while run.py ends the server with SIGTERM, on the line "loaded" that this prints; and
Health's Watch beside them. The line "answered" says how many calls the server answered: its log has to say the same."""

import json
import sys
import threading

import grpc

from checks import check, equal
from stubs import Stubs

CHANNELS, CALLERS = 4, 12
WARM = 300  # answers before the signal


class Load:
    """Callers on several connections, each going on until the server takes no more calls."""

    def __init__(self, stubs, alice):
        self.stubs, self.alice = stubs, alice
        self.lock, self.answered, self.surprises = threading.Lock(), 0, []
        self.warm = threading.Event()
        channels = [stubs.new_channel() for _ in range(CHANNELS)]
        self.threads = [threading.Thread(target=self.call, args=(type(stubs.documents)(channels[i % CHANNELS]), i))
                        for i in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def call(self, documents, number):
        v1 = self.stubs.v1
        while True:
            try:
                if number % 3 == 0:
                    documents.MarkRead(v1.MarkRequest(slug="drained"), metadata=self.alice, timeout=60)
                else:
                    documents.GetDocument(v1.GetDocumentRequest(slug="drained"), metadata=self.alice, timeout=60)
            except grpc.RpcError as error:
                self.warm.set()
                # Nothing but a refusal to connect says that the call went to nobody.
                if error.code() is not grpc.StatusCode.UNAVAILABLE or "Connection refused" not in error.details():
                    with self.lock:
                        self.surprises.append(f"{error.code()}: {error.details()} / {error.debug_error_string()}")
                return
            with self.lock:
                self.answered += 1
                if self.answered == WARM:
                    self.warm.set()


def main():
    setting = json.load(sys.stdin)
    stubs = Stubs(setting)
    alice = stubs.login("alice", setting["accounts"])
    v1, pb = stubs.v1, stubs.health_pb2
    stubs.documents.PushDocument(v1.PushDocumentRequest(slug="drained", title="d", body="x" * 20_000), metadata=alice)
    watches = {service: stubs.health.Watch(pb.HealthCheckRequest(service=service), timeout=120)
               for service in ("", "mcq.v1.DocumentService")}
    first = {service: next(watch).status for service, watch in watches.items()}
    load = Load(stubs, alice)
    load.warm.wait()
    print("loaded", flush=True)
    serving, not_serving = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
    for service, watch in watches.items():
        with check(f"a Watch of \"{service}\" hears NOT_SERVING before the end"):
            seen = [first[service]]
            try:
                for answer in watch:
                    seen.append(answer.status)
            except grpc.RpcError as error:
                # An end that the server gave, and no connection that broke off.
                assert error.code() is grpc.StatusCode.UNAVAILABLE, error
                assert "ocket closed" not in error.details() and "RST" not in error.details(), error.details()
            equal(seen, [serving, not_serving])
    for thread in load.threads:
        thread.join()
    with check("every call was answered, or not taken at all"):
        equal(load.surprises, [])
    print("answered", load.answered, flush=True)


main()
