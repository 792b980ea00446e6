"""A sandbox of the spawner, with its containers and execs, as a test drives it."""
import os
import re
import struct

from labs import cgroups
from labs.files import read_bytes
from labs.processes import alive
from labs.programs import program
from labs.shim import wire
from labs.shim.records import namespaces, process, standard_mounts
from labs.shim.wire import C, Client, Exit, field, record, record_fd, u32
from labs.streams import read_all
from labs.waiting import wait_until


class Sandbox:
    """A sandbox with its client. `with` shuts it down."""

    def __init__(self, world, create=True, network=1, ipc=1, uts=1, pid=0, fields=()):
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
            self.create()

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
        wait_until("the shim to end", lambda: not alive(self.shim), 10)
        self.remove_cgroups()

    def remove_cgroups(self):
        for path in self.cgroups:
            cgroups.remove(path)

    def create(self, given=()):
        """Creates the sandbox; `given` are paths of namespaces to join."""
        fields = [field(C["SWL_TAG_NAMESPACES"], namespaces(**self.modes)), field(C["SWL_TAG_PAUSE_PATH"], program("swiftlet-pause")), *self.extra]
        opened = [record_fd(record(C["SWL_KIND_SANDBOX"], fields)), *(os.open(path, os.O_RDONLY) for path in given)]
        try:
            fds = [(C["SWL_FD_RECORD"], opened[0]), *((C["SWL_FD_NAMESPACE"], fd) for fd in opened[1:])]
            reply = self.client.call(C["SWL_VERB_CREATE_SANDBOX"], fds=fds)
        finally:
            for fd in opened:
                os.close(fd)
        self.pause = wire.PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0]
        reply.close()

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
        return read_bytes(self.log_path(cid))

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

    def cgroup(self, cid):
        """The path of a container's cgroup."""
        return f"{self.world.cgroup}/{self.id}-{cid}"

    def make_cgroup(self, cid):
        if not self.world.cgroup:
            return -1
        path = self.cgroup(cid)
        if not os.path.isdir(path):
            os.mkdir(path)
            self.cgroups.append(path)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def launch(self, cid, args, sources=(), cgroup=True, data=None, stdio=(), roles=(), keep=False, **settings):
        """Launches a container; `stdio` are its streams where they are the client's, `roles` more descriptors as (role, descriptor).
        `keep`: the descriptors of the reply are the caller's to close."""
        os.makedirs(f"{self.directory}/containers/{cid}", 0o700, exist_ok=True)
        if data is None:
            data = record(C["SWL_KIND_LAUNCH"], self.launch_fields(cid, args, **settings))
        fd = record_fd(data)
        group = self.make_cgroup(cid) if cgroup else -1
        fds = [(C["SWL_FD_RECORD"], fd)] + ([(C["SWL_FD_CGROUP"], group)] if group >= 0 else [])
        fds += [(C["SWL_FD_MOUNT_SOURCE"], source) for source in sources]
        fds += [(C["SWL_FD_STDIN"] + i, stream) for i, stream in enumerate(stdio) if stream >= 0] + list(roles)
        try:
            reply = self.client.call(C["SWL_VERB_LAUNCH"], [field(C["SWL_TAG_CONTAINER_ID"], cid)], fds)
            if not keep:
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
        """Runs an exec to its end; returns the exit code and the output of stdout and stderr until their last writer has closed them."""
        read, write = os.pipe()
        try:
            self.exec(cid, eid, args, (-1, write, write), **settings)
        finally:
            os.close(write)
        out = read_all(read)
        return self.wait_exec(eid).code, out.decode()

    def attach(self, cid, out=True, err=True):
        """Returns the read ends of pipes for stdout and stderr, -1 for a stream that is not wanted."""
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

    def write_stdin(self, cid, data):
        """Writes to the container's stdin and closes this end of it."""
        fd = self.stdin(cid)
        os.write(fd, data)
        os.close(fd)

    def wait_log(self, cid, text, seconds=20):
        """Waits until the log contains `text`."""
        wait_until(f"{text} in the log of {cid}", lambda: text in self.log(cid), seconds)

    def wait_exec(self, eid):
        return Exit(self.client.event(C["SWL_EVENT_EXEC_EXITED"], SWL_TAG_EXEC_ID=eid).get(C["SWL_TAG_EXIT"]))

    def signal(self, cid, number, flags=0, eid=None):
        fields = [field(C["SWL_TAG_CONTAINER_ID"], cid), field(C["SWL_TAG_SIGNAL"], struct.pack("=iI", number, flags))]
        if eid:
            fields.append(field(C["SWL_TAG_EXEC_ID"], eid))
        self.client.call(C["SWL_VERB_SIGNAL"], fields)

    def container_verb(self, verb, cid):
        return self.client.call(C[verb], [field(C["SWL_TAG_CONTAINER_ID"], cid)])

    def state_of(self, cid):
        """The state of a container as the shim reports it."""
        reply = self.client.call(C["SWL_VERB_QUERY"])
        reply.close()
        return wire.containers_of(reply)[cid][0]

    def descriptors(self):
        """Returns the targets of the shim's descriptors without the numbers of pipes and sockets, for a comparison of before and after."""
        self.client.call(C["SWL_VERB_PING"])  # every earlier request has been completed by now
        found = []
        for fd in os.listdir(f"/proc/{self.shim}/fd"):
            try:
                found.append(re.sub(r"\[\d+\]", "", os.readlink(f"/proc/{self.shim}/fd/{fd}")))
            except FileNotFoundError:
                pass
        return sorted(found)
