"""What of a pod's security only this machine's kernel has: AppArmor, and limits of pods with user namespaces."""
from vmlab.pods import ROOT, SLEEP, check, container, limits, manifest, meminfo, running, settings, weight
from swiftlab.lab import wait_until

# The kernel here shifts owners on disks, and in memory only from Linux 6.3 on: a pod for both has no token.
SHIFTED = {"hostUsers": False, "automountServiceAccountToken": False}


def confined(name, profile):
    return manifest(name, SLEEP, container={"securityContext": {"appArmorProfile": profile}})


def profile_of(lab, pod):
    return lab.exec(pod, "cat /proc/1/attr/apparmor/current").stdout.strip()


def waiting(lab, pod):
    """(reason, message) that a container waits for, once there is one."""
    def reason():
        entries = lab.get("pod", pod)["status"].get("containerStatuses", [])
        state = entries[0]["state"].get("waiting", {}) if entries else {}
        return (state["reason"], state.get("message", "")) if state.get("reason") not in (None, "ContainerCreating", "PodInitializing") else None

    return wait_until(f"pod {pod} to say what it waits for", reason, 60)


def test_apparmor(lab):
    """The default profile holds whoever asks for nothing, and an exec as well; a name that the kernel does not know starts nothing."""
    assert lab.run("cat /sys/module/apparmor/parameters/enabled").stdout == "Y\n"
    pods = [manifest("default", SLEEP), confined("free", {"type": "Unconfined"}), confined("asked", {"type": "RuntimeDefault"})]
    with running(lab, *pods):
        assert (profile_of(lab, "default"), profile_of(lab, "asked")) == ("swiftlet-default (enforce)",) * 2
        assert profile_of(lab, "free") == "unconfined"
        assert lab.exec("default", "cat /proc/self/attr/apparmor/current").stdout.strip() == "swiftlet-default (enforce)"
    unknown = confined("unknown", {"type": "Localhost", "localhostProfile": "no-such-profile"})
    with running(lab, unknown, ready=False):
        reason, message = waiting(lab, "unknown")
        assert reason == "CreateContainerError" and "no-such-profile" in message, (reason, message)


def test_apparmor_profile_of_the_node(lab):
    lab.run("printf 'profile vm-test flags=(attach_disconnected) { file, deny /etc/passwd r, capability, network, signal, }' | apparmor_parser -r -W")
    with running(lab, confined("local", {"type": "Localhost", "localhostProfile": "vm-test"})):
        assert profile_of(lab, "local") == "vm-test (enforce)"
        refused = lab.exec("local", "cat /etc/passwd", check=False)
        assert refused.returncode != 0 and "Permission denied" in refused.stderr, refused


def test_user_namespace(lab):
    """CVE-2025-47291 of another runtime: a pod with a user namespace has its limits all the same."""
    pod = manifest("shifted", SLEEP, **limits(cpu="200m", memory="64Mi"))
    pod["spec"] |= SHIFTED
    with running(lab, pod):
        inside, outside, size = lab.exec("shifted", "cat /proc/self/uid_map").stdout.split()
        assert (inside, size) == ("0", "65536") and int(outside) >= 65536 and int(outside) % 65536 == 0, (inside, outside, size)
        of_pod, of_container = container(lab, "shifted")
        for cgroup in (of_pod, of_container):
            assert settings(lab, cgroup, "memory.max", "cpu.max") == {"memory.max": str(64 << 20), "cpu.max": "20000 100000"}
        # To the machine root in there is nobody.
        owners = lab.run(f"for pid in $(cat {of_container}/cgroup.procs); do stat -c %u /proc/$pid; done").stdout.split()
        assert set(owners) == {outside}, (owners, outside)
        assert lab.exec("shifted", "stat -c %u:%g / /etc/hostname").stdout.split() == ["0:0", "0:0"]


def test_user_namespace_refused_where_memory_cannot_be_shifted(lab):
    """Before Linux 6.3 a volume in memory cannot have shifted owners: said, not left out."""
    major, minor = (int(part) for part in lab.run("uname -r").stdout.split("-")[0].split(".")[:2])
    pod = manifest("memory", SLEEP, volumes=[{"name": "m", "emptyDir": {"medium": "Memory"}}], container={"volumeMounts": [{"name": "m", "mountPath": "/m"}]})
    pod["spec"] |= SHIFTED
    if (major, minor) >= (6, 3):
        with running(lab, pod):
            assert lab.exec("memory", "touch /m/x && stat -c %u /m/x").stdout == "0\n"
        return
    with running(lab, pod, ready=False):
        reason, message = waiting(lab, "memory")
        assert reason in ("CreateContainerError", "RunContainerError") and "/m" in message, (reason, message)


def test_kernel_parameters(lab):
    """What kubelet sets on its node."""
    wanted = {
        "vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1", "kernel/keys/root_maxkeys": "1000000",
        "kernel/keys/root_maxbytes": "25000000",
    }  # fmt: skip
    assert settings(lab, "/proc/sys", *wanted) == wanted


def test_limits_of_all_pods(lab):
    """All pods together get the machine, from which nothing is reserved here."""
    tasks = min(int(lab.read(f"/proc/sys/kernel/{name}")) for name in ("pid_max", "threads-max"))
    wanted = {"memory.max": str(meminfo(lab, "MemTotal")), "cpu.weight": weight(2000), "pids.max": str(tasks), "hugetlb.2MB.max": "0"}
    check(lab, f"{ROOT}/kubepods", **wanted)
    # As much beside the services of the system: what systemd sets for the unit, it keeps.
    lab.run("systemctl daemon-reload")
    check(lab, ROOT, **{"cpu.weight": weight(2000)})


def test_resource_limits(lab):
    """What the units pass on, and no more: processes of all pods of a user count together, and programs go through all the descriptors there could be."""
    with running(lab, manifest("limited", SLEEP)):
        lines = [line.split() for line in lab.exec("limited", "cat /proc/self/limits").stdout.splitlines()]
    found = {" ".join(line[1:3]): line[3:5] for line in lines if line[0] == "Max"}
    assert found["open files"] == ["65536", "524288"], found
    for name in ("processes", "core file"):
        words = next(line for line in lines if name in " ".join(line))
        assert words.count("unlimited") == 2, words
