"""A client of SPDY/3.1, as far as port-forward and exec need it."""
import struct
import zlib

from labs.node.endpoint import Connection

DATA, RESET, OTHER = "data", "reset", "other"
LAST = 1 << 24


class SPDY(Connection):
    def __init__(self, connection, rest=b""):
        super().__init__(connection, rest)
        self.deflater = zlib.compressobj()
        self.next = 1

    def open(self, last=False, **headers):
        """Opens a stream without waiting for the reply; returns its id."""
        block = struct.pack(">I", len(headers))
        for pair in headers.items():
            for text in pair:
                block += struct.pack(">I", len(text)) + text.encode()
        stream, self.next = self.next, self.next + 2
        body = struct.pack(">IIBB", stream, 0, 0, 0) + self.deflater.compress(block) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(struct.pack(">HHI", 0x8003, 1, (LAST if last else 0) | len(body)) + body)
        return stream

    def forward(self, port, request):
        """Opens the streams of one connection to a port; returns the ids of its data and its error stream."""
        headers = {"port": str(port), "requestid": str(request)}
        error = self.open(last=True, streamtype="error", **headers)
        return self.open(streamtype="data", **headers), error

    def send(self, stream, data, last=False):
        self.socket.sendall(struct.pack(">II", stream, (LAST if last else 0) | len(data)) + data)

    def frames(self):
        """Yields (kind, stream, bytes or status, whether it is the stream's last) up to the end of the connection."""
        while head := self.read(8):
            first, second = struct.unpack(">II", head)
            body = self.read(second & 0xFFFFFF)
            if not first >> 31:
                yield DATA, first, body, bool(second & LAST)
            elif first & 0xFFFF == 3:
                yield RESET, *struct.unpack(">II", body), True
            else:
                yield OTHER, 0, body, False

    def collect(self, *streams):
        """Reads until all these streams have ended. Returns {stream: bytes} of what came since, and {stream: status} of resets."""
        found, resets, left = {}, {}, set(streams)
        for kind, stream, value, last in self.frames():
            if kind == DATA:
                found.setdefault(stream, bytearray()).extend(value)
            elif kind == RESET:
                resets[stream] = value
            if last:
                left.discard(stream)
            if not left:
                return found, resets
        raise ConnectionError(f"found the end of the connection, wanted that of the streams {sorted(left)}")
