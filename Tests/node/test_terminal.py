"""kubectl exec -it and attach, from a real terminal."""
import contextlib
import select
import subprocess

from labs.node.case import NodeCase
from labs.node.pods import FOREVER
from labs.programs import program
from labs.terminal import Terminal
from labs.waiting import wait_until

# `read` comes back when the size has changed; the terminal has no end of file.
SHELL = "trap 'busybox stty size' WINCH; echo begin; while :; do read line && echo \"got $line\"; [ \"$line\" = end ] && exit 5; done"


class Terminals(NodeCase):
    def kubectl(self, *arguments, **options):
        lab = self.lab
        return Terminal([*lab.inside(lab.control_namespace), "kubectl", "--kubeconfig", lab.admin, *arguments], **options)

    def run_pod(self, name, script, **container):
        self.start_pod(name, script, container=container)

    def test_exec_with_a_terminal(self):
        self.run_pod("host", FOREVER)
        with self.kubectl("exec", "-it", "host", "--", "sh", "-c", "busybox tty; " + SHELL, rows=33, columns=101) as terminal:
            self.assertIn("/dev/pts/", terminal.read_until("begin"))
            terminal.type("one\n")
            terminal.read_until("got one")
            terminal.size(40, 120)
            terminal.read_until("40 120")
            # Ctrl-C goes to the program, not to kubectl.
            terminal.type("\x03")
            self.assertEqual(terminal.wait(), 130)
        with self.kubectl("exec", "-it", "host", "--", "sh", "-c", SHELL) as terminal:
            terminal.read_until("begin")
            terminal.type("end\n")
            self.assertEqual(terminal.wait(), 5)
        # Closing the terminal hangs up.
        with self.kubectl("exec", "-it", "host", "--", "sh", "-c", "echo begin; exec sleep 4321") as terminal:
            terminal.read_until("begin")
        wait_until("the program to be gone", lambda: "sleep 4321" not in self.lab.kubectl("exec", "host", "--", "busybox", "ps").stdout, 20)
        self.lab.delete("pod", "host")

    def test_operators_terminal(self):
        """A terminal of the operator's command works without an API server in between."""
        lab = self.lab
        self.run_pod("local", FOREVER)
        command = [*lab.inside(lab.node_namespace), program("swiftlet"), "exec", "-it", "--socket", lab.path("run", "admin.sock"), "local", "--"]
        with Terminal([*command, "sh", "-c", SHELL], rows=31, columns=99) as terminal:
            terminal.read_until("begin")
            terminal.size(42, 122)
            terminal.read_until("42 122")
            terminal.type("end\n")
            self.assertEqual(terminal.wait(), 5)
        refused = lab.swiftlet("exec", "-it", "local", "--", "sh", input="", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no terminal", refused.stderr)
        lab.delete("pod", "local")

    def test_attach_to_a_terminal(self):
        self.run_pod("shell", SHELL, tty=True, stdin=True)
        with self.kubectl("attach", "-it", "shell", rows=20, columns=70) as terminal:
            # kubectl sets the size twice, so that a program draws itself anew.
            terminal.read_until("20 70")
            terminal.type("one\n")
            terminal.read_until("got one")
            terminal.size(41, 121)
            terminal.read_until("41 121")
        # The container outlives the client.
        with self.kubectl("attach", "-it", "shell") as terminal:
            terminal.read_until("24 80")
            terminal.type("two\n")
            terminal.read_until("got two")
        self.assertEqual(self.container("shell")["restartCount"], 0)
        log = self.lab.kubectl("logs", "shell").stdout
        self.assertTrue(all(word in log for word in ("begin", "got one", "got two")), log)
        self.lab.delete("pod", "shell", "--grace-period=1")

    def test_attach_without_a_terminal(self):
        lab = self.lab
        script = "echo before; while read line; do echo \"out $line\"; echo \"err $line\" >&2; done; echo over; exec sleep 1000"
        self.run_pod("cat", script, stdin=True, stdinOnce=True)
        with self.attach("cat", "-i") as first, self.attach("cat") as watcher:
            # The second client gets only the lines after it has attached.
            number = 0
            while not select.select([watcher.stdout], [], [], 0)[0]:
                number += 1
                first.stdin.write(f"{number}\n".encode())
                self.assertEqual(first.stdout.readline(), f"out {number}\n".encode())
                self.assertEqual(first.stderr.readline(), f"err {number}\n".encode())
            # The end of the only input is the container's end of file.
            first.stdin.close()
            lines = list(iter(watcher.stdout.readline, b"over\n"))
            since = number - len(lines) + 1
            self.assertEqual(lines, [f"out {count}\n".encode() for count in range(since, number + 1)])
            lab.delete("pod", "cat", "--grace-period=1")
            self.assertEqual((first.wait(30), watcher.wait(30)), (0, 0))

    @contextlib.contextmanager
    def attach(self, name, *options):
        lab = self.lab
        command = [*lab.inside(lab.control_namespace), "kubectl", "--kubeconfig", lab.admin, "attach", name, "--quiet", *options]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
            try:
                yield process
            finally:
                process.kill()
