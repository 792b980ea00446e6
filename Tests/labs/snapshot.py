"""The kernel's objects at a moment, for a comparison of before and after."""
import os
import re
import subprocess

from labs import cgroups
from labs.mounts import mount_points
from labs.processes import project_processes


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def snapshot():
    """Everything that a node could leave behind on this machine."""
    return {
        "processes": {f"{pid} {line}" for pid, line in project_processes().items()},
        "network namespaces": set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set(),
        "interfaces": set(re.findall(r"^\d+: ([^:@]+)", output("ip", "-o", "link"), re.M)),
        "mounts": set(mount_points()),
        "cgroups": cgroups.below(cgroups.needed_hierarchy()),
        "nftables": set(output("nft", "list", "tables").splitlines()),
    }


def leaks(before, after):
    """Returns the additions between two snapshots, by kind."""
    return {kind: sorted(after[kind] - before[kind]) for kind in before if after[kind] - before[kind]}
