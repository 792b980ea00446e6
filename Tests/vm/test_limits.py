"""Limits that hold: memory, processes, CPU, swap, local storage."""
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import SLEEP, container, flat, limits, meminfo, running, status
from labs.waiting import wait_until

HOG = "tail /dev/zero"  # the longest line in the world, kept in memory


def killed(lab, pod, name="c"):
    """The end of a container, from its present or its last state."""
    entry = status(lab, pod, name)
    return entry["state"].get("terminated") or entry.get("lastState", {}).get("terminated")


def oom(lab, pod, name="c"):
    end = wait_until(f"{pod}/{name} to be killed", lambda: killed(lab, pod, name), 90)
    assert (end["reason"], end["exitCode"]) == ("OOMKilled", 137), end


class Limits(VMCase):
    def test_memory_limit(self):
        """The hog is killed and started again; its neighbour in the pod does not notice."""
        pod = manifest("hog", f"exec {HOG}", **limits(memory="32Mi"))
        pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "neighbour", "command": ["sh", "-c", SLEEP]})
        with running(self.lab, pod, ready=False):
            wait_until("the neighbour to run", lambda: self.lab.get("pod", "hog")["status"].get("containerStatuses"), 60)
            before = wait_until("the neighbour to run", lambda: status(self.lab, "hog", "neighbour").get("containerID"), 60)
            oom(self.lab, "hog")
            wait_until("the hog to be started again", lambda: status(self.lab, "hog")["restartCount"] > 0, 60)
            after = status(self.lab, "hog", "neighbour")
            assert "running" in after["state"] and (after["containerID"], after["restartCount"]) == (before, 0), after
            _, cgroup = container(self.lab, "hog", "neighbour")
            events = flat(self.lab.read(f"{cgroup}/memory.events"))
            assert events["oom_kill"] == 0, events

    def test_memory_limit_takes_all_of_a_container(self):
        """Without memory.oom.group the shell would live on without its child."""
        with running(self.lab, manifest("family", f"{HOG}; echo survived; {SLEEP}", restartPolicy="Never", **limits(memory="32Mi")), ready=False):
            wait_until("a status", lambda: self.lab.get("pod", "family")["status"].get("containerStatuses"), 60)
            oom(self.lab, "family")
            assert wait_until("the pod to fail", lambda: self.lab.get("pod", "family")["status"]["phase"] == "Failed", 30)
            assert "survived" not in self.lab.run("cat /var/log/pods/default_family_*/c/0.log").stdout

    def test_no_swap(self):
        """There is swap, and pods do not get it: a container over its limit is killed and swaps nothing."""
        swaps = self.lab.run("tail -n +2 /proc/swaps").stdout
        assert swaps, "the machine has no swap"
        free = meminfo(self.lab, "SwapFree")
        with running(self.lab, manifest("swapper", f"{HOG}", restartPolicy="Never", **limits({"memory": "16Mi"}, memory="32Mi")), ready=False):
            wait_until("a status", lambda: self.lab.get("pod", "swapper")["status"].get("containerStatuses"), 60)
            oom(self.lab, "swapper")
        used = free - meminfo(self.lab, "SwapFree")
        # The sandbox itself and the kernel's own slots may use a little.
        assert used < 2 << 20, f"{used} bytes went to swap"

    def test_process_limit(self):
        """A pod at its limit of processes cannot start another one; other pods can."""
        fill = "(i=0; while [ $i -lt 400 ]; do sleep 1000000 & i=$((i+1)); done); : > /tmp/full; exec sleep 1000000"
        with running(self.lab, manifest("bomb", fill), manifest("other", SLEEP)):
            # Before Linux 6.11 a refusal is counted where the refused process is, not where the limit is.
            of_pod, of_container = container(self.lab, "bomb")
            wait_until("the pod to be full", lambda: any(flat(self.lab.read(f"{place}/pids.events"))["max"] for place in (of_pod, of_container)), 60)
            count = int(self.lab.read(f"{of_pod}/pids.current"))
            assert count <= 200, count
            assert self.lab.exec("other", "echo works").stdout == "works\n"
            refused = self.lab.exec("bomb", "sleep 0; echo works", check=False)
            assert "works" not in refused.stdout, refused
        self.note(f"{count} processes")

    def test_cpu_limit(self):
        with running(self.lab, manifest("busy", "while :; do :; done", **limits(cpu="100m"))):
            _, cgroup = container(self.lab, "busy")

            def throttled():
                counts = flat(self.lab.read(f"{cgroup}/cpu.stat"))
                return counts if counts["nr_throttled"] > 10 else None

            counts = wait_until("the container to be throttled", throttled, 60)
        self.note(f"throttled in {counts['nr_throttled']} of {counts['nr_periods']} periods")

    def test_volume_counted_by_the_file_system(self):
        """An open file without a name takes space on the disk and is found by no walk: the volume's project quota has it."""
        fill = f"exec 3> /data/file; rm /data/file; head -c {8 << 20} /dev/zero >&3; {SLEEP}"
        pod = manifest("hidden", fill, hostUsers=False, automountServiceAccountToken=False, restartPolicy="Never",
                       volumes=[{"name": "data", "emptyDir": {"sizeLimit": "5Mi"}}],
                       container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]})
        with running(self.lab, pod, ready=False):

            def failed():
                found = self.lab.get("pod", "hidden")["status"]
                return found if found["phase"] == "Failed" else None

            end = wait_until("the pod to be evicted", failed, 90)
            wanted = 'Usage of EmptyDir volume "data" exceeds the limit "5Mi". '
            assert (end["reason"], end["message"]) == ("Evicted", wanted), end
