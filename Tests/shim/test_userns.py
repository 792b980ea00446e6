"""Pods with a user namespace (hostUsers: false): root inside owns nothing of the host, and no mount can be undone from inside."""
import errno
import os
import statistics
import struct
import time

from labs.files import o_path, read_text
from labs.mounts import lent_tmpfs
from labs.shim.case import ShimCase
from labs.shim.records import DEFAULT_CAPS, bind, mount, namespaces, standard_mounts, sysctl
from labs.shim.sandbox import Sandbox
from labs.shim.seccomp import NO_MKDIR
from labs.shim.user_pod import ALL_CAPS, BASE, SIZE, UserPod, mappings
from labs.shim.wire import C, field, refused, u32
from labs.waiting import wait_until


def namespace_of(pid, name):
    return os.readlink(f"/proc/{pid}/ns/{name}")


class UserNamespaces(ShimCase):
    def test_user_root_owns_its_root_and_nothing_else(self):
        with UserPod(self.world) as pod:
            made = bind("/made/by/mount")
            source = self.world.base + "/shown"
            os.makedirs(source, exist_ok=True)
            fd = o_path(source)
            script = """id -u; id -g; cat /proc/self/uid_map
stat -c '%n %u:%g' / /bin/busybox /etc/passwd /dev /dev/null /dev/fd /dev/pts /dev/pts/ptmx /dev/mqueue /dev/shm /made /made/by /new/cwd /tmp
echo x > /written && mkdir /tmp/d && chown 1000:1000 /written && chmod 4755 /written && stat -c '%u:%g %a' /written
echo y >> /bin/busybox.copy; cp /bin/noexec /bin/copy; touch /etc/passwd && echo copied up"""
            code, out = pod.shell(script, "c", mounts=standard_mounts() + [made], sources=[fd], cwd="/new/cwd")
            os.close(fd)
            lines = out.split("\n")
            assert lines[:2] == ["0", "0"] and lines[2].split() == ["0", str(BASE), str(SIZE)], out
            assert all(line.endswith(" 0:0") for line in lines[3:17]), out
            assert lines[17] == "1000:1000 4755" and lines[18] == "copied up", out
            upper = f"{self.world.base}/containers/c/upper"
            assert os.stat(upper).st_uid == BASE and os.stat(upper + "/written").st_uid == BASE + 1000
            assert os.stat(upper + "/etc/passwd").st_uid == BASE and os.stat(upper + "/new/cwd").st_uid == BASE
            assert os.stat(self.world.image + "/etc/passwd").st_uid == 0
            # A read-only layer, and seventy layers.
            assert pod.shell("stat -c %u / /bin", mounts=standard_mounts()[:1], upper=False)[1] == "0\n0\n"
            layers = self.world.base + "/userlayers"
            for i in range(70):
                os.makedirs(f"{layers}/l{i}", exist_ok=True)
                open(f"{layers}/l{i}/f{i}", "w").close()
            out = pod.shell("ls /f* | wc -l; stat -c %u /f0 /f69", lowers=[f"{layers}/l{i}" for i in range(70)] + [self.world.image])[1]
            assert out == "70\n0\n0\n", out

    def test_user_volumes(self):
        source = self.world.base + "/uservolume"
        os.makedirs(source, exist_ok=True)
        for name, uid in (("root", 0), ("user", 1000)):
            with open(f"{source}/{name}", "w") as file:
                file.write(name + "\n")
            os.chown(f"{source}/{name}", uid, uid)
            os.chmod(f"{source}/{name}", 0o600)
        fd = o_path(source)
        with UserPod(self.world) as pod:
            shifted = C["SWL_ATTR_IDMAPPED"]
            mounts = standard_mounts() + [bind("/shifted", 0, shifted), bind("/plain"), bind("/ro", 0, shifted | C["SWL_ATTR_READONLY"])]
            code, out = pod.shell("stat -c %u /shifted/root /shifted/user /plain/root /plain/user; cat /shifted/root /plain/root; "
                                  "echo new > /shifted/new; echo no > /plain/no; echo no > /ro/no; id -u", mounts=mounts, sources=[fd])
            assert out.split("\n")[:5] == ["0", "1000", "65534", "65534", "root"] and out.count("Permission denied") == 2, out
            assert out.count("Read-only file system") == 1, out
            assert os.stat(source + "/new").st_uid == 0 and not os.path.exists(source + "/no")
            # A file system that the agent mounts.
            with lent_tmpfs(source + "/tmpfs", "mode=0750") as volume:
                inner = o_path(volume)
                out = pod.shell("stat -c '%u %a' /t; echo x > /t/f && stat -c %u /t/f", mounts=standard_mounts() + [bind("/t", 0, shifted)],
                                sources=[inner])[1]
                assert out == "0 750\n0\n" and os.stat(volume + "/f").st_uid == 0, out
                os.close(inner)
            # A mount below keeps its owners, unless the attributes are recursive.
            with lent_tmpfs(source + "/below", "mode=0711"):
                again = o_path(source)
                binds = [bind("/top", 0, shifted), bind("/all", 0, shifted | C["SWL_ATTR_RECURSIVE"])]
                out = pod.shell("stat -c %u /top /top/below /all /all/below", mounts=standard_mounts() + binds, sources=[again])[1]
                assert out == "0\n65534\n0\n0\n", out
                os.close(again)
            # A file system that cannot shift owners is refused by name, with its mount.
            sys = o_path("/sys/kernel")
            error = refused(lambda: pod.launch("x", ["true"], mounts=standard_mounts() + [bind("/data", 0, shifted)], sources=[sys]),
                            "SWL_STEP_USER_NAMESPACE", errno.EINVAL)
            assert "/data" in error.text and "sysfs" in error.text, error
            os.close(sys)
            refused(lambda: pod.launch("x", ["true"], mounts=[bind("/data", 0, 0, 2)], sources=[fd]), "SWL_STEP_RECORD")
        with Sandbox(self.world) as pod:
            refused(lambda: pod.launch("x", ["true"], mounts=[bind("/data", 0, shifted)], sources=[fd]), "SWL_STEP_RECORD")
        os.close(fd)

    def test_user_root_cannot_undo_mounts(self):
        """Root with every capability in its own user namespace cannot undo a mount."""
        with UserPod(self.world) as pod:
            fields = [field(C["SWL_TAG_MASKED_PATH"], p) for p in ("/proc/version", "/proc/keys", "/sys/firmware")]
            fields += [field(C["SWL_TAG_READONLY_PATH"], "/proc/sys"), field(C["SWL_TAG_ROOT_READONLY"], u32(1))]
            fd = o_path(self.world.image)
            mounts = standard_mounts() + [bind("/etc", 0, C["SWL_ATTR_READONLY"] | C["SWL_ATTR_NOSUID"] | C["SWL_ATTR_NOEXEC"])]
            script = """exec 2>&1
umount /proc/version; umount -l /proc/version; umount /sys/firmware; umount -l /proc; umount /dev; umount /etc
mount -o remount,rw / ; mount -o remount,bind,rw /proc/sys; mount -o remount,bind,rw /etc; mount -o remount,bind,ro,suid,exec /etc
mount -o remount,bind,rw /sys; mount -t proc proc /tmp; mount -t sysfs sysfs /tmp; mount -t cgroup -o rdma x /tmp
mknod /dev/shm/sda b 8 0; mknod /dev/kmsg c 1 11; echo x > /f; echo 1 > /proc/sys/vm/drop_caches; echo b > /proc/sysrq-trigger
unshare -m umount /proc/version; unshare -m mount -o remount,bind,rw /proc/sys; nsenter -t 1 -m umount /proc/version
wc -c < /proc/version; ls /sys/firmware | wc -l; grep CapEff /proc/self/status
mount -t tmpfs t /mnt 2>/dev/null || mount -t tmpfs t /tmp && echo own tmpfs; hostname other && hostname"""
            code, out = pod.shell(script, caps=ALL_CAPS, extra=fields, mounts=mounts, sources=[fd])
            os.close(fd)
            tail = out.strip().split("\n")[-5:]
            assert tail[:2] == ["0", "0"] and tail[3:] == ["own tmpfs", "other"], out
            # Locked mounts can neither be removed (EINVAL) nor changed (EPERM); new mounts of /proc and /sys are refused as well.
            assert out.count("can't unmount") == 8 and out.count("ermission denied") + out.count("not permitted") == 10, out
        # In a pod without a user namespace CAP_SYS_ADMIN can.
        with Sandbox(self.world) as pod:
            out = pod.shell("umount /proc/version && wc -c < /proc/version", caps=DEFAULT_CAPS | 1 << 21, extra=fields[:1])[1]
            assert int(out) > 0, out

    def test_user_namespaces_belong_to_the_pod(self):
        with UserPod(self.world) as pod:
            pid = pod.launch("c", ["sleep", "1000"]).pid
            assert namespace_of(pid, "user") == namespace_of(pod.pause, "user") != namespace_of("self", "user")
            status = read_text(f"/proc/{pod.pause}/status")
            assert f"Uid:\t{BASE + 65535}" in status and "CapEff:\t" + "0" * 16 in status, status
            if self.world.cgroup:
                # As in other pods a container's process is never outside its cgroup.
                assert f"/{pod.id}-c" in read_text(f"/proc/{pid}/cgroup")
            code, out = pod.shell("ip link set lo up && ip addr add 10.9.9.9/32 dev lo && ip addr show lo | grep -c 10.9.9.9; ls /sys/class/net",
                                  caps=ALL_CAPS)
            assert out.startswith("1\n") and "lo" in out, out
            # Another pod has another user namespace.
            with UserPod(self.world, ranges=((0, BASE + SIZE, SIZE),)) as other:
                assert namespace_of(other.pause, "user") != namespace_of(pid, "user")
                assert other.shell("cat /proc/self/uid_map")[1].split()[1] == str(BASE + SIZE)

    def test_user_exec(self):
        with UserPod(self.world) as pod:
            pid = pod.launch("app", ["sh", "-c", "cd /tmp; sleep 1000"]).pid
            script = ("id -u; cat /proc/self/uid_map; grep -E 'CapInh|CapEff|Seccomp:' /proc/self/status; echo again > /dev/stdout; "
                      "touch /tmp/e && stat -c %u /tmp/e; mkdir /tmp/x")
            code, out = pod.exec_output("app", "e1", ["sh", "-c", script], uid=1000, gid=1000, nnp=1, seccomp=NO_MKDIR)
            assert code == 1, out
            assert out.split("\n")[0] == "1000" and out.split("\n")[1].split()[1] == str(BASE) and "again\n1000\n" in out, out
            assert "CapEff:\t" + "0" * 16 in out and "Seccomp:\t2" in out and "not permitted" in out, out
            pod.exec("app", "e2", ["umount", "/proc"], caps=ALL_CAPS)
            assert pod.wait_exec("e2").code == 1
            refused(lambda: pod.exec("app", "e3", ["true"], uid=SIZE), "SWL_STEP_USER", errno.EINVAL)
            refused(lambda: pod.exec("app", "e3", ["true"], groups=(7, SIZE)), "SWL_STEP_USER", errno.EINVAL)
            assert namespace_of(pid, "user") == namespace_of(pod.pause, "user")

    def test_user_exec_into_a_nested_user_namespace(self):
        """When the program has made a user namespace of its own, an exec still joins the pod's user namespace."""
        with UserPod(self.world) as pod:
            pid = pod.launch("app", ["unshare", "-Ur", "sleep", "1000"]).pid
            wait_until("the program", lambda: read_text(f"/proc/{pid}/comm") == "sleep\n", 10)
            assert namespace_of(pid, "user") != namespace_of(pod.pause, "user")
            code, out = pod.exec_output("app", "e", ["cat", "/proc/self/uid_map"])
            assert (code, out.split()) == (0, ["0", str(BASE), str(SIZE)])

    def test_user_options_and_devices(self):
        with UserPod(self.world) as pod:
            mounts = standard_mounts() + [mount(C["SWL_MOUNT_TMPFS"], "/t", data="mode=0700,uid=1000,gid=2000")]
            extra = [field(C["SWL_TAG_DEVICE"], struct.pack("=8I", ord("c"), 1, 5, 0o600, 1000, 0, 7, 0) + b"/dev/z5")]
            script = ("stat -c '%u:%g' /t /dev/z5; head -c 2 /dev/z5 | wc -c; head -c 1 /dev/zero | wc -c; "
                      "echo > /dev/null && echo null; echo > /dev/full")
            out = pod.shell(script, mounts=mounts, extra=extra)[1]
            assert out.startswith("1000:2000\n1000:0\n2\n1\nnull\n") and "No space left" in out, out
            # The host's device nodes in a privileged container keep the host's owner.
            out = pod.shell("stat -c '%n %u' /dev/kmsg; cat /dev/kmsg | head -c 1", extra=[field(C["SWL_TAG_HOST_DEVICES"], u32(1))],
                            caps=ALL_CAPS)[1]
            assert "/dev/kmsg 65534" in out or "No such file" in out, out
            for data in ("uid=65536", "uid=-1", "gid=4294967295", "uid="):
                refused(lambda: pod.launch("x", ["true"], mounts=[mount(C["SWL_MOUNT_TMPFS"], "/t", data=data)]), "SWL_STEP_MOUNT")

    def test_user_sandbox_settings(self):
        settings = [sysctl("net.ipv4.ip_unprivileged_port_start", "0"), sysctl("kernel.shm_rmid_forced", "1"), sysctl("kernel.msgmax", "8193"),
                    field(C["SWL_TAG_HOSTNAME"], "inside"), field(C["SWL_TAG_DOMAINNAME"], "example.org")]
        with UserPod(self.world, fields=settings, pid=1) as pod:
            out = pod.shell("hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_unprivileged_port_start "
                            "/proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax /proc/1/comm; "
                            "cat /proc/sys/net/ipv4/ip_forward; cat /proc/sys/kernel/msgmnb; id -u",
                            ns=namespaces(user=2, pid=2), extra=[sysctl("net.ipv4.ip_forward", "1"), sysctl("kernel.msgmnb", "16385")])[1]
            assert out.split("\n")[:-1] == ["inside", "example.org", "0", "1", "8193", "swiftlet-pause", "1", "16385", "0"], out
        assert read_text("/proc/sys/kernel/shm_rmid_forced") == "0\n" and read_text("/proc/sys/kernel/msgmax") != "8193\n"

    def test_user_mappings_are_checked(self):
        half = SIZE // 2
        with UserPod(self.world, ranges=((0, BASE, half), (half, BASE + 9 * SIZE, half))) as pod:
            out = pod.shell(f"id -u; touch /f; chown {half + 1} /f; stat -c %u /f", "two")[1]
            assert out == f"0\n{half + 1}\n", out
            assert os.stat(f"{self.world.base}/containers/two/upper/f").st_uid == BASE + 9 * SIZE + 1
        bad = {"none": (), "empty": ((0, BASE, 0),), "host root": ((0, 0, SIZE),), "without root": ((1, BASE, SIZE),),
               "container end": ((0, BASE, SIZE), (2**32 - 10, BASE + SIZE, 10)), "host end": ((0, 2**32 - 10, 10),),
               "container overlap": ((0, BASE, 10), (9, BASE + 100, 10)), "host overlap": ((0, BASE, 10), (10, BASE + 9, 10)),
               "overflow": ((0, BASE, 2**32 - 1),), "too many": tuple((i, BASE + i, 1) for i in range(17))}
        for name, ranges in bad.items():
            with Sandbox(self.world, create=False, fields=mappings(*ranges) if ranges else []) as pod:
                pod.modes["user"] = 1
                refused(pod.create, "SWL_STEP_RECORD", errno.EINVAL)
        for modes in (dict(network=0), dict(ipc=0), dict(uts=0)):
            with Sandbox(self.world, create=False, fields=mappings(), **modes) as pod:
                pod.modes["user"] = 1
                refused(pod.create, "SWL_STEP_RECORD", errno.EINVAL)
        with Sandbox(self.world, create=False, fields=mappings()) as pod:
            refused(pod.create, "SWL_STEP_RECORD", errno.EINVAL)
        with UserPod(self.world) as pod:
            refused(lambda: pod.launch("x", ["true"], ns=namespaces()), "SWL_STEP_RECORD", errno.EINVAL)
            refused(lambda: pod.launch("x", ["true"], ns=namespaces(user=2, pid=0)), "SWL_STEP_RECORD", errno.EINVAL)
            refused(lambda: pod.launch("x", ["true"], uid=SIZE), "SWL_STEP_USER", errno.EINVAL)
            assert pod.shell("id -u", uid=SIZE - 1, gid=SIZE - 1)[1] == f"{SIZE - 1}\n"
        with Sandbox(self.world) as pod:
            refused(lambda: pod.launch("x", ["true"], ns=namespaces(user=2)), "SWL_STEP_RECORD", errno.EINVAL)

    def test_user_privileges_over_the_host(self):
        """With every capability a container still reaches no file of the host's root, no process of the host, no device and no kernel setting."""
        with UserPod(self.world) as pod:
            fd = o_path("/etc/shadow")
            script = """exec 2>&1
cat /secret; chown 0 /secret; echo $(cat /proc/sys/kernel/panic) > /proc/sys/kernel/panic; mknod /tmp/x c 1 3
renice -n -5 1; mount -t ext4 /dev/null /tmp; echo still here"""
            out = pod.shell(script, caps=ALL_CAPS, mounts=standard_mounts() + [bind("/secret")], sources=[fd])[1]
            os.close(fd)
            assert "root:" not in out and "still here" in out, out
            assert out.count("ermission denied") + out.count("not permitted") == 6, out

    def test_user_nested_containers(self):
        """hostUsers: false with an unmasked /proc allows namespaces and a /proc of their own inside; with a masked one the kernel forbids it."""
        inner = "unshare -pfm sh -c 'mount -t proc proc /tmp && ls -d /tmp/1 && mount -t tmpfs t /home && echo nested'"
        with UserPod(self.world) as pod:
            assert pod.shell(inner, caps=ALL_CAPS)[1] == "/tmp/1\nnested\n"
            assert pod.shell("unshare -Urpfm sh -c 'mount -t proc proc /tmp && ls -d /tmp/1'")[1] == "/tmp/1\n"
            masked = [field(C["SWL_TAG_MASKED_PATH"], "/proc/keys")]
            assert "ermission denied" in pod.shell("exec 2>&1; " + inner, caps=ALL_CAPS, extra=masked)[1]

    def test_user_launch_latency(self):
        """Prints the additional latency of a launch with a user namespace, with both kinds of pods in turn."""
        times = {"without": [], "with": []}
        with Sandbox(self.world) as plain, UserPod(self.world) as user:
            for _ in range(60):
                for name, pod in (("without", plain), ("with", user)):
                    started = time.perf_counter()
                    pod.launch("c", ["true"])
                    times[name].append(time.perf_counter() - started)
                    pod.wait("c")
                    pod.container_verb("SWL_VERB_REMOVE", "c")
        self.note(", ".join(f"{name} a user namespace {1000 * statistics.median(values):.2f} ms p50" for name, values in times.items()))
