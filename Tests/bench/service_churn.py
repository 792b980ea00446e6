"""Services and endpoints that change all the time beside one that must not be felt to. Prints one JSON object once it has been told to stop.

service_churn.py FOLDER SERVER LOGS SEED: FOLDER has ca.crt, admin.crt and admin.key. Runs until the end of its standard input. The pods whose name
begins with `extra` enter and leave the Service that selects `app: steady`; they live all the time, and so do the others.
"""
import functools
import json
import random
import sys
import time

from bench.client import PODS, Client, run_until_told

SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
OTHERS = 150  # Services beside the steady one
LANES = 3  # threads that change them
PAUSE = 0.01  # seconds between two changes of a thread


def service(name, chance):
    ports = [{"name": f"p{n}", "port": 80 + n, "protocol": chance.choice(["TCP", "UDP", "SCTP"])} for n in range(chance.randint(1, 3))]
    spec = {"type": chance.choice(["ClusterIP", "ClusterIP", "NodePort"]), "ports": ports}
    if chance.random() < 0.2:
        spec["sessionAffinity"] = "ClientIP"
    if chance.random() < 0.2:
        spec["internalTrafficPolicy"] = "Local"
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def endpoint_slice(name, chance):
    conditions = {"ready": chance.random() < 0.9}
    endpoints = [
        {
            "addresses": [f"10.244.{chance.randint(1, 9)}.{chance.randint(2, 250)}"], "conditions": conditions,
            "nodeName": f"node-{chance.randint(1, 3)}",
        }
        for _ in range(chance.choice([0, 1, 2, 3, 30]))
    ]  # fmt: skip
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": endpoints,
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}}, "ports": [{"name": "p0", "port": 8080, "protocol": "TCP"}],
    }  # fmt: skip


class Churn(Client):
    def change(self, lane, seed, stopped):
        """Makes, changes and deletes Services of its own until told to stop."""
        chance = random.Random(seed)
        alive, number = set(), 0
        while not stopped.is_set():
            name = f"mess-{lane}-{chance.randrange(OTHERS // LANES)}"
            if name not in alive:
                self.call("POST", SERVICES, service(name, chance))
                self.call("POST", SLICES, endpoint_slice(name, chance))
                alive.add(name)
            elif chance.random() < 0.7:
                self.call("PUT", f"{SLICES}/{name}", endpoint_slice(name, chance))
            else:
                self.call("DELETE", f"{SERVICES}/{name}")
                self.call("DELETE", f"{SLICES}/{name}")
                alive.discard(name)
            number += 1
            time.sleep(PAUSE)
        return number

    def enter_and_leave(self, seed, stopped):
        """The Service's own endpoints change; each pod goes on answering."""
        chance = random.Random(seed)
        extra = [p["metadata"]["name"] for p in self.call("GET", PODS)["items"] if p["metadata"]["name"].startswith("extra")]
        number = 0
        while not stopped.is_set():
            label = {"metadata": {"labels": {"app": chance.choice(["steady", "off"])}}}
            self.call("PATCH", f"{PODS}/{chance.choice(extra)}", label, "application/merge-patch+json")
            number += 1
            time.sleep(0.3)
        return number


def main(folder, server, logs, seed):
    client = Churn(folder, server, logs)
    works = [functools.partial(client.change, lane, int(seed) + lane) for lane in range(LANES)]
    works.append(functools.partial(client.enter_and_leave, int(seed)))
    counts = run_until_told(works)
    print(json.dumps({"changes": sum(counts), "threads": len(counts), "of": len(works)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
