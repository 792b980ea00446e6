"""One packet's way to a Service, as an operator sees it."""
from labs.node import example
from labs.node.case import NodeCase
from labs.programs import EXAMPLE


class ProxyTrace(NodeCase):
    def test_trace(self):
        lab = self.lab
        example.apply(lab)
        example.pages(lab)
        service = lab.get("service", "web")["spec"]
        pods = [lab.get("pod", pod)["status"]["podIP"] for pod in example.PODS]
        for target in ("web", f"{service['clusterIP']}:{service['ports'][0]['port']}"):
            found = lab.swiftlet("proxy", "trace", target).stdout
            self.note(found)
            lines = found.splitlines()
            self.assertEqual(lines[0], f"a packet of this node to {service['clusterIP']}:{service['ports'][0]['port']}/TCP")
            self.assertEqual(lines[-1], "connected")
            # The rules are shown in nft's words, with what they decided; the packet ends at a pod.
            self.assertIn("ip swiftlet ", found)
            self.assertRegex(found, r"dnat ip to .* -> accept")
            self.assertTrue(any(f"to {pod} port 8080" in found for pod in pods), found)
            self.assertNotIn("rule with handle", found)
            # Nothing of the table that marks the packets.
            self.assertNotIn("swiftlet-trace", found)
        self.assertNotIn("swiftlet-trace", lab.on_node("nft", "list", "tables").stdout)
        unknown = lab.swiftlet("proxy", "trace", "nobody", check=False)
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("found no address of a Service 'nobody' here", unknown.stderr)
        lab.delete("-f", EXAMPLE)
