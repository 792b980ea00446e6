"""The base of all test classes here: it reports time and figures of each test, and checks that a lab leaves nothing behind."""
import functools
import os
import sys
import time
import unittest

needs_root = unittest.skipUnless(os.geteuid() == 0, "needs root: namespaces, cgroups, mounts and nftables rules are made")


class LabCase(unittest.TestCase):
    def __init__(self, methodName="runTest"):
        super().__init__(methodName)
        setattr(self, methodName, self.timed(getattr(self, methodName)))

    def timed(self, test):
        @functools.wraps(test)
        def run():
            began = time.monotonic()
            test()
            self.note(f"{time.monotonic() - began:.2f} s")

        return run

    def note(self, text):
        """Prints a figure or a remark before the test's result."""
        print(f"[{text}] ", end="", file=sys.stderr, flush=True)

    @classmethod
    def enter_lab(cls, lab):
        """Enters a lab for all tests of the class. After the class nothing of the lab may remain on the machine."""
        # Last in, first out: the leak check comes after the lab's end.
        cls.addClassCleanup(cls.check_leaks, lab)
        return cls.enterClassContext(lab)

    @staticmethod
    def check_leaks(lab):
        left = lab.leaks()
        if left:
            raise AssertionError(f"left behind: {left}")
