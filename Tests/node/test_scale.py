"""Many pods and many Services: together, and without a trace afterwards."""
import re

from labs.node.case import NodeCase
from labs.node.pods import manifest
from labs.waiting import wait_until

# There are twenty of them, so each one wakes up less often than those of other tests.
FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.2; done"
COUNT = 20


def service(number, endpoints):
    """A Service without selector and its slice."""
    name = f"many-{number}"
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80, "targetPort": 8080}]}},
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-x", "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4", "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            "endpoints": [{"addresses": [f"10.250.{number % 250}.{i + 1}"], "conditions": {"ready": True}} for i in range(endpoints)],
        },
    ]  # fmt: skip


class Scale(NodeCase):
    def test_twenty_pods_at_once(self):
        lab = self.lab
        # The first pod of a node makes lasting objects: spawner and the classes' cgroups.
        lab.apply(manifest("first", FOREVER))
        lab.wait_for("pod", "first", "Ready")
        lab.delete("pod", "first")
        lab.wait_until_quiet()
        before = lab.state()
        names = [f"p{i}" for i in range(COUNT)]
        lab.apply(*[manifest(name, FOREVER) for name in names])
        for name in names:
            lab.wait_for("pod", name, "Ready")
        pods = [p for p in lab.get("pods")["items"] if p["metadata"]["name"] in names]
        self.assertEqual(len({p["status"]["podIP"] for p in pods}), COUNT)
        self.check_shims()
        lab.delete("pod", *names)
        lab.wait_until_quiet()
        self.assertEqual(lab.state(), before)

    def check_shims(self):
        """A shim and the spawner hold at most 400 KB of anonymous memory each."""
        sizes = self.lab.anonymous_memory()
        self.assertGreaterEqual(len(sizes), COUNT + 1)
        self.assertLessEqual(max(sizes.values()), 400, sizes)
        self.note(f"anonymous memory of {len(sizes)} shims and spawner: {min(sizes.values())} to {max(sizes.values())} KB")

    def test_rules_do_not_grow_with_services(self):
        lab = self.lab
        self.add(range(5))
        few = self.count()
        self.add(range(5, 500))
        wait_until("500 Services in the rules", lambda: self.elements() >= 500 * 3, 60)
        self.assertEqual(self.count(), few)
        lab.kubectl("delete", "services,endpointslices", "--all", "--wait=false")

    def add(self, numbers):
        objects = [o for number in numbers for o in service(number, 3)]
        self.lab.apply(*objects)
        wait_until("the Services' rules", lambda: self.elements() >= 3 * (max(numbers) + 1), 60)

    def elements(self):
        """Endpoints of the test's Services in the kernel's maps."""
        return len(re.findall(r"10\.250\.\d+\.\d+ \. 8080", self.rules()))

    def count(self):
        rules = self.rules()
        chains = re.findall(r"^\s*chain ", rules, re.M)
        lines = [line for chain in re.findall(r"chain \S+ \{(.*?)\n\t\}", rules, re.S) for line in chain.splitlines() if line.strip()]
        return len(chains), len(lines)

    def rules(self):
        return self.lab.on_node("nft", "list", "ruleset").stdout
