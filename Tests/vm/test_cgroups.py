"""The tree of cgroups and the content of its files, for each quality of service."""
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, SLEEP, check, container, files, limits, running, weight

PODS_PIDS = "200"  # podPidsLimit of the configuration

OF_CONTAINER = {"memory.swap.max": "0", "memory.oom.group": "1"}


class Cgroups(VMCase):
    def test_guaranteed(self):
        with running(self.lab, manifest("guaranteed", SLEEP, **limits(cpu="500m", memory="64Mi"))):
            of_pod, of_container = container(self.lab, "guaranteed")
            assert of_pod == f"{ROOT}/kubepods/pod{of_pod.rsplit('/pod')[-1]}", of_pod
            values = files("59", "50000 100000", str(64 << 20))
            check(self.lab, of_pod, **values, **{"pids.max": PODS_PIDS, "memory.oom.group": "0"})
            check(self.lab, of_container, **values, **OF_CONTAINER)

    def test_burstable(self):
        with running(self.lab, manifest("burstable", SLEEP, **limits({"cpu": "250m", "memory": "32Mi"}, memory="96Mi"))):
            of_pod, of_container = container(self.lab, "burstable")
            assert "/kubepods/burstable/pod" in of_pod
            values = files("35", "max 100000", str(96 << 20))
            check(self.lab, of_pod, **values, **{"pids.max": PODS_PIDS})
            check(self.lab, of_container, **values, **OF_CONTAINER)

    def test_limits_of_pod_need_those_of_all_containers(self):
        pod = manifest("half", SLEEP, **limits({"cpu": "50m"}, memory="32Mi", cpu="200m"))
        pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "free", "resources": {"requests": {"cpu": "150m"}}})
        with running(self.lab, pod):
            of_pod, limited = container(self.lab, "half")
            _, free = container(self.lab, "half", "free")
            check(self.lab, of_pod, **files(weight(200), "max 100000", "max"))
            check(self.lab, limited, **files(weight(50), "20000 100000", str(32 << 20)))
            check(self.lab, free, **files(weight(150), "max 100000", "max"))

    def test_best_effort(self):
        with running(self.lab, manifest("besteffort", SLEEP)):
            of_pod, of_container = container(self.lab, "besteffort")
            assert "/kubepods/besteffort/pod" in of_pod
            check(self.lab, of_pod, **files("1", "max 100000", "max"), **{"pids.max": PODS_PIDS})
            check(self.lab, of_container, **files("1", "max 100000", "max"), **OF_CONTAINER)

    def test_levels(self):
        """The best-effort level has the least weight; the burstable level weighs its pods' requests, and follows when they go."""
        pods = [manifest(name, SLEEP, **limits({"cpu": "250m"})) for name in ("one", "two")]
        with running(self.lab, *pods, manifest("three", SLEEP)):
            check(self.lab, f"{ROOT}/kubepods/besteffort", **{"cpu.weight": "1"})
            check(self.lab, f"{ROOT}/kubepods/burstable", **{"cpu.weight": "59"})
        check(self.lab, f"{ROOT}/kubepods/burstable", **{"cpu.weight": "1"})

    def test_nothing_is_left(self):
        """The objects checked after each class exist while a pod runs, and are gone afterwards."""
        with running(self.lab, manifest("gone", SLEEP, **limits(cpu="100m", memory="32Mi"))):
            of_pod, _ = container(self.lab, "gone")
            left = self.lab.left_of_pods(0)
            for part in (of_pod, "/run/swiftlet/sandboxes/", "/var/lib/kubelet/pods/", "/var/lib/swiftlet/containers/", "@if", "swiftlet-shim",
                         " tmpfs "):
                assert any(part in line for line in left), (part, left)
        left = self.lab.left_of_pods()
        assert not left, left
