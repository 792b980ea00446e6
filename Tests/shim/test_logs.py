"""CRI log lines: splitting, partial lines, streams, rotation, a disk that is full."""
import glob
import os
import subprocess
import time

from wire import C
from world import Sandbox, namespaces


def test_lines_and_streams(world):
    with Sandbox(world) as pod:
        pod.run("c", ["sh", "-c", "echo one; echo two >&2; printf 'win\\r\\n'; echo; printf 'no end'"])
        assert pod.lines("c", "stdout") == [("stdout", "F", b"one"), ("stdout", "F", b"win"), ("stdout", "F", b""), ("stdout", "P", b"no end")]
        assert pod.lines("c", "stderr") == [("stderr", "F", b"two")]


def test_long_lines_are_split(world):
    with Sandbox(world) as pod:
        for size, want in ((16384, [("F", 16384)]), (16385, [("P", 16384), ("F", 1)]), (50000, [("P", 16384)] * 3 + [("F", 848)])):
            cid = world.name("c")
            pod.run(cid, ["sh", "-c", f"head -c {size} /dev/zero | tr '\\0' x; echo; echo after"])
            lines = [(tag, len(content)) for _, tag, content in pod.lines(cid)]
            assert lines == want + [("F", 5)], (size, lines)


def test_unfinished_lines_wait_for_each_stream(world):
    with Sandbox(world) as pod:
        pod.run("c", ["sh", "-c", "printf a; printf b >&2; sleep 0.05; printf c; printf d >&2; sleep 0.05; echo; echo >&2"])
        assert sorted(pod.lines("c")) == [("stderr", "F", b"bd"), ("stdout", "F", b"ac")]


def test_much_output_arrives_whole(world):
    with Sandbox(world) as pod:
        count = 200000
        assert pod.run("c", ["seq", str(count)])[0] == 0
        assert [int(content) for _, _, content in pod.lines("c")] == list(range(1, count + 1))


def test_rotation(world):
    with Sandbox(world) as pod:
        limit = 100000
        pod.run("c", ["seq", "20000"], limits=(limit, 4))
        rotated = sorted(glob.glob(pod.log_path("c") + ".*"))
        assert len(rotated) == 3, rotated
        assert all(os.path.getsize(path) <= limit for path in rotated + [pod.log_path("c")])
        kept = [int(line.split()[3]) for path in rotated + [pod.log_path("c")] for line in open(path)]
        assert kept == list(range(kept[0], 20001)) and len(kept) > 5000
        assert any(m.type == C["SWL_EVENT_LOG_ROTATED"] for m in pod.client.events)


def test_reopen(world):
    with Sandbox(world) as pod:
        pod.launch("c", ["sh", "-c", "echo before; read x; echo after"], stdin=1)
        while b"before" not in pod.log("c"):
            time.sleep(0.002)
        os.rename(pod.log_path("c"), pod.log_path("c") + ".1")
        pod.container_verb("SWL_VERB_REOPEN_LOG", "c")
        reply = pod.container_verb("SWL_VERB_STDIN", "c")
        os.write(reply.fd(C["SWL_FD_STDIN"]), b"\n")
        reply.close()
        pod.wait("c")
        assert pod.output("c") == "after\n"


def test_full_disk_loses_lines_and_says_so(world):
    disk = world.base + "/small"
    os.makedirs(disk, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "swl-test", disk], check=True)
    try:
        with Sandbox(world) as pod:
            pod.log_path = lambda cid: f"{disk}/{cid}.log"
            with open(disk + "/ballast", "wb") as file:
                file.write(b"x" * 40960)
            pod.launch("c", ["sh", "-c", "seq 20000; echo done >&2; read x; echo after"], stdin=1)
            pod.client.event(C["SWL_EVENT_WARNING"])
            time.sleep(0.2)
            os.unlink(disk + "/ballast")
            reply = pod.container_verb("SWL_VERB_STDIN", "c")
            os.write(reply.fd(C["SWL_FD_STDIN"]), b"\n")
            reply.close()
            assert pod.wait("c").code == 0
            text = pod.output("c")
            assert "log lines were lost here: No space left on device" in text and text.endswith("after\n"), text[-300:]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_grandchild_does_not_hold_up_the_exit(world):
    with Sandbox(world) as pod:
        pod.launch("c", ["sh", "-c", "(sleep 0.4; echo late) & echo early"], ns=namespaces(pid=0))
        started = time.monotonic()
        assert pod.wait("c").code == 0 and time.monotonic() - started < 0.3
        time.sleep(0.6)
        assert pod.output("c") == "early\nlate\n"
