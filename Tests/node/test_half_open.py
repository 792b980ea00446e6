"""A thousand clients that begin and do not go on: connections without a byte, half a request, streams that are asked for and never opened."""
import contextlib
import os
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

from labs import processes
from labs.node.case import NodeCase
from labs.node.endpoint import CLOSE, ERROR, Endpoint
from labs.node.pods import FOREVER
from labs.waiting import wait_until

COUNT = int(os.environ.get("SWIFTLET_TEST_HALF_OPEN", 1000))
MIB = 1 << 20
# The agent's memory with all of them there, and its growth by two thousand that have come and gone: half a minute later it gives memory back.
MOST, AFTER = 150 * MIB, 16 * MIB
EXEC = "/exec/default/target/c?command=cat&input=1&output=1"


class HalfOpen(NodeCase):
    def setUp(self):
        super().setUp()
        self.start_pod("target", FOREVER)
        self.addCleanup(self.lab.delete, "pod", "target")
        self.endpoint = Endpoint(self.lab)
        self.agent = self.lab.processes["agent"].pid

    def memory(self):
        return processes.anonymous_memory(self.agent) * 1024

    def silent(self):
        return self.endpoint.connect()

    def half_request(self):
        connection = self.endpoint.secure()
        connection.sendall(f"GET {EXEC} HTTP/1.1\r\nHost: node\r\nConnection: Upgr".encode())
        return connection

    def no_streams(self):
        return self.endpoint.spdy(EXEC, "v4.channel.k8s.io")[0]

    def open(self, *kinds):
        """Opens COUNT connections, so many of each kind, eight at a time."""
        work = [kinds[number % len(kinds)] for number in range(COUNT)]
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda kind: kind(), work))

    @staticmethod
    def rest(connection):
        """Reads up to the end that the node makes; fails when it makes none."""
        with connection, contextlib.suppress(ConnectionResetError):
            return connection.recv(1)
        return b""

    def check_that_others_are_served(self):
        lab = self.lab
        self.assertEqual(lab.kubectl("exec", "target", "--", "echo", "works").stdout, "works\n")
        self.assertEqual(lab.kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/healthz").stdout, "ok")
        self.assertIn(b"target", self.endpoint.get("/pods"))

    def test_connections_that_do_not_go_on(self):
        kinds = self.silent, self.half_request, self.no_streams, self.no_streams
        descriptors, before = processes.descriptor_count(self.agent), self.memory()
        # The first clients leave by themselves.
        for connection in self.open(*kinds):
            connection.close()
        wait_until("the first connections' descriptors to be closed", lambda: processes.descriptor_count(self.agent) <= descriptors, 60)
        began = time.monotonic()
        connections = self.open(*kinds)
        took, held, most = time.monotonic() - began, processes.descriptor_count(self.agent) - descriptors, self.memory()
        self.check_that_others_are_served()
        slow = self.half_request()
        with ThreadPoolExecutor(COUNT + 1) as pool:
            rests = [pool.submit(self.rest, connection) for connection in connections]
            drip = pool.submit(self.drip, slow)
            # The node ends each of them, none gets anything more.
            self.assertEqual({rest.result() for rest in rests}, {b""})
            drip.result()
        wait_until("the connections' descriptors to be closed", lambda: processes.descriptor_count(self.agent) <= descriptors, 20)
        self.assertLess(most, MOST)
        wait_until("their memory to be given back", lambda: self.memory() - before < AFTER, 60)
        self.note(f"{COUNT} opened in {took:.1f} s, {held} at once, {most / MIB:.1f} MiB meanwhile; growth {(self.memory() - before) / MIB:.1f} MiB")

    @staticmethod
    def drip(connection):
        """Sends byte after byte, up to the end that the node makes: the clock of a request does not start again with each of them."""
        with connection, contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLError):
            connection.settimeout(1)
            while True:
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(1):
                        return
                connection.sendall(b"a")

    def test_programs_of_silent_clients_end_with_them(self):
        """An exec whose client says nothing is a program that waits for its input: it lives as long as the connection."""
        descriptors, count = processes.descriptor_count(self.agent), COUNT // 10
        with ThreadPoolExecutor(8) as pool:
            clients = list(pool.map(lambda _: self.endpoint.websocket(EXEC), range(count)))
        for client in clients:
            # The connection is there; the program waits.
            self.assertEqual(client.receive(), (2, b"\1"))
        wait_until(f"{count} programs", lambda: self.programs() == count, 30)
        self.check_that_others_are_served()
        last = clients.pop()
        for client in clients:
            client.socket.close()
        wait_until("the programs to be gone", lambda: self.programs() == 1, 30)
        with last:
            last.send(b"\0hello\n")
            self.assertEqual(last.receive(), (2, b"\1hello\n"))
            last.send(b"\x03\xe8", CLOSE)
            self.assertNotIn(ERROR, last.collect()[0])
        wait_until("the descriptors to be closed", lambda: processes.descriptor_count(self.agent) <= descriptors, 20)

    def programs(self):
        lines = self.lab.kubectl("exec", "target", "--", "ps", "-o", "args").stdout.splitlines()
        return lines.count("cat")
