"""The base of tests with several nodes: servers that answer with their name and the address that they see, and the ways to ask them."""
from labs.node.case import NodeCase
from labs.node.cluster import Cluster
from labs.node.pods import manifest

# Answers every request with its name and the client's address.
SERVER = (
    "trap 'exit 0' TERM; mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo NAME $REMOTE_ADDR\\n' > /www/cgi-bin/who;"
    " chmod +x /www/cgi-bin/who; head -c 1000000 /dev/zero > /www/big; httpd -f -p 8080 -h /www & wait"
)
NODES = (1, 2, 3)


def server(number, app="who", **spec):
    name = f"on-{number}"
    return manifest(name, SERVER.replace("NAME", name), nodeName=f"node-{number}", labels={"app": app}, **spec)


def answer(text):
    """(name of the server, client's address as the server saw it) in an answer; None without one."""
    words = text.split()
    # The server is an IPv6 socket: IPv4 addresses come mapped.
    return (words[0], words[1].removeprefix("[::ffff:").removesuffix("]")) if len(words) == 2 else None


class AcrossCase(NodeCase):
    lab_class = Cluster

    def serve(self, *numbers):
        self.start_servers(server(number) for number in numbers)
        return self.pod_addresses(*numbers)

    def start_servers(self, manifests):
        manifests = list(manifests)
        self.lab.apply(*manifests)
        for pod in manifests:
            self.lab.wait_for("pod", pod["metadata"]["name"], "Ready")

    def pod_addresses(self, *numbers):
        return {number: self.lab.get("pod", f"on-{number}")["status"]["podIP"] for number in numbers}

    def ask_from(self, number, address, port=8080, patience=5):
        """The `answer`, as seen from the pod on a node."""
        script = f"printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | nc -w {patience} {address} {port} | tail -n 1"
        return answer(self.lab.kubectl("exec", f"on-{number}", "--", "sh", "-c", script, check=False).stdout)

    def ask_in(self, namespace, address, port=8080, patience=5):
        """The `answer`, as seen from a network namespace of the lab."""
        script = f"exec 3<>/dev/tcp/{address}/{port}; printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3"
        return answer(self.lab.run_in(namespace, "timeout", str(patience), "bash", "-c", script, check=False).stdout)

    def ask_from_node(self, address, port=8080):
        """As `ask_from`, from the first node itself."""
        return self.ask_in(self.lab.node_namespace, address, port)

    def names_in(self, namespace, address, port):
        """The servers that answer ten requests; None among them when one is not answered."""
        return {(self.ask_in(namespace, address, port) or (None,))[0] for _ in range(10)}

    def names_from_node(self, address, port):
        return self.names_in(self.lab.node_namespace, address, port)
