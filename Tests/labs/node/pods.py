"""Pods for tests, as the API server takes them."""

# The script of a pod that only has to run, and that ends at once on SIGTERM.
FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


def manifest(name, command, **spec):
    """A pod of one busybox container; `container` among the keywords adds to that container."""
    container = {"name": "c", "image": "registry.example/busybox:1", "command": ["sh", "-c", command], **spec.pop("container", {})}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": spec.pop("labels", {})},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [container], **spec},
    }  # fmt: skip
