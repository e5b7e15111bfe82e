"""The checks with grpcio, Python's gRPC over its C core, on code that grpcio-tools makes at the start."""

import contextlib
import hashlib
import json
import pathlib
import sqlite3
import sys
import threading

import grpc

from checks import check, equal
from stubs import Stubs


def refused(call, code, message=None):
    """The error of a call that has to fail so."""
    try:
        call()
    except grpc.RpcError as error:
        equal(error.code(), code)
        if message is not None:
            equal(error.details(), message)
        return error
    raise AssertionError(f"it was answered, want {code}")


def check_calls(stubs, accounts):
    documents, v1 = stubs.documents, stubs.v1
    password = accounts["passwords"]["alice"]
    with check("logs in, and no cache may keep the token"):
        reply, call = stubs.auth.Login.with_call(v1.LoginRequest(username="alice", password=password))
        equal(dict(call.initial_metadata())["cache-control"], "no-store")
        equal(call.code(), grpc.StatusCode.OK)
        assert reply.expires_at.seconds > 0, "no end of the session"
    alice = stubs.bearer(reply.token)
    with check("a wrong password is UNAUTHENTICATED"):
        refused(lambda: stubs.auth.Login(v1.LoginRequest(username="alice", password="wrong")), grpc.StatusCode.UNAUTHENTICATED)
    with check("a login that policy denies is PERMISSION_DENIED"):
        mallory = v1.LoginRequest(username="mallory", password=accounts["passwords"]["mallory"])
        refused(lambda: stubs.auth.Login(mallory), grpc.StatusCode.PERMISSION_DENIED)
    with check("pushes"):
        pushed = documents.PushDocument(v1.PushDocumentRequest(slug="grpcio", title="Größe", body="# 日本"), metadata=alice)
        equal((pushed.slug, pushed.title, pushed.pushed_by, pushed.read), ("grpcio", "Größe", "alice", False))
    with check("gets what it pushed"):
        got = documents.GetDocument(v1.GetDocumentRequest(slug="grpcio"), metadata=alice)
        equal((got.body, got.pushed_at), ("# 日本", pushed.pushed_at))
    with check("lists in pages, each document once"):
        for slug in ("grpcio-2", "grpcio-3"):
            documents.PushDocument(v1.PushDocumentRequest(slug=slug, title=slug, body=""), metadata=alice)
        slugs, after = [], ""
        while True:
            page = documents.ListDocuments(v1.ListDocumentsRequest(limit=1, after=after), metadata=alice)
            slugs += [document.slug for document in page.documents]
            after = page.next
            if not page.HasField("next"):
                break
        equal(len(slugs), len(set(slugs)))
        assert {"grpcio", "grpcio-2", "grpcio-3"} <= set(slugs), slugs
    with check("a system account pushes with its token"):
        robot = stubs.bearer(accounts["robot_token"])
        equal(documents.PushDocument(v1.PushDocumentRequest(slug="grpcio-r", title="r", body=""), metadata=robot).pushed_by, "robot")
    with check("no token is UNAUTHENTICATED"):
        refused(lambda: documents.GetDocument(v1.GetDocumentRequest(slug="grpcio")), grpc.StatusCode.UNAUTHENTICATED)
    with check("a guest that pushes is PERMISSION_DENIED"):
        guest = stubs.login("guest", accounts)
        refused(lambda: documents.PushDocument(v1.PushDocumentRequest(slug="g", title="g", body=""), metadata=guest),
                grpc.StatusCode.PERMISSION_DENIED)
    with check("deleting another's document is PERMISSION_DENIED, an administrator may"):
        slug = v1.DeleteDocumentRequest(slug="grpcio-2")
        refused(lambda: documents.DeleteDocument(slug, metadata=stubs.login("bob", accounts)), grpc.StatusCode.PERMISSION_DENIED)
        documents.DeleteDocument(slug, metadata=stubs.login("root", accounts))
        refused(lambda: documents.DeleteDocument(slug, metadata=alice), grpc.StatusCode.NOT_FOUND)
    with check("what is not there is NOT_FOUND, with its message"):
        refused(lambda: documents.GetDocument(v1.GetDocumentRequest(slug="none"), metadata=alice), grpc.StatusCode.NOT_FOUND,
                "no such document")
    with check("a bad request is INVALID_ARGUMENT, with its message"):
        refused(lambda: documents.ListDocuments(v1.ListDocumentsRequest(limit=0), metadata=alice),
                grpc.StatusCode.INVALID_ARGUMENT, "limit: 1 to 200")
    with check("4 MiB of body go there and back, gzip on the way there"):
        body = "x" * (4 << 20)
        documents.PushDocument(v1.PushDocumentRequest(slug="grpcio-large", title="large", body=body), metadata=alice,
                               compression=grpc.Compression.Gzip)
        equal(documents.GetDocument(v1.GetDocumentRequest(slug="grpcio-large"), metadata=alice).body == body, True)
    with check("a message above the limit is RESOURCE_EXHAUSTED"):
        refused(lambda: documents.PushDocument(v1.PushDocumentRequest(slug="a", title="a", body="x" * (6 << 20)), metadata=alice),
                grpc.StatusCode.RESOURCE_EXHAUSTED)
    with check("every answer has a request id of its own, errors too"):
        ids = {dict(documents.GetDocument.with_call(v1.GetDocumentRequest(slug="grpcio"), metadata=alice)[1].initial_metadata())
               ["x-request-id"] for _ in range(3)}
        error = refused(lambda: documents.GetDocument(v1.GetDocumentRequest(slug="none"), metadata=alice), grpc.StatusCode.NOT_FOUND)
        sent = dict([*(error.initial_metadata() or ()), *(error.trailing_metadata() or ())])
        equal(len(ids | {sent["x-request-id"]}), 4)
    with check("a deadline that passes is DEADLINE_EXCEEDED"):
        watch = stubs.health.Watch(stubs.health_pb2.HealthCheckRequest(), timeout=2)
        equal(next(watch).status, stubs.health_pb2.HealthCheckResponse.SERVING)
        refused(lambda: next(watch), grpc.StatusCode.DEADLINE_EXCEEDED)
    with check("64 calls at a time on one connection"):
        calls = [documents.GetDocument.future(v1.GetDocumentRequest(slug="grpcio"), metadata=alice, timeout=60) for _ in range(64)]
        equal({call.result().body for call in calls}, {"# 日本"})
    with check("a logout ends the token"):
        stubs.auth.Logout(stubs.empty(), metadata=alice)
        refused(lambda: documents.GetDocument(v1.GetDocumentRequest(slug="grpcio"), metadata=alice), grpc.StatusCode.UNAUTHENTICATED)


