"""CRI log lines: splitting, partial lines, streams, rotation, a disk that is full."""
import glob
import itertools
import os
import re
import subprocess
import time

from labs.files import read_bytes, read_text, write_text
from labs.mounts import tmpfs
from labs.shim.case import ShimCase
from labs.shim.records import namespaces
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C
from labs.waiting import wait_until


def files_of(pod, cid):
    """All files of a log, oldest first."""
    return sorted(glob.glob(pod.log_path(cid) + ".*")) + [pod.log_path(cid)]


class Logs(ShimCase):
    def test_lines_and_streams(self):
        with Sandbox(self.world) as pod:
            pod.run("c", ["sh", "-c", "echo one; echo two >&2; printf 'win\\r\\n'; echo; printf 'no end'"])
            assert pod.lines("c", "stdout") == [("stdout", "F", b"one"), ("stdout", "F", b"win"), ("stdout", "F", b""), ("stdout", "P", b"no end")]
            assert pod.lines("c", "stderr") == [("stderr", "F", b"two")]

    def test_long_lines_are_split(self):
        with Sandbox(self.world) as pod:
            for size, want in ((16384, [("F", 16384)]), (16385, [("P", 16384), ("F", 1)]), (50000, [("P", 16384)] * 3 + [("F", 848)])):
                cid = self.world.name("c")
                pod.run(cid, ["sh", "-c", f"head -c {size} /dev/zero | tr '\\0' x; echo; echo after"])
                lines = [(tag, len(content)) for _, tag, content in pod.lines(cid)]
                assert lines == want + [("F", 5)], (size, lines)

    def test_unfinished_lines_wait_for_each_stream(self):
        with Sandbox(self.world) as pod:
            pod.run("c", ["sh", "-c", "printf a; printf b >&2; sleep 0.05; printf c; printf d >&2; sleep 0.05; echo; echo >&2"])
            assert sorted(pod.lines("c")) == [("stderr", "F", b"bd"), ("stdout", "F", b"ac")]

    def test_much_output_arrives_whole(self):
        with Sandbox(self.world) as pod:
            count = 200000
            assert pod.run("c", ["seq", str(count)])[0] == 0
            assert [int(content) for _, _, content in pod.lines("c")] == list(range(1, count + 1))

    def test_rotation(self):
        with Sandbox(self.world) as pod:
            limit = 100000
            pod.run("c", ["seq", "20000"], limits=(limit, 4))
            files = files_of(pod, "c")
            assert len(files) == 4, files
            kept = [int(line.split()[3]) for path in files for line in read_text(path).splitlines()]
            assert kept == list(range(kept[0], 20001)) and len(kept) > 5000
            assert any(m.type == C["SWL_EVENT_LOG_ROTATED"] for m in pod.client.events)

    def test_rotations_do_not_cut_off_a_subscriber_that_reads_late(self):
        with Sandbox(self.world) as pod, pod.connect() as idle:
            idle.call(C["SWL_VERB_SUBSCRIBE"])
            # A read of 64 KiB is a rotation and an event; the socket holds some hundred.
            assert pod.run("c", ["sh", "-c", "head -c 60000000 /dev/zero | tr '\\0' '\\n'"], limits=(65536, 5))[0] == 0
            types = [idle.receive().type]
            while types[-1] != C["SWL_EVENT_EXITED"]:
                types.append(idle.receive().type)
            rotated = types.count(C["SWL_EVENT_LOG_ROTATED"])
            # Some events before the subscriber was behind, none while it was, and one when it has room again.
            assert 0 < rotated < 200 and set(types) == {C["SWL_EVENT_STARTED"], C["SWL_EVENT_LOG_ROTATED"], C["SWL_EVENT_EXITED"]}, types
            assert idle.receive().type == C["SWL_EVENT_LOG_ROTATED"]
            assert idle.reply_to(idle.send(C["SWL_VERB_PING"]))
            assert [message.type for message in idle.events] == []

    def test_rotation_is_exactly_at_the_limit(self):
        with Sandbox(self.world) as pod:
            for limit, count in ((50, 200), (4096, 3000), (100000, 5000)):
                cid = self.world.name("c")
                assert pod.run(cid, ["seq", str(count)], limits=(limit, 100000))[0] == 0
                contents = [read_bytes(path) for path in files_of(pod, cid)]
                assert [int(line.split()[3]) for content in contents for line in content.splitlines()] == list(range(1, count + 1)), limit
                for content, after in zip(contents, contents[1:]):
                    assert len(content) <= limit < len(content) + len(after.split(b"\n", 1)[0]) + 1, (limit, len(content))

    def test_a_line_longer_than_the_limit(self):
        with Sandbox(self.world) as pod:
            pod.run("c", ["sh", "-c", "echo before; head -c 9000 /dev/zero | tr '\\0' x; echo; echo after"], limits=(5000, 5))
            assert [os.path.getsize(path) > 9000 for path in files_of(pod, "c")] == [False, True, False]

    def test_pruning_counts_compressed_files_once(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", "read x; seq 1000"], stdin=1, limits=(30000, 4))
            base = pod.log_path("c")
            strangers = [base + ".20200101-000000.gz.tmp", base + ".20200101-000000.tmp", base + ".old", base + "x.20200101-000000"]
            for name in strangers + [base + f".20200101-00000{n}.gz" for n in (1, 2, 3)] + [base + ".20200101-000003"]:
                open(name, "w").close()
            pod.write_stdin("c", b"\n")
            assert pod.wait("c").code == 0
            left = sorted(glob.glob(base + "*"))
            # One rotation happened, and three rotated files may stay: the two newest old ones and its own.
            old = [base + f".20200101-00000{n}" for n in (2, 3)]
            new = [name for name in left if name not in strangers + [base] and "20200101" not in name]
            assert len(new) == 1 and sorted(strangers + [base, old[0] + ".gz", old[1], old[1] + ".gz"] + new) == left, left

    def test_rotation_goes_on_whatever_has_the_name(self):
        """The file is removed or replaced by a link, or its folder is gone: nothing is written elsewhere, the container does not wait, and the log
        goes on where possible."""
        with Sandbox(self.world) as pod:
            original = pod.log_path
            secret = self.world.base + "/secret"

            def removed(path):
                os.unlink(path)

            def linked(path):
                os.unlink(path)
                os.symlink(secret, path)

            def folder_gone(path):
                os.unlink(path)
                os.rmdir(os.path.dirname(path))

            for harm in (removed, linked, folder_gone):
                write_text(secret, "secret")
                cid = self.world.name("c")
                folder = f"{self.world.base}/logs-{harm.__name__}"
                os.makedirs(folder)
                pod.log_path = lambda cid, folder=folder: f"{folder}/{cid}.log"
                pod.launch(cid, ["sh", "-c", "read x; seq 3000"], stdin=1, limits=(50000, 100))
                harm(pod.log_path(cid))
                pod.write_stdin(cid, b"\n")
                assert pod.wait(cid).code == 0
                assert read_text(secret) == "secret"
                if harm is folder_gone:
                    assert not os.path.exists(folder)
                    continue
                numbers = [int(line.split()[3]) for path in files_of(pod, cid) if not os.path.islink(path) for line in read_text(path).splitlines()]
                # The lines in the nameless file are lost with it; from the first rotation on all lines are there.
                assert numbers == list(range(numbers[0], 3001)) and 900 < numbers[0] < 1200, (harm, numbers[:1])
            pod.log_path = original

    def test_any_bytes_pass(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["printf", "a\\000b\\377\\376\\033[1m\\n\\r\\n\\rx\\n\\r\\r\\n"])
            pod.wait("c")
            assert [content for _, _, content in pod.lines("c")] == [b"a\0b\xff\xfe\x1b[1m", b"", b"\rx", b"\r"]

    def test_times_never_go_back(self):
        with Sandbox(self.world) as pod:
            pod.run("c", ["sh", "-c", "for i in $(seq 500); do echo $i; echo $i >&2; done"])
            times = [line.split()[0] for line in pod.log("c").splitlines()]
            assert times == sorted(times) and len(times) == 1000 and all(len(time) == 30 for time in times)

    def test_reopen(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", "echo before; read x; echo after"], stdin=1)
            pod.wait_log("c", b"before")
            os.rename(pod.log_path("c"), pod.log_path("c") + ".1")
            pod.container_verb("SWL_VERB_REOPEN_LOG", "c")
            pod.write_stdin("c", b"\n")
            pod.wait("c")
            assert pod.output("c") == "after\n"

    def test_full_disk_loses_lines_and_says_so(self):
        disk = self.world.base + "/small"
        with tmpfs(disk, "size=64k"):
            with Sandbox(self.world) as pod:
                pod.log_path = lambda cid: f"{disk}/{cid}.log"
                with open(disk + "/ballast", "wb") as file:
                    file.write(b"x" * 40960)
                pod.launch("c", ["sh", "-c", "seq 20000; touch /tmp/written; read x; echo after; echo last"], stdin=1)
                pod.client.event(C["SWL_EVENT_WARNING"])
                for number in itertools.count():
                    pod.exec("c", f"e{number}", ["test", "-e", "/tmp/written"])
                    if pod.wait_exec(f"e{number}").code == 0:
                        break
                os.unlink(disk + "/ballast")
                pod.write_stdin("c", b"\n")
                assert pod.wait("c").code == 0
                lines = pod.output("c").splitlines()
                assert lines[-2:] == ["after", "last"], lines[-3:]
                at, = [index for index, line in enumerate(lines) if line.startswith("swiftlet: ")]
                lost = int(re.fullmatch(r"swiftlet: (\d+) log lines were lost here: No space left on device", lines[at])[1])
                # The log has only whole lines, and every missing line was counted.
                assert 0 < lost < 20000 and lines[:at] == [str(n) for n in range(1, at + 1)], (at, lost)
                assert lines[at + 1:-2] == [str(n) for n in range(at + lost + 1, 20001)], (at, lost, lines[at + 1:at + 3])

    def test_an_emptied_log_is_cut_where_it_ends(self):
        """Half a line is taken back from a full disk, also when the file was emptied before to make room."""
        disk = self.world.base + "/emptied"
        with tmpfs(disk, "size=64k"):
            with Sandbox(self.world) as pod:
                path = f"{disk}/c.log"
                pod.log_path = lambda cid: path
                pod.launch("c", ["sh", "-c", "seq 500; read x; seq 20000"], stdin=1)
                wait_until("the first lines", lambda: read_text(path).endswith(" 500\n"), 20)
                os.truncate(path, 0)
                with open(disk + "/ballast", "wb") as file:
                    file.write(b"x" * 40960)
                pod.write_stdin("c", b"\n")
                assert pod.wait("c").code == 0
                for line in read_text(path).splitlines(True):
                    assert re.fullmatch(r"[-0-9]+T[:.0-9]+Z std(out|err) F .*\n", line), line

    def test_without_an_inode_for_a_new_file_the_log_goes_on_under_its_name(self):
        disk = self.world.base + "/inodes"
        # The disk itself and the log take one inode each.
        with tmpfs(disk, "nr_inodes=2"):
            with Sandbox(self.world) as pod:
                pod.log_path = lambda cid: f"{disk}/{cid}.log"
                pod.launch("c", ["sh", "-c", "seq 5000; touch /tmp/written; read x; seq 5001 10000"], stdin=1, limits=(20000, 3))
                for number in itertools.count():
                    pod.exec("c", f"e{number}", ["test", "-e", "/tmp/written"])
                    if pod.wait_exec(f"e{number}").code == 0:
                        break
                assert os.listdir(disk) == ["c.log"]
                subprocess.run(["mount", "-o", "remount,nr_inodes=100", disk], check=True)
                pod.write_stdin("c", b"\n")
                assert pod.wait("c").code == 0
                files = sorted(os.listdir(disk))
                assert len(files) == 3 and files[0] == "c.log", files
                kept = [int(line.split()[3]) for name in files[1:] + files[:1] for line in read_text(f"{disk}/{name}").splitlines()]
                assert kept == list(range(kept[0], 10001)), (kept[0], len(kept))

    def test_a_grandchild_does_not_hold_up_the_exit(self):
        """Without a cgroup the shim does not know the container's processes: they go on."""
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", "(sleep 0.4; echo late) & echo early"], ns=namespaces(pid=0), cgroup=False)
            started = time.monotonic()
            assert pod.wait("c").code == 0 and time.monotonic() - started < 0.3
            time.sleep(0.6)
            assert pod.output("c") == "early\nlate\n"
