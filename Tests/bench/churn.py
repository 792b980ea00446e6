"""Pods that come and go while others stay, and what the watch says about all of them. Prints one JSON object once it has been told to stop.

churn.py FOLDER SERVER LOGS STAYING: FOLDER has ca.crt, admin.crt and admin.key; STAYING pods live as long as this runs, which is until the end of
its standard input.
"""
import functools
import json
import sys

from bench.client import PODS, Client, pod, probed, run_until_told

ALIVE = 8  # pods that come and go, at a time


class History(Client):
    """Notes what must not happen to a pod as long as nobody has asked for its end."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.containers, self.ready, self.violations = {}, set(), []

    def see(self, event):
        super().see(event)
        subject = event["object"]
        name = subject["metadata"]["name"]
        if event["type"] == "DELETED" or "deletionTimestamp" in subject["metadata"]:
            self.ready.discard(name)
            return
        status = subject.get("status", {})
        for container in status.get("containerStatuses", []):
            known = self.containers.setdefault(name, container.get("containerID"))
            if container["restartCount"] or (known and container.get("containerID") != known):
                self.violations.append(f"{name}: restarted: {container}")
            self.containers[name] = known or container.get("containerID")
        ready = [c for c in status.get("conditions", []) if c["type"] == "Ready"]
        if ready and ready[0]["status"] == "True":
            self.ready.add(name)
        elif name in self.ready:
            self.violations.append(f"{name}: no longer Ready: {ready}")

    def come_and_go(self, lane, stopped):
        number = 0
        while not stopped.is_set():
            name = f"churn-{lane}-{number}"
            self.make(name)
            self.wait(self.running, name)
            self.remove(name)
            self.wait(self.gone, name)
            number += 1
        return number


def main(folder, server, logs, staying):
    client = History(folder, server, logs)
    client.watch()
    names = [f"stay-{number}" for number in range(int(staying))]
    for number, name in enumerate(names):
        client.call("POST", PODS, pod(name, **(probed() if number % 2 else {})))
    for name in names:
        client.wait(client.running, name)
    print("ready", flush=True)
    counts = run_until_told([functools.partial(client.come_and_go, lane) for lane in range(ALIVE)])
    with client.changed:
        kept = sorted(set(names) & client.ready)
        violations = list(client.violations)
    violations += [f"{name}: never Ready" for name in names if name not in kept]
    if len(counts) < ALIVE:
        violations.append(f"{ALIVE - len(counts)} of {ALIVE} lanes ended early")
    print(json.dumps({"pods": sum(counts), "violations": violations}))


if __name__ == "__main__":
    main(*sys.argv[1:])
