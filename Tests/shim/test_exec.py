"""Execs: their cgroups, the processes that they leave running, half-closed stdin, much output, no descriptor left open."""
import errno
import os
import signal

from labs import cgroups
from labs.files import read_text, write_text
from labs.processes import alive, anonymous_memory
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, refused
from labs.streams import read_all, read_until
from labs.waiting import wait_until


def exec_cgroups(pod, cid):
    pod.client.call(C["SWL_VERB_PING"])  # the exec's cgroup is removed after its exit has been reported
    path = pod.cgroup(cid)
    return sorted(name for name in os.listdir(path) if name.startswith("exec-"))


def up(pod, eid, script, cid="app", **settings):
    """Starts an exec and waits until it writes "up"; returns the reply and the pipe of its output."""
    read, write = os.pipe()
    reply = pod.exec(cid, eid, ["sh", "-c", script], (-1, write, -1), **settings)
    os.close(write)
    read_until(read, b"up")
    return reply, read


class Exec(ShimCase):
    def test_exec_in_a_cgroup_of_its_own(self):
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            before = pod.descriptors()
            _, out = up(pod, "e1", "echo up; read word < /proc/self/fd/0; sleep 1000")
            path = pod.cgroup("app")
            assert exec_cgroups(pod, "app") == ["exec-e1"] and cgroups.members(path + "/exec-e1")
            assert len(cgroups.members(path)) == 1  # the container's own process
            pod.signal("app", signal.SIGKILL, C["SWL_SIGNAL_ALL"], eid="e1")
            assert pod.wait_exec("e1").signal == signal.SIGKILL
            os.close(out)
            assert exec_cgroups(pod, "app") == [] and len(cgroups.members(path)) == 1
            # An exec that cannot be started leaves no cgroup either.
            for _ in range(3):
                refused(lambda: pod.exec("app", "e2", ["nope"]), "SWL_STEP_EXEC", errno.ENOENT)
            assert pod.descriptors() == before and exec_cgroups(pod, "app") == []
            # A cgroup that the client names is used, and stays.
            given = pod.make_cgroup("given")
            _, out = up(pod, "e3", "echo up; exec sleep 1000", cgroup=given)
            assert len(cgroups.members(pod.cgroup("given"))) == 1 and exec_cgroups(pod, "app") == []
            pod.signal("app", signal.SIGKILL, C["SWL_SIGNAL_ALL"], eid="e3")
            assert pod.wait_exec("e3").signal == signal.SIGKILL
            os.close(given), os.close(out)

    def test_a_timeout_kills_all_of_an_exec(self):
        """Daemons that have left session and process group are killed as well, with their children."""
        script = "for n in 1 2 3; do setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' & done; (setsid sleep 1000 &); echo up; sleep 1000"
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            for cid, pid in (("app", 1), ("onhost", 0)):
                init = pod.launch(cid, ["sleep", "2000"], ns=namespaces(pid=pid)).pid
                _, out = up(pod, "e-" + cid, script, cid)
                path = pod.cgroup(cid)
                own = f"{path}/exec-e-{cid}"
                wait_until("eight processes", lambda own=own: len(cgroups.members(own)) >= 8, 20)
                pod.signal(cid, signal.SIGKILL, C["SWL_SIGNAL_ALL"], eid="e-" + cid)
                read_all(out)  # to its end: no writer is left
                assert pod.wait_exec("e-" + cid).signal == signal.SIGKILL
                assert cgroups.members(path) == [str(init)] and alive(init)
                pod.exec_output(cid, "sweep", ["true"])
                assert exec_cgroups(pod, cid) == []

    def test_processes_left_by_an_exec_live_on(self):
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "2000"])
            path = pod.cgroup("app")
            for number in range(3):
                assert pod.exec_output("app", f"left{number}", ["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo up"]) == (0, "up\n")
            assert len(exec_cgroups(pod, "app")) == 3
            # The id is free; the name of its cgroup is still taken.
            assert pod.exec_output("app", "left0", ["sh", "-c", "cat /proc/self/cgroup; sleep 1000 >/dev/null 2>&1 &"])[1].endswith("exec-left0-1\n")
            assert exec_cgroups(pod, "app") == ["exec-left0", "exec-left0-1", "exec-left1", "exec-left2"]
            # Signals to the container reach these processes as well.
            for name in ("exec-left1", "exec-left0-1"):
                cgroups.kill(f"{path}/{name}")
                cgroups.wait_until_empty(f"{path}/{name}")
            pod.exec_output("app", "next", ["true"])
            assert exec_cgroups(pod, "app") == ["exec-left0", "exec-left2"]
            pod.signal("app", signal.SIGTERM, C["SWL_SIGNAL_ALL"])
            cgroups.wait_until_empty(f"{path}/exec-left0"), cgroups.wait_until_empty(f"{path}/exec-left2")
            pod.signal("app", signal.SIGKILL)
            pod.wait("app")
            assert exec_cgroups(pod, "app") == []

    def test_exec_where_no_cgroup_can_be_made(self):
        with Sandbox(self.world) as pod:
            pod.launch("none", ["sleep", "1000"], cgroup=False)
            _, out = up(pod, "e1", "sleep 1000 & echo up; sleep 1000", "none")
            pod.signal("none", signal.SIGKILL, C["SWL_SIGNAL_ALL"], eid="e1")  # without a cgroup it is the process group
            assert pod.wait_exec("e1").signal == signal.SIGKILL and read_all(out) == b""
            if not self.world.cgroup:
                return
            pod.launch("app", ["sleep", "1000"])
            path = pod.cgroup("app")
            write_text(path + "/cgroup.max.descendants", 0)
            assert "0::/\n" in pod.exec_output("app", "e2", ["cat", "/proc/self/cgroup"])[1]
            write_text(path + "/cgroup.max.descendants", "max")
            # Below a threaded cgroup no process can be placed.
            os.mkdir(path + "/threads")
            try:
                write_text(path + "/threads/cgroup.type", "threaded")
                assert "0::/\n" in pod.exec_output("app", "e3", ["cat", "/proc/self/cgroup"])[1]
                assert exec_cgroups(pod, "app") == []
            finally:
                os.rmdir(path + "/threads")

    def test_exec_beside_controllers_given_to_children(self):
        """systemd in a container does that: the container's own cgroup then takes no further process."""
        controllers = self.world.cgroup and read_text(self.world.cgroup + "/cgroup.controllers").split()
        if not controllers:
            self.skipTest("no controller is there for the test's cgroup")
        with Sandbox(self.world) as pod:
            init = pod.launch("app", ["sleep", "1000"]).pid
            path = pod.cgroup("app")
            os.mkdir(path + "/init.scope")
            write_text(path + "/init.scope/cgroup.procs", init)
            try:
                write_text(self.world.cgroup + "/cgroup.subtree_control", "+" + controllers[0])
                write_text(path + "/cgroup.subtree_control", "+" + controllers[0])
                assert pod.exec_output("app", "e", ["cat", "/proc/self/cgroup"])[1].endswith("0::/exec-e\n")
            finally:
                write_text(path + "/cgroup.subtree_control", "-" + controllers[0])
                write_text(self.world.cgroup + "/cgroup.subtree_control", "-" + controllers[0])
                pod.signal("app", signal.SIGKILL)
                pod.wait("app")
                os.rmdir(path + "/init.scope")

    def test_half_closed_stdin(self):
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            (r0, w0), (r1, w1) = os.pipe(), os.pipe()
            pod.exec("app", "e", ["sh", "-c", "cat | wc -c; echo after"], (r0, w1, -1))
            os.close(r0), os.close(w1)
            os.write(w0, b"12345")
            os.close(w0)  # stdin ends, stdout goes on
            assert read_all(r1) == b"5\nafter\n" and pod.wait_exec("e").code == 0

    def test_much_exec_output_costs_the_shim_nothing(self):
        """The output goes through the client's own pipe. The amount (128 MiB) does not matter."""
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            pod.exec_output("app", "warm", ["true"])
            before, open_before = anonymous_memory(pod.shim), pod.descriptors()
            read, write = os.pipe()
            pod.exec("app", "e", ["head", "-c", str(128 << 20), "/dev/zero"], (-1, write, -1))
            os.close(write)
            sink, total = os.open("/dev/null", os.O_WRONLY), 0
            while moved := os.splice(read, sink, 1 << 20):
                total += moved
            os.close(read), os.close(sink)
            assert total == 128 << 20 and pod.wait_exec("e").code == 0
            assert anonymous_memory(pod.shim) <= before + 16 and pod.descriptors() == open_before
            self.note(f"anonymous KB: {before} before, {anonymous_memory(pod.shim)} after")

    def test_many_execs_leave_nothing(self):
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            for number in range(20):
                pod.exec_output("app", f"w{number}", ["true"])
            before, open_before = anonymous_memory(pod.shim), pod.descriptors()
            for number in range(50):
                pod.exec_output("app", f"a{number}", ["true"])
                refused(lambda: pod.exec("app", f"b{number}", ["nope"]), "SWL_STEP_EXEC")
                refused(lambda: pod.launch(f"c{number}", ["nope"], terminal=number % 2 == 0), "SWL_STEP_EXEC")
                read_all(pod.exec_terminal("app", f"d{number}", ["true"]))
                pod.wait_exec(f"d{number}")
                refused(lambda: pod.launch(f"c{number}", ["true"], cwd="/bin/busybox"), "SWL_STEP_CWD")
                cid = f"c{number}"
                pod.launch(cid, ["true"], terminal=number % 2 == 0, hold=number % 3 == 0, stdin=number % 4)
                if number % 3 == 0:
                    pod.signal(cid, signal.SIGKILL) if number % 2 else pod.container_verb("SWL_VERB_START", cid).close()
                pod.wait(cid)
                pod.container_verb("SWL_VERB_REMOVE", cid)
            after = anonymous_memory(pod.shim)
            assert pod.descriptors() == open_before and after <= before + 64, (before, after, pod.descriptors(), open_before)
            assert not self.world.cgroup or exec_cgroups(pod, "app") == []
            self.note(f"anonymous KB: {before} before, {after} after")
