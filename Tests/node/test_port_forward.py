"""Port-forward under load: many connections through one forward, a program that holds its connection up, last bytes."""
import contextlib
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from labs import processes
from labs.node.case import NodeCase
from labs.node.endpoint import CLOSE, Endpoint, socket_in
from labs.node.spdy import SPDY
from labs.waiting import wait_until

CONNECTIONS = 500
MIB = 1 << 20
ECHO, STUCK, SINK, ANSWER = 7001, 7002, 7003, 7004
ANSWER_BYTES = 8 * MIB
# Bytes that one forward may hold for its programs: mostBytes of ForwardTotal.swift.
HELD = 4 * MIB
FLOW_CONTROL_ERROR = 7
# Busybox' own server takes few connections at once, so Debian's Python serves: from the machine's own folders.
PYTHON = "/usr/bin/python3"
FOLDERS = {"/usr": "/usr", "/lib": "/usr/lib", "/lib64": "/usr/lib64"}
SERVER = f"""
import asyncio, os, signal

async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def stuck(reader, writer):
    await asyncio.sleep(100000)

async def sink(reader, writer):
    with open("/tmp/part", "wb") as file:
        while data := await reader.read(65536):
            file.write(data)
    os.rename("/tmp/part", "/tmp/whole")
    writer.close()

async def answer(reader, writer):
    writer.write(bytes({ANSWER_BYTES}))
    await writer.drain()
    writer.close()

async def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    for port, work in (({ECHO}, echo), ({STUCK}, stuck), ({SINK}, sink), ({ANSWER}, answer)):
        await asyncio.start_server(work, "127.0.0.1", port, backlog=1024)
    open("/tmp/ready", "w").close()
    await asyncio.Event().wait()

asyncio.run(main())
"""


