"""The base of the tests in the virtual machine: one machine for all classes, each of which leaves nothing of its pods on the node."""
import contextlib
import unittest

from labs.case import LabCase


class VMCase(LabCase):
    """Tests/vm/run.py boots the machine and sets `lab`. Notes of a test appear on the line of its result."""

    lab = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.lab is None:
            raise unittest.SkipTest("needs the virtual machine: make vm-test")
        cls.enterClassContext(cls.around())
        # Last in, first out: the check comes before the node gets its own settings back.
        cls.addClassCleanup(cls.check_left_of_pods)

    @classmethod
    def around(cls):
        """A context from the class' first test to its last one."""
        return contextlib.nullcontext()

    @classmethod
    def check_left_of_pods(cls):
        left = cls.lab.left_of_pods()
        if left:
            raise AssertionError(f"left on the node: {left}")
