"""Seccomp filters for tests, as the kernel takes them."""
import errno
import os
import struct

# Of mkdir and mkdirat.
NUMBERS = {"x86_64": (83, 258), "aarch64": (34, 34)}[os.uname().machine]
KILL = 0x80000000
# clone, read, sendmsg, setsid, umask, ioctl: needed on the way to a program, and not by the program.
ON_THE_WAY = {"x86_64": (56, 0, 46, 112, 95, 16), "aarch64": (220, 63, 211, 157, 166, 29)}[os.uname().machine]


def bpf(*instructions):
    return b"".join(struct.pack("=HBBI", *i) for i in instructions)


def forbid(action, first, second):
    """A filter that answers either of two system calls with the action and allows the rest."""
    return bpf((0x20, 0, 0, 0), (0x15, 1, 0, first), (0x15, 0, 1, second), (0x06, 0, 0, action), (0x06, 0, 0, 0x7FFF0000))


NO_MKDIR = forbid(0x00050000 | errno.EPERM, *NUMBERS)
