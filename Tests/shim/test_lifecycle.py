"""Sandboxes outlive agents and spawners; a sandbox that is shut down leaves nothing."""
import errno
import os
import select
import signal
import socket
import struct
import subprocess
import time

from labs import cgroups
from labs.files import read_bytes, read_text
from labs.mounts import mount_points
from labs.processes import alive, anonymous_memory, memory, start_time
from labs.programs import program
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.user_pod import UserPod
from labs.shim.wire import C, PROCESS, Exit, containers_of, exit_file, field, refused, sandbox_processes
from labs.streams import read_all
from labs.waiting import wait_until


def kill_shim_of(pod, user):
    try:
        pids = [pod.pause]
        pids.append(pod.launch("app", ["sleep", "1000"]).pid)
        pids.append(pod.launch("user", ["sleep", "1000"], uid=1000, gid=1000, caps=0, nnp=1).pid)
        pids.append(pod.launch("other", ["sleep", "1000"], ns=namespaces(pid=1 if user else 0, user=user)).pid)
        pids.append(pod.launch("held", ["sleep", "1000"], hold=True).pid)
        pids.append(pod.launch("terminal", ["sh", "-c", "trap '' HUP; sleep 1000; sleep 1000"], terminal=True).pid)
        reply = pod.exec("other", "e", ["sleep", "1000"])
        pids.append(PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0])
        assert all(map(alive, pids))
        watched = [os.pidfd_open(pid) for pid in pids]
        os.kill(pod.shim, signal.SIGKILL)
        for number, fd in enumerate(watched):
            assert select.select([fd], [], [], 20)[0], f"process number {number} lives on"
            os.close(fd)
        # The state file still names the processes.
        shim, pause = sandbox_processes(pod.directory + "/state")
        assert shim[0] == pod.shim and pause[0] == pod.pause
        assert not os.path.exists(f"{pod.directory}/containers/app/exit")
    finally:
        pod.client.close()
        pod.remove_cgroups()


def left_of(world, pods):
    """Counts mounts, cgroups and processes of this world; other things on the machine do not count."""
    mounts = sum(world.base in place for place in mount_points())
    groups = len(cgroups.below(world.cgroup)) if world.cgroup else 0
    return mounts, groups, sum(alive(pid) for pod in pods for pid in (pod.shim, pod.pause, *pod.launched))


