"""Programs of this folder that run beside a lab's node, as clients of its API server."""
import sys

from labs.node.network import API_PORT, CONTROL_IP


def command(lab, module, *words):
    """The words that run bench.MODULE, which begins with FOLDER SERVER LOGS; in the folder Tests, in the namespace of the control plane."""
    return [
        sys.executable, "-B", "-m", f"bench.{module}", lab.path("cluster"), f"{CONTROL_IP}:{API_PORT}", lab.path("logs", "pods"), *map(str, words),
    ]  # fmt: skip
