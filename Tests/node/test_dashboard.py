"""The shipped scrape rules, alerts and dashboard, loaded by a real Prometheus that scrapes the lab's node."""
import json
import os
import shutil
import unittest
import urllib.parse

from labs import cgroups
from labs.files import read_text
from labs.node.case import NodeCase
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER
from labs.programs import ROOT
from labs.waiting import wait_until

PORT = 19090
# Families of queries that have no data on a node without trouble, and why.
EMPTY = {
    "kubelet_evictions": "no pod is ended for want of resources",
    "kubelet_admission_rejections_total": "every pod is taken",
    "kubelet_volume_stats_used_bytes": "no pod has a claim",
    "kubelet_runtime_operations_errors_total": "no operation fails",
    "kubeproxy_network_programming_duration_seconds": "measured for changes of endpoints that carry their time",
    "kubelet_certificate_manager_server_ttl_seconds": "shown where the serving certificate has an end that is known",
}


class Dashboard(NodeCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("prometheus") is None:
            raise unittest.SkipTest("SKIPPED: no prometheus; install Debian's package prometheus")
        super().setUpClass()
        cls.empty = dict(EMPTY)
        if "memory" not in read_text(os.path.join(cgroups.needed_hierarchy(), "cgroup.controllers")).split():
            cls.empty["pod_memory_working_set_bytes"] = "this machine's cgroup v2 has no controller of memory"

    def write_configuration(self):
        """The shipped files, with this lab's addresses and credentials and a scrape each second."""
        source = os.path.join(ROOT, "config", "prometheus")
        folder = self.lab.path("prometheus")
        os.makedirs(folder)
        shutil.copy(os.path.join(source, "rules.yml"), folder)
        with open(os.path.join(source, "prometheus.yml")) as file:
            text = file.read()
        files = f"cert_file: {self.lab.path('cluster', 'admin.crt')}, key_file: {self.lab.path('cluster', 'admin.key')}"
        for found, wanted in (
            ("scrape_interval: 30s", "scrape_interval: 1s\n  evaluation_interval: 1s"),
            ("    authorization: {credentials_file: /etc/prometheus/token}\n", ""),
            ("insecure_skip_verify: true}", f"insecure_skip_verify: true, {files}}}"),
            # The proxy's figures are on the node's loopback, where this Prometheus runs.
            ("node-1.example:10249", "127.0.0.1:10249"),
            ("node-1.example", NODE_IP),
        ):
            self.assertIn(found, text)
            text = text.replace(found, wanted)
        path = os.path.join(folder, "prometheus.yml")
        with open(path, "w") as file:
            file.write(text)
        return path

    def start_prometheus(self):
        path = self.write_configuration()
        self.lab.start(
            "prometheus", self.lab.node_namespace, "prometheus", f"--config.file={path}", f"--storage.tsdb.path={self.lab.path('tsdb')}",
            f"--web.listen-address=127.0.0.1:{PORT}", "--log.level=warn",
        )  # fmt: skip
        self.addCleanup(self.lab.stop, "prometheus")
        wait_until("prometheus", lambda: self.lab.on_node("curl", "-sf", f"http://127.0.0.1:{PORT}/-/ready", check=False).returncode == 0, 30)

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{PORT}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        answer = json.loads(self.lab.on_node("curl", "-sS", "--max-time", "10", url).stdout)
        self.assertEqual(answer["status"], "success", f"{path} {query}: {answer}")
        return answer["data"]

    def queries(self):
        with open(os.path.join(ROOT, "config", "grafana", "swiftlet.json")) as file:
            board = json.load(file)
        names = {variable["name"] for variable in board["templating"]["list"]}
        self.assertEqual(names, {"datasource", "node"})
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${datasource}", panel["title"])
                yield panel["title"], target["expr"].replace("$node", ".*").replace("$__rate_interval", "20s")

    def test_every_query_has_data(self):
        probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
        self.start_prometheus()

        def all_up():
            targets = self.ask("targets", state="active")["activeTargets"]
            return len(targets) == 5 and all(target["health"] == "up" for target in targets)

        wait_until("all targets to be up", all_up, 60)
        # Counters move while they are scraped.
        self.start_pod("watched", FOREVER, container={"readinessProbe": probe})
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "selector": {"app": "x"}}}
        self.lab.apply(service)

        panels = list(self.queries())
        self.assertGreater(len(panels), 30)
        for title, query in panels:
            reason = next((reason for family, reason in self.empty.items() if family in query), None)
            with self.subTest(panel=title, query=query):
                if reason is None:
                    wait_until(f"data for {title}", lambda query=query: self.ask("query", query=query)["result"], 60)
                else:
                    self.ask("query", query=query)
        # A name that nothing has would be empty as well.
        for family in self.empty:
            self.assertTrue(any(family in query for _, query in panels), family)

        def evaluated():
            rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
            return rules if all(rule["health"] != "unknown" for rule in rules) else None

        rules = wait_until("the alerts to be evaluated", evaluated, 30)
        self.assertGreaterEqual(len(rules), 8)
        self.assertEqual([(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"], [])
        self.assertEqual([rule["name"] for rule in rules if rule["state"] == "firing"], [])
        self.lab.delete("pod", "watched")
        self.lab.delete("service", "s")


if __name__ == "__main__":
    unittest.main()
