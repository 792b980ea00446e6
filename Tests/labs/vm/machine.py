"""A virtual machine of emulated processors, and a way to run commands in it."""
import base64
import os
import select
import socket
import subprocess
import time

PORT = "swiftlet.test"


class MachineError(Exception):
    pass


class Machine:
    """One qemu process. Commands go over a virtio port to the unit vm-test.service, which starts before all other units."""

    def __init__(self, folder, wrapper, tap):
        self.folder = folder
        self.wrapper = wrapper
        self.tap = tap
        self.process = None
        self.channel = None
        self.buffer = b""
        self.boot_id = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, memory=2048):
        self.process = subprocess.Popen(
            [*self.wrapper, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(memory), "-display", "none",
             "-nodefaults", "-kernel", self.path("kernel"), "-initrd", self.path("ramdisk"),
             "-append", "console=ttyS0 root=/dev/vda rw net.ifnames=0 panic=-1 loglevel=4 systemd.show_status=0",
             "-serial", f"file:{self.path('console.log')}",
             "-drive", f"file={self.path('disk')},format=raw,if=virtio,cache=unsafe", "-drive",
             f"file={self.path('swap')},format=raw,if=virtio,cache=unsafe",
             "-netdev", f"tap,id=net,ifname={self.tap},script=no,downscript=no", "-device", "virtio-net-pci,netdev=net",
             "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=test,path={self.path('test.sock')},server=on,wait=off", "-device", f"virtserialport,chardev=test,name={PORT}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.path("qemu.log"), "w"), cwd="/",
        )  # fmt: skip
        self.channel = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.channel.connect(self.path("test.sock"))
                break
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    with open(self.path("qemu.log")) as file:
                        raise MachineError(f"qemu did not start: {file.read().strip() or error}") from None
                time.sleep(0.05)

    def stop(self):
        if self.channel is not None:
            self.channel.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def power_off(self, seconds=60):
        """Powers off as an administrator would; returns whether the machine ended by itself."""
        self.send("systemctl --no-block poweroff")
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    # Commands

    def await_boot(self, seconds=180):
        """Waits for the greeting of another boot than the last known one."""
        deadline = time.monotonic() + seconds
        while True:
            words = self.line(deadline, "the machine to boot").split()
            if len(words) == 2 and words[0] == b"HELLO" and words[1] != self.boot_id:
                self.boot_id = words[1]
                return

    def reboot(self, command="systemctl --no-block reboot", seconds=240):
        self.send(command)
        self.await_boot(seconds)

    def run(self, script, seconds=60, check=True):
        """Runs a script with bash as root; returns the same as subprocess.run()."""
        self.send(script, seconds)
        deadline = time.monotonic() + seconds + 30
        while True:
            words = self.line(deadline, f"an answer to: {script}").split(b" ")
            if words[0] == b"DONE":
                break
            if words[0] == b"HELLO" and words[1] != self.boot_id:
                raise MachineError(f"the machine booted again while it ran: {script}")
        code, output, errors = int(words[1]), *(base64.b64decode(word).decode(errors="replace") for word in words[2:4])
        if check and code != 0:
            raise MachineError(f"exit code {code} of: {script}\n{output}{errors}")
        return subprocess.CompletedProcess(script, code, output, errors)

    def send(self, script, seconds=60):
        self.channel.sendall(b"%d %s\n" % (seconds, base64.b64encode(script.encode())))

    def line(self, deadline, what):
        while b"\n" not in self.buffer:
            if self.process.poll() is not None:
                raise MachineError(f"the machine ended with {self.process.returncode} while waiting for {what}")
            ready, _, _ = select.select([self.channel], [], [], min(1, max(0, deadline - time.monotonic())))
            if ready:
                data = self.channel.recv(1 << 16)
                if not data:
                    raise MachineError(f"the machine hung up while waiting for {what}")
                self.buffer += data
            elif time.monotonic() > deadline:
                raise MachineError(f"waited too long for {what}")
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line
