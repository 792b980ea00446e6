"""Pods for tests, deleted afterwards."""
import contextlib
import math

from labs.waiting import wait_until

ROOT = "/sys/fs/cgroup/swiftlet-pods.service"
SLEEP = "exec sleep 1000000"
# Lists the objects of pods on the node: cgroups, records, folders, writable layers, mounts, links, and shims beside the spawner.
LEFT = rf"""
find {ROOT}/kubepods -name 'pod*' -type d
for folder in /run/swiftlet/sandboxes /var/lib/kubelet/pods /var/lib/swiftlet/containers; do
  [ ! -e $folder ] || find $folder -mindepth 1 -maxdepth 1
done
grep -E ' (/run/swiftlet|/var/lib/kubelet|/var/lib/swiftlet)/' /proc/mounts
ip -o link show type veth
ps -C swiftlet-shim -o pid=,args= | grep -vw "$(systemctl show -P MainPID swiftlet-spawner)"
true
"""


def limits(requests=None, **limits):
    """Keywords for manifest(): resources of its container."""
    return {"container": {"resources": {**({"requests": requests} if requests else {}), **({"limits": limits} if limits else {})}}}


@contextlib.contextmanager
def running(lab, *pods, ready=True, seconds=120):
    """Applies pods, waits until they are Ready, and deletes them at the end."""
    names = [pod["metadata"]["name"] for pod in pods]
    for pod in pods:
        pod["spec"]["terminationGracePeriodSeconds"] = 1
    lab.apply(*pods)
    try:
        for name in names if ready else []:
            lab.wait_for("pod", name, "Ready", seconds)
        yield names
    finally:
        lab.delete("pod", *names, "--wait=false")

        def gone():
            lab.require_machine()
            return not lab.kubectl("get", "pod", *names, "--ignore-not-found", "-o", "name").stdout.strip()

        wait_until("the pods to be gone", gone, seconds)


def status(lab, pod, name="c"):
    """Returns the status of a container."""
    pods = lab.get("pod", pod)
    return next(entry for entry in pods["status"].get("containerStatuses", []) if entry["name"] == name)


def pod_cgroup(pod):
    """Returns the cgroup of a pod, given as an object from the API server."""
    level = {"Burstable": "burstable/", "BestEffort": "besteffort/"}.get(pod["status"]["qosClass"], "")
    return f"{ROOT}/kubepods/{level}pod{pod['metadata']['uid']}"


def container(lab, pod, name="c"):
    """Returns the cgroups of the pod and of the container."""
    found = lab.get("pod", pod)
    of_pod = pod_cgroup(found)
    entry = next(entry for entry in found["status"]["containerStatuses"] if entry["name"] == name)
    return of_pod, f"{of_pod}/{entry['containerID'].split('://')[1]}"


def settings(lab, cgroup, *names):
    """Returns the contents of a cgroup's files by name."""
    script = "\n".join(f"printf '%s\\t%s\\n' {name} \"$(cat {cgroup}/{name})\"" for name in names)
    return dict(line.split("\t", 1) for line in lab.run(script).stdout.splitlines())


def flat(text):
    """Parses a flat keyed file, such as cpu.stat."""
    return {key: int(value) for key, value in (line.split() for line in text.splitlines())}


def weight(millicores):
    """Returns kubelet's cpu.weight for millicores: a curve, not the straight line of earlier releases (59 and not 20 for half a processor)."""
    shares = min(max(2, millicores * 1024 // 1000), 262144)
    exponent = math.log2(shares)
    return str(math.ceil(10 ** ((exponent**2 + 125 * exponent) / 612 - 7 / 34)))


def files(cpu_weight, cpu_max, memory_max):
    return {"cpu.weight": cpu_weight, "cpu.max": cpu_max, "memory.max": memory_max}


def check(lab, cgroup, **wanted):
    found = settings(lab, cgroup, *wanted)
    assert found == wanted, f"{cgroup}: found {found}, wanted {wanted}"


def meminfo(lab, name):
    """Returns a figure of /proc/meminfo in bytes."""
    return int(lab.run(f"awk '/^{name}:/ {{print $2}}' /proc/meminfo").stdout) * 1024
