"""Malformed requests and records are refused with a message and never crash the shim."""
import array
import errno
import os
import random
import resource
import socket
import struct
import time

from labs.processes import descriptor_count, stat_fields
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, Client, Refused, field, record, record_fd, refused, u32
from labs.waiting import wait_until


def fuzz(path, seeds, fds, seconds, generator):
    """Sends mutations of well-formed packets; a closed connection is opened again."""
    count, client, end = 0, None, time.monotonic() + seconds
    while time.monotonic() < end:
        if client is None:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            client.settimeout(5)
            client.connect(path)
        packet = bytearray(generator.choice(seeds))
        for _ in range(generator.randrange(0, 6)):
            place = generator.randrange(len(packet))
            packet[place] = generator.choice([0, 1, 255, generator.randrange(256)])
        if generator.random() < 0.3:
            packet = packet[:generator.randrange(1, len(packet) + 1)]
        if generator.random() < 0.3 and len(packet) >= 12:
            packet[8:12] = u32(len(packet))
        if len(packet) > 7 and packet[6] == C["SWL_VERB_SHUTDOWN"]:
            packet[6] = C["SWL_VERB_PING"]
        with_fds = [fds[0]] if generator.random() < 0.8 else [generator.choice(fds) for _ in range(generator.randrange(4))]
        try:
            client.sendmsg([bytes(packet)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", with_fds))] if with_fds else [])
            data, ancillary, _, _ = client.recvmsg(65536, 4096)
            for _, _, content in ancillary:
                for fd in array.array("i", content[:len(content) - len(content) % 4]):
                    os.close(fd)
            if not data:
                raise ConnectionError
        except (OSError, ConnectionError):
            client.close()
            client = None
        count += 1
    if client:
        client.close()
    return count


def packet(verb, fields, roles=()):
    body = b"".join(fields) + (field(C["SWL_TAG_FDS"], array.array("I", roles).tobytes()) if roles else b"")
    return struct.pack("=IHHII", C["SWL_WIRE_MAGIC"], C["SWL_WIRE_VERSION"], verb, len(body) + 16, 7) + body


class Faults(ShimCase):
    def test_records_that_are_refused(self):
        with Sandbox(self.world) as pod:
            good = pod.launch_fields("c", ["true"])
            kind = C["SWL_KIND_LAUNCH"]
            data = record(kind, good)
            cases = {
                "empty": b"",
                "cut": data[:-8],
                "half a field": data[:-3],
                "wrong magic": b"XXXX" + data[4:],
                "newer version": data[:4] + struct.pack("=H", 99) + data[6:],
                "wrong kind": record(C["SWL_KIND_EXEC"], good),
                "length lies": data[:8] + u32(len(data) + 8) + data[12:],
                "unknown tag that must be understood": record(kind, good + [field(150, b"x")]),
                "unknown OCI-like tag": record(kind, good + [field(99, b"")]),
                "no capabilities": record(kind, [f for f in good if struct.unpack_from("=H", f)[0] != C["SWL_TAG_PROCESS_CAPABILITIES"]]),
                "no seccomp": record(kind, [f for f in good if struct.unpack_from("=H", f)[0] != C["SWL_TAG_SECCOMP_FILTER"]]),
                "twice": record(kind, good + [field(C["SWL_TAG_PROCESS_CWD"], "/")]),
                "NUL inside": record(kind, good + [field(C["SWL_TAG_PROCESS_ARGS"], b"a\0b")]),
                "relative mount": record(kind, good + [field(C["SWL_TAG_MOUNT"], struct.pack("=6I", 6, 0, 0, 0, 1, 0) + b"x")]),
                "mount lengths lie": record(kind, good + [field(C["SWL_TAG_MOUNT"], struct.pack("=6I", 6, 0, 0, 0, 0xFFFFFFFF, 8) + b"/x")]),
                "user namespace": record(kind, [f for f in good if struct.unpack_from("=H", f)[0] != C["SWL_TAG_NAMESPACES"]] +
                                         [field(C["SWL_TAG_NAMESPACES"], namespaces(user=1))]),
            }
            for name, bytes_ in cases.items():
                refusal = refused(lambda: pod.launch("c", [], data=bytes_), "SWL_STEP_RECORD")
                assert refusal.text, name
            # An unknown field that need not be understood is skipped.
            pod.launch("c", [], data=record(kind, good + [field(150, b"x", must=False)]))
            assert pod.wait("c").code == 0
            read, write = os.pipe()
            for fd in (read, os.open("/", os.O_RDONLY), os.open("/dev/zero", os.O_RDONLY)):
                refused(lambda: pod.client.call(C["SWL_VERB_LAUNCH"], [field(C["SWL_TAG_CONTAINER_ID"], "x")], [(C["SWL_FD_RECORD"], fd)]),
                        "SWL_STEP_RECORD")
                os.close(fd)
            os.close(write)

    def test_ids_are_checked(self):
        with self.world.client() as spawner:
            for bad in ("", "a/b", "..", "A", "a" * 65, "a b", "a\0"):
                refused(lambda: spawner.call(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], bad)]), "SWL_STEP_MESSAGE", errno.EINVAL)
            refused(lambda: spawner.call(77), "SWL_STEP_MESSAGE", errno.ENOTSUP)
        with Sandbox(self.world) as pod:
            refused(lambda: pod.client.call(C["SWL_VERB_LAUNCH"]), "SWL_STEP_MESSAGE")
            refused(lambda: pod.client.call(C["SWL_VERB_SIGNAL"], [field(C["SWL_TAG_CONTAINER_ID"], "../x")]), "SWL_STEP_MESSAGE")
            refused(lambda: pod.client.call(C["SWL_VERB_PING"], [field(9999)]), "SWL_STEP_MESSAGE")

    def test_sockets_are_for_root(self):
        with Sandbox(self.world) as pod:
            for path in (self.world.run + "/spawner.sock", pod.directory + "/shim.sock"):
                assert os.stat(path).st_mode & 0o777 == 0o600
                os.chmod(path, 0o777)
                for directory in (self.world.base, self.world.run, self.world.run + "/sandboxes", pod.directory):
                    os.chmod(directory, 0o755)
                child = os.fork()
                if child == 0:
                    os.setuid(1000)
                    try:
                        Client(path).call(C["SWL_VERB_PING"])
                        os._exit(1)
                    except (ConnectionError, OSError) as error:
                        os._exit(0 if not isinstance(error, PermissionError) else 2)
                assert os.waitpid(child, 0)[1] == 0
                os.chmod(path, 0o600)

    def test_fuzz_messages(self):
        generator = random.Random(20260102)
        with Sandbox(self.world) as pod:
            os.makedirs(pod.directory + "/containers/x", exist_ok=True)
            fds = [record_fd(record(C["SWL_KIND_LAUNCH"], pod.launch_fields("x", ["true"], log=False))), os.open("/", os.O_RDONLY),
                   os.open("/dev/null", os.O_RDWR)]
            cid = field(C["SWL_TAG_CONTAINER_ID"], "x")
            roles = [C["SWL_FD_RECORD"]]
            seeds = [packet(C[verb], [cid, field(C["SWL_TAG_EXEC_ID"], "e"), field(C["SWL_TAG_SIGNAL"], struct.pack("=iI", 0, 0))], roles)
                     for verb in ("SWL_VERB_LAUNCH", "SWL_VERB_EXEC", "SWL_VERB_SIGNAL", "SWL_VERB_QUERY", "SWL_VERB_REMOVE", "SWL_VERB_PING",
                                  "SWL_VERB_STDIN", "SWL_VERB_REOPEN_LOG", "SWL_VERB_CREATE_SANDBOX", "SWL_VERB_START")]
            seeds += [packet(C["SWL_VERB_ATTACH"], [cid], [C["SWL_FD_STDOUT"]]),
                      packet(C["SWL_VERB_RESIZE"], [cid, field(C["SWL_TAG_CONSOLE_SIZE"], struct.pack("=4H", 1, 1, 0, 0))])]
            before = descriptor_count(pod.shim)
            count = fuzz(pod.directory + "/shim.sock", seeds, fds, 1.5, generator)
            # The shim may have dropped the subscriber, which did not read meanwhile.
            pod.client.close()
            pod.client = pod.connect()
            pod.client.call(C["SWL_VERB_PING"])
            seeds = [packet(C["SWL_VERB_PING"], []), packet(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], "nothing-there")], roles)]
            held = descriptor_count(self.world.spawner.pid)
            count += fuzz(self.world.run + "/spawner.sock", seeds, fds, 1.0, generator)
            time.sleep(0.05)
            assert self.world.spawner.poll() is None and descriptor_count(self.world.spawner.pid) <= held + 1
            # Only the descriptors of a live container "x" have been added.
            assert descriptor_count(pod.shim) <= before + 8, (before, descriptor_count(pod.shim))
            for fd in fds:
                os.close(fd)
        self.note(f"{count} packets")

    def test_fuzz_records(self):
        generator = random.Random(20260103)
        count, accepted, end = 0, 0, time.monotonic() + 2.5
        with Sandbox(self.world) as pod:
            fields = pod.launch_fields("c", ["true"], log=False)
            while time.monotonic() < end:
                chosen = [f for f in fields if generator.random() < 0.98]
                generator.shuffle(chosen)
                data = bytearray(record(C["SWL_KIND_LAUNCH"], chosen))
                for _ in range(generator.randrange(0, 4)):
                    data[generator.randrange(16, len(data))] = generator.choice([0, 1, 4, 8, 127, 255, generator.randrange(256)])
                if generator.random() < 0.2:
                    data = data[:generator.randrange(1, len(data))]
                    if len(data) >= 12:
                        data[8:12] = u32(len(data))
                cid = "c"
                try:
                    pod.launch(cid, [], data=bytes(data))
                    pod.wait(cid)
                    pod.container_verb("SWL_VERB_REMOVE", cid)
                    accepted += 1
                except Refused:
                    pass
                count += 1
            assert pod.run("last", ["echo", "alive"]) == (0, "alive\n")
        self.note(f"{count} records, {accepted} of them ran")

    def test_no_descriptor_for_another_client(self):
        """A client that cannot be accepted waits, and does not keep the shim busy."""
        with Sandbox(self.world) as pod:
            limits = resource.prlimit(pod.shim, resource.RLIMIT_NOFILE)
            resource.prlimit(pod.shim, resource.RLIMIT_NOFILE, (descriptor_count(pod.shim) + 1, limits[1]))
            query = C["SWL_VERB_QUERY"]
            first, second, third = [Client(pod.directory + "/shim.sock") for _ in range(3)]
            try:
                first.call(query).close()
                wait_until("the shim to come to rest", lambda: stat_fields(pod.shim)[0] == "S", 10)
                first.close()
                second.call(query).close()
                resource.prlimit(pod.shim, resource.RLIMIT_NOFILE, limits)
                with Client(pod.directory + "/shim.sock") as fourth:
                    fourth.call(query).close()
                third.call(query).close()
            finally:
                for client in (second, third):
                    client.close()
