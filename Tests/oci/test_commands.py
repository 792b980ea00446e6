"""Operations that container managers use beyond the specification: further programs, lists, the freezer, limits."""
import json
import os
import unittest

from labs.files import read_text
from labs.oci.case import OCICase, command, container_cgroup
from labs.terminal import Terminal


class Exec(OCICase):
    def test_streams_and_exit_code(self):
        name = self.running()
        end, start = os.pipe()
        os.write(start, b"input\n")
        os.close(start)
        result = self.oci("exec", name, "sh", "-c", "cat; echo problem >&2; exit 7", stdin=end)
        os.close(end)
        self.assertEqual((7, "input\n", "problem\n"), (result.code, result.out, result.err))
        self.assertEqual(128 + 9, self.oci("exec", name, "sh", "-c", "kill -9 $$").code)
        self.refused(self.oci("exec", name, "/nowhere"), "/nowhere", "no such file", code=255)

    def test_it_is_like_the_containers_own_program(self):
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
        name = self.running(lambda c: (c["process"].update(user={"uid": 5, "gid": 6}, cwd="/tmp", env=["PATH=/bin", "A=1"]),
                                       c["linux"].update(seccomp=profile)))
        self.config("true")  # the bundle's later content does not count
        line = "id -u; id -g; pwd; echo $A; grep -E 'NoNewPrivs|CapBnd' /proc/self/status; readlink /proc/self/ns/pid; mkdir /tmp/x"
        result = self.oci("exec", name, "sh", "-c", line)
        uid, gid, cwd, value, bounding, privileges, namespace = result.out.splitlines()
        self.assertEqual(("5", "6", "/tmp", "1", "1"), (uid, gid, cwd, value, privileges.split()[1]))
        self.assertEqual(sum(1 << n for n in (0, 5, 6, 7, 10)), int(bounding.split()[1], 16))
        self.assertEqual(os.readlink(f"/proc/{self.state(name)['pid']}/ns/pid"), namespace)
        self.assertIn("No space left", result.err)

    def test_options(self):
        name = self.running(lambda c: c["process"].update(noNewPrivileges=False, capabilities={}))
        line = "id -u; id -G; echo $PWD $A $PATH; grep -E 'NoNewPrivs|CapEff' /proc/self/status"
        result = self.must("exec", "--user", "0:8", "-g", "9", "--cwd", "/etc", "-e", "A=2", "--env", "PATH=/bin:/x", "--cap", "CAP_KILL",
                           "--no-new-privs", name,
                           "sh", "-c", line)
        uid, groups, words, effective, privileges = result.out.splitlines()
        self.assertEqual(("0", {"8", "9"}, "/etc 2 /bin:/x", 1 << 5, "1"),
                         (uid, set(groups.split()), words, int(effective.split()[1], 16), privileges.split()[1]))
        for line, word in [(["--user", "who", name, "true"], "who"), ([name], "wanted either"), (["--what", name, "true"], "--what")]:
            result = self.oci("exec", *line)
            self.assertIn(result.code, (2, 255), result)
            self.assertIn(word, result.err)

    def test_process_file(self):
        name = self.running()
        path = self.folder + "/process.json"
        with open(path, "w") as file:
            json.dump({"args": ["sh", "-c", "id -u; taskset -p $$; exit 5"], "cwd": "/", "user": {"uid": 9, "gid": 9}, "env": ["PATH=/bin"],
                       "execCPUAffinity": {"initial": "0", "final": "0"}}, file)
        result = self.oci("exec", "--process", path, name)
        self.assertEqual((5, "9"), (result.code, result.out.split()[0]))
        self.assertEqual("1", result.out.split()[-1])
        self.config("sleep", "1000")

    def test_detached_with_a_terminal(self):
        name = self.running()
        _, master = self.console(lambda path: self.must(
            "exec", "--detach", "--tty", "--console-socket", path, "--pid-file", self.folder + "/pid", name, "sh", "-c", "tty; read line"))
        pid = int(read_text(self.folder + "/pid"))
        self.assertIn(pid, json.loads(self.must("ps", "--format", "json", name).out))
        text = b""
        while b"\n" not in text:
            text += os.read(master, 100)
        os.close(master)
        self.wait(pid)
        self.assertIn(b"/dev/pts/", text)

    def test_a_program_that_cannot_be_handed_over_is_ended(self):
        name = self.running()
        self.refused(self.oci("exec", "--detach", "--pid-file", "/nowhere/pid", name, "sleep", "31338"), "pid file", code=255)
        while json.loads(self.must("ps", "--format", "json", name).out) != [self.state(name)["pid"]]:
            pass

    def test_cgroup(self):
        name = self.running()
        own = self.must("exec", name, "cat", "/proc/self/cgroup").out
        os.mkdir(f"{container_cgroup(name)}/sub")
        given = self.must("exec", "--cgroup", "/sub", name, "cat", "/proc/self/cgroup").out
        self.assertIn("/sub", given)
        self.assertNotIn("/sub", own)
        self.refused(self.oci("exec", "--cgroup", "../..", name, "true"), "..", code=255)

    def test_only_in_a_running_container(self):
        self.config("sleep", "1000")
        name = self.created()
        self.refused(self.oci("exec", name, "true"), "created", "wanted running", code=255)
        self.refused(self.oci("exec", "nowhere", "true"), "does not exist", code=255)


