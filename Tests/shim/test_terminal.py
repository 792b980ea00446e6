"""Terminals of containers and execs: the program's view, writing and resizing, and a hostile /dev."""
import errno
import fcntl
import os
import signal
import struct
import termios

from labs.files import read_text, write_text
from labs.shim.case import ShimCase
from labs.shim.records import mount, namespaces, standard_mounts
from labs.shim.sandbox import Sandbox
from labs.shim.user_pod import UserPod
from labs.shim.wire import C, refused
from labs.streams import read_all, read_until

# stdin, stdout and stderr; session leader (6th field) with this terminal (7th) in the foreground (8th) of it; the usual names.
LOOK = """for n in 0 1 2; do test -t $n && echo is-tty-$n; done; tty; stty size; stat -c '%u:%g %a' $(tty)
cut -d" " -f5-8 /proc/$$/stat
stat -c %t:%T $(tty) /dev/console; grep -c " /dev/console " /proc/self/mountinfo; true"""


def lines_of(data):
    return data.decode().replace("\r\n", "\n").split("\n")


def check_look(lines, size, uid, console):
    assert lines[:3] == ["is-tty-0", "is-tty-1", "is-tty-2"] and lines[3].startswith("/dev/pts/"), lines
    assert lines[4] == size and lines[5] == f"{uid}:5 620", lines
    group, session, number, foreground = map(int, lines[6].split())
    assert group == session == foreground and number >> 8 == 136, lines
    assert lines[7].startswith("88:"), lines
    if console:
        assert lines[8] == lines[7] and lines[9] == "1", lines


def fifo_image(world):
    layer = world.base + "/fifo"
    if not os.path.isdir(layer):
        os.makedirs(layer + "/tmp")
        os.mkfifo(layer + "/tmp/go")
    return layer


