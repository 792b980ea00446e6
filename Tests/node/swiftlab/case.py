"""A test class with a lab of its own, which has to be gone without a trace afterwards."""
import os
import unittest

from .lab import Lab


# What a pod does that only has to be there, and ends at once when it is told to.
FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def manifest(name, command, **spec):
    """A pod of one busybox container; `container` among the keywords adds to that container."""
    container = {"name": "c", "image": "registry.example/busybox:1", "command": ["sh", "-c", command], **spec.pop("container", {})}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": spec.pop("labels", {})},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [container], **spec},
    }  # fmt: skip


@unittest.skipUnless(os.geteuid() == 0, "needs root: namespaces, mounts and nftables")
class NodeCase(unittest.TestCase):
    lab_class = Lab

    @classmethod
    def setUpClass(cls):
        lab = cls.lab_class()
        # Last in, first out: the leak check comes when the lab is gone.
        cls.addClassCleanup(cls.check_leaks, lab)
        cls.lab = cls.enterClassContext(lab)

    @staticmethod
    def check_leaks(lab):
        left = lab.leaks()
        if left:
            raise AssertionError(f"left behind: {left}")

    def events(self, name):
        """(type, reason, message) of what was told about a pod."""
        items = self.lab.get("events")["items"]
        return [(e["type"], e["reason"], e["message"]) for e in items if e["involvedObject"]["name"] == name]

    def container(self, name):
        return self.lab.get("pod", name)["status"]["containerStatuses"][0]