class PortForward(NodeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.endpoint = Endpoint(cls.lab)

    def setUp(self):
        super().setUp()
        volumes = [{"name": f"v{number}", "hostPath": {"path": path}} for number, path in enumerate(FOLDERS.values())]
        mounts = [{"name": f"v{number}", "mountPath": path, "readOnly": True} for number, path in enumerate(FOLDERS)]
        ready = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}
        container = {"command": [PYTHON, "-c", SERVER], "volumeMounts": mounts, "readinessProbe": ready}
        self.start_pod("server", "", container=container, volumes=volumes)
        self.addCleanup(self.lab.delete, "pod", "server")

    def inside(self, script):
        return self.lab.kubectl("exec", "server", "--", "sh", "-c", script).stdout.strip()

    @contextlib.contextmanager
    def kubectl_forward(self, *ports):
        """Yields the local ports of a `kubectl port-forward`; it must run to the end."""
        lab = self.lab
        command = [*lab.inside(lab.control_namespace), "kubectl", "--kubeconfig", lab.admin, "port-forward", "server"]
        command += [f":{port}" for port in ports]
        with open(lab.path("forward.txt"), "w+") as errors:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
                try:
                    found = {}
                    while len(found) < len(ports):
                        line = process.stdout.readline()
                        self.assertIn("Forwarding from", line)
                        local, port = line.removeprefix("Forwarding from ").split(" -> ")
                        if local.startswith("127.0.0.1:"):
                            found[int(port)] = int(local.rsplit(":", 1)[1])
                    # One line for each connection.
                    threading.Thread(target=process.stdout.read, daemon=True).start()
                    yield [found[port] for port in ports]
                    self.assertIsNone(process.poll(), "kubectl has ended")
                finally:
                    process.terminate()

    def local(self, port):
        connection = socket_in(self.lab.control_namespace)
        connection.connect(("127.0.0.1", port))
        return connection

    def echo(self, port, text):
        """Sends a text, ends the own side, and returns the answer."""
        with self.local(port) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while more := connection.recv(65536):
                answer += more
            return answer

    def forward(self):
        return SPDY(*self.endpoint.spdy("/portForward/default/server", "portforward.k8s.io"))

    def websocket(self, port, **options):
        return self.endpoint.websocket(f"/portForward/default/server?port={port}", **options)

    def test_many_connections_through_one_forward(self):
        agent = self.lab.processes["agent"].pid
        with self.kubectl_forward(ECHO) as (port,):
            self.assertEqual(self.echo(port, b"first"), b"first")
            before = processes.descriptor_count(agent)
            texts = [f"connection {number} ".encode() * 50 for number in range(CONNECTIONS)]
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda text: self.echo(port, text), texts))
            self.assertEqual(answers, texts)
            wait_until("the connections' descriptors to be closed", lambda: processes.descriptor_count(agent) <= before, 20)

    def test_many_connections_at_once(self):
        with self.forward() as forward:
            streams = {}
            for request in range(CONNECTIONS):
                data, error = forward.forward(ECHO, request)
                forward.send(data, str(request).encode(), last=True)
                streams[data] = str(request).encode()
            found, resets = forward.collect(*streams)
            self.assertEqual(({stream: bytes(found[stream]) for stream in streams}, resets), (streams, {}))

    def test_a_program_that_takes_nothing(self):
        """What waits for it is held, up to a limit, while the other connections go on; behind the limit it is cut off."""
        with self.forward() as forward:
            others, _ = forward.forward(ECHO, 0)
            stuck, _ = forward.forward(STUCK, 1)
            for _ in range(HELD // MIB - 1):
                forward.send(stuck, bytes(MIB))
            for request in range(10):
                data, error = forward.forward(ECHO, 10 + request)
                forward.send(data, b"works", last=True)
                self.assertEqual(forward.collect(data, error), ({data: b"works", error: b""}, {}))

            # The node reads no further for ten seconds, then it drops what comes for that program.
            for _ in range(32):
                forward.send(stuck, bytes(MIB))
            self.assertEqual(forward.collect(stuck)[1], {stuck: FLOW_CONTROL_ERROR})
            forward.send(others, b"works", last=True)
            self.assertEqual(forward.collect(others)[0][others], b"works")

    def test_a_program_that_takes_nothing_behind_kubectl(self):
        with self.kubectl_forward(ECHO, STUCK) as (echo, stuck), self.local(echo) as other, self.local(stuck) as held:
            other.sendall(b"first")
            self.assertEqual(other.recv(100), b"first")

            def fill():
                with contextlib.suppress(OSError):
                    held.sendall(bytes(32 * MIB))

            sender = threading.Thread(target=fill)
            sender.start()
            for number in range(50):
                self.assertEqual(self.echo(echo, b"%d" % number), b"%d" % number)
            other.sendall(b"last")
            self.assertEqual(other.recv(100), b"last")
            sender.join()

    def test_last_bytes_of_the_program(self):
        """A client that reads slowly gets all that the program sent before it ended, and then the close."""
        with self.websocket(ANSWER, receive_buffer=65536) as client:
            got = 0
            while True:
                kind, data = client.receive()
                if kind == CLOSE:
                    break
                self.assertIsNotNone(kind, f"found the end after {got} bytes, wanted a close after {ANSWER_BYTES}")
                if data[:1] == b"\0":
                    got += len(data) - 1
                # A slow reader: the node gives a client that says nothing two seconds once everything has left.
                time.sleep(0.06)
            # The port's number stands before the first byte.
            self.assertEqual(got, ANSWER_BYTES + 2)

    def test_last_bytes_of_the_client(self):
        """A client that sends, closes and is gone: the program gets all of it, and then the end."""
        with self.websocket(SINK) as client:
            # The ports' numbers: a socket that is closed with something unread drops what it has not yet sent.
            for _ in range(2):
                client.receive()
            for _ in range(16):
                client.send(b"\0" + bytes(32 << 10))
            client.send(b"\x03\xe8", CLOSE)
        size = wait_until("the file", lambda: self.inside("test ! -e /tmp/whole || wc -c < /tmp/whole"), 20)
        self.assertEqual(size, str(MIB // 2))
