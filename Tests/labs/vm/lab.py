"""The lab of Tests/node with a virtual machine for its node: registry and control plane run outside of it, at full speed, and outlive a reboot."""
import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time

from labs.busybox import BUSYBOX
from labs.node.lab import NODE, Lab
from labs.node.network import CONTROL_IP, NODE_IP
from labs.vm import image, machine
from labs.vm.pods import LEFT
from labs.waiting import wait_until

TAP = "vmtap0"


class VMLab(Lab):
    """`installed` is the DESTDIR of `make install`, `cache` the folder for bases of disks, `kept` the folder for the console's log."""

    def __init__(self, installed, cache, kept):
        super().__init__()
        self.installed = installed
        self.cache = cache
        self.kept = kept
        self.figures = {}
        self.vm = None

    @contextlib.contextmanager
    def measured(self, what):
        start = time.monotonic()
        yield
        self.figures[what] = time.monotonic() - start

    # Parts

    def make_network(self, stack):
        self.add_namespace(self.control_namespace, stack)
        self.ip(self.control_namespace, "tuntap", "add", "dev", TAP, "mode", "tap")
        self.ip(self.control_namespace, "address", "add", f"{CONTROL_IP}/24", "dev", TAP)
        self.ip(self.control_namespace, "link", "set", TAP, "up")
        # Pods are reached from here.
        self.ip(self.control_namespace, "route", "add", "10.244.0.0/16", "via", NODE_IP)

    def write_configuration(self):
        """Makes the machine's disk, with the node's identity and configuration on it."""
        with self.measured("base image"):
            archive = image.base(self.cache)
        with self.measured("disk"):
            tree = image.Tree(archive, self.path("tree"))
            tree.add(self.installed)
            tree.prepare(NODE, NODE_IP, CONTROL_IP)
            for name, target in ((f"node-{NODE}.kubeconfig", "/etc/kubernetes/kubelet.conf"), ("ca.crt", "/etc/kubernetes/pki/ca.crt")):
                with open(self.path("cluster", name)) as file:
                    tree.write(target, file.read(), 0o600 if name != "ca.crt" else 0o644)
            tree.write(CONFIGURATION, configuration())
            tree.copy(BUSYBOX, "/usr/local/libexec/busybox")
            tree.take("vmlinuz-", self.path("kernel"))
            tree.take("initrd.img-", self.path("ramdisk"))
            tree.make_disk(self.path("disk"))
            subprocess.run(["truncate", "-s", "256M", self.path("swap")], check=True)
            subprocess.run(["mkswap", "-q", self.path("swap")], check=True, capture_output=True)

    def start_agent(self, *_, **__):
        """Switches the machine on and waits for the node."""
        self.vm = machine.Machine(self.base, self.inside(self.control_namespace), TAP)
        with self.measured("boot"):
            self.vm.start()
            self.vm.await_boot()
        with self.measured("node Ready after"):
            self.wait_for("node", NODE, "Ready", 120)

    def stop_all(self):
        if self.vm is not None:
            self.keep_journal()
            self.vm.stop()
            self.keep("console.log")
        for name in list(self.processes):
            self.stop(name)

    def own_processes(self):
        """Returns nothing: no process of the node runs on this machine."""
        return set()

    def switch_off(self):
        if self.vm is not None:
            self.vm.stop()

    def require_machine(self):
        if self.vm is not None and self.vm.process.poll() is not None:
            raise machine.MachineError(f"the machine ended with {self.vm.process.returncode}")

    def require_agent(self):
        self.require_machine()
        if self.vm is not None and int(self.run("systemctl show -P NRestarts swiftlet").stdout) >= 5:
            raise machine.MachineError("the agent ends again and again:\n" + self.run("journalctl -b -u swiftlet -n 20 --no-pager -o cat").stdout)

    # Records

    def keep(self, name):
        with contextlib.suppress(FileNotFoundError):
            os.makedirs(self.kept, exist_ok=True)
            shutil.copyfile(self.path(name), os.path.join(self.kept, name))

    def keep_journal(self):
        with contextlib.suppress(machine.MachineError, OSError):
            text = self.vm.run("journalctl --no-pager -o short-monotonic", 60).stdout
            os.makedirs(self.kept, exist_ok=True)
            with open(os.path.join(self.kept, "journal.log"), "w") as file:
                file.write(text)

    def show_logs(self):
        super().show_logs()
        with contextlib.suppress(OSError):
            with open(self.path("console.log"), errors="replace") as file:
                print("--- console, last lines", *file.read().splitlines()[-40:], sep="\n", file=sys.stderr)

    # The machine

    def run(self, script, seconds=60, check=True):
        """Runs a script on the node."""
        return self.vm.run(script, seconds, check)

    def write(self, path, text):
        self.run(f"cat > {shlex.quote(path)} <<'end of file'\n{text}end of file\n")

    @contextlib.contextmanager
    def configured(self, **kubelet):
        """Runs the agent with other fields of KubeletConfiguration, afterwards with its own again."""
        self.write(CONFIGURATION, configuration(**kubelet))
        try:
            self.run("systemctl restart swiftlet")
            yield
        finally:
            self.write(CONFIGURATION, configuration())
            self.run("systemctl restart swiftlet")

    def left_of_pods(self, seconds=10):
        """Returns the node's leftovers of pods when no pods exist, after some time to remove them."""
        with contextlib.suppress(TimeoutError):
            wait_until("everything of the pods to be gone", lambda: not self.run(LEFT).stdout, seconds)
        return self.run(LEFT).stdout.splitlines()

    def read(self, path):
        return self.run(f"cat {shlex.quote(path)}").stdout.strip()

    def exec(self, pod, script, container=None, seconds=60, check=True):
        """Runs a script in a container, through the agent."""
        words = ["swiftlet", "exec", pod, *(["-c", container] if container else []), "--", "sh", "-c", script]
        return self.run(shlex.join(words), seconds, check)


CONFIGURATION = "/etc/swiftlet/swiftlet.yaml"
KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "authentication": {"x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"}},
    "clusterDNS": ["10.96.0.10"],
    "clusterDomain": "cluster.local",
    "podPidsLimit": 200,
    "failSwapOn": False,
}
SWIFTLET = {
    "apiVersion": "swiftlet.dev/v1alpha1",
    "kind": "SwiftletConfiguration",
    "registries": {
        "192.168.77.1:5000": {"insecure": True},
        "registry.example": {"mirrors": ["http://192.168.77.1:5000"], "insecure": True},
    },
}


def configuration(**kubelet):
    """The agent's configuration, with some fields of KubeletConfiguration set otherwise."""
    return json.dumps({**KUBELET, **kubelet}, indent=1) + "\n---\n" + json.dumps(SWIFTLET, indent=1) + "\n"
