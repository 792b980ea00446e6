#!/usr/bin/env python3
"""`make run`: starts a node with the example, checks and reports it. With --check it exits with 0 or 1 instead of staying."""
import os
import signal
import sys

from labs.node import example
from labs.node.lab import Lab
from labs.node.network import CONTROL_IP, NODE_IP
from labs.programs import EXAMPLE, program


def write_kubectl(lab):
    """Writes a kubectl that runs where the control plane is reachable."""
    path = lab.path("kubectl")
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\nexec nsenter --net=/run/netns/{lab.control_namespace} kubectl --kubeconfig {lab.admin} \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def write_swiftlet(lab):
    """Writes an operator's command that finds this agent: it puts the socket in front of a `--`."""
    path, socket = lab.path("swiftlet"), lab.path("run", "admin.sock")
    with open(path, "w") as file:
        file.write(
            "#!/bin/sh\nfor word; do\n  shift\n"
            f'  if [ "$word" = -- ] && [ -z "$given" ]; then given=1; set -- "$@" --socket {socket}; fi\n'
            '  set -- "$@" "$word"\ndone\n'
            f'[ -n "$given" ] || set -- "$@" --socket {socket}\nexec {program("swiftlet")} "$@"\n'
        )
    os.chmod(path, 0o755)
    return path


def report(lab, found):
    print(f"\nThe node {lab.get('node', 'node-1')['metadata']['name']} ({NODE_IP}) is Ready; its control plane is at {CONTROL_IP}.")
    for way, url, body in found:
        print(f"  {way:<28} {url:<32} {body.strip()}")
    print("\nTo try next, in another terminal:")
    print(f"  {write_kubectl(lab)} get pods -o wide")
    print(f"  {lab.path('kubectl')} exec web-1 -- ps")
    print(f"  {lab.path('kubectl')} delete -f {os.path.relpath(EXAMPLE)}")
    print(f"  {write_swiftlet(lab)} status")
    print(f"  {lab.path('swiftlet')} proxy ls")
    print(f"  nsenter --net=/run/netns/{lab.node_namespace} nft list ruleset")


def wait_for_the_end():
    ends = {signal.SIGINT, signal.SIGTERM}
    # Blocked first, so that no other handler takes them.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    print()


def run(stays):
    lab = Lab()
    with lab:
        example.apply(lab)
        found = example.pages(lab)
        wrong = [way for way, _, body in found if "hello from web-" not in body]
        report(lab, found)
        if stays:
            print("\nCtrl-C ends it and leaves nothing behind.", flush=True)
            wait_for_the_end()
    left = lab.report_leaks()
    for way in wrong:
        print(f"the page through {way} is not the example's", file=sys.stderr)
    print("Everything worked and nothing is left behind." if not wrong and not left else "Not everything worked.")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    sys.exit(run(stays="--check" not in sys.argv))
