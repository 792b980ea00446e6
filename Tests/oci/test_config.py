"""config.json, field by field: the effect inside the container, and refusals."""
import os

from labs.files import read_text
from labs.oci.bundle import BASE, linux, process
from labs.oci.case import OCICase


class Process(OCICase):
    def test_user_groups_and_umask(self):
        seen = self.seen("id -u; id -g; id -G; umask; touch /tmp/f && ls -ln /tmp/f", lambda c: (
            c["process"].update(user={"uid": 1000, "gid": 1001, "additionalGids": [2000, 2001], "umask": 0o027}),
            os.chmod(self.rootfs + "/tmp", 0o777)))
        uid, gid, groups, umask, file = seen.splitlines()
        self.assertEqual(("1000", "1001", {"1001", "2000", "2001"}, "0027"), (uid, gid, set(groups.split()), umask))
        self.assertTrue(file.startswith("-rw-r-----"), file)

    def test_environment_and_directory(self):
        seen = self.seen("env | sort; echo $PWD", process(env=["PATH=/bin", "A=b c", "A=last"], cwd="/made/here"))
        self.assertIn("/made/here", seen)
        self.assertIn("PATH=/bin", seen)

    def test_capabilities_and_no_new_privileges(self):
        caps = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL", "CAP_CHOWN"], "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"],
                "ambient": ["CAP_KILL"]}
        seen = self.seen("grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status", process(capabilities=caps, user={"uid": 5, "gid": 5}))
        status = dict(line.split(":\t") for line in seen.splitlines())
        self.assertEqual(1 << 5 | 1, int(status["CapBnd"], 16))
        # An exec keeps the ambient capabilities of a user other than root.
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(1 << 5, int(status[name], 16), name)
        self.assertEqual("1", status["NoNewPrivs"])
        self.assertEqual("0", self.seen("grep NoNewPrivs /proc/self/status", process(noNewPrivileges=False)).split()[1])

    def test_capabilities_that_cannot_be_granted_are_reported(self):
        sets = {name: ["CAP_WHAT", "CAP_KILL"] for name in ("bounding", "permitted", "effective")}
        result = self.run_line("grep CapEff /proc/self/status", process(capabilities=sets))
        self.assertEqual((0, 1 << 5), (result.code, int(result.out.split()[1], 16)))
        self.assertIn("CAP_WHAT", result.err)

    def test_home(self):
        with open(self.rootfs + "/etc/passwd", "a") as users:
            users.write("app:x:77:77:app:/srv/app:/bin/sh\nnone:x:78:78:::\n")
        for user, wanted in [(77, "/srv/app"), (78, "/"), (79, "/"), (0, "/")]:
            self.assertEqual(wanted, self.seen("echo $HOME", process(user={"uid": user, "gid": 0})))
        self.assertEqual("/own", self.seen("echo $HOME", process(env=["PATH=/bin", "HOME=/own"])))
        # A link stays inside the container's root.
        os.rename(self.rootfs + "/etc/passwd", self.rootfs + "/etc/users")
        os.symlink("../../../../../../../etc/users", self.rootfs + "/etc/passwd")
        self.assertEqual("/srv/app", self.seen("echo $HOME", process(user={"uid": 77, "gid": 0})))

    def test_scheduling_and_personality(self):
        seen = self.seen("cat /proc/self/stat; ionice; uname -m; grep ^Cpus_allowed_list /proc/self/status", lambda c: (
            c["process"].update(scheduler={"policy": "SCHED_BATCH", "nice": 5}, ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6},
                                execCPUAffinity={"final": "0"}),
            c["linux"].update(personality={"domain": "LINUX32"})))
        stat = seen.splitlines()[0].rsplit(")", 1)[1].split()
        self.assertEqual(("5", str(os.SCHED_BATCH)), (stat[16], stat[38]))
        self.assertIn("best-effort: prio 6", seen)
        self.assertNotIn(os.uname().machine, seen.splitlines())
        # The affinity holds for later programs, not for the first one.
        self.assertEqual(read_text("/proc/self/status").split("Cpus_allowed_list:\t")[1].split("\n")[0], seen.split("Cpus_allowed_list:\t")[1])

    def test_rlimits_and_oom_score(self):
        seen = self.seen("ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj", process(
            rlimits=[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}], oomScoreAdj=500))
        self.assertEqual(["100", "200", "0", "500"], seen.split())

    def test_only_three_descriptors(self):
        # The fourth is the directory that ls reads.
        self.assertEqual(4, len(self.seen("exec ls /proc/self/fd").split()))

    def test_exit_codes(self):
        self.assertEqual(42, self.run_line("exit 42").code)
        self.assertEqual(128 + 9, self.run_line("kill -9 $$", linux(namespaces=[n for n in BASE["linux"]["namespaces"] if n["type"] != "pid"])).code)

    def test_programs_that_cannot_be_run(self):
        open(self.rootfs + "/bin/plain", "w").close()
        for args, word in [(["nosuch"], "not found"), (["/bin/nosuch"], "no such file"), (["/bin/plain"], "permission denied"),
                           (["/bin"], "directory")]:
            self.config(*args)
            name = self.new_id()
            result = self.create(name)
            if result.code == 0:
                result = self.oci("start", name)
            self.refused(result, word)

    def test_terminal(self):
        self.config("sh", "-c", "tty; stty size; read line; echo got $line; ls -l /dev/console; read line; exit 3",
                    change=process(terminal=True, consoleSize={"height": 33, "width": 99}))
        name, master = self.console(lambda path: self.created("--console-socket", path))
        text = b""
        pid = self.state(name)["pid"]
        self.must("start", name)
        try:
            os.write(master, b"hello\n")
            while b"got hello" not in text or text.count(b"\n") < 5:
                text += os.read(master, 1000)
        finally:
            os.close(master)
        self.assertIn(b"/dev/pts/0", text)
        self.assertIn(b"33 99", text)
        # Closing the terminal hangs up on the program, which reads the end of its input.
        self.wait(pid)
        self.refused(self.oci("create", "--bundle", self.folder + "/bundle", self.new_id()), "console-socket")


