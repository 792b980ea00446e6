"""Volumes that show the files of an image."""
import os
import signal
import subprocess

from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

MODEL = "registry.example/model:1"


def volume(reference=MODEL, **fields):
    return [{"name": "m", "image": {"reference": reference, **fields}}]


def mounted(*mounts):
    return {"volumeMounts": [{"name": "m", **mount} for mount in mounts]}


class ImageVolumes(NodeCase):
    def inside(self, name, script):
        return self.lab.kubectl("exec", name, "--", "sh", "-c", script).stdout.strip()

    def place(self, name):
        uid = self.lab.get("pod", name)["metadata"]["uid"]
        return self.lab.path("root", "pods", uid, "volumes", "kubernetes.io~image", "m")

    def wait_for_reason(self, name, reason):
        return wait_until(f"{name} to wait with {reason}", lambda: (w := self.waiting(name)).get("reason") == reason and w, 60)

    def restart(self, name, count):
        self.end_program(name)
        wait_until("the restart", lambda: (s := self.container(name))["restartCount"] == count and s["state"].get("running"), 60)

    def test_whole_and_by_sub_path(self):
        mounts = mounted({"mountPath": "/m"}, {"mountPath": "/data", "subPath": "data"}, {"mountPath": "/one", "subPath": "data/weights"})
        self.start_pod("model", FOREVER, volumes=volume(), container=mounts)
        self.assertEqual(self.inside("model", "cat /m/data/weights /data/more /one; ls /m"), "heavymoreheavydata\nout\ntool")
        self.assertEqual(self.inside("model", "touch /m/x 2>&1; touch /data/x 2>&1; true").count("Read-only file system"), 2)
        self.assertIn("Permission denied", self.inside("model", "/m/tool true 2>&1; true"))
        self.wait_for_event("model", "Pulled", MODEL)
        self.assertEqual(self.inside("model", "grep ' /m ' /proc/self/mounts | cut -d' ' -f3,4 | cut -d, -f1-4"), "overlay ro,nosuid,nodev,noexec")

        # The next agent and the next container find it as it is; a lost mount is made again.
        agent = self.lab.processes.pop("agent")
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        self.lab.start_agent()
        self.restart("model", 1)
        self.assertEqual(self.inside("model", "cat /one"), "heavy")
        subprocess.run(["umount", "-l", self.place("model")], check=True)
        self.restart("model", 2)
        self.assertEqual(self.inside("model", "cat /one /m/data/weights"), "heavyheavy")
        wait_until("the event", lambda: any(reason == "VolumeRemounted" for _, reason, _ in self.events("model")))
        self.assertLessEqual(sum(1 for _, reason, message in self.events("model") if reason == "Pulling" and MODEL in message), 1)
        place = self.place("model")
        self.lab.delete("pod", "model")
        wait_until("the mount to be gone", lambda: not os.path.exists(place))

    def test_files_of_an_artifact(self):
        """The files of an OCI artifact are a volume, under their names and as they are; a container cannot be made of them."""
        files = "registry.example/files:1"
        mounts = mounted({"mountPath": "/m"}, {"mountPath": "/one", "subPath": "docs/readme"})
        self.start_pod("files", FOREVER, volumes=volume(files), container=mounts)
        self.assertEqual(self.inside("files", "find /m -type f | sort; cat /m/weights /one"), "/m/docs/readme\n/m/weights\nheavyread me")
        self.assertIn("Read-only file system", self.inside("files", "touch /m/x 2>&1; true"))
        self.restart("files", 1)
        self.assertEqual(self.inside("files", "cat /one"), "read me")
        self.lab.apply(manifest("impossible", FOREVER, container={"image": files}))
        self.assertIn("is an OCI artifact, wanted a container image", self.wait_for_reason("impossible", "CreateContainerError")["message"])
        self.lab.delete("pod", "files", "impossible")

    def test_with_ids_of_the_pods_own(self):
        """In a pod with a user namespace an image's files have the owners that the image gives them, also after the container's restart."""
        mounts = mounted({"mountPath": "/m"}, {"mountPath": "/one", "subPath": "data/weights"})
        self.start_pod("shifted", FOREVER, volumes=volume(), container=mounts, hostUsers=False)
        look = "stat -c %u:%g /m /m/data/weights /m/tool /one; cat /one; touch /m/x 2>&1; /m/tool true 2>&1; true"

        def check():
            lines = self.inside("shifted", look).splitlines()
            self.assertEqual(lines[:4], ["0:0"] * 4)
            self.assertIn("heavy", lines[4])
            self.assertIn("Read-only file system", "".join(lines))
            self.assertIn("Permission denied", "".join(lines))

        check()
        first = int(self.inside("shifted", "cat /proc/self/uid_map").split()[1])
        status = os.stat(self.place("shifted") + "/data/weights")
        self.assertEqual((status.st_uid, status.st_gid), (first, first))
        left = subprocess.run(["grep", "-c", self.place("shifted").rsplit("/", 1)[0], "/proc/self/mounts"], stdout=subprocess.PIPE, text=True)
        self.assertEqual(left.stdout.strip(), "1", "the layers are mounted only while the volume is made")
        self.restart("shifted", 1)
        check()
        place = self.place("shifted")
        self.lab.delete("pod", "shifted")
        wait_until("the mount to be gone", lambda: not os.path.exists(place))

    def test_what_cannot_be_had(self):
        whole = mounted({"mountPath": "/m"})
        pods = {
            "never": manifest("never", FOREVER, volumes=volume("registry.example/none:1", pullPolicy="Never"), container=whole),
            "absent": manifest("absent", FOREVER, volumes=volume("registry.example/none:2"), container=whole),
            "nopath": manifest("nopath", FOREVER, volumes=volume(), container=mounted({"mountPath": "/m", "subPath": "no/such"})),
            "outside": manifest("outside", FOREVER, volumes=volume(), container=mounted({"mountPath": "/m", "subPath": "out"})),
        }
        self.lab.apply(*pods.values())
        self.wait_for_reason("never", "ErrImageNeverPull")
        waiting = self.wait_for_reason("absent", "ImagePullBackOff")
        self.assertIn('Back-off pulling image "registry.example/none:2": ErrImagePull: ', waiting["message"])
        waiting = self.wait_for_reason("nopath", "CreateContainerConfigError")
        self.assertIn('failed to prepare subPath "no/such" of volume', waiting["message"])
        self.assertIn("it does not exist, and the volume is read-only", waiting["message"])
        self.assertIn("it leads out of the volume", self.wait_for_reason("outside", "CreateContainerConfigError")["message"])
        self.lab.delete("pod", *pods)
