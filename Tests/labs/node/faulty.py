"""A registry that fails: the name of the repository is the fault. Blobs of `redirect` are on a second port, which refuses every credential.

    python3 -m labs.node.faulty ADDRESS PORT STORAGE_PORT USER PASSWORD
"""
import base64
import http.server
import sys
import threading

from labs.node.images import MANIFEST, Image, layer

# By fault: status, headers and body of the answer for the manifest.
ANSWERS = {
    "unauthorized": (401, {}, b""),
    "forbidden": (403, {}, b'{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'),
    "missing": (404, {}, b""),
    "busy": (429, {"Retry-After": "3600"}, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit"}]}'),
    "broken": (500, {}, b""),
    "away": (503, {"Retry-After": "3600"}, b""),
}


class Faulty(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        fault, kind, key = self.path.rsplit("/", 3)[1:]
        if fault in ANSWERS:
            self.answer(*ANSWERS[fault])
        elif fault == "redirect" and self.headers.get("Authorization") != server.login:
            self.answer(401, {"WWW-Authenticate": 'Basic realm="faulty"'}, b"")
        elif kind == "manifests":
            self.answer(200, {"Content-Type": MANIFEST}, server.images[fault].manifest)
        elif key not in server.images[fault].blobs:
            self.answer(404, {}, b"")
        elif fault == "redirect":
            self.answer(307, {"Location": f"http://{server.storage}{self.path}"}, b"")
        else:
            self.answer_blob(fault, key)

    def answer_blob(self, fault, key):
        data = self.server.images[fault].blobs[key]
        is_layer = data[:2] == b"\x1f\x8b"
        if is_layer and fault == "swapped":
            data = b"x" * len(data)
        # Always from the beginning: this registry knows no ranges.
        cut = 50 if is_layer and fault == "cut" else None
        self.answer(200, {}, data, cut)

    def answer(self, status, headers, body, cut=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None


class Storage(Faulty):
    def do_GET(self):
        if self.headers.get("Authorization"):
            self.answer(400, {}, b"")
        else:
            fault, _, key = self.path.rsplit("/", 3)[1:]
            self.answer_blob(fault, key)


def main(address, port, storage_port, user, password):
    # One image for each, since the node fetches a layer that several images have for all of them.
    images = {fault: Image([layer({"data": (fault.encode(), 0o644)})], Cmd=["/none"]) for fault in ("cut", "swapped", "redirect")}
    storage = http.server.ThreadingHTTPServer((address, int(storage_port)), Storage)
    server = http.server.ThreadingHTTPServer((address, int(port)), Faulty)
    for one in (server, storage):
        one.images = images
    server.storage = f"{address}:{storage_port}"
    server.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    threading.Thread(target=storage.serve_forever, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