class Foreground(OCICase):
    """A program with a terminal, called with and without a terminal."""

    def drive(self, arguments, keys, wanted):
        """Returns what a program writes to a terminal of 33 lines of 99 characters, and its exit code. After `wanted` it gets the keys."""
        with Terminal([*command(), "--root", self.root, *arguments], rows=33, columns=99) as terminal:
            seen = terminal.read_until(wanted)
            terminal.type(keys)
            code = terminal.wait()
            self.assertEqual(terminal.settings_before, terminal.settings(), "the terminal is not as it was")
            return seen + terminal.seen, code

    def terminal(self, line):
        self.config("sh", "-c", line, change=lambda c: c["process"].update(terminal=True))

    def test_run(self):
        self.terminal("stty size; tty; echo ready; read line; echo got $line; exit 7")
        seen, code = self.drive(["run", "--bundle", self.folder + "/bundle", self.new_id()], "hello\r", "ready")
        self.assertEqual(7, code)
        for word in ("33 99", "/dev/pts/0", "got hello"):
            self.assertIn(word, seen)

    def test_in_a_readonly_dev(self):
        self.config("sh", "-c", "tty; touch /dev/x || echo ready; read line; echo got $line", change=lambda c: (
            c["process"].update(terminal=True), c["mounts"][1]["options"].append("ro")))
        seen, code = self.drive(["run", "--bundle", self.folder + "/bundle", self.new_id()], "hello\r", "ready")
        self.assertEqual((0, True), (code, "got hello" in seen), seen)

    def test_keys_are_the_programs(self):
        self.terminal("trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.02; done")
        seen, code = self.drive(["run", "--bundle", self.folder + "/bundle", self.new_id()], "\x03", "ready")
        self.assertEqual(3, code)
        self.assertIn("interrupted", seen)

    def test_exec(self):
        name = self.running()
        seen, code = self.drive(["exec", "--tty", name, "sh", "-c", "stty size; echo ready; read line; echo got $line; exit 8"], "hello\r", "ready")
        self.assertEqual(8, code)
        for word in ("33 99", "got hello"):
            self.assertIn(word, seen)

    def test_without_a_terminal_of_the_callers(self):
        self.terminal("tty; echo $(seq 1 20000); sleep 1000 & exit 9")
        result = self.oci("run", "--bundle", self.folder + "/bundle", self.new_id())
        self.assertEqual(9, result.code)
        self.assertIn("/dev/pts/0", result.out)
        # The whole output arrives, also the part written just before the program's end.
        self.assertIn(" 19999 20000", result.out)


