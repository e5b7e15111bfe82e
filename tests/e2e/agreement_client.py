"""REST by curl and gRPC by grpcio on the same documents: what one surface writes the other reads, and what one refuses the
other refuses, with the same words. And the Connect protocol as curl speaks it, from its specification."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import urllib.parse

import grpc
from google.protobuf import json_format

from checks import check, equal
from stubs import Stubs


class Curl:
    """Calls with curl, on TLS 1.3. What a list of processes must not show reaches it by its input."""

    def __init__(self, setting, folder):
        self.base, self.authority = f"https://{setting['address']}", setting["authority"]
        self.body = pathlib.Path(folder) / "body"

    def run(self, method, path, *, body=None, token=None, headers=(), options=()):
        """The status, and what came."""
        lines = [f'header = "{line}"' for line in headers]
        if token:
            lines.append(f'header = "Authorization: Bearer {token}"')
        command = ["curl", "-sS", "--tlsv1.3", "--cacert", self.authority, "-X", method, "-w", "%{stderr}%{http_code}", *options]
        if body is not None:
            self.body.write_bytes(body)
            command += ["--data-binary", f"@{self.body}"]
        done = subprocess.run([*command, "--config", "-", self.base + path], input="\n".join(lines).encode(),
                              capture_output=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"curl {method} {path}: status {done.returncode}: {done.stderr.decode()}")
        return int(done.stderr), done.stdout

    def head_of(self, method, path, headers, body=None, token=None):
        """The head of the answer, in lower case."""
        head = self.body.with_name("head")
        self.run(method, path, body=body, token=token, headers=headers, options=["-D", head])
        return head.read_text().lower()

    def json(self, method, path, value=None, token=None, headers=()):
        """The same, where both bodies are JSON."""
        body = None if value is None else json.dumps(value).encode()
        status, answer = self.run(method, path, body=body, token=token,
                                  headers=[*headers, *([] if body is None else ["Content-Type: application/json"])])
        return status, json.loads(answer) if answer else None


def as_json(message):
    """A message as REST shows it: proto3's JSON, with every field that cannot be absent."""
    return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)


def check_documents(curl, stubs, token):
    v1, documents, alice = stubs.v1, stubs.documents, stubs.bearer(token)
    with check("pushed by REST, read by gRPC"):
        status, summary = curl.json("PUT", "/v1/documents/by-rest", {"title": "Größe", "body": "# 日本"}, token)
        equal((status, summary["pushed_by"]), (200, "alice"))
        document = documents.GetDocument(v1.GetDocumentRequest(slug="by-rest"), metadata=alice)
        equal(as_json(document), {**summary, "body": "# 日本"})
    with check("pushed by gRPC, read by REST"):
        summary = documents.PushDocument(v1.PushDocumentRequest(slug="by-grpc", title="Größe", body="# 日本"), metadata=alice)
        equal(curl.json("GET", "/v1/documents/by-grpc", token=token), (200, {**as_json(summary), "body": "# 日本"}))
    with check("replaced by the other surface"):
        documents.PushDocument(v1.PushDocumentRequest(slug="by-rest", title="2", body="new"), metadata=alice)
        equal(curl.json("GET", "/v1/documents/by-rest", token=token)[1]["body"], "new")
        curl.json("PUT", "/v1/documents/by-grpc", {"title": "2", "body": "new"}, token)
        equal(documents.GetDocument(v1.GetDocumentRequest(slug="by-grpc"), metadata=alice).body, "new")
    with check("marked by one, seen by the other"):
        equal(curl.json("POST", "/v1/documents/by-rest/read", token=token), (204, None))
        equal(documents.GetDocument(v1.GetDocumentRequest(slug="by-rest"), metadata=alice).read, True)
        documents.MarkUnread(v1.MarkRequest(slug="by-rest"), metadata=alice)
        equal(curl.json("GET", "/v1/documents/by-rest", token=token)[1]["read"], False)
    with check("the pages of the list are the same, and a cursor of one goes on with the other"):
        status, first = curl.json("GET", "/v1/documents?limit=1", token=token)
        page = documents.ListDocuments(v1.ListDocumentsRequest(limit=1), metadata=alice)
        equal((status, first), (200, as_json(page)))
        rest = curl.json("GET", "/v1/documents?limit=200&after=" + urllib.parse.quote(page.next), token=token)
        equal(rest, (200, as_json(documents.ListDocuments(v1.ListDocumentsRequest(limit=200, after=first["next"]), metadata=alice))))
    with check("deleted by one, gone for the other"):
        equal(curl.json("DELETE", "/v1/documents/by-rest", token=token), (204, None))
        documents.DeleteDocument(v1.DeleteDocumentRequest(slug="by-grpc"), metadata=alice)
        for slug in ("by-rest", "by-grpc"):
            equal(curl.json("GET", f"/v1/documents/{slug}", token=token)[0], 404)
            equal(outcome(lambda slug=slug: documents.GetDocument(v1.GetDocumentRequest(slug=slug), metadata=alice))[0],
                  grpc.StatusCode.NOT_FOUND)


