"""Stands in front of a registry and wants a token of one user for everything.

    python3 guard.py ADDRESS PORT REGISTRY USER PASSWORD
"""
import base64
import http.server
import json
import sys
import urllib.error
import urllib.request

TOKEN = "the-token"


class Guard(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/token?"):
            self.give_token()
        elif self.headers.get("Authorization") == f"Bearer {TOKEN}":
            self.pass_on()
        else:
            challenge = f'Bearer realm="http://{self.server.name}/token",service="guard"'
            self.answer(401, [("WWW-Authenticate", challenge)], b"")

    def give_token(self):
        if self.headers.get("Authorization") == self.server.login:
            self.answer(200, [("Content-Type", "application/json")], json.dumps({"token": TOKEN}).encode())
        else:
            self.answer(401, [], b"")

    def pass_on(self):
        request = urllib.request.Request(f"http://{self.server.registry}{self.path}")
        for name in ("Accept", "Range"):
            if self.headers.get(name):
                request.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                kept = [(name, value) for name, value in found.headers.items() if name.startswith(("Content-Type", "Content-Range", "Docker-"))]
                self.answer(found.status, kept, found.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, [], b"")

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main(address, port, registry, user, password):
    server = http.server.ThreadingHTTPServer((address, int(port)), Guard)
    server.name = f"{address}:{port}"
    server.registry = registry
    server.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
