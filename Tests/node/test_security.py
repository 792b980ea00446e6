"""Security context, names and user namespaces, as the programs in the pods see them."""
import os

from labs.node.case import NodeCase
from labs.node.lab import NODE
from labs.node.network import REGISTRY
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

HOSTILE_USERS = ["4294967296", "-1", "0:0x", "+0", "2147483648", "root:root:root", "nobody-here", "web:no-group"]


class SecurityCase(NodeCase):
    def run_pod(self, name, command, **spec):
        """Runs a command to its end in a pod of its own; returns its output."""
        self.lab.apply(manifest(name, command, restartPolicy="Never", **spec))
        wait_until(f"{name} to end", lambda: self.lab.get("pod", name)["status"].get("phase") in ("Succeeded", "Failed"), 60)
        output = self.lab.kubectl("logs", name).stdout
        self.assertEqual(self.lab.get("pod", name)["status"]["phase"], "Succeeded", output)
        return output

    def refuse_sandbox(self, name, words, **spec):
        self.lab.apply(manifest(name, FOREVER, **spec))

        def reported():
            return [m for _, reason, m in self.events(name) if reason == "FailedCreatePodSandBox" and words in m]

        self.assertTrue(wait_until(f"an event of {name} with: {words}", reported, 30))
        self.lab.delete("pod", name)

    def refuse_pod(self, name, reason, words, **spec):
        """Checks that a pod that can never run here fails at once, without containers."""
        self.lab.apply(manifest(name, FOREVER, **spec))
        status = wait_until(f"{name} to fail", lambda: (s := self.lab.get("pod", name)["status"]).get("phase") == "Failed" and s, 30)
        self.assertEqual(status["reason"], reason)
        self.assertIn(words, status["message"])
        self.assertNotIn("containerStatuses", status)
        reported = wait_until(f"an event of {name}", lambda: {reported for _, reported, _ in self.events(name)} - {"Scheduled"}, 30)
        self.assertEqual(reported, {reason})
        self.lab.delete("pod", name)

    def refuse_container(self, name, words, **spec):
        self.lab.apply(manifest(name, FOREVER, **spec))

        def waiting():
            status = self.waiting(name)
            return status if status.get("reason") in ("CreateContainerConfigError", "CreateContainerError") else None

        self.assertIn(words, wait_until(f"{name} to be refused", waiting, 30)["message"])
        self.lab.delete("pod", name)


