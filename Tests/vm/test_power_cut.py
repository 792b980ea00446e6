"""The power is cut and the control plane is silent afterwards: the node's pods run again from its own memory."""
import json
import os
import signal
import time

from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import running, status
from labs.waiting import wait_until

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cut-keys"}, "stringData": {"key": "s3cret"}}
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cut-settings"}, "data": {"mode": "fast"}}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
# Notes how long after the kernel's start the container has begun.
PROGRAM = "cut -d' ' -f1 /proc/uptime > /tmp/began; exec sleep 1000000"


def user():
    volumes = [{"name": "map", "configMap": {"name": "cut-settings"}}, {"name": "secret", "secret": {"secretName": "cut-keys"}}]
    mounts = [{"name": volume["name"], "mountPath": "/" + volume["name"]} for volume in volumes]
    return manifest("cut-user", PROGRAM, volumes=volumes, container={"volumeMounts": mounts})


class PowerCut(VMCase):
    def seen(self, name, after=None):
        """The status of a pod's container as the agent sees it, if it runs. Until a remembered pod is looked at, it has its last status: `after`."""
        answer = self.lab.run("swiftlet pods -o json", check=False).stdout
        for pod in json.loads(answer)["items"] if answer else []:
            containers = pod["status"].get("containerStatuses", [])
            if pod["metadata"]["name"] == name and containers and containers[0]["state"].get("running"):
                return containers[0] if after is None or containers[0]["containerID"] != after["containerID"] else None
        return None

    def test_without_the_control_plane(self):
        lab = self.lab
        lab.apply(SECRET, MAP)
        with running(lab, user(), manifest("cut-idle", PROGRAM)) as names:
            before = {name: status(lab, name) for name in names}
            # The memory is written within a second.
            time.sleep(5)
            control = lab.processes["devcluster"]
            control.send_signal(signal.SIGSTOP)
            try:
                lab.vm.reboot("echo b > /proc/sysrq-trigger")
                for name in names:
                    again = wait_until(f"{name} to run again", lambda name=name: self.seen(name, before[name]), 180)
                    assert again["restartCount"] == before[name]["restartCount"] + 1, again
                script = f"cat /map/mode; echo; cat /secret/key; echo; test -s {TOKEN} && echo token"
                assert lab.exec("cut-user", script).stdout.split() == ["fast", "s3cret", "token"]
                began = min(float(lab.exec(name, "cat /tmp/began").stdout) for name in names)
                self.note(f"first container {began:.1f} s after the kernel's start")
                damaged = lab.run("ls /var/lib/swiftlet/node/damaged 2>/dev/null", check=False).stdout
                assert not damaged, damaged
            finally:
                os.kill(control.pid, signal.SIGCONT)
            for name in names:
                now = self.seen(name)
                wait_until("the status", lambda name=name, now=now: status(lab, name)["containerID"] == now["containerID"], 120)
                assert self.seen(name)["containerID"] == now["containerID"]
        lab.delete("secret", "cut-keys")
        lab.delete("configmap", "cut-settings")
