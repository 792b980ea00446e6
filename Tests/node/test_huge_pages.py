"""Volumes in huge pages. The machine gets some pages for the time of the test; the agent counts them when it starts."""
import os
import unittest

from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

NUMBER = "/proc/sys/vm/nr_hugepages"
SIZE = "/sys/kernel/mm/hugepages/hugepages-2048kB"
PAGES = 8


def read(path):
    with open(path) as file:
        return int(file.read())


def set_number(number):
    with open(NUMBER, "w") as file:
        file.write(str(number))


@unittest.skipUnless(os.access(NUMBER, os.W_OK) and os.path.isdir(SIZE), "needs huge pages of 2 MiB")
class HugePages(NodeCase):
    @classmethod
    def setUpClass(cls):
        before = read(NUMBER)
        cls.addClassCleanup(set_number, before)
        set_number(before + PAGES)
        if read(NUMBER) < before + PAGES:
            raise unittest.SkipTest("the machine has no memory for huge pages")
        super().setUpClass()

    def inside(self, name, script, check=True):
        return self.lab.kubectl("exec", name, "--", "sh", "-c", script, check=check)

    def pod(self, name, medium, limit="8Mi", **volume):
        resources = {"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi", "hugepages-2Mi": limit}}
        mounts = [{"name": "huge", "mountPath": "/huge"}]
        volumes = [{"name": "huge", "emptyDir": {"medium": medium, **volume}}]
        return manifest(name, FOREVER, volumes=volumes, container={"resources": resources, "volumeMounts": mounts})

    def test_files_in_huge_pages(self):
        capacity = self.lab.get("node", self.lab.get("node")["items"][0]["metadata"]["name"])["status"]["capacity"]
        self.assertEqual(capacity["hugepages-2Mi"], f"{read(NUMBER) * 2}Mi")
        # Without a size in the medium it is the one that the containers ask for.
        for medium in ("HugePages-2Mi", "HugePages"):
            free = read(f"{SIZE}/free_hugepages")
            self.lab.apply(self.pod("huge", medium, sizeLimit="4Mi"))
            self.lab.wait_for("pod", "huge", "Ready")
            kind, options = self.inside("huge", "grep ' /huge ' /proc/mounts").stdout.split()[2:4]
            self.assertEqual((kind, "pagesize=2M" in options), ("hugetlbfs", True), options)
            self.inside("huge", "busybox fallocate -l 4M /huge/mine")
            self.assertEqual(read(f"{SIZE}/free_hugepages"), free - 2)
            self.assertNotEqual(self.inside("huge", "busybox fallocate -l 2M /huge/more", check=False).returncode, 0)
            self.lab.delete("pod", "huge")
            wait_until("the pages to be free", lambda free=free: read(f"{SIZE}/free_hugepages") == free, 20)

    def test_more_than_there_are(self):
        """A pod that asks for more pages than the node has is not bound to it, or is refused by the node."""
        pod = self.pod("greedy", "HugePages", limit="1Ti")
        pod["spec"]["nodeName"] = self.lab.get("node")["items"][0]["metadata"]["name"]
        self.lab.apply(pod)
        status = wait_until("the refusal", lambda: (s := self.lab.get("pod", "greedy")["status"])["phase"] == "Failed" and s, 30)
        self.assertEqual(status["reason"], "OutOfhugepages-2Mi")
        self.lab.delete("pod", "greedy")
