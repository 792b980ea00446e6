"""The node's own logs at /logs/, as kubectl and operators read them."""
import os
import tempfile
import unittest

from labs.node.case import NodeCase
from labs.node.lab import NODE, Lab
from labs.node.network import NODE_IP

FOLDER = "/var/log"


class QueryingLab(Lab):
    def write_configuration(self):
        super().write_configuration()
        self.configure("enableSystemLogQuery: true")


class NodeLogs(NodeCase):
    lab_class = QueryingLab

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with tempfile.NamedTemporaryFile("w", dir=FOLDER, prefix="swiftlet-test-", suffix=".log", delete=False) as file:
            file.write("one\ntwo\n")
        cls.addClassCleanup(os.remove, file.name)
        cls.name = os.path.basename(file.name)

    def raw(self, path, check=True):
        return self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/logs/{path}", check=check)

    def direct(self, path, *options):
        """Asks the node itself: the small control plane's way to nodes drops a slash at a path's end."""
        return self.lab.on_control("curl", "-sSk", "--max-time", "20", "--path-as-is", *options, f"https://{NODE_IP}:10250{path}").stdout

    def admin(self):
        return "--cert", self.lab.path("cluster", "admin.crt"), "--key", self.lab.path("cluster", "admin.key")

    def status(self, path, known=True):
        return self.direct(path, "-o", "/dev/null", "-w", "%{http_code}", *(self.admin() if known else ()))

    def test_files(self):
        page = self.direct("/logs/", *self.admin())
        self.assertTrue(page.startswith("<!doctype html>\n"))
        for name in os.listdir(FOLDER):
            end = "/" if os.path.isdir(os.path.join(FOLDER, name)) and not os.path.islink(os.path.join(FOLDER, name)) else ""
            self.assertIn(f">{name}{end}</a>\n", page)
        self.assertEqual(self.raw(self.name).stdout, "one\ntwo\n")
        self.assertEqual(self.status("/logs"), "301")
        self.assertEqual(self.status("/logs/nothing"), "404")

    def test_queries(self):
        service = self.name.removesuffix(".log")
        self.assertEqual(self.raw(f"?query={service}").stdout, "one\ntwo\n")
        self.assertEqual(self.raw(f"?query=/{self.name}").stdout, "one\ntwo\n")
        self.assertIn("log not found for no-such-service", self.raw("?query=no-such-service").stdout)
        refused = self.raw("?query=a%3Bb", check=False)
        self.assertNotEqual(refused.returncode, 0)
        for path, status in (("?query=a%3Bb", "406"), ("?query=", "400"), ("?query=a&boot=x", "400"), ("?tailLines=1", "406")):
            self.assertEqual(self.status("/logs/" + path), status, path)

    def test_nothing_else_is_reached(self):
        for path in ("../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "%2fetc/passwd"):
            self.assertEqual(self.status("/logs/" + path), "403", path)
        self.assertEqual(self.status("/logs/?query=/../../etc/passwd"), "406")
        for name in os.listdir(FOLDER):
            path = os.path.join(FOLDER, name)
            if os.path.islink(path) and not os.path.realpath(path).startswith(FOLDER + "/"):
                self.assertEqual(self.status("/logs/" + name), "403", name)

    def test_strangers(self):
        self.assertEqual(self.status("/logs/", known=False), "401")
        self.assertEqual(self.status("/logs/?query=kubelet", known=False), "401")


if __name__ == "__main__":
    unittest.main()
