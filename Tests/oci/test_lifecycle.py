"""The operations and states of the OCI runtime specification."""
import json
import os
import signal
import subprocess

from labs.files import read_text
from labs.oci.case import OCICase, command
from labs.processes import command_lines


class Lifecycle(OCICase):
    def test_from_create_to_delete(self):
        output = self.folder + "/out"
        self.config("sh", "-c", "echo started; exec sleep 1000", change=lambda c: c.update(annotations={"a.b": "c"}))
        name = self.created("--pid-file", self.folder + "/pid", output=output)
        state = self.state(name)
        pid = int(read_text(self.folder + "/pid"))
        self.assertEqual(
            {"ociVersion": "1.2.0", "id": name, "status": "created", "pid": pid, "bundle": self.folder + "/bundle", "annotations": {"a.b": "c"}},
            state)
        self.assertEqual("", read_text(output), "the program ran before start")

        self.must("start", name)
        self.assertEqual(("running", pid), (self.state(name)["status"], self.state(name)["pid"]))
        while "sleep" not in read_text(f"/proc/{pid}/cmdline"):
            pass
        self.assertEqual("started\n", read_text(output))

        self.must("kill", name, "KILL")
        self.wait(pid)
        self.assertEqual(("stopped", 0), (self.state(name)["status"], self.state(name)["pid"]))
        self.must("delete", name)
        self.refused(self.oci("state", name), name, "does not exist")

    def test_config_is_read_at_creation(self):
        output = self.folder + "/out"
        self.config("echo", "first")
        name = self.created(output=output)
        pid = self.state(name)["pid"]
        self.config("echo", "second")
        self.must("start", name)
        self.wait(pid)
        self.assertEqual("first\n", read_text(output))

    def test_wrong_states(self):
        self.config("sleep", "1000")
        name = self.created()
        self.refused(self.oci("delete", name), "created", "wanted stopped")
        self.must("start", name)
        self.refused(self.oci("start", name), "running", "wanted created")
        self.refused(self.oci("delete", name), "running", "wanted stopped")
        self.refused(self.create(name), "exists already")
        self.assertEqual("running", self.state(name)["status"])
        pid = self.state(name)["pid"]
        self.must("kill", name, "9")
        self.wait(pid)
        self.refused(self.oci("kill", name, "TERM"), "stopped")
        self.refused(self.oci("start", name), "stopped")
        self.must("delete", name)
        for line in (["start"], ["kill"], ["delete"], ["state"]):
            self.refused(self.oci(*line, name), "does not exist")
        self.must("delete", "--force", name)

    def test_a_created_container_can_be_killed(self):
        self.config("sleep", "1000")
        name = self.created()
        pid = self.state(name)["pid"]
        self.must("kill", name, "SIGKILL")
        self.wait(pid)
        self.assertEqual("stopped", self.state(name)["status"])

    def test_delete_by_force(self):
        name = self.running()
        pid = self.state(name)["pid"]
        self.must("delete", "--force", name)
        self.wait(pid)
        self.refused(self.oci("state", name))

    def test_signals(self):
        output = self.folder + "/out"
        self.config("sh", "-c", "trap 'echo usr1' USR1; trap 'echo term; exit 0' TERM; echo ready; while :; do sleep 0.02; done")
        name = self.created(output=output)
        pid = self.state(name)["pid"]
        self.must("start", name)

        def wait_for_output(word):
            while word not in read_text(output):
                self.assertNotEqual("stopped", self.state(name)["status"], read_text(output))
        wait_for_output("ready")
        self.must("kill", name, "sigusr1")
        wait_for_output("usr1")
        self.must("kill", name)
        self.wait(pid)
        self.assertIn("term\n", read_text(output))
        self.assertEqual(1, self.oci("kill", name, "NOSUCH").code)
        self.assertIn("NOSUCH", self.oci("kill", name, "NOSUCH").err)

    def test_kill_all_reaches_every_process(self):
        marks = ["sleep", "31337"]
        # In the host's pid namespace only the cgroup holds them together.
        self.config("sh", "-c", f"{' '.join(marks)} & {' '.join(marks)} & wait", change=lambda c: c["linux"].update(
            namespaces=[n for n in c["linux"]["namespaces"] if n["type"] != "pid"]))
        name = self.created()
        self.must("start", name)

        def alive():
            return [pid for pid, words in command_lines().items() if words[:2] == marks]
        while len(alive()) < 2:
            pass
        pids = alive()
        first = self.state(name)["pid"]
        self.must("kill", "--all", name, "KILL")
        for pid in pids:
            self.wait(pid)
        self.wait(first)
        self.assertEqual("stopped", self.state(name)["status"])

    def test_standard_streams_are_passed_on(self):
        self.config("sh", "-c", "cat; echo problem >&2; exit 7")
        end, start = os.pipe()
        os.write(start, b"input\n")
        os.close(start)
        result = self.oci("run", "--bundle", self.folder + "/bundle", self.new_id(), stdin=end)
        os.close(end)
        self.assertEqual((7, "input\n", "problem\n"), (result.code, result.out, result.err))

    def test_run_passes_signals_on(self):
        self.config("sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done")
        line = command() + ["--root", self.root, "run", "--bundle", self.folder + "/bundle", self.new_id()]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as program:
            self.assertEqual("ready\n", program.stdout.readline())
            program.send_signal(signal.SIGTERM)
            self.assertEqual(5, program.wait(30))

    def test_a_shim_that_was_killed(self):
        name = self.running()
        shims = [pid for pid, words in command_lines().items() if any(word.endswith("sandbox " + name) for word in words)]
        self.assertEqual(1, len(shims))
        os.kill(shims[0], signal.SIGKILL)
        self.wait(shims[0])
        self.assertEqual("stopped", self.state(name)["status"])
        self.must("delete", name)

    def test_two_creations_of_one_id(self):
        self.config("sleep", "1000")
        name = self.new_id()
        line = command() + ["--root", self.root, "create", "--bundle", self.folder + "/bundle", name]
        null = subprocess.DEVNULL
        programs = [subprocess.Popen(line, stdin=null, stdout=null, stderr=null) for _ in range(4)]
        self.assertEqual([0, 1, 1, 1], sorted(program.wait(60) for program in programs))
        self.assertEqual("created", self.state(name)["status"])