def outcome(call):
    """The code and the message of a call."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def check_refusals(curl, stubs, token, accounts):
    v1, documents, auth = stubs.v1, stubs.documents, stubs.auth
    alice, code = stubs.bearer(token), grpc.StatusCode
    guest = stubs.login("guest", accounts)
    guest_token = guest[0][1].removeprefix("Bearer ")
    documents.PushDocument(v1.PushDocumentRequest(slug="roots", title="r", body=""), metadata=stubs.login("root", accounts))
    document = {"title": "x", "body": "y"}
    wrong = {"username": "alice", "password": "wrong"}
    denied = {"username": "mallory", "password": accounts["passwords"]["mallory"]}
    # What is refused; the call by gRPC and by REST; and what both have to say to it.
    cases = (
        ("what is not there", lambda: documents.GetDocument(v1.GetDocumentRequest(slug="none"), metadata=alice),
         ("GET", "/v1/documents/none", None, token), code.NOT_FOUND, 404),
        ("a limit that is none", lambda: documents.ListDocuments(v1.ListDocumentsRequest(limit=0), metadata=alice),
         ("GET", "/v1/documents?limit=0", None, token), code.INVALID_ARGUMENT, 400),
        ("a cursor that is none", lambda: documents.ListDocuments(v1.ListDocumentsRequest(after="invented"), metadata=alice),
         ("GET", "/v1/documents?after=invented", None, token), code.INVALID_ARGUMENT, 400),
        ("a slug that is none", lambda: documents.PushDocument(v1.PushDocumentRequest(slug="A", **document), metadata=alice),
         ("PUT", "/v1/documents/A", document, token), code.INVALID_ARGUMENT, 400),
        ("a document without a body", lambda: documents.PushDocument(v1.PushDocumentRequest(slug="a", title="x"), metadata=alice),
         ("PUT", "/v1/documents/a", {"title": "x"}, token), code.INVALID_ARGUMENT, 400),
        ("no token", lambda: documents.GetDocument(v1.GetDocumentRequest(slug="roots")),
         ("GET", "/v1/documents/roots", None, None), code.UNAUTHENTICATED, 401),
        ("a token that is none", lambda: documents.GetDocument(v1.GetDocumentRequest(slug="roots"), metadata=stubs.bearer("x")),
         ("GET", "/v1/documents/roots", None, "x"), code.UNAUTHENTICATED, 401),
        ("a guest that pushes", lambda: documents.PushDocument(v1.PushDocumentRequest(slug="g", **document), metadata=guest),
         ("PUT", "/v1/documents/g", document, guest_token), code.PERMISSION_DENIED, 403),
        ("another's document", lambda: documents.DeleteDocument(v1.DeleteDocumentRequest(slug="roots"), metadata=alice),
         ("DELETE", "/v1/documents/roots", None, token), code.PERMISSION_DENIED, 403),
        ("what is an administrator's", lambda: stubs.admin.GetStatistics(v1.GetStatisticsRequest(), metadata=alice),
         ("GET", "/v1/admin/statistics", None, token), code.PERMISSION_DENIED, 403),
        ("a wrong password", lambda: auth.Login(v1.LoginRequest(**wrong)), ("POST", "/v1/auth/login", wrong, None),
         code.UNAUTHENTICATED, 401),
        ("a login that policy denies", lambda: auth.Login(v1.LoginRequest(**denied)), ("POST", "/v1/auth/login", denied, None),
         code.PERMISSION_DENIED, 403),
    )
    for what, call, request, wanted, status in cases:
        with check(f"{what}: {wanted.name} and {status}, in the same words"):
            got, message = outcome(call)
            equal(got, wanted)
            assert message, "no message"
            equal(curl.json(*request), (status, {"error": message}))


def check_sessions(curl, stubs, accounts):
    v1 = stubs.v1
    password = accounts["passwords"]["bob"]

    def can_read(token):
        by_rest = curl.json("GET", "/v1/documents", token=token)[0]
        by_grpc = outcome(lambda: stubs.documents.ListDocuments(v1.ListDocumentsRequest(), metadata=stubs.bearer(token)))[0]
        return by_rest, by_grpc

    for name, log_in, log_out in (
            ("in by REST, out by gRPC",
             lambda: curl.json("POST", "/v1/auth/login", {"username": "bob", "password": password})[1]["token"],
             lambda token: stubs.auth.Logout(stubs.empty(), metadata=stubs.bearer(token))),
            ("in by gRPC, out by REST",
             lambda: stubs.auth.Login(v1.LoginRequest(username="bob", password=password)).token,
             lambda token: equal(curl.json("POST", "/v1/auth/logout", token=token), (204, None)))):
        with check(f"{name}: one session for both"):
            token = log_in()
            equal(can_read(token), (200, grpc.StatusCode.OK))
            log_out(token)
            equal(can_read(token), (401, grpc.StatusCode.UNAUTHENTICATED))
    with check("the statistics of an administrator are the same"):
        root = stubs.login("root", accounts)
        statistics = stubs.admin.GetStatistics(v1.GetStatisticsRequest(), metadata=root)
        equal(curl.json("GET", "/v1/admin/statistics", token=root[0][1].removeprefix("Bearer ")), (200, as_json(statistics)))


def check_connect(curl, token):
    """Connect's protocol reference: unary calls by POST and GET, errors, an end of time in a stream."""
    method = "/mcq.v1.DocumentService/GetDocument"
    version = ["Connect-Protocol-Version: 1"]
    curl.json("PUT", "/v1/documents/by-curl", {"title": "t", "body": "b"}, token)
    with check("Connect: a unary call by POST"):
        status, document = curl.json("POST", method, {"slug": "by-curl"}, token, version)
        equal((status, document["body"]), (200, "b"))
    with check("Connect: a call without side effects by GET"):
        query = urllib.parse.urlencode({"connect": "v1", "encoding": "json", "message": json.dumps({"slug": "by-curl"})})
        status, document = curl.json("GET", f"{method}?{query}", token=token)
        equal((status, document["body"]), (200, "b"))
    with check("Connect: a call with side effects is none by GET"):
        query = urllib.parse.urlencode({"connect": "v1", "encoding": "json", "message": json.dumps({"slug": "by-curl"})})
        equal(curl.run("GET", f"/mcq.v1.DocumentService/DeleteDocument?{query}", token=token)[0], 405)
        equal(curl.json("GET", "/v1/documents/by-curl", token=token)[0], 200)
    with check("Connect: an error is a code and a message"):
        equal(curl.json("POST", method, {"slug": "none"}, token, version), (404, {"code": "not_found", "message": "no such document"}))
    with check("Connect: no page of another origin may read an answer (Fetch standard, CORS)"):
        origin = ["Origin: https://elsewhere.example"]
        asks = ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization, content-type"]
        answers = {"to the preflight": curl.head_of("OPTIONS", method, [*origin, *asks]),
                   "to the call": curl.head_of("POST", method, [*origin, "Content-Type: application/json"], b"{}", token)}
        for what, head in answers.items():
            assert head.startswith("http/2 ") and "access-control-" not in head, f"{what}: {head}"
    with check("Connect: the server ends a stream whose time is over"):
        request = b"{}"
        status, stream = curl.run("POST", "/grpc.health.v1.Health/Watch", body=struct.pack(">BI", 0, len(request)) + request,
                                  headers=["Content-Type: application/connect+json", "Connect-Timeout-Ms: 500", *version])
        messages = []
        while stream:
            flags, length = struct.unpack_from(">BI", stream)
            messages.append((flags, json.loads(stream[5:5 + length])))
            stream = stream[5 + length:]
        equal((status, messages[-1][0], messages[-1][1]["error"]["code"]), (200, 2, "deadline_exceeded"))
        equal([message for _, message in messages[:-1]], [{"status": "SERVING"}])


def main():
    setting = json.load(sys.stdin)
    stubs, accounts = Stubs(setting), setting["accounts"]
    with tempfile.TemporaryDirectory() as folder:
        curl = Curl(setting, folder)
        status, session = curl.json("POST", "/v1/auth/login", {"username": "alice", "password": accounts["passwords"]["alice"]})
        equal(status, 200)
        check_documents(curl, stubs, session["token"])
        check_refusals(curl, stubs, session["token"], accounts)
        check_sessions(curl, stubs, accounts)
        check_connect(curl, session["token"])
        with check("ready for both"):
            equal(curl.run("GET", "/readyz")[0], 200)
            equal(stubs.health.Check(stubs.health_pb2.HealthCheckRequest()).status, stubs.health_pb2.HealthCheckResponse.SERVING)


main()
