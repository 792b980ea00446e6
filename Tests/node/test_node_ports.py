"""NodePorts of three nodes, of which two have an endpoint: who answers, which address the endpoint sees, and where a packet is translated."""
import ipaddress

from labs.node.across import NODES, AcrossCase, server
from labs.node.capture import Capture
from labs.node.cluster import Cluster
from labs.waiting import wait_until

PORT = 30080
WITH_ENDPOINT = (1, 3)


class NodePorts(AcrossCase):
    # The address under which a node forwards to pods of other nodes.
    def forwarding_address(self, number):
        return self.lab.address_of(number)

    def client_address(self, number):
        """The control plane's address, as clients there have it when they talk to a node."""
        return str(next(ipaddress.ip_network(f"{self.lab.address_of(number)}/24", strict=False).hosts()))

    def expose(self, name="who", **spec):
        spec = {"selector": {"app": "who"}, "ports": [{"port": 8080, **spec.pop("port", {})}], **spec}
        self.lab.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
        return self.lab.get("service", name)["spec"]["clusterIP"]

    def ask_outside(self, number, patience=5):
        """Asks at a node's NodePort from the control plane."""
        return self.ask_in(self.lab.control_namespace, self.lab.address_of(number), PORT, patience)

    def follow(self, ask):
        """Returns the answer, and the hops of its connection on each node."""
        with Capture(self.lab, {number: self.lab.namespace_of(number) for number in NODES}, PORT, 8080) as capture:
            found = ask()
        return found, capture.hops

    def number_of(self, found):
        self.assertIsNotNone(found, "no answer")
        return int(found[0].removeprefix("on-"))

    def test_policies(self):
        self.start_servers([server(1), server(2, app="client"), server(3)])
        pods = self.pod_addresses(*NODES)
        cluster_ip = self.expose(type="NodePort", port={"nodePort": PORT})
        for number in NODES:
            wait_until(f"answers of both endpoints at node-{number}", lambda: self.outside_names(number) == {"on-1", "on-3"}, 20)

        with self.subTest("policy Cluster: masqueraded once, by the node that the client has asked"):
            for number in NODES:
                found, hops = self.follow(lambda: self.ask_outside(number))
                target = self.number_of(found)
                asked, forwarded = hops[number][:2]
                self.assertEqual(asked[0::2], (self.client_address(number), self.lab.address_of(number)))
                self.assertEqual(forwarded[2:], (pods[target], 8080))
                # A node reaches its own pods under its address on their bridge.
                own = self.gateway(number) if target == number else self.forwarding_address(number)
                self.assertEqual((forwarded[0], found[1]), (own, own), "the endpoint sees the node")
                # In this order: they may be one node.
                expected = {target: [forwarded], number: [asked, forwarded]}
                self.assertEqual(hops, {n: expected.get(n, []) for n in NODES}, "no other translation, and no other node on the way")

        with self.subTest("a pod to the ClusterIP: its destination is translated on its own node, and its address stays"):
            found, hops = self.follow(lambda: self.ask_from(2, cluster_ip))
            target = self.number_of(found)
            port = hops[2][0][1]
            led = (pods[2], port, pods[target], 8080)
            self.assertEqual(hops, {n: {2: [(pods[2], port, cluster_ip, 8080), led], target: [led]}.get(n, []) for n in NODES})
            self.assertEqual(found[1], pods[2])

        self.expose(type="NodePort", port={"nodePort": PORT}, externalTrafficPolicy="Local")
        for number in WITH_ENDPOINT:
            wait_until(f"policy Local at node-{number}", lambda: self.outside_names(number) == {f"on-{number}"}, 20)
        wait_until("policy Local at node-2", lambda: self.ask_outside(2, patience=2) is None, 20)

        with self.subTest("policy Local: this node's endpoint sees the client"):
            for number in WITH_ENDPOINT:
                found, hops = self.follow(lambda: self.ask_outside(number))
                client = self.client_address(number)
                self.assertEqual(found, (f"on-{number}", client))
                port = hops[number][0][1]
                way = [(client, port, self.lab.address_of(number), PORT), (client, port, pods[number], 8080)]
                self.assertEqual(hops, {n: way if n == number else [] for n in NODES}, "the source is never translated")

        with self.subTest("policy Local: a node without an endpoint drops"):
            found, hops = self.follow(lambda: self.ask_outside(2, patience=2))
            self.assertIsNone(found)
            came = (self.client_address(2), self.lab.address_of(2))
            self.assertEqual({n: [hop[0::2] for hop in hops[n]] for n in NODES}, {1: [], 2: [came], 3: []})

        with self.subTest("policy Local does not bind pods: from a node without an endpoint they reach all of them, under their own address"):
            address = self.lab.address_of(2)
            answers = {self.ask_from(2, address, PORT) for _ in range(40)}
            self.assertEqual(answers, {(f"on-{number}", pods[2]) for number in WITH_ENDPOINT})

        with self.subTest("internal policy Local"):
            inner = self.expose("inner", internalTrafficPolicy="Local")
            for number in WITH_ENDPOINT:
                # The pod is its own endpoint, which answers through the node.
                wanted = (f"on-{number}", self.gateway(number))
                wait_until(f"an answer on node-{number}", lambda: self.ask_from(number, inner) is not None, 20)
                self.assertEqual({self.ask_from(number, inner) for _ in range(6)}, {wanted})
            self.assertEqual(self.names_in(self.lab.namespace_of(3), inner, 8080), {"on-3"}, "the node itself")
            found, hops = self.follow(lambda: self.ask_from(2, inner, patience=2))
            self.assertIsNone(found, "no endpoint on node-2")
            self.assertEqual({n: [hop[2] for hop in hops[n]] for n in NODES}, {1: [], 2: [inner], 3: []}, "nothing leaves the node")

    def outside_names(self, number):
        return self.names_in(self.lab.control_namespace, self.lab.address_of(number), PORT)

    def gateway(self, number):
        """A node's address on the bridge of its pods."""
        return str(ipaddress.ip_network(self.lab.pod_range(f"node-{number}"))[1])


class ApartCluster(Cluster):
    apart = True
    more_configuration = """\
network: {routing: vxlan}
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
detectLocalMode: BridgeInterface
detectLocal: {bridgeInterface: swl0}
"""


class NodePortsApart(NodePorts):
    """The nodes are on links of their own: pods of other nodes are reached through an overlay. Pods are told by their bridge."""

    lab_class = ApartCluster

    def test_policies(self):
        super().test_policies()
        self.assertIn('iifname != "swl0"', self.lab.others[0].swiftlet("proxy", "dump").stdout)

    def forwarding_address(self, number):
        # The overlay's own address.
        return str(ipaddress.ip_network(self.lab.pod_range(f"node-{number}"))[0])
