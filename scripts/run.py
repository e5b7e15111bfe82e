#!/usr/bin/env python3
"""What ./dev run does once everything is built: a certificate authority, mcias-dev and mcq on loopback, accounts, and
this repository's own Markdown files pushed through the REST API.

With --smoke it checks what it gets back, restarts mcq, takes a snapshot, and exits 0 or says what failed.
Python's standard library is the client, so that curl is not the only one the service has met.
"""

import argparse
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / ".dev"
BIN = ROOT / "build" / "release" / "bin"
START_TIMEOUT = 20  # seconds until a service that has not become ready counts as failed
DAYS_LEFT = 7  # of a certificate: one that ends sooner is made anew


class Failure(Exception):
    """Something the person at the terminal should read; ends the run with exit code 1."""


def say(text):
    print(f"==> {text}", flush=True)


def check(condition, what):
    if not condition:
        raise Failure(what)
    print(f"    ok: {what}", flush=True)


def free_port(wanted):
    """The wanted port, or one the system picks where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise Failure("no free port on 127.0.0.1")


# --- certificates ----------------------------------------------------------------------------------------------------
def ca(*arguments):
    """Runs `mcdsl ca`; what it said."""
    done = subprocess.run([BIN / "mcdsl", "ca", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"mcdsl ca {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def ends_soon(folder):
    """Also where there is nothing that ends."""
    return subprocess.run([BIN / "mcdsl", "ca", "show", "--within", str(DAYS_LEFT), str(folder)],
                          capture_output=True).returncode != 0


def make_authority():
    folder = DATA / "ca"
    if ends_soon(folder):
        say("making a development certificate authority (.dev/ca)")
        for old in [*DATA.glob("*/certs/*.pem"), *folder.glob("ca.*")]:
            old.unlink()
        ca("new", folder, "--name", "MCDSL development CA", "--days", 365)
    return folder


def issue_certificate(authority, service):
    folder = DATA / service / "certs"
    if ends_soon(folder):
        say(f"issuing a certificate for {service}")
        ca("issue", "--ca", authority, "--out", folder, "--force", "localhost", "127.0.0.1")


# --- services --------------------------------------------------------------------------------------------------------
class Api:
    """A client of one service over TLS 1.3."""

    def __init__(self, port, authority):
        self.port = port
        self.token = None
        self.context = ssl.create_default_context(cafile=str(authority / "ca.pem"))
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3

    def call(self, method, path, body=None, content_type="application/json", token=None):
        """The status and the decoded answer."""
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=30)
        headers = {"Content-Type": content_type} if body is not None else {}
        if token or self.token:
            headers["Authorization"] = f"Bearer {token or self.token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(text) if text else None

    def login(self, username, password):
        status, answer = self.call("POST", "/v1/auth/login", {"username": username, "password": password})
        if status != 200:
            raise Failure(f"login of {username} answered {status}: {answer}")
        return answer["token"]


class Service:
    """A program of ours with its folder under .dev/, its log file and its port."""

    def __init__(self, name, port, authority):
        self.name = name
        self.folder = DATA / name
        self.config = self.folder / f"{name}.toml"
        self.log = self.folder / f"{name}.log"
        self.port = free_port(port)
        self.api = Api(self.port, authority)
        self.process = None
        issue_certificate(authority, name)

    def configure(self, text):
        self.config.write_text(f'''# Written by ./dev run; edits are lost at the next one.
[server]
listen_addr = "127.0.0.1:{self.port}"
tls_cert = "{self.folder}/certs/cert.pem"
tls_key = "{self.folder}/certs/key.pem"
shutdown_timeout = "5s"

[database]
path = "{self.folder}/{self.name}.db"
synchronous = "full"
''' + text)

    def command(self, *arguments, stdin=None):
        done = subprocess.run([str(BIN / self.name), arguments[0], "--config", str(self.config), *arguments[1:]], input=stdin,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{self.name} {arguments[0]} exited with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def start(self):
        say(f"starting {self.name} on https://localhost:{self.port} (log: {self.log.relative_to(ROOT)})")
        with open(self.log, "a") as log:
            # A session of its own: Ctrl-C reaches this script alone, which then stops the services in order.
            self.process = subprocess.Popen([str(BIN / self.name), "server", "--config", str(self.config)], stdout=log,
                                            stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}:\n{tail(self.log)}")
            try:
                if self.api.call("GET", "/readyz")[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise Failure(f"{self.name} did not become ready in {START_TIMEOUT} s:\n{tail(self.log)}")

    def stop(self):
        """Its exit code; None where it was not running."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def tail(path, lines=15):
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


