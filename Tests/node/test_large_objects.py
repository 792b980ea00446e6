"""ConfigMaps as large as the API takes them, in many pods: every pod has the latest version, and the agent has one copy for all."""
import base64
import glob
import json
import os

from labs import processes
from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

PODS = 20
VERSIONS = 10
# KB of anonymous memory. In use: far less than a copy for each pod, of about 2.7 MB. Afterwards: what a fresh agent has, and what its heaps keep.
IN_USE, AFTERWARDS = 40 << 10, 12 << 10
NAMES = ("large", "keys", "binary")


def config_map(name, **fields):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **fields}


def large(version):
    return config_map("large", data={"file": f"{version:04}" + "x" * 1_047_996})


class LargeObjects(NodeCase):
    def memory(self):
        return processes.anonymous_memory(self.lab.processes["agent"].pid)

    def test_many_pods_with_large_config_maps(self):
        lab = self.lab
        fresh = self.memory()
        maps = [
            large(0), config_map("keys", data={f"key-{number}": "y" * 280 for number in range(3000)}),
            config_map("binary", binaryData={"file": base64.b64encode(os.urandom(640_000)).decode()}),
        ]  # fmt: skip
        lab.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": maps}))
        volumes = [{"name": name, "configMap": {"name": name}} for name in NAMES]
        mounts = [{"name": name, "mountPath": "/" + name} for name in NAMES]
        names = [f"large-{number}" for number in range(PODS)]
        lab.apply(*[manifest(name, FOREVER, volumes=volumes, container={"volumeMounts": mounts}) for name in names])
        for name in names:
            lab.wait_for("pod", name, "Ready", 120)
        figures = {"fresh": fresh, "ready": self.memory()}
        for number in range(1, VERSIONS + 1):
            lab.kubectl("replace", "-f", "-", input=json.dumps(large(number)))
        files = lab.path("root", "pods", "*", "volumes", "kubernetes.io~configmap", "large", "file")

        def version(path):
            with open(path) as file:
                return file.read(4)

        wait_until("the last version in every pod", lambda: [version(path) for path in glob.glob(files)] == [f"{VERSIONS:04}"] * PODS, 60)
        figures["updated"] = self.memory()
        for path in glob.glob(files):
            self.assertEqual(os.path.getsize(path), 1_048_000)
        lab.delete("pod", *names)
        lab.delete("configmap", *NAMES)
        lab.wait_until_quiet(60)
        figures["gone"] = self.memory()
        try:
            wait_until("the memory to come back", lambda: self.memory() < fresh + AFTERWARDS, 75)
        finally:
            figures["afterwards"] = self.memory()
            print(figures)
        self.assertLess(figures["updated"], fresh + IN_USE, figures)
