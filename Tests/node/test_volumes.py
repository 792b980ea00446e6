"""Volumes while their pod runs."""
import os

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

    def test_a_file_within_a_read_only_volume(self):
        """A single key of one object at a name that the other one, mounted around it, does not have."""
        volumes = [{"name": "outer", "secret": {"secretName": "outer"}}, {"name": "inner", "configMap": {"name": "inner"}}]
        mounts = [
            {"name": "outer", "mountPath": "/s"}, {"name": "inner", "mountPath": "/s/extra.conf", "subPath": "key"},
            {"name": "inner", "mountPath": "/s/deep/er.conf", "subPath": "key"},
        ]  # fmt: skip
        self.lab.apply(SECRET, MAP)
        self.start_pod("file", FOREVER, volumes=volumes, container={"volumeMounts": mounts})
        self.assertEqual(self.inside("file", "cat /s/key /s/extra.conf /s/deep/er.conf; test -f /s/extra.conf && echo"), "outsideinsideinside")
        self.lab.delete("pod", "file")

    def test_variables_from_a_file(self):
        """Of an init container, in a volume that the container itself does not mount. A link in it leads nowhere else."""
        def variable(name, path, key, **more):
            return {"name": name, "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": path, "key": key, **more}}}

        script = "mkdir /v/d; echo \"WORDS='hello world' # for c\" > /v/d/env; ln -s d/env /v/link; ln -s /etc/passwd /v/out"
        first = {
            "name": "first", "image": "registry.example/busybox:1", "command": ["sh", "-c", script],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        }  # fmt: skip
        spec = {"volumes": [{"name": "v", "emptyDir": {}}], "initContainers": [first]}
        env = [variable("A", "d/env", "WORDS"), variable("B", "link", "WORDS"), variable("C", "d/env", "NONE", optional=True)]
        self.start_pod("informed", FOREVER, container={"env": env}, **spec)
        self.assertEqual(self.inside("informed", 'echo "$A,$B,${C-unset}"'), "hello world,hello world,unset")
        self.lab.apply(manifest("curious", FOREVER, container={"env": [variable("A", "out", "root")]}, **spec))
        wait_until("the problem", lambda: self.waiting("curious").get("reason") == "CreateContainerConfigError", 30)
        self.assertIn('couldn\'t read env file "out" of volume "v"', self.waiting("curious")["message"])
        self.lab.delete("pod", "informed", "curious")

    def test_sub_path_expressions(self):
        """A folder of its own for each pod, made with the mode of the volume's root; a variable without a value is a reason to wait."""
        mount = {"name": "v", "mountPath": "/v", "subPathExpr": "logs/$(POD)"}
        env = [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
        volumes = [{"name": "v", "emptyDir": {}}]
        whole = {"name": "v", "mountPath": "/all"}
        self.start_pod("named", FOREVER, volumes=volumes, securityContext={"fsGroup": 4000}, container={"env": env, "volumeMounts": [mount, whole]})
        self.assertEqual(self.inside("named", "touch /v/x; stat -c '%a %g' /all /all/logs /all/logs/named; ls /all/logs/named"),
                         "2777 4000\n2777 4000\n2777 4000\nx")
        self.lab.apply(manifest("unnamed", FOREVER, volumes=volumes, container={"volumeMounts": [mount]}))
        wait_until("the refusal", lambda: self.waiting("unnamed").get("reason") == "CreateContainerConfigError", 60)
        self.assertEqual(self.waiting("unnamed")["message"], "missing value for POD")
        self.lab.delete("pod", "named", "unnamed")

    def test_modes_and_owners(self):
        """Tokens for a user or a group alone, files with modes of their own, and optional objects that do not exist."""
        token = {"serviceAccountToken": {"path": "token", "expirationSeconds": 600}}
        volumes = [
            {"name": "t", "projected": {"sources": [token]}},
            {"name": "c", "configMap": {"name": "inner", "defaultMode": 0o440, "items": [{"key": "key", "path": "a/b", "mode": 0o400}]}},
            {"name": "none", "secret": {"secretName": "not-there", "optional": True}},
        ]  # fmt: skip
        mounts = [{"name": volume["name"], "mountPath": "/" + volume["name"]} for volume in volumes]
        look = "stat -L -c '%a %u %g' /t/token /c/a/b; ls /none"
        self.lab.apply(MAP)
        for name, context, found in (
            ("plain", {}, "644 0 0\n400 0 0"), ("user", {"runAsUser": 1000}, "600 1000 0\n400 0 0"),
            ("group", {"fsGroup": 4000}, "640 0 4000\n440 0 4000"),
        ):  # fmt: skip
            self.start_pod(name, FOREVER, volumes=volumes, securityContext=context, container={"volumeMounts": mounts})
            self.assertEqual(self.inside(name, look), found, name)
        self.lab.delete("pod", "plain", "user", "group")

    def test_what_hosts_have(self):
        """A path of the wrong type is refused in kubelet's words, and the pod starts once it is there."""
        place = self.lab.path("host-folder")
        volumes = [{"name": "h", "hostPath": {"path": place, "type": "Directory"}}]
        self.lab.apply(manifest("host", FOREVER, volumes=volumes, container={"volumeMounts": [{"name": "h", "mountPath": "/h"}]}))
        text = f'MountVolume.SetUp failed for volume "h" : hostPath type check failed: {place} is not a directory'
        wait_until("the event", lambda: ("Warning", "FailedMount", text) in self.events("host"), 60)
        os.mkdir(place)
        self.lab.wait_for("pod", "host", "Ready")
        self.lab.delete("pod", "host")
