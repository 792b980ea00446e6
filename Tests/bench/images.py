#!/usr/bin/env python3
"""`make bench-images`: pull and unpacking of images from a registry on loopback, beside podman.

swiftlet writes its layers to the disk before they count (syncfs) and unpacks in a confined child; podman does neither. Peak memory is that of
`swiftlet images pull`, the store's code without the agent; its growth is what an agent would grow by.
"""
import argparse
import glob
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from labs.files import read_text
from labs.mounts import unmount_below
from labs.node.images import Image, digest, push
from labs.node.registry import answers
from labs.processes import status
from labs.programs import program
from labs.waiting import wait_until

MEGA = 1 << 20
REGISTRY = "127.0.0.1:5099"
WANTED = {"gzip": "1.5", "8 x gzip": "2.0", "zstd": ""}


class Content:
    """Layers of files as programs and documents are: compressible to about a half."""

    def __init__(self, folder, size):
        self.folder, self.size = folder, size
        self.chance = random.Random(11)
        words = [self.chance.randbytes(self.chance.randint(3, 12)) for _ in range(4000)]
        self.prose = b"".join(self.chance.choices(words, k=4 * MEGA))

    def text(self, size):
        """Part noise, part words, from a place that no compressor remembers."""
        noise = self.chance.randbytes(size // 3)
        begin = self.chance.randrange(len(self.prose) - size)
        return noise + self.prose[begin:begin + size - len(noise)]

    def layer(self, name, size, compressor):
        """Returns the compressed layer and the digest of its tar stream."""
        top = os.path.join(self.folder, name)
        written = 0
        while written < size:
            part = os.path.join(top, f"usr/lib/part-{written // (4 * MEGA)}")
            os.makedirs(part, exist_ok=True)
            data = self.text(min(self.chance.choice([2, 8, 40, 200, 1500]) << 10, size - written + 1))
            with open(os.path.join(part, f"file-{written}"), "wb") as file:
                file.write(data)
            written += len(data)
        tar = os.path.join(self.folder, f"{name}.tar")
        subprocess.run(["tar", "--sort=name", "--owner=0", "--group=0", "-C", top, "-cf", tar, "."], check=True)
        shutil.rmtree(top)
        with open(tar, "rb") as file:
            plain = digest(file.read())
        with open(tar, "rb") as file:
            packed = subprocess.run(compressor, stdin=file, capture_output=True, check=True).stdout
        os.unlink(tar)
        return packed, plain

    def images(self):
        gzip = ["gzip", "-6", "-n"]
        yield "gzip", [self.layer("one", self.size, gzip)]
        yield "8 x gzip", [self.layer(f"many-{number}", self.size // 8, gzip) for number in range(8)]
        yield "zstd", [self.layer("zstd", self.size, ["zstd", "-3", "-q"])]


class Peak:
    """The largest anonymous memory of a process, and of its children, while it runs; in MB."""

    def __init__(self, pid):
        self.pid, self.first, self.own, self.child = pid, None, 0, 0
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    @staticmethod
    def anonymous(pid):
        return int(status(pid, "RssAnon").split()[0]) / 1024

    def children(self):
        """Of all threads: any of them may start a process."""
        threads = glob.glob(f"/proc/{self.pid}/task/*/children")
        return [int(child) for path in threads for child in read_text(path).split()]

    def follow(self):
        try:
            while True:
                own = self.anonymous(self.pid)
                self.first = self.first or own
                self.own = max(self.own, own)
                for child in self.children():
                    self.child = max(self.child, self.anonymous(child))
                time.sleep(0.01)
        except (OSError, StopIteration):
            # It has ended, or the child has.
            if os.path.exists(f"/proc/{self.pid}/status") and status(self.pid, "State")[0] != "Z":
                self.follow()


class Bench:
    def __init__(self, folder, runs):
        self.folder, self.runs = folder, runs

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def swiftlet(self, reference):
        """Returns seconds and memory of one pull into an empty store."""
        store = self.path("store")
        command = [program("swiftlet"), "images", "pull", reference, "--socket", self.path("none.sock"), "--image-root", store]
        began = time.monotonic()
        pull = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        peak = Peak(pull.pid)
        if pull.wait():
            raise RuntimeError(f"{command} ended with {pull.returncode}")
        seconds = time.monotonic() - began
        peak.thread.join()
        shutil.rmtree(store)
        return seconds, peak

    def podman(self, reference):
        root, run = self.path("podman"), self.path("podman-run")
        command = ["podman", "--root", root, "--runroot", run, "--storage-driver", "overlay", "pull", "-q", "--tls-verify=false", reference]
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        unmount_below(self.folder)
        shutil.rmtree(root)
        shutil.rmtree(run)
        return seconds

    def row(self, name, reference):
        mine, others, peaks = [], [], []
        for _ in range(self.runs):
            others.append(self.podman(reference))
            seconds, peak = self.swiftlet(reference)
            mine.append(seconds)
            peaks.append(peak)
        own, other = statistics.median(mine), statistics.median(others)
        growth = max(peak.own - peak.first for peak in peaks)
        child = max(peak.child for peak in peaks)
        print(f"{name:10} {own:9.2f} {other:9.2f} {other / own:7.2f} {WANTED[name]:>7} {growth:9.1f} {child:9.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=500, help="MB of files in an image")
    parser.add_argument("--runs", type=int, default=3, help="pulls of each image")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="swl-bench-", dir="/var/tmp") as folder:
        bench = Bench(folder, options.runs)
        with open(bench.path("registry.yml"), "w") as file:
            file.write(
                "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
                f"storage: {{filesystem: {{rootdirectory: {bench.path('registry')}}}}}\nhttp: {{addr: '{REGISTRY}'}}\n"
            )
        registry = subprocess.Popen(["docker-registry", "serve", bench.path("registry.yml")], stderr=subprocess.DEVNULL)
        try:
            wait_until("the registry", lambda: answers(REGISTRY), 10)
            print(f"{options.size} MB of files, median of {options.runs}; seconds, podman's by swiftlet's, MB of anonymous memory")
            print(f"{'':10} {'swiftlet':>9} {'podman':>9} {'ratio':>7} {'wanted':>7} {'growth':>9} {'unpacker':>9}", flush=True)
            for number, (name, layers) in enumerate(Content(folder, options.size * MEGA).images()):
                push(REGISTRY, f"image-{number}", "1", Image(layers))
                bench.row(name, f"{REGISTRY}/image-{number}:1")
        finally:
            registry.kill()
            registry.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
