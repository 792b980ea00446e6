#!/usr/bin/env python3
"""`make bench-node`: the agent's times and costs on this machine, beside `crun run` of a program that ends at once.

The control plane is swiftlet-devcluster, so an API server's own time is not in the figures. Absolute times belong to one machine: the column
`crun` has them in units of a crun run in the same minute.
"""
import argparse
import json
import os
import statistics
import sys
import time

from bench import beside, crun
from labs.node.lab import Lab
from labs.processes import anonymous_memory
from labs.programs import TESTS

TICKS = os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, lab):
        self.lab = lab
        self.unit = crun.median_run(lab.path("crun"))
        print(f"{'':46} {'ms':>8} {'crun':>6} {'wanted':>8}\n{'crun run /bin/true, median':46} {self.unit * 1000:8.1f} {1:6.1f}")

    def client(self, *words):
        return json.loads(self.lab.on_control(*beside.command(self.lab, "client", *words), cwd=TESTS).stdout)

    def row(self, name, seconds, wanted=""):
        print(f"{name:46} {seconds * 1000:8.1f} {seconds / self.unit:6.1f} {wanted:>8}", flush=True)

    def one_by_one(self, count):
        self.client("sequence", 3)
        wanted = {"event to exec": ("10 ms", "30 ms")}
        for name, times in self.client("sequence", count).items():
            median, late = wanted.get(name, ("", ""))
            self.row(f"{name}, one by one, median of {count}", statistics.median(times), median)
            self.row(f"{name}, one by one, 99 of 100", sorted(times)[min(count - 1, int(count * 0.99))], late)

    def at_once(self, count, running, gone=""):
        times = self.client("burst", count)
        self.row(f"{count} pods at once, all running", times["running"], running)
        self.row(f"{count} pods deleted, all gone", times["gone"], gone)

    # Costs

    def pid(self):
        return self.lab.processes["agent"].pid

    def processor_time(self):
        """Seconds of processor time that the agent has used."""
        with open(f"/proc/{self.pid()}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def written(self):
        with open(f"/proc/{self.pid()}/io") as file:
            return int(dict(line.split(": ") for line in file.read().splitlines())["write_bytes"])

    def cost(self, name, seconds, wanted):
        time.sleep(10)
        processor, written = self.processor_time(), self.written()
        time.sleep(seconds)
        share = (self.processor_time() - processor) / seconds
        print(f"{name}: {share:.2%} of a core (wanted {wanted}), {self.written() - written} bytes written in {seconds} s", flush=True)

    def memory(self, name, wanted=""):
        print(f"{name}: {anonymous_memory(self.pid()) / 1024:.1f} MB anonymous{f' (wanted {wanted})' if wanted else ''}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="pods one by one")
    parser.add_argument("--seconds", type=int, default=60, help="how long each cost is measured")
    parser.add_argument("--only", choices=["times", "costs"])
    options = parser.parse_args()
    lab = Lab()
    with lab:
        bench = Bench(lab)
        bench.memory("agent without pods")
        if options.only != "costs":
            bench.one_by_one(options.count)
            bench.at_once(20, "350 ms")
            bench.at_once(90, "1200 ms")
            bench.at_once(110, "", "1500 ms")
        if not options.only:
            # The events of so many pods are still on their way, at the rate that the node allows itself.
            time.sleep(45)
        if options.only != "times":
            bench.client("stay", 50, "idle")
            bench.cost("50 pods", options.seconds, "0.1%")
            bench.client("stay", 60, "more")
            time.sleep(40)
            bench.memory("agent with 110 pods", "16 MB")
            bench.client("clear")
            bench.client("stay", 50, "probed")
            bench.cost("50 pods with two probes each second", options.seconds, "3%")
            bench.client("clear")
            time.sleep(60)
            bench.memory("agent a minute after the last pod")
    return 1 if lab.report_leaks() else 0


if __name__ == "__main__":
    sys.exit(main())
