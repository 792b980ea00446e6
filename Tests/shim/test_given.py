"""What a client gives a sandbox or a container of its own: streams, namespaces, a terminal's other side."""

import os
import signal

import wire
from test_containers import refused
from test_faults import descriptors
from wire import C, field, record, record_fd
from world import Sandbox, namespaces, read_all, until

GIVEN = C["SWL_NS_GIVEN"]


def launch(pod, cid, args, stdio=(-1, -1, -1), roles=(), **settings):
    os.makedirs(f"{pod.directory}/containers/{cid}", 0o700, exist_ok=True)
    fd = record_fd(record(C["SWL_KIND_LAUNCH"], pod.launch_fields(cid, args, **settings)))
    fds = [(C["SWL_FD_RECORD"], fd)] + [(C["SWL_FD_STDIN"] + i, one) for i, one in enumerate(stdio) if one >= 0] + list(roles)
    try:
        return pod.client.call(C["SWL_VERB_LAUNCH"], [field(C["SWL_TAG_CONTAINER_ID"], cid)], fds)
    finally:
        os.close(fd)


def create(pod, given=(), **modes):
    pod.modes.update(modes)
    fields = [field(C["SWL_TAG_NAMESPACES"], namespaces(**pod.modes)), field(C["SWL_TAG_PAUSE_PATH"], pod.world.binaries + "/swiftlet-pause")]
    fd = record_fd(record(C["SWL_KIND_SANDBOX"], fields))
    opened = [os.open(path, os.O_RDONLY) for path in given]
    try:
        reply = pod.client.call(C["SWL_VERB_CREATE_SANDBOX"], fds=[(C["SWL_FD_RECORD"], fd)] + [(C["SWL_FD_NAMESPACE"], one) for one in opened])
        pod.pause = wire.PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0]
        reply.close()
    finally:
        for one in [fd, *opened]:
            os.close(one)


def test_streams_of_the_client(world):
    with Sandbox(world) as pod:
        out_read, out_write = os.pipe()
        in_read, in_write = os.pipe()
        try:
            launch(pod, "c", ["sh", "-c", "cat; echo nobody reads this >&2"], (in_read, out_write, -1), log=False).close()
            os.close(out_write)
            os.close(in_read)
            os.write(in_write, b"to and fro\n")
            os.close(in_write)
            in_write = -1
            # The shim keeps no copy: the end comes with the container's.
            assert read_all(out_read) == b"to and fro\n"
            out_read = -1
            assert pod.wait("c").code == 0
            log_free = not os.path.exists(pod.log_path("c"))
            assert log_free
        finally:
            for fd in (in_write, out_read):
                if fd >= 0:
                    os.close(fd)
        null = os.open("/dev/null", os.O_RDWR)
        try:
            for settings in (dict(log=True), dict(log=False, stdin=1), dict(log=False, terminal=True)):
                refused(lambda settings=settings: launch(pod, "x", ["true"], (-1, null, -1), **settings), step="SWL_STEP_STDIO")
        finally:
            os.close(null)


def test_terminal_of_a_container_without_a_log_is_the_clients(world):
    with Sandbox(world) as pod:
        before = descriptors(pod)
        for cid, line in (("ends", b"word\n"), ("hangs", None)):
            reply = launch(pod, cid, ["sh", "-c", "read line && echo $line; read line; exit 4"], log=False, terminal=True, hold=True)
            os.close(reply.fd(C["SWL_FD_PIDFD"]))
            master = reply.fd(C["SWL_FD_TERMINAL"])
            # A copy in the shim would keep the terminal from hanging up.
            held = descriptors(pod)
            assert not [name for name in held if "pt" in os.path.basename(name)], held
            if not line:
                os.close(master)
            pod.container_verb("SWL_VERB_START", cid).close()
            if line:
                os.write(master, line)
                text = b""
                while text.count(b"word") < 2:
                    text += os.read(master, 1000)
                os.close(master)
            assert pod.wait(cid).code in (4, 128 + signal.SIGHUP)
            pod.container_verb("SWL_VERB_REMOVE", cid)
        assert until(lambda: descriptors(pod) == before)


def test_namespaces_of_others(world):
    with Sandbox(world) as first, Sandbox(world, create=False) as second:
        files = [f"/proc/{first.pause}/ns/{name}" for name in ("net", "ipc", "uts")]
        # One too few, one too many, in the wrong order: nothing is made.
        for given in (files[:2], files + files[:1], files[::-1]):
            refused(lambda given=given: create(second, given, network=GIVEN, ipc=GIVEN, uts=GIVEN), step="SWL_STEP_NAMESPACES")
        with Sandbox(world, create=False) as third:
            create(third, files, network=GIVEN, ipc=GIVEN, uts=GIVEN)
            for name in ("net", "ipc", "uts"):
                assert os.readlink(f"/proc/{third.pause}/ns/{name}") == os.readlink(f"/proc/{first.pause}/ns/{name}"), name
            assert third.shell("readlink /proc/self/ns/net", "c")[1].strip() == os.readlink(f"/proc/{first.pause}/ns/net")
        # A container has those three from its sandbox.
        fd = os.open(files[0], os.O_RDONLY)
        try:
            refused(lambda: launch(first, "x", ["true"], roles=[(C["SWL_FD_NAMESPACE"], fd)]), step="SWL_STEP_NAMESPACES")
            refused(lambda: launch(first, "x", ["true"], roles=[(C["SWL_FD_NAMESPACE"], fd)] * 4), step="SWL_STEP_MESSAGE")
            # Given, but of another kind.
            refused(lambda: launch(first, "x", ["true"], roles=[(C["SWL_FD_NAMESPACE"], fd)], ns=namespaces(cgroup=GIVEN)), step="SWL_STEP_NAMESPACES")
        finally:
            os.close(fd)
