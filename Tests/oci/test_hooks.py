"""Hooks: their moments, and the consequences of their failures."""
import json
import os

from labs.files import read_text
from labs.oci.case import OCICase

NAMES = ("prestart", "createRuntime", "poststart", "poststop")


class Hooks(OCICase):
    def hook(self, name, line):
        path = f"{self.folder}/{name}"
        with open(path, "w") as script:
            script.write(f"#!/bin/sh\n{line}\n")
        os.chmod(path, 0o755)
        return {"path": path, "args": [name], "env": ["PATH=/bin:/usr/bin", f"NAME={name}"]}

    def hooks(self, lines, **more):
        """Configures one hook of each name, which notes its name and the state and then runs its line of `lines`."""
        record = f'echo "$NAME $(cat)" >> {self.folder}/hooks'
        self.config("sleep", "1000", change=lambda c: c.update(
            hooks={name: [{**self.hook(name, f"{record}\n{lines.get(name, 'true')}"), **more.get(name, {})}] for name in NAMES}))

    def noted(self):
        if not os.path.exists(self.folder + "/hooks"):
            return []
        words = [line.split(" ", 1) for line in read_text(self.folder + "/hooks").splitlines()]
        return [(name, json.loads(state)) for name, state in words]

    def test_order_and_state(self):
        self.hooks({})
        name = self.created()
        pid = self.state(name)["pid"]
        self.assertEqual([("prestart", "creating", pid), ("createRuntime", "creating", pid)],
                         [(hook, state["status"], state["pid"]) for hook, state in self.noted()])
        self.must("start", name)
        self.assertEqual(("poststart", "running", pid), [(hook, state["status"], state["pid"]) for hook, state in self.noted()][2])
        self.must("delete", "--force", name)
        hook, state = self.noted()[3]
        self.assertEqual(("poststop", "stopped", name, self.folder + "/bundle"), (hook, state["status"], state["id"], state["bundle"]))

    def test_failure_before_the_start_ends_it(self):
        for name in ("prestart", "createRuntime"):
            self.hooks({name: "exit 3"})
            identity = self.new_id()
            self.refused(self.create(identity), name, "ended with", "3")
            self.refused(self.oci("state", identity), "does not exist")

    def test_later_failures_are_reported(self):
        self.hooks({"poststart": "exit 3", "poststop": "exit 4"})
        name = self.created()
        self.assertIn("poststart", self.must("start", name).err)
        self.assertEqual("running", self.state(name)["status"])
        self.assertIn("poststop", self.must("delete", "--force", name).err)
        self.refused(self.oci("state", name), "does not exist")

    def test_timeout(self):
        self.hooks({"createRuntime": "exec sleep 1000"}, createRuntime={"timeout": 1})
        self.refused(self.create(self.new_id()), "createRuntime", "timeout")

    def test_namespaces_are_there(self):
        self.hooks({"createRuntime": f"readlink /proc/self/ns/net > {self.folder}/own; cp /dev/null {self.folder}/x; "
                                     f"for pid in $(tail -n1 {self.folder}/hooks | sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); do "
                                     f"readlink /proc/$pid/ns/net > {self.folder}/theirs; done"})
        self.created()
        self.assertNotEqual(read_text(self.folder + "/own"), read_text(self.folder + "/theirs"))

    def inside(self, **hooks):
        """Hooks in the container's namespaces, by name: shell lines."""
        def made(name, line):
            return [{"path": "/bin/sh", "args": ["sh", "-c", line], "env": ["PATH=/bin:/usr/bin", f"NAME={name}"]}]
        return lambda c: c.update(hooks={name: made(name, line) for name, line in hooks.items()})

    def test_in_the_containers_namespaces(self):
        notes = self.folder + "/notes"
        line = f'echo "$NAME $(readlink /proc/self/ns/net) $(readlink /proc/self/ns/mnt) $(cat)" >> {notes}'
        # The first hook sees the host's files, the second the container's; both run in the order of the specification.
        data = {"destination": "/data", "type": "bind", "source": self.folder, "options": ["rbind"]}
        self.config("sleep", "1000", change=lambda c: (c["mounts"].append(data), self.inside(
            createRuntime=line, createContainer=f"{line}; touch {self.rootfs}/from-hook; test -d {self.rootfs}/proc/1 && echo mounted >> {notes}",
            startContainer=line.replace(notes, "/data/notes") + "; test -e /from-hook && echo inside >> /data/notes")(c)))
        name = self.created()
        pid = self.state(name)["pid"]
        own = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt")]
        theirs = [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("net", "mnt")]

        def noted():
            lines = read_text(notes).splitlines()
            states = [line.split(" ", 3) for line in lines if " " in line]
            return [(name, [net, mnt], json.loads(state)["status"], json.loads(state)["pid"]) for name, net, mnt, state in states], [
                line for line in lines if " " not in line]
        self.assertEqual(([("createRuntime", own, "creating", pid), ("createContainer", theirs, "creating", pid)], ["mounted"]), noted())
        self.must("start", name)
        self.assertEqual((("startContainer", theirs, "created", pid), ["mounted", "inside"]), (noted()[0][2], noted()[1]))
        self.assertEqual("running", self.state(name)["status"])

    def test_the_containers_user_runs_the_hook_of_its_start(self):
        os.chmod(self.rootfs + "/tmp", 0o777)
        self.config("true", change=lambda c: (c["process"].update(user={"uid": 77, "gid": 78}),
                                              self.inside(startContainer="id -u > /tmp/u; id -g >> /tmp/u")(c)))
        self.must("run", "--bundle", self.folder + "/bundle", self.new_id())
        self.assertEqual(["77", "78"], read_text(self.rootfs + "/tmp/u").split())

    def test_failures_in_the_containers_namespaces(self):
        poststop = f"touch {self.folder}/poststop"
        self.config("true", change=self.inside(createContainer="exit 3", poststop=poststop))
        name = self.new_id()
        self.refused(self.create(name), "/bin/sh", "exit code 3")
        self.refused(self.oci("state", name), "does not exist")
        self.assertTrue(os.path.exists(self.folder + "/poststop"), "poststop has not run")
        self.config("sleep", "1000", change=self.inside(startContainer="exit 4"))
        name = self.created()
        pid = self.state(name)["pid"]
        self.refused(self.oci("start", name), "/bin/sh", "exit code 4")
        self.wait(pid)
        self.assertEqual("stopped", self.state(name)["status"])
        for change, words in [({"path": "/nowhere/hook"}, ("/nowhere/hook", "No such file")),
                              ({"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}, ("/bin/sleep", "within 1 s"))]:
            self.config("true", change=lambda c, change=change: c.update(hooks={"createContainer": [change]}))
            self.refused(self.create(self.new_id()), *words)

    def test_not_in_a_user_namespace(self):
        mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.config("true", change=lambda c: (self.inside(createContainer="true")(c), c["linux"]["namespaces"].append({"type": "user"}),
                                              c["linux"].update(uidMappings=mapping, gidMappings=mapping)))
        self.refused(self.create(self.new_id()), "hooks.createContainer", "user namespace", "not supported")
