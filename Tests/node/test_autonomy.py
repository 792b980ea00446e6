"""Pods without the API server: they live on while it is silent, and come back after the node starts again."""
import json
import os
import signal
import time

from labs import cgroups
from labs.mounts import unmount_below
from labs.node.case import NodeCase
from labs.node.lab import NODE
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until
from test_claims import claim, member, volume

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "s3cret"}}
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
LOOK = f'cat /map/mode; echo; cat /secret/key; echo; echo $FROM; test -s {TOKEN} && echo token; echo $KUBERNETES_SERVICE_HOST'


def user():
    """A pod that uses everything that comes from the API server."""
    volumes = [
        {"name": "map", "configMap": {"name": "settings"}}, {"name": "secret", "secret": {"secretName": "keys"}},
        {"name": "none", "secret": {"secretName": "nowhere", "optional": True}},
    ]  # fmt: skip
    mounts = [{"name": volume["name"], "mountPath": "/" + volume["name"]} for volume in volumes]
    env = [{"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}}]
    return manifest("user", FOREVER, volumes=volumes, container={"volumeMounts": mounts, "env": env})


class Autonomy(NodeCase):
    def tearDown(self):
        self.lab.resume_control_plane()
        self.lab.kubectl("delete", "pod", "--all", "--wait=false")
        self.lab.wait_until_quiet()

    def seen(self):
        """The agent's pods by name, without the API server."""
        answer = self.lab.swiftlet("pods", "-o", "json", check=False).stdout
        return {pod["metadata"]["name"]: pod["status"] for pod in json.loads(answer)["items"]} if answer else {}

    def running(self, name):
        """The status of a pod's container as the agent sees it, if the container runs."""
        status = self.seen().get(name, {}).get("containerStatuses", [{}])[0]
        return status if status.get("state", {}).get("running") else None

    def records(self, kind="pods"):
        return {
            os.path.join(folder, name): os.stat(os.path.join(folder, name))
            for folder, _, names in os.walk(self.lab.path("state", "node", kind)) for name in names
        }  # fmt: skip

    def wait_until_remembered(self, *names):
        """Waits until the memory holds the pods as they are in the API, and nothing has been written for longer than the writer waits."""
        ids = {self.container(name)["containerID"] for name in names}

        def written():
            texts = []
            for path in self.records():
                with open(path) as file:
                    texts.append(file.read())
            return all(any(json.dumps(wanted) in text for text in texts) for wanted in ids)

        wait_until("the memory to hold the pods", written, 20)
        time.sleep(2)

    def boot(self):
        """Ends everything that a boot ends, and starts the agent."""
        lab = self.lab
        lab.stop("agent", signal.SIGKILL)
        cgroups.kill(lab.cgroup)
        for pid in lab.own_processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until("the node's processes to end", lambda: not lab.own_processes(), 20)
        cgroups.remove(lab.cgroup)
        os.mkdir(lab.cgroup)
        unmount_below(lab.path("root"))
        lab.mount_run_folder()
        lab.on_node("nft", "flush", "ruleset")
        for link in json.loads(lab.ip(lab.node_namespace, "-j", "link", "show", "type", "bridge") or "[]"):
            lab.ip(lab.node_namespace, "link", "delete", link["ifname"])
        lab.start_agent(ready=False)

    def test_boot_without_the_control_plane(self):
        lab = self.lab
        lab.apply(SECRET, MAP, user(), manifest("gone", FOREVER), manifest("done", "exit 0", restartPolicy="Never"))
        for name in ("user", "gone"):
            lab.wait_for("pod", name, "Ready")
        wait_until("the job to end", lambda: lab.get("pod", "done")["status"]["phase"] == "Succeeded")
        self.wait_until_remembered("user", "gone", "done")
        for path, status in self.records("").items():
            self.assertEqual(status.st_mode & 0o777, 0o600, path)
        before = {name: self.container(name) for name in ("user", "done")}
        wanted = lab.swiftlet("exec", "user", "--", "sh", "-c", LOOK).stdout
        self.assertEqual(wanted.split()[:4], ["fast", "s3cret", "s3cret", "token"])

        # The node is off while a pod is deleted.
        lab.stop("agent", signal.SIGKILL)
        lab.delete("pod", "gone", "--force", "--grace-period=0")
        self.lab.silence_control_plane()
        began = time.monotonic()
        self.boot()
        again = wait_until("the pod to run again", lambda: self.running("user"), 30)
        self.note(f"runs again {time.monotonic() - began:.1f} s after the boot")
        self.assertNotEqual(again["containerID"], before["user"]["containerID"])
        self.assertEqual(again["restartCount"], 1)
        self.assertEqual(lab.swiftlet("exec", "user", "--", "sh", "-c", LOOK).stdout, wanted)
        wait_until("the deleted pod, of which the node cannot know", lambda: self.running("gone"), 20)
        self.assertEqual(self.seen()["done"]["phase"], "Succeeded")

        # A container restarts while the control plane is away, too.
        lab.swiftlet("exec", "user", "--", "kill", "1", check=False)
        wait_until("the restart", lambda: (self.running("user") or again)["restartCount"] == 2, 60)
        last = self.running("user")["containerID"]
        self.assertEqual(lab.swiftlet("exec", "user", "--", "sh", "-c", LOOK).stdout, wanted)

        self.lab.resume_control_plane()
        lab.wait_for("node", NODE, "Ready", 60)
        wait_until("the pod's status", lambda: self.container("user")["containerID"] == last, 60)
        self.assertEqual(self.container("user")["restartCount"], 2)
        wait_until("the deleted pod to end", lambda: "gone" not in self.seen(), 60)
        self.assertEqual(self.container("done")["containerID"], before["done"]["containerID"])
        self.assertEqual(self.running("user")["containerID"], last)

    def test_boot_with_a_claim(self):
        """A claim leads to its storage without the control plane, too."""
        lab = self.lab
        disk = lab.path("disk")
        os.makedirs(disk)
        lab.apply(volume("disk", local={"path": disk}), claim("disk", "disk"), member("db-0", {"data": "disk"}))
        lab.wait_for("pod", "db-0", "Ready")
        lab.swiftlet("exec", "db-0", "--", "sh", "-c", "echo kept > /data/x")
        self.wait_until_remembered("db-0")
        lab.stop("agent", signal.SIGKILL)
        lab.silence_control_plane()
        self.boot()
        wait_until("the pod to run again", lambda: self.running("db-0"), 30)
        self.assertEqual(lab.swiftlet("exec", "db-0", "--", "cat", "/data/x").stdout, "kept\n")

    def test_nothing_is_written_while_nothing_happens(self):
        """Also after another start of the agent."""
        lab = self.lab
        lab.apply(SECRET, MAP)
        lab.apply(user())
        lab.wait_for("pod", "user", "Ready")
        self.wait_until_remembered("user")
        for _ in range(2):
            before = {path: (status.st_ino, status.st_mtime_ns) for path, status in self.records("").items()}
            time.sleep(5)
            self.assertEqual({path: (status.st_ino, status.st_mtime_ns) for path, status in self.records("").items()}, before)
            lab.stop("agent")
            lab.start_agent()
            wait_until("the agent to know the pod", lambda: self.running("user"), 20)
            time.sleep(3)

    def test_a_damaged_secret_holds_up_its_pod_alone(self):
        lab = self.lab
        lab.apply(SECRET, MAP)
        lab.apply(user(), manifest("other", FOREVER))
        for name in ("user", "other"):
            lab.wait_for("pod", name, "Ready")
        self.wait_until_remembered("user", "other")
        lab.stop("agent", signal.SIGKILL)
        with open(lab.path("state", "node", "objects", "secrets", "default", "keys"), "r+") as file:
            file.truncate(40)
        self.lab.silence_control_plane()
        self.boot()
        wait_until("the other pod", lambda: self.running("other"), 30)
        self.assertIsNone(self.running("user"))
        self.assertEqual(os.listdir(lab.path("state", "node", "damaged")), ["objects_secrets_default_keys"])
        self.lab.resume_control_plane()
        wait_until("the pod, once its secret can be read", lambda: self.running("user"), 90)
