"""Fields of launch, exec and sandbox records, from a test's arguments."""
import struct

from labs.shim.wire import C, field, u32

DEFAULT_CAPS = sum(1 << n for n in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))


def namespaces(network=2, ipc=2, uts=2, pid=1, mount=1, cgroup=1, user=0):
    return struct.pack("=8I", network, ipc, uts, pid, mount, cgroup, user, 0)


def mount(kind, destination, source=0, attributes=0, propagation=0, data=""):
    head = struct.pack("=6I", kind, source, attributes, propagation, len(destination.encode()), len(data.encode()))
    return field(C["SWL_TAG_MOUNT"], head + destination.encode() + data.encode())


def bind(destination, index=0, attributes=0, propagation=0):
    """A bind mount of the source number `index`."""
    return mount(C["SWL_MOUNT_BIND"], destination, index, attributes, propagation)


def sysctl(key, value):
    return field(C["SWL_TAG_SYSCTL"], struct.pack("=2I", len(key), len(value)) + key.encode() + value.encode())


def device(kind, major, minor, path, mode=0o666):
    return field(C["SWL_TAG_DEVICE"], struct.pack("=8I", ord(kind), major, minor, mode, 0, 0, len(path), 0) + path.encode())


def device_rule(kind, major, minor, access, allow):
    """None stands for every number."""
    numbers = [0xffffffff if number is None else number for number in (major, minor)]
    return field(C["SWL_TAG_DEVICE_RULE"], struct.pack("=6I", ord(kind), *numbers, access, allow, 0))


def hook(moment, path, args, env=(), seconds=0):
    """The fields of one hook."""
    head = struct.pack("=6I", moment, seconds, len(args), len(env), len(path.encode()), 0)
    return [field(C["SWL_TAG_HOOK"], head + path.encode())] + [field(C["SWL_TAG_HOOK_ARGUMENT"], arg) for arg in args] + [
        field(C["SWL_TAG_HOOK_VARIABLE"], one) for one in env]


def process(args, env=("PATH=/bin:/usr/bin",), cwd="/", uid=0, gid=0, groups=(), caps=DEFAULT_CAPS, nnp=0, seccomp=b"", umask=None,
            rlimits=(), oom=None, ambient=0, inheritable=0, terminal=False, size=None):
    """The fields that LAUNCH and EXEC records share."""
    out = [field(C["SWL_TAG_PROCESS_ARGS"], a) for a in args]
    out += [field(C["SWL_TAG_PROCESS_ENV"], e) for e in env]
    out += [field(C["SWL_TAG_PROCESS_CWD"], cwd),
            field(C["SWL_TAG_PROCESS_USER"], struct.pack("=4I", uid, gid, umask or 0, 0 if umask is None else 1)),
            field(C["SWL_TAG_PROCESS_CAPABILITIES"], struct.pack("=5Q", caps, caps, inheritable, caps, ambient)),
            field(C["SWL_TAG_PROCESS_NO_NEW_PRIVILEGES"], u32(nnp)), field(C["SWL_TAG_SECCOMP_FILTER"], seccomp)]
    if groups:
        out.append(field(C["SWL_TAG_PROCESS_ADDITIONAL_GIDS"], struct.pack(f"={len(groups)}I", *groups)))
    for resource, soft, hard in rlimits:
        out.append(field(C["SWL_TAG_PROCESS_RLIMIT"], struct.pack("=2I2Q", resource, 0, soft, hard)))
    if oom is not None:
        out.append(field(C["SWL_TAG_PROCESS_OOM_SCORE_ADJ"], struct.pack("=i", oom)))
    if terminal:
        out.append(field(C["SWL_TAG_PROCESS_TERMINAL"], u32(1)))
    if size:
        out.append(field(C["SWL_TAG_PROCESS_CONSOLE_SIZE"], struct.pack("=4H", *size, 0, 0)))
    return out


def standard_mounts(cgroup=True):
    nosuid = C["SWL_ATTR_NOSUID"]
    strict = nosuid | C["SWL_ATTR_NODEV"] | C["SWL_ATTR_NOEXEC"]
    out = [mount(C["SWL_MOUNT_PROC"], "/proc", attributes=strict), mount(C["SWL_MOUNT_TMPFS"], "/dev", attributes=nosuid,
                                                                         data="size=65536k,mode=0755"),
           mount(C["SWL_MOUNT_DEVPTS"], "/dev/pts", attributes=nosuid | C["SWL_ATTR_NOEXEC"]),
           mount(C["SWL_MOUNT_MQUEUE"], "/dev/mqueue", attributes=strict),
           mount(C["SWL_MOUNT_TMPFS"], "/dev/shm", attributes=strict, data="size=65536k,mode=1777"),
           mount(C["SWL_MOUNT_SYSFS"], "/sys", attributes=strict | C["SWL_ATTR_READONLY"])]
    if cgroup:
        out.append(mount(C["SWL_MOUNT_CGROUP2"], "/sys/fs/cgroup", attributes=strict | C["SWL_ATTR_READONLY"]))
    return out
