"""Streams, namespaces and terminals that belong to the client."""
import os
import signal

from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, refused
from labs.streams import read_all
from labs.waiting import wait_until

GIVEN = C["SWL_NS_GIVEN"]


class Given(ShimCase):
    def test_streams_of_the_client(self):
        with Sandbox(self.world) as pod:
            out_read, out_write = os.pipe()
            in_read, in_write = os.pipe()
            try:
                pod.launch("c", ["sh", "-c", "cat; echo nobody reads this >&2"], stdio=(in_read, out_write), cgroup=False, log=False)
                os.close(out_write)
                os.close(in_read)
                os.write(in_write, b"to and fro\n")
                os.close(in_write)
                in_write = -1
                # The shim keeps no copy: the stream ends with the container.
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
                    refused(lambda settings=settings: pod.launch("x", ["true"], stdio=(-1, null), cgroup=False, **settings), step="SWL_STEP_STDIO")
            finally:
                os.close(null)

    def test_terminal_of_a_container_without_a_log_is_the_clients(self):
        with Sandbox(self.world) as pod:
            before = pod.descriptors()
            for cid, line in (("ends", b"word\n"), ("hangs", None)):
                reply = pod.launch(cid, ["sh", "-c", "read line && echo $line; read line; exit 4"], keep=True, cgroup=False, log=False, terminal=True,
                                   hold=True)
                os.close(reply.fd(C["SWL_FD_PIDFD"]))
                master = reply.fd(C["SWL_FD_TERMINAL"])
                # A copy in the shim would keep the terminal from hanging up.
                held = pod.descriptors()
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
            wait_until("the shim to be as before", lambda: pod.descriptors() == before, 10)

    def test_namespaces_of_another_pod(self):
        with Sandbox(self.world) as first, Sandbox(self.world, create=False, network=GIVEN, ipc=GIVEN, uts=GIVEN) as second:
            files = [f"/proc/{first.pause}/ns/{name}" for name in ("net", "ipc", "uts")]
            # One namespace too few, one too many, or the wrong order: nothing is made.
            for given in (files[:2], files + files[:1], files[::-1]):
                refused(lambda given=given: second.create(given), step="SWL_STEP_NAMESPACES")
            with Sandbox(self.world, create=False, network=GIVEN, ipc=GIVEN, uts=GIVEN) as third:
                third.create(files)
                for name in ("net", "ipc", "uts"):
                    assert os.readlink(f"/proc/{third.pause}/ns/{name}") == os.readlink(f"/proc/{first.pause}/ns/{name}"), name
                assert third.shell("readlink /proc/self/ns/net", "c")[1].strip() == os.readlink(f"/proc/{first.pause}/ns/net")
            # A container has those three from its sandbox.
            fd = os.open(files[0], os.O_RDONLY)
            try:
                refused(lambda: first.launch("x", ["true"], cgroup=False, roles=[(C["SWL_FD_NAMESPACE"], fd)]), step="SWL_STEP_NAMESPACES")
                refused(lambda: first.launch("x", ["true"], cgroup=False, roles=[(C["SWL_FD_NAMESPACE"], fd)] * 4), step="SWL_STEP_MESSAGE")
                # A given namespace of another kind.
                refused(lambda: first.launch("x", ["true"], cgroup=False, roles=[(C["SWL_FD_NAMESPACE"], fd)], ns=namespaces(cgroup=GIVEN)),
                        step="SWL_STEP_NAMESPACES")
            finally:
                os.close(fd)
