"""A node with enableDebuggingHandlers: false, for clients of the API server, for callers of the node and for root on it."""
import unittest

from labs.node.case import NodeCase
from labs.node.endpoint import Endpoint
from labs.node.lab import NODE, Lab
from labs.node.pods import FOREVER, manifest

REFUSED = "Debug endpoints are disabled."


class ClosedLab(Lab):
    def write_configuration(self):
        super().write_configuration()
        self.configure("enableDebuggingHandlers: false")


class ClosedEndpoint(NodeCase):
    lab_class = ClosedLab

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.apply(manifest("web", "echo hello; " + FOREVER))
        cls.lab.wait_for("pod", "web", "Ready")

    @classmethod
    def tearDownClass(cls):
        cls.lab.delete("pod", "web")
        cls.lab.wait_until_quiet()
        super().tearDownClass()

    def test_kubectl(self):
        for arguments in (
            ("exec", "web", "--", "true"), ("attach", "web"), ("port-forward", "web", "18080:80"), ("logs", "web"), ("logs", "-f", "web"),
            ("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/ui/"), ("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/logs/"),
            ("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/runningpods/"),
        ):  # fmt: skip
            with self.subTest(arguments=arguments):
                refused = self.lab.kubectl(*arguments, check=False, timeout=60)
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn(REFUSED, refused.stderr)
        self.assertIn("web", self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/pods").stdout)

    def test_upgrades(self):
        endpoint = Endpoint(self.lab)
        for path in ("/exec/default/web/c?command=true&output=1", "/attach/default/web/c?output=1", "/portForward/default/web"):
            for method, protocol in (("GET", "websocket"), ("POST", "SPDY/3.1")):
                with self.subTest(path=path, protocol=protocol):
                    connection, head, _ = endpoint.request(path, method, ["Connection: Upgrade", f"Upgrade: {protocol}"])
                    connection.close()
                    self.assertTrue(head.startswith("HTTP/1.1 405 "), head)

    def test_root_on_the_node(self):
        socket = self.lab.path("run", "admin.sock")
        self.assertIn("<!doctype html>", self.lab.on_node("curl", "-sS", "--unix-socket", socket, "http://localhost/ui/").stdout)
        self.assertEqual(self.lab.on_node("curl", "-sS", "--unix-socket", socket, "http://localhost/v1/logs/default/web/c").stdout, "hello\n")


if __name__ == "__main__":
    unittest.main()
