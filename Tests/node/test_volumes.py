"""Volumes while their pod runs."""
from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "outer"}, "stringData": {"key": "outside"}}
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inner"}, "data": {"key": "inside"}}


class Volumes(NodeCase):
    def inside(self, name, script):
        return self.lab.kubectl("exec", name, "--", "sh", "-c", script).stdout.strip()

    def test_labels_and_annotations_are_followed(self):
        fields = [{"path": kind, "fieldRef": {"fieldPath": f"metadata.{kind}"}} for kind in ("labels", "annotations")]
        volumes = [{"name": "own", "downwardAPI": {"items": fields}}, {"name": "all", "projected": {"sources": [{"downwardAPI": {"items": fields}}]}}]
        mounts = [{"name": volume["name"], "mountPath": "/" + volume["name"]} for volume in volumes]
        self.start_pod("labelled", FOREVER, labels={"colour": "red"}, volumes=volumes, container={"volumeMounts": mounts})
        self.assertEqual(self.inside("labelled", "cat /own/labels; echo; cat /all/labels"), 'colour="red"\ncolour="red"')
        self.lab.kubectl("label", "pod", "labelled", "--overwrite", "colour=blue")
        self.lab.kubectl("annotate", "pod", "labelled", "shape=round")
        for folder in ("own", "all"):
            wait_until("the new label", lambda folder=folder: self.inside("labelled", f"cat /{folder}/labels") == 'colour="blue"', 20)
            wait_until("the new annotation", lambda folder=folder: 'shape="round"' in self.inside("labelled", f"cat /{folder}/annotations"), 20)
        self.lab.delete("pod", "labelled")

    def test_a_volume_within_a_read_only_one(self):
        """Whatever the order of the mounts; and another pod with the same secret sees nothing of it."""
        volumes = [
            {"name": "outer", "secret": {"secretName": "outer"}}, {"name": "inner", "configMap": {"name": "inner"}},
            {"name": "scratch", "emptyDir": {}},
        ]  # fmt: skip
        mounts = [
            {"name": "scratch", "mountPath": "/s/inner/scratch"}, {"name": "inner", "mountPath": "/s/inner"}, {"name": "outer", "mountPath": "/s"},
        ]  # fmt: skip
        self.lab.apply(SECRET, MAP, manifest("other", FOREVER, volumes=volumes[:1], container={"volumeMounts": mounts[2:]}))
        self.start_pod("nested", FOREVER, volumes=volumes, container={"volumeMounts": mounts})
        self.assertEqual(self.inside("nested", "cat /s/key /s/inner/key; touch /s/inner/scratch/x && echo written"), "outsideinsidewritten")
        self.lab.wait_for("pod", "other", "Ready")
        self.assertEqual(self.inside("other", "ls /s"), "key")
        self.lab.delete("pod", "nested", "other")
