"""Isolation of a container: mounts, links, capabilities, seccomp, masked paths, devices."""
import errno
import os
import resource
import subprocess

from labs.files import o_path, read_text, write_text
from labs.mounts import lent_tmpfs, mount_points, mount_tmpfs
from labs.programs import test_program
from labs.shim.case import ShimCase
from labs.shim.records import DEFAULT_CAPS, bind, device, namespaces, standard_mounts, sysctl
from labs.shim.sandbox import Sandbox
from labs.shim.seccomp import KILL, NO_MKDIR, ON_THE_WAY, bpf, forbid
from labs.shim.wire import C, field, refused, u32

GIVEN = C["SWL_NS_GIVEN"]


class Isolation(ShimCase):
    def test_seventy_layers(self):
        base = self.world.base + "/layers"
        for i in range(70):
            os.makedirs(f"{base}/l{i}", exist_ok=True)
            open(f"{base}/l{i}/f{i}", "w").close()
        for name in ("root", "upper", "work"):
            os.makedirs(f"{base}/{name}", exist_ok=True)
        both = subprocess.run([test_program("overlay_test"), base, "70"], capture_output=True, text=True)
        assert both.returncode == 0 and "mount: ok" in both.stdout, both
        with Sandbox(self.world) as pod:
            code, out = pod.shell("ls /f* | wc -l; echo w > /written; cat /written",
                                  lowers=[f"{base}/l{i}" for i in range(70)] + [self.world.image])
            assert (code, out) == (0, "70\nw\n"), out
        self.note(both.stdout.replace("\n", " ").strip())

    def test_read_only_root(self):
        with Sandbox(self.world) as pod:
            ro = [field(C["SWL_TAG_ROOT_READONLY"], u32(1))]
            code, out = pod.shell("echo x > /f; echo y > /tmp/f; echo z > /dev/shm/f && echo shm", extra=ro)
            assert code == 0 and out.count("Read-only file system") == 2 and "shm" in out, out
            # No upper directory: the overlay itself is read-only, mount points must exist in the image.
            code, out = pod.shell("echo x > /f", upper=False, mounts=standard_mounts()[:1])
            assert "Read-only file system" in out, out

    def test_host_does_not_see_the_root(self):
        with Sandbox(self.world) as pod:
            before = read_text("/proc/self/mountinfo")
            pod.launch("c", ["sleep", "1000"])
            assert read_text("/proc/self/mountinfo") == before
            inside = mount_points(pod.launch("d", ["sleep", "1000"]).pid)
            assert len(inside) == 8, inside  # only root and the seven standard mounts, no mount of the host

    def test_mounts_by_descriptor(self):
        source = self.world.base + "/volume"
        os.makedirs(source, exist_ok=True)
        write_text(source + "/file", "data\n")
        with Sandbox(self.world) as pod:
            fds = [o_path(source), o_path(source + "/file")]
            mounts = standard_mounts() + [bind("/rw"), bind("/ro", 0, C["SWL_ATTR_READONLY"] | C["SWL_ATTR_NOEXEC"]),
                                          bind("/etc/single", 1, C["SWL_ATTR_RECURSIVE_READONLY"])]
            script = "cat /rw/file /ro/file /etc/single; echo new > /rw/new; echo no > /ro/new; echo no > /etc/single; grep ' /ro ' /proc/mounts"
            code, out = pod.shell(script, mounts=mounts, sources=fds)
            assert out.startswith("data\n" * 3) and out.count("Read-only file system") == 2 and "noexec" in out, out
            assert read_text(source + "/new") == "new\n"
            refused(lambda: pod.launch("x", ["true"], mounts=[bind("/v", 2)], sources=fds), "SWL_STEP_MOUNT", errno.EINVAL)
            # Only the source's own mount, and propagation from the host into a running container.
            below = source + "/below"
            os.makedirs(below, exist_ok=True)
            with lent_tmpfs(source, shared=True):
                os.makedirs(below), os.makedirs(source + "/later")
                mount_tmpfs(below)
                open(below + "/deep", "w").close()
                fd = o_path(source)
                code, out = pod.shell("ls /all/below; echo --; ls /own/below; echo x > /rro/below/f", sources=[fd],
                                      mounts=standard_mounts() + [bind("/all"), bind("/own", 0, C["SWL_ATTR_NOT_RECURSIVE"]),
                                                                  bind("/rro", 0, C["SWL_ATTR_RECURSIVE_READONLY"])])
                assert out.startswith("deep\n--\n") and "Read-only file system" in out, out
                views = standard_mounts() + [bind("/none"), bind("/in", 0, 0, 1), bind("/both", 0, 0, 2)]
                pid = pod.launch("views", ["sleep", "1000"], mounts=views, sources=[fd]).pid
                mount_tmpfs(source + "/later")
                seen = mount_points(pid)
                assert "/in/later" in seen and "/both/later" in seen and "/none/later" not in seen, seen
                os.close(fd)
            for fd in fds:
                os.close(fd)

    def test_links_do_not_lead_out(self):
        evil = self.world.base + "/evil"
        for name in ("etc", "proc", "sys", "dev", "bin"):
            os.makedirs(f"{evil}/{name}", exist_ok=True)
        targets = {"data": "/etc", "up": "../../../../../../etc", "dangling": "/no/such/place", "loop": "loop", "fd": "/proc/self/fd/0"}
        for name, target in targets.items():
            os.symlink(target, f"{evil}/{name}")
        before = sorted(os.listdir("/etc"))
        source = self.world.base + "/payload"
        write_text(source, "payload\n")
        fd = o_path(source)
        layers = dict(lowers=[evil, self.world.image])
        with Sandbox(self.world) as pod:
            for destination, real in (("/data/one", "/etc/one"), ("/up/two", "/etc/two"), ("/dangling/three", "/no/such/place/three"),
                                      ("/data/../../../etc/four", "/etc/four")):
                code, out = pod.shell(f"cat {real}", mounts=standard_mounts() + [bind(destination)], sources=[fd], **layers)
                assert (code, out) == (0, "payload\n"), (destination, out)
            assert sorted(os.listdir("/etc")) == before and not os.path.exists("/no")
            refused(lambda: pod.launch("x", ["true"], mounts=[bind("/loop/x")], sources=[fd], **layers), "SWL_STEP_MOUNT", errno.ELOOP)
            refused(lambda: pod.launch("x", ["true"], mounts=standard_mounts() + [bind("/proc/self/comm")], sources=[fd], **layers),
                    "SWL_STEP_MOUNT")
            refused(lambda: pod.launch("x", ["true"], mounts=standard_mounts() + [bind("/proc/version")], sources=[fd], **layers),
                    "SWL_STEP_MOUNT", errno.EPERM)
            assert pod.shell("cat /proc/meminfo", mounts=standard_mounts() + [bind("/proc/meminfo")], sources=[fd])[1] == "payload\n"
            # /proc of the image is a link.
            os.rmdir(evil + "/proc")
            os.symlink("/etc", evil + "/proc")
            refused(lambda: pod.launch("x", ["true"], **layers), "SWL_STEP_MOUNT")
            # A working directory that leads through a descriptor must not become the host's.
            refused(lambda: pod.launch("x", ["true"], cwd="/proc/self/fd/5"), "SWL_STEP_CWD")
        os.close(fd)

    def test_masked_and_read_only_paths(self):
        with Sandbox(self.world) as pod:
            extra = [field(C["SWL_TAG_MASKED_PATH"], p) for p in ("/proc/version", "/proc/acpi", "/sys/firmware", "/proc/keys", "/not/there")]
            extra += [field(C["SWL_TAG_READONLY_PATH"], p) for p in ("/proc/sys", "/proc/bus", "/not/there")]
            script = ("for f in /proc/version /proc/keys; do wc -c < $f; done; ls -a /sys/firmware | wc -l; touch /sys/firmware/x;"
                      "echo 1 > /proc/sys/kernel/shmmni; ls /proc/sys | wc -l")
            code, out = pod.shell("exec 2>&1; " + script, extra=extra)
            lines = out.split("\n")
            assert lines[:3] == ["0", "0", "2"] and out.count("Read-only file system") == 2 and int(lines[-2]) > 3, out
            plain = pod.shell("wc -c < /proc/keys; echo 5000 > /proc/sys/kernel/shmmni && echo written")[1]
            assert "written" in plain, plain

    def test_capabilities_in_all_sets(self):
        def sets(**settings):
            out = pod.shell("grep -E '^Cap|^NoNew|^Seccomp:|^Groups' /proc/self/status", **settings)[1]
            return {k: v.strip() for k, v in (line.split(":", 1) for line in out.strip().split("\n"))}

        with Sandbox(self.world) as pod:
            full = f"{DEFAULT_CAPS:016x}"
            root = sets()
            assert (root["CapBnd"], root["CapPrm"], root["CapEff"], root["CapInh"], root["CapAmb"]) == (full, full, full, "0" * 16, "0" * 16)
            assert root["NoNewPrivs"] == "0" and root["Seccomp"] == "0" and root["Groups"] == ""
            user = sets(uid=1000, gid=1000, nnp=1)
            assert user["CapEff"] == "0" * 16 and user["CapBnd"] == full and user["NoNewPrivs"] == "1"
            net = 1 << 10
            ambient = sets(uid=1000, gid=1000, caps=net, inheritable=net, ambient=net)
            assert {ambient[k] for k in ("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb")} == {f"{net:016x}"}, ambient
            assert sets(caps=0)["CapEff"] == "0" * 16
            refused(lambda: pod.launch("x", ["true"], caps=1 << 62), "SWL_STEP_CAPABILITIES", errno.EINVAL)

    def test_seccomp(self):
        with Sandbox(self.world) as pod:
            for settings in (dict(nnp=0), dict(nnp=1), dict(nnp=0, uid=1000, gid=1000), dict(nnp=1, uid=1000, gid=1000, caps=0)):
                code, out = pod.shell("mkdir /tmp/d; touch /tmp/f && echo touched; grep Seccomp: /proc/self/status", seccomp=NO_MKDIR, **settings)
                assert "Operation not permitted" in out and "touched" in out and "Seccomp:\t2" in out, (settings, out)
            assert pod.shell("mkdir /tmp/d")[0] == 0
            pod.launch("app", ["sleep", "1000"])
            pod.exec("app", "e", ["mkdir", "/tmp/d"], seccomp=NO_MKDIR, nnp=1)
            assert pod.wait_exec("e").code == 1
            # The filter is set as late as possible: a call that is forbidden to the program does not prevent its start.
            for number in ON_THE_WAY:
                for nnp in (0, 1):
                    pod.exec("app", "e", ["true"], seccomp=forbid(KILL, number, number), nnp=nnp)
                    assert pod.wait_exec("e").code == 0, (number, nnp)
            # A filter the kernel does not accept stops the container.
            refused(lambda: pod.launch("x", ["true"], seccomp=bpf((0xFFFF, 0, 0, 0))), "SWL_STEP_SECCOMP", errno.EINVAL)

    def test_devices(self):
        with Sandbox(self.world) as pod:
            extra = [device("c", 1, 5, "/dev/my/zero", 0o640), device("p", 0, 0, "/dev/pipe")]
            out = pod.shell("head -c 3 /dev/my/zero | wc -c; ls -l /dev/my/zero; test -p /dev/pipe && echo fifo; echo x > /dev/null && echo null",
                            extra=extra)[1]
            assert out.startswith("3\ncrw-r-----") and "fifo\nnull\n" in out, out
            assert "loop" not in pod.shell("ls /dev")[1]
            host = set(n for n in os.listdir("/dev") if not os.path.islink(f"/dev/{n}") and not os.path.isdir(f"/dev/{n}")
                       and os.stat(f"/dev/{n}").st_rdev and n != "console")
            seen = set(pod.shell("ls /dev", extra=[field(C["SWL_TAG_HOST_DEVICES"], u32(1))])[1].split("\n"))
            assert host - seen <= set(), host - seen
            # Before it appears in the pod's own pid namespace, the child has forgotten all allocated memory.
            with Sandbox(self.world, pid=1) as shared:
                seen = set(shared.shell("ls /dev", extra=[field(C["SWL_TAG_HOST_DEVICES"], u32(1))], ns=namespaces(pid=2))[1].split("\n"))
                assert host - seen <= set(), host - seen
            if self.world.cgroup:
                # The node of kmsg (1:11) can be made, but opened only by a container that has the device.
                out = pod.shell("mknod /dev/k c 1 11 && echo made; : > /dev/k")[1]
                assert out.startswith("made\n") and "not permitted" in out, out
                assert pod.shell(": > /dev/kmsg", extra=[device("c", 1, 11, "/dev/kmsg")])[0] == 0
                assert pod.shell("mknod /dev/k c 1 11; : > /dev/k", extra=[field(C["SWL_TAG_HOST_DEVICES"], u32(1))])[0] == 0
                # A later start in the same cgroup is limited by its own list only.
                for devices, code in (([], 1), ([device("c", 1, 11, "/dev/kmsg")], 0), ([], 1)):
                    pod.launch("again", ["sh", "-c", "test -e /dev/kmsg || mknod /dev/kmsg c 1 11; : > /dev/kmsg"], extra=devices)
                    assert pod.wait("again").code == code, devices
                    pod.container_verb("SWL_VERB_REMOVE", "again")
                # Outside /dev as well. Common devices work there, and the node that VPNs make for themselves.
                out = pod.shell("mknod /tmp/k c 1 11 && : > /tmp/k")[1]
                assert "not permitted" in out, out
                assert pod.shell("mknod /tmp/zero c 1 5 && head -c 2 /tmp/zero | wc -c")[1] == "2\n"
                tun = pod.shell("mkdir /dev/net; mknod /dev/net/tun c 10 200; : < /dev/net/tun")
                assert tun[0] == 0 or "No such device" in tun[1], tun
            # Where no device filter is possible, nodes outside /dev cannot be opened.
            out = pod.shell("mknod /tmp/zero c 1 5 && head -c 1 /tmp/zero", cgroup=False)[1]
            assert "Permission denied" in out, out

    def test_sysctls(self):
        with Sandbox(self.world, fields=[sysctl("net.ipv4.ip_unprivileged_port_start", "0"), sysctl("kernel.shm_rmid_forced", "1")]) as pod:
            out = pod.shell("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced")[1]
            assert out == "0\n1\n", out
            out = pod.shell("cat /proc/sys/net/ipv4/ip_forward", extra=[sysctl("net.ipv4.ip_forward", "1")])[1]
            assert out == "1\n", out
            for key in ("kernel.panic", "vm.swappiness", "net.ipv4/../../kernel/panic", "kernel.core_pattern"):
                refused(lambda: pod.launch("x", ["true"], extra=[sysctl(key, "1")]), "SWL_STEP_RECORD", errno.EINVAL)
            refused(lambda: pod.launch("x", ["true"], extra=[sysctl("net.no.such", "1")]), "SWL_STEP_SYSCTL", errno.ENOENT)
        with Sandbox(self.world, network=0) as pod:
            refused(lambda: pod.launch("x", ["true"], extra=[sysctl("net.ipv4.ip_forward", "1")]), "SWL_STEP_RECORD", errno.EINVAL)

    def test_sysctls_of_given_namespaces(self):
        settings = [sysctl("net.ipv4.ip_unprivileged_port_start", "7"), sysctl("kernel.msgmax", "8193")]
        with Sandbox(self.world) as owner:
            files = [f"/proc/{owner.pause}/ns/{name}" for name in ("net", "ipc")]
            with Sandbox(self.world, create=False, network=GIVEN, ipc=GIVEN, fields=settings) as pod:
                pod.create(files)
                look = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward"
                self.assertEqual("7\n8193\n1\n", pod.shell(look, extra=[sysctl("net.ipv4.ip_forward", "1")])[1])
                self.assertEqual("7\n8193\n1\n", owner.shell(look)[1])
            # The host's own, given like another pod's.
            for number, setting in enumerate(settings):
                given = [f"/proc/self/ns/{('net', 'ipc')[n]}" if n == number else file for n, file in enumerate(files)]
                with Sandbox(self.world, create=False, network=GIVEN, ipc=GIVEN, fields=[setting]) as pod:
                    refused(lambda pod=pod, given=given: pod.create(given), "SWL_STEP_RECORD", errno.EINVAL)
            with Sandbox(self.world, create=False, network=GIVEN) as pod:
                pod.create(["/proc/self/ns/net"])
                refused(lambda: pod.launch("x", ["true"], extra=[settings[0]]), "SWL_STEP_RECORD", errno.EINVAL)

    def test_pause_holds_nothing(self):
        for pod in (Sandbox(self.world), Sandbox(self.world, pid=1)):
            with pod:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in read_text(f"/proc/{pod.pause}/status").splitlines(True) if ":\t" in line)
                assert status["CapBnd"] == status["CapEff"] == "0" * 16 and status["NoNewPrivs"] == "1" and status["Uid"].startswith("65535")
                mounts = [line.split(" - ")[1].split()[0] for line in read_text(f"/proc/{pod.pause}/mountinfo").splitlines()]
                assert mounts == ["tmpfs"] and not os.listdir(f"/proc/{pod.pause}/root"), mounts
                assert sorted(os.listdir(f"/proc/{pod.pause}/fd")) == ["0", "1", "2"]

    def test_nothing_is_inherited(self):
        read, write = os.pipe()
        os.set_inheritable(read, True)
        with Sandbox(self.world) as pod:
            out = pod.shell("ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status; cat /proc/self/sessionid 2>/dev/null; ulimit -c")[1]
            lines = out.split("\n")
            core = resource.getrlimit(resource.RLIMIT_CORE)[1]
            assert lines[-2].endswith("unlimited" if core == resource.RLIM_INFINITY else str(core // 512)), lines
            assert lines[:4] == ["0", "1", "2", "3"] and "SigBlk:\t" + "0" * 16 in out and "SigIgn:\t" + "0" * 16 in out, out
            for pid in (pod.shim, pod.pause):
                assert not any("pipe" in os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd"))
            assert "memfd:swiftlet-shim" in os.readlink(f"/proc/{pod.shim}/exe")
            try:
                fd = os.open(f"/proc/{pod.shim}/exe", os.O_RDWR)
                try:
                    os.write(fd, b"x")
                    raise AssertionError("the shim's program can be written")
                except OSError as error:
                    assert error.errno == errno.EPERM
                finally:
                    os.close(fd)
            except OSError as error:
                assert error.errno in (errno.ETXTBSY, errno.EPERM)
        os.close(read), os.close(write)
