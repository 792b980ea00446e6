"""Rare options: hooks, a hold before the root changes, clocks of their own, device rules, scheduling."""
import errno
import os
import struct
import tempfile

from labs.files import read_text
from labs.processes import alive
from labs.shim.case import ShimCase
from labs.shim.records import device_rule, hook, namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, field, refused, u32

CREATE, START = C["SWL_HOOK_CREATE_CONTAINER"], C["SWL_HOOK_START_CONTAINER"]
NEW, GIVEN, SANDBOX = C["SWL_NS_NEW"], C["SWL_NS_GIVEN"], C["SWL_NS_SANDBOX"]


def held(number):
    return field(C["SWL_TAG_PROCESS_HOLD"], u32(number))


class Options(ShimCase):
    def test_held_before_the_root_changes(self):
        """The process waits twice: with the host's root still there, and before the exec. Hooks run after each wait."""
        with Sandbox(self.world) as pod, tempfile.TemporaryFile() as state, tempfile.TemporaryDirectory() as notes:
            line = f"cat > {notes}/seen; readlink /proc/self/ns/mnt >> {notes}/seen"
            hooks = hook(CREATE, "/bin/sh", ["sh", "-c", line], ["PATH=/bin:/usr/bin"]) + hook(START, "/bin/sh", ["sh", "-c", "cat > /tmp/seen"],
                                                                                               ["PATH=/bin"])
            pid = pod.launch("c", ["sh", "-c", "cat /tmp/seen"], roles=[(C["SWL_FD_HOOK_STATE"], state.fileno())], extra=[held(3), *hooks],
                             cgroup=False).pid
            assert pod.state_of("c") == C["SWL_STATE_CREATED"] and not os.path.exists(notes + "/seen")
            # The host's files, in another mount namespace, with the container's root on top.
            assert os.stat(f"/proc/{pid}/root/proc/self/exe") and os.path.exists(f"/proc/{pid}/root{pod.layers('c')}/root/bin/busybox")
            os.pwrite(state.fileno(), b"first\n", 0)
            pod.container_verb("SWL_VERB_START", "c").close()
            assert read_text(notes + "/seen").split() == ["first", os.readlink(f"/proc/{pid}/ns/mnt")]
            assert pod.state_of("c") == C["SWL_STATE_CREATED"] and not os.path.exists(f"/proc/{pid}/root{notes}")
            os.pwrite(state.fileno(), b"again\n", 0)
            pod.container_verb("SWL_VERB_START", "c").close()
            assert pod.wait("c").code == 0 and pod.output("c") == "again\n"
            refused(lambda: pod.container_verb("SWL_VERB_START", "c"), "SWL_STEP_LOOKUP", errno.EALREADY)
            # A container is killed while it waits; another one waits until the sandbox ends.
            pod.launch("killed", ["true"], extra=[held(2)], cgroup=False)
            pod.signal("killed", 9)
            assert pod.wait("killed").signal == 9
            left = pod.launch("left", ["true"], extra=[held(2)], cgroup=False).pid
        assert not alive(left)

    def test_hooks_that_fail(self):
        with Sandbox(self.world) as pod, tempfile.TemporaryFile() as state:
            role = [(C["SWL_FD_HOOK_STATE"], state.fileno())]
            for path, args, code, seconds in [("/bin/false", ["false"], errno.ECANCELED, 0), ("/nowhere", ["x"], errno.ENOENT, 0),
                                              ("/bin/sleep", ["sleep", "1000"], errno.ETIMEDOUT, 1),
                                              ("/bin/sh", ["sh", "-c", "kill -9 $$"], errno.ECANCELED, 0)]:
                refused(lambda a=(path, args, seconds): pod.launch("x", ["true"], cgroup=False, roles=role,
                                                                   extra=hook(CREATE, a[0], a[1], seconds=a[2])), "SWL_STEP_HOOK", code)
            pod.launch("c", ["true"], roles=role, extra=[held(1), *hook(START, "/bin/false", ["false"])], cgroup=False)
            refused(lambda: pod.container_verb("SWL_VERB_START", "c"), "SWL_STEP_HOOK", errno.ECANCELED)
            assert pod.wait("c").code != 0
            refused(lambda: pod.launch("x", ["true"], cgroup=False, extra=hook(CREATE, "/bin/true", ["true"])), "SWL_STEP_HOOK", errno.EINVAL)

    def test_options_that_are_refused(self):
        rule, offset = C["SWL_TAG_DEVICE_RULE"], C["SWL_TAG_TIME_OFFSET"]
        new = field(C["SWL_TAG_TIME_NAMESPACE"], u32(NEW))
        with Sandbox(self.world) as pod:
            for extra in [
                [field(C["SWL_TAG_TIME_NAMESPACE"], u32(SANDBOX))], [field(offset, struct.pack("=IIq", 1, 0, 1))],
                [new, field(offset, struct.pack("=IIq", 0, 0, 1))], [new, field(offset, struct.pack("=IIq", 1, 10 ** 9, 1))],
                [new] + [field(offset, struct.pack("=IIq", 1, 0, 1))] * 3, hook(3, "/bin/true", ["true"]), hook(CREATE, "bin/true", ["true"]),
                hook(CREATE, "/bin/true", []),
                hook(START, "/bin/true", ["true"]), hook(CREATE, "/bin/true", ["true"])[:1], [field(C["SWL_TAG_HOOK_ARGUMENT"], "x")],
                [field(C["SWL_TAG_HOOK_VARIABLE"], "x=y")], [device_rule("p", 1, 1, 1, 1)], [device_rule("c", 1, 1, 0, 1)],
                [device_rule("c", 1, 1, 4, 1)],
                [device_rule("c", 1, 1, 1, 2)], [device_rule("c", 1 << 31, 1, 1, 1)], [field(rule, b"short")], [held(4)],
                [field(C["SWL_TAG_PROCESS_SCHEDULER"], struct.pack("=IiII4Q", 9, 0, 0, 0, 0, 0, 0, 0))],
                [field(C["SWL_TAG_PROCESS_IO_PRIORITY"], u32(4 << 13))],
                [field(C["SWL_TAG_PROCESS_CPU_AFFINITY"], bytes(8))],
            ]:
                refused(lambda extra=extra: pod.launch("x", ["true"], cgroup=False, extra=extra), "SWL_STEP_RECORD", errno.EINVAL)
            # A well-formed record that the kernel refuses.
            refused(lambda: pod.launch("x", ["true"], cgroup=False,
                                       extra=[field(C["SWL_TAG_PROCESS_SCHEDULER"], struct.pack("=IiII4Q", 1, 0, 500, 0, 0, 0, 0, 0))]),
                    "SWL_STEP_SCHEDULING", errno.EINVAL)
            fd = os.open("/proc/self/ns/pid", os.O_RDONLY)
            try:
                refused(lambda: pod.launch("x", ["true"], cgroup=False, roles=[(C["SWL_FD_NAMESPACE"], fd)],
                                           extra=[field(C["SWL_TAG_TIME_NAMESPACE"], u32(GIVEN))]),
                        "SWL_STEP_NAMESPACES", errno.EINVAL)
            finally:
                os.close(fd)

    def test_namespaces_of_other_containers(self):
        """A container joins pid, cgroup and time namespaces of another one by descriptor."""
        with Sandbox(self.world) as pod:
            fields = [field(C["SWL_TAG_TIME_NAMESPACE"], u32(NEW)), field(C["SWL_TAG_TIME_OFFSET"], struct.pack("=IIq", 7, 0, 864000))]
            pid = pod.launch("first", ["sleep", "1000"], extra=fields, cgroup=False).pid
            opened = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("pid", "cgroup", "time")]
            try:
                line = "for n in pid cgroup time; do readlink /proc/self/ns/$n; done; cat /proc/uptime"
                pod.launch("second", ["sh", "-c", line], roles=[(C["SWL_FD_NAMESPACE"], one) for one in opened],
                           ns=namespaces(pid=GIVEN, cgroup=GIVEN), extra=[field(C["SWL_TAG_TIME_NAMESPACE"], u32(GIVEN))], cgroup=False)
            finally:
                for one in opened:
                    os.close(one)
            assert pod.wait("second").code == 0
            seen = pod.output("second").splitlines()
            assert seen[:3] == [os.readlink(f"/proc/{pid}/ns/{name}") for name in ("pid", "cgroup", "time")], seen
            assert float(seen[3].split()[0]) >= 864000

    def test_device_rules(self):
        with Sandbox(self.world) as pod:
            if "fuse" not in read_text("/proc/misc"):
                self.skipTest("this kernel has no fuse")
            node = "mknod /dev/k c 10 229"
            for rules, codes in [([], "11"), ([device_rule("c", 10, 229, 3, 1)], "00"), ([device_rule("c", 10, None, 1, 1)], "01"),
                                 ([device_rule("a", None, None, 3, 1), device_rule("c", 10, 229, 1, 0)], "10"),
                                 ([device_rule("b", 10, 229, 3, 1)], "11"),
                                 ([device_rule("c", 10, 229, 3, 0), device_rule("c", None, 229, 1, 1), device_rule("c", 10, 229, 2, 1)], "00")]:
                cid = f"c{os.urandom(4).hex()}"
                pod.launch(cid, ["sh", "-c", f"{node}; (: < /dev/k) 2>/dev/null; a=$?; (: > /dev/k) 2>/dev/null; echo $a$?; : < /dev/zero"],
                           extra=rules)
                assert pod.wait(cid).code == 0 and pod.output(cid).strip() == codes, (rules, codes, pod.output(cid))