class CommandLine(OCICase):
    def test_ids(self):
        self.config("true")
        for bad in ("", ".", "..", "a/b", "a b", "x" * 65, "a\n"):
            result = self.create(bad)
            self.assertEqual(1, result.code, (bad, result))
        for good in ("A_b.c+d-1", "a" * 64):
            self.ids.append(good)
            with open("/dev/null", "w") as null:
                result = self.create(good, stdout=null, stderr=null)
            self.assertEqual(0, result.code, (good, result))
            self.assertEqual(good, self.state(good)["id"])

    def test_version_features_and_help(self):
        self.assertRegex(self.must("--version").out, r"^swiftlet version \S+\nspec: 1\.2\.0\n$")
        features = json.loads(self.must("features").out)
        self.assertEqual(("1.0.0", "1.2.0"), (features["ociVersionMin"], features["ociVersionMax"]))
        self.assertIn("user", features["linux"]["namespaces"])
        self.assertIn("rbind", features["mountOptions"])
        self.assertIn("create", self.must("--help").out)

    def test_wrong_usage(self):
        for line, word in [
            ([], "no command"), (["fly"], "fly"), (["start"], "no container id"), (["start", "a", "b"], "too many"),
            (["create", "--what", "a"], "--what"), (["--log-format", "xml", "state", "a"], "xml"), (["--systemd-cgroup", "state", "a"], "systemd"),
        ]:
            result = self.oci(*line)
            self.assertEqual(2, result.code, (line, result))
            self.assertIn(word, result.err)

    def test_log_file(self):
        log = self.folder + "/log"
        self.oci("state", "nothing", options=("--log", log, "--log-format", "json"))
        line = json.loads(read_text(log))
        self.assertEqual("error", line["level"])
        self.assertIn("does not exist", line["msg"])
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT")
        self.oci("state", "nothing", options=("--log", log))
        self.assertIn("level=error", read_text(log))
