"""Fills a registry with images: runs in the network namespace of the registry, as a program of its own.

    python3 -m labs.node.registry REGISTRY [USER ...]

Pushes the images of examples, tests and recorded stories; with users named, images that differ by their user alone."""
import sys
import urllib.request

from labs.node import images
from labs.waiting import wait_until


def answers(registry):
    try:
        urllib.request.urlopen(f"http://{registry}/v2/", timeout=2)
        return True
    except OSError:
        return False


def push_users(registry, users):
    layer = images.busybox_layer()
    for number, user in enumerate(users):
        images.push(registry, f"user-{number}", "1", images.Image([layer], Cmd=["id"], User=user))


def main():
    registry, users = sys.argv[1], sys.argv[2:]
    wait_until(f"the registry {registry}", lambda: answers(registry), 10)
    if users:
        push_users(registry, users)
    else:
        images.push_all(registry)


if __name__ == "__main__":
    main()
