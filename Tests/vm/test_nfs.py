"""Volumes on a real NFS server: the machine's own, reached through an interface of its own, so that it can be stopped and cut off."""
import contextlib

from labs.node.lab import NODE
from labs.node.pods import manifest
from labs.vm.case import VMCase
from labs.vm.pods import SLEEP, running
from labs.waiting import wait_until

# The address that exports are mounted from. It is not the node's, so that rules can cut it off alone.
SERVER = "192.168.99.1"
EXPORTS = """\
/srv/nfs/shared *(rw,sync,no_subtree_check,no_root_squash)
/srv/nfs/frozen *(ro,sync,no_subtree_check,no_root_squash)
"""
# After a restart the server waits this long for its earlier clients before it opens files for others.
SERVICE = "[nfsd]\ngrace-time=10\nlease-time=10\n"
PREPARE = f"""
ip link add nfs0 type dummy && ip address add {SERVER}/32 dev nfs0 && ip link set nfs0 up
mkdir -p /srv/nfs/shared /srv/nfs/frozen && chmod 0777 /srv/nfs/shared && echo kept > /srv/nfs/frozen/x
systemctl start rpcbind nfs-server && exportfs -ra
"""
CLEAR = """
systemctl stop nfs-server; ip link delete nfs0; rm -rf /srv/nfs /etc/nfs.conf.d/test.conf; : > /etc/exports; exportfs -ra; true
"""
# Packets to and from the server disappear, as behind a broken switch.
CUT = f"""
nft add table inet nfscut
nft 'add chain inet nfscut out {{ type filter hook output priority 0; }}'
nft add rule inet nfscut out ip daddr {SERVER} drop
nft add rule inet nfscut out ip saddr {SERVER} drop
"""
JOIN = "nft delete table inet nfscut"


def mounted(name="data", path="/data"):
    return {"container": {"volumeMounts": [{"name": name, "mountPath": path}]}}


def inline(name, path="/srv/nfs/shared", **source):
    """A pod with an NFS volume at /data."""
    volumes = [{"name": "data", "nfs": {"server": SERVER, "path": path, **source}}]
    return manifest(name, SLEEP, volumes=volumes, **mounted())


def storage(name, path="/srv/nfs/shared", options=(), **more):
    """A PersistentVolume and its claim, with the fields of Kubernetes' own example."""
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "nfs": {"server": SERVER, "path": path}, **more}
    if options:
        spec["mountOptions"] = list(options)
    claim = {"accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": name, "resources": {"requests": {"storage": "1Gi"}}}
    return (
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": claim},
    )


