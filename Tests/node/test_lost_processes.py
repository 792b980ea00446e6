"""Shim, pause or spawner of a running node are killed: each pod follows its restart policy, and other pods are not disturbed."""
import contextlib
import glob
import os
import signal

from labs.node.case import NodeCase
from labs.node.pods import FOREVER
from labs.processes import alive, spawner_of
from labs.shim.wire import sandbox_processes
from labs.waiting import wait_until


class LostProcesses(NodeCase):
    def sandboxes(self):
        """(pid of the shim, pid of the pause) by sandbox."""
        found = {}
        for path in glob.glob(self.lab.path("run", "sandboxes", "*", "state")):
            shim, pause = sandbox_processes(path)
            found[path.split("/")[-2]] = (shim[0], pause[0])
        return found

    def start(self, name, **spec):
        """Starts a pod; returns its sandbox with the processes of shim and pause."""
        before = self.sandboxes()
        self.start_pod(name, FOREVER, **spec)
        (sandbox,) = self.sandboxes().keys() - before.keys()
        return sandbox, self.sandboxes()[sandbox]

    def restarted(self, name):
        status = self.container(name)
        return status if status["restartCount"] == 1 and "running" in status["state"] else None

    def kill_and_restart(self, victim):
        name, other = f"{('shim', 'pause')[victim]}-killed", f"beside-{victim}"
        self.start(other)
        untouched = self.container(other)["containerID"]
        _, processes = self.start(name)
        os.kill(processes[victim], signal.SIGKILL)
        status = wait_until("the restarted container", lambda: self.restarted(name))
        ended = status["lastState"]["terminated"]
        self.assertEqual(ended["exitCode"], 137, ended)
        self.wait_for_event(name, "SandboxChanged")
        self.lab.wait_for("pod", name, "Ready")
        # Its records stay with the pod, its processes do not.
        self.assertEqual([pid for pid in processes if alive(pid)], [])
        self.assertEqual(len([shim for shim, _ in self.sandboxes().values() if alive(shim)]), 2)
        self.assertEqual(self.lab.kubectl("exec", name, "--", "hostname").stdout, name + "\n")
        beside = self.container(other)
        self.assertEqual((beside["containerID"], beside["restartCount"]), (untouched, 0))
        self.lab.delete("pod", name, other)
        self.lab.wait_until_quiet()
        return ended

    def test_killed_shim(self):
        ended = self.kill_and_restart(0)
        self.assertEqual(ended["reason"], "ContainerStatusUnknown")
        self.assertTrue(ended["message"], ended)

    def test_killed_pause(self):
        ended = self.kill_and_restart(1)
        self.assertEqual(ended["reason"], "Error")

    def test_killed_shim_of_a_pod_that_is_not_restarted(self):
        """An unknown end is never reported as a success."""
        _, (shim, _) = self.start("once", restartPolicy="Never")
        os.kill(shim, signal.SIGKILL)
        pod = wait_until("the pod's end", lambda: (pod := self.lab.get("pod", "once"))["status"]["phase"] == "Failed" and pod)
        ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual((ended["exitCode"], ended["reason"]), (137, "ContainerStatusUnknown"))
        self.lab.delete("pod", "once")
        self.lab.wait_until_quiet()

    def test_killed_shim_while_no_agent_is_there(self):
        _, (shim, _) = self.start("alone")
        self.lab.stop("agent")
        os.kill(shim, signal.SIGKILL)
        self.lab.start_agent()
        status = wait_until("the restarted container", lambda: self.restarted("alone"))
        self.assertEqual(status["lastState"]["terminated"]["exitCode"], 137)
        self.lab.delete("pod", "alone")
        self.lab.wait_until_quiet()

    def test_killed_spawner(self):
        before = self.start("first")
        container = self.container("first")["containerID"]
        os.kill(self.spawner(), signal.SIGKILL)
        self.start("second")
        for name in ("first", "second"):
            self.assertEqual(self.lab.kubectl("exec", name, "--", "hostname").stdout, name + "\n")
        self.assertEqual(self.sandboxes()[before[0]], before[1])
        status = self.container("first")
        self.assertEqual((status["containerID"], status["restartCount"]), (container, 0))
        self.lab.delete("pod", "first", "second")
        self.lab.wait_until_quiet()

    @contextlib.contextmanager
    def stopped(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def test_stopped_shim_of_a_deleted_pod(self):
        _, processes = self.start("frozen")
        with self.stopped(processes[0]):
            self.lab.delete("pod", "frozen", "--wait=false")
            wait_until("the pod to be gone", lambda: self.lab.kubectl("get", "pod", "frozen", check=False).returncode != 0)
            self.assertEqual([pid for pid in processes if alive(pid)], [])
        self.lab.wait_until_quiet()

    def test_stopped_shim_while_the_agent_starts(self):
        """The pod of a stopped shim stays as it is, and other pods do not wait for that shim."""
        _, (shim, _) = self.start("stalled")
        before = self.container("stalled")["containerID"]
        self.lab.stop("agent", signal.SIGKILL)
        with self.stopped(shim):
            self.lab.start_agent()
            self.start("beside-stalled")
        self.assertEqual(self.lab.kubectl("exec", "stalled", "--", "hostname").stdout, "stalled\n")
        status = self.container("stalled")
        self.assertEqual((status["containerID"], status["restartCount"]), (before, 0))
        self.lab.delete("pod", "stalled", "beside-stalled")
        self.lab.wait_until_quiet()

    def test_sandbox_without_a_readable_record(self):
        """The old sandbox ends before the pod gets another one: there are never two."""
        sandbox, processes = self.start("torn")
        self.lab.stop("agent", signal.SIGKILL)
        path = self.lab.path("run", "sandboxes", sandbox, "sandbox.json")
        os.truncate(path, os.path.getsize(path) // 2)
        self.lab.start_agent()
        wait_until("the restarted container", lambda: self.restarted("torn"))
        self.assertEqual([pid for pid in processes if alive(pid)], [])
        self.assertNotIn(sandbox, self.sandboxes())
        self.lab.wait_for("pod", "torn", "Ready")
        self.lab.delete("pod", "torn")
        self.lab.wait_until_quiet()

    def spawner(self):
        found = spawner_of(self.lab.path("run"))
        self.assertIsNotNone(found, "no spawner runs")
        return found
