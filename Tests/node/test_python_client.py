"""Exec and port-forward by Kubernetes' client for Python, which speaks plain WebSockets."""
import subprocess
import sys
import unittest

from labs.node.case import NodeCase
from labs.node.pods import FOREVER

SCRIPT = """
import sys
from kubernetes import client, config
from kubernetes.stream import portforward, stream
config.load_kube_config(sys.argv[1])
api = client.CoreV1Api()
where = ("served", "default")

def run(*command, **options):
    streams = {"stdin": False, "stdout": True, "stderr": True, "tty": False, **options}
    return stream(api.connect_get_namespaced_pod_exec, *where, command=list(command), **streams)

print("whole:", run("echo", "works").strip())
print("much:", len(run("head", "-c", "3000000", "/dev/zero")))
shell = run("sh", "-c", "read line; echo got $line; echo oops >&2; exit 3", stdin=True, _preload_content=False)
shell.write_stdin("hello\\n")
shell.run_forever(timeout=30)
print("streams:", repr(shell.read_stdout()), repr(shell.read_stderr()), shell.returncode)
attached = stream(api.connect_get_namespaced_pod_attach, *where, stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False)
attached.write_stdin("ping\\n")
while not (line := attached.readline_stdout(timeout=30)).startswith("pong"):
    pass
print("attached:", line)
attached.close()
forward = portforward(api.connect_get_namespaced_pod_portforward, *where, ports="7001")
socket = forward.socket(7001)
socket.setblocking(True)
socket.sendall(b"forwarded")
got = b""
while len(got) < 9:
    got += socket.recv(9)
socket.close()
print("forward:", got.decode(), forward.error(7001))
print("log:", api.read_namespaced_pod_log(*where, tail_lines=1).strip())
"""

WANTED = """\
whole: works
much: 3000000
streams: 'got hello\\n' 'oops\\n' 3
attached: pong ping
forward: forwarded None
log: pong ping
"""


def interpreter():
    """The Python that has the client, None if there is none: Debian's package belongs to Debian's own."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import kubernetes.stream"], capture_output=True, check=False).returncode == 0:
            return python
    return None


class PythonClient(NodeCase):
    def test_streams(self):
        python = interpreter()
        if python is None:
            raise unittest.SkipTest("Kubernetes' client for Python is not installed (python3-kubernetes)")
        script = "nc -ll -p 7001 -e cat & while read line; do echo pong $line; done; " + FOREVER
        self.start_pod("served", script, container={"stdin": True})
        answer = self.lab.on_control(python, "-c", SCRIPT, self.lab.admin, timeout=120, check=False)
        self.assertEqual((answer.stdout, answer.returncode), (WANTED, 0), answer.stderr)
        self.lab.delete("pod", "served")
