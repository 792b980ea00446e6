"""Pods with claims: data outlives the pod that wrote it. A file system that does not answer holds up its own pod alone."""
import contextlib
import ctypes
import os
import shutil
import subprocess
import unittest

from labs.exposition import Exposition
from labs.mounts import mount_points_below
from labs.node.case import NodeCase
from labs.node.lab import NODE
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

GIBI = {"storage": "1Gi"}


def volume(name, **source):
    """A PersistentVolume; a `local` one belongs to the lab's node."""
    spec = {"capacity": GIBI, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain", **source}
    if "local" in source:
        term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [NODE]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def claim(name, to=None, owner=None, modes=("ReadWriteOnce",)):
    spec = {"accessModes": list(modes), "storageClassName": "", "resources": {"requests": GIBI}, **({"volumeName": to} if to else {})}
    owners = [{"apiVersion": "v1", "kind": "Pod", "controller": True, **owner}] if owner else []
    metadata = {"name": name, **({"ownerReferences": owners} if owners else {})}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def member(name, claims, **spec):
    """A pod as a StatefulSet makes it: its name says which of the set's claims are its own. `claims` are names of volumes and claims."""
    volumes = [{"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in claims.items()]
    mounts = [{"name": volume, "mountPath": "/" + volume} for volume in claims]
    return manifest(name, FOREVER, volumes=volumes, container={"volumeMounts": mounts}, hostname=name, subdomain="db", **spec)


@contextlib.contextmanager
def silent_file_system(path):
    """A mount whose server takes requests and never answers, like one behind a cut line."""
    device = os.open("/dev/fuse", os.O_RDWR)
    try:
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
        if ctypes.CDLL(None, use_errno=True).mount(b"silent", path.encode(), b"fuse", 6, options) != 0:
            raise OSError(ctypes.get_errno(), "mount", path)
        yield
    finally:
        os.close(device)


class Claims(NodeCase):
    def folder(self, name):
        path = self.lab.path(name)
        os.makedirs(path)
        return path

    def inside(self, name, script, check=True):
        return self.lab.kubectl("exec", name, "--", "sh", "-c", script, check=check).stdout.strip()

    def await_event(self, name, words, seconds=60):
        def found():
            return any(reason == "FailedMount" and words in message for _, reason, message in self.events(name))

        wait_until(f"an event of {name} that says {words}", found, seconds)

    def test_data_outlives_the_pod(self):
        disk, host = self.folder("disk"), self.folder("host")
        self.lab.apply(
            volume("local-0", local={"path": disk}), volume("host-0", hostPath={"path": host, "type": "Directory"}),
            claim("data-db-0", "local-0"), claim("spare-db-0", "host-0"),
        )  # fmt: skip
        claims = {"data": "data-db-0", "spare": "spare-db-0"}
        self.lab.apply(member("db-0", claims))
        self.lab.wait_for("pod", "db-0", "Ready")
        self.inside("db-0", "echo one > /data/x; echo two > /spare/x")
        mounts = [place for place in mount_points_below(self.lab.path("root")) if place.endswith("/kubernetes.io~local-volume/local-0")]
        self.assertEqual(len(mounts), 1)
        self.check_figures("data-db-0", disk)
        # The next agent finds the mount and mounts nothing over it.
        self.lab.stop("agent")
        self.lab.start_agent()
        self.assertEqual(self.inside("db-0", "cat /data/x"), "one")
        self.lab.delete("pod", "db-0")
        self.lab.wait_until_quiet()
        wait_until("the pod's folder to be gone", lambda: not os.listdir(self.lab.path("root", "pods")), 20)
        for path, text in ((disk, "one\n"), (host, "two\n")):
            with open(os.path.join(path, "x")) as file:
                self.assertEqual(file.read(), text)
        self.lab.apply(member("db-0", claims))
        self.lab.wait_for("pod", "db-0", "Ready")
        self.assertEqual(self.inside("db-0", "cat /data/x /spare/x"), "one\ntwo")
        self.lab.delete("pod", "db-0")

    def test_what_a_pod_waits_for(self):
        """A claim that does not exist, then one that is not bound: events, and a start without a new pod."""
        disk = self.folder("late")
        self.lab.apply(member("late", {"data": "late-claim"}))
        self.await_event("late", 'persistentvolumeclaims "late-claim" not found')
        self.lab.apply(claim("late-claim", "late-volume"))
        self.await_event("late", "error processing PVC default/late-claim: PVC is not bound: its phase is Pending")
        self.lab.apply(volume("late-volume", local={"path": disk}))
        self.lab.wait_for("pod", "late", "Ready")
        self.lab.delete("pod", "late")

    def check_figures(self, claim, folder):
        """The space of the claim's volume is that of the file system it is on."""

        def page():
            return Exposition(self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/metrics").stdout)

        labels = {"namespace": "default", "persistentvolumeclaim": claim}
        found = wait_until("the volume's figures", lambda: (p := page()).samples("kubelet_volume_stats_used_bytes", **labels) and p, 30)
        disk = os.statvfs(folder)
        self.assertEqual(found.value("kubelet_volume_stats_capacity_bytes", **labels), disk.f_blocks * disk.f_frsize)
        self.assertEqual(found.value("kubelet_volume_stats_inodes", **labels), disk.f_files)
        for name in ("available_bytes", "used_bytes", "inodes_free", "inodes_used"):
            self.assertGreater(found.value(f"kubelet_volume_stats_{name}", **labels), 0, name)

    def test_one_claim_twice_and_read_only(self):
        disk = self.folder("twice")
        self.lab.apply(volume("twice", local={"path": disk}), claim("twice", "twice"))
        volumes = [
            {"name": "all", "persistentVolumeClaim": {"claimName": "twice"}},
            {"name": "look", "persistentVolumeClaim": {"claimName": "twice", "readOnly": True}},
        ]  # fmt: skip
        mounts = [{"name": entry["name"], "mountPath": "/" + entry["name"]} for entry in volumes]
        self.start_pod("twice", FOREVER, volumes=volumes, container={"volumeMounts": mounts})
        self.assertEqual(self.inside("twice", "echo seen > /all/x; cat /look/x; echo no > /look/y || echo refused"), "seen\nrefused")
        self.lab.delete("pod", "twice")

    def test_an_ephemeral_volume_waits_for_the_claim_of_its_pod(self):
        disk = self.folder("own")
        template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": GIBI}}}
        volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
        pod = manifest("own", FOREVER, volumes=volumes, container={"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]})
        # A claim with this name that somebody else has made is not the pod's.
        self.lab.apply(volume("own", local={"path": disk}), claim("own-scratch", "own"), pod)
        self.await_event("own", "PVC default/own-scratch was not created for pod default/own (pod is not owner)")
        self.lab.delete("pvc", "own-scratch")
        uid = self.lab.get("pod", "own")["metadata"]["uid"]
        self.lab.apply(volume("own-again", local={"path": disk}), claim("own-scratch", "own-again", {"name": "own", "uid": uid}))
        self.lab.wait_for("pod", "own", "Ready")
        self.assertEqual(self.inside("own", "echo fine > /scratch/x; cat /scratch/x"), "fine")
        self.lab.delete("pod", "own")

    def test_storage_for_one_pod(self):
        """ReadWriteOncePod: the second pod waits until the first one's volumes are gone, also with another agent."""
        self.lab.apply(
            volume("sole", hostPath={"path": self.folder("sole"), "type": "Directory"}, accessModes=["ReadWriteOncePod"]),
            claim("sole", "sole", modes=["ReadWriteOncePod"]), member("holder", {"data": "sole"}),
        )  # fmt: skip
        self.lab.wait_for("pod", "holder", "Ready")
        self.lab.apply(member("heir", {"data": "sole"}))
        self.await_event("heir", "volume uses the ReadWriteOncePod access mode and is already in use by another pod")
        self.lab.stop("agent")
        self.lab.start_agent()
        self.start_pod("bystander", FOREVER)
        self.assertEqual(self.lab.get("pod", "heir")["status"]["phase"], "Pending")
        self.lab.delete("pod", "holder")
        self.lab.wait_for("pod", "heir", "Ready")
        self.lab.delete("pod", "heir", "bystander")

    @unittest.skipUnless(os.access("/dev/loop-control", os.W_OK) and shutil.which("losetup"), "needs loop devices")
    def test_a_disk_as_it_is(self):
        """volumeDevices: the container reads and writes the disk itself; with a read-only claim it only reads, and others do not reach it."""
        image = self.lab.path("disk.img")
        with open(image, "wb") as file:
            file.write(b"before\n")
            file.truncate(1 << 20)
        device = subprocess.run(["losetup", "-f", "--show", image], check=True, capture_output=True, text=True).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", device], check=True)
        raw = claim("raw", "raw")
        raw["spec"]["volumeMode"] = "Block"
        self.lab.apply(volume("raw", local={"path": device}, volumeMode="Block"), raw)
        pod = manifest("raw", FOREVER, volumes=[
            {"name": "disk", "persistentVolumeClaim": {"claimName": "raw"}},
            {"name": "look", "persistentVolumeClaim": {"claimName": "raw", "readOnly": True}}])  # fmt: skip
        first = pod["spec"]["containers"][0]
        pod["spec"]["containers"] = [
            {**first, "volumeDevices": [{"name": "disk", "devicePath": "/dev/xvda"}]},
            {**first, "name": "elsewhere", "volumeDevices": [{"name": "disk", "devicePath": "/disks/a"}]},
            {**first, "name": "reader", "volumeDevices": [{"name": "look", "devicePath": "/dev/xvda"}]},
            {**first, "name": "stranger"},
        ]
        self.lab.apply(pod)
        self.lab.wait_for("pod", "raw", "Ready")

        def run(container, script):
            return self.lab.kubectl("exec", "raw", "-c", container, "--", "sh", "-c", script, check=False)

        self.assertEqual(run("c", "dd if=/dev/xvda bs=7 count=1 2>/dev/null").stdout, "before\n")
        self.assertEqual(run("c", "echo within | dd of=/dev/xvda conv=fsync").returncode, 0)
        for name, path in (("elsewhere", "/disks/a"), ("reader", "/dev/xvda")):
            self.assertEqual(run(name, f"dd if={path} bs=7 count=1 2>/dev/null").stdout, "within\n", name)
        self.assertIn("not permitted", run("reader", "echo no > /dev/xvda").stderr)
        numbers = os.stat(device).st_rdev
        node = f"mknod /tmp-disk b {os.major(numbers)} {os.minor(numbers)}"
        self.assertIn("not permitted", run("stranger", f"{node} && cat /tmp-disk").stderr)
        # The next container has it again.
        run("c", "kill 1")
        wait_until("the restart", lambda: self.container("raw")["restartCount"] == 1 and self.container("raw")["state"].get("running"), 60)
        self.assertEqual(run("c", "dd if=/dev/xvda bs=7 count=1 2>/dev/null").stdout, "within\n")
        self.lab.delete("pod", "raw")
        with open(device, "rb") as file:
            self.assertEqual(file.read(7), b"within\n")

    def test_what_this_node_does_not_have(self):
        """Each pod says why it waits, and ends at once."""
        cases = {
            "nowhere": ({"local": {"path": "/nonexistent/disk"}}, "does not exist on this node"),
            "foreign": ({"csi": {"driver": "disk.example", "volumeHandle": "1"}}, "is of kind csi, wanted nfs, local or hostPath"),
            "export": ({"nfs": {"server": "192.168.77.1", "path": "/none"}}, "mount"),
        }
        for name, (source, _) in cases.items():
            self.lab.apply(volume(name, **source), claim(name, name), member(name, {"data": name}))
        for name, (_, words) in cases.items():
            self.await_event(name, words)
        self.lab.delete("pod", *cases)
        self.lab.wait_until_quiet()

    @unittest.skipUnless(os.access("/dev/fuse", os.R_OK | os.W_OK), "needs FUSE")
    def test_an_orphan_with_a_silent_mount(self):
        """The folder of a pod that does not exist any more, with a mount that does not answer: the agent starts, runs pods, and removes it."""
        self.lab.stop("agent")
        orphan = self.lab.path("root", "pods", "0b0b0b0b-0000-4000-8000-000000000000")
        place = os.path.join(orphan, "volumes", "kubernetes.io~nfs", "export")
        os.makedirs(place)
        with silent_file_system(place):
            self.lab.start_agent()
            self.start_pod("free", FOREVER)
            wait_until("the mount and its folder to be gone", lambda: not mount_points_below(orphan) and not os.path.exists(orphan), 60)
        self.lab.delete("pod", "free")
