"""Attacks on a node with streams of exec and attach: much output, clients that read nothing, many clients that disappear."""
import base64
import contextlib
import json
import signal
import subprocess
import sys

from labs import cgroups, processes
from labs.files import read_text
from labs.node.case import NodeCase
from labs.node.network import CONTROL_IP
from labs.node.pods import FOREVER
from labs.waiting import wait_until

MIB = 1 << 20
# Growth of the agent's memory, which holds only the part of a stream that is on its way.
TOLERANCE = 24 * MIB
DROPPED = 1000

# Attaches again and again as kubectl does, eight at a time, and disconnects as soon as the node has agreed.
DROP = """
import socket, ssl, struct, sys
from concurrent.futures import ThreadPoolExecutor
host, ca, certificate, path, count = *sys.argv[1:5], int(sys.argv[5])
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate)
request = (f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n"
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\nSec-WebSocket-Protocol: v5.channel.k8s.io\\r\\n\\r\\n").encode()
def drop(_):
    with socket.create_connection((host, 6443), 30) as plain:
        # No goodbye: a reset.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=True) as secure:
            secure.sendall(request)
            return secure.recv(100).split(b"\\r\\n")[0].decode()
with ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(drop, range(count)))
print(len(answers), *sorted(set(answers)))
"""


class Streams(NodeCase):
    def setUp(self):
        super().setUp()
        self.agent = self.lab.processes["agent"].pid

    def run_pod(self, name, script, **container):
        self.start_pod(name, script, container=container)
        self.addCleanup(self.lab.delete, "pod", name)

    def memory(self):
        """Returns the agent's anonymous memory in bytes."""
        return processes.anonymous_memory(self.agent) * 1024

    def held(self):
        """Returns the number of the agent's descriptors, of those of spawner, shims and pauses, and of these processes."""
        others, descriptors = self.lab.own_processes(), 0
        for pid in others:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                descriptors += processes.descriptor_count(pid)
        return processes.descriptor_count(self.agent), descriptors, len(others)

    def client_files(self):
        """Writes the cluster's authority and the administrator's certificate; returns the paths."""
        found = json.loads(self.lab.kubectl("config", "view", "--raw", "-o", "json").stdout)
        user, cluster = found["users"][0]["user"], found["clusters"][0]["cluster"]
        names = self.lab.path("authority.pem"), self.lab.path("client.pem")
        texts = cluster["certificate-authority-data"], user["client-certificate-data"], user["client-key-data"]
        for name, parts in zip(names, (texts[:1], texts[1:])):
            with open(name, "wb") as file:
                file.writelines(base64.b64decode(text) + b"\n" for text in parts)
        return names

    def test_much_output(self):
        """CVE-2022-31030: the output of an exec does not stay in the agent's memory."""
        self.run_pod("loud", FOREVER)
        self.lab.kubectl("exec", "loud", "--", "head", "-c", str(MIB), "/dev/zero")
        before = self.memory()
        size = 1 << 30
        with self.exec_in("loud", "head", "-c", str(size), "/dev/zero") as client:
            got, most = 0, 0
            while part := client.stdout.read(MIB):
                got += len(part)
                if got % (64 * MIB) < MIB:
                    most = max(most, self.memory())
            self.assertEqual((client.wait(), got), (0, size))
        self.assertLess(most - before, TOLERANCE)

    def test_dropped_clients(self):
        self.run_pod("target", "while :; do echo line; sleep 0.1; done", stdin=True)
        files = self.client_files()
        path = "/api/v1/namespaces/default/pods/target/attach?container=c&stdin=true&stdout=true&stderr=true"

        def drop(count):
            return self.lab.on_control(sys.executable, "-c", DROP, CONTROL_IP, *files, path, str(count), timeout=300).stdout.strip()

        # The first clients leave caches for later ones; these do not count.
        self.assertEqual(drop(50), "50 HTTP/1.1 101 Switching Protocols")
        before, memory = self.held(), self.memory()
        self.assertEqual(drop(DROPPED), f"{DROPPED} HTTP/1.1 101 Switching Protocols")
        wait_until(f"descriptors and processes to be {before}, found {self.held()}", lambda: all(map(int.__le__, self.held(), before)), 60)
        self.assertLess(self.memory() - memory, TOLERANCE)
        self.assertEqual(self.container("target")["restartCount"], 0)
        self.assertEqual(self.lab.kubectl("exec", "target", "--", "echo", "works").stdout, "works\n")

    def test_a_client_that_takes_nothing(self):
        """A client that reads nothing holds back only its own program, and costs no memory."""
        self.run_pod("held", FOREVER)
        before = self.memory()
        with self.exec_in("held", "busybox", "yes", "much to tell") as client:
            self.assertEqual(client.stdout.readline(), b"much to tell\n")
            client.send_signal(signal.SIGSTOP)
            try:
                self.wait_until_it_waits("much to tell")
                self.assertEqual(self.lab.kubectl("exec", "held", "--", "echo", "works").stdout, "works\n")
                self.assertLess(self.memory() - before, TOLERANCE)
            finally:
                client.kill()

    def exec_in(self, pod, *command):
        words = ["kubectl", "--kubeconfig", self.lab.admin, "exec", pod, "--", *command]
        return subprocess.Popen([*self.lab.inside(self.lab.control_namespace), *words], stdout=subprocess.PIPE)

    def wait_until_it_waits(self, word):
        """Waits until the program with that word in its command line has written nothing for 20 checks."""
        seen = []

        def rests():
            with open(f"/proc/{pid}/io") as file:
                seen.append(next(int(line.split()[1]) for line in file if line.startswith("wchar:")))
            return len(seen) > 20 and seen[-20] == seen[-1]

        def runs():
            for pid in cgroups.members_below(self.lab.cgroup):
                with contextlib.suppress(OSError):
                    if word in read_text(f"/proc/{pid}/cmdline"):
                        return pid
            return None

        pid = wait_until(f"{word} to run", runs, 10)
        wait_until(f"{word} to wait", rests)
