"""The verbs that reach the node's endpoint, by every kubectl at hand: the machine's own, Debian's old one, and one of the API server's minor."""
import contextlib
import os
import shutil
import subprocess

from labs import kubectls
from labs.node.case import NodeCase
from labs.node.endpoint import socket_in
from labs.node.pods import FOREVER
from labs.terminal import Terminal

MIB = 1 << 20
SCRIPT = f"nc -ll -p 7001 -e cat & echo one; echo two; while read line; do echo \"got $line\"; done; {FOREVER}"


class Kubectls(NodeCase):
    def setUp(self):
        super().setUp()
        self.start_pod("target", SCRIPT, container={"stdin": True})
        self.addCleanup(self.lab.delete, "pod", "target")
        self.folder = self.lab.path("files")
        os.mkdir(self.folder)
        self.addCleanup(shutil.rmtree, self.folder)

    def words(self, program, *arguments):
        return [*self.lab.inside(self.lab.control_namespace), program, "--kubeconfig", self.lab.admin, *arguments]

    def run_kubectl(self, program, *arguments, **options):
        return subprocess.run(
            self.words(program, *arguments), **{"capture_output": True, "text": True, "check": False, "timeout": 60, **options})  # fmt: skip

    def test_every_verb(self):
        own = shutil.which("kubectl")
        for program in [*([own] if own else []), *kubectls.found()]:
            version = self.run_kubectl(program, "version", "--client", "-o", "json")
            self.assertEqual(version.returncode, 0, version.stderr)
            name = version.stdout.split('"gitVersion": "')[1].split('"')[0]
            self.note(name)
            with self.subTest(kubectl=name):
                self.logs(program)
                self.exec(program)
                self.terminal(program)
                self.attach(program)
                self.copy(program)
                self.forward(program)
                self.pages(program)

    def logs(self, program):
        # Lines that an earlier kubectl typed come after these two.
        for options, wanted in (
            ((), "one\ntwo\n"), (("-c", "c"), "one\ntwo\n"), (("--since=1h",), "one\ntwo\n"), (("--limit-bytes=3",), "one"),
            (("-f", "--limit-bytes=4"), "one\n"), (("--all-containers", "--prefix"), "[pod/target/c] one\n[pod/target/c] two\n"),
        ):  # fmt: skip
            answer = self.run_kubectl(program, "logs", "target", *options)
            lines = [line for line in answer.stdout.splitlines(True) if "got " not in line]
            self.assertEqual((answer.returncode, "".join(lines)), (0, wanted), (options, answer.stderr))
        self.assertEqual(len(self.run_kubectl(program, "logs", "target", "--tail=1").stdout.splitlines()), 1)
        stamped = self.run_kubectl(program, "logs", "target", "--timestamps").stdout.splitlines()[0]
        self.assertRegex(stamped, r"^\d{4}-\d\d-\d\dT[\d:.]+Z one$")

    def exec(self, program):
        answer = self.run_kubectl(program, "exec", "-i", "target", "--", "sh", "-c", "cat; echo oops >&2; exit 3", input="in")
        self.assertEqual((answer.returncode, answer.stdout), (3, "in"), answer.stderr)
        self.assertIn("oops", answer.stderr)

    def terminal(self, program):
        with Terminal(self.words(program, "exec", "-it", "target", "--", "sh"), rows=31, columns=99) as terminal:
            terminal.type("busybox stty size; exit 4\n")
            terminal.read_until("31 99")
            self.assertEqual(terminal.wait(), 4)

    def attach(self, program):
        command, pipe = self.words(program, "attach", "-i", "target", "-c", "c"), subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
            try:
                process.stdin.write(b"typed\n")
                process.stdin.flush()
                # Some say first that there is no prompt.
                while b"got typed" not in (line := process.stdout.readline()):
                    self.assertTrue(line, "the stream ended before the program's answer")
            finally:
                process.kill()

    def copy(self, program):
        source, back = (os.path.join(self.folder, name) for name in ("source", "back"))
        content = os.urandom(MIB)
        with open(source, "wb") as file:
            file.write(content)
        for pair in ((source, "default/target:/tmp/copy"), ("default/target:/tmp/copy", back)):
            answer = self.run_kubectl(program, "cp", *pair)
            self.assertEqual(answer.returncode, 0, answer.stderr)
        with open(back, "rb") as file:
            self.assertEqual(file.read(), content)

    def forward(self, program):
        with subprocess.Popen(self.words(program, "port-forward", "target", ":7001"), stdout=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline()
                self.assertIn("Forwarding from 127.0.0.1:", line)
                with contextlib.closing(socket_in(self.lab.control_namespace)) as connection:
                    connection.connect(("127.0.0.1", int(line.split("127.0.0.1:")[1].split(" ")[0])))
                    connection.sendall(b"forwarded")
                    found = b""
                    while len(found) < len(b"forwarded"):
                        part = connection.recv(100)
                        self.assertTrue(part, f"the connection ended after {found}")
                        found += part
                    self.assertEqual(found, b"forwarded")
            finally:
                process.kill()

    def pages(self, program):
        for path in ("pods", "stats/summary", "metrics", "metrics/resource", "metrics/cadvisor", "configz", "healthz"):
            answer = self.run_kubectl(program, "get", "--raw", f"/api/v1/nodes/node-1/proxy/{path}")
            self.assertEqual(answer.returncode, 0, (path, answer.stderr))
            self.assertTrue(answer.stdout, path)
