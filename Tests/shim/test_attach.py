"""Readers of a running container: their output, the cost of a slow reader, and that a closed reader leaves nothing."""
import errno
import fcntl
import os
import re
import select
import signal
import time

from labs.processes import anonymous_memory
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, field, refused
from labs.streams import read_all, read_until, side_by_side
from labs.waiting import wait_until

# Writes two lines for each line on stdin.
ECHO = ["sh", "-c", "while read word; do echo out $word; echo err $word >&2; done"]


def lines(first, last):
    return b"".join(b"%d\n" % number for number in range(first, last + 1))


class Attach(ShimCase):
    def test_readers_get_what_the_log_gets(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ECHO, stdin=1)
            pod.write_stdin("c", b"early\n")
            pod.wait_log("c", b"out early")
            pod.wait_log("c", b"err early")
            both, only_out = pod.attach("c"), pod.attach("c", err=False)
            pod.write_stdin("c", b"late\n")
            # A reader gets only the output after its attach.
            assert read_until(both[0], b"\n") == read_until(only_out[0], b"\n") == b"out late\n"
            assert read_until(both[1], b"\n") == b"err late\n"
            pod.signal("c", signal.SIGKILL)
            assert read_all(both[0]) == read_all(both[1]) == read_all(only_out[0]) == b""
            pod.wait("c")
            assert pod.output("c").split("\n")[:4].count("out late") == 1
            refused(lambda: pod.attach("c"), "SWL_STEP_LOOKUP", errno.ESRCH)

    def test_descriptors_that_are_not_readers(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sleep", "1000"])
            before = pod.descriptors()
            read, write = os.pipe()
            file = os.open(self.world.base, os.O_TMPFILE | os.O_RDWR)
            for role, fd in (("SWL_FD_STDOUT", read), ("SWL_FD_STDOUT", file), ("SWL_FD_STDERR", file)):
                refused(lambda: pod.client.call(C["SWL_VERB_ATTACH"], [field(C["SWL_TAG_CONTAINER_ID"], "c")], [(C[role], fd)]),
                        "SWL_STEP_STDIO", errno.EINVAL)
            refused(lambda: pod.container_verb("SWL_VERB_ATTACH", "c"), "SWL_STEP_STDIO", errno.EINVAL)
            refused(lambda: pod.attach("nobody"), "SWL_STEP_LOOKUP", errno.ENOENT)
            for fd in (read, write, file):
                os.close(fd)
            readers = [pod.attach("c", err=False)[0] for _ in range(C["SWL_ATTACHED_MAX"])]
            refusal = refused(lambda: pod.attach("c"), "SWL_STEP_LIMIT", errno.ENOSPC)
            assert str(C["SWL_ATTACHED_MAX"]) in refusal.text
            os.close(readers.pop())
            readers.append(pod.attach("c", err=False)[0])  # a closed reader makes room at once
            for fd in readers:
                os.close(fd)
            wait_until("the shim to be as before", lambda: pod.descriptors() == before, 10)

    def test_a_slow_reader_slows_the_container(self):
        """No output is lost, and the output that waits for the reader is not in the shim's memory."""
        count = 600000
        with Sandbox(self.world) as pod:
            pod.launch("warm", ["seq", str(count)])
            pod.wait("warm")
            before = anonymous_memory(pod.shim)
            pod.launch("c", ["sh", "-c", f"read go; seq {count}; echo done >&2"], stdin=1)
            slow, fast = pod.attach("c", err=False)[0], pod.attach("c", err=False)[0]
            pod.write_stdin("c", b"go\n")
            got = b""
            while select.select([fast], [], [], 0.5)[0]:  # until the other reader blocks the output
                got += os.read(fast, 65536)
            assert 0 < len(got) < 10**6, len(got)
            assert len(pod.log("c")) < 10**7 and not [m for m in pod.client.events if m.type == C["SWL_EVENT_EXITED"]]
            held = anonymous_memory(pod.shim)
            assert held <= before + 600, (before, held)
            streams = {slow: b"", fast: got}
            for fd in side_by_side(streams):
                assert streams[fd] == lines(1, count)
            assert pod.wait("c").code == 0 and pod.output("c").replace("done\n", "") == lines(1, count).decode()
            after = anonymous_memory(pod.shim)
            assert after <= before + 128, (before, after)
            self.note(f"anonymous KB: {before} before, {held} while held up, {after} after")

    def test_a_reader_that_takes_nothing_is_dropped(self):
        count = 100000
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", f"read go; seq {count}"], stdin=1)
            stuck, _ = pod.attach("c", err=False)
            started = time.monotonic()
            pod.write_stdin("c", b"go\n")
            assert pod.wait("c").code == 0  # waits for the shim's time limit, and no longer
            waited = time.monotonic() - started
            assert waited > C["SWL_ATTACH_STALL_SECONDS"] - 1, waited
            assert pod.output("c") == lines(1, count).decode()
            got = read_all(stuck)
            assert lines(1, count).startswith(got) and len(got) < len(lines(1, count))  # the reader's end came before all of the output
            warning = pod.client.event(C["SWL_EVENT_WARNING"], SWL_TAG_CONTAINER_ID="c").get(C["SWL_TAG_WARNING"])
            found = re.search(rb"took nothing of stdout for (\d+) s and is disconnected; (\d+) bytes were waiting", warning)
            assert found and int(found[1]) == C["SWL_ATTACH_STALL_SECONDS"] and int(found[2]) > 0, warning
            self.note(f"dropped after {waited:.1f} s")

    def test_a_closed_reader_holds_up_nothing(self):
        count = 200000
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", f"read go; seq {count}"], stdin=1)
            gone, stays = pod.attach("c", err=False)[0], pod.attach("c", err=False)[0]
            pod.write_stdin("c", b"go\n")
            read_until(gone, b"1000\n")
            os.close(gone)
            assert read_all(stays) == lines(1, count)
            assert pod.wait("c").code == 0 and pod.output("c") == lines(1, count).decode()

    def test_the_rest_is_delivered_after_the_end(self):
        """More than the reader's pipe holds is left when the container ends, and the container is removed before it is read."""
        page = os.sysconf("SC_PAGE_SIZE")
        with Sandbox(self.world) as pod:
            for size, remove in ((3 * page, False), (15 * page, True)):
                cid = self.world.name("c")
                pod.launch(cid, ["sh", "-c", f"read go; head -c {size} /dev/zero | tr '\\0' x; exit 3"], stdin=1)
                read, write = os.pipe()
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, page)
                pod.client.call(C["SWL_VERB_ATTACH"], [field(C["SWL_TAG_CONTAINER_ID"], cid)], [(C["SWL_FD_STDOUT"], write)]).close()
                os.close(write)
                pod.write_stdin(cid, b"go\n")
                # 15 pages go into the container's own pipe at once, so that the container ends without a reader.
                assert pod.wait(cid).code == 3
                if remove:
                    pod.container_verb("SWL_VERB_REMOVE", cid)
                assert read_all(read) == b"x" * size
                assert pod.output(cid) == "x" * size
            # The rest arrives also if the sandbox ends before the read.
            pod.launch("last", ["sh", "-c", f"read go; head -c {15 * page} /dev/zero"], stdin=1)
            out, _ = pod.attach("last", err=False)
            fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, page)
            pod.write_stdin("last", b"go\n")
            pod.wait("last")
            pod.shutdown()
            assert len(read_all(out)) == 15 * page

    def test_a_process_that_outlives_the_container_keeps_no_reader(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", "sleep 1000 & echo started; exit 4"], ns=namespaces(pid=0))
            try:
                out, err = pod.attach("c")
            except Exception:
                out = err = -1  # the container ended before the attach
            assert pod.wait("c").code == 4
            for fd in (out, err):
                if fd >= 0:
                    read_all(fd)
            pod.signal("c", signal.SIGKILL, C["SWL_SIGNAL_ALL"])

    def test_thousand_readers_leave_nothing(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", "while :; do echo a line of text that is written all the time; done"], limits=(1 << 20, 2))
            for _ in range(50):  # until the shim's memory has its lasting size
                for fd in pod.attach("c"):
                    os.close(fd)
            before, open_before = anonymous_memory(pod.shim), pod.descriptors()
            for number in range(1000):
                out, err = pod.attach("c")
                if number % 3:
                    os.read(out, 4096)
                os.close(out), os.close(err)
            pod.signal("c", signal.SIGSTOP)
            after, open_after = anonymous_memory(pod.shim), pod.descriptors()
            # One read of backlog, two while it grows, may be in memory or not; 2000 forgotten readers would still have their pipes. The shim may
            # not yet have noticed the end of the last reader before the first count: fewer descriptors are not a leak.
            assert after <= before + 256 and len(open_after) <= len(open_before), (before, after, open_before, open_after)
            self.note(f"anonymous KB: {before} before, {after} after 1000")
