"""The same root and equivalent settings in runc and here, side by side: a program's view of its surroundings must not differ, except for
the differences listed below with their reasons."""
import json
import os
import re
import shutil
import struct
import subprocess
import unittest

from labs.files import read_text, write_text
from labs.mounts import lent_tmpfs
from labs.shim.case import ShimCase
from labs.shim.records import DEFAULT_CAPS, mount, standard_mounts
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, field, record, u32

MASKED = ("/proc/acpi", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
          "/sys/firmware", "/proc/version")
READONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "NET_RAW",
                "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP")
LIMITS = ((7, "RLIMIT_NOFILE", 1000, 2000), (4, "RLIMIT_CORE", 0, 0), (3, "RLIMIT_STACK", 4 << 20, 8 << 20))
# Each line becomes a section of the result. No pids, times or inode numbers.
LOOK = {
    "descriptors": "ls /proc/self/fd",
    "status": "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Seccomp_filters|Sig(Ign|Blk)|Umask|Threads)' /proc/self/status",
    "limits": "cat /proc/self/limits",
    "root": "readlink /proc/1/root; readlink /proc/1/cwd; pwd; ls -ld / /proc /sys /sys/fs/cgroup | cut -c1-10",
    "mounts": "cat /proc/self/mountinfo",
    "devices": "stat -c '%n %A %t:%T %u:%g %N' /dev /dev/*",
    "below devices": "stat -c '%n %A %u:%g' /dev/pts /dev/pts/ptmx /dev/shm /dev/mqueue",
    "cgroup": "grep ^0: /proc/self/cgroup; ls /sys/fs/cgroup | grep -vE '^(hugetlb|memory|cpu|pids|io|rdma|misc|dmem)'; mkdir /sys/fs/cgroup/x",
    "masked": f"for p in {' '.join(MASKED)}; do ls -ld $p | cut -c1-10; wc -c < $p; ls $p; echo x > $p; done",
    "readonly": f"for p in {' '.join(READONLY)}; do ls -ld $p | cut -c1-10; touch $p/x; echo x > $p; done",
    "names": "hostname; cat /proc/sys/kernel/domainname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
    "environment": "env | sort",
    "session": "cut -d' ' -f7,8 /proc/$$/stat; test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leader; cat /proc/self/oom_score_adj",
    "process": "for f in coredump_filter personality timerslack_ns attr/current loginuid; do cat /proc/self/$f; echo; done",
    "network": "ls /sys/class/net; cat /proc/net/dev | wc -l",
    "may": "mknod /tmp/n c 1 3; chroot / true && echo chroot; mount -t tmpfs t /tmp; umount /proc/version; ping -c 1 -W 1 127.0.0.1 2>&1 | head -1",
}
SCRIPT = "exec 2>&1; " + "\n".join(f"echo; echo '== {name}'; {command}" for name, command in LOOK.items())

# Differences and their reasons. Each is a pattern for a line "section: -line of runc" or "section: +line of this runtime".
DIFFERENT_ON_PURPOSE = (
    (r"mounts: [-+]/proc/acpi ro,", "what covers a directory cannot hold devices or programs here"),
    (r"mounts: [-+]/proc/scsi ro,", "the same"),
    (r"mounts: [-+]/sys/firmware ro,", "the same"),
    (r"mounts: [-+]/proc/(keys|version|timer_list|latency_stats|timer_stats|sched_debug) ",
     "files are covered by the host's null device, not by the container's, which the image could have had a hand in (CVE-2025-31133), and read-only"),
    (r"mounts: [-+]/dev/shm ", "the name of a tmpfs in the first column is a label"),
    (r"mounts: [-+]/sys/fs/cgroup .* cgroup2? ", "the same for cgroup2"),
    (r"mounts: [-+]/proc/(bus|fs|irq|sys|sysrq-trigger) ro,", "a read-only path keeps nosuid, nodev and noexec of /proc here"),
    (r"mounts: [-+]/sys ro,nosuid,nodev,noexec,relatime sysfs sysfs r[ow]$",
     "the mount is read-only; whether the pod's instance of the file system is as well shows nowhere else"),
    (r"status: -SigIgn:|status: \+SigIgn:\t0{16}$", "runc passes on what its own caller ignores, here nothing is ignored"),
    (r"masked: [-+]d", "what covers a directory is closed for writing by its mode as well"),
    (r"environment: -HOME=/", "nothing is added to the environment: HOME is in the record, from the image's user"),
    (r"devices: -/dev/core ", "a link to /proc/kcore, which no container may read"),
)


