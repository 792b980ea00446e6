"""Known attacks on the mounts and files that a container runtime makes in a container's root: by images, volumes and neighbours."""
import errno
import os
import struct
import subprocess

from labs.files import o_path, read_text
from labs.mounts import mount_points
from labs.programs import test_program
from labs.shim.case import ShimCase
from labs.shim.layers import image, layer, tree
from labs.shim.records import bind, standard_mounts, sysctl
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, Refused, attempt, field, refused


class Swap:
    """A program that exchanges two paths of the host again and again."""

    def __init__(self, a, b):
        self.process = subprocess.Popen([test_program("hostile"), "swap", a, b], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.count = int(self.process.communicate()[0])


def fake_proc(world):
    """Makes a directory that looks like /proc, whose files would swallow the runtime's writes."""
    path = f"{world.base}/{world.name('fakeproc')}"
    names = [f"{who}/{file}" for who in ("self", "thread-self", "1") for file in ("oom_score_adj", "attr/exec", "attr/apparmor/exec")]
    for name in names + ["sys/net/ipv4/ip_forward", "sys/kernel/core_pattern", "sysrq-trigger"]:
        os.makedirs(os.path.dirname(f"{path}/{name}"), exist_ok=True)
        with open(f"{path}/{name}", "w") as file:
            file.write("untouched")
    return path


class HostileMounts(ShimCase):
    def test_cve_2019_16884_2019_19921_2023_27561_2023_28642_2025_52881_fake_proc(self):
        """Volumes and links in the place of /proc: refused, or covered by the true one; the runtime's own writes never go there."""
        fake = fake_proc(self.world)
        before = tree(fake)
        core_pattern = read_text("/proc/sys/kernel/core_pattern")
        fds = [o_path(fake), o_path(fake + "/sys")]
        with Sandbox(self.world) as pod:
            settings = dict(oom=500, extra=[sysctl("net.ipv4.ip_forward", "1")], sources=fds)
            for destination in ("/proc", "/proc/self/attr", "/proc/sys", "/proc/../proc/sys", "/proc/1", "/proc/thread-self"):
                refused(lambda: pod.launch("x", ["true"], mounts=standard_mounts() + [bind(destination)], **settings), "SWL_STEP_MOUNT")
            links = layer(self.world, "links", links=[("away", "/proc/sys"), ("etc/up", "../proc"), ("run/self", "/proc/self")])
            for destination in ("/away", "/etc/up", "/run/self/attr", "/away/kernel"):
                refused(lambda: pod.launch("x", ["true"], mounts=standard_mounts() + [bind(destination)], **settings, **image(self.world, links)),
                        "SWL_STEP_MOUNT")
            # Mounted before the proc file system: that covers the volume, and masks and writes reach the true /proc.
            masked = [field(C["SWL_TAG_MASKED_PATH"], "/proc/keys"), field(C["SWL_TAG_READONLY_PATH"], "/proc/sys")]
            settings["extra"] = settings["extra"] + masked
            out = pod.shell("cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj; wc -c < /proc/keys; stat -fc %t /proc",
                            mounts=[bind("/proc")] + standard_mounts(), **settings)[1]
            assert out == "1\n500\n0\n9fa0\n", out
            # Links in the place of /proc and /sys, and directories above.
            for name in ("proc", "sys"):
                for target in ("/etc", "../../../../../../etc", "etc", "/proc/self/root/etc", fake):
                    evil = layer(self.world, "evil", links=[(name, target)])
                    refused(lambda: pod.launch("x", ["true"], **settings, **image(self.world, evil)), "SWL_STEP_MOUNT")
            # No proc at all.
            assert attempt(lambda: pod.run("none", ["true"], mounts=standard_mounts()[1:], oom=500, extra=[sysctl("net.ipv4.ip_forward", "1")]))
            assert attempt(lambda: pod.run("own", ["true"], mounts=[bind("/proc")], oom=500, sources=fds,
                                           extra=[sysctl("net.ipv4.ip_forward", "1")]))
        for fd in fds:
            os.close(fd)
        assert tree(fake) == before and read_text("/proc/sys/kernel/core_pattern") == core_pattern

    def test_cve_2025_31133_masking_with_a_false_null_device(self):
        """The host's null device covers a masked path, whatever the image or a neighbour has put at /dev/null. No container can change its inode."""
        host = os.stat("/dev/null")
        core_pattern = read_text("/proc/sys/kernel/core_pattern")
        masked = [field(C["SWL_TAG_MASKED_PATH"], p) for p in ("/proc/keys", "/proc/version", "/sys/firmware")]
        no_dev = [m for i, m in enumerate(standard_mounts()) if i not in (1, 2, 3, 4)]
        script = "wc -c < /proc/keys; wc -c < /proc/version; ls /sys/firmware | wc -l; grep -c core_pattern /proc/self/mountinfo; " \
                 "echo evil > /proc/keys; (chmod 666 /proc/keys; touch /proc/keys) 2>&-; true"
        with Sandbox(self.world) as pod:
            for target in ("/proc/sys/kernel/core_pattern", "../proc/sys/kernel/core_pattern", "/proc/version", "/etc/passwd"):
                evil = layer(self.world, "evil", links=[("dev/null", target)])
                assert pod.shell(script, mounts=no_dev, extra=masked, **image(self.world, evil))[1] == "0\n0\n0\n0\n"
            # /dev is a volume, where a neighbour exchanges null for a link all the time.
            volume = f"{self.world.base}/{self.world.name('dev')}"
            os.makedirs(volume)
            os.symlink("/proc/sys/kernel/core_pattern", volume + "/link")
            os.mknod(volume + "/null", 0o20666, os.makedev(1, 3))
            fd = o_path(volume)
            with Swap(volume + "/null", volume + "/link") as swap:
                for _ in range(40):
                    assert pod.shell(script, mounts=no_dev + [bind("/dev")], sources=[fd], extra=masked)[1] == "0\n0\n0\n0\n"
            os.close(fd)
            assert swap.count > 100
        assert read_text("/proc/sys/kernel/core_pattern") == core_pattern
        now = os.stat("/dev/null")
        assert (now.st_mode, now.st_uid, now.st_gid, now.st_mtime_ns, now.st_ctime_ns) == (host.st_mode, host.st_uid, host.st_gid, host.st_mtime_ns,
                                                                                           host.st_ctime_ns)
        self.note(f"{swap.count} exchanges")

    def test_cve_2025_52565_console_of_a_false_device_directory(self):
        """The terminal is bound at /dev/console while a neighbour exchanges that name for links: to a file of the kernel's, and out of /dev."""
        core_pattern = read_text("/proc/sys/kernel/core_pattern")
        volume = f"{self.world.base}/{self.world.name('dev')}"
        os.makedirs(volume + "/pts"), os.makedirs(volume + "/false")
        os.symlink("/proc/sys/kernel/core_pattern", volume + "/link")
        open(volume + "/console", "w").close()
        fd, ran = o_path(volume), 0
        mounts = [m for i, m in enumerate(standard_mounts()) if i not in (1, 3, 4)]
        with Sandbox(self.world) as pod:
            refused(lambda: pod.launch("x", ["true"], mounts=mounts[:1], terminal=True), "SWL_STEP_TERMINAL")
            for name in ("console", "pts"):
                with Swap(f"{volume}/{name}", volume + ("/link" if name == "console" else "/false")) as swap:
                    for _ in range(40):
                        try:
                            pod.launch("c", ["cat", "/proc/self/mountinfo"], mounts=[bind("/dev"), *mounts], sources=[fd],
                                       terminal=True, cgroup=False)
                        except Refused as refusal:
                            assert refusal.step in (C["SWL_STEP_TERMINAL"], C["SWL_STEP_MOUNT"]), refusal
                            continue
                        ran += 1
                        pod.wait("c")
                        # A mount moves with the name that it covers: the terminal may be shown at the other one.
                        points = [line.split()[4] for line in pod.output("c").split("\n") if " - devpts " in line]
                        assert len(points) == 2 and all(point.startswith("/dev/") for point in points), points
                        assert "core_pattern" not in pod.output("c")
                        pod.container_verb("SWL_VERB_REMOVE", "c")
                        os.unlink(pod.log_path("c"))
                assert swap.count > 100
        os.close(fd)
        assert ran and read_text("/proc/sys/kernel/core_pattern") == core_pattern
        self.note(f"{ran} of 80 ran")

    def test_cve_2026_41579_2026_47766_directories_of_the_image_are_links(self):
        """Absolute and climbing links in the place of the directories that a runtime writes to: nothing is made outside the root."""
        outside = f"{self.world.base}/{self.world.name('outside')}"
        for name in ("a", "a/pts", "a/shm", "a/fs", "a/fs/cgroup"):
            os.makedirs(f"{outside}/{name}")
        before, host = tree(outside), {path: sorted(os.listdir(path)) for path in ("/dev", "/etc", "/run", "/")}
        files = [o_path("/etc/hostname"), o_path(self.world.image)]
        ran = 0
        with Sandbox(self.world) as pod:
            for name in ("dev", "proc", "sys", "etc", "run"):
                for target in (f"{outside}/a", "../" * 12 + f"{outside}/a", "/", "../../..", "/dev", f"{outside}/missing", "/proc/1/root", name):
                    evil = layer(self.world, "evil", links=[(name, target)])
                    mounts = standard_mounts() + [bind("/etc/hosts"), bind("/run/secrets/token", 1)]
                    extra = [field(C["SWL_TAG_DEVICE"], struct.pack("=8I", ord("c"), 1, 5, 0o666, 0, 0, 12, 0) + b"/dev/my/zero"),
                             field(C["SWL_TAG_MASKED_PATH"], "/proc/keys"), field(C["SWL_TAG_READONLY_PATH"], "/etc")]
                    cid = self.world.name("c")
                    try:
                        code, out = pod.run(cid, ["cat", "/proc/self/mountinfo"], mounts=mounts, sources=files, extra=extra, cwd="/run/new/cwd",
                                            **image(self.world, evil))
                    except Refused:
                        continue
                    # The root, all mounts, and what covers or protects a path: no mount went somewhere else.
                    assert code == 0 and len(out.split("\n")) - 1 >= 1 + len(mounts), (name, target, out)
                    ran += 1
        for fd in files:
            os.close(fd)
        assert tree(outside) == before and not os.path.exists(outside + "/missing")
        assert {path: sorted(os.listdir(path)) for path in host} == host
        self.note(f"{ran} of 40 ran, inside their root")

    def test_cve_2021_30465_2024_45310_2017_1002101_mount_points_are_exchanged(self):
        """Two containers share a volume; one exchanges directories for links in it while the other one's mount points are made there."""
        volume, outside = f"{self.world.base}/{self.world.name('shared')}", f"{self.world.base}/{self.world.name('outside')}"
        os.makedirs(volume + "/dir/below"), os.makedirs(outside + "/below"), os.makedirs(volume + "/other")
        os.symlink("/" + "../" * 20 + outside[1:], volume + "/link")
        before = tree(outside)
        sources = [o_path(volume), o_path(self.world.image)]
        ran = failed = 0
        with Sandbox(self.world) as pod:

            def launch(index):
                mounts = standard_mounts() + [bind("/shared"), bind(f"/shared/dir/below/new{index}/mounted", 1), bind("/shared/dir/below", 1)]
                pid = pod.launch("c", ["sleep", "1000"], mounts=mounts, sources=sources, cgroup=False, log=False, cwd=f"/shared/dir/cwd{index}").pid
                inside = mount_points(pid)
                assert all(point == "/" or point.startswith(("/proc", "/sys", "/dev", "/shared", outside)) for point in inside), inside
                pod.signal("c", 9)
                pod.wait("c")
                pod.container_verb("SWL_VERB_REMOVE", "c")

            with Swap(volume + "/dir", volume + "/link") as swap:
                for index in range(150):
                    try:
                        launch(index)
                        ran += 1
                    except Refused as refusal:
                        assert refusal.step in (C["SWL_STEP_MOUNT"], C["SWL_STEP_CWD"]), refusal
                        failed += 1
            assert swap.count > 100
            # The number of successes depends on the scheduler; undisturbed a launch works, with the link in the directory's place or not.
            launch("last")
        for fd in sources:
            os.close(fd)
        # A link's target lies in the container's root; the host's directory of that name has nothing new in it.
        assert tree(outside) == before
        self.note(f"{swap.count} exchanges, {ran} ran, {failed} were refused")

    def test_cve_2017_1002101_2021_25741_a_source_is_exchanged_after_its_check(self):
        """A volume's path becomes a link to the host after the agent has opened it: the opened folder is mounted."""
        volume = f"{self.world.base}/{self.world.name('volume')}"
        os.makedirs(volume + "/sub")
        open(volume + "/sub/mine", "w").close()
        fd = o_path(volume + "/sub")
        os.rename(volume + "/sub", volume + "/old")
        os.symlink("/", volume + "/sub")
        with Sandbox(self.world) as pod:
            assert pod.shell("ls /data", mounts=standard_mounts() + [bind("/data")], sources=[fd])[1] == "mine\n"
            link = os.open(volume + "/sub", os.O_PATH | os.O_NOFOLLOW)
            refused(lambda: pod.launch("x", ["ls", "/data"], mounts=standard_mounts() + [bind("/data")], sources=[link]), "SWL_STEP_MOUNT",
                    errno.ELOOP)
            os.close(link)
        os.close(fd)
