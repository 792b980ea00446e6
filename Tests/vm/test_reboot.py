"""The machine is switched off and on: pods come back, and no state of the old boot is taken for current."""
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, SLEEP, limits, running, status
from labs.waiting import wait_until

SERVER = "echo here > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"


def node(lab):
    return lab.get("node", "node-1")["status"]["nodeInfo"]["bootID"]


def boot_again(lab, reboot):
    pods = [manifest("server", SERVER, **limits(memory="64Mi")), manifest("idle", SLEEP)]
    with running(lab, *pods) as names:
        old_boot = node(lab)
        before = {name: status(lab, name) for name in names}
        reboot()

        def back():
            for name in names:
                now = status(lab, name)
                if now["containerID"] == before[name]["containerID"] or not now["ready"]:
                    return False
            return True

        with lab.measured("pods back"):
            wait_until("the pods to run again", back, 180)
        assert node(lab) != old_boot
        ends = set()
        for name in names:
            now = status(lab, name)
            # As a kubelet shows it: the old container ended with the boot, the new one is its successor.
            assert now["restartCount"] == before[name]["restartCount"] + 1, now
            last = now["lastState"].get("terminated")
            assert last and last["exitCode"] != 0 and last["containerID"] == before[name]["containerID"], now
            ends.add(f"{last['reason']} {last['exitCode']}")
            lab.wait_for("pod", name, "Ready", 10)
        address = lab.get("pod", "server")["status"]["podIP"]
        assert lab.fetch(f"http://{address}:8080/", lab.control_namespace) == "here\n"

        sandboxes = lab.run("ls /run/swiftlet/sandboxes").stdout.split()
        assert len(sandboxes) == len(names), sandboxes
        assert lab.run(f"find {ROOT}/kubepods -name 'pod*' -type d | wc -l").stdout.strip() == str(len(names))
        layers = lab.run("find /var/lib/swiftlet -mindepth 1 -maxdepth 3 -regextype posix-extended -regex '.*/[0-9a-f]{64}'").stdout.split()
        stale = [path for path in layers if any(entry["containerID"].split("://")[1] in path for entry in before.values())]
        assert not stale, stale
        failed = lab.run("systemctl list-units --failed --plain --no-legend").stdout
        assert not failed, failed
    return f"back after {lab.figures['pods back']:.0f} s, last state {', '.join(sorted(ends))}"


class Reboot(VMCase):
    def test_reboot(self):
        """systemd reboots in order, and waits for no process that no unit has ended."""
        note = boot_again(self.lab, lambda: self.lab.vm.reboot())
        with open(self.lab.path("console.log"), errors="replace") as console:
            waited = [line for line in console if "Waiting for process" in line]
        assert not waited, waited
        self.note(note)

    def test_power_cut(self):
        """The kernel starts again at once, without any order."""
        self.note(boot_again(self.lab, lambda: self.lab.vm.reboot("echo b > /proc/sysrq-trigger")))
