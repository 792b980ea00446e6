"""Known attacks with the program that a container starts, and with its standard streams, keys and devices."""
import ctypes
import errno
import os
import platform
import shutil
import struct
import subprocess

from labs import cgroups
from labs.files import o_path, read_text, write_text
from labs.programs import test_program
from labs.shim.case import ShimCase
from labs.shim.layers import hostile, image, layer, tree
from labs.shim.records import bind, namespaces, process, standard_mounts, sysctl
from labs.shim.sandbox import Sandbox
from labs.shim.user_pod import UserPod
from labs.shim.wire import C, Refused, field, record, record_fd, refused
from labs.shim.world import World
from labs.waiting import wait_until

SHARED_PID = namespaces(pid=2)


def with_interpreter(path):
    """Returns the smallest ELF file that names `path` as its interpreter."""
    name = path.encode() + b"\0"
    machine = {"x86_64": 62, "aarch64": 183}[platform.machine()]
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x10000000, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    interpreter = struct.pack("<IIQQQQQQ", 3, 4, 176, 0x100000b0, 0, len(name), len(name), 1)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x10000000, 0, 176 + len(name), 176 + len(name), 4096)
    return head + interpreter + load + name


def null_node():
    status = os.stat("/dev/null")
    return status.st_mode, status.st_uid, status.st_gid, status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns


def join_keyring_with_key():
    """Gives this process a session keyring with the key "swl-test"."""
    number = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    assert call(number[1], 1, None) > 0 and call(number[0], b"user", b"swl-test", b"x", ctypes.c_size_t(1), -3) > 0, os.strerror(ctypes.get_errno())


