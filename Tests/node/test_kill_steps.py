"""kill -9 of the agent and of the shim at every named step of starting and stopping a pod: afterwards there is one pod or none."""
import os
import time
import unittest

from labs import cgroups
from labs.files import read_text, write_text
from labs.node.case import NodeCase
from labs.node.lab import Lab
from labs.node.pods import FOREVER, manifest
from labs.processes import project_processes
from labs.programs import program
from labs.waiting import wait_until

# The names in calls of FailPoint.reach and fail_point. A name that no program reaches fails the test.
AGENT_START = (
    "sandbox.folder", "sandbox.document", "sandbox.cgroup", "sandbox.spawned", "sandbox.created", "network.attached", "network.recorded",
    "container.layer", "container.document", "container.cgroup", "container.started",
)  # fmt: skip
AGENT_STOP = (
    "container.signalled", "sandbox.shut-down", "sandbox.emptied", "network.detached", "volumes.removed", "container.layers-removed",
    "sandbox.removed",
    "pod.folders-removed",
)  # fmt: skip
SHIM_START = (
    "shim.listening", "pause.cloned", "pause.started", "launch.read", "launch.prepared", "launch.cloned", "launch.started", "child.begun",
    "child.sources",
    "child.namespaces", "child.root", "child.mounts", "child.devices", "child.protected", "child.pivoted", "child.session", "child.ready",
)  # fmt: skip
SHIM_STOP = ("exit.reaped", "exit.written", "shutdown.begun", "shutdown.containers-ended", "shutdown.ended")
SPAWNER_START = ("spawner.forked",)


class FaultLab(Lab):
    """Programs built with their fail points; debug builds of the agent have them anyway."""

    def write_configuration(self):
        super().write_configuration()
        os.makedirs(self.path("run", "fail-points"))
        write_text(self.config, read_text(self.config).replace(program("swiftlet-shim"), program("faults/swiftlet-shim")))

    def agent_command(self, *more):
        return ["env", f"SWIFTLET_FAIL_POINTS={self.path('run', 'fail-points')}", *super().agent_command(*more)]

    def arm(self, step):
        write_text(self.path("run", "fail-points", step), "")

    def is_armed(self, step):
        return os.path.exists(self.path("run", "fail-points", step))


def members(path):
    """Processes of a cgroup, which may be gone by now."""
    try:
        return cgroups.members(path)
    except OSError:
        return []


@unittest.skipUnless(os.path.exists(program("faults/swiftlet-shim")), "the shim with fail points is not built: make shim-faults")
class KillSteps(NodeCase):
    lab_class = FaultLab

    def test_every_step(self):
        self.before = self.idle_state()
        rows = []
        for victim, steps, act in (
            ("agent", AGENT_START, self.kill_at_start), ("agent", AGENT_STOP, self.kill_at_stop), ("shim", SHIM_START, self.kill_at_start),
            ("shim", SHIM_STOP, self.kill_at_stop), ("spawner", SPAWNER_START, self.kill_at_start),
        ):  # fmt: skip
            for step in steps:
                began, outcome = time.monotonic(), "FAILED"
                with self.subTest(victim=victim, step=step):
                    outcome = act(victim, step, f"{victim}-{step}".replace(".", "-"))
                rows.append((victim, step, outcome, time.monotonic() - began))
                if outcome == "FAILED":
                    self.start_over()
        print(f"\n{'killed':8} {'at':28} {'outcome':58} seconds")
        for victim, step, outcome, seconds in rows:
            print(f"{victim:8} {step:28} {outcome:58} {seconds:.1f}")

    def idle_state(self):
        """Returns the node's state after its first pod, which makes lasting objects: the spawner, cgroups of the classes."""
        self.lab.apply(manifest("first", FOREVER))
        self.lab.wait_for("pod", "first", "Ready")
        self.lab.delete("pod", "first")
        self.lab.wait_until_quiet()
        return self.lab.state()

    def start_over(self):
        """Brings the node back to a known state, so that one failure does not cause the next."""
        lab = self.lab
        lab.delete("pods", "--all", "--wait=false")
        if "agent" not in lab.processes:
            lab.start_agent()
        for step in os.listdir(lab.path("run", "fail-points")):
            os.remove(lab.path("run", "fail-points", step))
        lab.wait_until_quiet()

    def kill_at_start(self, victim, step, name):
        self.lab.arm(step)
        self.lab.apply(manifest(name, FOREVER))
        self.await_kill(victim, step)
        self.lab.wait_for("pod", name, "Ready", 40)
        outcome = self.check_one(name)
        self.lab.delete("pod", name)
        self.check_none()
        return outcome

    def kill_at_stop(self, victim, step, name):
        self.lab.apply(manifest(name, FOREVER))
        self.lab.wait_for("pod", name, "Ready")
        self.lab.arm(step)
        self.lab.delete("pod", name, "--wait=false")
        self.await_kill(victim, step)
        wait_until(f"pod {name} to be gone", lambda: self.lab.kubectl("get", "pod", name, check=False).returncode != 0, 40)
        self.check_none()
        return "the pod is gone, nothing is left"

    def await_kill(self, victim, step):
        lab = self.lab
        wait_until(f"{victim} to reach {step}", lambda: not lab.is_armed(step), 20)
        if victim == "agent":
            agent = lab.processes.pop("agent")
            self.assertEqual(agent.wait(20), -9)
            lab.start_agent()

    def check_one(self, name):
        """Checks that there is one sandbox, one container, one address, one link, all of the pod."""
        lab = self.lab
        pod = lab.get("pod", name)
        status = pod["status"]["containerStatuses"][0]
        folder = lab.path("run", "sandboxes")
        sandboxes = os.listdir(folder)
        shims = [line for line in project_processes().values() if "sandbox " in line]
        living = [name for name in sandboxes if any(name in line for line in shims)]
        # At most the last dead sandbox is remembered.
        self.assertEqual((len(living), len(sandboxes) <= 2), (1, True), sandboxes)
        containers = os.listdir(os.path.join(folder, living[0], "containers"))
        running = {path for path in cgroups.below(lab.cgroup) if pod["metadata"]["uid"] in path and members(path)}
        self.assertIn(status["containerID"].split("//")[1], containers)
        # Only the pause's cgroup and the container's have processes.
        self.assertEqual(len(running), 2, running)
        links = [line for line in lab.ip(lab.node_namespace, "-o", "link").splitlines() if "link-netnsid" in line and "eth0" not in line.split()[1]]
        self.assertEqual(len(links), 1, links)
        self.assertEqual(lab.kubectl("exec", name, "--", "sh", "-c", "ip -4 -o addr show eth0").stdout.count(pod["status"]["podIP"] + "/"), 1)
        return f"one pod, {status['restartCount']} restarts, {len(containers)} containers remembered"

    def check_none(self):
        self.lab.wait_until_quiet()
        wait_until("nothing to be left", lambda: self.lab.state() == self.before, 20)
