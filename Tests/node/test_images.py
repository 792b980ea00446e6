"""The images of a running node: commands, pins, the watched folder, and room that is made."""
import io
import json
import os
import random
import re
import tarfile

from labs.files import read_text, write_text
from labs.mounts import mount_tmpfs
from labs.node.case import NodeCase
from labs.node.images import digest
from labs.node.lab import Lab
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until


class SmallAges(Lab):
    """An agent whose images may go at once."""

    def write_configuration(self):
        super().write_configuration()
        path = self.config
        write_text(path, read_text(path).replace("imageGCHighThresholdPercent: 100", "imageGCHighThresholdPercent: 100\nimageMinimumGCAge: 1ns"))


class NodeImages(NodeCase):
    lab_class = SmallAges

    def images(self, *words):
        return self.lab.swiftlet("images", *words).stdout

    def refused(self, *words):
        done = self.lab.swiftlet("images", *words, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def names(self):
        return {name for entry in json.loads(self.images("ls", "-o", "json")) for name in entry["image"]["names"]}

    def test_commands_pins_and_room(self):
        used, kept = (f"registry.example/{name}" for name in ("busybox:1", "hello:1"))
        self.start_pod("user", FOREVER)
        self.images("pull", kept)
        self.assertIn(kept, self.images("prune", "--dry-run"))
        self.images("pin", kept)
        self.assertNotIn(kept, self.images("prune", "--dry-run"))
        self.assertLessEqual({used, kept}, self.names())
        self.assertRegex(self.images("verify"), r"images, all good")

        # In use, pinned: neither goes, not even when the agent is another one.
        self.lab.stop("agent")
        self.lab.start_agent()
        self.assertIn("is used by a pod", self.refused("rm", used))
        self.assertIn("pinned", self.refused("rm", kept))
        self.images("prune")
        self.assertLessEqual({used, kept}, self.names())
        self.images("unpin", kept)
        self.assertIn(kept, self.images("prune"))
        self.assertEqual({used, kept} & self.names(), {used})
        self.assertRegex(self.images("verify"), r"images, all good")
        self.lab.delete("pod", "user")

        # An exported image that is put into the folder is pinned and used without a registry.
        archive = self.lab.path("busybox.tar")
        self.images("export", used, archive)
        wait_until("the image to go", lambda: self.lab.swiftlet("images", "rm", used, check=False).returncode == 0, 30)
        self.assertNotIn(used, self.names())
        os.makedirs(self.lab.path("images.d"), exist_ok=True)
        os.rename(archive, self.lab.path("images.d", "busybox.tar"))
        wait_until("the import", lambda: used in self.names(), 30)
        self.lab.apply(manifest("imported", FOREVER, container={"imagePullPolicy": "Never"}))
        self.lab.wait_for("pod", "imported", "Ready")
        self.assertNotIn(used, self.images("prune"))
        self.lab.delete("pod", "imported")
        self.assertNotIn(used, self.images("prune"))

        # A bad archive is one event, and disturbs nothing.
        write_text(self.lab.path("images.d", "bad.tar"), "no archive")
        reported = wait_until("the event", lambda: [e for e in self.events("node-1") if e[1] == "FailedImageImport"], 30)
        self.assertIn("bad.tar", reported[0][2])
        self.assertIn(used, self.names())
        self.assertTrue(re.search(r"free on the disk +\d", self.images("df")))


MEBI = 1 << 20


class TightDisk(SmallAges):
    """An agent whose images have a small disk of their own."""

    def write_configuration(self):
        super().write_configuration()
        os.makedirs(self.path("images"))
        mount_tmpfs(self.path("images"), "size=128m")
        text = read_text(self.config).replace("imageGCHighThresholdPercent: 100", "imageGCHighThresholdPercent: 99")
        write_text(self.config, text.replace("imageImports:", f"imageRoot: {self.path('images')}\nimageImports:"))


class SmallDisk(TightDisk):
    """An agent that is short of disk as soon as images take more than a half."""

    def write_configuration(self):
        super().write_configuration()
        text = read_text(self.config).replace("imagefs.available: 1%", "imagefs.available: 40%")
        text = text.replace("failSwapOn: false", "failSwapOn: false\nevictionPressureTransitionPeriod: 2s")
        write_text(self.config, text)


class DiskCase(NodeCase):
    def archive(self, name, size):
        """An archive of docker save with an image of `size` random bytes."""
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            entry = tarfile.TarInfo("data")
            entry.size = size
            tar.addfile(entry, io.BytesIO(random.Random(name).randbytes(size)))
        layer = raw.getvalue()
        config = json.dumps({
            "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}
        }).encode()
        names = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
        path = self.lab.path("archive.tar")
        with tarfile.open(path, "w") as tar:
            for file, data in (("layer.tar", layer), ("config.json", config), ("manifest.json", names)):
                entry = tarfile.TarInfo(file)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return path

    def names(self):
        return {name for entry in json.loads(self.lab.swiftlet("images", "ls", "-o", "json").stdout) for name in entry["image"]["names"]}


class ImagesFillTheDisk(DiskCase):
    lab_class = SmallDisk

    def has_pressure(self):
        conditions = self.lab.get("node", "node-1")["status"]["conditions"]
        return next(c["status"] for c in conditions if c["type"] == "DiskPressure") == "True"

    def test_unused_images_go_before_pods(self):
        self.start_pod("user", FOREVER)
        self.lab.swiftlet("images", "import", self.archive("test/pinned:1", 8 * MEBI))
        idle = [f"docker.io/test/idle-{number}:1" for number in range(12)]
        for name in idle:
            self.lab.swiftlet("images", "import", "--no-pin", self.archive(name, 8 * MEBI))
            if self.has_pressure():
                break
        wait_until("disk pressure", self.has_pressure, 30)
        # One that comes while the others go may stay.
        wait_until("unused images to go", lambda: len(self.names() & set(idle)) <= 1, 30)
        wait_until("the pressure to end", lambda: not self.has_pressure(), 30)
        self.assertEqual(self.names() - set(idle), {"registry.example/busybox:1", "docker.io/test/pinned:1"})
        self.assertIn("images, all good", self.lab.swiftlet("images", "verify").stdout)
        self.assertEqual(self.lab.get("pod", "user")["status"]["phase"], "Running")
        self.wait_for_event("node-1", "EvictionThresholdMet")
        self.lab.delete("pod", "user")


class NoRoomForAPull(DiskCase):
    lab_class = TightDisk

    def fill(self, size):
        """Imports unused images until one is refused; returns the names of the others."""
        names = []
        while True:
            name = f"docker.io/test/idle-{size}-{len(names)}:1"
            done = self.lab.swiftlet("images", "import", "--no-pin", self.archive(name, size), check=False)
            if done.returncode:
                self.assertIn("bytes free in the image store, wanted at least", done.stderr)
                return names
            names.append(name)

    def test_unused_images_go_for_a_pull(self):
        self.lab.swiftlet("images", "import", self.archive("test/pinned:1", 8 * MEBI))
        idle = self.fill(8 * MEBI) + self.fill(MEBI // 2)
        self.assertGreater(len(idle), 10)
        self.start_pod("late", FOREVER)
        self.assertLessEqual({"registry.example/busybox:1", "docker.io/test/pinned:1"}, self.names())
        left = self.names() & set(idle)
        self.assertTrue(left < set(idle) and idle[0] not in left, left)
        self.assertIn("images, all good", self.lab.swiftlet("images", "verify").stdout)
        self.lab.delete("pod", "late")
