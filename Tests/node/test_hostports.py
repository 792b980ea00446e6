"""Ports of the node that lead to pods: every way to them, one owner each, and nothing left behind."""
import signal

from labs.node.case import NodeCase
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

TABLE = "swiftlet-hostports"


def server(name, *ports, **spec):
    """A pod that answers on its port 8080 with its name; `ports` lead there."""
    command = f"trap 'exit 0' TERM; mkdir /www; echo {name} > /www/index.html; httpd -f -p 8080 -h /www & wait"
    return manifest(name, command, container={"ports": [{"containerPort": 8080, **port} for port in ports]}, **spec)


class HostPorts(NodeCase):
    def serve(self, name, *ports, **spec):
        self.lab.apply(server(name, *ports, **spec))
        self.lab.wait_for("pod", name, "Ready")

    def ask(self, url, namespace=None, *options):
        """Returns the page that curl gets, or None without an answer."""
        answer = self.lab.run_in(namespace or self.lab.node_namespace, "curl", "-sS", "--fail", "--max-time", "5", *options, url, check=False)
        return answer.stdout.strip() if answer.returncode == 0 else None

    def ask_in(self, pod, address, port):
        """Returns the same as `ask`, from within a pod."""
        script = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {address} {port}"
        return self.lab.kubectl("exec", pod, "--", "sh", "-c", script).stdout.split()[-1]

    def has_table(self):
        return TABLE in self.lab.on_node("nft", "list", "tables").stdout

    def remove(self, *names):
        self.lab.delete("pod", *names)
        self.lab.wait_until_quiet()

    def tearDown(self):
        # A port that a failed test keeps would fail the other tests.
        self.lab.delete("pod", "--all")
        self.lab.wait_until_quiet()

    def test_every_way(self):
        self.serve("web", {"hostPort": 8080}, {"hostPort": 8081, "hostIP": "127.0.0.1"})
        self.lab.apply(manifest("client", FOREVER))
        self.lab.wait_for("pod", "client", "Ready")
        url = f"http://{NODE_IP}:8080/"
        # The server listens a moment after the container has started.
        wait_until("the server", lambda: self.ask(url), 20)
        self.assertEqual(self.ask(url, self.lab.control_namespace), "web")
        for pod in ("client", "web"):
            self.assertEqual(self.ask_in(pod, NODE_IP, 8080), "web", f"from {pod}")
        self.assertEqual(self.ask("http://127.0.0.1:8081/"), "web")
        self.assertEqual(self.ask("http://127.0.0.1:8080/"), "web")
        self.assertIsNone(self.ask(f"http://{NODE_IP}:8081/", self.lab.control_namespace), "a hostIP is that address only")
        self.assertEqual(self.lab.on_node("cat", "/proc/sys/net/ipv4/conf/all/route_localnet").stdout.strip(), "0")
        self.remove("web", "client")
        self.assertFalse(self.has_table())

    def test_the_second_pod_fails(self):
        self.serve("first", {"hostPort": 8080})
        self.lab.apply(server("second", {"hostPort": 8080}))
        words = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        status = wait_until("the end of the second pod", lambda: self.failed("second"), 30)
        self.assertEqual((status["reason"], status["message"]), ("NodePorts", "Pod was rejected: " + words))

        def reported():
            return [reason for _, reason, message in self.events("second") if message == words]

        self.assertEqual(wait_until("an event of the second pod", reported, 30), ["NodePorts"])
        wait_until("the first server", lambda: self.ask(f"http://{NODE_IP}:8080/") == "first", 20)
        self.lab.delete("pod", "first")
        self.serve("third", {"hostPort": 8080})
        wait_until("the third server", lambda: self.ask(f"http://{NODE_IP}:8080/") == "third", 20)
        self.assertTrue(self.failed("second"), "a refused pod is over for good")

    def failed(self, name):
        status = self.lab.get("pod", name).get("status", {})
        return status if status.get("phase") == "Failed" else None

    def test_the_agent_comes_back_and_others_interfere(self):
        url = f"http://{NODE_IP}:8080/"
        self.serve("kept", {"hostPort": 8080})
        wait_until("the server", lambda: self.ask(url, self.lab.control_namespace), 20)
        rules = self.lab.on_node("nft", "list", "table", "ip", TABLE).stdout
        agent = self.lab.processes.pop("agent")
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        self.assertEqual(self.ask(url, self.lab.control_namespace), "kept", "without an agent")
        self.lab.start_agent()
        self.assertEqual(self.lab.on_node("nft", "list", "table", "ip", TABLE).stdout, rules)
        self.lab.on_node("nft", "delete", "table", "ip", TABLE)
        wait_until("the repair", lambda: self.ask(url, self.lab.control_namespace) == "kept", 20)
        self.remove("kept")
        self.assertFalse(self.has_table())

    def test_a_service_keeps_its_port(self):
        """A pod on port 443 of the node does not get the connections to a Service's port 443."""
        self.lab.apply({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"},
            "spec": {"selector": {"app": "api"}, "ports": [{"port": 443, "targetPort": 8080}]},
        })  # fmt: skip
        self.serve("endpoint", labels={"app": "api"})
        self.serve("thief", {"hostPort": 443})
        address = self.lab.get("service", "api")["spec"]["clusterIP"]
        wait_until("the thief's own port", lambda: self.ask(f"http://{NODE_IP}:443/") == "thief", 20)
        wait_until("the service", lambda: self.ask(f"http://{address}:443/"), 20)
        self.assertEqual(self.ask(f"http://{address}:443/"), "endpoint")
        self.assertEqual(self.ask_in("thief", address, 443), "endpoint")
        self.lab.delete("service", "api")