class FileSystem(OCICase):
    def test_masked_and_readonly_paths(self):
        os.mkdir(self.rootfs + "/secret")
        os.mkdir(self.rootfs + "/fixed")
        open(self.rootfs + "/secret/key", "w").close()
        seen = self.run_line("ls -A /secret; cat /proc/keys; touch /fixed/x; echo 1 > /proc/sys/kernel/shmmni", linux(
            maskedPaths=["/secret", "/proc/keys", "/nowhere"], readonlyPaths=["/fixed", "/proc/sys", "/nowhere"]))
        self.assertEqual("", seen.out)
        self.assertEqual(2, seen.err.lower().count("read-only"), seen)

    def test_readonly_dev(self):
        """The content of /dev is made before it becomes read-only: devices, and mounts that are not read-only themselves."""
        line = "touch /dev/x 2>/dev/null || echo fixed; echo yes > /dev/shm/x && cat /dev/shm/x; echo > /dev/null; ls -d /dev/pts/ptmx /dev/ptmx"
        devices = [{"type": "c", "path": "/dev/ptmx", "major": 5, "minor": 2}]
        seen = self.seen(line, lambda c: (c["mounts"][1]["options"].append("ro"), c["linux"].update(devices=devices)))
        self.assertEqual({"fixed", "yes", "/dev/pts/ptmx", "/dev/ptmx"}, set(seen.split()))

    def test_readonly_root(self):
        result = self.run_line("touch /x", lambda c: c["root"].update(readonly=True))
        self.assertIn("Read-only", result.err)

    def test_mounts(self):
        data = self.folder + "/data"
        os.makedirs(data)
        with open(data + "/file", "w") as file:
            file.write("content\n")
        mounts = [
            {"destination": "/data", "type": "bind", "source": data, "options": ["rbind", "ro", "nosuid", "noexec"]},
            {"destination": "/file", "source": data + "/file", "options": ["bind"]},
            {"destination": "/near", "type": "none", "source": "rootfs/etc", "options": ["bind", "ro"]},
            {"destination": "/memory", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m", "mode=0700", "nodev"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid"]},
        ]
        seen = self.seen("cat /data/file /file; ls /near; touch /data/x 2>/dev/null || echo fixed; echo more >> /file; cat /proc/self/mountinfo",
                         lambda c: c["mounts"].extend(mounts))
        table = {line.split()[4]: line.split()[5].split(",") for line in seen.splitlines() if " - " in line}
        self.assertEqual(["content", "content", "passwd", "fixed"], seen.splitlines()[:4])
        self.assertEqual("content\nmore\n", read_text(data + "/file"))
        self.assertLessEqual({"ro", "nosuid", "noexec"}, set(table["/data"]))
        self.assertIn("nodev", table["/memory"])
        self.assertIn("/sys/fs/cgroup", table)
        self.assertEqual([], [name for name in os.listdir(data) if name != "file"])

    def test_devices(self):
        device = {"path": "/dev/zeros", "type": "c", "major": 1, "minor": 5, "fileMode": 0o644, "uid": 3, "gid": 4}
        seen = self.seen("ls -ln /dev/zeros; head -c 4 /dev/zeros | wc -c; ls /dev", linux(
            devices=[device],
            resources={"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"}]}))
        line, count, *names = seen.splitlines()
        self.assertEqual(("crw-r--r--", "3", "4"), (line.split()[0], line.split()[2], line.split()[3]))
        self.assertEqual("4", count)
        self.assertLessEqual({"null", "zero", "full", "random", "urandom", "tty", "ptmx", "stdin", "fd"}, set(names))


