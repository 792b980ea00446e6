"""Pods whose network is made by CNI plugins: Debian's bridge, host-local and portmap."""
import glob
import json
import os
import shutil
import signal
import unittest

from labs.node.case import NodeCase
from labs.node.lab import Lab
from labs.node.network import NODE_IP
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

PROGRAMS = "/usr/lib/cni"
# The bridge plugin masquerades with iptables, by a chain for each pod.
IPTABLES = shutil.which("iptables") is not None
SERVER = "trap 'exit 0' TERM; mkdir /www; echo {name} > /www/index.html; httpd -f -p 8080 -h /www & wait"


class CNILab(Lab):
    def write_configuration(self):
        super().write_configuration()
        os.makedirs(self.path("cni", "net.d"))
        self.conflist = self.path("cni", "net.d", "10-pods.conflist")
        self.write_plugins()
        with open(self.config, "a") as file:
            file.write(f"network: {{mode: cni, cniConfDir: {self.path('cni', 'net.d')}, cniBinDirs: [/nowhere, {PROGRAMS}]}}\n")

    def write_plugins(self):
        addresses = {"type": "host-local", "dataDir": self.path("cni", "addresses"), "ranges": [[{"subnet": "10.88.0.0/24"}]],
                     "routes": [{"dst": "0.0.0.0/0"}]}  # fmt: skip
        plugins = [
            {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipMasq": IPTABLES, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ]
        with open(self.conflist, "w") as file:
            json.dump({"cniVersion": "0.4.0", "name": "pods", "plugins": plugins}, file)

    def taken(self):
        """The addresses that host-local holds."""
        return sorted(os.path.basename(path) for path in glob.glob(self.path("cni", "addresses", "pods", "10.*")))

    def masquerading(self):
        """The plugins' chains."""
        return self.on_node("iptables", "-t", "nat", "-S").stdout.count("-N CNI-") if IPTABLES else 0

    def records(self):
        return glob.glob(self.path("state", "cni", "*.json"))


@unittest.skipUnless(os.path.exists(f"{PROGRAMS}/bridge"), f"needs the CNI plugins in {PROGRAMS} (Debian: containernetworking-plugins)")
class CNI(NodeCase):
    lab_class = CNILab

    def ready_message(self):
        conditions = self.lab.get("node", "node-1")["status"]["conditions"]
        ready = next(condition for condition in conditions if condition["type"] == "Ready")
        return "" if ready["status"] == "True" else ready["message"]

    def fetch(self, url, namespace=None):
        return wait_until(f"an answer of {url}", lambda: self.try_fetch(url, namespace), 20)

    def try_fetch(self, url, namespace):
        answer = self.lab.run_in(namespace or self.lab.node_namespace, "curl", "-sS", "--fail", "--max-time", "2", url, check=False)
        return answer.stdout.strip()

    def serve(self, name):
        ports = [{"containerPort": 8080, "hostPort": 8081}]
        self.lab.apply(manifest(name, SERVER.format(name=name), container={"ports": ports}, labels={"app": name}))
        self.lab.wait_for("pod", name, "Ready")
        return self.lab.get("pod", name)["status"]["podIP"]

    def test_life(self):
        address = self.serve("web")
        self.assertTrue(address.startswith("10.88.0."), address)
        self.assertEqual(self.lab.taken(), [address])
        self.assertEqual(self.lab.masquerading(), int(IPTABLES))
        with self.subTest("by pod address, Service and host port, from the node and from a pod"):
            self.assertEqual(self.fetch(f"http://{address}:8080/"), "web")
            spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
            self.lab.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
            service = self.lab.get("service", "web")["spec"]["clusterIP"]
            self.assertEqual(self.fetch(f"http://{service}/"), "web")
            self.assertEqual(self.fetch(f"http://{NODE_IP}:8081/", self.lab.control_namespace), "web")
            self.start_pod("client", FOREVER)
            self.assertIn("web", self.lab.kubectl("exec", "client", "--", "wget", "-q", "-O", "-", f"http://{service}/").stdout)
            self.assertIn("LOOPBACK,UP", self.lab.kubectl("exec", "client", "--", "ip", "link", "show", "lo").stdout)
        with self.subTest("an agent that is killed leaves everything, and the next one knows it"):
            self.lab.stop("agent", signal.SIGKILL)
            self.lab.start_agent()
            self.assertEqual(self.lab.get("pod", "web")["status"]["podIP"], address)
            self.assertEqual(self.fetch(f"http://{NODE_IP}:8081/", self.lab.control_namespace), "web")
            self.assertIn(address, self.lab.swiftlet("net", "ls").stdout)
        with self.subTest("without a configuration the node is not ready, and pods end by that of their beginning"):
            os.unlink(self.lab.conflist)
            self.assertIn("cni plugin not initialized", wait_until("the node to say so", self.ready_message, 20))
            self.lab.delete("pod", "client")
            wait_until("the client's address to be free", lambda: self.lab.taken() == [address], 20)
            self.lab.write_plugins()
            self.lab.wait_for("node", "node-1", "Ready", 20)
        with self.subTest("a plugin that fails is named in an event, and the pod starts once it works"):
            with open(self.lab.conflist, "w") as file:
                json.dump({"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "missing"}]}, file)
            self.lab.apply(manifest("late", FOREVER))
            self.wait_for_event("late", "FailedCreatePodSandBox", 'failed to find plugin "missing" in path [/nowhere /usr/lib/cni]')
            self.lab.write_plugins()
            self.lab.wait_for("pod", "late", "Ready")
        self.lab.delete("pod", "--all")
        self.lab.wait_until_quiet()
        self.assertEqual((self.lab.taken(), self.lab.records(), self.lab.masquerading()), ([], [], 0))