class Terminal(ShimCase):
    def test_container_with_a_terminal(self):
        with Sandbox(self.world) as pod:
            pod.launch("c", ["sh", "-c", LOOK], terminal=True, size=(25, 83), uid=1000, gid=1000, caps=0)
            assert pod.wait("c").code == 0
            check_look(pod.output("c").split("\n"), "25 83", 1000, True)
            assert {stream for stream, _, _ in pod.lines("c")} == {"stdout"}
            # Output right before the end is not lost.
            pod.launch("much", ["seq", "20000"], terminal=True)
            assert pod.wait("much").code == 0
            assert pod.output("much") == "".join(f"{number}\n" for number in range(1, 20001))
            # Without a terminal there is no console.
            assert "0" in pod.shell("grep -c ' /dev/console ' /proc/self/mountinfo; ls /dev/console /dev/pts; tty")[1]

    def test_terminal_of_a_container_is_resized_and_written_to(self):
        with Sandbox(self.world) as pod:
            script = "trap 'stty size' WINCH; trap 'echo interrupted; exit 4' INT; echo ready; while :; do read word && echo got $word; done"
            pod.launch("c", ["sh", "-c", script], terminal=True, stdin=1)
            pod.wait_log("c", b"ready")
            pod.resize("c", 44, 99)
            pod.wait_log("c", b"44 99")
            for word in (b"one\n", b"two\n"):  # each client gets the terminal
                pod.write_stdin("c", word)
                pod.wait_log("c", b"got " + word.strip())
            out, none = pod.attach("c")
            assert read_all(none) == b""  # one terminal, one stream
            pod.write_stdin("c", b"\x03")
            assert read_all(out).endswith(b"interrupted\r\n")
            assert pod.wait("c").code == 4
            refused(lambda: pod.resize("c", 1, 1), "SWL_STEP_TERMINAL", errno.ESRCH)
            pod.launch("end", ["sh", "-c", "cat; echo end"], terminal=True, stdin=1)
            pod.write_stdin("end", b"\x04")
            assert pod.wait("end").code == 0 and pod.output("end").endswith("end\n")
            pod.launch("plain", ["sleep", "1000"], stdin=1)
            refused(lambda: pod.resize("plain", 1, 1), "SWL_STEP_TERMINAL", errno.ENOTTY)
            pod.launch("shut", ["sleep", "1000"], terminal=True)
            refused(lambda: pod.container_verb("SWL_VERB_STDIN", "shut"), "SWL_STEP_STDIO", errno.EPIPE)

    def test_a_program_that_closes_its_terminal_goes_on(self):
        with Sandbox(self.world) as pod:
            # In the host's pid namespace, where a hang-up would end it.
            pid = pod.launch("c", ["sh", "-c", "echo said; exec 0</dev/null 1>/dev/null 2>&1; read line < /tmp/go; exit 7"], terminal=True,
                             lowers=[fifo_image(self.world), self.world.image], ns=namespaces(pid=0)).pid
            out, _ = pod.attach("c", err=False)
            read_all(out)  # to the end of its output, which does not hang up on the program
            with open(f"/proc/{pid}/root/tmp/go", "w") as fifo:
                fifo.write("go\n")
            assert pod.wait("c").code == 7 and pod.output("c") == "said\n"

    def test_exec_with_a_terminal(self):
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            before = pod.descriptors()
            fd = pod.exec_terminal("app", "e1", ["sh", "-c", LOOK], size=(25, 83), uid=1000, gid=1000, caps=0)
            out = read_all(fd)
            assert pod.wait_exec("e1").code == 0
            check_look(lines_of(out), "25 83", 1000, False)
            # The client can change its size.
            fd = pod.exec_terminal("app", "e2", ["sh", "-c", "trap 'stty size; exit 5' WINCH; echo ready; while :; do read word; done"])
            read_until(fd, b"ready")
            fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", 10, 20, 0, 0))
            read_until(fd, b"10 20")
            assert pod.wait_exec("e2").code == 5
            os.close(fd)
            # Closing it hangs up: no other process has the master side.
            fd = pod.exec_terminal("app", "e3", ["sh", "-c", "echo up; exec sleep 1000"])
            read_until(fd, b"up")
            os.close(fd)
            assert pod.wait_exec("e3").signal == signal.SIGHUP
            # ^C reaches the foreground.
            fd = pod.exec_terminal("app", "e4", ["sh", "-c", "trap 'echo caught; exit 6' INT; echo up; read word"])
            read_until(fd, b"up")
            os.write(fd, b"\x03")
            assert b"caught" in read_all(fd) and pod.wait_exec("e4").code == 6
            assert pod.descriptors() == before
            read, write = os.pipe()
            refused(lambda: pod.exec("app", "e5", ["true"], (-1, write, -1), terminal=True), "SWL_STEP_STDIO", errno.EINVAL)
            os.close(read), os.close(write)
            refusal = refused(lambda: pod.exec("app", "e6", ["nope"], terminal=True), "SWL_STEP_EXEC", errno.ENOENT)
            assert "nope" in refusal.text
            assert pod.descriptors() == before

    def test_a_terminal_needs_the_containers_own_devpts(self):
        fake = self.world.base + "/fake-pts"
        os.makedirs(fake, exist_ok=True)
        open(fake + "/ptmx", "w").close()
        layer = self.world.base + "/pts-link"
        os.makedirs(layer + "/dev", exist_ok=True)
        if not os.path.lexists(layer + "/dev/pts"):
            os.symlink("/tmp", layer + "/dev/pts")
        bind = C["SWL_MOUNT_BIND"]
        proc = mount(C["SWL_MOUNT_PROC"], "/proc")
        source, null = os.open(fake, os.O_PATH), os.open("/dev/null", os.O_PATH)
        cases = {
            "nothing there": dict(mounts=[proc], error=errno.ENOENT),
            "a link of the image": dict(mounts=[proc], lowers=[layer, self.world.image], error=errno.ELOOP),
            "a volume": dict(mounts=standard_mounts() + [mount(bind, "/dev/pts")], sources=[source], error=errno.ENODEV),
            "a device over ptmx": dict(mounts=standard_mounts() + [mount(bind, "/dev/pts/ptmx")], sources=[null], error=errno.EXDEV),
        }
        with Sandbox(self.world) as pod:
            before = pod.descriptors()
            for name, case in cases.items():
                error = case.pop("error")
                try:
                    refused(lambda: pod.launch("c", ["true"], terminal=True, **case), "SWL_STEP_TERMINAL", error)
                except AssertionError as wrong:
                    raise AssertionError(name) from wrong
            assert pod.descriptors() == before
            # An exec in a running container is refused for the same reason.
            pod.launch("bare", ["sleep", "1000"], mounts=cases["a volume"]["mounts"], sources=[source])
            refused(lambda: pod.exec("bare", "e", ["true"], terminal=True), "SWL_STEP_TERMINAL", errno.ENODEV)
            assert pod.exec_output("bare", "e", ["echo", "fine"]) == (0, "fine\n")
        os.close(source), os.close(null)

    def test_console_of_a_hostile_image(self):
        """Without a mount at /dev, /dev/console comes from the image: a link must not be followed, a directory not be covered."""
        victim = self.world.base + "/console-victim"
        write_text(victim, "untouched")
        mounts = [mount(C["SWL_MOUNT_PROC"], "/proc"), mount(C["SWL_MOUNT_DEVPTS"], "/dev/pts")]
        with Sandbox(self.world) as pod:
            for name, make, error in (("link", lambda path: os.symlink("/etc/passwd", path), errno.ELOOP),
                                      ("climbing", lambda path: os.symlink("../../../../.." + victim, path), errno.ELOOP),
                                      ("directory", os.mkdir, errno.EINVAL), ("pipe", os.mkfifo, errno.EINVAL)):
                layer = f"{self.world.base}/console-{name}"
                os.makedirs(layer + "/dev")
                make(layer + "/dev/console")
                refused(lambda: pod.launch("c", ["true"], terminal=True, mounts=mounts, lowers=[layer, self.world.image]), "SWL_STEP_TERMINAL", error)
            assert read_text(victim) == "untouched"
            layer = f"{self.world.base}/console-file"
            os.makedirs(layer + "/dev")
            write_text(layer + "/dev/console", "of the image")
            pod.launch("ok", ["sh", "-c", "test -c /dev/console && echo device > /dev/console"], terminal=True, mounts=mounts,
                       lowers=[layer, self.world.image])
            assert pod.wait("ok").code == 0 and pod.output("ok") == "device\n"
            assert read_text(layer + "/dev/console") == "of the image"

    def test_terminals_in_a_user_namespace(self):
        """The devpts, its terminals and their owners are those of the pod's users."""
        with UserPod(self.world) as pod:
            for uid in (0, 1000):
                cid = self.world.name("c")
                pod.launch(cid, ["sh", "-c", LOOK], terminal=True, size=(25, 83), uid=uid, gid=uid)
                assert pod.wait(cid).code == 0
                check_look(pod.output(cid).split("\n"), "25 83", uid, True)
            pod.launch("app", ["sleep", "1000"])
            out = read_all(pod.exec_terminal("app", "e", ["sh", "-c", LOOK], size=(25, 83), uid=1000, gid=1000))
            assert pod.wait_exec("e").code == 0
            check_look(lines_of(out), "25 83", 1000, False)
