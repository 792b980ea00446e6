"""Effects of other settings of the node on its pods: the period of CPU limits, limited swap, the OOM killer process by process, huge pages."""
import contextlib

from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, SLEEP, check, container, flat, limits, meminfo, running, status
from labs.waiting import wait_until

MIB = 1 << 20
HUGE_PAGES = 12
SETTINGS = {
    "cpuCFSQuotaPeriod": "20ms",
    "memorySwap": {"swapBehavior": "LimitedSwap"},
    "singleProcessOOMKill": True,
    # The agent has set the parameters at its first start.
    "protectKernelDefaults": True,
}


@contextlib.contextmanager
def adjusted(lab):
    """Starts the agent with other settings and with huge pages, which it counts only at its start."""
    try:
        lab.run(f"echo {HUGE_PAGES} > /proc/sys/vm/nr_hugepages; [[ $(< /proc/sys/vm/nr_hugepages) == {HUGE_PAGES} ]]")
        with lab.configured(**SETTINGS):
            yield
    finally:
        lab.run("echo 0 > /proc/sys/vm/nr_hugepages; systemctl restart swiftlet")


class Settings(VMCase):
    @classmethod
    def around(cls):
        return adjusted(cls.lab)

    def test_quota_period(self):
        """A quota is never less than the kernel's millisecond."""
        pods = {"tenth": ("100m", "2000 20000"), "half": ("500m", "10000 20000"), "least": ("1m", "1000 20000")}
        with running(self.lab, *(manifest(name, SLEEP, **limits({"cpu": "1m"}, cpu=limit)) for name, (limit, _) in pods.items())):
            for name, (_, wanted) in pods.items():
                of_pod, of_container = container(self.lab, name)
                # The pod's sum over one container is the same.
                for cgroup in (of_pod, of_container):
                    check(self.lab, cgroup, **{"cpu.max": wanted})

    def test_limited_swap(self):
        """A burstable container has the same share of the node's swap as its request has of the node's memory; other containers have no swap."""
        burstable = limits({"memory": "100Mi"}, memory="200Mi")
        pods = {
            "burstable": manifest("burstable", SLEEP, **burstable),
            "no-limit": manifest("no-limit", SLEEP, **limits({"memory": "300Mi"})),
            "exact": manifest("exact", SLEEP, **limits({"cpu": "10m", "memory": "64Mi"}, memory="64Mi")),
            "guaranteed": manifest("guaranteed", SLEEP, **limits(cpu="10m", memory="64Mi")),
            "besteffort": manifest("besteffort", SLEEP),
            "critical": manifest("critical", SLEEP, priorityClassName="system-node-critical", **burstable),
        }
        memory, swap = meminfo(self.lab, "MemTotal"), meminfo(self.lab, "SwapTotal")
        assert swap, "the machine has no swap"
        wanted = {name: 0 for name in pods} | {"burstable": 100 * MIB, "no-limit": 300 * MIB}
        with running(self.lab, *pods.values()):
            for name, request in wanted.items():
                _, cgroup = container(self.lab, name)
                # The kernel counts whole pages.
                check(self.lab, cgroup, **{"memory.swap.max": str(int(request / memory * swap) // 4096 * 4096)})
            # Beside its container a pod has only the cgroup of its pause, which only waits and would be swapped first.
            of_pod, of_container = container(self.lab, "no-limit")
            of_pause = set(self.lab.run(f"ls -d {of_pod}/*/").stdout.split()) - {f"{of_container}/"}
            assert len(of_pause) == 1, of_pause
            check(self.lab, of_pause.pop(), **{"memory.swap.max": "0"})

    def test_swapping(self):
        """Under pressure a container swaps up to its limit, and a container without swap keeps everything in memory."""
        hold = "dd if=/dev/zero bs=60M count=1 | sleep 1000000"
        pods = {"swapper": limits({"memory": "100Mi"}, memory="200Mi"), "keeper": limits(cpu="500m", memory="200Mi")}
        with running(self.lab, *(manifest(name, hold, **resources) for name, resources in pods.items())):
            used = {}
            for name in pods:
                _, cgroup = container(self.lab, name)
                wait_until("the memory to be taken", lambda: int(self.lab.read(f"{cgroup}/memory.current")) >= 60 * MIB, 60)
                # More than the container can give.
                self.lab.run(f"echo 40M > {cgroup}/memory.reclaim", check=False)
                used[name] = int(self.lab.read(f"{cgroup}/memory.swap.current"))
                assert used[name] <= int(self.lab.read(f"{cgroup}/memory.swap.max")), used
                assert flat(self.lab.read(f"{cgroup}/memory.events"))["oom_kill"] == 0
            assert used["swapper"] > 4 * MIB and used["keeper"] == 0, used
        self.note(f"{used['swapper'] >> 10} KB in swap")

    def test_one_process_killed(self):
        """The hog is killed alone: its container goes on, and its parent sees the end."""
        script = f"tail /dev/zero; echo survived $? > /tmp/told; {SLEEP}"
        with running(self.lab, manifest("parent", script, **limits(cpu="500m", memory="32Mi"))):
            _, cgroup = container(self.lab, "parent")
            check(self.lab, cgroup, **{"memory.oom.group": "0", "memory.swap.max": "0"})
            wait_until("the hog to be killed", lambda: flat(self.lab.read(f"{cgroup}/memory.events"))["oom_kill"], 60)
            wait_until("its parent to notice", lambda: "survived 137" in self.lab.exec("parent", "cat /tmp/told", check=False).stdout, 30)
            counts = flat(self.lab.read(f"{cgroup}/memory.events"))
            assert (counts["oom_kill"], counts["oom_group_kill"]) == (1, 0), counts
            now = status(self.lab, "parent")
            assert "running" in now["state"] and now["restartCount"] == 0 and not now["lastState"], now

    def test_huge_pages(self):
        """A container has the huge pages that it requested, and no more; other containers have none."""
        capacity = self.lab.get("node", "node-1")["status"]["capacity"]
        assert capacity.get("hugepages-2Mi") == f"{HUGE_PAGES * 2}Mi", capacity
        check(self.lab, f"{ROOT}/kubepods", **{"hugetlb.2MB.max": str(HUGE_PAGES * 2 * MIB)})
        amounts = {"memory": "64Mi", "hugepages-2Mi": "8Mi"}
        pod = manifest("huge", SLEEP, **limits({"cpu": "10m", **amounts}, **amounts), volumes=[{"name": "huge", "hostPath": {"path": "/run/huge"}}])
        pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "other", "resources": {}})
        for entry in pod["spec"]["containers"]:
            entry["volumeMounts"] = [{"name": "huge", "mountPath": "/huge"}]
        self.lab.run("mkdir /run/huge && mount -t hugetlbfs -o pagesize=2M none /run/huge")
        try:
            with running(self.lab, pod):
                of_pod, of_container = container(self.lab, "huge")
                _, other = container(self.lab, "huge", "other")
                for cgroup, mebibytes in ((of_pod, 8), (of_container, 8), (other, 0)):
                    check(self.lab, cgroup, **{"hugetlb.2MB.max": str(mebibytes * MIB), "hugetlb.2MB.rsvd.max": str(mebibytes * MIB)})
                refused = self.lab.exec("huge", "busybox fallocate -l 2M /huge/other", "other", check=False)
                assert refused.returncode != 0, refused
                self.lab.exec("huge", "busybox fallocate -l 8M /huge/mine", "c")
                assert self.lab.read(f"{of_container}/hugetlb.2MB.current") == str(8 * MIB)
                refused = self.lab.exec("huge", "busybox fallocate -l 2M /huge/more", "c", check=False)
                assert refused.returncode != 0, refused
        finally:
            self.lab.run("umount /run/huge && rmdir /run/huge")
