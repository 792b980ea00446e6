"""What the tests run in: a spawner in a run directory of its own, a busybox root, a cgroup; all of it undone at the end."""
import glob
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import wire
from pipes import read_all
from records import DEFAULT_CAPS, device, mount, namespaces, process, standard_mounts, sysctl  # noqa: F401, the tests take them from here
from wire import C, Client, Exit, field, record, record_fd, u32


def find_cgroup2():
    for line in open("/proc/self/mountinfo"):
        parts = line.split()
        if parts[parts.index("-") + 1] == "cgroup2":
            return parts[4]
    return None


def alive(pid):
    """Zombies do not count: reaping the shim is the business of the machine's init."""
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition):
    """For what nobody is told of."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.002)
    return condition()


class World:
    def __init__(self, binaries):
        self.binaries = os.path.abspath(binaries)
        self.base = tempfile.mkdtemp(prefix="swl-shim-")
        self.run = self.base + "/run"
        os.makedirs(self.run + "/sandboxes", 0o700)
        self.image = self.base + "/image"
        self.make_image()
        hierarchy = find_cgroup2()
        self.cgroup = hierarchy and f"{hierarchy}/{os.path.basename(self.base)}"
        if self.cgroup:
            os.mkdir(self.cgroup)
        self.spawner = None
        self.counter = 0

    def make_image(self):
        for name in ("bin", "usr/bin", "etc", "tmp", "proc", "sys", "dev", "home"):
            os.makedirs(f"{self.image}/{name}")
        shutil.copy("/bin/busybox", self.image + "/bin/busybox")
        for applet in subprocess.check_output(["/bin/busybox", "--list"], text=True).split():
            if not os.path.lexists(f"{self.image}/bin/{applet}"):
                os.symlink("busybox", f"{self.image}/bin/{applet}")
        os.chmod(self.image + "/tmp", 0o1777)
        with open(self.image + "/etc/passwd", "w") as file:
            file.write("root:x:0:0::/:/bin/sh\n")
        with open(self.image + "/bin/noexec", "w") as file:
            file.write("plain text\n")
        with open(self.image + "/bin/badformat", "w") as file:
            file.write("neither script nor ELF\n")
        os.chmod(self.image + "/bin/badformat", 0o755)
        os.mkdir(self.image + "/home/closed", 0o700)

    def start_spawner(self, environment=None, before=(), groups=None):
        self.spawner = subprocess.Popen([*before, self.binaries + "/swiftlet-shim", "spawner", "--run-dir", self.run, "--pidfile",
                                         self.base + "/spawner.pid"], env=environment, extra_groups=groups)
        path = self.run + "/spawner.sock"
        for _ in range(2000):
            if os.path.exists(path) and os.path.exists(self.base + "/spawner.pid"):
                return
            assert self.spawner.poll() is None, "the spawner ended"
            time.sleep(0.002)
        raise AssertionError("the spawner does not listen")

    def stop_spawner(self):
        self.spawner.terminate()
        assert self.spawner.wait(10) == 0

    def client(self):
        return Client(self.run + "/spawner.sock")

    def name(self, prefix):
        self.counter += 1
        return f"{prefix}{self.counter}"

    def kill_leftovers(self):
        """After a failed test: containers by cgroup, then pauses and shims by the state files, pid and start time compared."""
        if self.cgroup:
            with open(self.cgroup + "/cgroup.kill", "w") as file:
                file.write("1")
        for path in glob.glob(self.run + "/sandboxes/*/state"):
            with open(path, "rb") as file:
                state = file.read()
            for offset in (32, 8):
                pid, _, start, _ = wire.PROCESS.unpack_from(state, offset)
                if pid and alive(pid) and int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[19]) == start:
                    os.kill(pid, signal.SIGKILL)

    def close(self):
        if self.spawner and self.spawner.poll() is None:
            self.stop_spawner()
        self.kill_leftovers()
        if self.cgroup:
            for directory, _, _ in os.walk(self.cgroup, topdown=False):
                for _ in range(100):
                    try:
                        os.rmdir(directory)
                        break
                    except OSError:
                        time.sleep(0.01)
        shutil.rmtree(self.base, ignore_errors=True)


class Sandbox:
    """A sandbox with its client. `with` shuts it down."""

    def __init__(self, world, create=True, network=1, ipc=1, uts=1, pid=0, fields=(), spawn=True):
        self.world = world
        self.id = world.name("pod-")
        self.directory = f"{world.run}/sandboxes/{self.id}"
        for path in (self.directory, self.directory + "/containers"):
            os.mkdir(path, 0o700)
        self.cgroups = []
        with world.client() as spawner:
            reply = spawner.call(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], self.id)])
            self.shim = wire.PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0]
            reply.close()
        self.client = self.connect()
        self.client.call(C["SWL_VERB_SUBSCRIBE"])
        self.closed = False
        self.extra = fields
        self.modes = dict(network=network, ipc=ipc, uts=uts, pid=pid, cgroup=0)
        if create:
            reply = self.create()
            self.pause = wire.PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0]
            reply.close()

    def connect(self):
        return Client(self.directory + "/shim.sock")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.closed:
            self.shutdown()

    def shutdown(self):
        self.closed = True
        self.client.call(C["SWL_VERB_SHUTDOWN"])
        self.client.close()
        for _ in range(500):
            if not alive(self.shim):
                break
            time.sleep(0.002)
        self.remove_cgroups()

    def remove_cgroups(self):
        for path in self.cgroups:
            for _ in range(100):
                try:
                    os.rmdir(path)
                    break
                except OSError:
                    time.sleep(0.005)

    def create(self):
        fields = [field(C["SWL_TAG_NAMESPACES"], namespaces(**self.modes)),
                  field(C["SWL_TAG_PAUSE_PATH"], self.world.binaries + "/swiftlet-pause"), *self.extra]
        fd = record_fd(record(C["SWL_KIND_SANDBOX"], fields))
        try:
            return self.client.call(C["SWL_VERB_CREATE_SANDBOX"], fds=[(C["SWL_FD_RECORD"], fd)])
        finally:
            os.close(fd)

    def layers(self, cid):
        base = f"{self.world.base}/containers/{cid}"
        for name in ("root", "upper", "work"):
            os.makedirs(f"{base}/{name}", exist_ok=True)
        return base

    def launch_fields(self, cid, args, *, mounts=None, extra=(), lowers=None, upper=True, log=True, ns=None, limits=None, stdin=0,
                      hold=False, **settings):
        base = self.layers(cid)
        out = process(args, **settings)
        out += [field(C["SWL_TAG_ROOT_PATH"], base + "/root")]
        out += [field(C["SWL_TAG_ROOT_OVERLAY_LOWER"], path) for path in (lowers or [self.world.image])]
        if upper:
            out += [field(C["SWL_TAG_ROOT_OVERLAY_UPPER"], base + "/upper"), field(C["SWL_TAG_ROOT_OVERLAY_WORK"], base + "/work")]
        out += standard_mounts() if mounts is None else mounts
        out.append(field(C["SWL_TAG_NAMESPACES"], ns or namespaces()))
        if log:
            out.append(field(C["SWL_TAG_LOG_PATH"], self.log_path(cid)))
        if limits:
            out.append(field(C["SWL_TAG_LOG_LIMITS"], struct.pack("=QII", *limits, 0)))
        if stdin:
            out.append(field(C["SWL_TAG_PROCESS_STDIN"], u32(stdin)))
        if hold:
            out.append(field(C["SWL_TAG_PROCESS_HOLD"], u32(1)))
        return out + list(extra)

    def log_path(self, cid):
        return f"{self.world.base}/{self.id}-{cid}.log"

    def log(self, cid):
        return open(self.log_path(cid), "rb").read()

    def lines(self, cid, stream=None):
        """(stream, tag, content) of every line; the time stamps are checked."""
        out = []
        for line in self.log(cid).split(b"\n")[:-1]:
            stamp, name, tag, content = line.split(b" ", 3)
            assert len(stamp) == 30 and stamp.endswith(b"Z") and stamp[10:11] == b"T", stamp
            if stream in (None, name.decode()):
                out.append((name.decode(), tag.decode(), content))
        return out

    def output(self, cid):
        return b"".join(content + (b"\n" if tag == "F" else b"") for _, tag, content in self.lines(cid)).decode()

    def make_cgroup(self, cid):
        if not self.world.cgroup:
            return -1
        path = f"{self.world.cgroup}/{self.id}-{cid}"
        if not os.path.isdir(path):
            os.mkdir(path)
            self.cgroups.append(path)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def launch(self, cid, args, sources=(), cgroup=True, data=None, **settings):
        os.makedirs(f"{self.directory}/containers/{cid}", 0o700, exist_ok=True)
        if data is None:
            data = record(C["SWL_KIND_LAUNCH"], self.launch_fields(cid, args, **settings))
        fd = record_fd(data)
        group = self.make_cgroup(cid) if cgroup else -1
        fds = [(C["SWL_FD_RECORD"], fd)] + ([(C["SWL_FD_CGROUP"], group)] if group >= 0 else [])
        fds += [(C["SWL_FD_MOUNT_SOURCE"], source) for source in sources]
        try:
            reply = self.client.call(C["SWL_VERB_LAUNCH"], [field(C["SWL_TAG_CONTAINER_ID"], cid)], fds)
            reply.close()
            reply.pid = wire.PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0]
            return reply
        finally:
            os.close(fd)
            if group >= 0:
                os.close(group)

    def wait(self, cid):
        message = self.client.event(C["SWL_EVENT_EXITED"], SWL_TAG_CONTAINER_ID=cid)
        return Exit(message.get(C["SWL_TAG_EXIT"]))

    def run(self, cid, args, **settings):
        """Launches, waits, returns (exit code, output)."""
        self.launch(cid, args, **settings)
        code = self.wait(cid).code
        return code, self.output(cid)

    def shell(self, script, cid=None, **settings):
        return self.run(cid or self.world.name("c"), ["sh", "-c", script], **settings)

    def exec(self, cid, eid, args, stdio=(-1, -1, -1), cgroup=-1, keep=False, **settings):
        """`keep`: the descriptors of the reply are the caller's to close."""
        fd = record_fd(record(C["SWL_KIND_EXEC"], process(args, **settings)))
        fds = [(C["SWL_FD_RECORD"], fd)] + [(C["SWL_FD_STDIN"] + i, s) for i, s in enumerate(stdio) if s >= 0]
        fds += [(C["SWL_FD_CGROUP"], cgroup)] if cgroup >= 0 else []
        try:
            reply = self.client.call(C["SWL_VERB_EXEC"], [field(C["SWL_TAG_CONTAINER_ID"], cid), field(C["SWL_TAG_EXEC_ID"], eid)], fds)
            if not keep:
                reply.close()
            return reply
        finally:
            os.close(fd)

    def exec_terminal(self, cid, eid, args, **settings):
        """The descriptor of the terminal."""
        reply = self.exec(cid, eid, args, keep=True, terminal=True, **settings)
        os.close(reply.fd(C["SWL_FD_PIDFD"]))
        return reply.fd(C["SWL_FD_TERMINAL"])

    def exec_output(self, cid, eid, args, **settings):
        """Runs to the end: (exit code, what came out of stdout and stderr until nobody held them any more)."""
        read, write = os.pipe()
        try:
            self.exec(cid, eid, args, (-1, write, write), **settings)
        finally:
            os.close(write)
        out = read_all(read)
        return self.wait_exec(eid).code, out.decode()

    def attach(self, cid, out=True, err=True):
        """The read ends of pipes for stdout and stderr, -1 for one that is not wanted."""
        ends = [os.pipe() if wanted else (-1, -1) for wanted in (out, err)]
        fds = [(C["SWL_FD_STDOUT"] + i, write) for i, (_, write) in enumerate(ends) if write >= 0]
        try:
            self.client.call(C["SWL_VERB_ATTACH"], [field(C["SWL_TAG_CONTAINER_ID"], cid)], fds).close()
        except Exception:
            for read, _ in ends:
                if read >= 0:
                    os.close(read)
            raise
        finally:
            for _, write in ends:
                if write >= 0:
                    os.close(write)
        return ends[0][0], ends[1][0]

    def resize(self, cid, rows, columns):
        self.client.call(C["SWL_VERB_RESIZE"], [field(C["SWL_TAG_CONTAINER_ID"], cid),
                                                field(C["SWL_TAG_CONSOLE_SIZE"], struct.pack("=4H", rows, columns, 0, 0))])

    def stdin(self, cid):
        """A write end of the container's stdin."""
        return self.container_verb("SWL_VERB_STDIN", cid).fd(C["SWL_FD_STDIN"])

    def wait_log(self, cid, text, seconds=20):
        """Waits until the log contains `text`."""
        end = time.monotonic() + seconds
        while text not in self.log(cid):
            assert time.monotonic() < end, (text, self.log(cid)[-2000:])
            time.sleep(0.002)

    def wait_exec(self, eid):
        return Exit(self.client.event(C["SWL_EVENT_EXEC_EXITED"], SWL_TAG_EXEC_ID=eid).get(C["SWL_TAG_EXIT"]))

    def signal(self, cid, number, flags=0, eid=None):
        fields = [field(C["SWL_TAG_CONTAINER_ID"], cid), field(C["SWL_TAG_SIGNAL"], struct.pack("=iI", number, flags))]
        if eid:
            fields.append(field(C["SWL_TAG_EXEC_ID"], eid))
        self.client.call(C["SWL_VERB_SIGNAL"], fields)

    def container_verb(self, verb, cid):
        return self.client.call(C[verb], [field(C["SWL_TAG_CONTAINER_ID"], cid)])
