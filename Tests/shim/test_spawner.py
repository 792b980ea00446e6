"""The spawner starts shims side by side: none waits for another."""
import errno
import os
import select

import wire
from test_containers import refused
from wire import C, field
from world import alive


class FrozenCgroup:
    """What is cloned into it stands still until `thaw`."""

    def __init__(self, world):
        self.path = f"{world.cgroup}/{world.name('frozen-')}"
        os.mkdir(self.path)
        self.write("1")
        self.fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)

    def write(self, value):
        with open(self.path + "/cgroup.freeze", "w") as file:
            file.write(value)

    def thaw(self):
        self.write("0")

    def wait_until_empty(self):
        with open(self.path + "/cgroup.events") as file:
            poll = select.poll()
            poll.register(file, select.POLLPRI)
            while "populated 1" in (file.seek(0), file.read())[1]:
                poll.poll()

    def close(self):
        with open(self.path + "/cgroup.kill", "w") as file:
            file.write("1")
        self.wait_until_empty()
        os.close(self.fd)
        os.rmdir(self.path)


def begin(world, client, sandbox, cgroup=-1):
    os.makedirs(f"{world.run}/sandboxes/{sandbox}/containers", 0o700)
    fds = [(C["SWL_FD_CGROUP"], cgroup)] if cgroup >= 0 else []
    return client.send(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], sandbox)], fds)


def end(world, sandbox):
    with wire.Client(f"{world.run}/sandboxes/{sandbox}/shim.sock") as client:
        client.call(C["SWL_VERB_SHUTDOWN"])


def test_one_that_stands_still_holds_up_nobody(world):
    if not world.cgroup:
        return "no cgroup2"
    frozen = FrozenCgroup(world)
    try:
        slow, late, quick = (world.name("pod-") for _ in range(3))
        with world.client() as client, world.client() as other:
            first = begin(world, client, slow, frozen.fd)
            second = begin(world, client, quick)
            third = begin(world, other, late, frozen.fd)
            # On the same connection, asked later and answered first.
            reply = client.reply_to(second)
            assert alive(wire.PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0])
            reply.close()
            frozen.thaw()
            for waiting, asked in ((client, first), (other, third)):
                waiting.reply_to(asked).close()
        for sandbox in (slow, late, quick):
            end(world, sandbox)
        frozen.wait_until_empty()
    finally:
        frozen.close()


def test_one_that_never_listens_is_given_up(world):
    if not world.cgroup:
        return "no cgroup2"
    frozen = FrozenCgroup(world)
    try:
        with world.client() as client:
            asked = begin(world, client, world.name("pod-"), frozen.fd)
            refused(lambda: client.reply_to(asked), error=errno.ETIMEDOUT)
            # It finds that nobody waits for it any more.
            frozen.thaw()
            frozen.wait_until_empty()
            # And one whose client does not wait.
            begin(world, client, world.name("pod-"), frozen.fd)
        assert world.spawner.poll() is None
    finally:
        frozen.close()