class HostilePrograms(ShimCase):
    def test_cve_2024_21626_the_program_is_not_looked_up_on_the_host(self):
        """No descriptor of the host leads to a program, by its name, a link, an interpreter, or PATH."""
        outside = f"{self.world.base}/{self.world.name('outside')}"
        os.makedirs(outside + "/deep/volume")
        shutil.copy(test_program("hostile"), outside + "/escaped")
        ways = [f"/proc/self/fd/{n}" + "/.." * 8 + outside for n in range(3, 40)]
        evil = layer(self.world, "evil", links=[(f"bin/link{n}", f"{way}/escaped") for n, way in enumerate(ways)])
        for n, way in enumerate([*ways, "/more"]):
            for name, content in ((f"script{n}", f"#!{way}/escaped\n".encode()), (f"elf{n}", with_interpreter(way + "/escaped"))):
                with open(f"{evil}/bin/{name}", "wb") as file:
                    file.write(content)
                os.chmod(f"{evil}/bin/{name}", 0o755)
        fds = [o_path(outside + "/deep/volume"), o_path(outside)]
        mounts = standard_mounts() + [bind("/data"), bind("/more", 1)]
        with Sandbox(self.world) as pod:
            settings = dict(mounts=mounts, sources=fds, **image(self.world, evil))
            pod.launch("app", ["sleep", "1000"], **settings)
            # The tried programs would start if the ways led to them. (As its own interpreter a static program fails soon.)
            for way in ("/more/escaped", f"/bin/script{len(ways)}", f"/bin/elf{len(ways)}"):
                assert pod.run(self.world.name("c"), [way], **settings)[0] in (2, 139), way
            for n, way in enumerate(ways):
                paths = ["PATH=" + ":".join(f"{way}{up}" for up in ("", "/deep/.."))]
                for args, env in ((f"{way}/escaped", []), (f"/bin/link{n}", []), (f"/bin/script{n}", []), (f"/bin/elf{n}", []), ("escaped", paths)):
                    refused(lambda: pod.launch("x", [args], env=env, cgroup=False, log=False, **settings), "SWL_STEP_EXEC")
                    refused(lambda: pod.exec("app", "x", [args], env=env), "SWL_STEP_EXEC")
        for fd in fds:
            os.close(fd)

    def test_the_hosts_null_device_stays_as_it_is(self):
        """Root without a user namespace cannot change it, neither by files that it covers nor by standard streams of any origin."""
        change = "chmod 4667 $p; chown 7:7 $p; touch -d 2001-01-01 $p; echo x > $p && echo written; "
        masked = [field(C["SWL_TAG_MASKED_PATH"], path) for path in ("/proc/keys", "/proc/version", "/etc/passwd")]
        host, before = os.open("/dev/null", os.O_RDWR), null_node()
        no_dev = [one for i, one in enumerate(standard_mounts()) if i not in (1, 2, 3, 4)]
        try:
            with Sandbox(self.world) as pod:
                out = pod.shell("exec 2>/dev/shm/err; for p in /proc/keys /proc/version /etc/passwd; do " + change + "cat $p; done", extra=masked)[1]
                assert out == "written\n" * 3, out
                script = "exec 2>/dev/shm/err; for p in /proc/self/fd/0 /proc/self/fd/8 /dev/stdin; do " + change + "done; readlink /proc/self/fd/0"
                for settings, shown in (({}, "/dev/null"), (dict(mounts=no_dev + standard_mounts()[4:5]), "/")):
                    out = pod.shell("exec 8<&0; " + script, **settings)[1]
                    assert out == "written\n" * 3 + shown + "\n", out
                pod.launch("app", ["sleep", "1000"])
                read, write = os.pipe()
                for stdin in (-1, host):
                    pod.exec("app", "e", ["sh", "-c", "exec 8<&0; " + script], stdio=(stdin, write, -1))
                    pod.wait_exec("e")
                os.close(write)
                out = read_text(read)
                # The container's own device, by the usual name.
                assert out.count("written\n") == 6 and out.count("/dev/null\n") == 2, out
                assert null_node() == before, (null_node(), before)
        finally:
            os.close(host)
            if null_node()[:3] != before[:3]:
                os.chmod("/dev/null", before[0] & 0o7777), os.chown("/dev/null", before[1], before[2])

    def test_the_pause_is_not_traced(self):
        """Neither the pause's own user nor root without SYS_PTRACE can trace it from the same pid namespace."""
        with Sandbox(self.world, pid=1) as pod:
            for uid in (65535, 0):
                out = pod.run(self.world.name("c"), ["/bin/hostile", "trace", "1"], uid=uid, gid=uid, ns=SHARED_PID, **hostile(self.world))[1]
                assert out == "Operation not permitted\n", out

    def test_no_container_has_keys_of_another_process(self):
        join_keyring_with_key()
        with World() as other, Sandbox(other) as pod:
            pod.launch("app", ["sleep", "1000"], **hostile(other))
            assert pod.run("c", ["/bin/hostile", "keys"], **hostile(other))[1].split() == ["keyring;0;0;3f030000;_ses", "without"]
            assert pod.exec_output("app", "e", ["/bin/hostile", "keys"])[1].split() == ["keyring;0;0;3f030000;_ses", "without"]

    def test_without_a_keyring_of_its_own_nothing_starts(self):
        """When a neighbour has used up its user's quota of keys, a container never starts with the keyring of the shim."""
        with UserPod(self.world) as pod:
            pod.launch("fill", ["/bin/hostile", "fill"], stdin=1, **hostile(self.world))
            pod.wait_log("fill", b"full")
            refusals = 0
            for _ in range(10):
                try:
                    out = pod.run(self.world.name("c"), ["/bin/hostile", "keys"], **hostile(self.world))[1]
                    assert out.startswith("keyring;0;0;"), out  # a key was freed; the shim's keyring would have an unmapped user
                except Refused as refusal:
                    assert (refusal.step, refusal.error) == (C["SWL_STEP_SESSION"], errno.EDQUOT), refusal
                    refusals += 1
            assert refusals

    def test_the_hosts_console_is_out_of_reach(self):
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            out = pod.shell("mknod /dev/console c 5 1 && : > /dev/console")[1]
            assert "not permitted" in out, out
            # With a terminal, /dev/console is that terminal.
            pod.launch("t", ["sh", "-c", "echo shown > /dev/console; stat -c %t /dev/console"], terminal=True)
            pod.wait("t")
            assert [content for _, _, content in pod.lines("t")] == [b"shown", b"88"], pod.log("t")

    def test_an_exec_that_hangs_on_its_way_can_be_ended(self):
        """A container can freeze a joining process. A client that gives up kills the exec: it does not stay, and does not run later."""
        self.need_cgroups()
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sleep", "1000"])
            cgroup = pod.cgroup("app")
            fd = record_fd(record(C["SWL_KIND_EXEC"], process(["touch", "/ran"])))
            names = [field(C["SWL_TAG_CONTAINER_ID"], "app"), field(C["SWL_TAG_EXEC_ID"], "e")]
            for flags in (0, C["SWL_SIGNAL_ALL"]):
                cgroups.freeze(cgroup)
                wait_until("the cgroup to be frozen", lambda: "frozen 1" in read_text(cgroup + "/cgroup.events"), 10)
                with pod.connect() as client:
                    asked = client.send(C["SWL_VERB_EXEC"], names, [(C["SWL_FD_RECORD"], fd)])
                    killed = client.send(C["SWL_VERB_SIGNAL"], [*names, field(C["SWL_TAG_SIGNAL"], struct.pack("=iI", 9, flags))])
                    found = {}
                    while len(found) < 2:
                        message = client.receive()
                        found[message.sequence] = struct.unpack("=HHi", message.get(C["SWL_TAG_STATUS"]))
                    assert found == {killed: (0, 0, 0), asked: (C["SWL_STEP_CLONE"], 0, errno.ECANCELED)}, found
                cgroups.thaw(cgroup)
                assert not pod.client.call(C["SWL_VERB_QUERY"]).all(C["SWL_TAG_EXEC_STATE"])
            os.close(fd)
            assert pod.exec_output("app", "e", ["ls", "/ran"])[0] == 1
            wait_until("the exec's cgroup to go", lambda: not [name for name in os.listdir(cgroup) if name.startswith("exec-")], 10)

    def test_cve_2021_21334_environments_are_their_own(self):
        """An environment has no variable of the shim, of another container, or of an earlier exec."""
        with World(environment={"OF_THE_SHIM": "1", "PATH": os.environ["PATH"]}) as other, Sandbox(other) as pod:
            pod.launch("first", ["sleep", "1000"], env=("PATH=/bin", "OF_THE_FIRST=1"))
            pod.exec_output("first", "before", ["true"], env=("PATH=/bin", "OF_AN_EXEC=1"))
            for env in (("PATH=/bin",), ("PATH=/bin", "A=1", "EMPTY=")):
                assert pod.run(other.name("c"), ["cat", "/proc/self/environ"], env=env)[1].rstrip("\n") == "".join(one + "\0" for one in env)
                assert pod.exec_output("first", "e", ["cat", "/proc/self/environ"], env=env)[1] == "".join(one + "\0" for one in env)

    def test_cve_2023_25173_no_group_of_the_spawner_is_kept(self):
        with World(groups=[4242, 0]) as other, Sandbox(other) as pod:
            pod.launch("app", ["sleep", "1000"])
            for uid in (0, 1000):
                assert pod.shell("grep Groups /proc/self/status", uid=uid, gid=uid)[1].split() == ["Groups:"]
                assert pod.exec_output("app", "e", ["grep", "Groups", "/proc/self/status"], uid=uid, gid=uid)[1].split() == ["Groups:"]

    def test_cve_2025_52881_the_hosts_proc_is_not_taken_on_trust(self):
        """Other files and directories may cover those of /proc where the shim runs: its writes for the kernel go nowhere else."""
        with World(before=["unshare", "-m", "--propagation", "private"]) as other, Sandbox(other) as pod:
            fake = f"{other.base}/fake"
            os.makedirs(fake + "/proc/self/fd")
            os.makedirs(fake + "/sys/net/ipv4")
            for name in ("sys/net/ipv4/ip_forward", "proc/self/oom_score_adj"):
                write_text(f"{fake}/{name}", "untouched")
            before = tree(fake)
            inside = ["nsenter", "-t", str(other.spawner.pid), "-m"]
            forward = [sysctl("net.ipv4.ip_forward", "1")]
            assert pod.shell("cat /proc/sys/net/ipv4/ip_forward", extra=forward)[1] == "1\n"
            subprocess.run([*inside, "mount", "--bind", fake + "/sys", "/proc/sys"], check=True)
            refused(lambda: pod.launch("x", ["true"], extra=forward), "SWL_STEP_SYSCTL", errno.EXDEV)
            subprocess.run([*inside, "mount", "--bind", fake + "/proc", "/proc"], check=True)
            refused(lambda: pod.launch("x", ["true"], oom=500), "SWL_STEP_CLONE", errno.EXDEV)
            subprocess.run([*inside, "umount", "/proc"], check=True)
            assert pod.run("c", ["true"], oom=500)[0] == 0
            assert tree(fake) == before

    def test_log_stays_in_its_folder(self):
        """A user who can exchange the folder for a link cannot choose where log files are made, renamed and removed."""
        logs, elsewhere = f"{self.world.base}/{self.world.name('logs')}", f"{self.world.base}/{self.world.name('elsewhere')}"
        os.makedirs(logs + "/pod/c"), os.makedirs(elsewhere)
        for name in ("0.log", "0.log.20200101-000000", "0.log.20200101-000001", "0.log.20200101-000002"):
            open(f"{elsewhere}/{name}", "w").close()
        before = tree(elsewhere)
        with Sandbox(self.world) as pod:
            pod.log_path = lambda cid: f"{logs}/pod/{cid}/0.log"
            pod.launch("c", ["sh", "-c", "read x; seq 3000"], stdin=1, limits=(5000, 3))
            os.rename(logs + "/pod/c", logs + "/pod/old"), os.symlink(elsewhere, logs + "/pod/c")
            pod.write_stdin("c", b"go\n")
            pod.wait("c")
            assert len(os.listdir(logs + "/pod/old")) == 3
            pod.container_verb("SWL_VERB_REOPEN_LOG", "c")
            pod.log_path = lambda cid: f"{logs}/pod/c/{cid}.log"
            refused(lambda: pod.launch("x", ["true"]), "SWL_STEP_LOG", errno.ELOOP)
        assert tree(elsewhere) == before
