"""What metrics-server reads, beside the kernel's own counters."""
import time

from labs.exposition import Exposition
from labs.node.lab import NODE
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, container, flat, limits, running

SPAN = 60  # seconds between two scrapes
BUSY = "while :; do :; done"


class Counters(VMCase):
    def scrape(self):
        """As metrics-server does: one GET of /metrics/resource."""
        return Exposition(self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/metrics/resource").stdout)

    def used(self, cgroup):
        """Seconds of processor time, as the kernel counts them."""
        return flat(self.lab.read(f"{cgroup}/cpu.stat"))["usage_usec"] / 1e6

    def test_counters_agree_with_the_cgroups(self):
        """Over a minute, within 1 %. What the pod has used meanwhile lies between the readings around the scrapes."""
        with running(self.lab, manifest("busy", BUSY, **limits(cpu="200m", memory="64Mi"))):
            of_pod, of_container = container(self.lab, "busy")
            labels = {"namespace": "default", "pod": "busy"}
            readings = []
            for pause in (SPAN, 0):
                before = [self.used(cgroup) for cgroup in (of_container, of_pod)]
                found = self.scrape()
                after = [self.used(cgroup) for cgroup in (of_container, of_pod)]
                samples = [
                    found.samples("container_cpu_usage_seconds_total", container="c", **labels)[0],
                    found.samples("pod_cpu_usage_seconds_total", **labels)[0],
                ]
                readings.append((before, samples, after))
                time.sleep(pause)
            (before_1, first, after_1), (before_2, second, after_2) = readings
            for number, name in enumerate(("container", "pod")):
                least, most = before_2[number] - after_1[number], after_2[number] - before_1[number]
                counted = second[number].value - first[number].value
                self.assertGreater(least, 1, "the pod has done nothing that could be counted")
                self.assertTrue(0.99 * least <= counted <= 1.01 * most, f"{name}: {counted:.3f} s, the kernel says {least:.3f} to {most:.3f}")
                # metrics-server divides by the samples' own times.
                span = (second[number].milliseconds - first[number].milliseconds) / 1000
                self.assertAlmostEqual(span, SPAN, delta=0.25 * SPAN)
                self.note(f"{name} {counted:.2f} s in {span:.1f} s, kernel {least:.2f} to {most:.2f}")
            memory = flat(self.lab.read(f"{of_container}/memory.stat"))
            whole = int(self.lab.read(f"{of_container}/memory.current"))
            told = self.scrape().value("container_memory_working_set_bytes", container="c", **labels)
            self.assertAlmostEqual(told, whole - memory["inactive_file"], delta=max(0.1 * whole, 256 << 10))

    def test_node_and_all_pods(self):
        """The node's figures are those of the root cgroup, and no pod's is greater."""
        with running(self.lab, manifest("idle", "exec sleep 1000000")):
            found = self.scrape()
            node = found.value("node_cpu_usage_seconds_total")
            pods = sum(sample.value for sample in found.samples("pod_cpu_usage_seconds_total"))
            self.assertGreater(node, pods)
            all_pods = self.used(f"{ROOT}/kubepods")
            self.assertGreaterEqual(1.01 * all_pods, pods)
            self.assertEqual(found.value("resource_scrape_error"), 0)
