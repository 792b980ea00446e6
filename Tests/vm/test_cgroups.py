"""The tree of cgroups and what is in its files, for each quality of service."""
import math

from vmlab.pods import ROOT, SLEEP, container, limits, manifest, pod_cgroup, running, settings

PODS_PIDS = "200"  # podPidsLimit of the configuration


def weight(millicores):
    """kubelet's way from CPU shares to cpu.weight."""
    shares = min(max(2, millicores * 1024 // 1000), 262144)
    exponent = math.log2(shares)
    return str(math.ceil(10 ** ((exponent**2 + 125 * exponent) / 612 - 7 / 34)))


def check(lab, cgroup, **wanted):
    found = settings(lab, cgroup, *wanted)
    assert found == wanted, f"{cgroup}: found {found}, wanted {wanted}"


def files(cpu_weight, cpu_max, memory_max):
    return {"cpu.weight": cpu_weight, "cpu.max": cpu_max, "memory.max": memory_max}


OF_CONTAINER = {"memory.swap.max": "0", "memory.oom.group": "1"}


def test_guaranteed(lab):
    with running(lab, manifest("guaranteed", SLEEP, **limits(cpu="500m", memory="64Mi"))):
        of_pod, of_container = container(lab, "guaranteed")
        assert of_pod == f"{ROOT}/kubepods/pod{of_pod.rsplit('/pod')[-1]}", of_pod
        values = files(weight(500), "50000 100000", str(64 << 20))
        check(lab, of_pod, **values, **{"pids.max": PODS_PIDS, "memory.oom.group": "0"})
        check(lab, of_container, **values, **OF_CONTAINER)


def test_burstable(lab):
    with running(lab, manifest("burstable", SLEEP, **limits({"cpu": "100m", "memory": "32Mi"}, memory="96Mi"))):
        of_pod, of_container = container(lab, "burstable")
        assert "/kubepods/burstable/pod" in of_pod
        values = files(weight(100), "max 100000", str(96 << 20))
        check(lab, of_pod, **values, **{"pids.max": PODS_PIDS})
        check(lab, of_container, **values, **OF_CONTAINER)


def test_limits_of_pod_need_those_of_all_containers(lab):
    pod = manifest("half", SLEEP, **limits({"cpu": "50m"}, memory="32Mi", cpu="200m"))
    pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "free", "resources": {"requests": {"cpu": "150m"}}})
    with running(lab, pod):
        of_pod, limited = container(lab, "half")
        _, free = container(lab, "half", "free")
        check(lab, of_pod, **files(weight(200), "max 100000", "max"))
        check(lab, limited, **files(weight(50), "20000 100000", str(32 << 20)))
        check(lab, free, **files(weight(150), "max 100000", "max"))


def test_best_effort(lab):
    with running(lab, manifest("besteffort", SLEEP)):
        of_pod, of_container = container(lab, "besteffort")
        assert "/kubepods/besteffort/pod" in of_pod
        check(lab, of_pod, **files("1", "max 100000", "max"), **{"pids.max": PODS_PIDS})
        check(lab, of_container, **files("1", "max 100000", "max"), **OF_CONTAINER)


def test_levels(lab):
    """Best effort gets what nobody wants; the burstable level weighs what its pods request."""
    pods = [manifest(name, SLEEP, **limits({"cpu": "250m"})) for name in ("one", "two")]
    with running(lab, *pods, manifest("three", SLEEP)):
        check(lab, f"{ROOT}/kubepods/besteffort", **{"cpu.weight": "1"})
        check(lab, f"{ROOT}/kubepods/burstable", **{"cpu.weight": weight(500)})


def test_nothing_is_left(lab):
    with running(lab, manifest("gone", SLEEP, **limits(cpu="100m", memory="32Mi"))):
        cgroup = pod_cgroup(lab.get("pod", "gone"))
        lab.run(f"test -d {cgroup}")
    lab.run(f"test ! -e {cgroup}")
    left = lab.run(f"find {ROOT}/kubepods -name 'pod*' -type d; ls -A /run/swiftlet/sandboxes").stdout
    assert not left, left
