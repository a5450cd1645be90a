"""A shop behind nginx. It asks nobody: what nginx lets through was allowed, and is told in the `Remit-…` fields."""

import base64
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Shop(BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # nginx shows the verifier no content, so the shop holds it to what the agent signed.
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        if self.headers.get("Remit-Content") != f"sha-256=:{digest}:":
            return self.answer(400, {"error": "this is not what was signed"})
        self.answer(200, {name: value for name, value in self.headers.items() if name.lower().startswith("remit-")})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
