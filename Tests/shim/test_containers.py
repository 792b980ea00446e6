"""Starting programs: exit codes, signals, stdin, exec, messages for programs that cannot be executed."""
import errno
import os
import signal
import struct
import time

from labs import cgroups
from labs.processes import children
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, exit_file, field, refused
from labs.streams import read_all
from labs.waiting import wait_until


class Containers(ShimCase):
    def test_exit_codes_and_exit_file(self):
        with Sandbox(self.world) as pod:
            for code in (0, 1, 3, 255):
                cid = self.world.name("c")
                pod.launch(cid, ["sh", "-c", f"exit {code}"])
                ended = pod.wait(cid)
                assert (ended.code, ended.signal, ended.flags) == (code, 0, 0)
                kept = exit_file(f"{pod.directory}/containers/{cid}/exit")
                assert kept.magic == C["SWL_EXIT_MAGIC"] and vars(kept) == vars(ended)
                assert 0 < kept.finished_at - kept.started_at < 10**10 and kept.start_time > 0

    def test_killed_by_signal(self):
        with Sandbox(self.world) as pod:
            pod.launch("term", ["sh", "-c", "trap 'exit 42' TERM; echo ready; while :; do sleep 0.01; done"])
            pod.wait_log("term", b"ready")
            pod.signal("term", signal.SIGTERM)
            assert pod.wait("term").code == 42
            pod.launch("kill", ["sleep", "1000"])
            pod.signal("kill", signal.SIGKILL)
            ended = pod.wait("kill")
            assert (ended.code, ended.signal) == (137, 9)
            refused(lambda: pod.signal("kill", signal.SIGKILL), "SWL_STEP_SIGNAL", errno.ESRCH)
            refused(lambda: pod.signal("nobody", signal.SIGKILL), "SWL_STEP_LOOKUP", errno.ENOENT)

    def test_programs_that_cannot_be_executed(self):
        os.makedirs(self.world.image + "/bin/subdir", exist_ok=True)
        cases = [
            ("nope", errno.ENOENT, 'exec: "nope": executable file not found in $PATH'),
            ("/bin/nope", errno.ENOENT, 'exec: "/bin/nope": no such file or directory'),
            ("/bin/noexec", errno.EACCES, 'exec: "/bin/noexec": permission denied'),
            ("noexec", errno.EACCES, 'exec: "noexec": permission denied'),
            ("/bin", errno.EISDIR, 'exec: "/bin": is a directory'),
            ("/bin/badformat", errno.ENOEXEC, 'exec: "/bin/badformat": exec format error'),
        ]
        with Sandbox(self.world) as pod:
            for name, error, text in cases:
                refusal = refused(lambda: pod.launch("x", [name]), "SWL_STEP_EXEC", error)
                assert refusal.text == text, refusal.text
            # The id is free again, and no exit was reported for a program that never ran.
            assert pod.run("x", ["true"])[0] == 0
            assert not [m for m in pod.client.events if m.type == C["SWL_EVENT_EXITED"]]

    def test_environment_cwd_and_user(self):
        with Sandbox(self.world) as pod:
            code, out = pod.shell("pwd; id -u; id -g; id -G; umask; echo $A; touch f; stat -c %a f", env=["PATH=/bin", "A=b c"],
                                  cwd="/tmp", uid=1000, gid=1001, groups=[1001, 5, 7], umask=0o027, caps=0)
            assert out.split("\n") == ["/tmp", "1000", "1001", "1001 5 7", "0027", "b c", "640", ""], out
            assert pod.shell("pwd", cwd="/made/by/the shim")[1] == "/made/by/the shim\n"
            # The image's working directory works although it is closed to the user.
            assert pod.shell("pwd", cwd="/home/closed", uid=1000, gid=1000, caps=0)[1] == "/home/closed\n"
            # /dev/stdout belongs to the user.
            assert pod.shell("echo by name > /dev/stdout", uid=1000, gid=1000, caps=0) == (0, "by name\n")

    def test_namespaces_of_the_pod(self):
        with Sandbox(self.world, fields=[field(C["SWL_TAG_HOSTNAME"], "web-0")]) as pod:
            read = "hostname; for n in net ipc uts; do readlink /proc/self/ns/$n; done; echo $$; ls /sys/class/net; cat /proc/self/cgroup"
            one, two = pod.shell(read)[1].split("\n"), pod.shell(read)[1].split("\n")
            assert one[0] == "web-0" and one[4] == "1", one
            assert one[1:4] == two[1:4] == [os.readlink(f"/proc/{pod.pause}/ns/{n}") for n in ("net", "ipc", "uts")]
            assert one[1] != os.readlink("/proc/self/ns/net") and one[5] == "lo", one
            assert not self.world.cgroup or "0::/" in one, one  # the root of its own cgroup namespace
            host = Sandbox(self.world, network=0, ipc=0, uts=0)
            with host:
                seen = host.shell(read)[1].split("\n")
                assert seen[1] == os.readlink("/proc/self/ns/net") and seen[0] == os.uname().nodename

    def test_shared_pid_namespace(self):
        with Sandbox(self.world, pid=1) as pod:
            pod.launch("first", ["sleep", "1000"], ns=namespaces(pid=2))
            code, out = pod.shell("cat /proc/1/comm; cat /proc/[0-9]*/comm", ns=namespaces(pid=2))
            assert out.startswith("swiftlet-pause\n") or out.split("\n")[0].isdigit() or "pause" in out.split("\n")[0], out
            assert "sleep" in out, out
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            debug = [field(C["SWL_TAG_PID_TARGET"], "app")]
            assert pod.shell("cat /proc/1/comm", ns=namespaces(pid=3), extra=debug)[1] == "sleep\n"
            refused(lambda: pod.launch("x", ["true"], ns=namespaces(pid=2)), "SWL_STEP_RECORD")

    def test_host_pid_orphans_are_reaped(self):
        """Orphans of a container without a cgroup go on, and are reaped."""
        with Sandbox(self.world) as pod:
            code, out = pod.shell("readlink /proc/self/ns/pid; (sh -c 'sleep 0.2 &' ); exit 7", ns=namespaces(pid=0), cgroup=False)
            assert len(children(pod.shim)) == 2  # the pause and the orphan
            assert code == 7 and out.strip() == os.readlink("/proc/self/ns/pid")
            time.sleep(0.4)
            assert children(pod.shim) == [pod.pause]

    def test_exec(self):
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sh", "-c", "echo x > /tmp/here; exec sleep 1000"])
            (r0, w0), (r1, w1), (r2, w2) = os.pipe(), os.pipe(), os.pipe()
            pod.exec("app", "e1", ["sh", "-c", "cat; cat /tmp/here; hostname >&2; cat /proc/1/comm; exit 3"], (r0, w1, w2))
            for fd in (r0, w1, w2):
                os.close(fd)
            os.write(w0, b"from stdin\n")
            os.close(w0)
            ended = pod.wait_exec("e1")
            assert ended.code == 3
            assert os.read(r1, 4096) == b"from stdin\nx\nsleep\n"
            os.close(r1), os.close(r2)
            refusal = refused(lambda: pod.exec("app", "e2", ["nope"]), "SWL_STEP_EXEC", errno.ENOENT)
            assert refusal.text == 'exec: "nope": executable file not found in $PATH'
            refused(lambda: pod.exec("none", "e3", ["true"]), "SWL_STEP_LOOKUP", errno.ESRCH)
            # The container's cgroup, its user, its pid namespace.
            r, w = os.pipe()
            pod.exec("app", "e4", ["sh", "-c", "cat /proc/self/cgroup; id -u; pwd; grep CapEff /proc/self/status"], (-1, w, -1), uid=9, gid=9,
                     caps=0, cwd="/tmp")
            os.close(w)
            assert pod.wait_exec("e4").code == 0
            out = os.read(r, 4096).decode().split("\n")
            os.close(r)
            assert out[-4:-1] == ["9", "/tmp", "CapEff:\t0000000000000000"] and (not self.world.cgroup or "0::/exec-e4" in out), out
            # Killing an exec kills its children.
            r, w = os.pipe()
            pod.exec("app", "e5", ["sh", "-c", "sleep 999 & echo up; sleep 999"], (-1, w, -1))
            os.close(w)
            assert os.read(r, 3) == b"up\n"
            pod.signal("app", signal.SIGKILL, eid="e5")
            assert pod.wait_exec("e5").signal == 9
            assert read_all(r) == b""  # the end: the last writer is gone

    def test_stdin(self):
        with Sandbox(self.world) as pod:
            pod.launch("once", ["cat"], stdin=3)
            reply = pod.container_verb("SWL_VERB_STDIN", "once")
            refused(lambda: pod.container_verb("SWL_VERB_STDIN", "once"), "SWL_STEP_STDIO", errno.EPIPE)
            os.write(reply.fd(C["SWL_FD_STDIN"]), b"hello\n")
            reply.close()
            assert pod.wait("once").code == 0 and pod.output("once") == "hello\n"
            pod.launch("open", ["sh", "-c", "read a; echo $a; read b; echo $b"], stdin=1)
            for word in (b"one\n", b"two\n"):
                reply = pod.container_verb("SWL_VERB_STDIN", "open")
                os.write(reply.fd(C["SWL_FD_STDIN"]), word)
                reply.close()
            assert pod.wait("open").code == 0 and pod.output("open") == "one\ntwo\n"
            assert pod.shell("cat; echo end")[1] == "end\n"

    def test_kill_all_of_a_cgroup(self):
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            pod.launch("many", ["sh", "-c", "trap '' TERM; (trap '' TERM; sleep 1000) & sleep 1000"], ns=namespaces(pid=0))
            cgroup = pod.cgroup("many")
            wait_until("the second process to show up", lambda: len(cgroups.members(cgroup)) >= 2, 10)
            pod.signal("many", signal.SIGKILL, C["SWL_SIGNAL_ALL"])
            assert pod.wait("many").signal == 9
            time.sleep(0.05)
            assert cgroups.members(cgroup) == []

    def test_rlimits_and_oom_score(self):
        with Sandbox(self.world) as pod:
            out = pod.shell("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj", rlimits=[(7, 512, 1024)], oom=500)[1]
            assert out == "512\n1024\n500\n", out
            reply = pod.launch("warned", ["true"], oom=-900, rlimits=[(7, 2**40, 2**40)])
            warnings = reply.all(C["SWL_TAG_WARNING"])
            steps = {struct.unpack_from("=H", w)[0] for w in warnings}
            assert steps <= {C["SWL_STEP_OOM_SCORE_ADJ"], C["SWL_STEP_RLIMIT"]} and steps, warnings
            assert pod.wait("warned").code == 0
