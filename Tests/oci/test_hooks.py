"""Hooks: when each of them runs, and what its failure means."""

import json
import os
import unittest

import bundle

NAMES = ("prestart", "createRuntime", "poststart", "poststop")


class Hooks(bundle.OCITest):
    def hook(self, name, line):
        path = f"{self.folder}/{name}"
        with open(path, "w") as script:
            script.write(f"#!/bin/sh\n{line}\n")
        os.chmod(path, 0o755)
        return {"path": path, "args": [name], "env": ["PATH=/bin:/usr/bin", f"NAME={name}"]}

    def hooks(self, lines, **more):
        """One hook of each name, that notes its name and the state; `lines` are run before."""
        record = f'echo "$NAME $(cat)" >> {self.folder}/hooks'
        self.config("sleep", "1000", change=lambda c: c.update(
            hooks={name: [{**self.hook(name, f"{record}\n{lines.get(name, 'true')}"), **more.get(name, {})}] for name in NAMES}))

    def noted(self):
        if not os.path.exists(self.folder + "/hooks"):
            return []
        words = [line.split(" ", 1) for line in bundle.read(self.folder + "/hooks").splitlines()]
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

    def test_failure_later_is_told(self):
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
        self.assertNotEqual(bundle.read(self.folder + "/own"), bundle.read(self.folder + "/theirs"))

    def test_not_supported_ones_are_refused(self):
        for name in ("createContainer", "startContainer"):
            self.config("true", change=lambda c, name=name: c.update(hooks={name: [{"path": "/bin/true"}]}))
            self.refused(self.create(self.new_id()), "hooks." + name, "not supported")


if __name__ == "__main__":
    unittest.main()
