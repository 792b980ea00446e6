"""The pause: the first process of a pod, which may wait and reap and nothing else."""
import ctypes
import os
import platform
import signal

from test_userns import UserPod
from wire import C, Exit
from world import Sandbox, alive, namespaces, until

PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 16, 17
RAX, ORIG_RAX, RIP, REGISTERS = 10, 15, 16, 27
GETPID = 39


def status(pid, name):
    return next(line.split(":", 1)[1].strip() for line in open(f"/proc/{pid}/status") if line.startswith(name + ":"))


def children(pid):
    return [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def pods(world):
    return Sandbox(world), Sandbox(world, pid=1), UserPod(world, pid=1)


def test_pause_is_filtered(world):
    for pod in pods(world):
        with pod:
            # The sandbox is there with the pause's exec, the filter is the second thing that it does.
            assert until(lambda: status(pod.pause, "Seccomp") == "2"), status(pod.pause, "Seccomp")
            assert status(pod.pause, "Seccomp_filters") == "1" and status(pod.pause, "NoNewPrivs") == "1"


def test_pause_leads_a_session(world):
    with Sandbox(world) as pod:
        assert os.getsid(pod.pause) == pod.pause != os.getsid(pod.shim)


def test_pause_reaps(world):
    for pod, user in zip(pods(world)[1:], (0, 2)):
        with pod:
            assert until(lambda: status(pod.pause, "Seccomp") == "2")
            # The orphans of a container that shares the pod's process ids.
            pod.launch("c", ["sh", "-c", "(sleep 1000 & sleep 1000 &); sleep 1000"], ns=namespaces(pid=2, user=user))
            assert until(lambda: len(children(pod.pause)) == 2), children(pod.pause)
            orphans = children(pod.pause)
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
            assert until(lambda: not children(pod.pause)), "zombies stay"
            os.kill(pod.pause, signal.SIGTERM)
            ended = Exit(pod.client.event(C["SWL_EVENT_SANDBOX_EXITED"]).get(C["SWL_TAG_EXIT"]))
            assert (ended.code, ended.signal) == (0, 0)


def make_call(pid, number):
    """Lets a process that waits in a system call make another one."""
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


def test_pause_ends_by_any_other_call(world):
    if platform.machine() != "x86_64":
        return "registers of x86_64"
    with Sandbox(world) as pod:
        # Field 0: the system call in which it waits (rt_sigtimedwait).
        assert until(lambda: open(f"/proc/{pod.pause}/syscall").read().split()[0] == "128")
        make_call(pod.pause, GETPID)
        ended = Exit(pod.client.event(C["SWL_EVENT_SANDBOX_EXITED"]).get(C["SWL_TAG_EXIT"]))
        assert ended.signal == signal.SIGSYS, ended.signal
        assert not alive(pod.pause)
