"""The Python side of swl_wire.h, for tests only. Every number is read from the headers."""
import array
import glob
import os
import re
import socket
import struct

from labs.files import read_bytes, read_text
from labs.programs import ROOT

HEADERS = sorted(glob.glob(os.path.join(ROOT, "Sources", "CLinux", "include", "swl_*.h")))


def _constants():
    text = re.sub(r"//.*", "", "".join(map(read_text, HEADERS)))
    found = {}
    for name, value in re.findall(r"#define (SWL_\w+) (0x[0-9a-fA-F]+|\d+)u?\b", text):
        found[name] = int(value, 0)
    for name, value in re.findall(r"^\s*(SWL_\w+) = (0x[0-9a-fA-F]+|\d+)", text, re.M):
        found[name] = int(value, 0)
    return found


C = _constants()
STEPS = {value: name[9:].lower() for name, value in C.items() if name.startswith("SWL_STEP_")}


def field(tag, payload=b"", must=True):
    if isinstance(payload, str):
        payload = payload.encode()
    return struct.pack("=HHI", tag, 1 if must else 0, len(payload)) + payload + b"\0" * (-len(payload) % 8)


def u32(value):
    return struct.pack("=I", value)


def record(kind, fields):
    body = b"".join(fields)
    return struct.pack("=IHHII", C["SWL_RECORD_MAGIC"], C["SWL_WIRE_VERSION"], kind, len(body) + 16, 0) + body


def record_fd(data):
    fd = os.memfd_create("record")
    os.write(fd, data)
    return fd


def fields_of(data):
    result, at = [], 0
    while at < len(data):
        tag, flags, length = struct.unpack_from("=HHI", data, at)
        result.append((tag, data[at + 8:at + 8 + length]))
        at += 8 + length + (-length % 8)
    return result


class Refused(Exception):
    def __init__(self, step, error, text):
        super().__init__(f"{STEPS.get(step)}: {os.strerror(error)}: {text}")
        self.step, self.error, self.text = step, error, text


def refused(call, step=None, error=None, text=None):
    """Makes a call that has to be refused with that step, error and text; returns the refusal."""
    try:
        call()
    except Refused as refusal:
        assert step is None or refusal.step == C[step], refusal
        assert error is None or refusal.error == error, refusal
        assert text is None or text in refusal.text, refusal
        return refusal
    raise AssertionError("nothing was refused")


def attempt(call):
    """Whether the call was not refused."""
    try:
        call()
        return True
    except Refused:
        return False


PROCESS = struct.Struct("=iIQq")
EXIT = struct.Struct("=IHHiiiIQqq")


class Exit:
    def __init__(self, data):
        (self.magic, self.version, self.flags, self.pid, self.code, self.signal, _, self.start_time, self.started_at,
         self.finished_at) = EXIT.unpack(data)


def exit_file(path):
    """Reads the shim's record of the end of a container."""
    return Exit(read_bytes(path))


def sandbox_processes(path):
    """The shim and the pause that a sandbox's state file names, each as (pid, reserved, start time, time of start)."""
    state = read_bytes(path)
    return PROCESS.unpack_from(state, 8), PROCESS.unpack_from(state, 32)


def containers_of(reply):
    """(state, pid, exit) by container, of a reply to QUERY."""
    found = {}
    for payload in reply.all(C["SWL_TAG_CONTAINER_STATE"]):
        _, _, state, pid = struct.unpack_from("=IHHi", payload)
        length = struct.unpack_from("=I", payload, 80)[0]
        found[payload[88:88 + length].decode()] = (state, pid, Exit(payload[32:80]))
    return found


class Message:
    def __init__(self, data, fds):
        self.magic, self.version, self.type, self.length, self.sequence = struct.unpack_from("=IHHII", data)
        assert self.magic == C["SWL_WIRE_MAGIC"] and self.length == len(data)
        self.fields = fields_of(data[16:])
        roles = self.get(C["SWL_TAG_FDS"])
        roles = list(array.array("I", roles)) if roles else []
        assert len(roles) == len(fds), "roles and descriptors differ"
        self.fds = list(zip(roles, fds))

    def get(self, tag):
        return next((payload for found, payload in self.fields if found == tag), None)

    def all(self, tag):
        return [payload for found, payload in self.fields if found == tag]

    def text(self, tag):
        value = self.get(tag)
        return None if value is None else value.decode(errors="replace")

    def fd(self, role):
        return next((fd for found, fd in self.fds if found == role), -1)

    def close(self):
        for _, fd in self.fds:
            os.close(fd)


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.sequence = 0
        self.events = []

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, verb, fields=(), fds=()):
        self.sequence += 1
        body = b"".join(fields)
        if fds:
            body += field(C["SWL_TAG_FDS"], array.array("I", [role for role, _ in fds]).tobytes())
        head = struct.pack("=IHHII", C["SWL_WIRE_MAGIC"], C["SWL_WIRE_VERSION"], verb, len(body) + 16, self.sequence)
        numbers = array.array("i", [fd for _, fd in fds])
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)] if fds else []
        self.socket.sendmsg([head + body], ancillary)
        return self.sequence

    def receive(self):
        data, ancillary, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(253 * 4))
        if not data:
            raise ConnectionError("the shim closed the connection")
        fds = []
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds += array.array("i", content[:len(content) - len(content) % 4]).tolist()
        return Message(data, fds)

    def reply_to(self, sequence):
        while True:
            message = self.receive()
            if message.sequence == 0:
                self.events.append(message)
                continue
            assert message.sequence == sequence, (message.sequence, sequence)
            step, _, error = struct.unpack("=HHi", message.get(C["SWL_TAG_STATUS"]))
            if error or step:
                raise Refused(step, error, message.text(C["SWL_TAG_STATUS_TEXT"]))
            return message

    def call(self, verb, fields=(), fds=()):
        return self.reply_to(self.send(verb, fields, fds))

    def event(self, wanted, **tags):
        """Returns the next event of this type whose string fields match; other events stay in the queue."""
        while True:
            for index, message in enumerate(self.events):
                if message.type == wanted and all(message.text(C[tag]) == value for tag, value in tags.items()):
                    return self.events.pop(index)
            message = self.receive()
            assert message.sequence == 0, message.sequence
            self.events.append(message)
