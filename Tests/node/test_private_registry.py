"""A registry that wants a login: the wrong password first, as people do."""
import os
import sys

from labs.node.case import NodeCase
from labs.node.network import CONTROL_IP, PRIVATE_PORT, PRIVATE_REGISTRY, REGISTRY
from labs.node.pods import FOREVER, manifest
from labs.programs import TESTS
from labs.waiting import wait_until

USER = "robot$lab+puller"
PASSWORD = "s3cret:with=colon"


class PrivateRegistry(NodeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        guard = os.path.join(TESTS, "labs", "node", "guard.py")
        lab = cls.lab
        lab.start("guard", lab.control_namespace, sys.executable, "-B", guard, CONTROL_IP, str(PRIVATE_PORT), REGISTRY, USER, PASSWORD)

    def make_secret(self, password):
        made = self.lab.kubectl(
            "create", "secret", "docker-registry", "private", f"--docker-server={PRIVATE_REGISTRY}", f"--docker-username={USER}",
            f"--docker-password={password}", "--dry-run=client", "-o", "json",
        )  # fmt: skip
        self.lab.kubectl("apply", "-f", "-", input=made.stdout)

    def expect_event(self, reason, *words):
        def reported():
            return [m for _, r, m in self.events("private") if r == reason and all(word in m for word in words)]

        wait_until(f"an event {reason} with {words}", reported, 30)

    def test_wrong_password_first(self):
        image = f"{PRIVATE_REGISTRY}/busybox:1"
        self.make_secret("wrong")
        self.lab.apply(manifest("private", FOREVER, container={"image": image}, imagePullSecrets=[{"name": "missing"}, {"name": "private"}]))
        self.expect_event("FailedToRetrieveImagePullSecret", "(missing)")
        self.expect_event("Failed", f'Failed to pull image "{image}"', "pull access denied", USER)
        wait_until("the back-off", lambda: self.waiting("private").get("reason") == "ImagePullBackOff", 30)
        message = self.waiting("private")["message"]
        self.assertTrue(message.startswith(f'Back-off pulling image "{image}": ErrImagePull: failed to pull and unpack image'), message)
        self.assertNotIn("wrong", message)
        self.make_secret(PASSWORD)
        self.lab.wait_for("pod", "private", "Ready")
        self.expect_event("Pulled", f'Successfully pulled image "{image}"')
        self.expect_use_of_secrets(image)
        self.lab.delete("pod", "private")

    def expect_use_of_secrets(self, image):
        """The image is on the node now: a pod with the secret may use it without the registry, a pod without a secret may not."""
        self.lab.stop("agent")
        self.lab.start_agent()
        self.lab.apply(manifest("stranger", FOREVER, container={"image": image}))
        self.lab.apply(manifest("never", FOREVER, container={"image": image, "imagePullPolicy": "Never"}))
        wait_until("the stranger's refusal", lambda: self.waiting("stranger").get("reason") == "ImagePullBackOff", 30)
        self.assertIn("without credentials", self.waiting("stranger")["message"])
        wait_until("the refusal", lambda: self.waiting("never").get("reason") == "ErrImageNeverPull", 30)
        self.lab.stop("guard")
        self.lab.apply(manifest("friend", FOREVER, container={"image": image}, imagePullSecrets=[{"name": "private"}]))
        self.lab.wait_for("pod", "friend", "Ready")
        for name in ("stranger", "never", "friend"):
            self.lab.delete("pod", name)
