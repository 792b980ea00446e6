"""The node's measured figures, as metrics-server, Prometheus and kubectl read them, while containers come and go."""
import json

from labs.exposition import Exposition
from labs.node.case import NodeCase
from labs.node.lab import NODE
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

BUSY = "trap 'exit 0' TERM; while :; do :; done"
# As long as names may be.
LONG = "c" + "o" * 61 + "n"


class Watch:
    """Compares each scrape with the ones before it, by what must hold in all of them."""

    def __init__(self, case):
        self.case = case
        self.counters = {}

    def resource(self):
        found = self.case.scrape("metrics/resource")
        self.case.assertEqual(found.value("resource_scrape_error"), 0)
        starts = {}
        for sample in found.samples("container_start_time_seconds"):
            self.case.assertGreater(sample.value, 0, sample.labels)
            starts[self.key(sample)] = sample.value
        for name in ("container_cpu_usage_seconds_total", "container_memory_working_set_bytes"):
            for sample in found.samples(name):
                self.case.assertGreaterEqual(sample.milliseconds / 1000 + 0.001, starts[self.key(sample)], sample.labels)
        for sample in found.samples("container_memory_working_set_bytes"):
            self.case.assertGreater(sample.value, 0, sample.labels)
        for sample in found.samples("container_cpu_usage_seconds_total"):
            self.rises("resource", (self.key(sample), starts[self.key(sample)]), sample.value)
        return found

    def containers(self):
        found = self.case.scrape("metrics/cadvisor")
        for family, kind in found.kinds.items():
            for sample in found.samples(family):
                if kind == "counter" and sample.labels.get("name"):
                    self.rises(family, tuple(sorted(sample.labels.items())), sample.value)
        for sample in found.samples("container_start_time_seconds"):
            self.case.assertGreater(sample.value, 0, sample.labels)
        names = [self.key(sample) for sample in found.samples("container_last_seen") if sample.labels["container"]]
        self.case.assertEqual(len(names), len(set(names)), "a container is there twice")
        return found

    def rises(self, family, key, value):
        before = self.counters.get((family, key), 0)
        self.case.assertGreaterEqual(value, before, (family, key))
        self.counters[family, key] = value

    @staticmethod
    def key(sample):
        return sample.labels["namespace"], sample.labels["pod"], sample.labels["container"]