# --- documents -------------------------------------------------------------------------------------------------------
def markdown_files():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "*.md"], capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return sorted(ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in ROOT.rglob("*.md") if ".dev" not in path.parts and "build" not in path.parts)


def slug_of(path):
    name = str(path.relative_to(ROOT).with_suffix("")).lower()
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-")


def title_of(path, text):
    heading = re.search(r"^#\s+(.+)$", text, re.MULTILINE)
    return heading.group(1).strip() if heading else path.name


def push_documents(api):
    """Pushes every Markdown file; what was pushed, by slug."""
    pushed = {}
    for path in markdown_files():
        text = path.read_text()
        slug = slug_of(path)
        status, answer = api.call("PUT", f"/v1/documents/{slug}", {"title": title_of(path, text), "body": text})
        if status not in (200, 201):
            raise Failure(f"PUT {slug} answered {status}: {answer}")
        pushed[slug] = text
    return pushed


def list_documents(api):
    documents, after = [], ""
    while True:
        status, answer = api.call("GET", f"/v1/documents?limit=20&after={after}")
        if status != 200:
            raise Failure(f"GET /v1/documents answered {status}: {answer}")
        documents += answer["documents"]
        after = answer.get("next") or ""
        if not after:
            return documents


# --- the checks of --smoke -------------------------------------------------------------------------------------------
def check_documents(api, pushed):
    listed = {document["slug"]: document for document in list_documents(api)}
    check(set(pushed) <= set(listed), f"all {len(pushed)} documents are listed")
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    same = all(digest(api.call("GET", f"/v1/documents/{slug}")[1]["body"]) == digest(text) for slug, text in pushed.items())
    check(same, "every body comes back as it was pushed")


def check_refusals(mcq, tokens):
    api, slug = mcq.api, slug_of(ROOT / "README.md")
    path = f"/v1/documents/{slug}"
    anonymous = Api(mcq.port, DATA / "ca")

    def status(method, target, body=None, client=api, **more):
        return client.call(method, target, body, **more)[0]

    check(status("GET", path, client=anonymous) == 401, "no token: 401")
    check(status("GET", path, token="invented") == 401, "an invented token: 401")
    wrong = {"username": "alice", "password": "not-it"}
    check(status("POST", "/v1/auth/login", wrong, client=anonymous) == 401, "a wrong password: 401")
    denied = {"username": "mallory", "password": tokens["mallory"]}
    check(status("POST", "/v1/auth/login", denied, client=anonymous) == 403, "a login that policy denies: 403")
    check(status("DELETE", path, token=tokens["bob"]) == 403, "deleting another's document: 403")
    check(status("PUT", path, {"title": "x", "body": "y"}, token=tokens["guest"]) == 403, "a guest that pushes: 403")
    check(status("PUT", path, "{not json") == 400, "malformed JSON: 400")
    check(status("PUT", path, "title=x", content_type="text/plain") == 415, "a wrong content type: 415")
    check(status("PUT", path, {"title": "x", "body": "y" * (8 << 20)}) == 413, "too large a body: 413")
    check(status("GET", "/v1/nowhere") == 404, "an unknown route: 404")
    check(status("PATCH", path) == 405, "a wrong method: 405")


