#!/usr/bin/env python3
"""What ./dev run does once everything is built: `mcdsl dev` runs mcq with certificates, an identity service and accounts,
and this repository's own Markdown files are pushed through the REST API.

With --smoke it checks what it gets back, has mcq started anew, takes a snapshot, and exits 0 or says what failed.
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
import sqlite3
import ssl
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / ".dev"
BIN = ROOT / "build" / "release" / "bin"
CA = DATA / "ca" / "ca.pem"
PATIENCE = 60  # seconds for whatever has to happen next; a bound for what hangs


class Failure(Exception):
    """Something the person at the terminal should read; ends the run with exit code 1."""


def say(text):
    print(f"==> {text}", flush=True)


def check(condition, what):
    if not condition:
        raise Failure(what)
    print(f"    ok: {what}", flush=True)


# --- the service --------------------------------------------------------------------------------------------------------
class Api:
    """A client of one service over TLS 1.3."""

    def __init__(self, port):
        self.port = port
        self.token = None
        self.context = ssl.create_default_context(cafile=str(CA))
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


class Platform:
    """`mcdsl dev` with mcq, and what it says."""

    def __init__(self, accounts, is_quiet):
        """With is_quiet only its own words are shown, not the logs of the services; all of it is in .dev/run.log."""
        DATA.mkdir(mode=0o700, exist_ok=True)
        # A session of its own: Ctrl-C reaches this script alone, which then asks for the end once.
        self.process = subprocess.Popen(
            [str(BIN / "mcdsl"), "dev", "--program", str(BIN / "mcq"), "--data", str(DATA), "--accounts", "-",
             str(ROOT / "examples" / "mcq")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.process.stdin.write("".join(f"{name} {ACCOUNTS[name]} {accounts[name]}\n" for name in ACCOUNTS))
        self.process.stdin.close()
        self.is_quiet = is_quiet
        self.lines = []
        self.seen = 0
        self.has_news = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        with open(DATA / "run.log", "w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                if not self.is_quiet or line.startswith("==> "):
                    print(line, end="", flush=True)
                with self.has_news:
                    self.lines.append(line.rstrip("\n"))
                    self.has_news.notify()
        with self.has_news:
            self.lines.append(None)
            self.has_news.notify()

    def expect(self, text):
        """The next line that holds the text; those before it count as read."""
        with self.has_news:
            while True:
                if not self.has_news.wait_for(lambda: self.seen < len(self.lines), PATIENCE):
                    raise Failure(f"waited {PATIENCE} s for \"{text}\":\n{self.tail()}")
                line = self.lines[self.seen]
                if line is None:
                    raise Failure(f"mcdsl dev has ended before it said \"{text}\":\n{self.tail()}")
                self.seen += 1
                if text in line:
                    return line

    def tail(self):
        return "\n".join(line for line in self.lines[-15:] if line is not None)

    def child(self, name):
        """The process id of one of its programs."""
        pid = self.process.pid
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == name:
                return int(child)
        raise Failure(f"mcdsl dev runs no {name}")

    def stop(self):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait()
        self.reader.join()
        return code


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
    api, slug = mcq, slug_of(ROOT / "README.md")
    path = f"/v1/documents/{slug}"
    anonymous = Api(mcq.port)

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
    done = subprocess.run(["curl", "-sS", "--tlsv1.3", "--cacert", str(CA), "-H", "@-", *arguments,
                           f"https://localhost:{mcq.port}{path}"],
                          input=f"Authorization: Bearer {token}\n", capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"curl {path}: {done.stderr.strip()}")
    return done.stdout


def check_curl(mcq, token):
    check(json.loads(curl(mcq, token, "/v1/documents?limit=1"))["documents"], "curl reads a list over TLS 1.3")
    old = subprocess.run(["curl", "-sS", "--tls-max", "1.2", "--cacert", str(CA),
                          f"https://localhost:{mcq.port}/livez"], capture_output=True)
    check(old.returncode == 35, "TLS 1.2 is refused")


def check_attachments(mcq, token):
    """A file there and back, its digest by another program than ours."""
    slug = slug_of(ROOT / "README.md")
    path = f"/v1/documents/{slug}/attachments/program%20%C3%BC"
    source, copy = BIN / "mcq", DATA / "mcq" / "attachment-copy"
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
    check(mcq.call("GET", path)[0] == 404, "and gone: 404")
    check(not any((DATA / "mcq" / "attachments").iterdir()), "its file is gone, too")


def check_restart(platform, mcq, pushed):
    os.utime(BIN / "mcq")  # as a build does
    platform.expect("mcq has stopped: exit code 0")
    check(True, "mcq stops cleanly when its program changes")
    platform.expect("mcq is ready again")
    check_documents(mcq, pushed)


def check_snapshot(pushed):
    done = subprocess.run([str(BIN / "mcq"), "snapshot", "--config", str(DATA / "mcq" / "mcq.toml")], capture_output=True, text=True)
    check(done.returncode == 0, "mcq snapshot takes one while the service runs")
    path = pathlib.Path(done.stdout.strip().splitlines()[-1])
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as snapshot:
        sound = snapshot.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        count = snapshot.execute("SELECT count(*) FROM documents").fetchone()[0]
    check(sound and count >= len(pushed), f"the snapshot {path.name} is sound and holds {count} documents")


def check_identity_down(platform, mcq, accounts):
    fresh = mcq.login("bob", accounts["bob"])
    os.kill(platform.child("mcias-dev"), signal.SIGTERM)
    platform.expect("mcias-dev has ended: exit code 0")
    check(True, "mcias-dev stops cleanly")
    check(mcq.call("GET", "/v1/documents", token=fresh)[0] == 503, "identity service down: 503, never 401")
    body = {"username": "bob", "password": accounts["bob"]}
    check(mcq.call("POST", "/v1/auth/login", body)[0] == 503, "and so for a login")


def smoke(platform, mcq, accounts, pushed):
    say("checking")
    tokens = {name: mcq.login(name, accounts[name]) for name in ("bob", "guest")}
    tokens["mallory"] = accounts["mallory"]
    check_documents(mcq, pushed)
    check_curl(mcq, mcq.token)
    check_attachments(mcq, mcq.token)
    check_refusals(mcq, tokens)
    check_restart(platform, mcq, pushed)
    check_snapshot(pushed)
    status, _ = mcq.call("POST", "/v1/auth/logout")
    check(status == 204, "logout: 204")
    check(mcq.call("GET", "/v1/documents")[0] == 401, "a token is dead after its logout")
    check_identity_down(platform, mcq, accounts)
    check(platform.stop() == 0 and "==> mcq has stopped: exit code 0" in platform.lines[platform.seen:],
          "mcq stops cleanly without its identity service")


# --- the run ---------------------------------------------------------------------------------------------------------
ACCOUNTS = {"alice": "admin", "bob": "user", "guest": "guest", "mallory": "user"}


def print_invitation(mcq, accounts):
    base = f"https://localhost:{mcq.port}"
    curl = "curl --cacert .dev/ca/ca.pem"
    print(f"""
