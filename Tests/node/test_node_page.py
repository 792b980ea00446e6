"""The node page at /ui/, through the API server, at the node itself, over the operators' socket, and in a browser."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from labs.files import read_text
from labs.node.case import NodeCase
from labs.node.lab import NODE
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER, manifest
from labs.socket_forward import SocketForward
from labs.waiting import wait_until


class NodePage(NodeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        service = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
            "spec": {"selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        }  # fmt: skip
        cls.lab.apply(manifest("steady", FOREVER, labels={"app": "shop"}), manifest("broken", "echo oops; exit 3"), service)
        cls.lab.wait_for("pod", "steady", "Ready")

        def restarts():
            return cls.lab.get("pod", "broken")["status"].get("containerStatuses", [{}])[0].get("restartCount")

        wait_until("a restart of the broken pod", restarts, 30)

    @classmethod
    def tearDownClass(cls):
        cls.lab.delete("service", "shop")
        cls.lab.delete("pod", "--all")
        cls.lab.wait_until_quiet()
        super().tearDownClass()

    def direct(self, path, *options):
        return self.lab.on_control("curl", "-sSk", "--max-time", "20", *options, f"https://{NODE_IP}:10250{path}").stdout

    def admin(self):
        return "--cert", self.lab.path("cluster", "admin.crt"), "--key", self.lab.path("cluster", "admin.key")

    def over_socket(self, path, *options):
        socket = self.lab.path("run", "admin.sock")
        return self.lab.on_node("curl", "-sS", "--max-time", "20", "--unix-socket", socket, *options, f"http://localhost{path}").stdout

    def raw(self, path):
        return self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/{path}").stdout

    def check(self, document):
        self.assertEqual(document["node"]["name"], NODE)
        self.assertTrue(document["node"]["ready"])
        conditions = {c["type"]: c for c in document["conditions"]}
        self.assertTrue(conditions["Ready"]["isGood"])
        self.assertTrue(conditions["MemoryPressure"]["isGood"])
        pods = {p["name"]: p for p in document["pods"]["items"]}
        self.assertEqual((pods["steady"]["kind"], pods["steady"]["state"], pods["steady"]["ready"]), ("running", "Running", "1/1"))
        self.assertGreaterEqual(pods["broken"]["restarts"], 1)
        self.assertIn("exit code 3", " ".join(pods["broken"]["reasons"]))
        self.assertGreater(document["resources"]["memoryCapacity"], 0)

    def test_everywhere_the_same(self):
        pages = [self.raw("ui/"), self.direct("/ui/", *self.admin()), self.over_socket("/ui/")]
        self.assertTrue(pages[0].startswith("<!doctype html>\n"))
        self.assertEqual(pages[1:], pages[:1] * 2)
        for text in (self.raw("ui/data.json"), self.direct("/ui/data.json", *self.admin()), self.over_socket("/ui/data.json")):
            self.check(json.loads(text))

    def test_services(self):
        def port():
            found = json.loads(self.raw("ui/data.json?services=default%2Fshop"))["services"]
            return found["matching"] == 1 and found["items"][0]["ports"][0]["endpointCount"] == 1 and found["items"][0]["ports"][0]

        found = wait_until("the Service and its endpoint", port, 20)
        address = self.lab.get("pod", "steady")["status"]["podIP"]
        cluster = self.lab.get("service", "shop")["spec"]["clusterIP"]
        self.assertEqual(found["name"], "http TCP 80")
        self.assertEqual(found["addresses"], [f"ClusterIP {cluster}:80"])
        self.assertEqual(found["endpoints"], [f"{address}:8080"])
        for text in (cluster, address):
            found = json.loads(self.over_socket("/ui/data.json?services=" + text))["services"]
            self.assertEqual([s["name"] for s in found["items"]], ["shop"])
        none = json.loads(self.raw("ui/data.json?services=nothing&pods=nothing"))
        self.assertEqual((none["services"]["items"], none["pods"]["items"]), ([], []))
        self.assertGreaterEqual(none["services"]["total"], 1)

    def test_headers_and_strangers(self):
        for ask in (lambda *o: self.direct("/ui/", *self.admin(), *o), lambda *o: self.over_socket("/ui/", *o)):
            head = ask("-o", "/dev/null", "-D", "-").lower()
            self.assertIn("content-security-policy: default-src 'none'; script-src 'sha256-", head)
            self.assertIn("x-content-type-options: nosniff", head)
        status = ("-o", "/dev/null", "-w", "%{http_code}")
        self.assertEqual(self.direct("/ui/", *status), "401")
        self.assertEqual(self.direct("/ui/data.json", *status), "401")
        self.assertEqual(self.over_socket("/ui/data.json", "-H", "Host: rebound.example", *status), "403")

    def test_browser(self):
        browser = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
        if browser is None:
            self.skipTest("SKIPPED: no chromium; install Debian's package chromium")
        folder = tempfile.mkdtemp(prefix="swiftlet-browser-")
        self.addCleanup(shutil.rmtree, folder)
        with SocketForward(self.lab.path("run", "admin.sock")) as forward:
            command = [
                browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--enable-logging=stderr",
                "--virtual-time-budget=4000", "--dump-dom", f"http://127.0.0.1:{forward.port}/ui/",
            ]  # fmt: skip
            errors = os.path.join(folder, "errors")
            with open(errors, "w") as file:
                page = subprocess.run(command, stdout=subprocess.PIPE, stderr=file, timeout=120, text=True).stdout
        for text in (f"<title>{NODE}: Ready</title>", ">default/steady<", ">default/broken<", "exit code 3", ">default/shop<", "Updated "):
            self.assertIn(text, page)
        said = read_text(errors)
        for text in ("Content Security Policy", "TypeError", "ReferenceError", "SyntaxError"):
            self.assertNotIn(text, said)


if __name__ == "__main__":
    unittest.main()