class Seccomp(OCICase):
    def test_errno(self):
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
                   "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
        profile["architectures"] = profile["architectures"][:1] if os.uname().machine == "x86_64" else profile["architectures"][1:]
        result = self.run_line("grep Seccomp: /proc/self/status; mkdir /d", linux(seccomp=profile))
        self.assertIn("2", result.out)
        self.assertIn("No space left", result.err)

    def test_unknown_parts_are_refused(self):
        for profile, word in [({"defaultAction": "SCMP_ACT_WHAT"}, "SCMP_ACT_WHAT"), ({"defaultAction": "SCMP_ACT_NOTIFY"}, "NOTIFY"),
                              ({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}, "listenerPath"),
                              ({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_X"]}, "FLAG_X")]:
            self.config("true", change=linux(seccomp=profile))
            self.refused(self.create(self.new_id()), word)


class Refusals(OCICase):
    def test_broken_bundles(self):
        name = self.new_id()
        self.refused(self.create(name), "config.json")
        for text, word in [("", "config.json"), ("{", "config.json"), ("[]", "config.json"), ("{}", "ociVersion"),
                           ('{"ociVersion": 1}', "ociVersion")]:
            self.write(text)
            self.refused(self.create(name), word)
        self.refused(self.oci("create", "--bundle", self.folder + "/nowhere", name), "nowhere")

    def test_fields(self):
        def gone(*path):
            def change(config):
                for part in path[:-1]:
                    config = config[part]
                del config[path[-1]]
            return change

        def namespace(**one):
            return lambda c: c["linux"]["namespaces"].append(one)

        def mount(**one):
            return lambda c: c["mounts"].append(one)

        rule = {"allow": False, "type": "c", "major": 1, "minor": 3, "access": "rwm"}
        cases = [
            (lambda c: c.update(ociVersion="2.0.0"), "2.0.0"), (lambda c: c.update(ociVersion="nonsense"), "nonsense"), (gone("root"), "root"),
            (gone("process"), "process"), (gone("process", "args"), "process.args"), (gone("process", "cwd"), "cwd"),
            (process(args=[]), "process.args"),
            (process(cwd="relative"), "process.cwd"), (process(env=["novalue"]), "process.env"), (process(oomScoreAdj=1001), "oomScoreAdj"),
            (process(capabilities={"effective": ["CAP_KILL"]}), "effective"),
            (process(rlimits=[{"type": "RLIMIT_WHAT", "soft": 1, "hard": 1}]), "RLIMIT_WHAT"),
            (process(rlimits=[{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}]), "RLIMIT_CPU"), (process(selinuxLabel="a"), "selinuxLabel"),
            (process(scheduler={"policy": "SCHED_WHAT"}), "SCHED_WHAT"), (process(scheduler={"policy": "SCHED_FIFO", "priority": 500}), "scheduler"),
            (process(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 8}), "ioPriority"),
            (process(ioPriority={"class": "BE", "priority": 1}), "ioPriority"),
            (lambda c: c["root"].update(path="nowhere"), "root.path"), (lambda c: c["linux"].update(namespaces=[{"type": "uts"}]), "mount"),
            (lambda c: c["linux"].update(namespaces=[{"type": "mount"}]), "uts"), (namespace(type="what"), "what"),
            (namespace(type="pid"), "pid twice"), (namespace(type="user"), "uidMappings"),
            (linux(uidMappings=[{"containerID": 0, "hostID": 0, "size": 1}]), "uidMappings"),
            (linux(namespaces=BASE["linux"]["namespaces"] + [{"type": "user", "path": "/proc/self/ns/user"}]), "with a path"),
            (lambda c: c["linux"]["namespaces"][4].update(path="/proc/self/ns/mnt"), "with a path"),
            (mount(destination="relative", type="tmpfs"), "relative"), (mount(destination="/x/../y", type="tmpfs"), ".."),
            (mount(destination="/x", type="ext4", source="/dev/sda"), "ext4"), (mount(destination="/x", type="bind", source="/nowhere"), "/x"),
            (mount(destination="/x", type="bind", source="/tmp", options=["rbind", "rnosuid"]), "rnosuid"),
            (mount(destination="/x", type="bind", source="/tmp", options=["rbind", "sync"]), "sync"),
            (linux(rootfsPropagation="what"), "what"), (linux(mountLabel="a"), "mountLabel"),
            (linux(intelRdt={}), "intelRdt"), (linux(personality={"domain": "SVR4"}), "personality"),
            (linux(sysctl={"kernel.panic": "1"}), "kernel.panic"),
            (linux(timeOffsets={"monotonic": {"secs": 1}}), "timeOffsets"), (linux(cgroupsPath="system.slice:a:b"), "cgroupsPath"),
            (linux(timeOffsets={"realtime": {"secs": 1}}, namespaces=BASE["linux"]["namespaces"] + [{"type": "time"}]), "realtime"),
            (linux(cgroupsPath="/../x"), ".."), (linux(resources={"devices": [rule]}), "devices[0]"), (linux(resources={"network": {}}), "network"),
            (linux(resources={"memory": {"swappiness": 1}}), "swappiness"), (linux(resources={"unified": {"cgroup.procs": "1"}}), "cgroup.procs"),
            (linux(devices=[{"type": "x", "path": "/dev/x"}]), "/dev/x"),
        ]
        for change, word in cases:
            with self.subTest(word):
                self.config("true", change=change)
                name = self.new_id()
                self.refused(self.create(name), word)
                self.refused(self.oci("state", name), "does not exist")

    def test_unknown_fields_are_ignored(self):
        result = self.run_line("echo fine", lambda c: (c.update(future={"a": 1}), c["linux"].update(what=1), c["process"].update(new=True)))
        self.assertEqual((0, "fine\n"), (result.code, result.out))
