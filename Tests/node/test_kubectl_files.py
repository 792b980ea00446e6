"""`kubectl cp` both ways, and `kubectl debug` of a pod."""
import hashlib
import os
import shutil

from labs import processes
from labs.node.case import NodeCase
from labs.node.pods import FOREVER
from labs.terminal import Terminal
from labs.waiting import wait_until

MIB = 1 << 20
SIZE = int(os.environ.get("SWIFTLET_TEST_COPY_MIB", 64)) * MIB
# Growth of the agent's memory, which holds only the part that is on its way.
TOLERANCE = 24 * MIB
IMAGE = "registry.example/busybox:1"


def write(path, size):
    """Writes a file in which no two MiB are alike, and returns its checksum."""
    part, checksum = os.urandom(MIB - 8), hashlib.sha256()
    with open(path, "wb") as file:
        for number in range(size // MIB):
            piece = number.to_bytes(8) + part
            checksum.update(piece)
            file.write(piece)
    return checksum.hexdigest()


class Copy(NodeCase):
    def setUp(self):
        super().setUp()
        self.start_pod("store", FOREVER)
        self.addCleanup(self.lab.delete, "pod", "store")
        self.folder = self.lab.path("copies")
        os.mkdir(self.folder)
        self.addCleanup(shutil.rmtree, self.folder)

    def inside(self, script):
        return self.lab.kubectl("exec", "store", "--", "sh", "-c", script, timeout=600).stdout

    def copy(self, source, target):
        self.lab.kubectl("cp", source, target, timeout=1200)

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_a_large_file_both_ways(self):
        checksum = write(self.path("out"), SIZE)
        # The first copy leaves caches for later ones.
        write(self.path("small"), MIB)
        self.copy(self.path("small"), "default/store:/tmp/small")
        agent = self.lab.processes["agent"].pid
        before = processes.anonymous_memory(agent) * 1024
        self.copy(self.path("out"), "default/store:/tmp/file")
        os.remove(self.path("out"))
        self.assertEqual(self.inside("sha256sum /tmp/file").split()[0], checksum)
        self.copy("default/store:/tmp/file", self.path("back"))
        with open(self.path("back"), "rb") as file:
            self.assertEqual(hashlib.file_digest(file, "sha256").hexdigest(), checksum)
        growth = processes.anonymous_memory(agent) * 1024 - before
        self.note(f"{SIZE // MIB} MiB each way, the agent grew by {growth / MIB:.1f} MiB")
        self.assertLess(growth, TOLERANCE)

    def test_a_folder_both_ways(self):
        os.makedirs(self.path("tree/deep/er"))
        for number in range(20):
            write(self.path(f"tree/deep/{number}"), 0 if number else MIB)
        with open(self.path("tree/run"), "w") as file:
            file.write("#!/bin/sh\necho ran\n")
        os.chmod(self.path("tree/run"), 0o755)
        self.copy(self.path("tree"), "default/store:/tmp/tree")
        self.assertEqual(self.inside("/tmp/tree/run; ls /tmp/tree/deep | wc -l; stat -c %s /tmp/tree/deep/0").split(), ["ran", "21", str(MIB)])
        self.copy("default/store:/tmp/tree", self.path("back"))
        self.assertEqual(sorted(os.listdir(self.path("back/deep"))), sorted(os.listdir(self.path("tree/deep"))))


class Debug(NodeCase):
    def test_a_pod(self):
        self.start_pod("target", "exec sleep 4321")
        lab = self.lab
        command = ["kubectl", "--kubeconfig", lab.admin, "debug", "-it", "target", f"--image={IMAGE}", "--target=c", "--container=dbg", "--", "sh"]
        with Terminal([*lab.inside(lab.control_namespace), *command]) as terminal:
            terminal.type("echo be''gin\n")
            terminal.read_until("begin")
            terminal.type("ps; cat /proc/1/root/proc/self/comm; exit 7\n")
            terminal.read_until("sleep 4321")
            terminal.wait()

        def ended():
            status = lab.get("pod", "target")["status"].get("ephemeralContainerStatuses")
            return status[0]["state"].get("terminated") if status else None

        self.assertEqual(wait_until("the debugger's end", ended, 30)["exitCode"], 7)
        self.assertIn("sleep 4321", lab.kubectl("logs", "target", "-c", "dbg").stdout)
        self.assertEqual(self.container("target")["restartCount"], 0)
        lab.delete("pod", "target", "--grace-period=1")
