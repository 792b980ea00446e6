"""Settings with which the agent starts in another way, or not at all, with a message that names setting and finding."""
import contextlib

from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.lab import configuration
from labs.vm.pods import SLEEP, check, container, files, limits, running, weight


@contextlib.contextmanager
def stopped(lab):
    lab.run("systemctl stop swiftlet")
    try:
        yield
    finally:
        lab.run("systemctl start swiftlet")


def refusal(lab, **kubelet):
    """Returns the agent's message before it ends."""
    lab.write("/run/refused.yaml", configuration(**kubelet))
    result = lab.run("timeout 30 swiftlet run --config /run/refused.yaml; code=$?; rm /run/refused.yaml; exit $code", check=False)
    assert result.returncode == 1, result
    return result.stderr


class Refusals(VMCase):
    def test_no_quota(self):
        """Without cpuCFSQuota limits of CPU have no effect; requests still weigh."""
        with self.lab.configured(cpuCFSQuota=False), running(self.lab, manifest("free", SLEEP, **limits({"cpu": "100m"}, cpu="200m", memory="32Mi"))):
            of_pod, of_container = container(self.lab, "free")
            for cgroup in (of_pod, of_container):
                check(self.lab, cgroup, **files(weight(100), "max 100000", str(32 << 20)))

    def test_start_is_refused(self):
        with stopped(self.lab):
            message = refusal(self.lab, failSwapOn=True)
            assert "failSwapOn is true" in message and "/dev/vdb" in message and "swapoff" in message, message
            self.lab.run("echo 0 > /proc/sys/vm/overcommit_memory")
            message = refusal(self.lab, protectKernelDefaults=True)
            assert "protectKernelDefaults is true" in message and "vm.overcommit_memory is 0, wanted 1" in message, message
            # The refusal has not changed the parameter.
            assert self.lab.read("/proc/sys/vm/overcommit_memory") == "0"
        assert self.lab.read("/proc/sys/vm/overcommit_memory") == "1"
        # Without swap the agent starts with failSwapOn, as kubelet does.
        self.lab.run("swapoff -a")
        try:
            with self.lab.configured(failSwapOn=True):
                assert "node-1" in self.lab.run("swiftlet status").stdout
        finally:
            self.lab.run("swapon -a")
