"""The disk of the virtual machine: a Debian base, made once per list of packages, and the additions of a run."""
import glob
import hashlib
import os
import shutil
import subprocess

GUEST = os.path.join(os.path.dirname(__file__), "guest")
RELEASE = "bookworm"
PACKAGES = (
    "systemd systemd-sysv udev dbus kmod linux-image-cloud-amd64 "  # a machine that boots
    "iproute2 nftables procps apparmor "  # for tests to look with
    "nfs-common nfs-kernel-server "  # client and server of network volumes
    "libnftnl11 libmnl0 libseccomp2 libarchive13 libyaml-0-2"  # libraries of swiftlet
).split()
# The initial ramdisk has only the drivers of the disk and its quotas: an emulated processor needs half a minute to unpack all of them.
RAMDISK = 'mkdir -p "$1/etc/initramfs-tools/conf.d"; printf "MODULES=list\\nCOMPRESS=gzip\\nRESUME=none\\n" > "$1/etc/initramfs-tools/conf.d/vm"; ' \
    'printf "virtio_pci\\nvirtio_blk\\next4\\nquota_v2\\n" > "$1/etc/initramfs-tools/modules"'  # fmt: skip
UNREAD = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# The machine needs no logins, no upgrades, and no profiles of programs that are not installed.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "getty.target",
          "apparmor.service")
# Tests start them when they need them.
DISABLED = ("nfs-server.service", "nfs-blkmap.service", "rpcbind.service", "rpcbind.socket")
ENABLED = ("swiftlet.service", "swiftlet-pods.service", "swiftlet-spawner.service", "vm-test.service")


def base(cache):
    """Returns the archive of the base system, from the cache if it has one of the same packages."""
    key = hashlib.sha256("\n".join([RELEASE, RAMDISK, *PACKAGES]).encode()).hexdigest()[:12]
    archive = os.path.join(cache, f"base-{key}.tar")
    if not os.path.exists(archive):
        os.makedirs(cache, exist_ok=True)
        half = archive + ".part"
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", "--aptopt=APT::Install-Recommends \"false\"", "--dpkgopt=force-unsafe-io",
             *(f"--dpkgopt=path-exclude={path}" for path in UNREAD), f"--include={','.join(PACKAGES)}", f"--essential-hook={RAMDISK}", RELEASE, half],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        for name in os.listdir(cache):
            if name.startswith("base-") and not name.endswith(".part"):
                os.unlink(os.path.join(cache, name))
        os.rename(half, archive)
    return archive


class Tree:
    """The root file system before it becomes a disk."""

    def __init__(self, archive, folder):
        self.folder = folder
        os.mkdir(folder)
        subprocess.run(["tar", "--numeric-owner", "-xpf", archive, "-C", folder], check=True)

    def path(self, name):
        return os.path.join(self.folder, name.lstrip("/"))

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def add(self, folder):
        """Copies everything from a folder over the tree."""
        subprocess.run(["cp", "-a", "--remove-destination", folder + "/.", self.folder], check=True)
        # Installed files belong to root, whatever their owner here.
        for path, _, names in os.walk(folder):
            for name in names:
                os.chown(self.path(os.path.relpath(os.path.join(path, name), folder)), 0, 0)

    def copy(self, source, name):
        """Copies a program of this machine into the tree."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        shutil.copyfile(source, self.path(name))
        os.chmod(self.path(name), 0o755)

    def link(self, name, target):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(target, path)

    def take(self, pattern, target):
        """Copies the one file /boot/PATTERN* out of the tree."""
        names = [name for name in os.listdir(self.path("/boot")) if name.startswith(pattern)]
        if len(names) != 1:
            raise RuntimeError(f"found {names} in /boot of the image, wanted one file {pattern}*; remove the cached base and try again")
        shutil.copyfile(os.path.join(self.path("/boot"), names[0]), target)

    def prepare(self, name, address, gateway):
        """Makes the tree a node: its name, its network, its units."""
        self.add(GUEST)
        self.write("/etc/hostname", name + "\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n{address} {name}\n")
        self.write("/etc/resolv.conf", f"nameserver {gateway}\n")
        self.write("/etc/fstab", "/dev/vda / ext4 defaults,noatime 0 0\n/dev/vdb none swap defaults 0 0\n")
        network = f"Address={address}/24\nGateway={gateway}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        self.write("/etc/systemd/network/eth0.network", f"[Match]\nName=eth0\n[Network]\n{network}")
        self.write("/etc/machine-id", "")
        # The console keeps the last messages of a machine that hangs or ends.
        self.write("/etc/systemd/journald.conf.d/console.conf", "[Journal]\nForwardToConsole=yes\nMaxLevelConsole=info\n")
        for unit in MASKED:
            self.link(f"/etc/systemd/system/{unit}", "/dev/null")
        for link in glob.glob(self.path("/etc/systemd/system/*.wants/*")):
            if os.path.basename(link) in DISABLED:
                os.unlink(link)
        for unit in ENABLED:
            self.link(f"/etc/systemd/system/multi-user.target.wants/{unit}", f"/lib/systemd/system/{unit}")
        self.link("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", "/lib/systemd/system/systemd-networkd.service")
        self.link(
            "/etc/systemd/system/network-online.target.wants/systemd-networkd-wait-online.service",
            "/lib/systemd/system/systemd-networkd-wait-online.service"
        )

    def make_disk(self, path, size="3G"):
        subprocess.run(["truncate", "-s", size, path], check=True)
        # With project quotas, which are always on then.
        options = ["-O", "quota,project", "-E", "quotatype=prjquota"]
        subprocess.run(["mkfs.ext4", "-q", "-F", *options, "-d", self.folder, path], check=True, capture_output=True)
        shutil.rmtree(self.folder)
