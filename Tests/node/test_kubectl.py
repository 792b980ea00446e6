"""An operator's work with kubectl, and the node as pods see it."""
import json
import time

from labs.exposition import Exposition
from labs.node import example
from labs.node.case import NodeCase
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER, manifest
from labs.programs import EXAMPLE
from labs.waiting import wait_until


class Kubectl(NodeCase):
    def test_example(self):
        lab = self.lab
        example.apply(lab)
        wide = lab.kubectl("get", "pods", "-o", "wide").stdout
        self.assertRegex(wide, r"web-1 +1/1 +Running +0 +\S+ +10\.244\.0\.\d+ +node-1")
        described = lab.kubectl("describe", "pod", "web-1").stdout
        for word in ("Successfully assigned default/web-1 to node-1", "Container started", "Container ID:   swiftlet://"):
            self.assertIn(word, described)
        self.assertEqual(lab.kubectl("exec", "web-1", "--", "hostname").stdout, "web-1\n")
        answer = lab.kubectl("exec", "-i", "web-1", "--", "sh", "-c", "cat; echo oops >&2; exit 3", input="from stdin\n", check=False)
        self.assertEqual((answer.returncode, answer.stdout), (3, "from stdin\n"))
        self.assertIn("oops", answer.stderr)
        lab.delete("-f", EXAMPLE)
        self.assertNotIn("web-", lab.kubectl("get", "pods").stdout)

    def test_logs_follow_to_the_end(self):
        self.lab.apply(manifest("counter", "for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done", restartPolicy="Never"))
        self.lab.wait_for("pod", "counter", "PodReadyToStartContainers")
        wait_until("a log", lambda: self.lab.kubectl("logs", "counter", check=False).stdout)
        followed = self.lab.kubectl("logs", "-f", "counter", timeout=60).stdout
        self.assertEqual(followed, "".join(f"line {i}\n" for i in range(1, 6)))
        self.assertEqual(self.lab.kubectl("logs", "counter", "--tail=2").stdout, "line 4\nline 5\n")
        self.assertRegex(self.lab.kubectl("logs", "counter", "--tail=1", "--timestamps").stdout, r"^20\d\d-\S+Z line 5\n$")
        self.lab.delete("pod", "counter")

    def test_previous_log_after_a_restart(self):
        self.lab.apply(manifest("again", "echo start; sleep 0.3; exit 1"))
        wait_until("a restart", lambda: self.lab.get("pod", "again")["status"].get("containerStatuses", [{}])[0].get("restartCount", 0) >= 1)
        self.assertEqual(self.lab.kubectl("logs", "-p", "again").stdout, "start\n")
        self.lab.delete("pod", "again")

    def test_sigterm_handler_is_waited_for(self):
        script = "trap 'sleep 2; exit 0' TERM; while :; do sleep 0.05; done"
        self.lab.apply(manifest("slow", script, terminationGracePeriodSeconds=30))
        self.lab.wait_for("pod", "slow", "Ready")
        began = time.monotonic()
        self.lab.delete("pod", "slow")
        took = time.monotonic() - began
        self.assertGreaterEqual(took, 2.0)
        self.assertLess(took, 20, "it was not waited for until SIGKILL")

    def test_environment_and_volumes(self):
        """Everything a pod gets from its spec, ConfigMaps, Secrets and node arrives in the container."""
        objects = [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast", "file.txt": "from a map\n"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"token": "s3cret"}},
        ]
        pod = manifest(
            "full", FOREVER,
            container={
                "env": [
                    {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
                    {"name": "BOTH", "value": "$(MODE)-$$(MODE)"},
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                    {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
                ],
                "envFrom": [{"secretRef": {"name": "keys"}, "prefix": "K_"}],
                "workingDir": "/data", "args": [],
                "securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [
                    {"name": "map", "mountPath": "/map"}, {"name": "secret", "mountPath": "/secret", "readOnly": True},
                    {"name": "work", "mountPath": "/data"}, {"name": "fast", "mountPath": "/fast"},
                    {"name": "map", "mountPath": "/one.txt", "subPath": "file.txt"}, {"name": "node", "mountPath": "/node", "readOnly": True},
                ],
            },
            securityContext={"fsGroup": 2000},
            volumes=[
                {"name": "map", "configMap": {"name": "settings"}}, {"name": "secret", "secret": {"secretName": "keys", "defaultMode": 0o400}},
                {"name": "work", "emptyDir": {}}, {"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}},
                {"name": "node", "hostPath": {"path": "/etc", "type": "Directory"}},
            ],
        )  # fmt: skip
        self.lab.apply(*objects, pod)
        self.lab.wait_for("pod", "full", "Ready")
        ip = self.lab.get("pod", "full")["status"]["podIP"]
        self.assertEqual(self.inside("echo $MODE $BOTH $IP $HOST $K_token"), f"fast fast-$(MODE) {ip} {NODE_IP} s3cret")
        self.assertEqual(self.inside("cat /map/file.txt /one.txt"), "from a map\nfrom a map")
        self.assertEqual(self.inside("cat /secret/token; id -u; id -g; pwd"), "s3cret1000\n3000\n/data")
        self.assertIn("2000", self.inside("id -G"))
        self.assertEqual(self.inside("touch /data/x /fast/y && stat -c %g /data/x"), "2000")
        self.assertEqual(self.inside("test -e /node/passwd && touch /node/no 2>/dev/null || echo refused"), "refused")
        self.assertIn("CapEff:\t0000000000000000", self.inside("grep CapEff /proc/self/status"))
        self.assertIn("NoNewPrivs:\t1", self.inside("grep NoNewPrivs /proc/self/status"))
        self.assertIn("4096", self.inside("df -k /fast | tail -1"))
        self.assertRegex(self.inside("cat /var/run/secrets/kubernetes.io/serviceaccount/token"), r"^[\w-]+\.[\w-]+\.[\w-]+$")
        self.assertEqual(self.inside("cat /etc/resolv.conf").splitlines()[-1], "options ndots:5")
        # A changed ConfigMap reaches the running container, except through subPath.
        self.lab.kubectl("patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"file.txt":"changed\\n"}}')
        wait_until("the new content", lambda: self.inside("cat /map/file.txt") == "changed", 20)
        self.assertEqual(self.inside("cat /one.txt"), "from a map")
        self.lab.delete("pod", "full")

    def inside(self, script):
        return self.lab.kubectl("exec", "full", "--", "sh", "-c", script).stdout.strip()

    def test_endpoint_needs_credentials(self):
        """Without a client certificate or token the node's endpoint answers 401."""
        answer = self.lab.on_control("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", f"https://{NODE_IP}:10250/pods", check=False)
        self.assertEqual(answer.stdout, "401")
        answer = self.lab.on_control(
            "curl", "-sk", "-w", "%{http_code}", "-H", "Authorization: Bearer nonsense", f"https://{NODE_IP}:10250/containerLogs/default/x/c",
            check=False
        )
        self.assertTrue(answer.stdout.endswith("401"), answer.stdout)
        listed = self.lab.kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/pods").stdout
        self.assertEqual(json.loads(listed)["kind"], "PodList")
        health = self.lab.on_node("curl", "-s", "http://127.0.0.1:10248/healthz", check=False)
        self.assertEqual(health.stdout, "ok")

    def test_pages_behind_the_api_server(self):
        """Each page of the node's endpoint, on the way on which dashboards and metrics-server read it."""
        probe = {"exec": {"command": ["true"]}, "periodSeconds": 1}
        self.start_pod("probed", FOREVER, container={"livenessProbe": probe})

        def page(path):
            return self.lab.kubectl("get", "--raw", f"/api/v1/nodes/node-1/proxy/{path}").stdout

        series = "prober_probe_total{"
        wait_until("a probe", lambda: series in page("metrics/probes"), 30)
        families = {
            "metrics": "kubelet_running_pods ", "metrics/resource": "container_cpu_usage_seconds_total{",
            "metrics/cadvisor": "container_memory_working_set_bytes{", "metrics/probes": series, "metrics/slis": "kubernetes_healthcheck{",
        }  # fmt: skip
        for path, name in families.items():
            self.assertIn("\n" + name, page(path), path)
            self.assertTrue(Exposition(page(path)).families, path)
        for path in ("pods", "runningpods", "runningpods/"):
            self.assertIn("probed", [pod["metadata"]["name"] for pod in json.loads(page(path))["items"]], path)
        summary = json.loads(page("stats/summary"))
        self.assertIn("probed", [pod["podRef"]["name"] for pod in summary["pods"]])
        self.assertEqual(json.loads(page("configz"))["kubeletconfig"]["kind"], "KubeletConfiguration")
        self.assertEqual(page("healthz"), "ok")
        self.assertEqual(page("healthz/ping"), "ok")
        answer = self.lab.kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/nothing", check=False)
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn("404 page not found", answer.stderr)
        self.lab.delete("pod", "probed")

    def test_node_called_unknown_reports_ready(self):
        """A condition that a control plane sets after an outage is corrected at once, not with the next heartbeat."""
        patch = {"status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}}
        self.lab.patch("/api/v1/nodes/node-1/status", patch)
        self.lab.wait_for("node", "node-1", "Ready", 10)

    def test_operators_commands(self):
        lab = self.lab
        lab.apply(manifest("shown", "echo hello from the log; " + FOREVER))
        lab.wait_for("pod", "shown", "Ready")
        self.assertIn("Ready:            yes", lab.swiftlet("status").stdout)
        self.assertRegex(lab.swiftlet("pods").stdout, r"default +shown +1/1 +Running")
        self.assertEqual(lab.swiftlet("logs", "shown").stdout, "hello from the log\n")
        answer = lab.swiftlet("exec", "-i", "shown", "--", "sh", "-c", "cat; exit 4", input="in", check=False)
        self.assertEqual((answer.returncode, answer.stdout), (4, "in"))
        self.assertIn("10.96.0.1:443", lab.swiftlet("proxy", "ls").stdout)
        lab.delete("pod", "shown")
