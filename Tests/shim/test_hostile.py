"""Known attacks on container runtimes, by their CVE numbers: hostile images, volumes and neighbours."""
import errno
import fcntl
import glob
import hashlib
import os
import re
import stat
import struct

from labs.files import read_text
from labs.programs import program
from labs.shim.case import ShimCase
from labs.shim.layers import hostile, image, layer, tree
from labs.shim.records import DEFAULT_CAPS, namespaces, sysctl
from labs.shim.sandbox import Sandbox
from labs.shim.seccomp import NO_MKDIR
from labs.shim.user_pod import ALL_CAPS, UserPod
from labs.shim.wire import C, attempt, field, refused

SHARED_PID = namespaces(pid=2)
PROGRAMS = ("swiftlet-shim", "swiftlet-pause")


def contents(name):
    with open(program(name), "rb") as file:
        return file.read()


def digest(name):
    return hashlib.sha256(contents(name)).digest()


class Snoop:
    """A program that looks for joining processes from inside, as root in the same pid namespace."""

    def __init__(self, world, pod, caps, ns):
        self.pod = pod
        pod.launch("snoop", ["sleep", "1000"], caps=caps, ns=ns, **hostile(world))
        stdin, self.stop = os.pipe()
        self.out, stdout = os.pipe()
        host = f"{world.base}/{world.name('onlyhere')}"
        open(host, "w").close()
        pod.exec("snoop", "snoop", ["/bin/hostile", "snoop", host, "word"], stdio=(stdin, stdout, stdout), caps=caps)
        os.close(stdin), os.close(stdout)

    def finish(self):
        os.close(self.stop)
        output = read_text(self.out)
        assert self.pod.wait_exec("snoop").code == 0
        return {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", output)}


class Hostile(ShimCase):
    def test_cve_2019_5736_the_runtime_is_not_overwritten(self):
        """The entry point is the runtime itself, and neighbours write to the program file of every joining process."""
        digests = {name: digest(name) for name in PROGRAMS}
        evil = layer(self.world, "evil", links=[("bin/self", "/proc/self/exe")], files=[("bin/script", "#!/proc/self/exe\n")])
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        with Sandbox(self.world, pid=1) as pod:
            # The program file of a joining process is not a file of the host, and cannot be changed.
            for pid in (self.world.spawner.pid, pod.shim):
                with open(f"/proc/{pid}/exe", "rb") as running:
                    assert os.fstat(running.fileno()).st_nlink == 0 and fcntl.fcntl(running, fcntl.F_GET_SEALS) & seals == seals, pid
            snoop = Snoop(self.world, pod, DEFAULT_CAPS, SHARED_PID)
            for evil_program in ("/proc/self/exe", "/bin/self", "/bin/script") * 20:
                if attempt(lambda: pod.launch("evil", [evil_program], cgroup=False, log=False, ns=SHARED_PID, **image(self.world, evil))):
                    pod.wait("evil")
                    pod.container_verb("SWL_VERB_REMOVE", "evil")
                if attempt(lambda: pod.exec("snoop", "evil", [evil_program])):
                    pod.wait_exec("evil")
            result = snoop.finish()
        assert result["seen"] and not result["wrote"], result
        for name, before in digests.items():
            assert digest(name) == before, name
        self.note(f"{result['seen']} looks at joining processes")

    def test_cve_2016_9962_a_joining_process_is_out_of_reach(self):
        """Neither descriptors nor memory of a joining process can be reached, in a pod with a user namespace not even with every capability."""
        looks = 0
        for pod, caps, ns in ((Sandbox(self.world, pid=1), DEFAULT_CAPS, SHARED_PID),
                              (UserPod(self.world, pid=1), ALL_CAPS, namespaces(pid=2, user=2))):
            with pod:
                snoop = Snoop(self.world, pod, caps, ns)
                for _ in range(60):
                    pod.exec("snoop", "e", ["true"], caps=caps)
                    pod.wait_exec("e")
                    pod.launch("c", ["true"], cgroup=False, log=False, caps=caps, ns=ns)
                    pod.wait("c")
                    pod.container_verb("SWL_VERB_REMOVE", "c")
                result = snoop.finish()
            assert result["seen"] and not result["traced"] and not result["opened"] and not result["wrote"], result
            looks += result["seen"]
        self.note(f"{looks} looks at joining processes")

    def test_cve_2016_9962_with_sys_ptrace_a_joining_process_has_nothing_to_take(self):
        """Without a user namespace a container with SYS_PTRACE reaches every process that it can see: none of them is in the host's root, or
        holds a descriptor of the shim or a capability that the container does not have."""
        caps = DEFAULT_CAPS | 1 << 19
        with Sandbox(self.world, pid=1) as pod:
            # A neighbour's output: lines, and the beginning of one.
            pod.launch("neighbour", ["sh", "-c", "while :; do seq -f 'wordword %g' 200; printf wordword; sleep 0.01; done"], limits=(1 << 20, 2))
            snoop = Snoop(self.world, pod, caps, SHARED_PID)
            for nnp, seccomp in ((0, b""), (1, b""), (0, NO_MKDIR), (1, NO_MKDIR)) * 60:
                pod.exec("snoop", "e", ["true"], caps=caps, nnp=nnp, uid=nnp * 1000, seccomp=seccomp)
                pod.wait_exec("e")
                line = "readlink /proc/self/ns/pid; test -d /proc/$$"
                assert pod.shell(line, "c", cgroup=False, caps=caps, nnp=nnp, ns=SHARED_PID, seccomp=seccomp)[0] == 0
                pod.container_verb("SWL_VERB_REMOVE", "c")
            result = snoop.finish()
            pids = {os.readlink(f"/proc/{pid}/ns/pid") for pid in (pod.pause, pod.launch("last", ["sleep", "1000"], ns=SHARED_PID).pid)}
            assert len(pids) == 1, pids
        assert result["seen"] and not any(result[what] for what in ("rooted", "privileged", "held", "told", "wrote")), result
        self.note(f"{result['seen']} looks at joining processes")

    def test_cve_2024_21626_working_directory_and_descriptors(self):
        """No descriptor of the host can become a working directory."""
        evil = layer(self.world, "evil", links=[(f"cwd{n}", f"/proc/self/fd/{n}") for n in range(3, 30)])
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"], **image(self.world, evil))
            for n in range(3, 65):
                for cwd in (f"/proc/self/fd/{n}", f"/proc/thread-self/fd/{n}/..", *([f"/cwd{n}"] if n < 30 else [])):
                    refused(lambda: pod.launch("x", ["true"], cwd=cwd, **image(self.world, evil)), "SWL_STEP_CWD")
                    refused(lambda: pod.exec("app", "x", ["true"], cwd=cwd), "SWL_STEP_CWD")
            assert pod.shell("ls /proc/self/fd; pwd")[1] == "0\n1\n2\n3\n/\n"  # ls itself opens 3
            assert pod.exec_output("app", "fds", ["ls", "/proc/self/fd"]) == (0, "0\n1\n2\n3\n")

    def test_cve_2022_24769_2022_29162_no_inheritable_capabilities(self):
        with Sandbox(self.world) as pod:
            for uid in (0, 1000):
                assert "CapInh:\t" + "0" * 16 in pod.shell("cat /proc/self/status", uid=uid)[1]
            pod.launch("app", ["sleep", "1000"])
            for uid in (0, 1000):
                status = pod.exec_output("app", "e", ["cat", "/proc/self/status"], uid=uid)[1]
                assert "CapInh:\t" + "0" * 16 in status and "CapAmb:\t" + "0" * 16 in status

    def test_cve_2023_25173_supplementary_groups_are_exact(self):
        os.setgroups([4242])  # groups of the client; the shim was started earlier, and passes no groups on
        with Sandbox(self.world) as pod:
            for groups in ((), (2000,), (5, 6, 7)):
                out = pod.shell("grep Groups /proc/self/status", uid=1000, gid=1000, groups=groups)[1]
                assert out.split()[1:] == [str(group) for group in groups], out
            pod.launch("app", ["sleep", "1000"], groups=(2000,))
            assert pod.exec_output("app", "e", ["grep", "Groups", "/proc/self/status"])[1].split() == ["Groups:"]
        os.setgroups([])

    def test_cve_2022_0492_no_release_agent(self):
        """A container mounts no cgroup v1, neither as its root nor as root of a user namespace of its own."""
        with Sandbox(self.world) as pod:
            out = pod.shell("""exec 2>&1; mkdir /m
for kind in 'cgroup -o rdma' 'cgroup -o memory' cgroup2; do
    mount -t $kind x /m && echo MOUNTED
    unshare -Urm mount -t $kind x /m && echo MOUNTED
done
mkdir /sys/fs/cgroup/x; echo 1 > /sys/fs/cgroup/cgroup.procs; cat /proc/self/cgroup | grep ^0; ls /sys/fs/cgroup | grep -c pod-""")[1]
            assert "MOUNTED" not in out, out
            if self.world.cgroup:
                assert out.count("Read-only file system") == 2 and "0::/\n" in out and out.endswith("\n0\n"), out

    def test_cve_2022_0811_sysctl_values_and_names(self):
        """No part of a value can become a second setting, and no name leads out of the pod's namespaces."""
        core_pattern = read_text("/proc/sys/kernel/core_pattern")
        values = ("1+kernel.core_pattern=|/evil", "1\nkernel.core_pattern=|/evil", "1\n", "", "1=2", "1;2", "1\x7f", "\u00e9", "1 |x", "$(x)")
        keys = ("kernel.core_pattern", "kernel/core_pattern", "net/../kernel/core_pattern", "net.ipv4/../../kernel/core_pattern", "net..kernel",
                "net//ipv4", "net.", "net/", "", "/net/ipv4/ip_forward", "kernel.shm_rmid_forced+kernel.core_pattern", "net.ipv4.ip_forward\n",
                "net.ipv4.conf.../../..", "vm.overcommit_memory", "fs.file-max", "net" + ".x" * 150, "kernel.hostname", "net ipv4")
        with Sandbox(self.world) as pod:
            for value in values:
                data = value.encode()
                one = field(C["SWL_TAG_SYSCTL"], struct.pack("=2I", 22, len(data)) + b"kernel.shm_rmid_forced" + data)
                refused(lambda: pod.launch("x", ["true"], extra=[one]), "SWL_STEP_RECORD", errno.EINVAL)
                with Sandbox(self.world, create=False, fields=[one]) as other:
                    refused(other.create, "SWL_STEP_RECORD", errno.EINVAL)
            for key in keys:
                refused(lambda: pod.launch("x", ["true"], extra=[sysctl(key, "1")]), "SWL_STEP_RECORD", errno.EINVAL)
            # Both ways to write a name.
            out = pod.shell("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/lo/forwarding /proc/sys/kernel/msgmax",
                            extra=[sysctl("net/ipv4/ip_forward", "1"), sysctl("net.ipv4.conf.lo.forwarding", "0"),
                                   sysctl("kernel/msgmax", "8194")])[1]
            assert out == "1\n0\n8194\n", out
        assert read_text("/proc/sys/kernel/core_pattern") == core_pattern
        assert read_text("/proc/sys/kernel/msgmax") != "8194\n"

    def test_cve_2019_14271_nothing_of_the_image_is_loaded(self):
        """Static programs without name service load no libraries and read no configuration of an image."""
        for name in PROGRAMS:
            data = contents(name)
            offset, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
            types = {struct.unpack_from("<I", data, offset + i * size)[0] for i in range(count)}
            assert 3 not in types, (name, types)  # PT_INTERP: without a loader nothing is loaded
            for word in (b"nsswitch", b"/etc/passwd", b"libnss", b"gconv"):
                assert name == "swiftlet-shim" and word == b"gconv" or word not in data, (name, word)

    def test_cve_2020_15257_no_abstract_sockets(self):
        """A pod on the host's network cannot reach the sockets: they are files that only root may open."""
        with Sandbox(self.world, network=0) as pod:
            mine = {os.readlink(f"/proc/{pid}/fd/{n}") for pid in (self.world.spawner.pid, pod.shim) for n in os.listdir(f"/proc/{pid}/fd")}
            sockets = [line.split() for line in read_text("/proc/net/unix").splitlines()[1:]]
            ours = [parts for parts in sockets if f"socket:[{parts[6]}]" in mine]
            # The name of every named socket is a path, whatever its kind.
            names = [parts[7] for parts in ours if len(parts) > 7]
            assert len(names) >= 2 and all(name.startswith("/") for name in names), names
            assert sum(parts[3] == "00010000" for parts in ours) == 2, ours  # listening
            for path in glob.glob(self.world.run + "/**/*.sock", recursive=True):
                assert os.stat(path).st_mode & 0o077 == 0, path

    def test_cve_2021_41103_files_of_the_shim_are_for_root_alone(self):
        """Files in the run directory are for root alone."""
        with Sandbox(self.world) as pod:
            pod.launch("c", ["true"])
            pod.wait("c")
            pod.launch("app", ["sleep", "1000"])
            pod.exec_output("app", "e", ["true"])
            found = [(path, mode) for path, mode, *_ in tree(self.world.run)]
            assert len(found) > 9 and not [path for path, mode in found if mode & 0o077 and not stat.S_ISLNK(mode)], found

    def test_apparmor_is_never_left_out(self):
        """A profile that cannot be set stops the container: an unknown one, or a kernel without AppArmor."""
        enabled = os.path.exists("/sys/kernel/security/apparmor/profiles") or os.path.isdir("/proc/self/attr/apparmor")
        with Sandbox(self.world) as pod:
            for profile in ("swiftlet-no-such-profile", *(() if enabled else ("unconfined",))):
                one = [field(C["SWL_TAG_PROCESS_APPARMOR_PROFILE"], profile)]
                error = refused(lambda: pod.launch("x", ["true"], extra=one), "SWL_STEP_APPARMOR")
                assert profile in error.text, error
            for profile in ("", "a\nb", "x" * 251, "a\x1b[2J", " a"):
                one = [field(C["SWL_TAG_PROCESS_APPARMOR_PROFILE"], profile)]
                refused(lambda: pod.launch("x", ["true"], extra=one), "SWL_STEP_RECORD", errno.EINVAL)
        if not enabled:
            self.note("this kernel has no AppArmor: only the refusals")