def user(name, claim, **source):
    """A pod with a claim at /data."""
    return manifest(name, SLEEP, volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": claim, **source}}], **mounted())


class NFS(VMCase):
    @classmethod
    @contextlib.contextmanager
    def around(cls):
        cls.lab.write("/etc/exports", EXPORTS)
        cls.lab.run("mkdir -p /etc/nfs.conf.d")
        cls.lab.write("/etc/nfs.conf.d/test.conf", SERVICE)
        cls.lab.run(PREPARE, 120)
        try:
            yield
        finally:
            cls.lab.run(CLEAR, 120)

    def mounts(self):
        """The NFS mounts of pods: (type, options) by mount point."""
        lines = self.lab.run("grep -E ' nfs4? ' /proc/mounts | grep /var/lib/kubelet/ || true").stdout.splitlines()
        return {fields[1]: (fields[2], fields[3].split(",")) for fields in map(str.split, lines)}

    def mount_of(self, pod):
        uid = self.lab.get("pod", pod)["metadata"]["uid"]
        return next(entry for place, entry in self.mounts().items() if uid in place)

    def await_event(self, pod, *words, seconds=90):
        def found():
            items = [event for event in self.lab.get("events")["items"] if event["involvedObject"]["name"] == pod]
            return any(event["reason"] == "FailedMount" and all(word in event["message"] for word in words) for event in items)

        wait_until(f"an event of {pod} that says {' and '.join(words)}", found, seconds)

    def node_is_ready(self):
        conditions = self.lab.get("node", NODE)["status"]["conditions"]
        return next(condition["status"] for condition in conditions if condition["type"] == "Ready") == "True"

    @contextlib.contextmanager
    def stored(self, name, **more):
        """A PersistentVolume with its claim."""
        self.lab.apply(*storage(name, **more))
        try:
            yield
        finally:
            self.lab.delete("pvc", name)
            self.lab.delete("pv", name)

    @contextlib.contextmanager
    def started(self, name):
        """A pod with an NFS volume that ends within the test."""
        pod = inline(name)
        pod["spec"]["terminationGracePeriodSeconds"] = 1
        self.lab.apply(pod)
        try:
            self.lab.wait_for("pod", name, "Ready", 120)
            yield
        finally:
            self.lab.delete("pod", name, "--ignore-not-found", "--wait=false")

    @contextlib.contextmanager
    def cut_off(self):
        self.lab.run(CUT)
        try:
            yield
        finally:
            self.lab.run(JOIN)

    def test_data_outlives_the_pod(self):
        """A StatefulSet's pod with the volume and claim of Kubernetes' example: deleted, made again, and shared with another pod."""
        with self.stored("nfs"):
            with running(self.lab, user("web-0", "nfs")):
                self.lab.exec("web-0", "echo first > /data/x")
                assert self.mount_of("web-0")[0] == "nfs4", self.mounts()
            assert self.lab.read("/srv/nfs/shared/x") == "first"
            assert not self.mounts(), self.mounts()
            with running(self.lab, user("web-0", "nfs"), user("web-1", "nfs")):
                assert self.lab.exec("web-1", "cat /data/x").stdout == "first\n"
                self.lab.exec("web-0", "echo second > /data/x")
                wait_until("the other pod to see the change", lambda: self.lab.exec("web-1", "cat /data/x").stdout == "second\n", 90)

    def test_version_3_and_read_only(self):
        """Mount options of the volume, and one claim twice in a pod."""
        with self.stored("old", options=("nfsvers=3", "nolock", "hard")):
            pod = user("old", "old", readOnly=True)
            pod["spec"]["volumes"].append({"name": "all", "persistentVolumeClaim": {"claimName": "old"}})
            pod["spec"]["containers"][0]["volumeMounts"].append({"name": "all", "mountPath": "/all"})
            with running(self.lab, pod):
                kind, options = self.mount_of("old")
                assert kind == "nfs" and "vers=3" in options, self.mounts()
                answer = self.lab.exec("old", "echo both > /all/y; cat /data/y; echo no > /data/y || echo refused").stdout
                assert answer.split() == ["both", "refused"], answer

    def test_the_server_says_no(self):
        """A wrong path, an unknown option and a read-only export: the server's and mount.nfs' own words."""
        with self.stored("odd", options=("no_such_option",)), running(
            self.lab, inline("lost", "/srv/nfs/none"), user("odd", "odd"), inline("frozen", "/srv/nfs/frozen"), ready=False
        ):
            self.await_event("lost", f"mounting {SERVER}:/srv/nfs/none failed: mount.nfs: ")
            self.await_event("odd", "mount.nfs: ", "option")
            self.lab.wait_for("pod", "frozen", "Ready", 120)
            answer = self.lab.exec("frozen", "cat /data/x; sh -c 'echo no > /data/x' 2>&1 || echo refused").stdout
            assert answer.split()[0] == "kept" and "Read-only file system" in answer and answer.split()[-1] == "refused", answer
            # The mistake is put right: the same pod starts.
            self.lab.run("mkdir /srv/nfs/none && echo '/srv/nfs/none *(rw,no_subtree_check)' >> /etc/exports && exportfs -ra")
            self.lab.wait_for("pod", "lost", "Ready", 200)

    def test_the_server_is_stopped_and_comes_back(self):
        with running(self.lab, inline("patient")):
            self.lab.exec("patient", "echo before > /data/z")
            self.lab.run("systemctl stop nfs-server", 120)
            try:
                # A pod that needs the server says so; one without goes by.
                with running(self.lab, inline("early"), ready=False), running(self.lab, manifest("free", SLEEP)):
                    self.await_event("early", f"mounting {SERVER}:/srv/nfs/shared")
                    assert self.node_is_ready()
                    self.lab.run("systemctl start nfs-server", 120)
                    self.lab.wait_for("pod", "early", "Ready", 240)
                    assert self.lab.exec("early", "cat /data/z", seconds=200).stdout == "before\n"
            finally:
                self.lab.run("systemctl start nfs-server", 120)
            # The server's grace period delays locks and opens after its restart.
            self.lab.exec("patient", "echo after > /data/z", seconds=200)
            assert self.lab.read("/srv/nfs/shared/z") == "after"

    def test_a_pod_ends_while_its_server_is_cut_off(self):
        """One stuck server blocks one pod: others start and stop, and the stuck one is gone without it. Nothing on the export is touched."""
        with self.started("stuck"):
            self.lab.exec("stuck", "echo precious > /data/kept")
            with self.cut_off():
                # A program that waits for the server, as a database would.
                self.lab.run("(timeout 300 swiftlet exec stuck -- sh -c 'ls /data; cat /data/kept' > /dev/null 2>&1 &)")
                with running(self.lab, inline("waiting"), ready=False, seconds=300):
                    with running(self.lab, manifest("free", SLEEP)):
                        self.await_event("waiting", "no answer of the file server", seconds=120)
                        assert self.node_is_ready()
                    self.lab.delete("pod", "stuck", "--wait=false")
                    with running(self.lab, manifest("free-again", SLEEP)):
                        pass

                    def gone():
                        return not self.lab.kubectl("get", "pod", "stuck", "--ignore-not-found", "-o", "name").stdout.strip()

                    wait_until("the stuck pod to be gone without its server", gone, 240)
                    assert self.node_is_ready()
            assert self.lab.read("/srv/nfs/shared/kept") == "precious"

    def test_a_new_agent_with_a_dead_mount(self):
        """The folder of a pod that is gone from the API, with a mount of a silent server: the next agent starts and removes it."""
        with self.started("orphan"), self.cut_off():
            self.lab.run("systemctl stop swiftlet")
            self.lab.delete("pod", "orphan", "--force", "--grace-period=0", "--wait=false")
            self.lab.run("systemctl start swiftlet", 120)
            self.lab.wait_for("node", NODE, "Ready", 120)
            with running(self.lab, manifest("free", SLEEP)):
                pass
            wait_until("the mount to be gone", lambda: not self.mounts(), 240)
        assert self.lab.run("ls /srv/nfs/shared", check=False).returncode == 0
