"""Volumes that another program unmounts while their pod runs: what the next start of a container gets, and what an event says."""
import os
import subprocess

from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lost"}, "stringData": {"key": "s3cret", "other": "x"}}
TOKEN = {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
MEMORY = {"name": "memory", "emptyDir": {"medium": "Memory"}}


class LostMounts(NodeCase):
    def unmount(self, pod, *places):
        uid = self.lab.get("pod", pod)["metadata"]["uid"]
        for place in places:
            subprocess.run(["umount", "-l", self.lab.path("root", "pods", uid, "volumes", place)], check=True)

    def status(self, pod, container="c"):
        statuses = self.lab.get("pod", pod)["status"]["containerStatuses"]
        return next(status for status in statuses if status["name"] == container)

    def wait_for_restart(self, pod, container="c", count=1):
        def is_back():
            status = self.status(pod, container)
            return status["restartCount"] == count and status["state"].get("running")

        wait_until(f"{container} of {pod} to run again", is_back, 60)

    def inside(self, pod, script, container="c"):
        return self.lab.kubectl("exec", pod, "-c", container, "--", "sh", "-c", script).stdout.strip()

    def messages(self, pod, reason):
        return [message for _, found, message in self.events(pod) if found == reason]

    def test_files_of_objects_are_mounted_again(self):
        volumes = [{"name": "s", "secret": {"secretName": "lost"}}, TOKEN]
        mounts = [
            {"name": "s", "mountPath": "/s"}, {"name": "s", "mountPath": "/one", "subPath": "key"}, {"name": "token", "mountPath": "/t"},
        ]  # fmt: skip
        self.lab.apply(SECRET)
        self.start_pod("files", FOREVER, volumes=volumes, container={"volumeMounts": mounts})
        look = "cat /s/key /one; test -f /one && test -s /t/token && echo; ls /s"
        before = self.inside("files", look)
        self.assertEqual(before, "s3crets3cret\nkey\nother")
        self.unmount("files", "kubernetes.io~secret/s", "kubernetes.io~projected/token")
        self.end_program("files")
        self.wait_for_restart("files")
        self.assertEqual(self.inside("files", look), before)
        said = " ".join(wait_until("both events", lambda: len(found := self.messages("files", "VolumeRemounted")) == 2 and found))
        self.assertIn('Volume "s" was no longer mounted', said)
        self.assertIn('Volume "token" was no longer mounted', said)
        self.lab.delete("pod", "files")

    def test_memory_of_one_container_begins_empty(self):
        self.start_pod("alone", FOREVER, volumes=[MEMORY], container={"volumeMounts": [{"name": "memory", "mountPath": "/m"}]})
        self.assertEqual(self.inside("alone", "echo x > /m/file; stat -c %a /m; stat -f -c %T /m"), "1777\ntmpfs")
        self.unmount("alone", "kubernetes.io~empty-dir/memory")
        self.end_program("alone")
        self.wait_for_restart("alone")
        self.assertEqual(self.inside("alone", "ls /m; stat -c %a /m; stat -f -c %T /m"), "1777\ntmpfs")
        lost = wait_until("the event", lambda: self.messages("alone", "VolumeContentLost"))
        self.assertIn("What was written to it is lost, and it begins empty", lost[0])
        self.lab.delete("pod", "alone")

    def test_memory_that_others_use_is_not_replaced(self):
        """The container waits and says why, its data goes to no disk, and the other container keeps its own."""
        mounts = [{"name": "memory", "mountPath": "/m"}]
        pod = manifest("shared", FOREVER, volumes=[MEMORY], container={"volumeMounts": mounts})
        pod["spec"]["containers"].append({**pod["spec"]["containers"][0], "name": "other"})
        self.lab.apply(pod)
        self.lab.wait_for("pod", "shared", "Ready")
        self.inside("shared", "echo kept > /m/file", "other")
        uid = self.lab.get("pod", "shared")["metadata"]["uid"]
        self.unmount("shared", "kubernetes.io~empty-dir/memory")
        self.end_program("shared")
        waiting = wait_until(
            "the refusal", lambda: (w := self.status("shared")["state"].get("waiting", {})).get("reason") == "CreateContainerError" and w, 60)
        self.assertIn('volume "memory" is no longer mounted', waiting["message"])
        self.assertIn("Delete the pod", waiting["message"])
        self.assertEqual(os.listdir(self.lab.path("root", "pods", uid, "volumes", "kubernetes.io~empty-dir", "memory")), [])
        self.assertEqual(self.inside("shared", "cat /m/file", "other"), "kept")
        self.assertIn(f'MountVolume.SetUp failed for volume "memory" : {waiting["message"]}', self.messages("shared", "FailedMount"))
        self.lab.delete("pod", "shared")