mcq answers on {base}, with pages for a browser: have it trust .dev/ca/ca.pem, or click its warning away.

Accounts, with passwords that are shown this once:
""" + "\n".join(f"  {name:8} {accounts[name]}   ({role})" for name, role in ACCOUNTS.items()) + f"""

Or log in by hand, then try:
  TOKEN=$({curl} -s {base}/v1/auth/login -H 'Content-Type: application/json' -d '{{"username":"alice","password":"{accounts["alice"]}"}}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')

  {curl} -H "Authorization: Bearer $TOKEN" '{base}/v1/documents?limit=5'
  {curl} -H "Authorization: Bearer $TOKEN" {base}/v1/documents/readme
  {curl} -H "Authorization: Bearer $TOKEN" -X POST {base}/v1/documents/readme/read
  {curl} -H "Authorization: Bearer $TOKEN" -T LICENSE {base}/v1/documents/readme/attachments/LICENSE

A new build of mcq is started by itself. Ctrl-C stops everything.
""", flush=True)


def run(arguments):
    os.umask(0o077)
    accounts = {name: secrets.token_urlsafe(12) for name in ACCOUNTS}
    platform = Platform(accounts, is_quiet=arguments.smoke)
    code = None
    try:
        ready = platform.expect("mcq is ready at https://localhost:")
        mcq = Api(int(re.search(r"localhost:(\d+)", ready)[1]))
        mcq.token = mcq.login("alice", accounts["alice"])
        say("pushing this repository's Markdown files")
        pushed = push_documents(mcq)
        listed = list_documents(mcq)
        say(f"pushed {len(pushed)} documents; mcq lists {len(listed)}")
        for document in listed:
            print(f"    {document['slug']:40} {document['title'][:60]}")
        if arguments.smoke:
            smoke(platform, mcq, accounts, pushed)
        else:
            print_invitation(mcq, accounts)
            code = platform.process.wait()  # ends by itself only where something is wrong
    except KeyboardInterrupt:
        pass
    finally:
        code = platform.stop() if code is None else code
    if code != 0:
        raise Failure(f"mcdsl dev ended with exit code {code}:\n{platform.tail()}")
    if arguments.smoke:
        say("smoke test passed")
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