class Lifecycle(ShimCase):
    def test_agent_reconnects(self):
        with Sandbox(self.world) as pod:
            long = pod.launch("long", ["sleep", "1000"]).pid
            pod.launch("short", ["sh", "-c", "sleep 0.1; exit 9"])
            pod.client.close()
            path = f"{pod.directory}/containers/short/exit"
            wait_until("the exit file", lambda: os.path.exists(path), 10)
            assert exit_file(path).code == 9
            pod.client = pod.connect()
            pod.client.call(C["SWL_VERB_SUBSCRIBE"])
            reply = pod.client.call(C["SWL_VERB_QUERY"])
            found = containers_of(reply)
            assert found["long"][:2] == (C["SWL_STATE_RUNNING"], long)
            assert found["short"][0] == C["SWL_STATE_EXITED"] and found["short"][2].code == 9
            assert [role for role, _ in reply.fds] == [C["SWL_FD_PIDFD"], C["SWL_FD_NETNS"], C["SWL_FD_CONTAINER_PIDFD"]]
            signal.pidfd_send_signal(reply.fd(C["SWL_FD_CONTAINER_PIDFD"]), signal.SIGKILL)
            reply.close()
            assert pod.wait("long").signal == 9
            refused(lambda: pod.container_verb("SWL_VERB_REMOVE", "nobody"), error=errno.ENOENT)
            pod.container_verb("SWL_VERB_REMOVE", "long")
            assert list(containers_of(pod.client.call(C["SWL_VERB_QUERY"]))) == ["short"]
            state = read_bytes(f"{pod.directory}/containers/short/state")
            assert state[:4] == struct.pack("=I", C["SWL_STATE_MAGIC"]) and state.endswith(b"short")
            pid, start = read_text(f"{pod.directory}/shim.pid").split()
            assert int(pid) == pod.shim and start == str(start_time(pid))

    def test_spawner_dies_and_returns(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sleep", "1000"])
            self.world.spawner.kill()
            self.world.spawner.wait()
            assert pod.run("after", ["echo", "alive"]) == (0, "alive\n")
            pod.client.close()
            os.unlink(self.world.base + "/spawner.pid")
            self.world.start_spawner()
            pod.client = pod.connect()
            pod.client.call(C["SWL_VERB_SUBSCRIBE"])
            with self.world.client() as spawner:
                refused(lambda: spawner.call(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], pod.id)]), error=errno.EEXIST)
                refused(lambda: spawner.call(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], "no-directory")]), error=errno.ENOENT)
            assert pod.run("again", ["echo", "alive"]) == (0, "alive\n")
        second = subprocess.run([program("swiftlet-shim"), "spawner", "--run-dir", self.world.run], capture_output=True, text=True)
        assert second.returncode == 1 and "another spawner" in second.stderr

    def test_spawner_notifies_and_stops(self):
        self.world.stop_spawner()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(self.world.base + "/notify")
        listener.settimeout(5)
        self.world.start_spawner(dict(NOTIFY_SOCKET=self.world.base + "/notify"))
        assert listener.recv(100) == b"READY=1"
        listener.close()
        assert read_bytes(f"/proc/{self.world.spawner.pid}/environ").count(b"=") <= 2
        with Sandbox(self.world) as pod:
            self.world.stop_spawner()
            assert not os.path.exists(self.world.run + "/spawner.sock")
            assert pod.run("c", ["true"])[0] == 0
            self.world.start_spawner()

    def test_pause_dies(self):
        with Sandbox(self.world) as pod:
            os.kill(pod.pause, signal.SIGTERM)
            ended = Exit(pod.client.event(C["SWL_EVENT_SANDBOX_EXITED"]).get(C["SWL_TAG_EXIT"]))
            assert (ended.code, ended.signal) == (0, 0)
            refused(lambda: pod.launch("x", ["true"]), "SWL_STEP_LOOKUP", errno.ESRCH)
            pod.client.call(C["SWL_VERB_QUERY"]).close()

    def test_held_before_the_start(self):
        with Sandbox(self.world) as pod:
            before = pod.descriptors()
            reply = pod.launch("c", ["sh", "-c", "echo ran; exit 5"], hold=True)
            # The process exists in its root, and the program does not run.
            assert alive(reply.pid) and pod.state_of("c") == C["SWL_STATE_CREATED"]
            kept = read_bytes(f"{pod.directory}/containers/c/state")
            assert struct.unpack_from("=IHH", kept)[2] == C["SWL_STATE_CREATED"]
            assert os.readlink(f"/proc/{reply.pid}/exe").endswith("swiftlet-shim") or "memfd" in os.readlink(f"/proc/{reply.pid}/exe")
            assert os.path.exists(f"/proc/{reply.pid}/root/bin/busybox") and not pod.client.events
            refused(lambda: pod.launch("c", ["true"]), "SWL_STEP_LOOKUP", errno.EEXIST)
            refused(lambda: pod.exec("c", "e", ["true"]), "SWL_STEP_LOOKUP", errno.ESRCH)
            refused(lambda: pod.container_verb("SWL_VERB_REMOVE", "c"), "SWL_STEP_LOOKUP", errno.EBUSY)
            out, _ = pod.attach("c", err=False)  # a reader from the first byte on
            started = pod.container_verb("SWL_VERB_START", "c")
            process = PROCESS.unpack(started.get(C["SWL_TAG_PROCESS"]))
            assert process[0] == reply.pid and process[3] > 0 and started.fd(C["SWL_FD_PIDFD"]) >= 0
            started.close()
            pod.client.event(C["SWL_EVENT_STARTED"], SWL_TAG_CONTAINER_ID="c")
            assert read_all(out) == b"ran\n"
            ended = pod.wait("c")
            assert ended.code == 5 and ended.started_at == process[3] and pod.output("c") == "ran\n"
            refused(lambda: pod.container_verb("SWL_VERB_START", "c"), "SWL_STEP_LOOKUP", errno.EALREADY)
            refused(lambda: pod.container_verb("SWL_VERB_START", "none"), "SWL_STEP_LOOKUP", errno.ENOENT)
            pod.launch("plain", ["sleep", "1000"])
            refused(lambda: pod.container_verb("SWL_VERB_START", "plain"), "SWL_STEP_LOOKUP", errno.EALREADY)
            pod.signal("plain", signal.SIGKILL)
            pod.wait("plain")
            # An error that is known before the start is reported before it.
            refused(lambda: pod.launch("x", ["nope"], hold=True), "SWL_STEP_EXEC", errno.ENOENT)
            # An error of the exec itself is the answer to START; the container has ended then.
            pod.launch("bad", ["/bin/badformat"], hold=True)
            refused(lambda: pod.container_verb("SWL_VERB_START", "bad"), "SWL_STEP_EXEC", errno.ENOEXEC)
            assert pod.wait("bad").code != 0 and pod.state_of("bad") == C["SWL_STATE_EXITED"]
            # A held container that is killed has an exit.
            pod.launch("killed", ["true"], hold=True)
            pod.signal("killed", signal.SIGKILL)
            assert pod.wait("killed").signal == signal.SIGKILL
            refused(lambda: pod.container_verb("SWL_VERB_START", "killed"), "SWL_STEP_LOOKUP", errno.EALREADY)
            for cid in ("c", "plain", "bad", "killed"):
                pod.container_verb("SWL_VERB_REMOVE", cid)
            assert pod.descriptors() == before
            held = pod.launch("held", ["true"], hold=True).pid  # SHUTDOWN ends it
        assert not alive(held)

    def test_shim_is_killed(self):
        """Without a shim nothing would reap, log or report: pause, containers, held containers and execs die with it."""
        for kind, user in ((Sandbox, 0), (UserPod, 2)):
            kill_shim_of(kind(self.world), user)

    def test_sandbox_verbs_in_the_wrong_order(self):
        with Sandbox(self.world, create=False) as pod:
            refused(lambda: pod.launch("x", ["true"]), "SWL_STEP_LOOKUP", errno.ESRCH)
            pod.create()
            refused(pod.create, "SWL_STEP_LOOKUP", errno.EEXIST)
            pod.launch("c", ["sleep", "1000"])
            refused(lambda: pod.launch("c", ["true"]), "SWL_STEP_LOOKUP", errno.EEXIST)
            refused(lambda: pod.container_verb("SWL_VERB_REMOVE", "c"), "SWL_STEP_LOOKUP", errno.EBUSY)

    def test_slow_reader_is_disconnected(self):
        with Sandbox(self.world) as pod:
            slow = pod.connect()
            slow.call(C["SWL_VERB_SUBSCRIBE"])
            pod.launch("c", ["sleep", "1000"])
            try:
                for _ in range(5000):
                    slow.send(C["SWL_VERB_QUERY"])
                raise AssertionError("a client that never reads is still connected")
            except OSError:
                pass
            slow.close()
            assert pod.run("d", ["echo", "x"]) == (0, "x\n")
            assert anonymous_memory(pod.shim) < 400

    def test_fifty_sandboxes_leave_nothing(self):
        before, started = left_of(self.world, []), time.monotonic()
        pods = [Sandbox(self.world) for _ in range(50)]
        for pod in pods:
            pod.launched = [pod.launch("c", ["sleep", "1000"]).pid]
        up = time.monotonic()
        figures = [anonymous_memory(pod.shim) for pod in pods]
        pss = sum(memory(pid, "Pss") for pod in pods for pid in (pod.shim, pod.pause)) / 50
        for pod in pods:
            pod.shutdown()
            assert not os.path.exists(pod.directory + "/shim.sock")
        assert left_of(self.world, pods) == before, (left_of(self.world, pods), before)
        assert max(figures) <= 400
        self.note(f"50 pods up in {up - started:.2f} s, anonymous KB per shim {min(figures)}...{max(figures)}, PSS KB per shim + pause {pss:.0f}")
