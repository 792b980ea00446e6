"""Two network namespaces joined by a cable: the node's, and the one where registry and control plane are."""
import subprocess
import sys
import uuid

from labs.snapshot import output

NODE_IP = "192.168.77.11"
CONTROL_IP = "192.168.77.1"
REGISTRY = f"{CONTROL_IP}:5000"
PRIVATE_PORT = 5001
PRIVATE_REGISTRY = f"{CONTROL_IP}:{PRIVATE_PORT}"
API_PORT = 6443


class Network:
    def __init__(self):
        self.id = uuid.uuid4().hex[:6]
        self.node_namespace = f"swl-{self.id}"
        self.control_namespace = f"swl-{self.id}-c"

    def make_network(self, stack):
        for name in (self.node_namespace, self.control_namespace):
            self.add_namespace(name, stack)
        cable = ["link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.control_namespace]
        self.ip(self.node_namespace, *cable)
        for name, address in ((self.node_namespace, NODE_IP), (self.control_namespace, CONTROL_IP)):
            self.ip(name, "address", "add", f"{address}/24", "dev", "eth0")
            self.ip(name, "link", "set", "eth0", "up")
        self.ip(self.node_namespace, "route", "add", "default", "via", CONTROL_IP)

    def add_namespace(self, name, stack):
        output("ip", "netns", "add", name)
        stack.callback(output, "ip", "netns", "delete", name)
        self.ip(name, "link", "set", "lo", "up")

    def ip(self, namespace, *arguments):
        return output("ip", "-n", namespace, *arguments)

    def inside(self, namespace):
        """The words that run a command in a namespace, keeping the machine's /sys (unlike `ip netns exec`)."""
        return ["nsenter", f"--net=/run/netns/{namespace}"]

    def run_in(self, namespace, *command, **options):
        return subprocess.run([*self.inside(namespace), *command], **{"check": True, "capture_output": True, "text": True, **options})

    def on_node(self, *command, **options):
        return self.run_in(self.node_namespace, *command, **options)

    def on_control(self, *command, **options):
        return self.run_in(self.control_namespace, *command, **options)

    def fetch(self, url, namespace=None, seconds=5):
        """The body of a page as seen from the node, or from another namespace."""
        return self.run_in(namespace or self.node_namespace, "curl", "-sS", "--fail", "--max-time", str(seconds), url).stdout

    def start_client(self, namespace, script, *arguments):
        """Starts a Python script in a namespace, with pipes for its input and output."""
        command = [*self.inside(namespace), sys.executable, "-c", script, *arguments]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
