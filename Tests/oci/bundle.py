"""Bundles for the OCI tests, and the program under test, driven as a container manager drives it."""

import copy
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

APPLETS = "sh cat echo sleep id ls mount touch test hostname kill env true false ps stty tty grep head ulimit umask readlink mkdir dd wc ionice uname taskset seq".split()

CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_SETGID", "CAP_NET_BIND_SERVICE"]

BASE = {
    "ociVersion": "1.2.0",
    "process": {
        "user": {"uid": 0, "gid": 0}, "args": ["true"], "env": ["PATH=/bin", "TERM=xterm"], "cwd": "/",
        "capabilities": {name: CAPABILITIES for name in ("bounding", "effective", "permitted")},
        "noNewPrivileges": True,
    },
    "root": {"path": "rootfs"},
    "hostname": "box",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    ],
    "linux": {
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
        "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
    },
}


def programs():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    return os.environ.get("SWIFTLET_TEST_BIN", os.path.join(root, "build", "bin"))


def command():
    folder = programs()
    return [os.path.join(folder, "swiftlet"), "oci", "--shim", os.path.join(folder, "swiftlet-shim"), "--pause", os.path.join(folder, "swiftlet-pause")]


def read(path):
    with open(path) as file:
        return file.read()


def command_lines():
    """Of every process, by pid: the words."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                found[int(pid)] = line.read().decode(errors="replace").split("\0")
        except OSError:
            continue
    return found


def cgroup_mount():
    with open("/proc/self/mountinfo") as table:
        points = [line.split()[4] for line in table if " - cgroup2 " in line]
    return "/sys/fs/cgroup" if "/sys/fs/cgroup" in points else points[0] if points else None


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit {self.code}, stdout {self.out!r}, stderr {self.err!r}"


@unittest.skipUnless(os.geteuid() == 0, "needs root: containers are made")
class OCITest(unittest.TestCase):
    """A folder with a root for the runtime and one root file system. Whatever a test leaves is deleted, and then nothing may be left."""

    @classmethod
    def setUpClass(cls):
        if not os.access("/bin/busybox", os.X_OK):
            raise unittest.SkipTest("needs /bin/busybox of busybox-static")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="swiftlet-oci-")
        self.root = self.folder + "/run"
        self.rootfs = self.folder + "/bundle/rootfs"
        self.ids = []
        for name in ("bin", "proc", "dev", "sys", "tmp", "etc"):
            os.makedirs(f"{self.rootfs}/{name}")
        shutil.copy("/bin/busybox", self.rootfs + "/bin/busybox")
        for applet in APPLETS:
            os.symlink("busybox", f"{self.rootfs}/bin/{applet}")
        with open(self.rootfs + "/etc/passwd", "w") as users:
            users.write("root:x:0:0:root:/:/bin/sh\n")
        self.addCleanup(self.clear)

    def clear(self):
        for name in self.ids:
            self.oci("delete", "--force", name)
        left = os.listdir(self.root + "/sandboxes") if os.path.isdir(self.root + "/sandboxes") else []
        spawner = self.spawner()
        if spawner:
            os.kill(spawner, signal.SIGTERM)
            self.wait(spawner)
        with open("/proc/self/mountinfo") as table:
            mounts = [line.split()[4] for line in table if self.folder in line]
        shutil.rmtree(self.folder)
        group = cgroup_mount()
        for name in ("swiftlet-oci", "swiftlet-oci-shims"):
            try:
                os.rmdir(f"{group}/{name}")
            except OSError:
                pass  # somebody else's containers live there
        self.assertEqual([], left, "containers are left")
        self.assertEqual([], mounts, "mounts are left")
        for name in self.ids:
            self.assertFalse(os.path.exists(f"{group}/swiftlet-oci/{name}"), f"the cgroup of {name} is left")

    def spawner(self):
        """Its pid; None when there is none."""
        return next((pid for pid, words in command_lines().items() if "spawner" in words and self.root in words), None)

    # The program

    def oci(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, options=(), timeout=60):
        line = command() + ["--root", self.root, *options, *arguments]
        return Result(subprocess.run(line, stdin=stdin, stdout=stdout, stderr=stderr, timeout=timeout, text=True, check=False))

    def new_id(self):
        name = f"{os.path.basename(self.folder)[-8:].lower().replace('_', 'x')}{len(self.ids)}"
        self.ids.append(name)
        return name

    def config(self, *args, change=None):
        """A config.json whose program is `args`; `change` alters it."""
        config = copy.deepcopy(BASE)
        if args:
            config["process"]["args"] = list(args)
        if change:
            change(config)
        self.write(config)
        return config

    def write(self, config):
        with open(self.folder + "/bundle/config.json", "w") as file:
            file.write(config if isinstance(config, str) else json.dumps(config))

    def create(self, name, *arguments, **how):
        return self.oci("create", "--bundle", self.folder + "/bundle", *arguments, name, **how)

    def must(self, *arguments, **how):
        result = self.oci(*arguments, **how)
        self.assertEqual(0, result.code, f"{arguments}: {result}")
        return result

    def created(self, *arguments, output=None):
        """A container in the state created; its output goes to the file `output`."""
        name = self.new_id()
        with open(output or "/dev/null", "w") as file:
            result = self.create(name, *arguments, stdout=file, stderr=file)
        self.assertEqual(0, result.code, read(output) if output else result)
        return name

    def running(self, change=None):
        """A container whose program sleeps."""
        self.config("sleep", "1000", change=change)
        name = self.created()
        self.must("start", name)
        return name

    def console(self, do):
        """Listens on a socket of its own while `do` is called with its path: what that returns, and the terminal that was handed over."""
        path, got = self.folder + "/console", []

        def take():
            connection, _ = listener.accept()
            with connection:
                got.extend(socket.recv_fds(connection, 100, 4)[1])
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            listener.listen()
            thread = threading.Thread(target=take, daemon=True)
            thread.start()
            result = do(path)
            thread.join(30)
        self.assertEqual(1, len(got), "descriptors that came to the console socket")
        return result, got[0]

    def refused(self, result, *words, code=1):
        self.assertEqual(code, result.code, result)
        for word in words:
            self.assertIn(word, result.err)

    def state(self, name):
        return json.loads(self.must("state", name).out)

    def wait(self, pid):
        """Until that process has ended."""
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        ready, _, _ = select.select([fd], [], [], 30)
        os.close(fd)
        self.assertTrue(ready, f"process {pid} does not end")

    def run_line(self, line, change=None, **how):
        """Runs a shell line in a container of its own, to its end."""
        self.config("sh", "-c", line, change=change)
        return self.oci("run", "--bundle", self.folder + "/bundle", self.new_id(), **how)

    def seen(self, line, change=None):
        """What a shell line prints in a container; it must succeed."""
        result = self.run_line(line, change)
        self.assertEqual(0, result.code, result)
        return result.out.strip()
