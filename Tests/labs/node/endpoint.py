"""The node's own HTTPS endpoint, spoken byte by byte: for clients that do what kubectl does not."""
import ctypes
import os
import socket
import ssl
import struct
import threading

from labs.node.network import NODE_IP

PORT = 10250
PATIENCE = 90  # seconds without a byte
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
TEXT, BINARY, CLOSE = 1, 2, 8
STDOUT, STDERR, ERROR = 1, 2, 3


def socket_in(namespace):
    """A TCP socket of a network namespace: a socket stays in the namespace of the thread that has made it."""
    made = []

    def make():
        with open(f"/run/netns/{namespace}") as file:
            if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), file.name)
        made.append(socket.socket())

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    made[0].settimeout(PATIENCE)
    return made[0]


class Endpoint:
    """Makes connections to a lab's node as the cluster's administrator."""

    def __init__(self, lab, namespace=None):
        self.namespace = namespace or lab.control_namespace
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.load_cert_chain(lab.path("cluster", "admin.crt"), lab.path("cluster", "admin.key"))

    def connect(self, receive_buffer=None):
        """A TCP connection without a byte of TLS."""
        plain = socket_in(self.namespace)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.connect((NODE_IP, PORT))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain

    def secure(self, **options):
        return self.context.wrap_socket(self.connect(**options), suppress_ragged_eofs=True)

    def request(self, path, method="GET", headers=(), connection=None, **options):
        """Sends a request and reads the head of its answer. Returns (socket, head, bytes behind the head)."""
        connection = connection or self.secure(**options)
        lines = [f"{method} {path} HTTP/1.1", "Host: node", *headers]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        received = b""
        while b"\r\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                raise ConnectionError(f"{method} {path}: found the end after {received!r}, wanted the head of an answer")
            received += more
        head, rest = received.split(b"\r\n\r\n", 1)
        return connection, head.decode(), rest

    def get(self, path):
        """Returns the body of a page."""
        connection, head, body = self.request(path, headers=["Connection: close"])
        with connection:
            if " 200 " not in head.split("\r\n")[0]:
                raise ConnectionError(f"{path}: {head}")
            while more := connection.recv(65536):
                body += more
        return body

    def upgrade(self, path, *headers, method="GET", **options):
        connection, head, rest = self.request(path, method, ["Connection: Upgrade", *headers], **options)
        if not head.startswith("HTTP/1.1 101 "):
            raise ConnectionError(f"{path}: found {head} {rest!r}, wanted 101 Switching Protocols")
        return connection, rest

    def websocket(self, path, protocol="v4.channel.k8s.io", **options):
        headers = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        return WebSocket(*self.upgrade(path, *headers, f"Sec-WebSocket-Protocol: {protocol}", **options))

    def spdy(self, path, version):
        headers = ["Upgrade: SPDY/3.1", f"X-Stream-Protocol-Version: {version}", "Content-Length: 0"]
        return self.upgrade(path, *headers, method="POST")


class Connection:
    """A connection that has left HTTP, with the bytes that came behind the answer."""

    def __init__(self, connection, rest=b""):
        self.socket = connection
        self.rest = rest

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, count):
        """Exactly so many bytes; None at the end of the connection."""
        parts = []
        while count:
            part = self.rest[:count] or self.socket.recv(min(count, 1 << 16))
            if not part:
                return None
            self.rest = self.rest[len(part):]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


class WebSocket(Connection):
    def send(self, data, kind=BINARY):
        """Sends a message of up to 64 KiB, masked with zeros."""
        length = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0x80 | 126, len(data))
        self.socket.sendall(bytes([0x80 | kind]) + length + bytes(4) + data)

    def receive(self):
        """Returns (kind, bytes) of the next message; (None, b"") at the end."""
        head = self.read(2)
        if head is None:
            return None, b""
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.read(8))[0]
        return head[0] & 0x0F, self.read(length)

    def collect(self):
        """Reads up to the other side's close. Returns {channel: bytes} and the payload of the close, None if there was none."""
        found = {}
        while True:
            kind, data = self.receive()
            if kind in (None, CLOSE):
                return found, data if kind else None
            if data:
                found.setdefault(data[0], bytearray()).extend(data[1:])
