"""The base of the shim's tests: a spawner for each class, and nothing left of it afterwards."""
import unittest

from labs import busybox
from labs.case import LabCase, needs_root
from labs.shim.world import World


@needs_root
class ShimCase(LabCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not busybox.installed():
            raise AssertionError("/bin/busybox is missing, install busybox-static")
        cls.world = cls.enter_lab(World())

    def need_cgroups(self):
        if not self.world.cgroup:
            raise unittest.SkipTest("no cgroup2 is mounted")
