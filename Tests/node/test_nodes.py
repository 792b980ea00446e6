"""Three nodes: pods reach each other across nodes by their own addresses, and the routes follow the nodes."""
import ipaddress
import json

from labs.node.across import NODES, AcrossCase
from labs.node.cluster import Cluster
from labs.waiting import wait_until


class AcrossNodes(AcrossCase):
    def all_ways(self, addresses):
        for source, own in addresses.items():
            for target, address in addresses.items():
                if source == target:
                    continue
                answer = wait_until(f"an answer of on-{target} to on-{source}", lambda: self.ask_from(source, address), 20)
                self.assertEqual(answer, (f"on-{target}", own), "the pod's own address, without translation")

    def expect_routes(self, *numbers):
        wanted = {self.lab.pod_range(f"node-{number}"): self.lab.address_of(number) for number in numbers}
        wait_until(f"routes of node-1 to {numbers}", lambda: self.lab.routes() == wanted, 20)

    def test_pods_reach_each_other(self):
        addresses = self.serve(*NODES)
        self.expect_routes(2, 3)
        self.all_ways(addresses)

        spec = {"selector": {"app": "who"}, "ports": [{"port": 8080}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "who"}, "spec": spec}
        self.lab.apply(service)
        cluster_ip = self.lab.get("service", "who")["spec"]["clusterIP"]

        def names():
            answers = [self.ask_from(2, cluster_ip) for _ in range(10)]
            return None not in answers and {name for name, _ in answers} == {"on-1", "on-2", "on-3"}

        wait_until("answers of the pods of all nodes through the Service", names, 20)

        with self.subTest("a bridge that another program deletes comes back with the pods, and a removed route as well"):
            other = self.lab.others[0]
            other.run("ip", "link", "delete", "swl0")
            other.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
            other.run("ip", "route", "delete", self.lab.pod_range("node-3"))
            self.all_ways(addresses)
            self.assertIn("Pod network was changed by another program and is repaired", other.log())
            self.assertNotIn("are not in sync", other.log())

        with self.subTest("the operator's commands"):
            check = other.swiftlet("net", "check")
            self.assertEqual(check.stdout, "the pod network is as pods need it\n")
            entries = json.loads(other.swiftlet("net", "ls", "-o", "json").stdout)["attachments"]
            self.assertEqual([(e["pod"], e["addresses"], e["state"]) for e in entries], [("on-2", [addresses[2]], "connected")])
            why = other.swiftlet("proxy", "why", "who:8080", "--from", "on-2").stdout
            self.assertIn(f"endpoint {addresses[2]} port 8080, this node: gets traffic\n", why)
            self.assertIn(f"endpoint {addresses[1]} port 8080, node node-1: gets traffic\n", why)
            self.assertIn(f"from {addresses[2]} (a pod of this node):\n", why)
            none = other.swiftlet("proxy", "why", "nobody", check=False)
            self.assertEqual(none.returncode, 1)
            self.assertIn("no Service default/nobody is known on this node", none.stderr)
            self.assertIn(cluster_ip, other.swiftlet("proxy", "dump").stdout)
            refused = other.swiftlet("proxy", "cleanup", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("swiftlet is running and would write the rules again", refused.stderr)
            other.run("sysctl", "-qw", "net.ipv4.conf.swl0.send_redirects=1")
            found = other.swiftlet("net", "check", check=False)
            self.assertEqual(found.returncode, 1)
            self.assertIn("found   net.ipv4.conf.swl0.send_redirects is 1\nwanted  0\n", found.stdout)
            self.assertIn("done    repaired", other.swiftlet("net", "check", "--fix").stdout)

        with self.subTest("a node that is removed and returns"):
            gone = self.lab.others[1]
            foreign = "10.99.0.0/24"
            self.lab.on_node("ip", "route", "add", foreign, "via", gone.address)
            gone.stop()
            self.lab.delete("pod", "on-3", "--grace-period=0", "--force")
            self.lab.delete("node", "node-3")
            self.expect_routes(2)
            self.assertIn(foreign, self.lab.on_node("ip", "route").stdout, "another program's route stays")
            gone.run("nft", "add", "table", "ip", "other")
            gone.swiftlet("proxy", "cleanup")
            self.assertEqual(gone.run("nft", "list", "tables").stdout, "table ip other\n", "swiftlet's own rules alone are removed")
            gone.start()
            self.expect_routes(2, 3)
            self.all_ways({**addresses, **self.serve(3)})


class ApartCluster(Cluster):
    apart = True
    more_configuration = "network: {routing: vxlan}\n"


class NodesApart(AcrossNodes):
    """The nodes are on links of their own, with a router between them that knows nothing of pods."""

    lab_class = ApartCluster

    def test_pods_reach_each_other(self):
        addresses = self.serve(*NODES)
        self.all_ways(addresses)
        self.assertEqual(set(self.lab.routes()), {self.lab.pod_range("node-2"), self.lab.pod_range("node-3")})
        with self.subTest("the node itself, and clients of its NodePorts, reach pods of other nodes"):
            gateway = str(ipaddress.ip_network(self.lab.pod_range("node-1"))[1])
            self.assertEqual(self.ask_from_node(addresses[2]), ("on-2", gateway), "the node's own address among pods")
            spec = {"type": "NodePort", "selector": {"app": "who"}, "ports": [{"port": 8080, "nodePort": 30080}]}
            self.lab.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "who"}, "spec": spec})
            cluster_ip = self.lab.get("service", "who")["spec"]["clusterIP"]
            for address, port in ((cluster_ip, 8080), (self.lab.address_of(1), 30080)):
                wait_until(f"answers of all pods at {address}", lambda: self.names_from_node(address, port) == {"on-1", "on-2", "on-3"}, 20)
        with self.subTest("full packets pass"):
            script = f"printf 'GET /big HTTP/1.0\\r\\n\\r\\n' | nc -w 10 {addresses[1]} 8080 | tail -c 1000000 | wc -c"
            self.assertEqual(self.lab.kubectl("exec", "on-2", "--", "sh", "-c", script).stdout.strip(), "1000000")
        with self.subTest("an overlay that another program deletes comes back"):
            self.lab.on_node("ip", "link", "delete", "swl-vxlan")
            self.all_ways(addresses)
        with self.subTest("a node that is removed and returns"):
            gone = self.lab.others[1]
            gone.stop()
            self.lab.delete("pod", "on-3", "--grace-period=0", "--force")
            self.lab.delete("node", "node-3")
            wait_until("the route to go", lambda: len(self.lab.routes()) == 1, 20)
            gone.start()
            self.all_ways({**addresses, **self.serve(3)})
