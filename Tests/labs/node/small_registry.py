"""A registry of one image in this process, on loopback: slow, and with ranges, so that a pull can be interrupted in it."""
import base64
import http.server
import threading
import time

from labs.node.images import MANIFEST, digest


class SmallRegistry:
    """Serves `name:1` while entered, to one user where there is a `login` (user:password). `requests` are (path, Range) of every request."""

    def __init__(self, image, bytes_per_second=None, login=None):
        self.blobs = dict(image.blobs)
        self.manifest = image.manifest
        self.bytes_per_second = bytes_per_second
        self.authorization = login and "Basic " + base64.b64encode(login.encode()).decode()
        self.requests = []

    def __enter__(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                owner.requests.append((self.path, self.headers.get("Range")))
                if owner.authorization and self.headers.get("Authorization") != owner.authorization:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="small"')
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                key = self.path.rsplit("/", 1)[1]
                if "/manifests/" in self.path and key in ("1", digest(owner.manifest)):
                    return self.answer(owner.manifest, MANIFEST)
                if key in owner.blobs:
                    return self.answer(owner.blobs[key], "application/octet-stream")
                self.send_error(404)

            def answer(self, data, kind):
                start = 0
                wanted = self.headers.get("Range")
                if wanted:
                    start = int(wanted.removeprefix("bytes=").split("-")[0])
                self.send_response(206 if wanted else 200)
                if wanted:
                    self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data) - start))
                self.end_headers()
                part = 64 << 10
                try:
                    for offset in range(start, len(data), part):
                        end = offset + part
                        self.wfile.write(data[offset:end])
                        if owner.bytes_per_second:
                            time.sleep(part / owner.bytes_per_second)
                except ConnectionError:
                    self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.reference = f"127.0.0.1:{self.server.server_address[1]}/small/image:1"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
