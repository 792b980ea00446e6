"""A program on a pseudo terminal, with the test in the place of a person at a keyboard."""
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


class Terminal:
    def __init__(self, command, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.size(rows, columns)
        self.settings_before = self.settings()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=self.control)
        os.close(slave)
        self.seen = ""

    @staticmethod
    def control():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def settings(self):
        """Returns modes, keys and speed of the terminal, which a program may change."""
        return termios.tcgetattr(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, text, seconds=30):
        """Returns the output up to and with `text`."""
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
        """Reads the rest of the output and returns the exit code."""
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
