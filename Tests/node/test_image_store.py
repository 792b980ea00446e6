"""The image store by its commands, without an agent: kills in the middle of pulls, damage, archives."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import tarfile
import tempfile
import zlib

from labs.case import LabCase, needs_root
from labs.files import write_text
from labs.node.images import Image, layer
from labs.node.small_registry import SmallRegistry
from labs.programs import program

KILLS = 20
SEED = int(os.environ.get("SEED", "11"))
HOLLOW_GIB = int(os.environ.get("HOLLOW_GIB", "1"))


def disk_image(gibibytes):
    """A layer with one file of zeros and a little noise, which grows 800 times; returns the layer and its digest when it is unpacked."""
    chance = random.Random(SEED)
    entry = tarfile.TarInfo("disk.img")
    entry.size = gibibytes << 30
    zeros, noise = bytes(1 << 20), chance.randbytes(300 << 10)
    packer, plain, packed = zlib.compressobj(6, zlib.DEFLATED, 31), hashlib.sha256(), []
    for part in [entry.tobuf(), *[noise + zeros[len(noise):], *[zeros] * 1023] * gibibytes, bytes(1024)]:
        plain.update(part)
        packed.append(packer.compress(part))
    return b"".join([*packed, packer.flush()]), "sha256:" + plain.hexdigest()


@needs_root
class StoreAlone(LabCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="swl-images-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = self.path("store")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def command(self, *words):
        return [program("swiftlet"), "images", *words, "--socket", self.path("none.sock"), "--image-root", self.store]

    def images(self, *words, check=True):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    @staticmethod
    def image(layers=3, size=8 << 20):
        chance = random.Random(SEED)
        return Image([
            layer({f"layer-{number}/{name}": (chance.randbytes(size // 4), 0o644) for name in range(4)}) for number in range(layers)
        ])

    def test_kills_in_the_middle_of_pulls(self):
        chance = random.Random(SEED)
        image = self.image()
        size = sum(len(blob) for blob in image.blobs.values())
        killed = 0
        with SmallRegistry(image, bytes_per_second=4 << 20) as registry:
            for _ in range(KILLS):
                pull = subprocess.Popen(self.command("pull", registry.reference), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                try:
                    pull.wait(chance.uniform(0.05, 1.2))
                except subprocess.TimeoutExpired:
                    pull.kill()
                    killed += 1
                pull.communicate()
                # Nothing is half visible: no image, or a whole one.
                listed = json.loads(self.images("ls", "-o", "json").stdout)
                self.assertIn(len(listed), (0, 1))
                self.assertEqual(self.images("verify").stdout.splitlines()[-1], f"{len(listed)} images, all good")
                if listed and killed < KILLS:
                    shutil.rmtree(self.store)
            registry.bytes_per_second = None
            self.images("pull", registry.reference)
            continued = [wanted for path, wanted in registry.requests if "/blobs/" in path and wanted]
        self.assertGreater(killed, KILLS // 2)
        self.assertTrue(continued, "no blob was continued")
        self.assertEqual(self.images("verify").stdout, "1 images, all good\n")
        self.assertEqual(os.listdir(os.path.join(self.store, "ingest")), [])
        self.assertEqual(len(os.listdir(os.path.join(self.store, "layers"))), 3)
        self.note(f"{killed} kills, {len(continued)} continued requests, {size >> 20} MiB")

    def test_damage_is_found(self):
        with SmallRegistry(self.image(layers=1)) as registry:
            self.images("pull", registry.reference)
        folder = os.path.join(self.store, "layers", os.listdir(os.path.join(self.store, "layers"))[0])
        with open(os.path.join(folder, "layer-0", "2"), "ab") as file:
            file.write(b"more")
        found = self.images("verify", check=False)
        self.assertEqual(found.returncode, 1)
        self.assertIn("has changed since it was unpacked", found.stdout)
        self.assertIn("1 images, 1 damaged", found.stdout)

    def test_archives(self):
        with SmallRegistry(self.image(layers=2)) as registry:
            self.images("pull", registry.reference)
            name = registry.reference
        for kind in ("docker", "oci"):
            archive = self.path(f"{kind}.tar")
            self.images("export", name, archive, "--format", kind)
            with tarfile.open(archive) as tar:
                self.assertIn("manifest.json" if kind == "docker" else "oci-layout", tar.getnames())
            self.store = self.path(f"store-{kind}")
            self.assertIn(name, self.images("import", archive).stdout)
            self.assertEqual(self.images("verify").stdout, "1 images, all good\n")
            self.assertTrue(json.loads(self.images("ls", "-o", "json").stdout)[0]["isPinned"])
            self.store = self.path("store")
        missing = self.images("import", self.path("nothing.tar"), check=False)
        self.assertEqual(missing.returncode, 1)
        self.assertIn(self.path("nothing.tar"), missing.stderr)

    def test_the_nodes_own_login(self):
        with SmallRegistry(self.image(layers=1), login="node:secret") as registry:
            refused = self.images("pull", registry.reference, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("pull access denied", refused.stderr)
            os.mkdir(self.path("root"))
            login = {"username": "node", "password": "secret"}
            write_text(self.path("root", "config.json"), json.dumps({"auths": {registry.reference.split("/")[0]: login}}))
            self.images("pull", registry.reference, "--root-dir", self.path("root"))
        self.assertEqual(self.images("verify").stdout, "1 images, all good\n")

    def test_a_layer_of_zeros(self):
        """A disk image of HOLLOW_GIB GiB that is nearly empty is taken without a setting, in little memory and little room."""
        packed, plain = disk_image(HOLLOW_GIB)
        size = HOLLOW_GIB << 30
        self.assertIn(size // len(packed), range(700, 900))
        with SmallRegistry(Image([(packed, plain)])) as registry:
            pull = subprocess.Popen(self.command("pull", registry.reference), stdout=subprocess.DEVNULL)
            # The highest memory of the pull itself, and of the process that unpacks for it.
            _, status, usage = os.wait4(pull.pid, 0)
            pull.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(pull.returncode, 0)
        file = os.stat(os.path.join(self.store, "layers", os.listdir(os.path.join(self.store, "layers"))[0], "disk.img"))
        self.assertEqual(file.st_size, size)
        self.assertLess(file.st_blocks * 512, (1 << 20) * HOLLOW_GIB)
        self.assertLess(usage.ru_maxrss, 96 << 10)
        self.note(f"{HOLLOW_GIB} GiB in {len(packed) >> 10} KiB, {usage.ru_maxrss >> 10} MiB of memory, {file.st_blocks >> 1} KiB on disk, "
                  f"{usage.ru_utime + usage.ru_stime:.1f} s of processor time")

    def test_what_only_the_agent_knows(self):
        for words in (["rm", "any:1"], ["prune"]):
            done = self.images(*words, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("swiftlet is not running", done.stderr)

    def test_limits_of_the_configuration(self):
        write_text(self.path("c.yaml"), "apiVersion: swiftlet.dev/v1alpha1\nkind: SwiftletConfiguration\nimageLimits: {layerEntries: 3}\n")
        with SmallRegistry(self.image(layers=1)) as registry:
            done = self.images("pull", registry.reference, "--config", self.path("c.yaml"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("found more than 3 entries", done.stderr)
        self.assertIn("imageLimits.layerEntries", done.stderr)
        self.assertEqual(self.images("df").stdout.splitlines()[1].split(), ["images", "0"])
