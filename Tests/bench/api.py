#!/usr/bin/env python3
"""`make bench-api`: exec, port-forward, followed logs and copies through the node's API.

The client is Python on the same machine. What a client alone costs is in the row beside: the same client reads as many bytes from a
plain TLS server in Python.
"""
import argparse
import contextlib
import hashlib
import os
import socket
import ssl
import statistics
import subprocess
import sys
import time

from labs.node.endpoint import Endpoint, ERROR, socket_in
from labs.node.lab import Lab
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER, manifest
from labs.node.spdy import SPDY
from labs.processes import anonymous_memory, cpu_ticks
from labs.waiting import wait_until

MIB = 1 << 20
SOURCE, SINK, PLAIN = 7001, 7002, 7003
FOLLOWERS = 100
LINES = 2000
PROGRAMS = f"nc -ll -p {SOURCE} -e cat /dev/zero & nc -ll -p {SINK} -e sh -c 'cat > /dev/null' & "
LOG = f"until [ -e /tmp/go ]; do sleep 0.1; done; i=0; while [ $i -lt {LINES} ]; do echo line $i of a log that is followed; i=$((i + 1)); done; "

# Sends without an end to one client over TLS.
SERVER = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[3:5])
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    print("ready", flush=True)
    connection = context.wrap_socket(server.accept()[0], server_side=True)
    data = bytes(65536)
    while True:
        connection.sendall(data)
