#!/usr/bin/env python3
"""Writes the first inputs of the fuzzers: whole records of each kind, requests, reads of a log. The fuzzers find further inputs."""
import array
import os
import struct
import sys

from labs.shim.records import device, device_rule, hook, mount, namespaces, process, standard_mounts, sysctl
from labs.shim.wire import C, field, u32


def text(tag, value):
    return field(C["SWL_TAG_" + tag], value)


def launch(*more):
    fields = process(["/bin/sh", "-c", "true"], groups=(1, 2), rlimits=((7, 64, 128),), oom=-5, nnp=1, umask=0o22, seccomp=bytes(16))
    flat = [one for entry in more for one in (entry if isinstance(entry, list) else [entry])]
    return fields + [text("NAMESPACES", namespaces()), text("ROOT_PATH", "/run/root"), *flat]


def records():
    yield 1, launch(text("ROOT_OVERLAY_LOWER", "/a"), text("ROOT_OVERLAY_LOWER", "/b"), text("ROOT_OVERLAY_UPPER", "/u"),
                    text("ROOT_OVERLAY_WORK", "/w"), text("ROOT_OVERLAY_OPTIONS", "volatile"), *standard_mounts(),
                    text("LOG_PATH", "/var/log/x"), text("LOG_LIMITS", struct.pack("=Q2I", 1 << 20, 5, 0)))
    yield 1, launch(mount(1, "/data", source=1, attributes=C["SWL_ATTR_READONLY"], propagation=1), device("c", 1, 3, "/dev/x"),
                    sysctl("net.ipv4.ip_forward", "1"), sysctl("kernel.shmmax", "4096"), text("MASKED_PATH", "/proc/kcore"),
                    text("READONLY_PATH", "/proc/sys"), text("ROOT_READONLY", u32(1)), text("HOST_DEVICES", u32(1)),
                    text("CGROUP_PATH", "/sys/fs/cgroup/x"), text("PROCESS_STDIN", u32(3)), text("SECCOMP_FLAGS", u32(2)))
    yield 1, launch(text("PROCESS_TERMINAL", u32(1)), text("PROCESS_CONSOLE_SIZE", struct.pack("=4H", 24, 80, 0, 0)),
                    text("PROCESS_APPARMOR_PROFILE", "docker-default"), text("PROCESS_HOLD", u32(1)), text("PID_TARGET", "other"))
    yield 1, launch(text("PROCESS_HOLD", u32(3)), hook(1, "/bin/prepare", ["prepare", "it"], ["A=1"], 5), hook(2, "/bin/begin", ["begin"]),
                    text("PROCESS_SCHEDULER", struct.pack("=IiII4Q", 3, 5, 0, 0, 0, 0, 0, 0)), text("PROCESS_IO_PRIORITY", u32(2 << 13 | 4)),
                    text("PROCESS_PERSONALITY", u32(8)), text("TIME_NAMESPACE", u32(1)), text("TIME_OFFSET", struct.pack("=IIq", 1, 7, -3)),
                    device_rule("c", 10, 229, 3, 1), device_rule("a", None, None, 1, 0))
    yield 2, process(["id"]) + [text("PROCESS_CPU_AFFINITY", bytes([3, 0, 0, 0, 0, 0, 0, 0]))]
    yield 2, process(["id"]) + [text("PROCESS_TERMINAL", u32(1)), text("CGROUP_PATH", "/sys/fs/cgroup/x")]
    pod = [text("PAUSE_PATH", "/usr/libexec/pause"), text("NAMESPACES", namespaces(1, 1, 1, 1, 1, 0)), text("HOSTNAME", "pod"),
           text("DOMAINNAME", "pod.svc"), sysctl("net.core.somaxconn", "128")]
    yield 0, pod
    maps = [text(f"{name}_MAPPING", struct.pack("=4I", 0, 100000, 65536, 0)) for name in ("UID", "GID")]
    yield 0, pod[:1] + [text("NAMESPACES", namespaces(1, 1, 1, 1, 1, 0, 1))] + maps


def requests():
    def roles(*numbers):
        return field(C["SWL_TAG_FDS"], array.array("I", numbers).tobytes())
    names = [text("CONTAINER_ID", "app-1"), text("EXEC_ID", "e"), text("SANDBOX_ID", "0123456789abcdef")]
    yield 0, names[:1]
    yield 0, names + [text("SIGNAL", struct.pack("=iI", 15, 1))]
    yield 0, [text("SHIM_LIMITS", struct.pack("=2QiI", 1024, 0, -998, 0o22)), names[2]]
    yield 2, names[:1] + [roles(C["SWL_FD_RECORD"], C["SWL_FD_CGROUP"])]
    yield 4, names[:2] + [roles(C["SWL_FD_RECORD"], C["SWL_FD_STDIN"], C["SWL_FD_STDOUT"], C["SWL_FD_STDERR"])]
    yield 6, names[:1] + [roles(C["SWL_FD_RECORD"], *[C["SWL_FD_NAMESPACE"]] * 3, C["SWL_FD_HOOK_STATE"], C["SWL_FD_MOUNT_SOURCE"])]
    yield 5, [roles(C["SWL_FD_RECORD"], *[C["SWL_FD_MOUNT_SOURCE"]] * 4)]


def main():
    base = sys.argv[1]
    found = {
        "record": [bytes([kind - 1]) + b"".join(fields) for kind, fields in
                   ((C[f"SWL_KIND_{('SANDBOX', 'LAUNCH', 'EXEC')[number]}"], fields) for number, fields in records())],
        "request": [bytes([count]) + b"".join(fields) for count, fields in requests()],
        # A byte of settings, then for each read a count, a mode and a byte.
        "log": [bytes([0, 200, 1, 120, 200, 1, 120, 5, 2, 97]), bytes([3, 255, 3 | 4 | 16, 98, 255, 9, 99, 1, 0, 10, 9, 0, 13, 1, 0, 10]),
                bytes([4, 169, 1, 120, 1, 0, 10, 169, 1, 120, 1, 0, 13, 1, 0, 10]), bytes([2, 30, 2, 97, 40, 6, 0, 30, 2, 255])],
    }
    for name, inputs in found.items():
        os.makedirs(f"{base}/corpus-{name}", exist_ok=True)
        for index, data in enumerate(inputs):
            with open(f"{base}/corpus-{name}/seed-{index}", "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
