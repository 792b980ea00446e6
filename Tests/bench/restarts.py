#!/usr/bin/env python3
"""`make soak-restarts`: an agent that is killed and started again at random while pods come and go: no container may be restarted for it, and no pod
that is Ready may say otherwise. Exits with 1 if one does."""
import argparse
import json
import random
import signal
import subprocess
import sys
import time

from bench import beside
from labs.node.lab import Lab
from labs.programs import TESTS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=50, help="how often the agent ends")
    parser.add_argument("--staying", type=int, default=20, help="pods that live all the time, half of them with probes each second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    lab = Lab()
    with lab:
        command = [*lab.inside(lab.control_namespace), *beside.command(lab, "churn", options.staying)]
        client = subprocess.Popen(command, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            if client.stdout.readline() != "ready\n":
                raise RuntimeError("the client has ended early")
            for _ in range(options.count):
                time.sleep(chance.uniform(0.1, 2))
                lab.stop("agent", chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
                time.sleep(chance.uniform(0, 0.5))
                lab.start_agent(ready=False)
            answer = json.loads(client.communicate("", timeout=300)[0])
        finally:
            client.kill()
            client.wait()
    print(f"{options.count} restarts of the agent, {options.staying} pods that stayed and {answer['pods']} that came and went:", end=" ")
    print("nothing else was restarted, no pod was less Ready" if not answer["violations"] else "violations:")
    for violation in answer["violations"]:
        print(f"  {violation}")
    return 1 if answer["violations"] or lab.report_leaks() else 0


if __name__ == "__main__":
    sys.exit(main())
