"""Several nodes, each in a network namespace of its own, with one control plane."""
import json
import os
import types

from labs.node import configuration
from labs.node.lab import Lab
from labs.node.network import CONTROL_IP
from labs.programs import program


class OtherNode:
    """A node beside the lab's own one: everything of it is below a folder and a cgroup of its own."""

    def __init__(self, lab, number):
        self.lab = lab
        self.number = number
        self.name = f"node-{number}"
        self.agent = f"agent-{number}"
        self.namespace = f"swl-{lab.id}-{number}"
        self.address = lab.address_of(number)

    def path(self, *parts):
        return self.lab.path(self.name, *parts)

    def write_configuration(self):
        for name in ("run", "state", "root", "logs", "etc"):
            os.makedirs(self.path(name), exist_ok=True)
        os.symlink(self.lab.path("cluster"), self.path("cluster"))
        cgroup = os.path.join(self.lab.cgroup, self.name)
        os.mkdir(cgroup)
        with open(self.path("etc", "resolv.conf"), "w") as file:
            file.write(f"nameserver {CONTROL_IP}\nsearch lab.test\n")
        place = types.SimpleNamespace(base=self.path(), cgroup=cgroup)
        text = configuration.TEXT.format(lab=place, shim=program("swiftlet-shim"), pause=program("swiftlet-pause"))
        with open(self.path("etc", "swiftlet.yaml"), "w") as file:
            file.write(text + self.lab.more_configuration)

    def start(self):
        self.lab.start(
            self.agent, self.namespace, program("swiftlet"), "run", "--config", self.path("etc", "swiftlet.yaml"), "--kubeconfig",
            self.path("cluster", f"node-{self.name}.kubeconfig"), "--hostname-override", self.name, "--node-ip", self.address, "--run-dir",
            self.path("run"), "--state-dir", self.path("state"), "--root-dir", self.path("root"),
        )  # fmt: skip
        self.lab.wait_for("node", self.name, "Ready", 20)

    def stop(self):
        self.lab.stop(self.agent)

    def run(self, *command, **options):
        return self.lab.run_in(self.namespace, *command, **options)

    def swiftlet(self, *arguments, **options):
        return self.run(program("swiftlet"), *arguments, "--socket", self.path("run", "admin.sock"), **options)

    def log(self):
        with open(self.lab.path(f"{self.agent}.log"), errors="replace") as file:
            return file.read()


class Cluster(Lab):
    """Three nodes: the lab's own, and two others."""

    # Text at the end of every node's configuration.
    more_configuration = ""
    # False: all nodes are on one link. True: each is on a link of its own, and the control plane's namespace routes between them.
    apart = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.others = [OtherNode(self, number) for number in (2, 3)]

    def address_of(self, number):
        return f"192.168.{76 + number if self.apart else 77}.{10 + number}"

    def namespace_of(self, number):
        return self.node_namespace if number == 1 else f"swl-{self.id}-{number}"

    def make_network(self, stack):
        control = self.control_namespace
        for namespace in (control, *(self.namespace_of(number) for number in (1, 2, 3))):
            self.add_namespace(namespace, stack)
        if not self.apart:
            self.ip(control, "link", "add", "lab0", "type", "bridge")
            self.ip(control, "address", "add", f"{CONTROL_IP}/24", "dev", "lab0")
            self.ip(control, "link", "set", "lab0", "up")
        else:
            self.on_control("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for number in (1, 2, 3):
            node = self.namespace_of(number)
            self.ip(node, "link", "add", "eth0", "type", "veth", "peer", "name", f"n{number}", "netns", control)
            gateway = CONTROL_IP
            if self.apart:
                gateway = f"192.168.{76 + number}.1"
                self.ip(control, "address", "add", f"{gateway}/24", "dev", f"n{number}")
                self.ip(control, "link", "set", f"n{number}", "up")
            else:
                self.ip(control, "link", "set", f"n{number}", "master", "lab0", "up")
            self.ip(node, "address", "add", f"{self.address_of(number)}/24", "dev", "eth0")
            self.ip(node, "link", "set", "eth0", "up")
            self.ip(node, "route", "add", "default", "via", gateway)

    def start_control_plane(self, *more):
        super().start_control_plane(*(word for node in self.others for word in ("--node", node.name)), *more)

    def write_configuration(self):
        super().write_configuration()
        with open(self.config, "a") as file:
            file.write(self.more_configuration)
        for node in self.others:
            node.write_configuration()

    def start_agent(self, *more, ready=True):
        super().start_agent(*more, ready=ready)
        for node in self.others:
            if node.agent not in self.processes:
                node.start()

    def stop_all(self):
        for node in self.others:
            node.stop()
        super().stop_all()

    def pod_range(self, name):
        return self.get("node", name)["spec"]["podCIDR"]

    def routes(self, number=1):
        """Returns {destination: gateway} of the routes that a node's agent has made."""
        answer = self.run_in(self.namespace_of(number), "ip", "-j", "route", "show", "proto", "83")
        return {route["dst"]: route.get("gateway") for route in json.loads(answer.stdout or "[]")}
