"""Resources of a pod beside those of its containers: its own, and the overhead of its RuntimeClass."""
import contextlib

from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import SLEEP, check, container, files, limits, running, weight


@contextlib.contextmanager
def runtime_class(lab, name, overhead):
    kind = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": "swiftlet",
            "overhead": {"podFixed": overhead}}
    lab.apply(kind)
    try:
        yield
    finally:
        lab.delete("runtimeclass", name)


class PodLevel(VMCase):
    def test_pod_level_resources(self):
        """Resources of the pod replace the sums of its containers; a container without a limit has the pod's limit."""
        pod = manifest("pod-level", SLEEP, **limits({"cpu": "50m"}, cpu="100m", memory="32Mi"))
        pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "free", "resources": {}})
        pod["spec"]["resources"] = {"requests": {"cpu": "300m", "memory": "64Mi"}, "limits": {"cpu": "600m", "memory": "128Mi"}}
        with running(self.lab, pod):
            of_pod, limited = container(self.lab, "pod-level")
            _, free = container(self.lab, "pod-level", "free")
            assert "/kubepods/burstable/pod" in of_pod
            check(self.lab, of_pod, **files(weight(300), "60000 100000", str(128 << 20)))
            check(self.lab, limited, **files(weight(50), "10000 100000", str(32 << 20)))
            check(self.lab, free, **files(weight(600), "60000 100000", str(128 << 20)))

    def test_overhead(self):
        """The overhead counts for the pod, and for no container."""
        with runtime_class(self.lab, "heavy", {"cpu": "250m", "memory": "32Mi"}):
            pods = [
                manifest("heavy", SLEEP, runtimeClassName="heavy", **limits(cpu="250m", memory="64Mi")),
                manifest("heavy-for-nothing", SLEEP, runtimeClassName="heavy"),
            ]
            with running(self.lab, *pods):
                of_pod, of_container = container(self.lab, "heavy")
                check(self.lab, of_pod, **files("59", "50000 100000", str(96 << 20)))
                check(self.lab, of_container, **files("35", "25000 100000", str(64 << 20)))
                # A pod without requests is not limited to its overhead.
                of_pod, of_container = container(self.lab, "heavy-for-nothing")
                assert "/kubepods/besteffort/pod" in of_pod
                for cgroup in (of_pod, of_container):
                    check(self.lab, cgroup, **files("1", "max 100000", "max"))
