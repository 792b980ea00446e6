#!/usr/bin/env python3
"""`make soak-services`: constant requests to one Service while its endpoints, other Services and their endpoints change, the agent is killed and
started again, and another program flushes its rules. No request may fail, but for what a NodePort refuses while its rules are gone: nothing but the
node's own programs answers then. Exits with 1 if one does."""
import argparse
import json
import random
import signal
import subprocess
import sys
import time

from bench import beside
from labs.node.lab import Lab
from labs.node.network import NODE_IP
from labs.node.pods import manifest
from labs.programs import TESTS
from labs.waiting import wait_until

STEADY, EXTRA = 3, 3  # pods
PATIENCE = 8  # seconds that a request may take: more than two further SYN
REPAIR = 1  # second within which rules that another program has removed are back

WEB = "mkdir /tmp/www; echo here > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"

# A new connection for each request.
REQUESTS = """
import json, sys, threading, time, urllib.request
url, patience, rate = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
stopped, failures, times = threading.Event(), [], []
threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
while not stopped.is_set():
    began = time.time()
    try:
        assert urllib.request.urlopen(url, timeout=patience).read() == b"here\\n"
        times.append(time.time() - began)
    except Exception as error:
        failures.append([began, f"after {time.time() - began:.2f} s: {error}"])
    stopped.wait(max(0, began + 1 / rate - time.time()))
print(json.dumps({"requests": len(times) + len(failures), "failures": failures, "longest": max(times, default=0)}))
"""


class Soak:
    def __init__(self, lab, seed):
        self.lab, self.chance = lab, random.Random(seed)
        self.counts, self.removals = {}, []

    def begin(self):
        lab = self.lab
        names = [f"steady-{n}" for n in range(STEADY)] + [f"extra-{n}" for n in range(EXTRA)]
        lab.apply(*[manifest(name, WEB, labels={"app": "steady"}) for name in names])
        lab.apply({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "steady"},
            "spec": {"type": "NodePort", "selector": {"app": "steady"}, "ports": [{"port": 80, "targetPort": 8080}]},
        })  # fmt: skip
        for name in names:
            lab.wait_for("pod", name, "Ready")
        spec = lab.get("service", "steady")["spec"]
        urls = [
            (lab.node_namespace, f"http://{spec['clusterIP']}/"), (lab.control_namespace, f"http://{NODE_IP}:{spec['ports'][0]['nodePort']}/"),
        ]  # fmt: skip
        for namespace, url in urls:
            wait_until(f"an answer of {url}", lambda: self.answers(url, namespace), 20)
        return urls

    def answers(self, url, namespace):
        try:
            return self.lab.fetch(url, namespace, seconds=1)
        except subprocess.CalledProcessError:
            return None

    def disturb(self):
        what = self.chance.choice(["killed", "stopped", "flushed", "deleted"])
        self.counts[what] = self.counts.get(what, 0) + 1
        lab = self.lab
        if what in ("killed", "stopped"):
            lab.stop("agent", signal.SIGKILL if what == "killed" else signal.SIGTERM)
            time.sleep(self.chance.uniform(0, 2))
            lab.start_agent(ready=False)
            return
        self.removals.append(time.time())
        if what == "flushed":
            lab.on_node("nft", "flush", "ruleset")
        else:
            tables = lab.on_node("nft", "list", "tables").stdout.split("\n")
            lab.on_node("nft", "delete", *self.chance.choice([t for t in tables if "swiftlet" in t] or ["table ip none"]).split(), check=False)

    def list_rules(self):
        """Whoever lists the rules at any time gets an answer."""
        self.lab.on_node("nft", "list", "ruleset")
        json.loads(self.lab.on_node("nft", "-j", "list", "ruleset").stdout)

    def is_excused(self, url, failure):
        began, text = failure
        return NODE_IP in url and "refused" in text and any(-0.1 <= began - gone <= REPAIR for gone in self.removals)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pause", type=float, default=6, help="seconds between two disturbances, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lab = Lab()
    with lab:
        soak = Soak(lab, options.seed)
        urls = soak.begin()
        churn = [*lab.inside(lab.control_namespace), *beside.command(lab, "service_churn", options.seed)]
        mess = subprocess.Popen(churn, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        clients = [lab.start_client(namespace, REQUESTS, url, str(PATIENCE), "20") for namespace, url in urls]
        try:
            end = time.monotonic() + 60 * options.minutes
            while time.monotonic() < end:
                time.sleep(soak.chance.uniform(options.pause / 3, options.pause))
                soak.disturb()
                soak.list_rules()
            time.sleep(3)
            answers = [json.loads(client.communicate("", timeout=60)[0]) for client in clients]
            changes = json.loads(mess.communicate("", timeout=60)[0])
        finally:
            for process in (mess, *clients):
                process.kill()
                process.wait()
    print(f"{options.minutes:g} minutes, {changes['changes']} changes of Services and endpoints, the agent or its rules:", soak.counts)
    failed = changes["threads"] != changes["of"]
    for (_, url), answer in zip(urls, answers):
        failures = [failure for failure in answer["failures"] if not soak.is_excused(url, failure)]
        excused = len(answer["failures"]) - len(failures)
        print(f"{url}: {answer['requests']} requests, {len(failures)} failed, the longest took {answer['longest']:.2f} s", end="")
        print(f"; {excused} refused while the rules were gone" if excused else "")
        for began, text in failures[:20]:
            print(f"  {time.strftime('%H:%M:%S', time.localtime(began))} {text}")
        failed = failed or bool(failures)
    return 1 if failed or lab.report_leaks() else 0


if __name__ == "__main__":
    sys.exit(main())
