"""A client of the API server for the bench: makes pods and deletes them, and takes the times. Prints one JSON object.

client.py FOLDER SERVER LOGS WORK [NUMBER [KIND]]: FOLDER has ca.crt, admin.crt and admin.key; WORK is `sequence`, `burst`, `stay` or `clear`.
"""
import concurrent.futures
import datetime
import glob
import http.client
import json
import os
import ssl
import sys
import threading
import time

from labs.node.pods import manifest

PODS = "/api/v1/namespaces/default/pods"
# Writes one line as soon as it runs, whose time in the log is the container's first sign of life, and obeys SIGTERM.
COMMAND = "echo up; trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"
CONNECTIONS = 4
PATIENCE = 120


def pod(name, **container):
    return manifest(name, COMMAND, nodeName="node-1", terminationGracePeriodSeconds=10, container=container)


def probed():
    """A container with an exec probe and an HTTP probe, each every second."""
    # The applet answers on the pod's own address.
    command = "mkdir -p /tmp/www; echo ok > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"
    return {
        "command": ["sh", "-c", command],
        "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1},
        "readinessProbe": {"httpGet": {"port": 8080, "path": "/"}, "periodSeconds": 1},
    }


class Client:
    def __init__(self, folder, server, logs):
        self.context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
        self.context.load_cert_chain(os.path.join(folder, "admin.crt"), os.path.join(folder, "admin.key"))
        self.server, self.logs = server, logs
        self.threads = threading.local()
        self.changed = threading.Condition()
        self.added, self.running, self.gone = {}, {}, {}

    def connection(self):
        return http.client.HTTPSConnection(self.server, context=self.context, timeout=PATIENCE)

    def call(self, method, path, body=None, kind="application/json"):
        connection = getattr(self.threads, "connection", None)
        if connection is None:
            connection = self.threads.connection = self.connection()
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def watch(self):
        version = self.call("GET", PODS)["metadata"]["resourceVersion"]
        connection = self.connection()
        connection.request("GET", f"{PODS}?watch=1&resourceVersion={version}")
        answer = connection.getresponse()
        threading.Thread(target=self.follow, args=[answer], daemon=True).start()

    def follow(self, answer):
        while line := answer.readline():
            event = json.loads(line)
            with self.changed:
                self.see(event)
                self.changed.notify_all()

    def see(self, event):
        now = time.time()
        name = event["object"]["metadata"]["name"]
        statuses = event["object"].get("status", {}).get("containerStatuses") or []
        if event["type"] == "ADDED":
            self.added.setdefault(name, now)
        if statuses and all("running" in s["state"] for s in statuses):
            self.running.setdefault(name, now)
        if event["type"] == "DELETED":
            self.gone[name] = now

    def wait(self, times, name):
        with self.changed:
            if not self.changed.wait_for(lambda: name in times, PATIENCE):
                raise TimeoutError(f"pod {name} after {PATIENCE} s")
        return times[name]

    def first_sign(self, name):
        """The time of the first line in a container's log, in seconds since 1970."""
        pattern = os.path.join(self.logs, f"default_{name}_*", "c", "0.log")
        end = time.time() + 5
        while time.time() < end:
            for path in glob.glob(pattern):
                with open(path) as file:
                    line = file.readline()
                if line:
                    stamp = line.split()[0]
                    whole = datetime.datetime.fromisoformat(stamp[:19] + "+00:00").timestamp()
                    return whole + float("0." + stamp[20:29])
            time.sleep(0.002)
        raise TimeoutError(f"no line in {pattern}")

    def make(self, name, **container):
        self.call("POST", PODS, pod(name, **container))

    def remove(self, name):
        self.call("DELETE", f"{PODS}/{name}")

    def sequence(self, count):
        times = {"event to exec": [], "create to running": [], "delete to gone": []}
        for number in range(count):
            name = f"one-{number}"
            began = time.time()
            self.make(name)
            times["create to running"].append(self.wait(self.running, name) - began)
            times["event to exec"].append(self.first_sign(name) - self.wait(self.added, name))
            began = time.time()
            self.remove(name)
            times["delete to gone"].append(self.wait(self.gone, name) - began)
        return times

    def all_at_once(self, work, names):
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(work, names))

    def burst(self, count):
        names = [f"many-{count}-{number}" for number in range(count)]
        began = time.time()
        self.all_at_once(self.make, names)
        running = max(self.wait(self.running, name) for name in names) - began
        began = time.time()
        self.all_at_once(self.remove, names)
        return {"running": running, "gone": max(self.wait(self.gone, name) for name in names) - began}

    def stay(self, count, kind):
        container = probed() if kind == "probed" else {}
        names = [f"{kind}-{number}" for number in range(count)]
        self.all_at_once(lambda name: self.make(name, **container), names)
        for name in names:
            self.wait(self.running, name)
        return {"pods": count}

    def clear(self):
        names = [p["metadata"]["name"] for p in self.call("GET", PODS)["items"]]
        self.all_at_once(self.remove, names)
        for name in names:
            self.wait(self.gone, name)
        return {"pods": len(names)}


def run_until_told(works):
    """Runs each work in a thread of its own until the end of the standard input. A work gets the event that ends it. Returns the results of those
    that did not fail."""
    stopped, results = threading.Event(), []
    threads = [threading.Thread(target=lambda work=work: results.append(work(stopped))) for work in works]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
    return results


def main(folder, server, logs, work, count="0", kind="idle"):
    client = Client(folder, server, logs)
    client.watch()
    works = {
        "sequence": lambda: client.sequence(int(count)),
        "burst": lambda: client.burst(int(count)),
        "stay": lambda: client.stay(int(count), kind),
        "clear": client.clear,
    }
    print(json.dumps(works[work]()))


if __name__ == "__main__":
    main(*sys.argv[1:])
