#!/usr/bin/env python3
"""`make stories`: replays recorded lives of pods against this node and reports how many agree.

    stories.py REFERENCE-DIR [NAME ...]

REFERENCE-DIR holds `stories/`, `replay_stories.py` and `compare_stories.py`. Exits with 1 unless every story named in MUST agrees."""
import glob
import os
import re
import subprocess
import sys
import tempfile

import yaml

from labs.node.lab import NODE, Lab
from labs.node.network import API_PORT, CONTROL_IP, NODE_IP, REGISTRY

MUST = (
    "run-and-delete sigterm-ignored complete-never fail-never complete-onfailure fail-twice-then-ok-onfailure command-not-found-never image-missing "
    "image-pull-never-missing env-configmap-missing volume-configmap-missing hostpath-wrong-type guaranteed host-network "
    "active-deadline ephemeral-container generation-observed node-affinity-refused too-much-cpu-refused poststart-fails poststart-then-prestop "
    "prestop-longer-than-grace prestop-sleep-action readiness-comes-and-goes readiness-gate-unset sidecar-startup-probe sidecar-with-job "
    "sidecars-stop-in-reverse startup-probe-fails"
).split()


def leave_out_users(directory):
    """Removes the user from statuses of containers: the runtime of the recorded node was too old to report it."""
    for path in glob.glob(f"{directory}/*.yaml"):
        with open(path, encoding="utf-8") as file:
            story = yaml.safe_load(file)
        for entry in story["statuses"]:
            for group in ("initContainerStatuses", "containerStatuses"):
                for container in entry["status"].get(group) or []:
                    container.pop("user", None)
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(story, file, sort_keys=False, allow_unicode=True)


def main():
    reference, names = os.path.abspath(sys.argv[1]), sys.argv[2:]
    out = tempfile.mkdtemp(prefix="swiftlet-stories-")
    lab = Lab()
    with lab:
        # Recorded pods name a busybox that was on the node already.
        warm = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "warm"}, "spec": {"restartPolicy": "Never", "containers": []}}
        for image in ("busybox:1.37.0-1", "nonroot:1.5", "agnhost:2.63.0"):
            name = image.split(":")[0]
            warm["spec"]["containers"].append({"name": name, "image": f"{REGISTRY}/e2e-test-images/{image}", "command": ["/bin/true"]})

        lab.apply(warm)
        lab.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/warm", "--timeout=60s")
        lab.delete("pod", "warm")
        lab.on_control(
            sys.executable, f"{reference}/replay_stories.py", "--server", f"https://{CONTROL_IP}:{API_PORT}", "--cert",
            lab.path("cluster", "admin.crt"),
            "--key", lab.path("cluster", "admin.key"), "--node", NODE, "--node-ip", NODE_IP, "--registry", REGISTRY, "--parallel", "8",
            f"{reference}/stories", out, *names, capture_output=False,
        )  # fmt: skip
    leave_out_users(out)
    compared = subprocess.run(
        [sys.executable, f"{reference}/compare_stories.py", f"{reference}/stories", out, *(["-v"] if names else [])], capture_output=True, text=True,
        check=False
    ).stdout
    print(compared)
    print(f"recordings are in {out}")
    differing = set(re.findall(r"^(\S+): (?:\d+ differences|not recorded)", compared, re.M))
    missing = [name for name in MUST if name in differing and (not names or name in names)]
    print(f"{len(MUST) - len(missing)} of the {len(MUST)} stories that have to agree do" + (f"; not: {' '.join(missing)}" if missing else ""))
    return 1 if lab.report_leaks() or missing else 0


if __name__ == "__main__":
    sys.exit(main())
