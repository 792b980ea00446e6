"""Namespaces with their settings, and cgroups, as a program sees them: new ones and joined ones."""
import os

from labs import cgroups
from labs.files import read_text
from labs.oci.bundle import linux
from labs.oci.case import OCICase


class Namespaces(OCICase):
    def test_new_ones_and_the_hosts(self):
        names = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup"}
        for kept in (list(names), ["mount", "pid"], ["mount"]):
            seen = self.seen("for n in pid net ipc uts mnt cgroup; do echo $n $(readlink /proc/self/ns/$n); done", lambda c, kept=kept: (
                c["linux"].update(namespaces=[{"type": name} for name in kept]),
                c.pop("hostname") if "uts" not in kept else None, c["mounts"].pop() if "network" not in kept else None))
            inside = dict(line.split() for line in seen.splitlines())
            for name, file in names.items():
                same = inside[file] == os.readlink(f"/proc/self/ns/{file}")
                self.assertEqual(name not in kept, same, (kept, name))

    def test_namespaces_of_another_container(self):
        self.config("sleep", "1000")
        name = self.created()
        pid = self.state(name)["pid"]

        def join(config):
            for namespace in config["linux"]["namespaces"]:
                file = {"network": "net", "ipc": "ipc", "uts": "uts"}.get(namespace["type"])
                if file:
                    namespace["path"] = f"/proc/{pid}/ns/{file}"
            del config["hostname"]
        seen = self.seen("hostname; for n in net ipc uts mnt; do readlink /proc/self/ns/$n; done", join)
        host, *inside = seen.splitlines()
        theirs = [os.readlink(f"/proc/{pid}/ns/{file}") for file in ("net", "ipc", "uts", "mnt")]
        self.assertEqual(("box", theirs[:3]), (host, inside[:3]))
        self.assertNotEqual(theirs[3], inside[3])

        def wrong(path):
            def change(config):
                config["linux"]["namespaces"][1]["path"] = path
            return change
        for path, word in [("/nowhere", "/nowhere"), (f"/proc/{pid}/ns/uts", "network"), ("/proc/self/status", "network"), ("relative", "relative")]:
            self.config("true", change=wrong(path))
            self.refused(self.create(self.new_id()), word)
        self.assertEqual("created", self.state(name)["status"])

    def test_pid_and_cgroup_namespaces_of_another_container(self):
        name = self.running()
        pid = self.state(name)["pid"]

        def join(config):
            for namespace in config["linux"]["namespaces"]:
                if namespace["type"] in ("pid", "cgroup"):
                    namespace["path"] = f"/proc/{pid}/ns/{namespace['type']}"
        seen = self.seen("readlink /proc/self/ns/pid; readlink /proc/self/ns/cgroup; cat /proc/1/cmdline; echo; echo $$", join)
        pids, cgroups, first, own = seen.splitlines()
        self.assertEqual([os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("pid", "cgroup")], [pids, cgroups])
        self.assertIn("sleep", first)
        self.assertNotEqual("1", own)
        self.assertEqual("running", self.state(name)["status"])

    def test_time_namespaces(self):
        days = 30 * 86400

        def new(config):
            offsets = {"monotonic": {"secs": days}, "boottime": {"secs": days, "nanosecs": 5}}
            config["linux"].update(namespaces=config["linux"]["namespaces"] + [{"type": "time"}], timeOffsets=offsets)

        name = self.running(new)
        pid = self.state(name)["pid"]
        uptime = float(read_text("/proc/uptime").split()[0])
        inside = float(self.must("exec", name, "cat", "/proc/uptime").out.split()[0])
        self.assertGreaterEqual(inside, uptime + days - 1)
        self.assertEqual(os.readlink(f"/proc/{pid}/ns/time"), self.must("exec", name, "readlink", "/proc/self/ns/time").out.strip())
        seen = self.seen("readlink /proc/self/ns/time; cat /proc/uptime", lambda c: c["linux"]["namespaces"].append(
            {"type": "time", "path": f"/proc/{pid}/ns/time"}))
        self.assertEqual(os.readlink(f"/proc/{pid}/ns/time"), seen.split()[0])
        self.assertGreaterEqual(float(seen.split()[1]), uptime + days - 1)
        self.config("true", change=linux(timeOffsets={"monotonic": {"secs": 1}}))
        self.refused(self.create(self.new_id()), "timeOffsets", "new time namespace")

    def test_hostname_domainname_and_sysctl(self):
        seen = self.seen("hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni", lambda c: (
            c.update(domainname="example.org"), c["linux"].update(sysctl={"net.ipv4.ip_forward": "1", "kernel.shmmni": "77"})))
        self.assertEqual(["box", "example.org", "1", "77"], seen.split())

    def test_sysctls_of_a_namespace_by_path(self):
        pid = self.state(self.running())["pid"]
        settings = {"net.ipv4.ip_unprivileged_port_start": "77"}

        def joined(owner):
            def change(config):
                config["linux"]["namespaces"][1].update(path=f"/proc/{owner}/ns/net")
                config["linux"].update(sysctl=settings)
            return change
        self.assertEqual("77", self.seen("cat /proc/sys/net/ipv4/ip_unprivileged_port_start", joined(pid)).strip())
        self.config("true", change=joined(os.getpid()))
        self.refused(self.create(self.new_id()), "would change the host")

    def test_user_namespace(self):
        os.chown(self.rootfs, 100000, 100000)
        for folder, _, files in os.walk(self.rootfs):
            for name in [folder] + [f"{folder}/{file}" for file in files]:
                os.lchown(name, 100000, 100000)
        os.chmod(self.folder, 0o711)
        # Fewer ids than the runtime's own programs would use.
        mapping = [{"containerID": 0, "hostID": 100000, "size": 10}]
        seen = self.seen("id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user; touch /made", lambda c: c["linux"].update(
            namespaces=c["linux"]["namespaces"] + [{"type": "user"}], uidMappings=mapping, gidMappings=mapping))
        uid, line, namespace = seen.splitlines()
        self.assertEqual(("0", ["0", "100000", "10"]), (uid, line.split()))
        self.assertNotEqual(os.readlink("/proc/self/ns/user"), namespace)
        self.assertEqual(100000, os.stat(self.rootfs + "/made").st_uid)

    def test_cgroup(self):
        group = f"{cgroups.hierarchy()}/{os.path.basename(self.folder)}/inner"
        self.addCleanup(lambda: os.path.isdir(os.path.dirname(group)) and os.rmdir(os.path.dirname(group)))
        self.config("sleep", "1000", change=linux(cgroupsPath="/" + os.path.basename(self.folder) + "/inner"))
        name = self.created()
        self.assertIn(str(self.state(name)["pid"]), read_text(group + "/cgroup.procs").split())
        self.refused(self.create(self.new_id()), "cgroupsPath")
        self.must("delete", "--force", name)
        self.assertFalse(os.path.exists(group))
        # In a frozen cgroup no program would start.
        os.makedirs(group, exist_ok=True)
        cgroups.freeze(group)
        self.refused(self.create(self.new_id()), "cgroupsPath", "frozen", "cgroup.freeze")
        os.rmdir(group)

    def test_limits_are_kept_or_refused(self):
        group = cgroups.hierarchy()
        self.config("true", change=linux(resources={"memory": {"limit": 64 << 20}, "pids": {"limit": 50}}))
        if "memory" in read_text(group + "/cgroup.controllers").split():
            name = self.created()
            self.assertEqual(str(64 << 20), read_text(f"{group}/swiftlet-oci/{name}/memory.max").strip())
            self.assertEqual("50", read_text(f"{group}/swiftlet-oci/{name}/pids.max").strip())
            return
        name = self.new_id()
        self.refused(self.create(name), "memory.max", "--ignore-missing-controllers")
        done = self.oci("run", "--bundle", self.folder + "/bundle", name, options=("--ignore-missing-controllers",))
        self.assertEqual(0, done.code, done)
        self.assertIn("memory.limit is not enforced", done.err)
