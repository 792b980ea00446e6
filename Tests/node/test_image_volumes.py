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
