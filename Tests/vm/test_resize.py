"""Limits of a pod that runs are changed, by the runtime itself: see Tests/ResizeProbe."""
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, weight

MIB = 1 << 20
ORDER = ("cpu.weight", "cpu.max", "memory.max")


def line(what, cpu, limit, memory):
    """A change: millicores, millicores, MiB."""
    return f"{what} cpuRequest={cpu} cpuLimit={limit} memoryLimit={memory * MIB}"


def kernel(cpu, limit, memory):
    return [weight(cpu), f"{limit * 100} 100000", str(memory * MIB)]


class Resize(VMCase):
    def test_resize(self):
        small, big = (250, 500, 64), (500, 1000, 96)
        # (what, its values, the pod's afterwards, the container's afterwards, whether it is refused)
        steps = [
            # What grows, grows in the pod first.
            ("pod", big, big, small, False),
            ("container", big, big, big, False),
            # CPU alone.
            ("container", (250, 500, 96), big, (250, 500, 96), False),
            ("pod", (250, 500, 96), (250, 500, 96), (250, 500, 96), False),
            # Below the 24 MiB in use: not even the CPU is changed.
            ("container", (750, 750, 16), (250, 500, 96), (250, 500, 96), True),
            ("pod", (750, 750, 16), (250, 500, 96), (250, 500, 96), True),
            # What shrinks, shrinks in the container first.
            ("container", small, (250, 500, 96), small, False),
            ("pod", small, small, small, False),
        ]
        changes = [line("pod", *small), line("container", *small), "start 24", *(line(what, *values) for what, values, *_ in steps)]
        self.lab.run(f"mkdir {ROOT}/resize")
        command = f"/usr/local/libexec/ResizeProbe --programs /usr/libexec/swiftlet --busybox /usr/local/libexec/busybox --cgroup-root {ROOT}/resize"
        lines = self.lab.run(f"{command} <<end\n" + "\n".join(changes) + "\nend\n").stdout.splitlines()
        assert len(lines) == len(steps) + 1, lines
        for number, (found, (what, values, of_pod, of_container, refused)) in enumerate(zip(lines, [("start", None, small, small, False), *steps])):
            fields = dict(field.split("=", 1) for field in found.split("\t"))
            about = f"step {number}: {what} {values}: {fields}"
            if refused:
                assert fields["outcome"].startswith("belowUsage: ") and f"wanted a limit of {values[2] * MIB}" in fields["outcome"], about
            else:
                assert fields["outcome"] == "ok", about
            for place, wanted in (("pod", of_pod), ("container", of_container)):
                assert [fields[f"{place}.{name}"] for name in ORDER] == kernel(*wanted), about
                # Read back through the port, as a status will show it.
                assert fields[place] == f"{wanted[0]} {wanted[1]} {wanted[2] * MIB}", about
            # The level weighs what the pod asks for.
            assert fields["level.cpu.weight"] == weight(of_pod[0]), about
            assert int(fields["pod.memory.max"]) >= int(fields["container.memory.max"]), about
        left = self.lab.run(f"ls -d {ROOT}/resize /run/swiftlet-resize-probe /var/tmp/swiftlet-resize-probe; grep resize-probe /proc/mounts",
                            check=False).stdout
        assert not left, left
        self.note(f"{len(steps)} changes")
