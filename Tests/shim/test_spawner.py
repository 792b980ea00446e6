"""The spawner starts shims side by side: no start waits for another one."""
import errno
import os

from labs import cgroups
from labs.processes import alive
from labs.shim.case import ShimCase
from labs.shim.wire import C, PROCESS, Client, field, refused


class FrozenCgroup:
    """A cgroup in which new processes are frozen until `thaw`."""

    def __init__(self, world):
        self.path = f"{world.cgroup}/{world.name('frozen-')}"
        os.mkdir(self.path)
        cgroups.freeze(self.path)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)

    def thaw(self):
        cgroups.thaw(self.path)

    def wait_until_empty(self):
        cgroups.wait_until_empty(self.path)

    def close(self):
        cgroups.kill(self.path)
        self.wait_until_empty()
        os.close(self.fd)
        os.rmdir(self.path)


def begin(world, client, sandbox, cgroup=-1):
    os.makedirs(f"{world.run}/sandboxes/{sandbox}/containers", 0o700)
    fds = [(C["SWL_FD_CGROUP"], cgroup)] if cgroup >= 0 else []
    return client.send(C["SWL_VERB_SPAWN"], [field(C["SWL_TAG_SANDBOX_ID"], sandbox)], fds)


def end(world, sandbox):
    with Client(f"{world.run}/sandboxes/{sandbox}/shim.sock") as client:
        client.call(C["SWL_VERB_SHUTDOWN"])


class Spawner(ShimCase):
    def test_a_frozen_shim_holds_up_no_other_start(self):
        self.need_cgroups()
        frozen = FrozenCgroup(self.world)
        try:
            slow, late, quick = (self.world.name("pod-") for _ in range(3))
            with self.world.client() as client, self.world.client() as other:
                first = begin(self.world, client, slow, frozen.fd)
                second = begin(self.world, client, quick)
                third = begin(self.world, other, late, frozen.fd)
                # The later request on the same connection is answered first.
                reply = client.reply_to(second)
                assert alive(PROCESS.unpack(reply.get(C["SWL_TAG_PROCESS"]))[0])
                reply.close()
                frozen.thaw()
                for waiting, asked in ((client, first), (other, third)):
                    waiting.reply_to(asked).close()
            for sandbox in (slow, late, quick):
                end(self.world, sandbox)
            frozen.wait_until_empty()
        finally:
            frozen.close()

    def test_a_shim_that_never_listens_is_given_up(self):
        self.need_cgroups()
        frozen = FrozenCgroup(self.world)
        try:
            with self.world.client() as client:
                asked = begin(self.world, client, self.world.name("pod-"), frozen.fd)
                refused(lambda: client.reply_to(asked), error=errno.ETIMEDOUT)
                # The shim ends, because the spawner has given it up.
                frozen.thaw()
                frozen.wait_until_empty()
                # A shim whose client does not wait is given up as well.
                begin(self.world, client, self.world.name("pod-"), frozen.fd)
            assert self.world.spawner.poll() is None
        finally:
            frozen.close()
