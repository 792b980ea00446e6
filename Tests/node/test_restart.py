"""Pods, rules and connections outlive the agent, and the next agent finds them again."""
import json
import signal
import time

from labs import cgroups
from labs.node import example
from labs.node.case import NodeCase
from labs.node.example import PODS
from labs.programs import EXAMPLE

# The client makes all requests in one process, so that their number does not depend on the machine's speed.
CLIENT = """
import sys, time, urllib.request
count, seconds, urls = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
began, failed = time.monotonic(), 0
for number in range(count):
    try:
        assert b"hello from web-" in urllib.request.urlopen(urls[number % len(urls)], timeout=10).read()
    except Exception as error:
        failed += 1
        print(number, error, file=sys.stderr)
    time.sleep(max(0, began + (number + 1) * seconds / count - time.monotonic()))
print(failed)
"""


class Restart(NodeCase):
    def test_killed_agent(self):
        lab = self.lab
        example.apply(lab)
        urls = [url for way, url, _ in example.pages(lab) if "IP of" not in way]
        before = {pod: self.container(pod) for pod in PODS}
        processes = self.first_processes()
        rules = lab.on_node("nft", "list", "ruleset").stdout

        agent = lab.processes.pop("agent")
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        # The ClusterIP from the node, the NodePort from another host; 200 in all within 10 s.
        answers = [
            lab.start_client(lab.node_namespace, CLIENT, "100", "10", urls[0]),
            lab.start_client(lab.control_namespace, CLIENT, "100", "10", urls[1]),
        ]
        self.assertEqual([client.communicate(timeout=60)[0].strip() for client in answers], ["0", "0"])

        lab.start_agent()
        time_out = time.monotonic() + 20
        while json.loads(lab.swiftlet("pods", "-o", "json", check=False).stdout or "[]") == [] and time.monotonic() < time_out:
            pass
        lab.fetch(urls[0])
        self.assertEqual(self.first_processes(), processes)
        for pod in PODS:
            after = self.container(pod)
            self.assertEqual((after["containerID"], after["restartCount"], after["ready"]), (before[pod]["containerID"], 0, True))
        self.assertEqual(lab.on_node("nft", "list", "ruleset").stdout, rules)
        self.assertEqual(lab.kubectl("exec", "web-1", "--", "hostname").stdout, "web-1\n")
        lab.delete("-f", EXAMPLE)
        self.assertEqual(self.first_processes(), set())

    def first_processes(self):
        """Ids of all processes in the pods' cgroups."""
        found = set()
        for path in cgroups.below(self.lab.cgroup):
            if "/kubepods" in path:
                found.update(cgroups.members(path))
        return found

    def test_pods_deleted_while_away(self):
        """Orphans of a stopped agent are removed by the next one."""
        lab = self.lab
        example.apply(lab)
        lab.stop("agent")
        lab.delete("-f", EXAMPLE, "--force", "--grace-period=0")
        lab.start_agent()
        lab.wait_until_quiet()
        self.assertEqual(self.first_processes(), set())
