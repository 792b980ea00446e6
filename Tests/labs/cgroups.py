"""Cgroups of version 2: their hierarchy, their members, freezing, killing and removing them."""
import contextlib
import os
import select

from labs.files import read_text, write_text
from labs.waiting import wait_until


def hierarchy():
    """Where cgroup v2 is mounted, None if it is not. On a machine with hierarchies of version 1 it is not /sys/fs/cgroup."""
    with open("/proc/self/mountinfo") as table:
        places = [line.split()[4] for line in table if " - cgroup2 " in line]
    return "/sys/fs/cgroup" if "/sys/fs/cgroup" in places else next(iter(places), None)


def needed_hierarchy():
    place = hierarchy()
    if place is None:
        raise RuntimeError("no cgroup2 mount was found; wanted one, on /sys/fs/cgroup for example: mount -t cgroup2 none /sys/fs/cgroup")
    return place


def below(path):
    """The paths of all cgroups below one."""
    return {os.path.join(folder, name) for folder, names, _ in os.walk(path) for name in names}


def members(path):
    """Ids of the processes in a cgroup itself, as text."""
    return read_text(path + "/cgroup.procs").split()


def members_below(path):
    """Ids of the processes in a cgroup and in all below it, as text."""
    return [pid for folder, _, _ in os.walk(path) for pid in members(folder)]


def kill(path):
    """Kills all processes in a cgroup and below it, if it is there."""
    with contextlib.suppress(OSError):
        write_text(path + "/cgroup.kill", 1)


def freeze(path):
    """Stops all processes in a cgroup and below it; those that enter later stop as well."""
    write_text(path + "/cgroup.freeze", 1)


def thaw(path):
    write_text(path + "/cgroup.freeze", 0)


def wait_until_empty(path, seconds=20):
    """Returns when no process is left in a cgroup and below it: the kernel reports that as an event of the file."""
    with open(path + "/cgroup.events") as file:
        poll = select.poll()
        poll.register(file, select.POLLPRI)

        def empty():
            file.seek(0)
            if "populated 0" in file.read():
                return True
            poll.poll(1000)
            return False

        wait_until(f"{path} to be empty", empty, seconds)


def remove(path, seconds=10):
    """Removes a cgroup with all below it. Its processes have been killed and may take a moment to go."""

    def removed():
        for folder, _, _ in os.walk(path, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        return not os.path.exists(path)

    wait_until(f"{path} to be removed", removed, seconds)


def remove_if_empty(*paths):
    """Removes those of the cgroups that nothing uses."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.rmdir(path)
