"""Mounts that appear while pods run: which of them a container sees, and which the node and other pods see of a container's."""
import os
import subprocess

from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

HOW = {"none": None, "follows": "HostToContainer", "both": "Bidirectional"}


class Propagation(NodeCase):
    def setUp(self):
        super().setUp()
        # The host's own mounts may be private: this one is shared, whatever they are.
        self.place = self.lab.path("shared")
        os.makedirs(self.place, exist_ok=True)
        self.run_on_host("mount", "-t", "tmpfs", "shared", self.place)
        self.addCleanup(self.run_on_host, "umount", "-R", "-l", self.place)
        self.run_on_host("mount", "--make-rshared", self.place)
        for name in ("before", "after", "inner", "private"):
            os.mkdir(os.path.join(self.place, name))

    @staticmethod
    def run_on_host(*command):
        subprocess.run(command, check=True)

    def mount(self, name):
        """A mount with one file on the node."""
        place = os.path.join(self.place, name)
        self.run_on_host("mount", "-t", "tmpfs", name, place)
        with open(os.path.join(place, "file"), "w") as file:
            file.write(name)

    def pod(self, name, **spec):
        mount = {"name": "v", "mountPath": "/v", **({"mountPropagation": HOW[name]} if HOW[name] else {})}
        context = {"securityContext": {"privileged": True}} if name == "both" else {}
        volumes = [{"name": "v", "hostPath": {"path": self.place, "type": "Directory"}}]
        return manifest(name, FOREVER, volumes=volumes, container={"volumeMounts": [mount], **context}, **spec)

    def inside(self, name, script, check=True):
        return self.lab.kubectl("exec", name, "--", "sh", "-c", script, check=check).stdout.strip()

    def sees(self, name, path):
        return self.inside(name, f"test -e /v/{path} && echo yes || echo no") == "yes"

    def test_who_sees_what(self):
        self.mount("before")
        self.lab.apply(*(self.pod(name) for name in HOW))
        for name in HOW:
            self.lab.wait_for("pod", name, "Ready")
            # A mount that is there at the start is part of the volume.
            self.assertTrue(self.sees(name, "before/file"), name)
        self.mount("after")
        self.assertEqual([self.sees(name, "after/file") for name in HOW], [False, True, True])
        self.run_on_host("umount", os.path.join(self.place, "after"))
        self.assertEqual([self.sees(name, "after/file") for name in HOW], [False, False, False])

        # A mount of a privileged container reaches the node and, through it, pods that follow the node.
        self.inside("both", "mount -t tmpfs inner /v/inner && echo inside > /v/inner/file")
        with open(os.path.join(self.place, "inner", "file")) as file:
            self.assertEqual(file.read(), "inside\n")
        self.assertEqual([self.sees(name, "inner/file") for name in HOW], [False, True, True])

        # It belongs to the node now, and stays when its pod is gone.
        self.lab.delete("pod", "both")
        wait_until("the pod's folder to be gone", lambda: len(os.listdir(self.lab.path("root", "pods"))) == 2, 20)
        self.assertTrue(os.path.exists(os.path.join(self.place, "inner", "file")))
        self.lab.delete("pod", "none", "follows")
        self.lab.wait_until_quiet()
        # The end of pods has unmounted nothing of the node's.
        self.assertTrue(os.path.exists(os.path.join(self.place, "before", "file")))

    def test_a_container_that_follows_gives_nothing_back(self):
        """Privileged too: its mounts are its own."""
        pod = self.pod("follows")
        pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
        self.lab.apply(pod)
        self.lab.wait_for("pod", "follows", "Ready")
        self.inside("follows", "mount -t tmpfs private /v/private && echo inside > /v/private/file")
        self.assertTrue(self.sees("follows", "private/file"))
        self.assertEqual(os.listdir(os.path.join(self.place, "private")), [])
        self.lab.delete("pod", "follows")

    def test_a_volume_of_the_pod(self):
        """Two containers of one pod: the mounts of the privileged one reach the other through an emptyDir on a shared mount of the node."""
        root = self.lab.path("root")
        self.run_on_host("mount", "--bind", root, root)
        self.addCleanup(self.run_on_host, "umount", "-l", root)
        self.run_on_host("mount", "--make-shared", root)
        volumes = [{"name": "v", "emptyDir": {}}]
        mounts = [{"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}]
        pod = manifest("pair", FOREVER, volumes=volumes, container={"securityContext": {"privileged": True}, "volumeMounts": mounts})
        second = {**pod["spec"]["containers"][0], "name": "reader"}
        second["volumeMounts"] = [{"name": "v", "mountPath": "/v", "mountPropagation": "HostToContainer"}]
        del second["securityContext"]
        pod["spec"]["containers"].append(second)
        self.lab.apply(pod)
        self.lab.wait_for("pod", "pair", "Ready")
        script = "mkdir /v/x && mount -t tmpfs x /v/x && echo there > /v/x/file"
        self.lab.kubectl("exec", "pair", "-c", "c", "--", "sh", "-c", script)
        self.assertEqual(self.lab.kubectl("exec", "pair", "-c", "reader", "--", "cat", "/v/x/file").stdout.strip(), "there")
        # With the pod, its folder and the mount in it go.
        self.lab.delete("pod", "pair")
        wait_until("the pod's folder to be gone", lambda: not os.listdir(self.lab.path("root", "pods")), 20)
