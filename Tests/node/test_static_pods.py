"""Static pods: manifests in a folder of the node, and their mirror pods in the API."""
import json
import os
import shutil

from labs.node.case import NodeCase
from labs.node.lab import NODE, Lab
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until


class StaticLab(Lab):
    """A node with a folder of static pods."""

    def agent_command(self, *more):
        return super().agent_command("--pod-manifest-path", self.path("manifests"), *more)

    def manifest_path(self, name):
        return self.path("manifests", name)

    def write_manifest(self, file, name, command=FOREVER, **spec):
        """Writes a manifest under another name first, as careful writers do."""
        os.makedirs(self.path("manifests"), exist_ok=True)
        temporary = self.manifest_path("." + file)
        with open(temporary, "w") as output:
            json.dump(manifest(name, command, **spec), output)
        os.rename(temporary, self.manifest_path(file))

    def static_pods(self):
        """The names and phases of the agent's pods, without the API server."""
        answer = self.swiftlet("pods", "-o", "json", check=False)
        # The agent that has just been started does not listen yet.
        if answer.returncode:
            return {}
        pods = json.loads(answer.stdout)["items"]
        return {pod["metadata"]["name"]: pod["status"].get("phase") for pod in pods}


class StaticCase(NodeCase):
    lab_class = StaticLab

    def tearDown(self):
        shutil.rmtree(self.lab.path("manifests"), ignore_errors=True)
        self.lab.wait_until_quiet()

    def start_static(self, file, name, command=FOREVER, **spec):
        """Returns the id of the container of the new static pod, as its mirror pod shows it."""
        self.lab.write_manifest(file, name, command, **spec)
        self.lab.wait_for("pod", f"{name}-{NODE}", "Ready")
        return self.container(f"{name}-{NODE}")["containerID"]

    def annotation(self, name, kind):
        return self.lab.get("pod", name)["metadata"]["annotations"].get(f"kubernetes.io/config.{kind}")

    def is_gone(self, name):
        return self.lab.kubectl("get", "pod", name, check=False).returncode != 0

    def agent_log(self, words):
        with open(self.lab.path("agent.log"), errors="replace") as file:
            return sum(words in line for line in file)


class StaticPods(StaticCase):
    def test_life_of_a_static_pod(self):
        name = f"web-{NODE}"
        self.start_static("web.yaml", "web")
        pod = self.lab.get("pod", name)
        owner = pod["metadata"]["ownerReferences"][0]
        self.assertEqual((owner["kind"], owner["name"], owner["controller"]), ("Node", NODE, True))
        self.assertEqual(self.annotation(name, "source"), "file")
        self.assertEqual(self.annotation(name, "mirror"), self.annotation(name, "hash"))
        self.assertEqual(self.lab.kubectl("exec", name, "--", "echo", "inside").stdout, "inside\n")
        self.lab.kubectl("logs", name)

        os.remove(self.lab.manifest_path("web.yaml"))
        wait_until("the mirror pod to go", lambda: self.is_gone(name), 20)
        self.lab.wait_until_quiet()

    def test_deleted_mirror_pod(self):
        name = f"web-{NODE}"
        before = self.start_static("web.yaml", "web")
        uid = self.lab.get("pod", name)["metadata"]["uid"]
        self.lab.delete("pod", name, "--wait=false")

        def is_back():
            answer = self.lab.kubectl("get", "pod", name, "-o", "json", check=False)
            return answer.returncode == 0 and json.loads(answer.stdout)["metadata"]["uid"] != uid

        wait_until("another mirror pod", is_back, 20)
        self.lab.wait_for("pod", name, "Ready")
        self.assertEqual(self.container(name)["containerID"], before)

    def test_edited_manifest(self):
        name = f"web-{NODE}"
        before = self.start_static("web.yaml", "web")
        old = self.annotation(name, "hash")
        self.lab.write_manifest("web.yaml", "web", FOREVER + "; true")
        wait_until("the new hash", lambda: not self.is_gone(name) and self.annotation(name, "hash") != old, 20)
        self.lab.wait_for("pod", name, "Ready")
        self.assertNotEqual(self.container(name)["containerID"], before)

    def test_backup_beside_the_manifest(self):
        name = f"web-{NODE}"
        self.start_static("web.yaml", "web", "echo old; " + FOREVER)
        shutil.copy(self.lab.manifest_path("web.yaml"), self.lab.manifest_path("web.yaml.bak"))
        for other in (".web.yaml.swp", "4913", "empty"):
            open(self.lab.manifest_path(other), "w").close()
        os.mkdir(self.lab.manifest_path("folder"))
        os.symlink("loop", self.lab.manifest_path("loop"))
        self.lab.write_manifest("web.yaml", "web", "echo new; " + FOREVER)
        wait_until("the new version", lambda: self.lab.kubectl("logs", name, check=False).stdout == "new\n", 30)
        after = self.container(name)["containerID"]
        self.assertEqual(self.agent_log("Two manifests are for one static pod"), 1)
        self.lab.stop("agent")
        self.lab.start_agent()
        self.lab.wait_for("pod", name, "Ready")
        self.assertEqual(self.container(name)["containerID"], after)

    def test_written_in_halves(self):
        name = f"web-{NODE}"
        before = self.start_static("web.yaml", "web")
        with open(self.lab.manifest_path("web.yaml")) as file:
            text = file.read()
        # The fence is a manifest that is read after the first half.
        with open(self.lab.manifest_path("web.yaml"), "w") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            self.start_static("fence.yaml", "fence")
            self.assertEqual(self.container(name)["containerID"], before)
            file.write(text[len(text) // 2:])
        self.start_static("fence2.yaml", "fence2")
        self.assertEqual(self.container(name)["containerID"], before)

    def test_moved_away_and_back(self):
        name = f"web-{NODE}"
        before = self.start_static("web.yaml", "web")
        os.rename(self.lab.manifest_path("web.yaml"), self.lab.path("away"))
        os.rename(self.lab.path("away"), self.lab.manifest_path("web.yaml"))
        self.start_static("fence.yaml", "fence")
        self.assertEqual(self.container(name)["containerID"], before)

    def test_reference_to_the_api(self):
        self.lab.write_manifest("bad.yaml", "bad", serviceAccountName="default")
        wait_until("the reason", lambda: self.agent_log("static pods may not reference serviceaccounts") == 1, 20)
        self.assertTrue(self.is_gone(f"bad-{NODE}"))


class WithoutControlPlane(StaticCase):
    def test_new_manifest_and_restart(self):
        lab = self.lab
        first = f"first-{NODE}"
        self.start_static("first.yaml", "first")
        lab.silence_control_plane()
        lab.write_manifest("second.yaml", "second")
        wait_until("the second pod", lambda: lab.static_pods().get(f"second-{NODE}") == "Running", 30)
        lab.stop("agent")
        lab.start_agent(ready=False)
        wait_until("both pods", lambda: lab.static_pods() == {first: "Running", f"second-{NODE}": "Running"}, 30)
        os.remove(lab.manifest_path("first.yaml"))
        wait_until("the first pod to go", lambda: first not in lab.static_pods(), 30)
        lab.resume_control_plane()
        lab.wait_for("pod", f"second-{NODE}", "Ready", 60)
        wait_until("the mirror pod of the first to go", lambda: self.is_gone(first), 30)
