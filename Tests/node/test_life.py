"""Probes, hooks, deadlines and changes in the lives of real pods."""
import json
import os
import stat

from labs.node.case import NodeCase
from labs.node.pods import FOREVER, manifest
from labs.waiting import wait_until

# Writes a line at SIGTERM, so that the log shows the order of things.
TELLS_TERM = "trap 'echo term; exit 0' TERM; while :; do sleep 0.1; done"
HTTPD = "mkdir -p /tmp/www; echo up > /tmp/www/ok; httpd -f -p 8080 -h /tmp/www & " + FOREVER


class LifeCase(NodeCase):
    def condition(self, name, kind):
        conditions = self.lab.get("pod", name)["status"].get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {})

    def inside(self, name, script):
        return self.lab.kubectl("exec", name, "--", "sh", "-c", script).stdout.strip()

    def wait_for_status(self, name, what, check, seconds=30):
        return wait_until(what, lambda: check(self.lab.get("pod", name)["status"]), seconds)


class Probes(LifeCase):
    def test_readiness_by_http_tcp_and_exec(self):
        probes = {
            "http": {"httpGet": {"path": "/ok", "port": "web"}}, "tcp": {"tcpSocket": {"port": 8080}},
            "exec": {"exec": {"command": ["test", "-f", "/tmp/www/ok"]}},
        }  # fmt: skip
        ports = [{"name": "web", "containerPort": 8080}]
        ends = {"http": "rm /tmp/www/ok", "tcp": "killall httpd", "exec": "rm /tmp/www/ok"}
        for kind, probe in probes.items():
            probe = {**probe, "periodSeconds": 1, "failureThreshold": 1}
            self.start_pod(kind, HTTPD, container={"ports": ports, "readinessProbe": probe})
        for kind, script in ends.items():
            self.inside(kind, script)
            self.wait_for_status(kind, "the pod to be unready", lambda status: not status["containerStatuses"][0]["ready"])
            self.assertEqual(self.condition(kind, "Ready")["reason"], "ContainersNotReady")
            self.assertEqual(self.container(kind)["restartCount"], 0)
        self.assertIn("HTTP probe failed with statuscode: 404", self.wait_for_event("http", "Unhealthy", "statuscode")[2])
        self.assertIn("connect: connection refused", self.wait_for_event("tcp", "Unhealthy", "refused")[2])
        self.lab.delete("pod", *probes)

    def test_liveness_restarts_a_container(self):
        script = "touch /tmp/alive; " + FOREVER
        probe = {"exec": {"command": ["sh", "-c", "cat /tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1}
        self.start_pod("lively", script, container={"livenessProbe": probe})
        self.inside("lively", "rm /tmp/alive")
        self.wait_for_status("lively", "a restart", lambda status: status["containerStatuses"][0]["restartCount"] == 1)
        self.wait_for_event("lively", "Killing", "Container c failed liveness probe, will be restarted")
        self.assertIn("can't open '/tmp/alive'", self.wait_for_event("lively", "Unhealthy", "Liveness probe failed")[2])
        self.lab.delete("pod", "lively")

    def test_a_sidecar_holds_the_others_back_until_it_has_started(self):
        probe = {"exec": {"command": ["test", "-f", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 60}
        sidecar = {
            "name": "side", "image": "registry.example/busybox:1", "restartPolicy": "Always", "command": ["sh", "-c", FOREVER], "startupProbe": probe,
        }  # fmt: skip
        self.lab.apply(manifest("held", FOREVER, initContainers=[sidecar]))
        self.wait_for_event("held", "Unhealthy", "Startup probe failed")
        status = self.lab.get("pod", "held")["status"]
        self.assertNotIn("running", status["containerStatuses"][0]["state"])
        self.lab.kubectl("exec", "held", "-c", "side", "--", "touch", "/tmp/up")
        self.lab.wait_for("pod", "held", "Ready")
        self.lab.delete("pod", "held")

    def test_a_restarted_agent_flips_nothing(self):
        probe = {"exec": {"command": ["true"]}, "periodSeconds": 30}
        self.start_pod("steady", FOREVER, container={"readinessProbe": probe, "startupProbe": {**probe, "periodSeconds": 1}})
        before = self.condition("steady", "Ready"), self.container("steady")
        self.lab.stop("agent")
        self.lab.start_agent()
        wait_until("the agent to know the pod", lambda: json.loads(self.lab.swiftlet("pods", "-o", "json", check=False).stdout or "[]"), 20)
        self.lab.kubectl("label", "pod", "steady", "seen=yes")
        self.assertEqual((self.condition("steady", "Ready"), self.container("steady")), before)
        self.lab.delete("pod", "steady")


class Hooks(LifeCase):
    def test_order_of_hooks_and_signals(self):
        hooks = {
            "postStart": {"exec": {"command": ["sh", "-c", "echo started > /proc/1/fd/1"]}},
            "preStop": {"exec": {"command": ["sh", "-c", "echo stopping > /proc/1/fd/1"]}},
        }  # fmt: skip
        script = "sleep 0.3; " + TELLS_TERM
        self.lab.apply(manifest("hooked", script, container={"lifecycle": hooks}, terminationGracePeriodSeconds=20, activeDeadlineSeconds=3))
        self.wait_for_status("hooked", "the end", lambda status: status["phase"] == "Failed")
        self.assertEqual(self.lab.kubectl("logs", "hooked").stdout.split(), ["started", "stopping", "term"])
        self.lab.delete("pod", "hooked")

    def test_a_failed_post_start_hook(self):
        hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo bad >&2; exit 5"]}}}
        self.lab.apply(manifest("bad-start", FOREVER, container={"lifecycle": hook}))
        wait_until("the reason", lambda: self.waiting("bad-start").get("reason") == "PostStartHookError", 30)
        message = self.waiting("bad-start")["message"]
        self.assertIn('Exec lifecycle hook ([sh -c echo bad >&2; exit 5]) for Container "c" in Pod "bad-start_default(', message)
        self.assertIn("exited with 5: bad", message)
        self.wait_for_event("bad-start", "FailedPostStartHook", "PostStartHook failed", "Warning")
        self.lab.delete("pod", "bad-start")

    def test_a_container_that_ends_under_its_pre_stop_hook(self):
        hook = {"preStop": {"sleep": {"seconds": 60}}}
        self.start_pod("sleeper", "sleep 3", container={"lifecycle": hook}, terminationGracePeriodSeconds=90, restartPolicy="Never")
        self.lab.kubectl("delete", "pod", "sleeper", "--timeout=60s")


class Changes(LifeCase):
    def test_a_debugger_sees_its_target(self):
        self.start_pod("target", "exec sleep 4321")
        debugger = {
            "name": "dbg", "image": "registry.example/busybox:1", "targetContainerName": "c",
            "command": ["sh", "-c", "ps; sleep 3; exit 3"],
        }  # fmt: skip
        self.patch("target", {"spec": {"ephemeralContainers": [debugger]}}, "ephemeralcontainers")

        def ended(status):
            return (status.get("ephemeralContainerStatuses") or [{}])[0].get("state", {}).get("terminated")

        self.assertEqual(self.wait_for_status("target", "the debugger's end", ended)["exitCode"], 3)
        self.assertIn("sleep 4321", self.lab.kubectl("logs", "target", "-c", "dbg").stdout)
        self.assertEqual(self.condition("target", "Ready")["status"], "True")
        self.lab.delete("pod", "target")

    def test_a_pod_that_claims_devices_waits(self):
        self.lab.apply(manifest("claiming", FOREVER, resourceClaims=[{"name": "gpu", "resourceClaimName": "one"}]))
        self.wait_for_event("claiming", "FailedPrepareDynamicResources", "ResourceClaims: one;", "Warning")
        self.assertEqual(self.waiting("claiming")["reason"], "ContainerCreating")
        self.lab.delete("pod", "claiming")

    def test_the_node_is_cordoned(self):
        """With an event for each change. The limits of all pods have had theirs, and plugins find their folders."""
        self.lab.kubectl("cordon", "node-1")
        self.wait_for_event("node-1", "NodeNotSchedulable", "Node node-1 status is now: NodeNotSchedulable")
        self.lab.kubectl("uncordon", "node-1")
        self.wait_for_event("node-1", "NodeSchedulable")
        self.assertTrue({"NodeAllocatableEnforced", "FailedNodeAllocatableEnforcement"} & {reason for _, reason, _ in self.events("node-1")})
        for folder in ("plugins", "plugins_registry", "device-plugins", "pod-resources"):
            self.assertEqual(stat.filemode(os.stat(os.path.join(self.lab.path("root"), folder)).st_mode), "drwxr-x---")

    def test_a_pod_past_its_deadline(self):
        self.lab.apply(manifest("late", "trap 'exit 0' TERM; while :; do sleep 0.1; done", activeDeadlineSeconds=3))
        status = self.wait_for_status("late", "the failure", lambda status: status["phase"] == "Failed" and status)
        self.assertEqual((status["reason"], status["containerStatuses"][0]["state"]["terminated"]["exitCode"]), ("DeadlineExceeded", 0))
        self.lab.delete("pod", "late")

    def test_a_pod_made_terminal_by_another(self):
        self.start_pod("failed", FOREVER)
        self.patch("failed", {"status": {"phase": "Failed", "reason": "Outside"}}, "status")

        def ended(status):
            return status["containerStatuses"][0]["state"].get("terminated") and status

        status = self.wait_for_status("failed", "the container's end", ended)
        self.assertEqual((status["phase"], status["reason"]), ("Failed", "Outside"))
        self.lab.delete("pod", "failed")

    def test_another_image_in_place(self):
        self.start_pod("changing", FOREVER)
        first = self.container("changing")
        self.patch("changing", {"spec": {"containers": [{"name": "c", "image": "registry.example/busybox:missing"}]}})
        wait_until("the failure", lambda: self.waiting("changing").get("reason") in ("ErrImagePull", "ImagePullBackOff"), 30)
        self.patch("changing", {"spec": {"containers": [{"name": "c", "image": "registry.example/busybox:1"}]}})
        self.lab.wait_for("pod", "changing", "Ready")
        self.assertNotEqual(self.container("changing")["containerID"], first["containerID"])
        self.wait_for_event("changing", "Killing", "Container c definition changed, will be restarted")
        self.lab.delete("pod", "changing")

    def test_marked_as_not_ready_by_another_client(self):
        """As a controller does with the pods of a node that seems to be silent: once the node speaks again, they are ready again."""
        self.start_pod("marked", FOREVER)
        self.patch("marked", {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, "status")
        self.lab.wait_for("pod", "marked", "Ready")
        self.assertEqual(self.container("marked")["restartCount"], 0)
        self.lab.delete("pod", "marked")

    def patch(self, name, patch, subresource=""):
        path = f"/api/v1/namespaces/default/pods/{name}" + ("/" + subresource if subresource else "")
        self.lab.patch(path, patch)
