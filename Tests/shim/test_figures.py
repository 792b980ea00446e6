"""Figures: memory, latency. Only generous bounds are asserted, the numbers are printed."""
import json
import os
import shutil
import statistics
import subprocess
import time

from test_lifecycle import anonymous, figure
from wire import C, field, record, record_fd
from world import Sandbox


def test_anonymous_memory(world):
    with Sandbox(world) as pod:
        pod.launch("idle", ["sleep", "1000"])
        quiet = anonymous(pod.shim)
        for _ in range(20):
            pod.run(world.name("c"), ["seq", "20000"])
        busy = anonymous(pod.shim)
        spawner, pause = anonymous(world.spawner.pid), anonymous(pod.pause)
        assert quiet <= 150 and busy <= 400 and spawner <= 150 and pause <= 50, (quiet, busy, spawner, pause)
        return (f"anonymous KB: shim {quiet}, after 20 containers with logs {busy}, spawner {spawner}, pause {pause}; "
                f"PSS KB: shim {figure(pod.shim, 'Pss')}, pause {figure(pod.pause, 'Pss')}")


def test_log_throughput(world):
    """As fast as a container can write, into a tmpfs, rotated at 10 MiB. What the shim needs for it must not stay, nor grow."""
    writer = world.helpers + "/log_writer"
    shutil.copy(writer, world.image + "/bin/log_writer")
    disk = world.base + "/logs"
    os.makedirs(disk, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "swl-test", disk], check=True)
    notes = []
    try:
        with Sandbox(world) as pod:
            pod.log_path = lambda cid: f"{disk}/{cid}.log"
            pod.launch("idle", ["sleep", "1000"])
            before = anonymous(pod.shim)
            for line, size in ((512, 512), (512, 65536), (65536, 65536)):
                cid = world.name("c")
                total, ticks, started = 512 << 20, cpu_ticks(pod.shim), time.perf_counter()
                pod.launch(cid, ["/bin/log_writer", str(line), str(total), str(size)], limits=(10 << 20, 5))
                assert pod.wait(cid).code == 0
                took, used = time.perf_counter() - started, (cpu_ticks(pod.shim) - ticks) / os.sysconf("SC_CLK_TCK")
                notes.append(f"{line} B lines in writes of {size}: {total / took / 1e6:.0f} MB/s, {used / total * 1e9:.2f} s of CPU/GB")
                files = [name for name in os.listdir(disk) if name.startswith(cid + ".")]
                assert len(files) == 5 and all(os.path.getsize(f"{disk}/{name}") <= 10 << 20 for name in files), files
                for name in files:
                    os.unlink(f"{disk}/{name}")
            after = anonymous(pod.shim)
            assert after <= before + 100, (before, after)
    finally:
        subprocess.run(["umount", disk], check=True)
    return "; ".join(notes) + f"; anonymous KB: {before} before, {after} after"


def test_memory_of_a_pod(world):
    """Shim and pause together, a pod with one container that is there, has written and has been exec'ed into."""
    with Sandbox(world) as pod:
        pod.launch("app", ["sh", "-c", "echo started; sleep 1000"])
        pod.exec("app", "e", ["true"])
        pod.wait_exec("e")
        pod.container_verb("SWL_VERB_QUERY", "app").close()
        busy, deadline = figure(pod.shim, "Pss"), time.monotonic() + 20
        # It settles a while after the last event.
        while (shim := figure(pod.shim, "Pss")) + (pause := figure(pod.pause, "Pss")) > 350 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert shim + pause <= 350, (shim, pause)
        return f"PSS KB: shim {shim} (while busy {busy}), pause {pause}"


def cpu_ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_launch_latency(world):
    with Sandbox(world) as pod:
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
        pod = Sandbox(world)
        spawn_times.append(time.perf_counter() - started)
        pod.shutdown()
    p50 = {name: 1000 * statistics.median(values) for name, values in (("launch", times), ("exec", exec_times), ("spawn", spawn_times))}
    note = f"p50 ms: launch {p50['launch']:.2f}, exec {p50['exec']:.2f}, spawn + create sandbox {p50['spawn']:.2f}"
    return note + crun_latency(world)


def crun_latency(world):
    """`crun run` of the same program and root, standard mounts and namespaces, for comparison."""
    if not shutil.which("crun"):
        return "; crun is not installed"
    bundle = world.base + "/bundle"
    os.makedirs(bundle, exist_ok=True)
    subprocess.run(["crun", "spec"], cwd=bundle, check=True)
    spec = json.load(open(bundle + "/config.json"))
    spec["process"].update(terminal=False, args=["true"], env=["PATH=/bin"])
    spec["process"].pop("rlimits", None)
    spec["root"] = {"path": world.image, "readonly": False}
    json.dump(spec, open(bundle + "/config.json", "w"))
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
    return f"; crun run, start to end {statistics.median(int(line) / 1e6 for line in open(times)):.2f}"