def curl(mcq, token, path, *arguments):
    """What curl prints; the token reaches it by its input, which no list of processes shows."""
    done = subprocess.run(["curl", "-sS", "--tlsv1.3", "--cacert", str(DATA / "ca" / "ca.pem"), "-H", "@-", *arguments,
                           f"https://localhost:{mcq.port}{path}"],
                          input=f"Authorization: Bearer {token}\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"curl {path}: {done.stderr.strip()}")
    return done.stdout


def check_curl(mcq, token):
    check(json.loads(curl(mcq, token, "/v1/documents?limit=1"))["documents"], "curl reads a list over TLS 1.3")
    old = subprocess.run(["curl", "-sS", "--tls-max", "1.2", "--cacert", str(DATA / "ca" / "ca.pem"),
                          f"https://localhost:{mcq.port}/livez"], capture_output=True)
    check(old.returncode == 35, "TLS 1.2 is refused")


def check_attachments(mcq, token):
    """A file there and back, its digest by another program than ours."""
    slug = slug_of(ROOT / "README.md")
    path = f"/v1/documents/{slug}/attachments/program%20%C3%BC"
    source, copy = BIN / "mcq", mcq.folder / "attachment-copy"
    digest = lambda file: subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout[:64]
    stored = json.loads(curl(mcq, token, path, "-T", str(source)))
    check(stored["size"] == source.stat().st_size and stored["sha256"] == digest(source),
          f"an attachment of {stored['size'] >> 20} MiB is stored with its SHA-256")
    listed = json.loads(curl(mcq, token, f"/v1/documents/{slug}/attachments"))["attachments"]
    check(stored in listed, "it is listed")
    curl(mcq, token, path, "-o", str(copy))
    check(digest(copy) == digest(source), "it comes back as it was uploaded, by sha256sum")
    copy.unlink()
    check(curl(mcq, token, path, "-X", "DELETE", "-w", "%{http_code}") == "204", "it is deleted: 204")
    check(mcq.api.call("GET", path)[0] == 404, "and gone: 404")
    check(not any((mcq.folder / "attachments").iterdir()), "its file is gone, too")


def check_restart(mcq, pushed):
    check(mcq.stop() == 0, "mcq stops cleanly")
    mcq.start()
    check_documents(mcq.api, pushed)


def check_snapshot(mcq, pushed):
    path = pathlib.Path(mcq.command("snapshot").strip().splitlines()[-1])
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as snapshot:
        sound = snapshot.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        count = snapshot.execute("SELECT count(*) FROM documents").fetchone()[0]
    check(sound and count >= len(pushed), f"the snapshot {path.name} is sound and holds {count} documents")


def check_identity_down(mcias, mcq, accounts):
    fresh = mcq.api.login("bob", accounts["bob"])
    check(mcias.stop() == 0, "mcias-dev stops cleanly")
    check(mcq.api.call("GET", "/v1/documents", token=fresh)[0] == 503, "identity service down: 503, never 401")
    body = {"username": "bob", "password": accounts["bob"]}
    check(mcq.api.call("POST", "/v1/auth/login", body)[0] == 503, "and so for a login")


def smoke(mcias, mcq, accounts, pushed):
    say("checking")
    tokens = {name: mcq.api.login(name, accounts[name]) for name in ("bob", "guest")}
    tokens["mallory"] = accounts["mallory"]
    check_documents(mcq.api, pushed)
    check_curl(mcq, mcq.api.token)
    check_attachments(mcq, mcq.api.token)
    check_refusals(mcq, tokens)
    check_restart(mcq, pushed)
    check_snapshot(mcq, pushed)
    status, _ = mcq.api.call("POST", "/v1/auth/logout")
    check(status == 204, "logout: 204")
    check(mcq.api.call("GET", "/v1/documents")[0] == 401, "a token is dead after its logout")
    check_identity_down(mcias, mcq, accounts)
    check(mcq.stop() == 0, "mcq stops cleanly without its identity service")


# --- the run ---------------------------------------------------------------------------------------------------------
ACCOUNTS = {"alice": "admin", "bob": "user", "guest": "guest", "mallory": "user"}


def make_accounts(mcias):
    """New random passwords for every account, made where it does not exist; by name."""
    say("creating accounts with new passwords")
    existing = mcias.command("user", "list")
    passwords = {name: secrets.token_urlsafe(12) for name in ACCOUNTS}
    for name, role in ACCOUNTS.items():
        if re.search(rf"^{name}\b", existing, re.MULTILINE):
            mcias.command("user", "passwd", name, "--password-stdin", stdin=passwords[name] + "\n")
        else:
            mcias.command("user", "add", name, "--role", role, "--password-stdin", stdin=passwords[name] + "\n")
    return passwords


def set_up():
    authority = make_authority()
    mcias = Service("mcias-dev", 9443, authority)
    mcq = Service("mcq", 8443, authority)
    mcias.configure('\n[[policy]]\nname = "mallory has no business in mcq"\naccounts = ["mallory"]\nservices = ["mcq"]\n'
                    '\n[[sso_clients]]\nclient_id = "mcq"\nservice_name = "mcq"\n'
                    f'redirect_uris = ["https://localhost:{mcq.port}/sso/callback"]\n')
    mcq.configure(f'\n[mcias]\nserver_url = "https://localhost:{mcias.port}"\nca_cert = "{authority}/ca.pem"\n'
                  'service_name = "mcq"\n')
    return mcias, mcq


def print_invitation(mcq, accounts):
    base = f"https://localhost:{mcq.port}"
    curl = "curl --cacert .dev/ca/ca.pem"
    print(f"""
mcq answers on {base}

Accounts, with passwords that are shown this once:
""" + "\n".join(f"  {name:8} {accounts[name]}   ({role})" for name, role in ACCOUNTS.items()) + f"""

Log in, then try:
  TOKEN=$({curl} -s {base}/v1/auth/login -H 'Content-Type: application/json' -d '{{"username":"alice","password":"{accounts["alice"]}"}}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')

  {curl} -H "Authorization: Bearer $TOKEN" '{base}/v1/documents?limit=5'
  {curl} -H "Authorization: Bearer $TOKEN" {base}/v1/documents/readme
  {curl} -H "Authorization: Bearer $TOKEN" -X POST {base}/v1/documents/readme/read
  {curl} -H "Authorization: Bearer $TOKEN" -T LICENSE {base}/v1/documents/readme/attachments/LICENSE

Ctrl-C stops both services.
""", flush=True)


def wait_for_interrupt(services):
    while True:
        for service in services:
            if service.process.poll() is not None:
                raise Failure(f"{service.name} ended with {service.process.returncode}:\n{tail(service.log)}")
        time.sleep(0.5)


def run(arguments):
    os.umask(0o077)
    mcias, mcq = set_up()
    try:
        accounts = make_accounts(mcias)
        mcias.start()
        mcq.start()
        mcq.api.token = mcq.api.login("alice", accounts["alice"])
        say("pushing this repository's Markdown files")
        pushed = push_documents(mcq.api)
        listed = list_documents(mcq.api)
        say(f"pushed {len(pushed)} documents; mcq lists {len(listed)}")
        for document in listed:
            print(f"    {document['slug']:40} {document['title'][:60]}")
        if arguments.smoke:
            smoke(mcias, mcq, accounts, pushed)
            say("smoke test passed")
            return 0
        print_invitation(mcq, accounts)
        wait_for_interrupt([mcias, mcq])
    except KeyboardInterrupt:
        say("stopping")
    finally:
        codes = {service.name: service.stop() for service in (mcq, mcias)}
    for name, code in codes.items():
        if code:
            raise Failure(f"{name} did not stop cleanly: exit code {code}")
    say("both services have stopped cleanly; their data stays under .dev/")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__.split("\n\n")[0])
    parser.add_argument("--smoke", action="store_true", help="check everything, then stop")
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        return run(parser.parse_args())
    except Failure as failure:
        print(f"dev run: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
