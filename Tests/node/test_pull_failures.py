"""Registries that fail: the pods' reasons, messages and events, in Kubernetes' words."""
import sys

from labs.files import read_text, write_text
from labs.node.case import NodeCase
from labs.node.lab import Lab
from labs.node.network import CONTROL_IP, PRIVATE_PORT, PRIVATE_REGISTRY
from labs.node.pods import manifest
from labs.programs import TESTS
from labs.waiting import wait_until

STORAGE_PORT = 5002
CLOSED = f"{CONTROL_IP}:5003"
USER = "puller"
PASSWORD = "s3cret"
DENIED = "pull access denied, repository does not exist or may require authorization: HTTP"

# By the registry's fault: the reason, and the beginning of the message behind the part that all have. {url} is the address of the manifest.
RESOLVING = {
    "unauthorized": ("ErrImagePull", f"GET {{url}}: {DENIED} 401"),
    "forbidden": ("ErrImagePull", f"GET {{url}}: {DENIED} 403"),
    "missing": ("ErrImagePull", "{image}: not found"),
    "busy": ("ErrImagePull", "GET {url}: found HTTP 429 Too Many Requests (TOOMANYREQUESTS: You have reached your pull rate limit)"),
    "broken": ("ErrImagePull", "GET {url}: found HTTP 500 Internal Server Error"),
    "away": ("RegistryUnavailable", "GET {url}: found HTTP 503 Service Unavailable"),
    "refused": ("RegistryUnavailable", "GET {url}: no answer"),
}
LAYERS = {
    "cut": ("ErrImagePull", "GET http://"),
    "swapped": ("ErrImagePull", "fetch blob sha256:"),
}


class TwoServers(Lab):
    """An agent that may reach the second server of the registry without TLS."""

    def write_configuration(self):
        super().write_configuration()
        write_text(self.config, read_text(self.config).replace("registries:", f'registries:\n  "{CONTROL_IP}:{STORAGE_PORT}": {{insecure: true}}'))


class PullFailures(NodeCase):
    lab_class = TwoServers

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        command = ["env", f"PYTHONPATH={TESTS}", sys.executable, "-B", "-m", "labs.node.faulty"]
        lab.start("faulty", lab.control_namespace, *command, CONTROL_IP, str(PRIVATE_PORT), str(STORAGE_PORT), USER, PASSWORD)
        lab.kubectl(
            "create", "secret", "docker-registry", "login", f"--docker-server={PRIVATE_REGISTRY}", f"--docker-username={USER}",
            f"--docker-password={PASSWORD}",
        )  # fmt: skip

    def image(self, fault):
        return f"{CLOSED if fault == 'refused' else PRIVATE_REGISTRY}/{fault}:1"

    def start(self, fault):
        container = {"image": self.image(fault), "command": ["/none"]}
        self.lab.apply(manifest(fault, "", container=container, imagePullSecrets=[{"name": "login"}]))

    def expect(self, fault, reason, text):
        image = self.image(fault)
        scheme = "https" if fault == "refused" else "http"
        text = text.format(image=image, url=f"{scheme}://{image.removesuffix(':1')}/manifests/1".replace(f"/{fault}", f"/v2/{fault}"))
        if fault in RESOLVING:
            text = f'failed to resolve reference "{image}": {text}'
        text = f'failed to pull and unpack image "{image}": {text}'
        wait_until(f"the back-off of {fault}", lambda: self.waiting(fault).get("reason") == "ImagePullBackOff", 60)
        is_away = reason == "RegistryUnavailable"
        shown = f"image pull failed for {image} because the registry is unavailable: {text}" if is_away else text
        self.starts(self.waiting(fault)["message"], f'Back-off pulling image "{image}": {reason}: {shown}')

        for kind, event, message in [
            ("Normal", "Pulling", f'Pulling image "{image}"'),
            ("Warning", "Failed", f'Failed to pull image "{image}": {"RegistryUnavailable: " if is_away else ""}{text}'),
            ("Warning", "Failed", f"Error: {reason}"),
            ("Normal", "BackOff", f'Back-off pulling image "{image}"'),
            ("Warning", "Failed", "Error: ImagePullBackOff"),
        ]:
            self.starts(self.wait_for_event(fault, event, message, kind)[2], message)
        self.assertFalse([m for _, _, m in self.events(fault) if PASSWORD in m])

    def starts(self, text, beginning):
        self.assertEqual(text[:len(beginning)], beginning)

    def test_each_failure_is_told_as_kubernetes_tells_it(self):
        faults = {**RESOLVING, **LAYERS}
        for fault in [*faults, "redirect"]:
            self.start(fault)
        for fault, (reason, text) in faults.items():
            with self.subTest(fault):
                self.expect(fault, reason, text)
        # The registry wants the pod's login, and the server that it redirects to refuses every login.
        wait_until("the redirected pull", lambda: "Pulled" in {reason for _, reason, _ in self.events("redirect")}, 30)
        for fault in [*faults, "redirect"]:
            self.lab.delete("pod", fault)
