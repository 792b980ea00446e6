"""Memory and latency. Only generous bounds are asserted; the figures are printed."""
import json
import os
import shutil
import statistics
import subprocess
import time

from labs.files import read_text, write_text
from labs.mounts import tmpfs
from labs.processes import anonymous_memory, cpu_ticks, memory
from labs.programs import test_program
from labs.shim.case import ShimCase
from labs.shim.sandbox import Sandbox
from labs.shim.wire import C, field, record, record_fd
from labs.waiting import wait_until


def crun_latency(world):
    """Returns the latency of `crun run` with the same program and root and with standard mounts and namespaces, as text."""
    if not shutil.which("crun"):
        return "; crun is not installed"
    bundle = world.base + "/bundle"
    os.makedirs(bundle, exist_ok=True)
    subprocess.run(["crun", "spec"], cwd=bundle, check=True)
    spec = json.loads(read_text(bundle + "/config.json"))
    spec["process"].update(terminal=False, args=["true"], env=["PATH=/bin"])
    spec["process"].pop("rlimits", None)
    spec["root"] = {"path": world.image, "readonly": False}
    write_text(bundle + "/config.json", json.dumps(spec))
    # crun refuses hybrid cgroups: it gets a mount namespace of its own in which /sys/fs/cgroup is cgroup2.
    times = bundle + "/times"
    script = f"""mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup || exit 1
for i in $(seq 30); do
    a=$(date +%s%N); crun --root {world.base}/crun --cgroup-manager=disabled run swl-$$-$i || exit 1; b=$(date +%s%N)
    echo $((b - a)) >> {times}
done"""
    done = subprocess.run(["unshare", "-m", "bash", "-c", script], cwd=bundle, capture_output=True)
    if done.returncode != 0:
        return f"; crun run fails here: {done.stderr.decode().strip()[:100]}"
    return f"; crun run, start to end {statistics.median(int(line) / 1e6 for line in read_text(times).splitlines()):.2f}"


class Figures(ShimCase):
    def test_anonymous_memory(self):
        with Sandbox(self.world) as pod:
            pod.launch("idle", ["sleep", "1000"])
            quiet = anonymous_memory(pod.shim)
            for _ in range(20):
                pod.run(self.world.name("c"), ["seq", "20000"])
            busy = anonymous_memory(pod.shim)
            spawner, pause = anonymous_memory(self.world.spawner.pid), anonymous_memory(pod.pause)
            assert quiet <= 150 and busy <= 400 and spawner <= 150 and pause <= 50, (quiet, busy, spawner, pause)
            self.note(f"anonymous KB: shim {quiet}, after 20 containers with logs {busy}, spawner {spawner}, pause {pause}; "
                      f"PSS KB: shim {memory(pod.shim, 'Pss')}, pause {memory(pod.pause, 'Pss')}")

    def test_log_throughput(self):
        """A container writes as fast as it can, into a tmpfs, rotated at 10 MiB. The shim's memory for that must not stay, nor grow."""
        writer = test_program("log_writer")
        shutil.copy(writer, self.world.image + "/bin/log_writer")
        disk = self.world.base + "/logs"
        notes = []
        with tmpfs(disk, "size=200m"):
            with Sandbox(self.world) as pod:
                pod.log_path = lambda cid: f"{disk}/{cid}.log"
                pod.launch("idle", ["sleep", "1000"])
                before = anonymous_memory(pod.shim)
                for line, size in ((512, 512), (512, 65536), (65536, 65536)):
                    cid = self.world.name("c")
                    total, ticks, started = 512 << 20, cpu_ticks(pod.shim), time.perf_counter()
                    pod.launch(cid, ["/bin/log_writer", str(line), str(total), str(size)], limits=(10 << 20, 5))
                    assert pod.wait(cid).code == 0
                    took, used = time.perf_counter() - started, (cpu_ticks(pod.shim) - ticks) / os.sysconf("SC_CLK_TCK")
                    notes.append(f"{line} B lines in writes of {size}: {total / took / 1e6:.0f} MB/s, {used / total * 1e9:.2f} s of CPU/GB")
                    files = [name for name in os.listdir(disk) if name.startswith(cid + ".")]
                    assert len(files) == 5 and all(os.path.getsize(f"{disk}/{name}") <= 10 << 20 for name in files), files
                    for name in files:
                        os.unlink(f"{disk}/{name}")
                after = anonymous_memory(pod.shim)
                assert after <= before + 100, (before, after)
        self.note("; ".join(notes) + f"; anonymous KB: {before} before, {after} after")

    def test_memory_of_a_pod(self):
        """Shim and pause of a pod with one container that has written and had an exec take at most 350 KB."""
        with Sandbox(self.world) as pod:
            pod.launch("app", ["sh", "-c", "echo started; sleep 1000"])
            pod.exec("app", "e", ["true"])
            pod.wait_exec("e")
            pod.container_verb("SWL_VERB_QUERY", "app").close()
            busy = memory(pod.shim, "Pss")

            def settled():
                sizes = memory(pod.shim, "Pss"), memory(pod.pause, "Pss")
                return sizes if sum(sizes) <= 350 else None

            # The figure settles a while after the last event.
            shim, pause = wait_until("shim and pause to take at most 350 KB", settled, 20)
            self.note(f"PSS KB: shim {shim} (while busy {busy}), pause {pause}")

    def test_launch_latency(self):
        with Sandbox(self.world) as pod:
            times = []
            for index in range(100):
                cid = f"l{index}"
                os.makedirs(f"{pod.directory}/containers/{cid}")
                fd = record_fd(record(C["SWL_KIND_LAUNCH"], pod.launch_fields(cid, ["true"])))
                group = pod.make_cgroup(cid)
                fds = [(C["SWL_FD_RECORD"], fd)] + ([(C["SWL_FD_CGROUP"], group)] if group >= 0 else [])
                started = time.perf_counter()
                reply = pod.client.call(C["SWL_VERB_LAUNCH"], [field(C["SWL_TAG_CONTAINER_ID"], cid)], fds)
                times.append(time.perf_counter() - started)
                reply.close()
                os.close(fd)
                if group >= 0:
                    os.close(group)
                pod.wait(cid)
                pod.container_verb("SWL_VERB_REMOVE", cid)
            exec_times = []
            pod.launch("app", ["sleep", "1000"])
            for index in range(100):
                started = time.perf_counter()
                pod.exec("app", f"e{index}", ["true"])
                exec_times.append(time.perf_counter() - started)
                pod.wait_exec(f"e{index}")
        spawn_times = []
        for _ in range(20):
            started = time.perf_counter()
            pod = Sandbox(self.world)
            spawn_times.append(time.perf_counter() - started)
            pod.shutdown()
        p50 = {name: 1000 * statistics.median(values) for name, values in (("launch", times), ("exec", exec_times), ("spawn", spawn_times))}
        note = f"p50 ms: launch {p50['launch']:.2f}, exec {p50['exec']:.2f}, spawn + create sandbox {p50['spawn']:.2f}"
        self.note(note + crun_latency(self.world))
