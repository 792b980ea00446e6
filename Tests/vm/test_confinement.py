"""Security of pods that needs this machine's kernel: AppArmor, and limits of pods with user namespaces."""
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, SLEEP, check, container, limits, meminfo, running, settings, weight
from labs.waiting import wait_until

# This kernel shifts owners on disks; in memory only Linux 6.3 and later do. A pod for both kinds of kernel has no token.
SHIFTED = {"hostUsers": False, "automountServiceAccountToken": False}


def confined(name, profile):
    return manifest(name, SLEEP, container={"securityContext": {"appArmorProfile": profile}})


def profile_of(lab, pod):
    return lab.exec(pod, "cat /proc/1/attr/apparmor/current").stdout.strip()


def waiting(lab, pod):
    """Waits for a container's reason to wait; returns reason and message."""
    def reason():
        entries = lab.get("pod", pod)["status"].get("containerStatuses", [])
        state = entries[0]["state"].get("waiting", {}) if entries else {}
        return (state["reason"], state.get("message", "")) if state.get("reason") not in (None, "ContainerCreating", "PodInitializing") else None

    return wait_until(f"pod {pod} to say what it waits for", reason, 60)


class Confinement(VMCase):
    def test_apparmor(self):
        """The default profile confines containers without a profile of their own, and execs; an unknown profile prevents the start."""
        assert self.lab.run("cat /sys/module/apparmor/parameters/enabled").stdout == "Y\n"
        pods = [manifest("default", SLEEP), confined("free", {"type": "Unconfined"}), confined("asked", {"type": "RuntimeDefault"})]
        with running(self.lab, *pods):
            assert (profile_of(self.lab, "default"), profile_of(self.lab, "asked")) == ("swiftlet-default (enforce)",) * 2
            assert profile_of(self.lab, "free") == "unconfined"
            assert self.lab.exec("default", "cat /proc/self/attr/apparmor/current").stdout.strip() == "swiftlet-default (enforce)"
        unknown = confined("unknown", {"type": "Localhost", "localhostProfile": "no-such-profile"})
        with running(self.lab, unknown, ready=False):
            reason, message = waiting(self.lab, "unknown")
            assert reason == "CreateContainerError" and "no-such-profile" in message, (reason, message)

    def test_apparmor_profile_of_the_node(self):
        profile = "profile vm-test flags=(attach_disconnected) { file, deny /etc/passwd r, capability, network, signal, }"
        self.lab.run(f"printf '{profile}' | apparmor_parser -r -W")
        with running(self.lab, confined("local", {"type": "Localhost", "localhostProfile": "vm-test"})):
            assert profile_of(self.lab, "local") == "vm-test (enforce)"
            refused = self.lab.exec("local", "cat /etc/passwd", check=False)
            assert refused.returncode != 0 and "Permission denied" in refused.stderr, refused

    def test_user_namespace(self):
        """CVE-2025-47291 of another runtime: a pod with a user namespace has its limits all the same."""
        pod = manifest("shifted", SLEEP, **limits(cpu="200m", memory="64Mi"))
        pod["spec"] |= SHIFTED
        with running(self.lab, pod):
            inside, outside, size = self.lab.exec("shifted", "cat /proc/self/uid_map").stdout.split()
            assert (inside, size) == ("0", "65536") and int(outside) >= 65536 and int(outside) % 65536 == 0, (inside, outside, size)
            of_pod, of_container = container(self.lab, "shifted")
            for cgroup in (of_pod, of_container):
                assert settings(self.lab, cgroup, "memory.max", "cpu.max") == {"memory.max": str(64 << 20), "cpu.max": "20000 100000"}
            # On the machine the container's root is an unprivileged user.
            owners = self.lab.run(f"for pid in $(cat {of_container}/cgroup.procs); do stat -c %u /proc/$pid; done").stdout.split()
            assert set(owners) == {outside}, (owners, outside)
            assert self.lab.exec("shifted", "stat -c %u:%g / /etc/hostname").stdout.split() == ["0:0", "0:0"]

    def test_user_namespace_refused_where_memory_cannot_be_shifted(self):
        """Before Linux 6.3 a volume in memory cannot have shifted owners: the pod is refused with a message."""
        major, minor = (int(part) for part in self.lab.run("uname -r").stdout.split("-")[0].split(".")[:2])
        pod = manifest("memory", SLEEP, volumes=[{"name": "m", "emptyDir": {"medium": "Memory"}}],
                       container={"volumeMounts": [{"name": "m", "mountPath": "/m"}]})
        pod["spec"] |= SHIFTED
        if (major, minor) >= (6, 3):
            with running(self.lab, pod):
                assert self.lab.exec("memory", "touch /m/x && stat -c %u /m/x").stdout == "0\n"
            return
        with running(self.lab, pod, ready=False):
            reason, message = waiting(self.lab, "memory")
            assert reason in ("CreateContainerError", "RunContainerError") and "/m" in message, (reason, message)

    def test_kernel_parameters(self):
        """The agent sets the same kernel parameters as kubelet."""
        wanted = {
            "vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
            "kernel/keys/root_maxkeys": "1000000",
            "kernel/keys/root_maxbytes": "25000000",
        }  # fmt: skip
        assert settings(self.lab, "/proc/sys", *wanted) == wanted

    def test_limits_of_all_pods(self):
        """All pods together get the machine, from which nothing is reserved here."""
        tasks = min(int(self.lab.read(f"/proc/sys/kernel/{name}")) for name in ("pid_max", "threads-max"))
        wanted = {"memory.max": str(meminfo(self.lab, "MemTotal")), "cpu.weight": weight(2000), "pids.max": str(tasks), "hugetlb.2MB.max": "0"}
        check(self.lab, f"{ROOT}/kubepods", **wanted)
        # The unit has the same weight beside the services of the system, also after systemd has reloaded.
        self.lab.run("systemctl daemon-reload")
        check(self.lab, ROOT, **{"cpu.weight": weight(2000)})

    def test_resource_limits(self):
        """A container has the limits that the units pass on, and no higher ones: processes of all pods of a user count together, and some programs
        go through every possible descriptor."""
        with running(self.lab, manifest("limited", SLEEP)):
            lines = [line.split() for line in self.lab.exec("limited", "cat /proc/self/limits").stdout.splitlines()]
        found = {" ".join(line[1:3]): line[3:5] for line in lines if line[0] == "Max"}
        assert found["open files"] == ["65536", "524288"], found
        for name in ("processes", "core file"):
            words = next(line for line in lines if name in " ".join(line))
            assert words.count("unlimited") == 2, words
