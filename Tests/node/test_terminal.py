"""kubectl exec -it and attach, from a real terminal."""
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from swiftlab.case import FOREVER, NodeCase, manifest
from swiftlab.lab import program, wait_until

# `read` comes back when the size has changed; the terminal has no end of file.
SHELL = "trap 'busybox stty size' WINCH; echo begin; while :; do read line && echo \"got $line\"; [ \"$line\" = end ] && exit 5; done"


class Terminal:
    """A program on a pseudo terminal: what a person at a keyboard sees and does."""

    def __init__(self, command, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.size(rows, columns)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=self.control)
        os.close(slave)
        self.seen = ""

    @staticmethod
    def control():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, text, seconds=30):
        """What came up to and with `text`."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"waited {seconds} s for {text!r}, found {self.seen!r}")
            try:
                part = os.read(self.master, 65536)
            except OSError:
                part = b""
            if not part:
                raise EOFError(f"wanted {text!r}, found {self.seen!r} and the end")
            self.seen += part.decode(errors="replace")
        end = self.seen.index(text) + len(text)
        found, self.seen = self.seen[:end], self.seen[end:]
        return found

    def wait(self, seconds=30):
        """The exit code; what is written meanwhile is read."""
        with contextlib.suppress(EOFError):
            self.read_until("\0", seconds)
        return self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)


class Terminals(NodeCase):
    def kubectl(self, *arguments, **options):
        lab = self.lab
        return Terminal([*lab.inside(lab.control_namespace), "kubectl", "--kubeconfig", lab.admin, *arguments], **options)

    def run_pod(self, name, script, **container):
        self.lab.apply(manifest(name, script, container=container))
        self.lab.wait_for("pod", name, "Ready")

    def test_exec_with_a_terminal(self):
        self.run_pod("host", FOREVER)
        with self.kubectl("exec", "-it", "host", "--", "sh", "-c", "busybox tty; " + SHELL, rows=33, columns=101) as terminal:
            self.assertIn("/dev/pts/", terminal.read_until("begin"))
            terminal.type("one\n")
            terminal.read_until("got one")
            terminal.size(40, 120)
            terminal.read_until("40 120")
            # Ctrl-C is the program's, not kubectl's.
            terminal.type("\x03")
            self.assertEqual(terminal.wait(), 130)
        with self.kubectl("exec", "-it", "host", "--", "sh", "-c", SHELL) as terminal:
            terminal.read_until("begin")
            terminal.type("end\n")
            self.assertEqual(terminal.wait(), 5)
        # Who closes the window hangs up.
        with self.kubectl("exec", "-it", "host", "--", "sh", "-c", "echo begin; exec sleep 4321") as terminal:
            terminal.read_until("begin")
        wait_until("the program to be gone", lambda: "sleep 4321" not in self.lab.kubectl("exec", "host", "--", "busybox", "ps").stdout, 20)
        self.lab.delete("pod", "host")

    def test_operators_terminal(self):
        """The same without an API server in between."""
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
        # The client has gone, the container has not noticed.
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
            # Only a line that comes when the second client is there is for it as well.
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


if __name__ == "__main__":
    unittest.main()
