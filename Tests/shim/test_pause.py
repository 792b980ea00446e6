"""The pause: the first process of a pod, which may only wait and reap."""
import ctypes
import os
import platform
import signal

from labs.files import read_text
from labs.processes import alive, children, status
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.user_pod import UserPod
from labs.shim.wire import C, Exit
from labs.waiting import wait_until

PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 16, 17
RAX, ORIG_RAX, RIP, REGISTERS = 10, 15, 16, 27
GETPID = 39


def pods(world):
    yield Sandbox(world)
    yield Sandbox(world, pid=1)
    yield UserPod(world, pid=1)


def make_call(pid, number):
    """Makes a process that waits in a system call do another one."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    registers = (ctypes.c_uint64 * REGISTERS)()
    assert libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0, os.strerror(ctypes.get_errno())
    os.waitpid(pid, 0x40000000)  # __WALL
    assert libc.ptrace(PTRACE_GETREGS, pid, None, registers) == 0
    registers[RAX], registers[ORIG_RAX] = number, 2**64 - 1
    registers[RIP] -= 2  # back to the instruction `syscall`
    assert libc.ptrace(PTRACE_SETREGS, pid, None, registers) == 0
    assert libc.ptrace(PTRACE_DETACH, pid, None, None) == 0


class Pause(ShimCase):
    def test_pause_is_filtered(self):
        for pod in pods(self.world):
            with pod:
                # The sandbox exists from the pause's exec on; the pause sets its filter a moment later.
                wait_until("the pause's filter", lambda: status(pod.pause, "Seccomp") == "2", 10)
                assert status(pod.pause, "Seccomp_filters") == "1" and status(pod.pause, "NoNewPrivs") == "1"

    def test_pause_leads_a_session(self):
        with Sandbox(self.world) as pod:
            assert os.getsid(pod.pause) == pod.pause != os.getsid(pod.shim)

    def test_pause_reaps(self):
        for kind, user in ((Sandbox, 0), (UserPod, 2)):
            with kind(self.world, pid=1) as pod:
                wait_until("the pause's filter", lambda: status(pod.pause, "Seccomp") == "2", 10)
                # Orphans of a container that shares the pod's pid namespace.
                pod.launch("c", ["sh", "-c", "(sleep 1000 & sleep 1000 &); sleep 1000"], ns=namespaces(pid=2, user=user))
                wait_until("two orphans", lambda: len(children(pod.pause)) == 2, 10)
                orphans = children(pod.pause)
                for pid in orphans:
                    os.kill(pid, signal.SIGKILL)
                wait_until("the zombies to go", lambda: not children(pod.pause), 10)
                os.kill(pod.pause, signal.SIGTERM)
                ended = Exit(pod.client.event(C["SWL_EVENT_SANDBOX_EXITED"]).get(C["SWL_TAG_EXIT"]))
                assert (ended.code, ended.signal) == (0, 0)

    def test_pause_ends_by_any_other_call(self):
        if platform.machine() != "x86_64":
            self.skipTest("registers of x86_64")
        with Sandbox(self.world) as pod:
            # Field 0: the system call in which it waits (rt_sigtimedwait).
            wait_until("the pause to wait", lambda: read_text(f"/proc/{pod.pause}/syscall").split()[0] == "128", 10)
            make_call(pod.pause, GETPID)
            ended = Exit(pod.client.event(C["SWL_EVENT_SANDBOX_EXITED"]).get(C["SWL_TAG_EXIT"]))
            assert ended.signal == signal.SIGSYS, ended.signal
            assert not alive(pod.pause)