class Identity(SecurityCase):
    def test_groups(self):
        command = "id -u; id -g; id -G; echo $HOME"
        context = {"runAsUser": 1000, "supplementalGroups": [3000], "fsGroup": 4000}
        merged = self.run_pod("merged", command, securityContext=context).splitlines()
        self.assertEqual((merged[0], merged[1], merged[3]), ("1000", "1000", "/home/web"))
        self.assertEqual(sorted(merged[2].split()), ["1000", "2000", "3000", "4000"])
        strict = self.run_pod("strict", command, securityContext={**context, "supplementalGroupsPolicy": "Strict"}).splitlines()
        self.assertEqual(sorted(strict[2].split()), ["1000", "3000", "4000"])
        user = self.container("strict")["user"]["linux"]
        self.assertEqual((user["uid"], user["gid"], sorted(user["supplementalGroups"])), (1000, 1000, [1000, 3000, 4000]))

    def test_the_same_user_after_every_restart(self):
        """CVE-2019-11245."""
        self.lab.apply(manifest("again", "id -u; exit 1", securityContext={"runAsUser": 1000}, restartPolicy="Always"))
        wait_until("a second end", lambda: self.container("again")["restartCount"] >= 1 and "terminated" in self.container("again")["lastState"], 60)
        for previous in ([], ["--previous"]):
            self.assertEqual(self.lab.kubectl("logs", "again", *previous).stdout.strip(), "1000")
        self.lab.delete("pod", "again")

    def test_hostile_image_users(self):
        """CVE-2024-40635, CVE-2026-30892: a name that is not a user of the image never becomes another user, least of all root."""
        self.lab.push(*HOSTILE_USERS)
        for number in range(len(HOSTILE_USERS)):
            self.refuse_container(f"user-{number}", "cannot find", container={"image": f"{REGISTRY}/user-{number}:1"})

    def test_non_root(self):
        image = {"container": {"image": "registry.example/e2e-test-images/nonroot:1.5"}}
        self.assertEqual(self.run_pod("number", "id -u", securityContext={"runAsNonRoot": True}, **image).strip(), "1000")
        self.refuse_container("root", "container has runAsNonRoot and image will run as root", securityContext={"runAsNonRoot": True})

    def test_other_users_of_the_node(self):
        """CVE-2021-41103: programs of the image with the set-user-ID bit, files of the writable layer and records are out of reach."""
        self.lab.apply(manifest("kept", "echo mine > /mine; cp /bin/busybox /mighty; chmod 4755 /mighty; " + FOREVER))
        self.lab.wait_for("pod", "kept", "Ready")
        folders = [self.lab.path(name) for name in ("run", "state")]
        os.chmod(self.lab.base, 0o755)
        try:
            find = ["find", *folders, "-type", "f", "-readable"]
            own = self.lab.on_node(*find).stdout
            others = self.lab.on_node("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *find, check=False)
        finally:
            os.chmod(self.lab.base, 0o700)
        self.assertIn("/mighty", own)
        self.assertEqual(others.stdout, "")
        self.assertIn("Permission denied", others.stderr)
        self.lab.delete("pod", "kept")

    def test_profiles_that_the_host_lacks(self):
        profile = {"appArmorProfile": {"type": "Localhost", "localhostProfile": "no-such-profile"}}
        if os.path.exists("/sys/kernel/security/apparmor"):
            # The profile may be loaded later.
            self.refuse_container("apparmor", "Cannot enforce AppArmor", securityContext=profile)
        else:
            self.refuse_pod("apparmor", "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host", securityContext=profile)
        seccomp = {"type": "Localhost", "localhostProfile": "none.json"}
        self.refuse_container("seccomp", "seccomp/none.json cannot be read", securityContext={"seccompProfile": seccomp})


class Names(SecurityCase):
    COMMAND = "hostname; cat /etc/hostname; echo $HOSTNAME; cat /etc/hosts"

    def test_full_name(self):
        spec = {"hostname": "h", "subdomain": "sub", "setHostnameAsFQDN": True, "hostAliases": [{"ip": "10.1.1.1", "hostnames": ["a", "b"]}]}
        lines = self.run_pod("full", self.COMMAND, **spec).splitlines()
        full = "h.sub.default.svc.cluster.local"
        self.assertEqual(lines[:3], [full] * 3)
        self.assertEqual([line.split()[1:] for line in lines if full in line and " " not in line and "\t" in line], [[full, "h"]])
        self.assertEqual(lines[-2:], ["# Entries added by HostAliases.", "10.1.1.1\ta\tb"])

    def test_plain_name(self):
        lines = self.run_pod("plain", self.COMMAND).splitlines()
        self.assertEqual(lines[:4], ["plain"] * 3 + ["# Kubernetes-managed hosts file."])
        self.assertTrue(lines[-1].endswith("\tplain"))

    def test_host_network(self):
        lines = self.run_pod("host", self.COMMAND, hostNetwork=True, hostAliases=[{"ip": "10.1.1.1", "hostnames": ["a"]}]).splitlines()
        self.assertEqual(lines[1:4], [NODE, NODE, "# Kubernetes-managed hosts file (host network)."])
        self.assertEqual(lines[-1], "10.1.1.1\ta")

    def test_own_hosts_file(self):
        self.lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hosts"}, "data": {"hosts": "mine\n"}})
        mount = {"name": "v", "mountPath": "/etc//hosts", "subPath": "hosts"}
        volumes = [{"name": "v", "configMap": {"name": "hosts"}}]
        self.assertEqual(self.run_pod("own", "cat /etc/hosts", container={"volumeMounts": [mount]}, volumes=volumes), "mine\n")

    def test_no_variable_becomes_a_line(self):
        """CVE-2022-4318: nothing of the environment is written to the account files, whose lines it could make."""
        home = {"env": [{"name": "HOME", "value": "/\nevil:x:0:0::/:/bin/sh"}]}
        accounts = self.run_pod("accounts", "cat /etc/passwd /etc/group", container={})
        self.assertEqual(self.run_pod("evil-home", "cat /etc/passwd /etc/group", container=home, securityContext={"runAsUser": 1234}), accounts)

    def test_sysctls(self):
        wanted = [{"name": "net/ipv4/ip_local_port_range", "value": "1024 2000"}, {"name": "kernel.shm_rmid_forced", "value": "1"}]
        command = "cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced"
        self.assertEqual(self.run_pod("sysctls", command, securityContext={"sysctls": wanted}).split(), ["1024", "2000", "1"])
        for number, (name, value, words) in enumerate(
            [
                ("kernel.msgmax", "1", 'forbidden sysctl: "kernel.msgmax" not allowlisted'),
                ("kernel.shm_rmid_forced", "1+kernel.core_pattern=x", 'the value of sysctl "kernel.shm_rmid_forced"'),
            ]
        ):
            self.refuse_pod(f"sysctl-{number}", "SysctlForbidden", words, securityContext={"sysctls": [{"name": name, "value": value}]})


class UserNamespaces(SecurityCase):
    def test_volumes_of_every_kind(self):
        """Root of the pod owns its volumes and the files that it makes, and has no rights on the node."""
        self.lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map"}, "data": {"k": "v"}})
        volumes = [
            {"name": "disk", "emptyDir": {}}, {"name": "memory", "emptyDir": {"medium": "Memory"}}, {"name": "map", "configMap": {"name": "map"}},
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        ]  # fmt: skip
        mounts = [{"name": volume["name"], "mountPath": "/" + volume["name"]} for volume in volumes]
        command = (
            "set -e; for d in /disk /memory /dev/shm /tmp /; do echo x > $d/made; done; cat /map/k; echo; test -s /token/token; "
            "stat -c %u:%g /disk/made /memory/made /made /etc/hosts /map/k /token/token; cat /proc/self/uid_map; " + FOREVER
        )
        self.lab.apply(manifest("isolated", command, hostUsers=False, volumes=volumes, container={"volumeMounts": mounts}))
        self.lab.wait_for("pod", "isolated", "Ready")
        lines = wait_until("the pod's output",
                           lambda: (found := self.lab.kubectl("logs", "isolated").stdout.splitlines()) and len(found) >= 8 and found)
        self.assertEqual(lines[:7], ["v"] + ["0:0"] * 6)
        inside, first, count = lines[7].split()
        self.assertEqual((inside, count), ("0", "65536"))
        self.assertEqual(int(first) % 65536, 0)
        self.assertGreaterEqual(int(first), 65536)
        answer = self.lab.kubectl("exec", "isolated", "--", "sh", "-c", "id -u; cat /proc/self/uid_map; touch /disk/by-exec")
        self.assertEqual(answer.stdout.split(), ["0", *lines[7].split()])
        self.lab.delete("pod", "isolated")

    def test_runtime_classes(self):
        for name, handler in (("here", "runc"), ("elsewhere", "kata")):
            self.lab.apply({
                "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": handler,
                "overhead": {"podFixed": {"cpu": "10m", "memory": "16Mi"}},
            })  # fmt: skip
        self.refuse_sandbox("class-elsewhere", 'no runtime for "kata" is configured', runtimeClassName="elsewhere")
        self.lab.apply(manifest("class-here", FOREVER, runtimeClassName="here"))
        self.lab.wait_for("pod", "class-here", "Ready")
        self.lab.delete("pod", "class-here")
        handlers = [handler["name"] for handler in self.lab.get("node", NODE)["status"]["runtimeHandlers"]]
        self.assertEqual(handlers, ["", "swiftlet", "runc"])

    def test_namespaces_of_the_node_are_refused(self):
        self.refuse_sandbox("host-pid", "hostPID: true cannot be combined with hostUsers: false", hostUsers=False, hostPID=True)

    def test_the_node_reports_its_features(self):
        status = self.lab.get("node", NODE)["status"]
        self.assertTrue(status["features"]["supplementalGroupsPolicy"])
        self.assertIn("userNamespaces", status["runtimeHandlers"][0]["features"])
