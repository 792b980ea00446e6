"""The journal of a real systemd, as `kubectl get --raw` and node log queries read it."""
import time

from labs.node.lab import NODE
from labs.vm.case import VMCase

UNIT = "three-words"
WORDS = ["first", "second", "third"]


class Journal(VMCase):
    @classmethod
    def around(cls):
        return cls.lab.configured(enableSystemLogHandler=True, enableSystemLogQuery=True)

    def query(self, unit, **options):
        """The lines of a query."""
        words = "".join(f"&{name}={value}" for name, value in options.items())
        text = self.lab.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/logs/?query={unit}{words}").stdout
        return [line for line in text.splitlines() if not line.startswith("-- ")]

    def words(self, unit, **options):
        """Without systemd's own lines about the unit, and without times and names."""
        return [line.rpartition("]: ")[2] for line in self.query(unit, **options) if " systemd[1]: " not in line]

    def test_lines_of_a_unit(self):
        lab = self.lab
        lab.run(f"systemd-run --quiet --wait --unit {UNIT} printf '%s\\n' {' '.join(WORDS)}; journalctl --sync")
        now = lab.run("date -u +%Y-%m-%dT%H:%M:%SZ").stdout.strip()
        self.assertEqual(self.words(UNIT), WORDS)
        self.assertEqual(self.words(UNIT, pattern="con"), ["second"])
        self.assertEqual(self.words(UNIT, boot=0), WORDS)
        self.assertEqual(self.words(UNIT, untilTime="2001-01-01T00:00:00Z"), [])
        self.assertEqual(self.words(UNIT, sinceTime="2001-01-01T00:00:00Z", untilTime=now.replace("Z", "%2B00:00")), WORDS)
        self.assertEqual(self.query(UNIT, tailLines=2), self.query(UNIT)[-2:])
        self.assertIn("log not found for no-such-unit", self.query("no-such-unit"))

    def test_the_agents_own_lines(self):
        began = time.monotonic()
        lines = self.query("swiftlet", tailLines=200)
        self.assertTrue(any("swiftlet" in line for line in lines), lines[:20])
        self.note(f"{len(lines)} lines in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    import unittest

    unittest.main()
