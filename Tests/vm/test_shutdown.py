"""The machine shuts down: pods end in the order of their priorities, in the time that they are given, before systemd ends anything."""
from labs.node.lab import NODE
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import SLEEP, running, status
from labs.waiting import wait_until

OBEYS = "trap 'exit 7' TERM; while :; do sleep 0.1; done"
REASON = ("Terminated", "Pod was terminated in response to imminent node shutdown.")
SETTINGS = "/etc/systemd/logind.conf.d/99-kubelet.conf"


class Shutdown(VMCase):
    def pods(self):
        yield manifest("ordinary", OBEYS, terminationGracePeriodSeconds=30)
        yield manifest("critical", OBEYS, terminationGracePeriodSeconds=30, priorityClassName="system-node-critical")

    def test_reboot(self):
        lab = self.lab
        names = ("ordinary", "critical")
        with lab.configured(shutdownGracePeriod="50s", shutdownGracePeriodCriticalPods="25s"):
            lab.apply(*self.pods())
            try:
                for name in names:
                    lab.wait_for("pod", name, "Ready", 120)
                wait_until("the agent to delay shutdowns", lambda: "swiftlet" in lab.run("systemd-inhibit --list --no-legend").stdout, 60)
                assert "InhibitDelayMaxSec=50" in lab.read(SETTINGS)
                lab.vm.reboot()
                lab.wait_for("node", NODE, "Ready", 120)
                ends = []
                for name in names:
                    found = lab.get("pod", name)["status"]
                    assert (found["phase"], found["reason"], found["message"]) == ("Failed", *REASON), found
                    assert any(c["type"] == "DisruptionTarget" and c["message"] == REASON[1] for c in found["conditions"]), found
                    end = status(lab, name)["state"]["terminated"]
                    assert end["exitCode"] == 7, end
                    ends.append(end["finishedAt"])
                assert ends == sorted(ends), ends
            finally:
                lab.delete("pod", *names, "--wait=false")
                lab.run(f"rm -f {SETTINGS}")
        with running(lab, manifest("after", SLEEP)):
            pass
        self.note(f"ended at {', '.join(end[-9:] for end in ends)}")
