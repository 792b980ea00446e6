"""What a container's first process leaves behind ends with it, also where the pid namespace goes on."""
import errno
import os
import signal

from labs import cgroups
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, Exit, exit_file, refused
from labs.streams import read_all

# How a container can live in a pid namespace that is not its own: that of the pod, of the host.
SHARED = (dict(pod=1, container=2), dict(pod=0, container=0))


class Ending(ShimCase):
    def test_what_it_leaves_behind_ends(self):
        self.need_cgroups()
        for mode in SHARED:
            with Sandbox(self.world, pid=mode["pod"]) as pod:
                cid, shared = self.world.name("left"), namespaces(pid=mode["container"])
                # One in a session of its own that ignores what can be ignored, one that goes on writing.
                script = ("trap '' HUP TERM; setsid sleep 1000 & (while :; do echo more; done) & "
                          "until test -e /tmp/go; do sleep 0.01; done; exit 3")
                pod.launch(cid, ["sh", "-c", script], ns=shared)
                out, _ = pod.attach(cid, err=False)
                pod.exec(cid, "e", ["sleep", "1000"])
                pod.exec(cid, "ready", ["touch", "/tmp/go"])
                assert pod.wait(cid).code == 3
                # Nothing is left when it is told, and the log is complete.
                assert cgroups.members_below(pod.cgroup(cid)) == [], mode
                size = os.path.getsize(pod.log_path(cid))
                # What was run in it was told before.
                waiting = [Exit(event.get(C["SWL_TAG_EXIT"])).signal for event in pod.client.events
                           if event.type == C["SWL_EVENT_EXEC_EXITED"] and event.get(C["SWL_TAG_EXEC_ID"]) == b"e"]
                assert waiting == [signal.SIGKILL]
                assert b"more\n" in read_all(out)
                refused(lambda: pod.exec(cid, "late", ["true"]), "SWL_STEP_LOOKUP", errno.ESRCH)
                assert os.path.getsize(pod.log_path(cid)) == size
                # The same name and the same place again.
                pod.container_verb("SWL_VERB_REMOVE", cid)
                os.rmdir(pod.cgroups.pop())
                assert pod.run(cid, ["true"], ns=shared)[0] == 0

    def test_only_its_own_end(self):
        self.need_cgroups()
        with Sandbox(self.world, pid=1) as pod:
            shared = namespaces(pid=2)
            pod.launch("other", ["sleep", "1000"], ns=shared)
            pod.launch("c", ["sh", "-c", "sleep 1000 & exit 0"], ns=shared)
            assert pod.wait("c").code == 0 and cgroups.members_below(pod.cgroup("c")) == [] and len(cgroups.members_below(pod.cgroup("other"))) == 1
            assert pod.exec_output("other", "e", ["echo", "alive"]) == (0, "alive\n")
            # With nothing left behind there is nothing to wait for.
            assert pod.run("plain", ["echo", "x"], ns=shared) == (0, "x\n")

    def test_sandbox_ends_while_a_container_does(self):
        """Shut down in the very moment: the end of the rest lets it go on."""
        self.need_cgroups()
        for _ in range(5):
            with Sandbox(self.world, pid=1) as pod:
                reply = pod.launch("c", ["sh", "-c", "sleep 1000 & sleep 1000 & exec sleep 1000"], ns=namespaces(pid=2))
                os.kill(reply.pid, signal.SIGKILL)
                pod.shutdown()
                assert exit_file(f"{pod.directory}/containers/c/exit").signal == signal.SIGKILL
