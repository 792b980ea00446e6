"""Pods that use more of the node's disk than they may: what is left of them, also after the agent's restarts."""
import os
import signal

from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

LIMIT = {"container": {"resources": {"limits": {"ephemeral-storage": "10Mi"}}}}
# Obeys SIGTERM with a code of its own.
CODE_5 = "trap 'exit 5' TERM; {write}; while :; do sleep 0.1; done"
WRITE = "dd if=/dev/zero of={path}/big bs=1M count={mebis}"


def writer(path, mebis, script=CODE_5):
    return script.format(write=WRITE.format(path=path, mebis=mebis))


def in_volume(limit):
    """Keywords for manifest(): a volume with a size limit at /data."""
    return {
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": limit}}],
    }  # fmt: skip


class LocalStorage(NodeCase):
    def evicted(self, name, seconds=60):
        """Waits for the pod's failure; returns its status."""

        def failed():
            status = self.lab.get("pod", name)["status"]
            return status if status["phase"] == "Failed" else None

        status = wait_until(f"{name} to be evicted", failed, seconds)
        self.assertEqual(status["reason"], "Evicted", status)
        return status

    def check_end(self, name, message, exit_code):
        status = self.evicted(name)
        container = status["containerStatuses"][0]
        self.assertEqual(status["message"], message)
        self.assertEqual((container["restartCount"], container["state"]["terminated"]["exitCode"]), (0, exit_code), container)
        self.wait_for_event(name, "Evicted", message, "Warning")

    def restart_agent(self, number=signal.SIGTERM):
        self.lab.stop("agent", number)
        self.lab.start_agent()

    def test_limits_of_pods_and_volumes(self):
        pods = {
            "layer": manifest("layer", writer("/tmp", 50), **LIMIT),
            "never": manifest("never", writer("/tmp", 50), restartPolicy="Never", **LIMIT),
            "volume": manifest("volume", writer("/data", 8), **in_volume("5Mi")),
            # CVE-2020-8557: the hosts file is on the node's disk, outside of layers and volumes.
            "hosts": manifest("hosts", CODE_5.format(write="dd if=/dev/zero of=/etc/hosts bs=1M count=50"), **LIMIT),
        }
        self.start_pod("within", writer("/tmp", 2), **LIMIT)
        self.start_pod("modest", writer("/data", 2), **in_volume("5Mi"))
        self.lab.apply(*pods.values())
        of_pod = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. "
        self.check_end("layer", of_pod, 5)
        self.check_end("never", of_pod, 5)
        self.check_end("hosts", of_pod, 5)
        self.check_end("volume", 'Usage of EmptyDir volume "data" exceeds the limit "5Mi". ', 5)
        before = {name: self.lab.get("pod", name)["status"] for name in pods}
        self.restart_agent()
        for name in ("within", "modest"):
            self.lab.wait_for("pod", name, "Ready")
            self.assertEqual(self.container(name)["restartCount"], 0)
        # A label makes the agent look at its pods again; it must not touch those that are over.
        self.lab.kubectl("label", "pod", *pods, "seen=yes")
        self.start_pod("later", FOREVER)
        for name, status in before.items():
            after = self.lab.get("pod", name)["status"]
            for field in ("phase", "reason", "message", "containerStatuses"):
                self.assertEqual(after[field], status[field], name)
        self.lab.delete("pod", "within", "modest", "later", *pods)
        self.lab.wait_until_quiet()

    def test_an_agent_killed_in_the_middle(self):
        script = "trap '' TERM; {write}; while :; do sleep 0.1; done"
        self.lab.apply(manifest("stubborn", writer("/tmp", 50, script), **LIMIT))
        uid = self.lab.get("pod", "stubborn")["metadata"]["uid"]
        record = self.lab.path("state", "node", "evictions", uid)
        wait_until("the eviction", lambda: os.path.exists(record), 60)
        self.restart_agent(signal.SIGKILL)
        status = self.evicted("stubborn")
        container = status["containerStatuses"][0]
        self.assertEqual((container["restartCount"], container["state"]["terminated"]["exitCode"]), (0, 137), container)
        self.lab.delete("pod", "stubborn")
        self.lab.wait_until_quiet()
        wait_until("the eviction to be forgotten", lambda: not os.path.exists(record), 20)
