"""A port of this machine's loopback that leads to a unix socket, as `ssh -L PORT:SOCKET` makes one."""
import contextlib
import socket
import threading


class SocketForward:
    """`with SocketForward(path) as forward:` forwards connections to `forward.port` until the block ends."""

    def __init__(self, path):
        self.path = path
        self.ends = []

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for end in [self.listener, *self.ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                agent = socket.socket(socket.AF_UNIX)
                self.ends += [client, agent]
                agent.connect(self.path)
            except OSError:
                return
            for source, target in ((client, agent), (agent, client)):
                threading.Thread(target=self.copy, args=(source, target), daemon=True).start()

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
