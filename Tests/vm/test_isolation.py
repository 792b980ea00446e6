"""Isolation that only a machine with cgroup v2 alone can show."""
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import SLEEP, container, running, status
from labs.waiting import wait_until

DEFAULT_CAPABILITIES = 0xA80425FB


def privileged(name):
    return manifest(name, SLEEP, container={"securityContext": {"privileged": True}})


# Collects the capabilities of all visible processes.
SNOOP = "while :; do cat /proc/[0-9]*/status 2>/dev/null; done | busybox awk '/^CapEff/ && !seen[$2]++ { print $2; fflush() }' > /tmp/seen"

# Moves the container's own processes into a child, as every manager of cgroups has to do; then makes a tree of cgroups.
NESTED = r"""set -e
cd /sys/fs/cgroup
mkdir init
for pid in $(cat cgroup.procs); do echo $pid > init/cgroup.procs; done
echo '+cpu +memory +pids' > cgroup.subtree_control
mkdir -p worker/$(printf 'odd\377name')/deep
echo 16M > worker/memory.max
echo 5 > worker/pids.max
sh -c 'echo 0 > worker/cgroup.procs; exec sleep 1000000' > /dev/null 2>&1 &
until grep -q . worker/cgroup.procs; do sleep 0.1; done
cat worker/memory.max worker/pids.max
"""


class Isolation(VMCase):
    def test_devices(self):
        """The machine's disk, given as a volume, can be opened only where all devices are allowed: the kernel checks at open time."""
        disk = {"volumes": [{"name": "disk", "hostPath": {"path": "/dev/vda", "type": "BlockDevice"}}]}
        pods = [manifest("plain", SLEEP, **disk), privileged("mighty")]
        pods[1]["spec"] |= disk
        for pod in pods:
            pod["spec"]["containers"][0]["volumeMounts"] = [{"name": "disk", "mountPath": "/disk"}]
        script = "head -c 512 /disk | wc -c"
        with running(self.lab, *pods):
            refused = self.lab.exec("plain", script, check=False)
            assert (refused.stdout, "Operation not permitted" in refused.stderr) == ("0\n", True), refused
            assert self.lab.exec("plain", "head -c 512 /dev/zero | wc -c").stdout == "512\n"
            assert self.lab.exec("mighty", script).stdout == "512\n"

    def test_cgroup_is_read_only(self):
        with running(self.lab, manifest("reader", SLEEP)):
            # The container's own cgroup is the root of what it sees.
            assert self.lab.exec("reader", "cat /proc/1/cgroup").stdout == "0::/\n"
            assert self.lab.exec("reader", "cat /sys/fs/cgroup/memory.swap.max").stdout == "0\n"
            for attempt in ("mkdir /sys/fs/cgroup/mine", "echo max > /sys/fs/cgroup/memory.max", "mount -o remount,rw /sys/fs/cgroup"):
                refused = self.lab.exec("reader", attempt, check=False)
                assert refused.returncode != 0, f"{attempt}: {refused}"

    def test_delegation_ends_at_the_container(self):
        """Even a privileged container that may write to its view cannot lift its own limits (nsdelegate)."""
        assert "nsdelegate" in self.lab.run("grep ' /sys/fs/cgroup cgroup2 ' /proc/mounts").stdout
        pod = privileged("boss")
        pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
        with running(self.lab, pod):
            self.lab.exec("boss", "mkdir /sys/fs/cgroup/mine && rmdir /sys/fs/cgroup/mine")
            refused = self.lab.exec("boss", "echo max > /sys/fs/cgroup/memory.max", check=False)
            assert refused.returncode != 0, refused
            assert self.lab.exec("boss", "cat /sys/fs/cgroup/memory.max").stdout == f"{64 << 20}\n"

    def test_shared_processes(self):
        """Containers of the pod see each other and the pause, but no process with the privileges of the runtime."""
        pod = manifest("shared", SNOOP, shareProcessNamespace=True, securityContext={"seccompProfile": {"type": "RuntimeDefault"}})
        first = pod["spec"]["containers"][0]
        pod["spec"]["containers"] += [{**first, "name": f"c{number}", "command": ["sh", "-c", SLEEP]} for number in range(6)]
        with running(self.lab, pod):
            assert self.lab.exec("shared", "cat /proc/1/comm").stdout == "swiftlet-pause\n"
            assert self.lab.exec("shared", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "c5").stdout.count("sleep 1000000") == 6
            for _ in range(10):
                self.lab.exec("shared", "true")
            seen = {int(word, 16) for word in self.lab.exec("shared", "cat /tmp/seen").stdout.split()}
            assert seen == {0, DEFAULT_CAPABILITIES}, [hex(mask) for mask in seen]

    def test_cgroups_in_a_container(self):
        """A privileged container makes cgroups below its own. The agent goes on working with the container, and removes all of its cgroups."""
        pod = privileged("nester")
        pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi", "cpu": "500m"}}
        with running(self.lab, pod):
            of_pod, of_container = container(self.lab, "nester")
            assert self.lab.exec("nester", NESTED).stdout == f"{16 << 20}\n5\n"
            assert self.lab.read(f"{of_container}/worker/memory.max") == str(16 << 20)
            assert self.lab.read(f"{of_container}/cgroup.procs") == ""
            # An exec, another agent, and the container's end and new start.
            self.lab.run("systemctl restart swiftlet")
            assert self.lab.exec("nester", "cat /sys/fs/cgroup/memory.max").stdout == f"{64 << 20}\n"
            self.lab.run(f"kill -9 $(< {of_container}/init/cgroup.procs)")
            wait_until("the container to start again",
                       lambda: status(self.lab, "nester")["restartCount"] == 1 and status(self.lab, "nester")["ready"], 60)
            _, successor = container(self.lab, "nester")
            assert successor != of_container
            assert self.lab.exec("nester", NESTED).stdout == f"{16 << 20}\n5\n"
        self.lab.run(f"test ! -e {of_pod}")

    def test_cgroup_v1_cannot_be_mounted(self):
        """CVE-2022-0492: with a version 1 hierarchy of its own a container would name a program that the machine runs as root."""
        with running(self.lab, manifest("mounter", SLEEP)):
            for words in ("", "busybox unshare -m ", "busybox unshare -U -r -m ", "busybox unshare -U -r -m -C "):
                attempt = f"{words}sh -c 'mkdir -p /tmp/v1 && mount -t cgroup -o rdma none /tmp/v1 && echo mounted'"
                result = self.lab.exec("mounter", attempt, check=False)
                assert "mounted" not in result.stdout and result.returncode != 0, f"{attempt}: {result}"
