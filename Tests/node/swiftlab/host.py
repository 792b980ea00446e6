"""What the kernel holds at a moment, for comparing before and after."""
import os
import re
import subprocess

NAMES = ("swiftlet", "swiftlet-shim", "swiftlet-pause", "swiftlet-devcluster", "docker-registry")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def cgroup2_mount():
    """Where a cgroup v2 hierarchy is mounted."""
    with open("/proc/mounts") as table:
        for line in table:
            _, place, kind = line.split()[:3]
            if kind == "cgroup2":
                return place
    raise RuntimeError("no cgroup2 mount was found; wanted one, on /sys/fs/cgroup for example: mount -t cgroup2 none /sys/fs/cgroup")


def processes():
    """Command lines of the project's processes by id."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{entry}/comm") as file:
                name = file.read().strip()
        except OSError:
            continue
        if name.startswith("swiftlet") or os.path.basename(words[0].decode(errors="replace")) in NAMES:
            found[int(entry)] = b" ".join(words).decode(errors="replace").strip() or name
    return found


def anonymous_memory(pid):
    """KB that nobody but this process has."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


def cgroups(root=None):
    base = root or cgroup2_mount()
    return {os.path.join(path, name) for path, names, _ in os.walk(base) for name in names}


def mounts():
    """Mount points in the order of mounting."""
    with open("/proc/self/mountinfo") as table:
        return [line.split()[4] for line in table]


def snapshot():
    """Everything that a node could leave behind on this machine."""
    return {
        "processes": {f"{pid} {line}" for pid, line in processes().items()},
        "network namespaces": set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set(),
        "interfaces": set(re.findall(r"^\d+: ([^:@]+)", output("ip", "-o", "link"), re.M)),
        "mounts": set(mounts()),
        "cgroups": cgroups(),
        "nftables": set(output("nft", "list", "tables").splitlines()),
    }


def leaks(before, after):
    """What is there now and was not before, by kind."""
    return {kind: sorted(after[kind] - before[kind]) for kind in before if after[kind] - before[kind]}
