"""Processes that a container's first process leaves behind end with it, also where the pid namespace goes on."""
import errno
import os
import signal

from labs import cgroups
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, Exit, exit_file, refused
from labs.streams import read_all, read_until

# The ways to share a pid namespace: the pod's, the host's.
SHARED = (dict(pod=1, container=2), dict(pod=0, container=0))


class Ending(ShimCase):
    def test_processes_left_behind_end(self):
        self.need_cgroups()
        for mode in SHARED:
            with Sandbox(self.world, pid=mode["pod"]) as pod:
                cid, shared = self.world.name("left"), namespaces(pid=mode["container"])
                # One process has its own session and ignores signals, one goes on writing.
                script = ("trap '' HUP TERM; setsid sleep 1000 & (while :; do echo more; done) & "
                          "until test -e /tmp/go; do sleep 0.01; done; exit 3")
                pod.launch(cid, ["sh", "-c", script], ns=shared)
                out, _ = pod.attach(cid, err=False)
                read_until(out, b"more\n")
                pod.exec(cid, "e", ["sleep", "1000"])
                pod.exec(cid, "ready", ["touch", "/tmp/go"])
                assert pod.wait(cid).code == 3
                # When the exit is reported, no process is left and the log is complete.
                assert cgroups.members_below(pod.cgroup(cid)) == [], mode
                size = os.path.getsize(pod.log_path(cid))
                # The exits of its execs were reported before.
                waiting = [Exit(event.get(C["SWL_TAG_EXIT"])).signal for event in pod.client.events
                           if event.type == C["SWL_EVENT_EXEC_EXITED"] and event.get(C["SWL_TAG_EXEC_ID"]) == b"e"]
                assert waiting == [signal.SIGKILL]
                read_all(out)
                refused(lambda: pod.exec(cid, "late", ["true"]), "SWL_STEP_LOOKUP", errno.ESRCH)
                assert os.path.getsize(pod.log_path(cid)) == size
                # The same name and cgroup can be used again.
                pod.container_verb("SWL_VERB_REMOVE", cid)
                os.rmdir(pod.cgroups.pop())
                assert pod.run(cid, ["true"], ns=shared)[0] == 0

    def test_only_its_own_processes_end(self):
        self.need_cgroups()
        with Sandbox(self.world, pid=1) as pod:
            shared = namespaces(pid=2)
            pod.launch("other", ["sleep", "1000"], ns=shared)
            pod.launch("c", ["sh", "-c", "sleep 1000 & exit 0"], ns=shared)
            assert pod.wait("c").code == 0 and cgroups.members_below(pod.cgroup("c")) == [] and len(cgroups.members_below(pod.cgroup("other"))) == 1
            assert pod.exec_output("other", "e", ["echo", "alive"]) == (0, "alive\n")
            # A container without leftovers ends at once.
            assert pod.run("plain", ["echo", "x"], ns=shared) == (0, "x\n")

    def test_sandbox_ends_while_a_container_does(self):
        """A SHUTDOWN during the end of a container's last processes still ends the sandbox."""
        self.need_cgroups()
        for _ in range(5):
            with Sandbox(self.world, pid=1) as pod:
                reply = pod.launch("c", ["sh", "-c", "sleep 1000 & sleep 1000 & exec sleep 1000"], ns=namespaces(pid=2))
                os.kill(reply.pid, signal.SIGKILL)
                pod.shutdown()
                assert exit_file(f"{pod.directory}/containers/c/exit").signal == signal.SIGKILL
