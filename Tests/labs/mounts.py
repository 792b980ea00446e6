"""Mounts, of this process' mount namespace and of others'."""
import contextlib
import os
import subprocess


def mount_points(pid="self"):
    """Mount points in the order of mounting."""
    with open(f"/proc/{pid}/mountinfo") as table:
        return [line.split()[4] for line in table]


def mount_points_below(folder, pid="self"):
    """Mount points at and below a folder, in the order of mounting."""
    return [place for place in mount_points(pid) if (place + "/").startswith(folder + "/")]


def mount_tmpfs(path, *options):
    """Mounts a tmpfs with options of mount(8)."""
    words = ["-o", ",".join(options)] if options else []
    subprocess.run(["mount", "-t", "tmpfs", *words, "swl-test", path], check=True)


@contextlib.contextmanager
def tmpfs(path, *options):
    """A tmpfs at a folder, which is made if need be. At the end nothing may use the tmpfs any more."""
    os.makedirs(path, exist_ok=True)
    mount_tmpfs(path, *options)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


@contextlib.contextmanager
def lent_tmpfs(path, *options, shared=False):
    """A tmpfs for containers, unmounted with everything below it even while in use. `shared`: mounts below it propagate to other namespaces."""
    os.makedirs(path, exist_ok=True)
    mount_tmpfs(path, *options)
    try:
        if shared:
            subprocess.run(["mount", "--make-shared", path], check=True)
        yield path
    finally:
        subprocess.run(["umount", "-R", "-l", path], check=True)


def unmount_below(folder):
    for place in reversed(mount_points_below(folder)):
        if place != folder:
            subprocess.run(["umount", "-l", place], check=False)
