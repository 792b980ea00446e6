"""Pods with a user namespace of their own."""
import struct

from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, field

BASE, SIZE = 1000 * 65536, 65536
ALL_CAPS = (1 << 41) - 1


def mapping(tag, container=0, host=BASE, size=SIZE):
    return field(C[tag], struct.pack("=4I", container, host, size, 0))


def mappings(*ranges):
    """The fields of a sandbox record: the same ranges of users and of groups."""
    return [mapping(tag, *one) for tag in ("SWL_TAG_UID_MAPPING", "SWL_TAG_GID_MAPPING") for one in ranges or ((),)]


class UserPod(Sandbox):
    def __init__(self, world, fields=(), ranges=(), **modes):
        super().__init__(world, create=False, fields=[*mappings(*ranges), *fields], **modes)
        self.modes["user"] = 1
        try:
            self.create()
        except BaseException:
            self.shutdown()
            raise

    def launch_fields(self, cid, args, *, ns=None, **settings):
        return super().launch_fields(cid, args, ns=ns or namespaces(user=2), **settings)
