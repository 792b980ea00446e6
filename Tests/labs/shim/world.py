"""A spawner in a run directory of its own, with an image of busybox and a cgroup."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import tempfile

from labs import busybox, cgroups
from labs.files import write_text
from labs.mounts import mount_points
from labs.processes import alive, start_time
from labs.programs import program
from labs.shim import wire
from labs.shim.wire import Client
from labs.waiting import wait_until


class World:
    """`with World() as world:` starts the spawner; leaving it undoes everything. The keywords are those of `start_spawner`."""

    def __init__(self, **settings):
        self.settings = settings
        self.spawner = None
        self.counter = 0

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.base = tempfile.mkdtemp(prefix="swl-shim-")
            stack.callback(shutil.rmtree, self.base, ignore_errors=True)
            self.run = self.base + "/run"
            os.makedirs(self.run + "/sandboxes", 0o700)
            self.image = self.base + "/image"
            self.make_image()
            hierarchy = cgroups.hierarchy()
            self.cgroup = hierarchy and f"{hierarchy}/{os.path.basename(self.base)}"
            if self.cgroup:
                os.mkdir(self.cgroup)
                stack.callback(cgroups.remove, self.cgroup)
            stack.callback(self.kill_leftovers)
            stack.callback(self.stop_spawner)
            self.start_spawner(**self.settings)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def make_image(self):
        busybox.make_root(self.image, "usr/bin", "tmp", "proc", "sys", "dev", "home")
        os.chmod(self.image + "/tmp", 0o1777)
        write_text(self.image + "/bin/noexec", "plain text\n")
        write_text(self.image + "/bin/badformat", "neither script nor ELF\n")
        os.chmod(self.image + "/bin/badformat", 0o755)
        os.mkdir(self.image + "/home/closed", 0o700)

    def start_spawner(self, environment=None, before=(), groups=None):
        """Starts the spawner with an environment, behind the words `before`, with supplementary groups."""
        command = [*before, program("swiftlet-shim"), "spawner", "--run-dir", self.run, "--pidfile", self.base + "/spawner.pid"]
        self.spawner = subprocess.Popen(command, env=environment, extra_groups=groups)

        def listens():
            assert self.spawner.poll() is None, "the spawner ended"
            return os.path.exists(self.run + "/spawner.sock") and os.path.exists(self.base + "/spawner.pid")

        wait_until("the spawner to listen", listens, 10)

    def stop_spawner(self):
        if self.spawner and self.spawner.poll() is None:
            self.spawner.terminate()
            assert self.spawner.wait(10) == 0

    def client(self):
        return Client(self.run + "/spawner.sock")

    def name(self, prefix):
        """Returns a name that is unique in this world."""
        self.counter += 1
        return f"{prefix}{self.counter}"

    def kill_leftovers(self):
        """Kills the processes of a failed test: containers by cgroup, then pauses and shims by the state files, with pid and start time compared."""
        if self.cgroup:
            cgroups.kill(self.cgroup)
        for path in glob.glob(self.run + "/sandboxes/*/state"):
            for pid, _, start, _ in reversed(wire.sandbox_processes(path)):
                if pid and alive(pid) and start_time(pid) == start:
                    os.kill(pid, signal.SIGKILL)

    def leaks(self):
        """Returns the things of this world that remain after its end, by kind. Other worlds may mount and unmount at the same time."""
        found = {"mounts": [place for place in mount_points() if self.base in place], "cgroups": [self.cgroup] if self.has_cgroup() else []}
        return {kind: things for kind, things in found.items() if things}

    def has_cgroup(self):
        return bool(self.cgroup and os.path.exists(self.cgroup))
