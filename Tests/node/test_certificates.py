"""How a node proves who it is: joining as kubeadm does it, renewing, and coming back after its certificate has ended."""
import base64
import os
import re
import ssl
import sys
import tempfile
import time

from labs.node.case import NodeCase
from labs.node.lab import NODE, Lab
from labs.node.network import API_PORT, CONTROL_IP, NODE_IP
from labs.node.pods import FOREVER, manifest
from labs.programs import program
from labs.waiting import wait_until

TOKEN = "abcdef.0123456789abcdef"

# The fields of the file that `kubeadm join` of 1.36 writes.
KUBELET = """\
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: {base}/etc/pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///var/run/containerd/containerd.sock
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {{}}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
kind: KubeletConfiguration
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
memorySwap: {{}}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: {base}/etc/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
"""

BOOTSTRAP = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authority}
    server: https://{host}:{port}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: tls-bootstrap-token-user
  name: tls-bootstrap-token-user@kubernetes
current-context: tls-bootstrap-token-user@kubernetes
kind: Config
preferences: {{}}
users:
- name: tls-bootstrap-token-user
  user:
    token: {token}
"""


class JoiningLab(Lab):
    """A node that joins with a bootstrap token and the files that kubeadm writes; what belongs to this lab comes as a drop-in."""

    cluster_options = ()
    kubelet_options = ""

    def start_control_plane(self, *more):
        super().start_control_plane("--bootstrap-token", TOKEN, *self.cluster_options, *more)

    def write_configuration(self):
        super().write_configuration()
        for name in ("pki", "manifests", "conf.d"):
            os.makedirs(self.path("etc", name))
        with open(self.config) as file:
            kubelet, swiftlet = file.read().split("---\n")
        # The machine's own room and names, and its settings of this agent.
        kept = [line for line in kubelet.splitlines() if re.match("apiVersion|kind|resolvConf|podLogsDir|failSwapOn|imageGC|evictionHard", line)]
        with open(self.path("etc", "conf.d", "lab.conf"), "w") as file:
            file.write("\n".join(kept) + f"\n{self.kubelet_options}---\n{swiftlet}")
        with open(self.config, "w") as file:
            file.write(KUBELET.format(base=self.base))
        with open(self.path("cluster", "ca.crt"), "rb") as file:
            authority = file.read()
        with open(self.path("etc", "pki", "ca.crt"), "wb") as file:
            file.write(authority)
        self.authority = base64.b64encode(authority).decode()
        self.write_bootstrap()

    def write_bootstrap(self):
        text = BOOTSTRAP.format(authority=self.authority, host=CONTROL_IP, port=API_PORT, token=TOKEN)
        with open(self.path("etc", "bootstrap-kubelet.conf"), "w") as file:
            file.write(text)

    def flags(self):
        return [
            "--config", self.config, "--config-dir", self.path("etc", "conf.d"), "--kubeconfig", self.path("etc", "kubelet.conf"),
            "--bootstrap-kubeconfig", self.path("etc", "bootstrap-kubelet.conf"), "--root-dir", self.path("root"),
        ]  # fmt: skip

    def agent_command(self, *more):
        return [
            program("swiftlet"), "run", *self.flags(), "--hostname-override", NODE, "--node-ip", NODE_IP, "--run-dir", self.path("run"),
            "--state-dir", self.path("state"), *more,
        ]  # fmt: skip

    def certificates(self, **options):
        return self.on_node(program("swiftlet"), "certs", *self.flags(), **options)

    def current(self, purpose="client"):
        """The name of the dated file that is in use, None before the first."""
        link = self.path("root", "pki", f"kubelet-{purpose}-current.pem")
        return os.readlink(link) if os.path.islink(link) else None

    def log(self):
        with open(self.path("agent.log"), errors="replace") as file:
            return file.read()

    def served(self):
        """The certificate that the endpoint serves, as text of its fields; None while handshakes fail."""
        code = f"import ssl; print(ssl.get_server_certificate(('{NODE_IP}', 10250), timeout=5))"
        answer = self.on_control(sys.executable, "-c", code, check=False)
        if answer.returncode != 0:
            return None
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(answer.stdout)
            file.flush()
            return ssl._ssl._test_decode_cert(file.name)


class ServingLab(JoiningLab):
    cluster_options = ("--no-approve-serving",)
    kubelet_options = "serverTLSBootstrap: true\ntlsMinVersion: VersionTLS12\ntlsCipherSuites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n"


class ShortLab(JoiningLab):
    """Certificates that live for twenty seconds and are renewed after fourteen to eighteen."""

    cluster_options = ("--certificate-life", "20")
    kubelet_options = "serverTLSBootstrap: true\n"


class Join(NodeCase):
    lab_class = JoiningLab

    def test_takes_over_from_kubeadm(self):
        lab = self.lab
        current = lab.path("root", "pki", "kubelet-client-current.pem")
        with open(lab.path("etc", "kubelet.conf")) as file:
            self.assertEqual(file.read().count(current), 2)
        self.assertEqual(os.stat(lab.path("etc", "kubelet.conf")).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(current).st_mode & 0o777, 0o600)
        self.start_pod("first", FOREVER)
        table = lab.certificates().stdout
        self.assertRegex(table, rf"client +\S*CN=system:node:{NODE}\S* +\S+ +\S+ +36[45] +ok +{re.escape(current)}")
        for role in ("serving", "API server CA", "client CA"):
            self.assertRegex(table, rf"(?m)^{role} .* ok ")
        # kubeadm removes the token's file when the node has joined.
        lab.stop("agent")
        os.unlink(lab.path("etc", "bootstrap-kubelet.conf"))
        before = lab.current()
        # Works without an agent.
        self.assertEqual(lab.certificates().stdout, table)
        lab.start_agent()
        self.assertEqual(lab.current(), before)
        self.start_pod("second", FOREVER)
        self.assertEqual(lab.kubectl("exec", "first", "--", "echo", "hello").stdout, "hello\n")


class Serving(NodeCase):
    lab_class = ServingLab

    def test_requested_approved_served(self):
        lab = self.lab
        lab.apply(manifest("talker", "echo hello; exec sleep 1000000"))
        lab.wait_for("pod", "talker", "Ready")
        requests = wait_until("the request", lambda: self.serving_requests())
        self.assertEqual([request["status"].get("conditions") for request in requests], [None])
        self.assertEqual(requests[0]["spec"]["username"], f"system:node:{NODE}")
        self.assertIsNone(lab.served())
        refused = lab.kubectl("logs", "talker", check=False)
        self.assertNotEqual(refused.returncode, 0)

        condition = {"type": "Approved", "status": "True", "reason": "Test", "message": "seen"}
        path = f"/apis/certificates.k8s.io/v1/certificatesigningrequests/{requests[0]['metadata']['name']}/approval"
        lab.patch(path, {"status": {"conditions": [condition]}})
        served = wait_until("the certificate", lab.served, 20)
        self.assertIn((("commonName", f"system:node:{NODE}"),), served["subject"])
        self.assertIn((("organizationName", "system:nodes"),), served["subject"])
        self.assertEqual(sorted(served["subjectAltName"]), [("DNS", NODE), ("IP Address", NODE_IP)])
        self.assertEqual(lab.kubectl("logs", "talker").stdout, "hello\n")
        # The cluster's authority vouches for it.
        health = lab.on_control(
            "curl", "-sS", "--fail", "--cacert", lab.path("cluster", "ca.crt"), "--cert", lab.path("cluster", "admin.crt"), "--key",
            lab.path("cluster", "admin.key"), "--tls-max", "1.2", f"https://{NODE_IP}:10250/healthz",
        )  # fmt: skip
        self.assertEqual(health.stdout.strip(), "ok")
        refused = lab.on_control(
            "curl", "-sS", "-k", "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384", f"https://{NODE_IP}:10250/healthz", check=False
        )
        self.assertNotEqual(refused.returncode, 0)
        # The next agent finds the certificate.
        name = lab.current("server")
        lab.stop("agent")
        lab.start_agent()
        wait_until("the certificate", lab.served, 20)
        self.assertEqual(lab.current("server"), name)
        self.assertEqual(len(self.serving_requests()), 1)

    def serving_requests(self):
        items = self.lab.get("certificatesigningrequests")["items"]
        return [item for item in items if item["spec"]["signerName"] == "kubernetes.io/kubelet-serving"]


class Rotation(NodeCase):
    lab_class = ShortLab

    def test_renewed_under_load(self):
        lab = self.lab
        seen = {"client": set(), "server": set()}
        end = time.monotonic() + 75
        count = 0
        wait_until("the serving certificate", lab.served, 20)
        while time.monotonic() < end:
            name = f"short-{count}"
            lab.apply(manifest(name, f"echo {name}; exec sleep 1000000"))
            lab.wait_for("pod", name, "Ready")
            self.assertEqual(lab.kubectl("logs", name).stdout, f"{name}\n")
            lab.delete("pod", name, "--wait=true", "--grace-period=0", "--force")
            count += 1
            for purpose, names in seen.items():
                names.add(lab.current(purpose))
        self.assertGreaterEqual(len(seen["client"]), 4, seen)
        self.assertGreaterEqual(len(seen["server"]), 4, seen)
        self.assertGreater(count, 10)
        log = lab.log()
        for bad in ("List or watch failed", "could not be renewed", "refuses", "Unauthorized", "could not be written"):
            self.assertNotIn(bad, log)


class YearOff(NodeCase):
    lab_class = ShortLab

    def test_comes_back(self):
        lab = self.lab
        lab.apply(manifest("old", FOREVER))
        lab.wait_for("pod", "old", "Ready")

        def ended():
            answer = lab.certificates(check=False)
            return answer.returncode == 1 and "ENDED" in answer.stdout

        # At the start.
        lab.stop("agent")
        before = lab.current()
        wait_until("the end of the certificate", ended, 40)
        lab.start_agent(ready=False)
        wait_until("a new certificate", lambda: lab.current() != before, 40)
        self.assertIn("requesting a new one with the bootstrap kubeconfig", lab.log())
        lab.delete("pod", "old", "--wait=true", "--timeout=60s")

        # While running: the bootstrap file comes later.
        lab.stop("agent")
        os.unlink(lab.path("etc", "bootstrap-kubelet.conf"))
        before = lab.current()
        wait_until("the end of the certificate", ended, 40)
        with open(lab.path("agent.log"), "w"):
            pass
        lab.start_agent(ready=False)
        wait_until("the message", lambda: "bootstrap-kubelet.conf is missing" in lab.log(), 40)
        time.sleep(20)
        lines = lab.log().splitlines()
        self.assertEqual(sum("refuses this node's certificate" in line for line in lines), 1)
        self.assertTrue(any("has ended at" in line and "kubelet-client-current.pem" in line for line in lines))
        self.assertLess(len(lines), 150)
        lab.write_bootstrap()
        wait_until("a new certificate", lambda: lab.current() != before, 60)
        self.start_pod("new", FOREVER)