class Statistics(NodeCase):
    def tearDown(self):
        self.lab.delete("pod", "--all")
        self.lab.wait_until_quiet()

    def raw(self, path):
        return self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/{path}").stdout

    def scrape(self, path):
        return Exposition(self.raw(path))

    def summary(self, path="stats/summary"):
        found = json.loads(self.raw(path))
        return found["node"], {pod["podRef"]["name"]: pod for pod in found["pods"]}

    def test_containers_come_and_go(self):
        initial = [{"name": "first", "image": "registry.example/busybox:1", "command": ["true"]}]
        self.lab.apply(
            manifest("busy", BUSY), manifest("long", FOREVER, container={"name": LONG}),
            manifest("restarts", "sleep 1; exit 1"), manifest("prepared", FOREVER, initContainers=initial),
            manifest("host", FOREVER, hostNetwork=True),
        )  # fmt: skip
        for name in ("busy", "long", "prepared", "host"):
            self.lab.wait_for("pod", name, "Ready")
        watch = Watch(self)

        def restarted():
            watch.resource()
            watch.containers()
            return self.container("restarts")["restartCount"] >= 2

        wait_until("two restarts", restarted, 60)

        found = watch.resource()
        shown = {(s.labels["pod"], s.labels["container"]) for s in found.samples("container_cpu_usage_seconds_total")}
        self.assertEqual(shown - {("restarts", "c")}, {("busy", "c"), ("long", LONG), ("prepared", "c"), ("host", "c")}, "no ended init container")
        # metrics-server leaves a pod out when one of the two is missing.
        sized = {(s.labels["pod"], s.labels["container"]) for s in found.samples("container_memory_working_set_bytes")}
        self.assertEqual(sized - {("restarts", "c")}, shown - {("restarts", "c")})
        self.assertEqual(len(found.samples("node_cpu_usage_seconds_total")), 1)
        self.assertGreater(found.value("node_memory_working_set_bytes"), 1 << 20)
        before = found.value("container_cpu_usage_seconds_total", pod="busy")
        busy = wait_until("more CPU time", lambda: self.more(watch, before + 0.5), 30)
        self.assertLess(busy, before + 60)

        self.check_networks(watch.containers())
        self.lab.delete("pod", "busy")
        # Scrapes within a second share a measurement.
        wait_until("a measurement without the deleted pod", lambda: not watch.resource().samples("pod_cpu_usage_seconds_total", pod="busy"), 5)
        self.assertEqual([s.labels for s in watch.resource().samples("container_cpu_usage_seconds_total", pod="busy")], [])
        self.assertEqual([s.labels for s in watch.containers().samples("container_last_seen", pod="busy")], [])

    def more(self, watch, least):
        value = watch.resource().value("container_cpu_usage_seconds_total", pod="busy")
        return value if value > least else None

    def check_networks(self, found):
        """One row for each pod with a network of its own, by its interface, and the node's without its pods' ends."""
        rows = found.samples("container_network_receive_bytes_total")
        pods = [s.labels["pod"] for s in rows if s.labels["pod"] not in ("", "restarts")]
        self.assertEqual(sorted(pods), ["busy", "long", "prepared"])
        for sample in rows:
            if sample.labels["pod"]:
                self.assertEqual((sample.labels["interface"], sample.labels["container"]), ("eth0", ""))
            else:
                self.assertFalse(sample.labels["interface"].startswith(("swl0", "lo", "veth")), sample.labels)
        node = self.lab.on_node("cat", "/sys/class/net/eth0/statistics/rx_bytes", check=False).stdout
        if node:
            self.assertLessEqual(found.value("container_network_receive_bytes_total", id="/", interface="eth0"), int(node))

    def test_summary(self):
        """The same figures as JSON; storage follows when the folders have been walked."""
        volumes = [{"name": "data", "emptyDir": {}}, {"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}}]
        mounts = [{"name": "data", "mountPath": "/data"}, {"name": "fast", "mountPath": "/fast"}]
        write = "dd if=/dev/zero of=/data/x bs=1k count=1024; dd if=/dev/zero of=/fast/x bs=1k count=512; dd if=/dev/zero of=/own bs=1k count=256; "
        self.start_pod("writer", write + BUSY, container={"volumeMounts": mounts, "readinessProbe": {"exec": {"command": ["test", "-s", "/own"]}}},
                       volumes=volumes)  # fmt: skip
        self.start_pod("host", FOREVER, hostNetwork=True)
        status = self.lab.get("pod", "writer")

        def measured():
            _, pods = self.summary()
            writer = pods.get("writer", {})
            return pods if "ephemeral-storage" in writer and "usageNanoCores" in writer["cpu"] else None

        pods = wait_until("the walk through the pod's folders, and a rate", measured, 90)
        node, _ = self.summary()
        self.assertEqual(node["nodeName"], NODE)
        for part in ("cpu", "memory", "io", "fs", "runtime", "rlimit", "swap", "network", "systemContainers"):
            self.assertIn(part, node)
        self.assertEqual([part["name"] for part in node["systemContainers"]], ["pods"])
        writer = pods["writer"]
        self.assertEqual(writer["podRef"]["uid"], status["metadata"]["uid"])
        self.assertEqual(writer["containers"][0]["startTime"], status["status"]["containerStatuses"][0]["state"]["running"]["startedAt"])
        self.assertLessEqual(writer["startTime"], writer["containers"][0]["startTime"])
        self.assertEqual(writer["network"]["name"], "eth0")
        self.assertGreaterEqual(writer["process_stats"]["process_count"], 2)
        self.assertNotIn("network", pods["host"])
        self.assertGreater(writer["cpu"]["usageNanoCores"], 1_000_000)
        used = {volume["name"]: volume["usedBytes"] for volume in writer["volume"]}
        self.assertGreaterEqual(used["data"], 1 << 20)
        self.assertGreaterEqual(used["fast"], 1 << 19)
        own = writer["containers"][0]["rootfs"]["usedBytes"]
        self.assertGreaterEqual(own, 1 << 18)
        self.assertGreaterEqual(writer["ephemeral-storage"]["usedBytes"], own + used["data"])

    def test_brief_summary(self):
        self.start_pod("plain", FOREVER)
        brief = "stats/summary?only_cpu_and_memory=true"
        wait_until("the pod's figures", lambda: "plain" in self.summary(brief)[1], 5)
        node, pods = self.summary(brief)
        self.assertEqual(set(node) - {"nodeName", "startTime", "cpu", "memory", "swap", "systemContainers"}, set())
        self.assertEqual(set(pods["plain"]) - {"podRef", "startTime", "containers", "cpu", "memory", "swap"}, set())
        self.assertIn("usageCoreNanoSeconds", pods["plain"]["containers"][0]["cpu"])

    def test_restarted_agent(self):
        """Another agent measures the same containers: their starts and counters go on."""
        self.start_pod("stays", BUSY)
        watch = Watch(self)
        # A measurement of the second before may be shared.
        start = wait_until("the pod's figures", lambda: watch.resource().value("container_start_time_seconds", pod="stays"), 5)
        watch.containers()
        self.lab.stop("agent")
        self.lab.start_agent()
        found = wait_until("the node's figures", lambda: self.answered(watch), 30)
        self.assertEqual(found.value("container_start_time_seconds", pod="stays"), start)
        watch.containers()

    def answered(self, watch):
        answer = self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/metrics/resource", check=False)
        if answer.returncode != 0 or not Exposition(answer.stdout).samples("container_start_time_seconds", pod="stays"):
            return None
        return watch.resource()
