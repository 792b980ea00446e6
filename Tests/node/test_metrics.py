"""The agent's own metrics and the other pages of its endpoint, as Prometheus, kubectl and operators read them."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

from labs.exposition import Exposition
from labs.node.case import NodeCase
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER
from labs.programs import ROOT
from labs.waiting import wait_until

CONFIGURATION = os.path.join(ROOT, "config", "prometheus")


class MetricsCase(NodeCase):
    def get(self, path, *options, check=True):
        """Asks the node's endpoint as the cluster's administrator."""
        certificate = ("--cert", self.lab.path("cluster", "admin.crt"), "--key", self.lab.path("cluster", "admin.key"))
        answer = self.lab.on_control("curl", "-sSk", "--max-time", "20", *certificate, *options, f"https://{NODE_IP}:10250{path}", check=check)
        return answer.stdout

    def metrics(self, path="/metrics"):
        text = self.get(path)
        # Without any probe there is nothing on their page.
        return Exposition(text).by_series() if text else {}


class Metrics(MetricsCase):
    def test_pods_with_probes_move_the_figures(self):
        wait_until("no pod of another test", lambda: self.metrics()["kubelet_running_pods"] == 0, 30)
        before = self.metrics()
        self.assertEqual(before['kubelet_node_name{node="node-1"}'], 1)
        probes = {
            "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1},
            "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1},
        }  # fmt: skip
        self.start_pod("probed", FOREVER, container=probes)
        self.start_pod("plain", FOREVER, volumes=[{"name": "v", "emptyDir": {}}], container={"volumeMounts": [{"name": "v", "mountPath": "/v"}]})
        labels = 'container="c",namespace="default",pod="probed"'

        def successes(kind):
            uid = self.lab.get("pod", "probed")["metadata"]["uid"]
            page = self.metrics("/metrics/probes")
            return page.get(f'prober_probe_total{{{labels},pod_uid="{uid}",probe_type="{kind}",result="successful"}}', 0)

        for kind in ("Readiness", "Liveness"):
            wait_until(f"successful {kind} probes", lambda kind=kind: successes(kind) >= 2, 30)
        self.assertGreaterEqual(self.metrics("/metrics/probes")[f'prober_probe_duration_seconds_count{{{labels},probe_type="Readiness"}}'], 2)

        after = self.metrics()

        def moved(series):
            return after.get(series, 0) - before.get(series, 0)

        self.assertEqual(after["kubelet_running_pods"], 2)
        self.assertEqual(after['kubelet_running_containers{container_state="running"}'], 2)
        self.assertEqual(after['kubelet_desired_pods{static=""}'], 2)
        self.assertEqual(after['kubelet_active_pods{static=""}'], 2)
        self.assertEqual(after['volume_manager_total_volumes{plugin_name="kubernetes.io/empty-dir",state="actual_state_of_world"}'], 1)
        self.assertEqual(moved("kubelet_started_pods_total"), 2)
        self.assertEqual(moved('kubelet_started_containers_total{container_type="container"}'), 2)
        for name in ("start", "start_sli", "start_total", "worker_start"):
            self.assertEqual(moved(f"kubelet_pod_{name}_duration_seconds_count"), 2, name)
        self.assertLess(moved("kubelet_pod_start_sli_duration_seconds_sum"), 60)
        self.assertEqual(moved('kubelet_run_podsandbox_duration_seconds_count{runtime_handler=""}'), 2)
        self.assertEqual(moved('kubelet_runtime_operations_total{operation_type="start_container"}'), 2)
        self.assertGreaterEqual(moved('kubelet_runtime_operations_total{operation_type="exec_sync"}'), 4)
        self.assertEqual(sum(v for k, v in after.items() if k.startswith("kubelet_image_pull_duration_seconds_count{")), 1)
        mount = 'migrated="false",operation_name="volume_mount",status="success",volume_plugin="kubernetes.io/empty-dir"'
        self.assertEqual(moved(f"storage_operation_duration_seconds_count{{{mount}}}"), 1)
        patches = sum(v for k, v in after.items() if re.match(r'rest_client_requests_total\{code="200",host="[^"]+",method="PATCH"\}', k))
        self.assertGreaterEqual(patches, 2)
        self.assertGreater(after["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(after["process_cpu_seconds_total"], 0)
        self.assertTrue(any(k.startswith("kubernetes_build_info{") and 'git_version="v1.' in k for k in after))
        own = 'long_running="false",method="GET",path="metrics",server_type="readwrite"'
        self.assertGreaterEqual(after[f"kubelet_http_requests_total{{{own}}}"], 3)
        self.assertEqual(after[f"kubelet_http_inflight_requests{{{own}}}"], 1)

        self.lab.delete("pod", "probed", "plain")
        wait_until("the probes' series to go with their pod", lambda: not self.metrics("/metrics/probes"), 30)
        wait_until("no pod", lambda: self.metrics()["kubelet_running_pods"] == 0, 30)

    def test_a_start_that_fails_is_counted(self):
        code = 'kubelet_started_containers_errors_total{code="ErrImageNeverPull",container_type="container"}'
        self.lab.apply(self.never_pulled("absent"))
        wait_until("the failure", lambda: self.metrics().get(code, 0) >= 1, 30)
        self.lab.delete("pod", "absent")

    def never_pulled(self, name):
        container = {"name": "c", "image": "registry.example/absent:1", "imagePullPolicy": "Never"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}

    def test_many_paths_make_few_series(self):
        for number in range(30):
            self.get(f"/nothing-{number}")
        paths = {re.search('path="([^"]*)"', k).group(1) for k in self.metrics() if k.startswith("kubelet_http_requests_total")}
        self.assertIn("Invalid path", paths)
        self.assertFalse([path for path in paths if "nothing" in path])

    def test_the_proxy_has_a_page_of_its_own(self):
        def page():
            return Exposition(self.lab.on_node("curl", "-sS", "http://127.0.0.1:10249/metrics").stdout).by_series()

        def syncs():
            return page().get('kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"}', 0)

        wait_until("the first sync", lambda: syncs() > 0, 30)
        before = page()
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "counted"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}
        self.lab.apply(service)
        wait_until("a sync for the Service", lambda: syncs() > before['kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"}'], 30)
        after = page()
        total = "kubeproxy_sync_proxy_rules_service_changes_total"
        self.assertGreater(after[total], before[total])
        self.assertGreater(after['kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}'], 1.7e9)
        self.assertEqual(after['kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"}'], 0)
        self.assertEqual(self.lab.on_node("curl", "-sS", "http://127.0.0.1:10249/proxyMode").stdout, "nftables")
        self.assertEqual(self.lab.on_node("curl", "-sS", "http://127.0.0.1:10249/healthz").stdout, "ok")
        self.lab.delete("service", "counted")


class Pages(MetricsCase):
    def test_configuration_and_running_pods(self):
        configuration = json.loads(self.get("/configz"))["kubeletconfig"]
        self.assertEqual(configuration["kind"], "KubeletConfiguration")
        self.assertEqual(configuration["clusterDNS"], ["10.96.0.10"])
        self.assertEqual(configuration["evictionHard"]["nodefs.available"], "1%")
        self.assertFalse(configuration["authentication"]["anonymous"]["enabled"])
        self.start_pod("shown", FOREVER)
        pods = json.loads(self.get("/runningpods/"))
        self.assertEqual(pods["kind"], "PodList")
        self.assertEqual([(p["metadata"]["name"], [c["name"] for c in p["spec"]["containers"]]) for p in pods["items"]], [("shown", ["c"])])
        self.lab.delete("pod", "shown")

    def test_a_command_is_run_and_its_output_returned(self):
        self.start_pod("runs", FOREVER)
        self.assertEqual(self.get("/run/default/runs/c?cmd=echo+one+two", "-X", "POST"), "one two\n")
        self.assertIn("exited with 1", self.get("/run/default/runs/c?cmd=false", "-X", "POST"))
        code = self.get("/run/default/runs/c?cmd=ls", "-X", "POST", "-o", "/dev/null", "-w", "%{http_code}", "--cert", "", "--key", "", check=False)
        self.assertNotEqual(code[-3:], "200")
        # A client that has left wants no command any more.
        client = threading.Thread(target=self.get, args=("/run/default/runs/c?cmd=sleep+54321", "-X", "POST", "--max-time", "10"),
                                  kwargs={"check": False})
        client.start()
        wait_until("the command", lambda: "sleep 54321" in self.lab.kubectl("exec", "runs", "--", "ps").stdout, 9)
        client.join()
        wait_until("the command's end", lambda: "sleep 54321" not in self.lab.kubectl("exec", "runs", "--", "ps").stdout, 20)
        self.lab.delete("pod", "runs")

    def test_service_levels(self):
        self.get("/healthz")
        page = self.metrics("/metrics/slis")
        self.assertEqual(page['kubernetes_healthcheck{name="syncloop",type="healthz"}'], 1)
        self.assertGreaterEqual(page['kubernetes_healthchecks_total{name="syncloop",status="success",type="healthz"}'], 1)

    def test_strangers_see_nothing(self):
        for path in ("/metrics", "/metrics/probes", "/configz", "/runningpods/"):
            answer = self.lab.on_control("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", f"https://{NODE_IP}:10250{path}", check=False)
            self.assertEqual(answer.stdout, "401", path)


class Promtool(MetricsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.promtool = shutil.which("promtool") or cls.unpacked()
        if cls.promtool is None:
            raise unittest.SkipTest("SKIPPED: promtool, the package prometheus cannot be had")

    @classmethod
    def unpacked(cls):
        """Returns promtool out of Debian's package, which is not installed: it would start a server."""
        folder = tempfile.mkdtemp(prefix="swiftlet-promtool-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        try:
            quiet = {"cwd": folder, "check": True, "timeout": 120, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(["apt-get", "-q", "download", "prometheus"], **quiet)
            package = next(name for name in os.listdir(folder) if name.endswith(".deb"))
            subprocess.run(["dpkg-deb", "-x", package, "x"], **quiet)
        except (OSError, subprocess.SubprocessError, StopIteration):
            return None
        program = os.path.join(folder, "x", "usr", "bin", "promtool")
        return program if os.path.exists(program) else None

    def check(self, *arguments, **options):
        return subprocess.run([self.promtool, "check", *arguments], capture_output=True, text=True, timeout=60, **options)

    def test_the_shipped_configuration_is_good(self):
        for arguments in (("config", "--syntax-only", "prometheus.yml"), ("rules", "rules.yml")):
            answer = self.check(*arguments, cwd=CONFIGURATION)
            self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_every_page_is_parsed(self):
        self.start_pod("page", FOREVER, container={"readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}})
        wait_until("a probe", lambda: self.metrics("/metrics/probes"), 20)
        pages = [self.get(path) for path in ("/metrics", "/metrics/probes", "/metrics/slis")]
        pages.append(self.lab.on_node("curl", "-sS", "http://127.0.0.1:10249/metrics").stdout)
        for page in pages:
            answer = self.check("metrics", input=page)
            # 3: advice about names, which are Kubernetes' own.
            self.assertIn(answer.returncode, (0, 3), answer.stderr)
        self.lab.delete("pod", "page")


if __name__ == "__main__":
    unittest.main()
