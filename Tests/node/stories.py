#!/usr/bin/env python3
"""`make stories`: replays recorded lives of pods against this node and reports how many agree.

    stories.py REFERENCE-DIR [NAME ...]

REFERENCE-DIR holds `stories/`, `replay_stories.py` and `compare_stories.py`.
Exits with 1 unless every story agrees, apart from those in DIFFERENT."""
import glob
import os
import re
import subprocess
import sys
import tempfile

import yaml

from labs.node.lab import NODE, Lab
from labs.node.network import API_PORT, CONTROL_IP, NODE_IP, REGISTRY

# Differences that are meant, with their reasons. Every other story has to agree.
DIFFERENT = {
    "http-probe-500": "the web server of this laboratory answers 404 where the recorded one answers 200",
    "image-changed-in-place": "the recorded node went on showing the name of the old image in the container's status",
    "liveness-exec-fails": "the recorded node looked at the back-off of the third restart up to 3 s late, which spared it that of the fourth",
    "resize-cpu": "the resize is over before a status with PodResizeInProgress would be written",
}


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
    wrong = sorted(differing - set(DIFFERENT))
    for name in sorted(differing & set(DIFFERENT)):
        print(f"{name} differs: {DIFFERENT[name]}")
    if not names:
        for name in sorted(set(DIFFERENT) - differing):
            print(f"{name} agrees now: it is listed as different")
            wrong.append(name)
    if wrong:
        print(f"not as they have to be: {' '.join(wrong)}")
    return 1 if lab.report_leaks() or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
