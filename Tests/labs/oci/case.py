"""The base of the OCI tests: a root for the runtime and a bundle for each test."""
import copy
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from labs import busybox, cgroups
from labs.case import LabCase, needs_root
from labs.files import read_text, write_text
from labs.mounts import mount_points_below, unmount_below
from labs.oci.bundle import BASE
from labs.processes import spawner_of
from labs.programs import program
from labs.waiting import wait_for_end


def command():
    return [program("swiftlet"), "oci", "--shim", program("swiftlet-shim"), "--pause", program("swiftlet-pause")]


def container_cgroup(name):
    """The cgroup of a container whose configuration names none."""
    return f"{cgroups.hierarchy()}/swiftlet-oci/{name}"


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return f"exit {self.code}, stdout {self.out!r}, stderr {self.err!r}"


@needs_root
class OCICase(LabCase):
    """A folder with a root for the runtime and one root file system. After each test its containers are deleted, and nothing may remain."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not busybox.installed():
            raise unittest.SkipTest("needs /bin/busybox of busybox-static")

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="swiftlet-oci-")
        self.root = self.folder + "/run"
        self.rootfs = self.folder + "/bundle/rootfs"
        self.ids = []
        # Last in, first out, and each also after a failure of the one before.
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(unmount_below, self.folder)
        self.addCleanup(self.check_leftovers)
        self.addCleanup(self.stop_spawner)
        self.addCleanup(self.delete_containers)
        busybox.make_root(self.rootfs, "proc", "dev", "sys", "tmp")

    def delete_containers(self):
        for name in self.ids:
            self.oci("delete", "--force", name)

    def stop_spawner(self):
        spawner = spawner_of(self.root)
        if spawner:
            os.kill(spawner, signal.SIGTERM)
            self.wait(spawner)

    def check_leftovers(self):
        left = os.listdir(self.root + "/sandboxes") if os.path.isdir(self.root + "/sandboxes") else []
        mounted = mount_points_below(self.folder)
        group = cgroups.hierarchy()
        # Other containers may use these cgroups.
        cgroups.remove_if_empty(f"{group}/swiftlet-oci", f"{group}/swiftlet-oci-shims")
        self.assertEqual([], left, "containers are left")
        self.assertEqual([], mounted, "mounts are left")
        for name in self.ids:
            self.assertFalse(os.path.exists(container_cgroup(name)), f"the cgroup of {name} is left")

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
        write_text(self.folder + "/bundle/config.json", config if isinstance(config, str) else json.dumps(config))

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
        self.assertEqual(0, result.code, read_text(output) if output else result)
        return name

    def running(self, change=None):
        """A container whose program sleeps."""
        self.config("sleep", "1000", change=change)
        name = self.created()
        self.must("start", name)
        return name

    def console(self, do):
        """Calls `do` with the path of a console socket; returns the result of `do` and the terminal received on the socket."""
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
        """Waits until the process has ended."""
        wait_for_end(pid)

    def run_line(self, line, change=None, **how):
        """Runs a shell line in a container of its own, to its end."""
        self.config("sh", "-c", line, change=change)
        return self.oci("run", "--bundle", self.folder + "/bundle", self.new_id(), **how)

    def seen(self, line, change=None):
        """Returns the output of a shell line in a container; the line must succeed."""
        result = self.run_line(line, change)
        self.assertEqual(0, result.code, result)
        return result.out.strip()
