"""The identity service of a run: it finds every token good. A service asks it about a token twice a minute."""

import http.server
import json
import ssl
import threading

ANSWER = {"valid": True, "subject": "6f1d3c1e-0a4e-4c56-8a39-5d7c1f3b2a90", "username": "alice",
          "account_type": "human", "roles": ["user"], "expires_at": "2100-01-01T00:00:00Z"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(200, ANSWER)

    def do_GET(self):
        self.answer(404, {"error": "no key is published"})  # tokens are then judged by the answers alone

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Identity(http.server.ThreadingHTTPServer):
    """Serves from construction until the process ends. `url` is where."""

    daemon_threads = True

    def __init__(self, pair):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()
