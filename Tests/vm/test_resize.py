"""The runtime changes the limits of a running pod: see Tests/ResizeProbe."""
from labs.vm.case import VMCase
from labs.vm.pods import ROOT, weight

MIB = 1 << 20
ORDER = ("cpu.weight", "cpu.max", "memory.max")


def line(what, cpu, limit, memory):
    """Returns the line of a change; request and limit are in millicores, memory in MiB."""
    return f"{what} cpuRequest={cpu} cpuLimit={limit} memoryLimit={memory * MIB}"


def kernel(cpu, limit, memory):
    return [weight(cpu), f"{limit * 100} 100000", str(memory * MIB)]


class Resize(VMCase):
    def test_resize(self):
        small, big = (250, 500, 64), (500, 1000, 96)
        # (what, its values, the pod's afterwards, the container's afterwards, whether it is refused)
        steps = [
            # Limits grow in the pod first.
            ("pod", big, big, small, False),
            ("container", big, big, big, False),
            # A change of CPU alone.
            ("container", (250, 500, 96), big, (250, 500, 96), False),
            ("pod", (250, 500, 96), (250, 500, 96), (250, 500, 96), False),
            # Below the 24 MiB in use: not even the CPU is changed.
            ("container", (750, 750, 16), (250, 500, 96), (250, 500, 96), True),
            ("pod", (750, 750, 16), (250, 500, 96), (250, 500, 96), True),
            # Limits shrink in the container first.
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
                # The values read back through the port, for a status.
                assert fields[place] == f"{wanted[0]} {wanted[1]} {wanted[2] * MIB}", about
            # The level has the weight of the pod's request.
            assert fields["level.cpu.weight"] == weight(of_pod[0]), about
            assert int(fields["pod.memory.max"]) >= int(fields["container.memory.max"]), about
        left = self.lab.run(f"ls -d {ROOT}/resize /run/swiftlet-resize-probe /var/tmp/swiftlet-resize-probe; grep resize-probe /proc/mounts",
                            check=False).stdout
        assert not left, left
        self.note(f"{len(steps)} changes")