"""


class Bench:
    def __init__(self, lab):
        self.lab = lab
        self.endpoint = Endpoint(lab)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def agent(self):
        return self.lab.processes["agent"].pid

    def start(self, name, script):
        self.lab.apply(manifest(name, script + FOREVER))
        self.lab.wait_for("pod", name, "Ready")

    @staticmethod
    def row(name, figure, wanted=""):
        print(f"{name:58} {figure:>16} {wanted:>12}", flush=True)

    # Exec

    def exec(self, runs):
        self.start("target", "")
        path = "/exec/default/target/c?command=/bin/true&output=1&error=1"
        for _ in range(5):
            self.one_exec(path)
        times = [self.one_exec(path) for _ in range(runs)]
        for name, place, wanted in (("connection included", 0, ""), ("from the request to the status", 1, "8 ms")):
            found = sorted(pair[place] * 1000 for pair in times)
            self.row(f"exec of /bin/true, {name}, median of {runs}", f"{statistics.median(found):.2f} ms", wanted)
            self.row(f"exec of /bin/true, {name}, 99 of 100", f"{found[min(runs - 1, int(runs * 0.99))]:.2f} ms")
        began = time.monotonic()
        for _ in range(runs):
            self.endpoint.get("/healthz")
        self.row(f"a connection and /healthz, mean of {runs}", f"{(time.monotonic() - began) / runs * 1000:.2f} ms")

    def one_exec(self, path):
        """Returns seconds from the first byte of the connection, and from the request."""
        began = time.monotonic()
        connection = self.endpoint.secure()
        ready = time.monotonic()
        with self.endpoint.websocket(path, connection=connection) as client:
            found, _ = client.collect()
            end = time.monotonic()
        if b'"Success"' not in found[ERROR]:
            raise RuntimeError(f"found {found}, wanted success")
        return end - began, end - ready

    # Port-forward

    def forward(self, size):
        self.start("server", PROGRAMS)
        for port in (SOURCE, SINK):
            wait_until(f"port {port}", lambda port=port: f":{port} " in self.inside("server", "netstat -ltn"), 20)
        with SPDY(*self.endpoint.spdy("/portForward/default/server", "portforward.k8s.io")) as forward:
            forward.forward(SOURCE, 1)
            download = self.rate("port-forward, from the pod", lambda: self.read(forward.socket, size), size)
        with SPDY(*self.endpoint.spdy("/portForward/default/server", "portforward.k8s.io")) as forward:
            forward.forward(SOURCE, 1)
            # The same bytes by a client that leaves them encrypted: the node's own rate, where the one above is the slower one's of the two.
            with socket.socket(fileno=os.dup(forward.socket.fileno())) as raw:
                raw.settimeout(60)
                self.rate("  by a client that does not decrypt", lambda: self.read(raw, size, 1 << 20), size, "500 MB/s")
        with SPDY(*self.endpoint.spdy("/portForward/default/server", "portforward.k8s.io")) as forward:
            stream, _ = forward.forward(SINK, 1)
            self.rate("port-forward, to the pod", lambda: self.send(forward, stream, size), size)
        plain = self.plain(size)
        self.row("port-forward from the pod, of plain TLS", f"{download / plain:.2f}")

    def inside(self, pod, script):
        return self.lab.kubectl("exec", pod, "--", "sh", "-c", script).stdout

    def rate(self, name, work, size, wanted=""):
        ticks, began = cpu_ticks(self.agent()), time.monotonic()
        work()
        took = time.monotonic() - began
        share = (cpu_ticks(self.agent()) - ticks) / os.sysconf("SC_CLK_TCK") / took
        self.row(name, f"{size / took / 1e6:.0f} MB/s", wanted)
        self.row("  processors that the agent had meanwhile", f"{share:.2f}")
        return size / took

    @staticmethod
    def read(connection, size, at_once=1 << 16):
        buffer = bytearray(at_once)
        while size > 0:
            count = connection.recv_into(buffer)
            if not count:
                raise ConnectionError("found the end of the connection")
            size -= count

    @staticmethod
    def send(forward, stream, size):
        piece = bytes(1 << 15)
        for _ in range(size // len(piece)):
            forward.send(stream, piece)
        forward.send(stream, b"", last=True)
        forward.collect(stream)

    def plain(self, size):
        lab = self.lab
        files = lab.path("cluster", "admin.crt"), lab.path("cluster", "admin.key")
        server = lab.start_client(lab.node_namespace, SERVER, NODE_IP, str(PLAIN), *files)
        with server:
            try:
                server.stdout.readline()
                plain = socket_in(lab.control_namespace)
                plain.connect((NODE_IP, PLAIN))
                with self.context.wrap_socket(plain, suppress_ragged_eofs=True) as connection:
                    began = time.monotonic()
                    self.read(connection, size)
                    took = time.monotonic() - began
            finally:
                server.kill()
        self.row("plain TLS between two programs in Python", f"{size / took / 1e6:.0f} MB/s")
        return size / took

    # Logs

    def logs(self):
        self.start("logged", LOG)
        with contextlib.ExitStack() as stack:
            before = anonymous_memory(self.agent())
            followers = []
            for _ in range(FOLLOWERS):
                connection, head, rest = self.endpoint.request("/containerLogs/default/logged/c?follow=true")
                if " 200 " not in head.split("\r\n")[0]:
                    raise ConnectionError(head)
                followers.append((stack.enter_context(connection), rest))
            quiet = anonymous_memory(self.agent())
            self.inside("logged", "touch /tmp/go")
            most, began = quiet, time.monotonic()
            last = f"line {LINES - 1} of".encode()
            for connection, rest in followers:
                while last not in rest:
                    rest = rest[-100:] + connection.recv(1 << 16)
                most = max(most, anonymous_memory(self.agent()))
            took = time.monotonic() - began
        self.row(f"{FOLLOWERS} x logs -f, growth of the agent", f"{(most - before) / 1024:.1f} MB", "10 MB")
        self.row("  while nothing is written", f"{(quiet - before) / 1024:.1f} MB")
        self.row(f"  {LINES} lines to all of them", f"{took * 1000:.0f} ms")

    # Copies

    def copy(self, size):
        self.start("store", "")
        path, back = self.lab.path("out"), self.lab.path("back")
        piece, checksum = os.urandom(MIB), hashlib.sha256()
        with open(path, "wb") as file:
            for _ in range(size // MIB):
                checksum.update(piece)
                file.write(piece)
        before = anonymous_memory(self.agent())
        kubectl = self.lab.kubectl
        self.rate("kubectl cp to the pod", lambda: kubectl("cp", path, "default/store:/tmp/file"), size)
        os.remove(path)
        self.rate("kubectl cp from the pod", lambda: kubectl("cp", "default/store:/tmp/file", back), size)
        self.row("  growth of the agent", f"{(anonymous_memory(self.agent()) - before) / 1024:.1f} MB")
        inside = self.inside("store", "sha256sum /tmp/file").split()[0]
        with open(back, "rb") as file:
            outside = hashlib.file_digest(file, "sha256").hexdigest()
        if {inside, outside} != {checksum.hexdigest()}:
            raise RuntimeError(f"checksums: {inside} and {outside}, wanted {checksum.hexdigest()}")
        os.remove(back)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="execs")
    parser.add_argument("--size", type=int, default=1024, help="MiB that are forwarded and copied")
    parser.add_argument("--only", help="some of exec,forward,logs,copy")
    options = parser.parse_args()
    lab, size = Lab(), options.size * MIB
    works = {
        "exec": lambda bench: bench.exec(options.runs), "forward": lambda bench: bench.forward(size), "logs": lambda bench: bench.logs(),
        "copy": lambda bench: bench.copy(size),
    }  # fmt: skip
    print(f"load of the machine: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(f"kubectl: {subprocess.run(['kubectl', 'version', '--client'], capture_output=True, text=True).stdout.split(chr(10))[0]}")
    with lab:
        bench = Bench(lab)
        Bench.row("", "", "wanted")
        for name, work in works.items():
            if not options.only or name in options.only.split(","):
                work(bench)
    return 1 if lab.report_leaks() else 0


if __name__ == "__main__":
    sys.exit(main())
