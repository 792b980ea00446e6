"""The pods and the Service of config/examples/hello.yaml, and every way that leads to them."""
import subprocess

from labs.node.network import NODE_IP
from labs.programs import EXAMPLE
from labs.waiting import wait_until

PODS = ("web-1", "web-2")


def apply(lab):
    """Applies the example and waits until its pods are Ready."""
    lab.kubectl("apply", "-f", EXAMPLE)
    for pod in PODS:
        lab.wait_for("pod", pod, "Ready")


def pages(lab):
    """Fetches the example through every way that leads to it; returns [(way, url, body)]."""
    found = []
    for pod in PODS:
        address = lab.get("pod", pod)["status"]["podIP"]
        found.append((f"pod IP of {pod}", f"http://{address}:8080/", lab.fetch(f"http://{address}:8080/")))
    service = lab.get("service", "web")["spec"]
    url = f"http://{service['clusterIP']}/"
    wait_until("the Service's rules", lambda: reachable(lab, url), 20)
    found.append(("ClusterIP", url, lab.fetch(url)))
    url = f"http://{NODE_IP}:{service['ports'][0]['nodePort']}/"
    found.append(("NodePort, from another host", url, lab.fetch(url, lab.control_namespace)))
    return found


def reachable(lab, url):
    try:
        return lab.fetch(url, seconds=1)
    except subprocess.CalledProcessError:
        return None