def sections(output):
    found, name = {}, None
    for line in output.split("\n"):
        if line.startswith("== "):
            name = line[3:]
            found[name] = []
        elif name and line:
            found[name].append(line)
    found["mounts"] = sorted(plain_mount(line) for line in found["mounts"])
    return found


def plain_mount(line):
    """Returns mount point, flags, propagation, type, source and options of the file system, without numbers."""
    left, right = line.split(" - ")
    left = left.split()
    propagation = [word.split(":")[0] for word in left[6:]]
    return " ".join([left[4], left[5], *propagation, *right.split()])


def copy_image(world, path):
    shutil.copytree(world.image, path, symlinks=True)
    return path


def runc_spec(world, root, user):
    """Writes the record's settings as a configuration for runc; returns the bundle."""
    bundle = os.path.dirname(root)
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    spec = json.loads(read_text(bundle + "/config.json"))
    caps = [f"CAP_{name}" for name in CAPABILITIES]
    spec["hostname"] = "compared"
    spec["process"].update(terminal=False, args=["sh", "-c", SCRIPT], env=["PATH=/bin:/usr/bin", "A=1"], cwd="/tmp", noNewPrivileges=user["nnp"] == 1,
                           user={"uid": user["uid"], "gid": user["gid"], "umask": user["umask"], "additionalGids": list(user["groups"])},
                           oomScoreAdj=500, rlimits=[{"type": name, "soft": soft, "hard": hard} for _, name, soft, hard in LIMITS],
                           capabilities={"bounding": caps, "effective": caps, "permitted": caps})
    spec["root"] = {"path": root, "readonly": user["readonly"]}
    for one in spec["mounts"]:
        if one["destination"] == "/proc":
            one["options"] = ["nosuid", "nodev", "noexec"]
    linux = spec["linux"]
    linux.update(cgroupsPath=f"/{os.path.basename(world.base)}/runc", maskedPaths=list(MASKED), readonlyPaths=list(READONLY),
                 sysctl={"net.ipv4.ip_unprivileged_port_start": "80"}, resources={})
    linux["namespaces"] = [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")]
    write_text(bundle + "/config.json", json.dumps(spec))
    return bundle


def run_in_runc(bundle, before=""):
    """Runs a bundle in runc. runc refuses hybrid cgroups: it gets a mount namespace in which /sys/fs/cgroup is the cgroup2 hierarchy."""
    script = (f"umount /sys/fs/cgroup/unified 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup && {before} "
              f"exec runc --root {bundle}/state run {os.path.basename(bundle)}")
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "bash", "-c", script], cwd=bundle, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.stdout, done
    return done.stdout


def look_in_runc(world, user):
    base = f"{world.base}/{world.name('runc')}"
    os.makedirs(base)
    return sections(run_in_runc(runc_spec(world, copy_image(world, base + "/rootfs"), user)))


def look_here(world, user):
    root = copy_image(world, f"{world.base}/{world.name('root')}")
    mounts = standard_mounts()
    mounts[1] = mount(C["SWL_MOUNT_TMPFS"], "/dev", attributes=C["SWL_ATTR_NOSUID"] | C["SWL_ATTR_STRICTATIME"], data="size=65536k,mode=0755")
    fields = [field(C["SWL_TAG_HOSTNAME"], "compared"), field(C["SWL_TAG_SYSCTL"], struct.pack("=2I", 35, 2) +
                                                              b"net.ipv4.ip_unprivileged_port_start80")]
    with Sandbox(world, fields=fields) as pod:
        extra = [field(C["SWL_TAG_MASKED_PATH"], path) for path in MASKED] + [field(C["SWL_TAG_READONLY_PATH"], path) for path in READONLY]
        extra.append(field(C["SWL_TAG_ROOT_READONLY"], u32(int(user["readonly"]))))
        settings = {key: value for key, value in user.items() if key != "readonly"}
        fields = pod.launch_fields("c", ["sh", "-c", SCRIPT], mounts=mounts, extra=extra, cwd="/tmp", oom=500, caps=DEFAULT_CAPS,
                                   env=("PATH=/bin:/usr/bin", "A=1"), rlimits=[(number, soft, hard) for number, _, soft, hard in LIMITS],
                                   **settings)
        # A root without layers, as with runc.
        layers = {C[f"SWL_TAG_ROOT_{name}"] for name in ("PATH", "OVERLAY_LOWER", "OVERLAY_UPPER", "OVERLAY_WORK")}
        fields = [one for one in fields if struct.unpack_from("=H", one)[0] not in layers] + [field(C["SWL_TAG_ROOT_PATH"], root)]
        pod.launch("c", [], data=record(C["SWL_KIND_LAUNCH"], fields))
        pod.wait("c")
        return sections(pod.output("c"))


