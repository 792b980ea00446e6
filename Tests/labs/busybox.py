"""The static busybox that containers of tests consist of."""
import os
import shutil
import subprocess

BUSYBOX = "/bin/busybox"


def installed():
    return os.access(BUSYBOX, os.X_OK)


def applets():
    """Names of the programs that busybox is."""
    return [name for name in subprocess.check_output([BUSYBOX, "--list"], text=True).split() if name != "busybox"]


def make_root(root, *folders):
    """A root file system: busybox under all its names in /bin, the folders, and root's line in /etc/passwd."""
    for name in ("bin", "etc", *folders):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    shutil.copy(BUSYBOX, root + "/bin/busybox")
    for name in applets():
        os.symlink("busybox", f"{root}/bin/{name}")
    with open(root + "/etc/passwd", "w") as file:
        file.write("root:x:0:0:root:/:/bin/sh\n")
