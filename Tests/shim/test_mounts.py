"""The attributes of mounts one by one, and mounts and cgroups as a container sees them."""
import contextlib
import errno
import os
import subprocess

from labs.files import o_path, read_text, write_text
from labs.mounts import lent_tmpfs, mount_points_below, mount_tmpfs
from labs.shim.case import ShimCase
from labs.shim.records import DEFAULT_CAPS, bind, device, mount, standard_mounts
from labs.shim.sandbox import Sandbox
from labs.shim.user_pod import UserPod
from labs.shim.wire import C, field, refused, u32

SYS_ADMIN = 1 << 21


class Volume:
    """A shared tmpfs of the host with another one below it."""

    def __init__(self, world):
        self.path = f"{world.base}/{world.name('volume')}"

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(lent_tmpfs(self.path, shared=True))
            os.mkdir(self.path + "/below")
            mount_tmpfs(self.path + "/below")
            self.fd = o_path(self.path)
            stack.callback(os.close, self.fd)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)


def flags(output):
    """Returns the flags by mount point, from lines of mountinfo."""
    return {line.split()[4]: set(line.split()[5].split(",")) for line in output.split("\n") if " - " in line}


class Mounts(ShimCase):
    def test_attributes_of_binds(self):
        with Volume(self.world) as volume, Sandbox(self.world) as pod:
            cases = {"READONLY": "ro", "NOSUID": "nosuid", "NODEV": "nodev", "NOEXEC": "noexec", "NOATIME": "noatime", "NODIRATIME": "nodiratime",
                     "STRICTATIME": None, "NOSYMFOLLOW": "nosymfollow"}
            recursive = C["SWL_ATTR_RECURSIVE"]
            mounts = standard_mounts() + [bind("/none")]
            for name in cases:
                mounts += [bind(f"/{name}", 0, C[f"SWL_ATTR_{name}"]), bind(f"/{name}-r", 0, C[f"SWL_ATTR_{name}"] | recursive)]
            mounts.append(bind("/rro", 0, C["SWL_ATTR_RECURSIVE_READONLY"] | C["SWL_ATTR_NOEXEC"]))
            mounts.append(bind("/alone", 0, C["SWL_ATTR_READONLY"] | C["SWL_ATTR_NOT_RECURSIVE"] | recursive))
            seen = flags(pod.shell("cat /proc/self/mountinfo", mounts=mounts, sources=[volume.fd])[1])
            plain = seen["/none"]
            assert plain == seen["/none/below"] == {"rw", "relatime"}, plain
            for name, word in cases.items():
                there = plain - {"rw", "relatime"} | ({word} if word else set())
                there |= {"rw"} if word != "ro" else set()
                there |= {"relatime"} if name not in ("NOATIME", "STRICTATIME") else set()
                assert seen[f"/{name}"] == there == seen[f"/{name}-r"] == seen[f"/{name}-r/below"], (name, seen[f"/{name}"], seen[f"/{name}-r/below"])
                assert seen[f"/{name}/below"] == plain, name
            assert seen["/rro"] == {"ro", "noexec", "relatime"} and seen["/rro/below"] == {"ro", "relatime"}, seen
            assert "/alone/below" not in seen and "ro" in seen["/alone"]
            assert pod.shell("echo x > /ro/below/f", mounts=standard_mounts() + [bind("/ro", 0, C["SWL_ATTR_READONLY"])],
                             sources=[volume.fd])[0] == 0  # the ordinary readOnly of Kubernetes: the mount itself only
            out = pod.shell("exec 2>&1; echo x > /ro/f; echo x > /ro/below/f; mount -o remount,bind,rw /ro; echo x > /ro/f", sources=[volume.fd],
                            mounts=standard_mounts() + [bind("/ro", 0, C["SWL_ATTR_RECURSIVE_READONLY"])])[1]
            assert out.count("Read-only file system") == 3, out
            os.symlink("/etc/passwd", volume.path + "/link")
            assert pod.shell("cat /v/link", mounts=standard_mounts() + [bind("/v", 0, C["SWL_ATTR_NOSYMFOLLOW"])], sources=[volume.fd])[0] == 1
            both = C["SWL_ATTR_NOATIME"] | C["SWL_ATTR_STRICTATIME"]
            for wrong in (bind("/v", 0, both), bind("/v", 0, 1 << 12), bind("/v", 0, 0, 4), mount(C["SWL_MOUNT_TMPFS"], "/v", attributes=256)):
                refused(lambda: pod.launch("x", ["true"], mounts=[wrong], sources=[volume.fd]), "SWL_STEP_RECORD", errno.EINVAL)
            # New file systems have the attributes too.
            seen = flags(pod.shell("cat /proc/self/mountinfo", mounts=standard_mounts() + [
                mount(C["SWL_MOUNT_TMPFS"], "/t", attributes=C["SWL_ATTR_STRICTATIME"] | C["SWL_ATTR_NODIRATIME"] | C["SWL_ATTR_NOSYMFOLLOW"])])[1])
            assert seen["/t"] == {"rw", "nodiratime", "nosymfollow"}, seen["/t"]

    def test_a_volume_at_dev_stays_as_it_is(self):
        """The runtime makes no files in it, and no mounts that would propagate to the host."""
        with Volume(self.world) as volume, Sandbox(self.world) as pod:
            os.mkdir(volume.path + "/pts")
            subprocess.run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "swl-test", volume.path + "/pts"], check=True)
            open(volume.path + "/console", "w").close()
            there = mount_points_below(volume.path)
            names = sorted(os.listdir(volume.path))
            mounts = [m for i, m in enumerate(standard_mounts()) if i not in (1, 2, 3, 4)]
            extra = [device("c", 1, 5, "/dev/zero5"), field(C["SWL_TAG_HOST_DEVICES"], u32(1))]
            for propagation in (0, 2):
                pod.launch("c", ["sh", "-c", "ls /dev; tty"], mounts=mounts + [bind("/dev", 0, 0, propagation)], sources=[volume.fd],
                           extra=extra, terminal=propagation == 2)
                pod.wait("c")
                seen = pod.output("c").replace("\r", "").split()
                assert seen[:len(names)] == names and (propagation == 0 or seen[-1].startswith("/dev/pts/")), seen
                assert sorted(os.listdir(volume.path)) == names
                assert mount_points_below(volume.path) == there
                pod.container_verb("SWL_VERB_REMOVE", "c")
                os.unlink(pod.log_path("c"))

    def test_volumes_of_an_image(self):
        """CVE-2022-23648: they are writable below a read-only root, have the image's content, are hidden by mounts, and never lie outside."""
        layer = f"{self.world.base}/{self.world.name('layer')}"
        os.makedirs(layer + "/data/below", 0o755), os.makedirs(layer + "/outside")
        os.chown(layer + "/data", 1000, 2000)
        os.chmod(layer + "/data", 0o2775)
        write_text(layer + "/data/below/given", "of the image")
        os.symlink("data", layer + "/link")
        os.symlink("/../../../.." + self.world.base + "/image", layer + "/climbing")
        volumes = [field(C["SWL_TAG_ROOT_VOLUME"], path) for path in ("/data", "/data/new/deep", "/link", "/climbing", "/hidden", "/proc", "/dev")]
        readonly = [field(C["SWL_TAG_ROOT_READONLY"], u32(1))]
        script = ("stat -c '%a %u:%g' /data; cat /data/below/given; echo; echo x > /data/below/given; echo y > /data/new/deep/f; "
                  "cat /link/new/deep/f; touch /f /outside/f /hidden/f; "
                  "ls /proc/self/fd | wc -l; test -c /dev/null && echo null; grep -c ' /hidden ' /proc/self/mountinfo")
        mounts = standard_mounts() + [mount(C["SWL_MOUNT_TMPFS"], "/hidden", attributes=C["SWL_ATTR_READONLY"])]
        before = sorted(os.listdir(self.world.image))
        for kind in (Sandbox, UserPod):
            with kind(self.world) as pod:
                cid = self.world.name("c")
                pod.launch(cid, ["sh", "-c", "exec 2>&1; " + script], lowers=[layer, self.world.image], mounts=mounts, extra=volumes + readonly)
                pod.wait(cid)
                out = pod.output(cid)
                assert out.startswith("2775 1000:2000\nof the image\ny\n") and out.count("Read-only file system") == 3, out
                assert out.endswith("4\nnull\n2\n"), out
                assert read_text(layer + "/data/below/given") == "of the image" and sorted(os.listdir(self.world.image)) == before
                refused(lambda: pod.launch("x", ["true"], extra=[field(C["SWL_TAG_ROOT_VOLUME"], "data")]), "SWL_STEP_RECORD", errno.EINVAL)
                many = [field(C["SWL_TAG_ROOT_VOLUME"], f"/v{number}") for number in range(300)]
                refused(lambda: pod.launch("x", ["true"], extra=many), "SWL_STEP_ROOTFS", errno.E2BIG)

    def test_propagation_to_the_host(self):
        """Only a mount in a Bidirectional volume propagates to the host."""
        with Volume(self.world) as volume, Sandbox(self.world) as pod:
            mounts = standard_mounts() + [bind("/none"), bind("/in", 0, 0, 1), bind("/both", 0, 0, 2)]
            for name in ("none", "in", "both"):
                os.mkdir(f"{volume.path}/{name}")
            script = "for n in none in both; do mount -t tmpfs swl-inner /$n/$n && echo made; done; mount -t tmpfs swl-inner /tmp"
            out = pod.shell(script, mounts=mounts, sources=[volume.fd], caps=DEFAULT_CAPS | SYS_ADMIN)[1]
            assert out == "made\n" * 3, out
            here = [line.split()[4] for line in read_text("/proc/self/mountinfo").splitlines() if "swl-inner" in line]
            assert here == [volume.path + "/both"], here

    def test_propagation_of_the_root(self):
        with Sandbox(self.world) as pod:
            for number, word in enumerate(("", "", "shared", "unbindable")):  # a slave without a master is private
                one = field(C["SWL_TAG_ROOTFS_PROPAGATION"], u32(number))
                out = pod.shell("grep ' / / ' /proc/self/mountinfo | cut -d' ' -f7 | cut -d: -f1", extra=[one])[1]
                assert out.strip() == (word or "-"), (number, out)
            refused(lambda: pod.launch("x", ["true"], extra=[field(C["SWL_TAG_ROOTFS_PROPAGATION"], u32(4))]), "SWL_STEP_RECORD")

    def test_cgroup_view(self):
        """A container sees the tree below its own cgroup, and writes there only when its mount is writable."""
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            script = "exec 2>&1; cat /proc/self/cgroup | grep ^0; cat /sys/fs/cgroup/cgroup.procs | wc -l; mkdir /sys/fs/cgroup/child && echo made"
            out = pod.shell(script, caps=DEFAULT_CAPS | SYS_ADMIN)[1]
            assert out.startswith("0::/\n") and "Read-only file system" in out, out
            writable = standard_mounts(cgroup=False) + [mount(C["SWL_MOUNT_CGROUP2"], "/sys/fs/cgroup", attributes=C["SWL_ATTR_NOSUID"])]
            out = pod.shell(script + "; rmdir /sys/fs/cgroup/child; ls -d /sys/fs/cgroup/../fs/cgroup/pod-* ", mounts=writable)[1]
            assert out.startswith("0::/\n") and "made\n" in out and "pod-1" not in out, out

    def test_domain_name(self):
        before = read_text("/proc/sys/kernel/domainname")
        names = [field(C["SWL_TAG_HOSTNAME"], "h"), field(C["SWL_TAG_DOMAINNAME"], "x" * 64)]
        with Sandbox(self.world, fields=names) as pod:
            assert pod.shell("hostname; cat /proc/sys/kernel/domainname")[1] == "h\n" + "x" * 64 + "\n"
        assert read_text("/proc/sys/kernel/domainname") == before
        for modes, name in ((dict(uts=0), "example.org"), ({}, "x" * 65)):
            with Sandbox(self.world, create=False, fields=[field(C["SWL_TAG_DOMAINNAME"], name)], **modes) as pod:
                refused(pod.create, "SWL_STEP_RECORD", errno.EINVAL)
