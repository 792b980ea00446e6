"""The base of the node tests: a lab for each class."""
from labs.case import LabCase, needs_root
from labs.node.lab import Lab
from labs.node.pods import manifest
from labs.waiting import wait_until


@needs_root
class NodeCase(LabCase):
    lab_class = Lab

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab = cls.enter_lab(cls.lab_class())

    def start_pod(self, name, command, **spec):
        """Applies a pod of one container and waits until it is Ready."""
        self.lab.apply(manifest(name, command, **spec))
        self.lab.wait_for("pod", name, "Ready")

    def events(self, name):
        """(type, reason, message) of the events of a pod."""
        items = self.lab.get("events")["items"]
        return [(e["type"], e["reason"], e["message"]) for e in items if e["involvedObject"]["name"] == name]

    def wait_for_event(self, name, reason, text="", kind=None):
        """Returns the event once it is there: events are written a little behind statuses."""

        def found():
            return next((e for e in self.events(name) if e[1] == reason and text in e[2] and kind in (None, e[0])), None)

        return wait_until(f"the event {reason} of {name}: {text}", found, 30)

    def container(self, name):
        """The status of a pod's container, once there is one."""

        def statuses():
            return self.lab.get("pod", name).get("status", {}).get("containerStatuses")

        return wait_until(f"the status of pod {name}", statuses, 10)[0]

    def end_program(self, pod, container="c"):
        """Ends a container's program from inside, as soon as the agent, which may have been started a moment ago, takes commands."""
        command = ("exec", pod, "-c", container, "--")
        wait_until(f"a command in {pod}", lambda: self.lab.kubectl(*command, "true", check=False).returncode == 0, 20)
        # The command may end with its container, before it has told its exit code.
        self.lab.kubectl(*command, "kill", "1", check=False)

    def waiting(self, name):
        """Returns reason and message of a waiting container, {} if the container does not wait."""
        status = self.lab.get("pod", name)["status"].get("containerStatuses", [{}])[0]
        return status.get("state", {}).get("waiting", {})