def differences(theirs, ours):
    found = []
    for name in LOOK:
        a, b = theirs[name], ours[name]
        found += [f"{name}: -{line}" for line in a if line not in b] + [f"{name}: +{line}" for line in b if line not in a]
    return found


@unittest.skipUnless(shutil.which("runc"), "runc is not installed")
class Compare(ShimCase):
    def setUp(self):
        super().setUp()
        self.need_cgroups()

    def compare(self, user):
        found = differences(look_in_runc(self.world, user), look_here(self.world, user))
        unexplained = [line for line in found if not any(re.match(pattern, line) for pattern, _ in DIFFERENT_ON_PURPOSE)]
        assert not unexplained, "\n" + "\n".join(unexplained)
        self.note(f"{len(found)} lines differ, all of them on purpose")

    def test_compared_with_runc_as_root(self):
        self.compare(dict(uid=0, gid=0, umask=0o022, groups=(), nnp=0, readonly=False))

    def test_compared_with_runc_as_user(self):
        self.compare(dict(uid=1000, gid=2000, umask=0o027, groups=(3000, 4000), nnp=1, readonly=True))

    def test_compared_with_runc_propagation(self):
        """Volumes from a shared file system of the host have the same propagation: None, HostToContainer, Bidirectional."""
        base = f"{self.world.base}/{self.world.name('runc')}"
        source = base + "/source"
        os.makedirs(source)
        bundle = runc_spec(self.world, copy_image(self.world, base + "/rootfs"), dict(uid=0, gid=0, umask=0o022, groups=(), nnp=0, readonly=False))
        spec = json.loads(read_text(bundle + "/config.json"))
        spec["process"]["args"] = ["cat", "/proc/self/mountinfo"]
        spec["linux"]["rootfsPropagation"] = "rshared"
        names = ("private", "slave", "shared")
        spec["mounts"] += [{"destination": f"/{name}", "type": "bind", "source": source, "options": ["rbind", "r" + name]} for name in names]
        write_text(bundle + "/config.json", json.dumps(spec))
        theirs = run_in_runc(bundle, f"mount -t tmpfs swl-test {source} && mount --make-shared {source} &&")
        with lent_tmpfs(source, shared=True):
            fd = os.open(source, os.O_PATH)
            with Sandbox(self.world) as pod:
                mounts = standard_mounts() + [mount(C["SWL_MOUNT_BIND"], f"/{name}", 0, 0, number) for number, name in enumerate(names)]
                propagation = field(C["SWL_TAG_ROOTFS_PROPAGATION"], u32(C["SWL_PROPAGATION_SHARED"]))
                pod.launch("c", ["cat", "/proc/self/mountinfo"], mounts=mounts, sources=[fd], extra=[propagation])
                pod.wait("c")
                ours = pod.output("c")
            os.close(fd)

        def kinds(output):
            return {line.split()[4]: {word.split(":")[0] for word in line.split(" - ")[0].split()[6:]} for line in output.strip().split("\n")}
        theirs, ours = kinds(theirs), kinds(ours)
        assert ours["/private"] == set() and ours["/slave"] == {"master"} and ours["/shared"] == {"shared"}, ours
        assert {f"/{name}": ours[f"/{name}"] for name in names} == {f"/{name}": theirs[f"/{name}"] for name in names}, (theirs, ours)
