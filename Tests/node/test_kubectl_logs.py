"""Every option of `kubectl logs` that reaches the node."""
from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

IMAGE = "registry.example/busybox:1"


def container(name, script):
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script]}


class KubectlLogs(NodeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The API's times are whole seconds: the lines must be further apart.
        first = container("a", "echo old; echo err >&2; sleep 2; echo new; " + FOREVER)
        cls.lab.apply(
            manifest(
                "two", "", labels={"app": "two"}, initContainers=[container("i", "echo prepared")],
                containers=[first, container("b", "echo other; " + FOREVER)]
            ),
            manifest("restarted", "echo start; sleep 0.3; exit 1"),
        )
        cls.lab.wait_for("pod", "two", "Ready")
        wait_until("the last line", lambda: "new" in cls.lab.kubectl("logs", "two", "-c", "a").stdout, 20)

    def logs(self, *options):
        return self.lab.kubectl("logs", *options, timeout=60).stdout

    def refused(self, *options):
        answer = self.lab.kubectl("logs", *options, check=False, timeout=60)
        self.assertNotEqual(answer.returncode, 0, answer.stdout)
        return answer.stderr

    def test_containers(self):
        self.assertEqual(self.logs("two", "-c", "b"), "other\n")
        self.assertEqual(self.logs("two", "-c", "i"), "prepared\n")
        # Without a name kubectl takes the first container, and says so.
        self.assertEqual(sorted(self.logs("two").split()), ["err", "new", "old"])
        every = "prepared old err new other".split()
        self.assertEqual(sorted(self.logs("two", "--all-containers").split()), sorted(every))
        prefixed = self.logs("two", "--all-containers", "--prefix").splitlines()
        names = {"prepared": "i", "other": "b"}
        self.assertEqual(sorted(prefixed), sorted(f"[pod/two/{names.get(word, 'a')}] {word}" for word in every))
        self.assertIn("container nothing is not valid for pod two", self.refused("two", "-c", "nothing"))

    def test_sizes(self):
        self.assertEqual(self.logs("two", "-c", "a", "--tail=1"), "new\n")
        self.assertEqual(self.logs("two", "-c", "a", "--tail=0"), "")
        self.assertEqual(len(self.logs("two", "-c", "a", "--tail=-1").split()), 3)
        self.assertEqual(len(self.logs("two", "-c", "a", "--tail=99").split()), 3)
        self.assertEqual(self.logs("two", "-c", "b", "--limit-bytes=4"), "othe")
        self.assertEqual(self.logs("two", "-c", "a", "--tail=1", "--limit-bytes=2"), "ne")
        self.assertEqual(self.logs("two", "-c", "a", "--tail=1", "--limit-bytes=1000"), "new\n")
        # Followed too, though the container goes on.
        self.assertEqual(self.logs("two", "-c", "b", "-f", "--limit-bytes=4"), "othe")
        self.assertIn("limit", self.refused("two", "-c", "b", "--limit-bytes=-1").lower())

    def test_times(self):
        lines = self.logs("two", "-c", "a", "--timestamps").splitlines()
        for line, word in zip(lines, ("old", "err", "new")):
            self.assertRegex(line, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (old|err|new)$", word)
        second = lines[-1][:19] + "Z"
        self.assertEqual(self.logs("two", "-c", "a", f"--since-time={second}"), "new\n")
        self.assertEqual(self.logs("two", "-c", "a", "--since-time=2001-02-03T04:05:06+07:00", "--tail=1"), "new\n")
        self.assertEqual(self.logs("two", "-c", "a", "--since-time=2100-01-01T00:00:00Z"), "")
        self.assertEqual(len(self.logs("two", "-c", "a", "--since=1h").split()), 3)
        wait_until("the lines to be older than a second", lambda: not self.logs("two", "-c", "a", "--since=1s"), 20)
        self.assertIn("since", self.refused("two", "-c", "a", "--since=1s", f"--since-time={second}"))

    def test_previous(self):
        wait_until("a restart", lambda: self.container("restarted")["restartCount"] >= 1)
        self.assertEqual(self.logs("-p", "restarted"), "start\n")
        self.assertRegex(self.logs("-p", "restarted", "--timestamps", "--tail=1"), r"^20\S+Z start\n$")
        # A container that has ended is not followed.
        self.assertEqual(self.logs("-p", "-f", "restarted"), "start\n")
        self.assertIn('previous terminated container "b" in pod "two" not found', self.refused("-p", "two", "-c", "b"))

    def test_follow(self):
        """From the first line to the container's end, with names and times."""
        count = "for i in 1 2 3; do sleep 0.3; echo $i; done"
        containers = [container("x", count), container("y", "sleep 0.2; echo once")]
        self.lab.apply(manifest("follow", "", containers=containers, restartPolicy="Never", labels={"app": "follow"}))
        self.addCleanup(self.lab.delete, "pod", "follow")
        # A container that waits to start is an error for kubectl.
        for name in "xy":
            wait_until(f"a log of {name}", lambda name=name: self.lab.kubectl("logs", "follow", "-c", name, check=False).stdout)
        got = [line for name in "xy" for line in self.logs("follow", "-f", "-c", name, "--prefix", "--timestamps").splitlines()]
        ends = sorted(line.split()[0] + " " + line.split()[2] for line in got)
        self.assertEqual(ends, [f"[pod/follow/x] {number}" for number in (1, 2, 3)] + ["[pod/follow/y] once"])
        self.assertEqual(self.logs("follow", "-c", "x", "-f", "--tail=2"), "2\n3\n")
        # By label, as for the pods of a Deployment.
        self.assertEqual(sorted(self.logs("-l", "app=follow", "--all-containers", "--tail=-1").split()), ["1", "2", "3", "once"])

    def test_errors_are_passed_over(self):
        broken = [container("good", "echo here; " + FOREVER), {"name": "absent", "image": "registry.example/absent:1", "imagePullPolicy": "Never"}]
        self.lab.apply(manifest("half", "", containers=broken, labels={"app": "half"}))
        self.addCleanup(self.lab.delete, "pod", "half")
        wait_until("a log", lambda: self.lab.kubectl("logs", "half", "-c", "good", check=False).stdout)
        self.assertIn('container "absent" in pod "half" is waiting to start', self.refused("half", "--all-containers"))
        got = self.logs("half", "--all-containers", "--ignore-errors", "--prefix")
        self.assertIn("[pod/half/good] here\n", got)
        self.assertIn("is waiting to start", got)