def check_snapshot(stubs, accounts):
    request = stubs.snapshot_pb2.SnapshotRequest()
    with check("an administrator takes a snapshot, whose file is as the answer says and a sound database"):
        reply = stubs.snapshots.Snapshot(request, metadata=stubs.login("root", accounts), timeout=60)
        data = pathlib.Path(reply.path).read_bytes()
        equal((len(data), hashlib.sha256(data).hexdigest()), (reply.size_bytes, reply.sha256))
        with contextlib.closing(sqlite3.connect(f"file:{reply.path}?mode=ro", uri=True)) as database:
            equal(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")
            equal(database.execute("SELECT count(*) FROM documents WHERE slug = 'grpcio'").fetchone()[0], 1)
    with check("a user that takes a snapshot is PERMISSION_DENIED"):
        refused(lambda: stubs.snapshots.Snapshot(request, metadata=stubs.login("bob", accounts)), grpc.StatusCode.PERMISSION_DENIED)


def check_health(stubs):
    health, pb = stubs.health, stubs.health_pb2
    serving = pb.HealthCheckResponse.SERVING
    for service in ("", "mcq.v1.DocumentService", "mcq.v1.AuthService"):
        with check(f"health Check of \"{service}\" is SERVING"):
            equal(health.Check(pb.HealthCheckRequest(service=service)).status, serving)
    with check("health Check of an unknown service is NOT_FOUND"):
        refused(lambda: health.Check(pb.HealthCheckRequest(service="none")), grpc.StatusCode.NOT_FOUND)
    with check("health Watch says SERVING at once, and SERVICE_UNKNOWN of an unknown one; a cancelled one ends"):
        for service, wanted in (("", serving), ("none", pb.HealthCheckResponse.SERVICE_UNKNOWN)):
            watch = health.Watch(pb.HealthCheckRequest(service=service), timeout=60)
            equal(next(watch).status, wanted)
            watch.cancel()
            refused(lambda: next(watch), grpc.StatusCode.CANCELLED)


def check_reflection(stubs, alice):
    pb = stubs.reflection_pb2

    def ask(*requests, metadata=alice):
        return list(stubs.reflection.ServerReflectionInfo(iter(requests), metadata=metadata, timeout=60))

    with check("reflection lists the services"):
        [answer] = ask(pb.ServerReflectionRequest(list_services=""))
        names = {service.name for service in answer.list_services_response.service}
        wanted = {"mcq.v1.DocumentService", "mcq.v1.AuthService", "mcq.v1.AdminService", "grpc.health.v1.Health"}
        assert wanted <= names, names
    with check("reflection gives files from which the messages can be built"):
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
        [answer] = ask(pb.ServerReflectionRequest(file_containing_symbol="mcq.v1.DocumentService"))
        files = {}
        wanted = [descriptor_pb2.FileDescriptorProto.FromString(data) for data in answer.file_descriptor_response.file_descriptor_proto]
        while wanted:
            file = wanted.pop()
            files[file.name] = file
            for name in set(file.dependency) - set(files) - {each.name for each in wanted}:
                [more] = ask(pb.ServerReflectionRequest(file_by_filename=name))
                wanted += [descriptor_pb2.FileDescriptorProto.FromString(data)
                           for data in more.file_descriptor_response.file_descriptor_proto]
        pool = descriptor_pool.DescriptorPool()

        def add(name):
            if name in files:
                file = files.pop(name)
                for dependency in file.dependency:
                    add(dependency)
                pool.Add(file)

        add("mcq/v1/mcq.proto")
        document = message_factory.GetMessageClass(pool.FindMessageTypeByName("mcq.v1.Document"))
        method = stubs.channel.unary_unary("/mcq.v1.DocumentService/GetDocument", stubs.v1.GetDocumentRequest.SerializeToString,
                                           document.FromString)
        equal(method(stubs.v1.GetDocumentRequest(slug="grpcio"), metadata=alice).title, "Größe")
    with check("reflection of an unknown symbol is an error in the stream, which goes on"):
        first, second = ask(pb.ServerReflectionRequest(file_containing_symbol="none.None"), pb.ServerReflectionRequest(list_services=""))
        equal(first.error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0])
        assert second.list_services_response.service, "no services"
    with check("reflection without a token is UNAUTHENTICATED"):
        refused(lambda: ask(pb.ServerReflectionRequest(list_services=""), metadata=None), grpc.StatusCode.UNAUTHENTICATED)


def main():
    setting = json.load(sys.stdin)
    stubs = Stubs(setting)
    check_calls(stubs, setting["accounts"])
    check_snapshot(stubs, setting["accounts"])
    check_health(stubs)
    check_reflection(stubs, stubs.login("alice", setting["accounts"]))
    with check("a channel that does not know the authority reaches nobody"):
        stranger = grpc.secure_channel(setting["address"], grpc.ssl_channel_credentials())
        call = stranger.unary_unary("/grpc.health.v1.Health/Check", None, None)
        refused(lambda: call(b"", timeout=60), grpc.StatusCode.UNAVAILABLE)
    with check("channels that come and go leave the server as it was"):
        def come_and_go():
            channel = stubs.new_channel()
            type(stubs.health)(channel).Check(stubs.health_pb2.HealthCheckRequest(), timeout=60)
            channel.close()
        threads = [threading.Thread(target=come_and_go) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(stubs.health.Check(stubs.health_pb2.HealthCheckRequest(), timeout=60).status,
              stubs.health_pb2.HealthCheckResponse.SERVING)


main()
