"""Mistakes end in one clear message, disturb nothing else, and go away with their cause."""
import os
import subprocess

from labs.files import read_text, write_text
from labs.node.case import NodeCase
from labs.node.network import REGISTRY
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until


class BadPods(NodeCase):
    def expect_waiting(self, name, reason, words):
        found = wait_until(f"{name} to wait with {reason}", lambda: (w := self.waiting(name)).get("reason") == reason and w, 30)
        self.assertIn(words, found["message"])

    def expect_event(self, name, reason, words):
        def reported():
            return [message for _, r, message in self.events(name) if r == reason and words in message]

        self.assertTrue(wait_until(f"an event {reason} of {name}", reported, 30))

    def test_missing_image(self):
        self.lab.apply(manifest("no-image", FOREVER, container={"image": f"{REGISTRY}/none:1"}))
        self.expect_waiting("no-image", "ErrImagePull", f"{REGISTRY}/none:1")
        self.expect_event("no-image", "Failed", "not found")
        self.lab.delete("pod", "no-image")

    def test_wrong_digest(self):
        image = f"{REGISTRY}/busybox@sha256:" + "0" * 64
        self.lab.apply(manifest("no-digest", FOREVER, container={"image": image}))
        self.expect_waiting("no-digest", "ErrImagePull", image)
        self.lab.delete("pod", "no-digest")

    def test_command_not_in_image(self):
        self.lab.apply(manifest("no-command", "", container={"command": ["/no/such"]}, restartPolicy="Never"))
        wait_until("the pod to fail", lambda: self.lab.get("pod", "no-command")["status"]["phase"] == "Failed", 30)
        ended = self.container("no-command")["state"]["terminated"]
        self.assertEqual((ended["reason"], ended["exitCode"]), ("StartError", 128))
        self.assertIn('"/no/such"', ended["message"])
        self.lab.delete("pod", "no-command")

    def test_host_path_of_the_wrong_type(self):
        self.with_volume("wrong-type", {"hostPath": {"path": "/etc/passwd", "type": "Directory"}})
        self.expect_event("wrong-type", "FailedMount", "hostPath type check failed: /etc/passwd is not a directory")
        self.lab.delete("pod", "wrong-type")

    def test_missing_config_map_comes_later(self):
        self.with_volume("no-map", {"configMap": {"name": "late"}})
        self.expect_event("no-map", "FailedMount", 'configmap "late" not found')
        self.lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}, "data": {"k": "v"}})
        self.lab.wait_for("pod", "no-map", "Ready")
        self.lab.delete("pod", "no-map")

    def test_missing_key_in_environment_comes_later(self):
        env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "k"}}}]
        self.lab.apply(manifest("no-key", FOREVER, container={"env": env}))
        self.expect_waiting("no-key", "CreateContainerConfigError", 'configmap "later" not found')
        self.lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later"}, "data": {"k": "v"}})
        self.lab.wait_for("pod", "no-key", "Ready")
        self.lab.delete("pod", "no-key")

    def with_volume(self, name, source):
        mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        self.lab.apply(manifest(name, FOREVER, container=mount, volumes=[{"name": "v", **source}]))


class BadStart(NodeCase):
    """Failures of the agent itself. The lab's own agent is stopped meanwhile."""

    def setUp(self):
        super().setUp()
        self.lab.stop("agent")

    def start(self, *arguments, seconds=20, **environment):
        command = [*self.lab.inside(self.lab.node_namespace), *self.lab.agent_command(*arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, env={**os.environ, **environment})

    def rewritten(self, path, name, *changes):
        text = read_text(path)
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        target = self.lab.path(name)
        write_text(target, text)
        return target

    def test_unknown_field(self):
        config = self.rewritten(self.lab.config, "unknown.yaml", ("clusterDomain:", "clusterDomian:"))
        answer = self.start("--config", config)
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, r"unknown\.yaml:\d+: clusterDomian: .*clusterDomain")

    def test_missing_kubeconfig(self):
        answer = self.start("--kubeconfig", self.lab.path("none"))
        self.assertEqual(answer.returncode, 1)
        self.assertIn(self.lab.path("none"), answer.stderr)

    def test_wrong_authority(self):
        """With another cluster's CA the agent names that CA, goes on trying, and keeps pods."""
        other = self.lab.path("other-ca.crt")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-out", other,
             "-subj", "/CN=other", "-days", "2"], check=True, capture_output=True,
        )  # fmt: skip
        kubeconfig = self.rewritten(self.lab.path("cluster", "node-node-1.kubeconfig"), "other.kubeconfig")
        lines = read_text(kubeconfig).splitlines()
        write_text(kubeconfig,
                   "\n".join(f"    certificate-authority: {other}" if "certificate-authority-data" in line else line for line in lines) + "\n")
        self.expect_message("other-ca.crt", "--kubeconfig", kubeconfig)

    def test_no_api_server(self):
        kubeconfig = self.rewritten(self.lab.path("cluster", "node-node-1.kubeconfig"), "away.kubeconfig", (":6443", ":6444"))
        self.expect_message("192.168.77.1:6444", "--kubeconfig", kubeconfig)

    def expect_message(self, words, *arguments):
        self.lab.start("agent", self.lab.node_namespace, *self.lab.agent_command(*arguments))
        log = self.lab.path("agent.log")

        def reported():
            self.lab.require_agent()
            with open(log, errors="replace") as file:
                return words in file.read()

        wait_until(f"{words} in the agent's log", reported, 30)
        self.lab.stop("agent")

    def tearDown(self):
        # Without the cause the node becomes Ready again.
        self.lab.stop("agent")
        self.lab.start_agent()
