"""The configuration of a lab's agent: every folder and socket is below the lab's own folder."""

TEXT = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {{enabled: false}}
  webhook: {{enabled: true}}
  x509: {{clientCAFile: {lab.base}/cluster/ca.crt}}
authorization: {{mode: Webhook}}
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
resolvConf: {lab.base}/etc/resolv.conf
podLogsDir: {lab.base}/logs/pods
failSwapOn: false
# The machine's disk belongs to others: how full it is must not matter.
imageGCHighThresholdPercent: 100
evictionHard: {{memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}}
---
apiVersion: swiftlet.dev/v1alpha1
kind: SwiftletConfiguration
cgroupRoot: {lab.cgroup}
requireControllers: false
shimPath: {shim}
pausePath: {pause}
imageImports: {lab.base}/images.d
registries:
  "192.168.77.1:5000": {{insecure: true}}
  "192.168.77.1:5001": {{insecure: true}}
  registry.example:
    mirrors: ["http://192.168.77.1:5000"]
    insecure: true
"""
