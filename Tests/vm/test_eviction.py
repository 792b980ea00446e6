"""A node short of memory: it ends the pod that uses most, and says so as long as it is short."""
from labs.node.lab import NODE
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import SLEEP, meminfo, running
from labs.waiting import wait_until

MEBI = 1 << 20
# Files in memory count for their pod like any other memory.
HOG = f"dd if=/dev/zero of=/data/big bs=1M count=300; {SLEEP}"


def pressure(lab):
    conditions = lab.get("node", NODE)["status"]["conditions"]
    return next(condition["status"] for condition in conditions if condition["type"] == "MemoryPressure")


def available(lab):
    """Mebibytes as a kubelet counts them: free memory and page cache that was not used lately."""
    return (meminfo(lab, "MemFree") + meminfo(lab, "Inactive\\(file\\)")) // MEBI


class Eviction(VMCase):
    def test_memory(self):
        threshold = available(self.lab) - 150
        hog = manifest(
            "hog", HOG, volumes=[{"name": "data", "emptyDir": {"medium": "Memory"}}],
            container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        )  # fmt: skip
        eviction = {"evictionHard": {"memory.available": f"{threshold}Mi"}, "evictionPressureTransitionPeriod": "5s"}
        with running(self.lab, manifest("calm", SLEEP)), self.lab.configured(**eviction), running(self.lab, hog, ready=False):

            def evicted():
                status = self.lab.get("pod", "hog")["status"]
                return status if status["phase"] == "Failed" else None

            wait_until("the node to be short of memory", lambda: pressure(self.lab) == "True", 40)
            status = wait_until("the hog to be evicted", evicted, 40)
            assert status["reason"] == "Evicted", status
            assert status["message"].startswith(f"The node was low on resource: memory. Threshold quantity: {threshold}Mi, available: "), status
            assert any(c["type"] == "DisruptionTarget" and c["reason"] == "TerminationByKubelet" for c in status["conditions"]), status
            wait_until("the shortage to be over", lambda: pressure(self.lab) == "False", 40)
            calm = self.lab.get("pod", "calm")["status"]
            assert calm["phase"] == "Running" and calm["containerStatuses"][0]["restartCount"] == 0, calm
        self.note(f"below {threshold}Mi")
