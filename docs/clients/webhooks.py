"""Receives webhooks: verifies the signature, and prints each event once.

    python3 webhooks.py SECRET_FILE [PORT]
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
MAX_BYTES = 1024 * 1024

with open(sys.argv[1]) as file:
    secret = base64.b64decode(file.readline().strip().removeprefix("whsec_"))
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9000

# A service keeps the IDs of the last days in its database, in the transaction that handles the event.
seen = set()


def is_authentic(headers, body):
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    content = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = hmac.new(secret, content, hashlib.sha256).digest()
    # There are several while a secret is replaced.
    for signature in headers.get("webhook-signature", "").split():
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(value.encode(), base64.b64encode(expected)):
            return True
    return False


class Receiver(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            self.respond(413)
            return
        body = self.rfile.read(int(length))
        if not is_authentic(self.headers, body):
            self.respond(401)
            return
        # Events can arrive twice, so accept a known one without handling it again.
        if self.headers["webhook-id"] not in seen:
            seen.add(self.headers["webhook-id"])
            print(json.dumps(json.loads(body)), flush=True)
        self.respond(204)

    def respond(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
