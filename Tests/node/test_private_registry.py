"""A registry that wants a login: the wrong password first, as people do; and logins for the service accounts of pods."""
import base64
import json
import os
import sys

from labs.node.case import NodeCase
from labs.node.network import CONTROL_IP, PRIVATE_PORT, PRIVATE_REGISTRY, REGISTRY
from labs.node.pods import FOREVER, manifest
from labs.programs import TESTS
from labs.waiting import wait_until

USER = "robot$lab+puller"
PASSWORD = "s3cret:with=colon"


# Gives the login to every service account, and notes what it is asked.
PROVIDER = f"""#!/bin/sh
cat >> "$0.requests"; echo >> "$0.requests"
cat << 'END'
{{"kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "cacheKeyType": "Registry",
"auth": {{"{PRIVATE_REGISTRY}": {{"username": "{USER}", "password": "{PASSWORD}"}}}}}}
END
"""


class GuardedCase(NodeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        guard = os.path.join(TESTS, "labs", "node", "guard.py")
        lab = cls.lab
        lab.start("guard", lab.control_namespace, sys.executable, "-B", guard, CONTROL_IP, str(PRIVATE_PORT), REGISTRY, USER, PASSWORD)


class PrivateRegistry(GuardedCase):
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


class AccountsAtRegistry(GuardedCase):
    def start_agent_with_provider(self):
        programs = self.lab.path("providers")
        os.makedirs(programs)
        self.provider = os.path.join(programs, "tokens")
        with open(self.provider, "w") as file:
            file.write(PROVIDER)
        os.chmod(self.provider, 0o755)
        attributes = {
            "serviceAccountTokenAudience": "registry", "requireServiceAccount": True, "cacheType": "ServiceAccount",
            "requiredServiceAccountAnnotationKeys": ["example.com/robot"],
        }  # fmt: skip
        provider = {
            "name": "tokens", "matchImages": [PRIVATE_REGISTRY], "defaultCacheDuration": "10m",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "tokenAttributes": attributes,
        }  # fmt: skip
        config = self.lab.path("providers.json")
        with open(config, "w") as file:
            json.dump({"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [provider]}, file)
        self.lab.stop("agent")
        self.lab.start_agent("--image-credential-provider-config", config, "--image-credential-provider-bin-dir", programs)

    def test_credentials_for_service_accounts(self):
        """A provider gets a token of the pod's service account, if that has chosen it by its annotation."""
        self.start_agent_with_provider()
        image = f"{PRIVATE_REGISTRY}/busybox:1"
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "annotations": {"example.com/robot": "r2"}}}
        self.lab.apply(account, manifest("plain", FOREVER, container={"image": image}))
        wait_until("the refusal", lambda: self.waiting("plain").get("reason") == "ImagePullBackOff", 30)
        self.assertIn("without credentials", self.waiting("plain")["message"])
        self.assertFalse(os.path.exists(self.provider + ".requests"))
        self.lab.apply(manifest("private", FOREVER, container={"image": image}, serviceAccountName="robot"))
        self.lab.wait_for("pod", "private", "Ready")
        with open(self.provider + ".requests") as file:
            requests = [json.loads(line) for line in file]
        self.assertEqual(len(requests), 1)
        self.assertEqual(requests[0]["image"], f"{PRIVATE_REGISTRY}/busybox")
        self.assertEqual(requests[0]["serviceAccountAnnotations"], {"example.com/robot": "r2"})
        claims = requests[0]["serviceAccountToken"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        self.assertEqual(claims["aud"], ["registry"])
        self.assertEqual(claims["kubernetes.io"]["serviceaccount"]["name"], "robot")
        self.assertEqual(claims["kubernetes.io"]["pod"]["name"], "private")
        # The image was given to the account: another pod of it needs no registry.
        self.lab.stop("guard")
        self.lab.apply(manifest("second", FOREVER, container={"image": image}, serviceAccountName="robot"))
        self.lab.wait_for("pod", "second", "Ready")
        self.lab.delete("pod", "plain", "private", "second")
