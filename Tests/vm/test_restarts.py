"""Parts of swiftlet end and come back under systemd, without any effect on pods."""
import contextlib

from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, SLEEP, check, container, running, settings, status
from labs.waiting import wait_until

SERVER = "echo here > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"


@contextlib.contextmanager
def undisturbed(lab):
    """Runs a pod that has to answer all the time with the same process; afterwards another pod can be started."""
    with running(lab, manifest("server", SERVER)):
        address = lab.get("pod", "server")["status"]["podIP"]
        before = status(lab, "server")["containerID"], processes(lab)

        def answers():
            assert lab.fetch(f"http://{address}:8080/", lab.control_namespace) == "here\n"

        answers()
        yield answers
        answers()
        wait_until("the agent", lambda: lab.run("swiftlet pods", check=False).returncode == 0, 60)
        with running(lab, manifest("next", SLEEP)):
            assert lab.exec("next", "echo works").stdout == "works\n"
        after = status(lab, "server")
        assert (after["containerID"], processes(lab)) == before and after["restartCount"] == 0 and after["ready"], after
        lab.wait_for("pod", "server", "Ready", 10)
        assert lab.exec("server", "cat /tmp/index.html").stdout == "here\n"
        failed = lab.run("systemctl list-units --failed --plain --no-legend").stdout
        assert not failed, failed


def processes(lab):
    _, cgroup = container(lab, "server")
    return lab.read(f"{cgroup}/cgroup.procs")


def main_pid(lab, unit):
    return int(lab.run(f"systemctl show -P MainPID {unit}").stdout)


def replaced(lab, unit, pid):
    return wait_until(f"{unit} to run again", lambda: main_pid(lab, unit) not in (0, pid), 60)


def result_of_restart(lab, pid):
    state = lab.run("systemctl show -P ActiveState swiftlet-pods").stdout.strip()
    return state if state == "failed" or state == "active" and main_pid(lab, "swiftlet-pods") not in (0, pid) else ""


class Restarts(VMCase):
    def test_agent_restarted(self):
        with undisturbed(self.lab):
            self.lab.run("systemctl restart swiftlet")

    def test_agent_stopped(self):
        with undisturbed(self.lab) as answers:
            self.lab.run("systemctl stop swiftlet")
            answers()
            self.lab.run("systemctl start swiftlet")

    def test_agent_killed(self):
        with undisturbed(self.lab) as answers:
            pid = main_pid(self.lab, "swiftlet")
            self.lab.run(f"kill -9 {pid}")
            answers()
            replaced(self.lab, "swiftlet", pid)

    def test_spawner_restarted(self):
        with undisturbed(self.lab):
            self.lab.run("systemctl restart swiftlet-spawner")

    def test_spawner_killed(self):
        with undisturbed(self.lab):
            pid = main_pid(self.lab, "swiftlet-spawner")
            self.lab.run(f"kill -9 {pid}")
            replaced(self.lab, "swiftlet-spawner", pid)

    def test_holder_of_the_cgroup_ended(self):
        """No pod ends with the holder, and other pods start. Before systemd 254 the unit cannot start again; its cgroup goes after its last pod."""
        limits = ("memory.max", "cpu.weight", "pids.max")
        before, state = settings(self.lab, f"{ROOT}/kubepods", *limits), "unknown"
        try:
            with undisturbed(self.lab) as answers:
                pid = main_pid(self.lab, "swiftlet-pods")
                self.lab.run(f"kill -TERM {pid}")
                answers()
                state = wait_until("the unit to end or run again", lambda: result_of_restart(self.lab, pid), 30)
                self.lab.run("systemctl reset-failed swiftlet-pods")
            if state == "failed":
                wait_until("the cgroup to be removed", lambda: self.lab.run(f"test -e {ROOT}", check=False).returncode, 30)
            with running(self.lab, manifest("next", SLEEP)):
                check(self.lab, f"{ROOT}/kubepods", **before)
            self.note(state)
        finally:
            empty = f"find {ROOT} -depth -type d -exec rmdir {{}} \\;"
            self.lab.run(f"systemctl stop swiftlet; [ {state} = active ] || {empty}; systemctl start swiftlet")
            self.lab.run("systemctl is-active swiftlet-pods")

    def test_cgroup_of_pods_is_not_stopped(self):
        """The unit could not be started again on this systemd."""
        with undisturbed(self.lab):
            refused = self.lab.run("systemctl restart swiftlet-pods", check=False)
            assert refused.returncode != 0 and "refused" in refused.stderr, refused

    def test_systemd_replaced_while_pods_start(self):
        names = [f"early-{number}" for number in range(6)]
        with undisturbed(self.lab), running(self.lab, *(manifest(name, SLEEP) for name in names), ready=False):
            for _ in range(3):
                self.lab.run("systemctl daemon-reexec")
            self.lab.run("systemctl daemon-reload")
            for name in names:
                self.lab.wait_for("pod", name, "Ready", 90)
                of_pod, _ = container(self.lab, name)
                # A limit of a controller that systemd delegates, and one of a controller that it does not know.
                assert (self.lab.read(f"{of_pod}/pids.max"), self.lab.read(f"{of_pod}/hugetlb.2MB.max")) == ("200", "0")

    def test_whole_of_swiftlet_killed(self):
        """Agent and spawner are killed at once."""
        with undisturbed(self.lab) as answers:
            pids = {unit: main_pid(self.lab, unit) for unit in ("swiftlet", "swiftlet-spawner")}
            self.lab.run(f"kill -9 {' '.join(map(str, pids.values()))}")
            answers()
            for unit, pid in pids.items():
                replaced(self.lab, unit, pid)
