"""The lab: `with Lab() as lab:` gives a running node; leaving it undoes everything."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from labs import cgroups, processes, snapshot
from labs.mounts import mount_points, mount_tmpfs, unmount_below
from labs.node import configuration
from labs.node.network import API_PORT, CONTROL_IP, NODE_IP, REGISTRY, Network
from labs.programs import TESTS, program
from labs.waiting import wait_until

NODE = "node-1"


class Lab(Network):
    """A registry, a control plane and the agent of one node."""

    def __init__(self, keep_logs=False):
        super().__init__()
        self.processes = {}
        self.keep_logs = keep_logs
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        # SIGTERM undoes everything as well.
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.before = snapshot.snapshot()
        with contextlib.ExitStack() as stack:
            self.base = tempfile.mkdtemp(prefix="swiftlet-lab-")
            stack.callback(self.remove_files)
            self.cgroup = os.path.join(cgroups.needed_hierarchy(), f"swiftlet-{self.id}")
            os.mkdir(self.cgroup)
            stack.callback(cgroups.remove, self.cgroup)
            stack.callback(cgroups.kill, self.cgroup)
            self.make_network(stack)
            stack.callback(self.stop_all)
            stack.push(self.show_logs_of_failure)
            self.start_registry()
            self.start_control_plane()
            self.write_configuration()
            self.start_agent()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def show_logs_of_failure(self, kind, *_):
        if kind is not None and kind is not SystemExit:
            self.show_logs()
        return False

    def leaks(self):
        """Returns the things of this lab that remain on the machine after its end. Init gets a moment to reap killed processes."""
        found = {}

        def clean():
            found.clear()
            found.update(self.remains())
            return not found

        with contextlib.suppress(TimeoutError):
            wait_until("everything to be gone", clean, 10)
        return found

    def remains(self):
        """Returns the things of this lab that were not there before it. Other labs may run on the same machine."""
        mine = {str(pid) for pid in self.own_processes()}
        found = {}
        for kind, things in snapshot.leaks(self.before, snapshot.snapshot()).items():
            if kind == "processes":
                things = [thing for thing in things if thing.split()[0] in mine]
            elif kind != "nftables":
                things = [thing for thing in things if self.id in thing or self.base in thing]
            if things:
                found[kind] = things
        return found

    def report_leaks(self):
        """Prints what `leaks` finds; returns whether it found anything."""
        left = self.leaks()
        for kind, things in left.items():
            print(f"left behind, {kind}: {', '.join(things)}", file=sys.stderr)
        return bool(left)

    # Files

    def path(self, *parts):
        return os.path.join(self.base, *parts)

    def remove_files(self):
        if self.keep_logs:
            print(f"logs are kept in {self.base}", file=sys.stderr)
            return
        unmount_below(self.base)
        shutil.rmtree(self.base, ignore_errors=True)

    def show_logs(self):
        for name in ("agent", "devcluster", "registry"):
            with contextlib.suppress(OSError):
                with open(self.path(f"{name}.log"), errors="replace") as file:
                    lines = file.read().splitlines()
                print(f"--- {name}.log, last lines", *lines[-40:], sep="\n", file=sys.stderr)

    # Processes

    def start(self, name, namespace, *command):
        log = open(self.path(f"{name}.log"), "ab")
        process = subprocess.Popen([*self.inside(namespace), *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
        log.close()
        self.processes[name] = process
        return process

    def stop(self, name, number=signal.SIGTERM, seconds=30):
        process = self.processes.pop(name, None)
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def silence_control_plane(self):
        """The control plane keeps its connections and answers nothing, like one behind a cut line."""
        self.processes["devcluster"].send_signal(signal.SIGSTOP)

    def resume_control_plane(self):
        self.processes["devcluster"].send_signal(signal.SIGCONT)

    def stop_all(self):
        """Stops the agent first; then all processes in the lab's cgroups and folders, which are pods and their shims."""
        self.stop("agent")
        cgroups.kill(self.cgroup)
        for pid in self.own_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until("the lab's processes to end", lambda: not self.own_processes(), 20)
        for name in list(self.processes):
            self.stop(name)

    def own_processes(self):
        """Processes in this lab's cgroups, or with a file of this lab open: pods, and the shims and spawner that outlive the agent."""
        mine = set()
        for pid in processes.project_processes():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cgroup") as file:
                    if f"swiftlet-{self.id}/" in file.read():
                        mine.add(pid)
                for number in os.listdir(f"/proc/{pid}/fd"):
                    if os.readlink(f"/proc/{pid}/fd/{number}").startswith(self.base + "/"):
                        mine.add(pid)
        return mine - {process.pid for process in self.processes.values()}

    # Parts

    def start_registry(self):
        os.mkdir(self.path("registry"))
        with open(self.path("registry.yml"), "w") as file:
            file.write(
                f"version: 0.1\nlog: {{level: warn, accesslog: {{disabled: true}}}}\n"
                f"storage: {{filesystem: {{rootdirectory: {self.path('registry')}}}}}\nhttp: {{addr: '{REGISTRY}'}}\n"
            )
        self.start("registry", self.control_namespace, "docker-registry", "serve", self.path("registry.yml"))
        self.push()

    def push(self, *users):
        """Fills the registry, or adds images that differ by their user alone."""
        self.on_control(sys.executable, "-B", "-m", "labs.node.registry", REGISTRY, *users, cwd=TESTS)

    def start_control_plane(self, *more):
        self.start(
            "devcluster", self.control_namespace, program("swiftlet-devcluster"), "--listen", CONTROL_IP, "--port", str(API_PORT), "--dir",
            self.path("cluster"),
            "--node", NODE, *more,
        )  # fmt: skip
        self.admin = self.path("cluster", "admin.kubeconfig")
        wait_until("the control plane", lambda: os.path.exists(self.admin) and self.kubectl("get", "--raw", "/readyz", check=False).returncode == 0)

    def write_configuration(self):
        """Writes a node's configuration with every folder and socket below the lab's own folder."""
        for name in ("run", "state", "root", "logs", "etc"):
            os.makedirs(self.path(name), exist_ok=True)
        self.mount_run_folder()
        with open(self.path("etc", "resolv.conf"), "w") as file:
            file.write(f"nameserver {CONTROL_IP}\nsearch lab.test\n")
        self.config = self.path("etc", "swiftlet.yaml")
        with open(self.config, "w") as file:
            file.write(configuration.TEXT.format(lab=self, shim=program("swiftlet-shim"), pause=program("swiftlet-pause")))

    def configure(self, line):
        """Adds a line to the kubelet's part of the configuration."""
        with open(self.config) as file:
            text = file.read()
        with open(self.config, "w") as file:
            file.write(text.replace("kind: KubeletConfiguration\n", f"kind: KubeletConfiguration\n{line}\n", 1))

    def mount_run_folder(self):
        """In memory, as /run is; empty, as a boot leaves it."""
        path = self.path("run")
        if os.path.ismount(path):
            subprocess.run(["umount", "-R", "-l", path], check=True)
        mount_tmpfs(path)

    def agent_command(self, *more):
        return [
            program("swiftlet"), "run", "--config", self.config, "--kubeconfig", self.path("cluster", f"node-{NODE}.kubeconfig"),
            "--hostname-override", NODE,
            "--node-ip", NODE_IP, "--run-dir", self.path("run"), "--state-dir", self.path("state"), "--root-dir", self.path("root"), *more,
        ]  # fmt: skip

    def start_agent(self, *more, ready=True):
        self.start("agent", self.node_namespace, *self.agent_command(*more))
        if ready:
            # The API server still has the last agent's word for it.
            wait_until("the agent to answer", lambda: self.swiftlet("pods", check=False).returncode == 0, 20)
            self.wait_for("node", NODE, "Ready", 20)

    # Clients

    def kubectl(self, *arguments, **options):
        command = ["kubectl", "--kubeconfig", self.admin, *arguments]
        return self.on_control(*command, **options)

    def get(self, kind, name=None, namespace="default"):
        words = ["get", kind, *([name] if name else []), "-n", namespace, "-o", "json"]
        return json.loads(self.kubectl(*words).stdout)

    def wait_for(self, kind, name, condition, seconds=60):
        def holds():
            self.require_agent()
            answer = self.kubectl("get", kind, name, "-o", "json", check=False)
            if answer.returncode != 0:
                return False
            conditions = json.loads(answer.stdout).get("status", {}).get("conditions", [])
            return any(c["type"] == condition and c["status"] == "True" for c in conditions)

        return wait_until(f"{kind} {name} to be {condition}", holds, seconds)

    def require_agent(self):
        agent = self.processes.get("agent")
        if agent is not None and agent.poll() is not None:
            raise RuntimeError(f"the agent ended with exit code {agent.returncode}")

    def apply(self, *objects):
        return self.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def patch(self, path, patch):
        """A strategic merge patch; kubectl knows some subresources only."""
        return self.on_control(
            "curl", "-sS", "--fail-with-body", "-X", "PATCH", "--cacert", self.path("cluster", "ca.crt"), "--cert", self.path("cluster", "admin.crt"),
            "--key", self.path("cluster", "admin.key"), "-H", "Content-Type: application/strategic-merge-patch+json", "-d", json.dumps(patch),
            f"https://{CONTROL_IP}:{API_PORT}{path}",
        )  # fmt: skip

    def delete(self, *arguments):
        return self.kubectl("delete", *arguments)

    def swiftlet(self, *arguments, **options):
        """Runs an operator's subcommand on the node."""
        end = arguments.index("--") if "--" in arguments else len(arguments)
        words = [*arguments[:end], "--socket", self.path("run", "admin.sock"), *arguments[end:]]
        return self.on_node(program("swiftlet"), *words, **options)

    def wait_until_quiet(self, seconds=30):
        """Waits until no sandbox is left."""
        folder = self.path("run", "sandboxes")
        wait_until("all sandboxes to be gone", lambda: not os.path.isdir(folder) or not os.listdir(folder), seconds)

    def anonymous_memory(self):
        """KB of anonymous memory by process, of this lab's shims and spawner."""
        sizes = {}
        for pid in self.own_processes():
            # A fork of a shim on its way to a container's program may end meanwhile.
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                sizes[pid] = processes.anonymous_memory(pid)
        return sizes

    def state(self):
        """The node's objects for pods: the same before the first pod and after the last one."""
        return {
            "links": self.ip(self.node_namespace, "-o", "link").count("\n"),
            "rules": self.on_node("nft", "list", "ruleset").stdout,
            "cgroups": cgroups.below(self.cgroup),
            "mounts": {place for place in mount_points() if self.base in place},
            "sandboxes": sorted(os.listdir(self.path("run", "sandboxes"))) if os.path.isdir(self.path("run", "sandboxes")) else [],
        }