class Managing(OCICase):
    def test_list_and_ps(self):
        self.assertEqual([], json.loads(self.must("list", "--format", "json").out))
        self.config("sh", "-c", "sleep 1000 & sleep 1000")
        names = [self.created(), self.created()]
        self.must("start", names[1])
        listed = {one["id"]: one for one in json.loads(self.must("list", "-f", "json").out)}
        self.assertEqual(set(names), set(listed))
        self.assertEqual(("created", "running"), tuple(listed[name]["status"] for name in names))
        self.assertEqual((self.folder + "/bundle", self.rootfs, "root"), tuple(listed[names[0]][key] for key in ("bundle", "rootfs", "owner")))
        self.assertEqual(sorted(names), self.must("list", "--quiet").out.split())
        table = self.must("list").out.splitlines()
        self.assertEqual(["ID", "PID", "STATUS"], table[0].split()[:3])
        self.assertEqual([names[1], str(listed[names[1]]["pid"]), "running"], table[2].split()[:3])
        while len(pids := json.loads(self.must("ps", "--format", "json", names[1]).out)) < 2:
            pass
        self.assertIn(listed[names[1]]["pid"], pids)
        self.assertIn("sleep 1000", self.must("ps", names[1]).out)

    def test_pause_and_resume(self):
        name = self.running()
        pid = self.state(name)["pid"]
        self.must("pause", name)
        self.assertEqual("paused", self.state(name)["status"])
        self.assertIn("frozen 1", read_text(f"{container_cgroup(name)}/cgroup.events"))
        self.refused(self.oci("pause", name), "paused", "wanted running")
        self.refused(self.oci("exec", name, "true"), "paused", code=255)
        self.refused(self.oci("delete", name), "paused")
        self.must("resume", name)
        self.assertEqual("running", self.state(name)["status"])
        self.refused(self.oci("resume", name), "running", "wanted paused")
        self.must("pause", name)
        self.must("kill", name, "KILL")
        self.wait(pid)
        self.assertEqual("stopped", self.state(name)["status"])
        self.must("delete", name)

    def test_update(self):
        self.config("sleep", "1000")
        name = self.created()
        group = f"{container_cgroup(name)}"
        with open(self.folder + "/resources", "w") as file:
            json.dump({"pids": {"limit": 44}}, file)
        if not os.path.exists(group + "/pids.max"):
            self.refused(self.oci("update", "--pids-limit", "33", name), "pids.max", "--ignore-missing-controllers")
            self.refused(self.oci("update", "--resources", self.folder + "/resources", name), "pids.max")
            return
        self.must("update", "--pids-limit", "33", "--memory", str(64 << 20), name)
        self.assertEqual(["33", str(64 << 20)], [read_text(f"{group}/{file}").strip() for file in ("pids.max", "memory.max")])
        self.must("update", "--resources", self.folder + "/resources", name)
        self.assertEqual("44", read_text(group + "/pids.max").strip())

    def test_template(self):
        os.makedirs(self.folder + "/made")
        self.must("spec", "--bundle", self.folder + "/made")
        path = self.folder + "/made/config.json"
        with open(path) as file:
            config = json.load(file)
        self.refused(self.oci("spec", "--bundle", self.folder + "/made"), "exists already")
        config["process"].update(terminal=False, args=["echo", "made"])
        with open(path, "w") as file:
            json.dump(config, file)
        os.rename(self.rootfs, self.folder + "/made/rootfs")
        result = self.must("run", "--bundle", self.folder + "/made", self.new_id())
        self.assertEqual("made\n", result.out)

    def test_another_config_file(self):
        self.config("echo", "other")
        os.rename(self.folder + "/bundle/config.json", self.folder + "/other.json")
        result = self.must("run", "--config", self.folder + "/other.json", "--bundle", self.folder + "/bundle", self.new_id())
        self.assertEqual("other\n", result.out)


class Devices(OCICase):
    @unittest.skipUnless(os.path.exists("/dev/fuse"), "needs /dev/fuse")
    def test_rules(self):
        number = os.stat("/dev/fuse").st_rdev
        major, minor = os.major(number), os.minor(number)
        one = {"type": "c", "major": major, "minor": minor}
        nothing = {"allow": False, "access": "rwm"}
        bind = {"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]}
        reads, writes = "true < /dev/fuse && echo reads", "true > /dev/fuse && echo writes"
        for rules, wanted in [
            ([nothing], []), ([nothing, {"allow": True, "access": "rwm"}], ["reads", "writes"]),
            ([nothing, {**one, "allow": True, "access": "r"}], ["reads"]),
            ([nothing, {**one, "allow": True, "access": "r"}, {**one, "allow": True, "access": "w"}], ["reads", "writes"]),
            ([{"allow": True, "access": "rwm"}, {**one, "allow": False, "access": "w"}], ["reads"]),
            ([nothing, {**one, "minor": -1, "allow": True, "access": "rw"}, {**one, "allow": False, "access": "r"}], ["writes"]),
            ([nothing, {**one, "type": "b", "allow": True, "access": "rw"}], []),
        ]:
            with self.subTest(rules):
                result = self.run_line(f"{reads}; {writes}; echo fine > /dev/null", lambda c, rules=rules: (
                    c["mounts"].append(bind), c["linux"]["resources"].update(devices=rules)))
                self.assertEqual(wanted, result.out.split(), result)

    def test_a_node_is_not_a_permission(self):
        number = os.stat("/dev/fuse").st_rdev
        one = {"type": "c", "major": os.major(number), "minor": os.minor(number)}
        for rules, wanted in [([{"allow": False, "access": "rwm"}], "there\n"),
                              ([{"allow": False, "access": "rwm"}, {**one, "allow": True, "access": "rw"}], "there\nopened\n"),
                              ([], "there\nopened\n")]:
            result = self.run_line("test -c /dev/node && echo there; true < /dev/node && echo opened", lambda c, rules=rules: c["linux"].update(
                devices=[{**one, "path": "/dev/node"}], resources={"devices": rules}))
            self.assertEqual(wanted, result.out, (rules, result))

    def test_both_accesses_at_once(self):
        """An access that a rule forbids is not granted together with an allowed one."""
        number = os.stat("/dev/fuse").st_rdev
        rules = [{"allow": True, "access": "rwm"}, {"allow": False, "type": "c", "major": os.major(number), "minor": os.minor(number), "access": "w"}]
        bind = {"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind"]}
        result = self.run_line("true <> /dev/fuse && echo opened",
                               lambda c: (c["mounts"].append(bind), c["linux"]["resources"].update(devices=rules)))
        self.assertEqual("", result.out, result)
