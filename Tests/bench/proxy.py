#!/usr/bin/env python3
"""`make bench-proxy`: the rules of many Services with two endpoints each, beside `nft -f` of the same content and of rules in kube-proxy's shape.

Every load of rules has a network namespace of its own, and the peers take turns with swiftlet. Full sync: from the compiled model to the commit.
One endpoint: from the changed EndpointSlice to the commit; for `nft -f` from the start of the program, because kube-proxy starts it for each change.
Kernel memory: growth of SUnreclaim and VmallocUsed of the whole machine while the rules are loaded, so other work on the machine is in it; the
median of all runs. Process memory: anonymous, with all Services, EndpointSlices and what the rules were last, as the agent keeps them.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from bench import kube_proxy
from labs.files import read_text
from labs.node.network import Network

FULL = {1000: 25, 10000: 150, 50000: 800}  # wanted ms
CHANGES = 200
STEADY = 64 << 10  # bytes that other work on the machine may move
CLIENT, SERVER, SERVICE = "10.244.0.130", "10.244.0.2", "10.96.0.1"


def kernel_memory():
    """Bytes."""
    lines = dict(line.split(":") for line in read_text("/proc/meminfo").splitlines())
    return sum(int(lines[name].split()[0]) for name in ("SUnreclaim", "VmallocUsed")) * 1024


def settled_memory():
    """As `kernel_memory`, once it stays as it is: the kernel takes down namespaces, and gives back memory, a little later."""
    latest, steady, deadline = kernel_memory(), 0, time.monotonic() + 5
    while steady < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
        now = kernel_memory()
        steady = steady + 1 if abs(now - latest) < STEADY else 0
        latest = now
    return latest


class Bench(Network):
    def __init__(self, program, folder, stack, runs):
        super().__init__()
        self.program, self.folder, self.stack, self.runs = program, folder, stack, runs
        self.last_namespace = 0

    def namespace(self, stack=None):
        self.last_namespace += 1
        name = f"swl-{self.id}-{self.last_namespace}"
        self.add_namespace(name, stack or self.stack)
        return name

    def path(self, size, *parts):
        return os.path.join(self.folder, str(size), *parts)

    def call(self, namespace, *words):
        found = self.run_in(namespace, self.program, *map(str, words), check=False)
        if found.returncode:
            raise RuntimeError(f"ProxyBench {' '.join(map(str, words))}: {found.stderr}")
        return json.loads(found.stdout)

    def write(self, size):
        os.mkdir(self.path(size))
        subprocess.run([self.program, "write", str(size), self.path(size)], check=True)

    def nft(self, namespace, path):
        """Milliseconds that `nft -f` takes."""
        began = time.monotonic()
        self.run_in(namespace, "nft", "-f", path)
        return (time.monotonic() - began) * 1000

    def nft_texts(self, namespace, texts):
        """The median of `nft -f` of some texts, in milliseconds."""
        times = []
        path = os.path.join(self.folder, "change.nft")
        for text in texts:
            with open(path, "w") as file:
                file.write(text)
            times.append(self.nft(namespace, path))
        return statistics.median(times)

    # Rules

    def once(self, stack, load):
        """What `load` returns, and bytes of the kernel's memory that its rules take."""
        namespace = self.namespace(stack)
        before = settled_memory()
        result = load(namespace)
        return result, settled_memory() - before

    def swiftlet(self, stack, size):
        return self.once(stack, lambda namespace: self.call(namespace, "sync", size, self.path(size), CHANGES))

    def same_content(self, stack, size):
        return self.once(stack, lambda namespace: {"full": self.nft(namespace, self.path(size, "rules.nft"))})

    def kube_proxy(self, stack, size):
        kube_proxy.write(self.path(size, "kube-proxy.nft"), size)

        def load(namespace):
            full = self.nft(namespace, self.path(size, "kube-proxy.nft"))
            changes = [kube_proxy.change(1 + number, f"10.247.255.{1 + number}") for number in range(20)]
            return {"full": full, "change": self.nft_texts(namespace, changes)}

        return self.once(stack, load)

    def size(self, size, with_kube_proxy):
        self.write(size)
        own, same, other = [], [], []
        # No rules go before all are there: the memory of what is gone would be used again, without being counted.
        with contextlib.ExitStack() as stack:
            for _ in range(self.runs):
                own.append(self.swiftlet(stack, size))
                same.append(self.same_content(stack, size))
            if with_kube_proxy:
                other.append(self.kube_proxy(stack, size))

        def middle(runs, name):
            return statistics.median(figures[name] for figures, _ in runs) if runs else None

        def bytes_each(runs):
            return statistics.median(memory for _, memory in runs) / size if runs else None

        row(f"{size} Services, full sync, ms", middle(own, "full"), middle(same, "full"), middle(other, "full"), FULL.get(size))
        row(f"{size} Services, one endpoint, ms", middle(own, "change"), None, middle(other, "change"), 1)
        row(f"{size} Services, one endpoint, 99 of 100, ms", middle(own, "late_change"))
        row(f"{size} Services, kernel memory, bytes each", bytes_each(own), bytes_each(same), bytes_each(other), 300)
        row(f"{size} Services, reading the lists, ms", middle(own, "decode"), wanted=5000 if size == 50000 else None)
        row(f"{size} Services, compiling all, ms", middle(own, "compile"))
        row(f"{size} Services, process memory, MB", middle(own, "memory") / 1e6, wanted=60 if size == 50000 else None)
        parts = self.call(self.namespace(), "memory", size, self.path(size))
        row(f"{size} Services, of that the objects, MB", parts["objects"] / 1e6)
        row(f"{size} Services, of that what was compiled, MB", parts["compiled"] / 1e6)

    # Connections

    def node(self, size):
        """Returns the namespaces of a client, a node with the rules of `size` Services between, and a server."""
        client, node, server = (self.namespace() for _ in range(3))
        for place, name, address, gateway in ((client, "c", CLIENT, "10.244.0.129"), (server, "s", SERVER, "10.244.0.1")):
            self.ip(node, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", place)
            self.ip(node, "address", "add", f"{gateway}/25", "dev", name)
            self.ip(node, "link", "set", name, "up")
            self.ip(place, "address", "add", f"{address}/25", "dev", "eth0")
            self.ip(place, "link", "set", "eth0", "up")
            self.ip(place, "route", "add", "default", "via", gateway)
        self.ip(server, "address", "add", "10.244.0.3/25", "dev", "eth0")
        # Connections that have ended should not fill the table of tracked ones.
        self.run_in(node, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.netfilter.nf_conntrack_tcp_timeout_close=1")
        self.call(node, "sync", size, self.path(size), 0)
        process = subprocess.Popen([*self.inside(server), self.program, "serve", "8080"], stdout=subprocess.PIPE, text=True)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the server did not start")
        return client

    def connections(self, many, rounds, count):
        self.write(1)
        one, all_of_them = self.node(1), self.node(many)
        ways = {"pod": (one, SERVER, 8080), "one": (one, SERVICE, 80), "many": (all_of_them, SERVICE, 80)}
        figures = {name: [] for name in ways}
        for number in range(rounds + 1):
            # In turn, and each way first as often as the others: whatever else the machine does slows all of them.
            names = list(ways)
            for name in names[number % 3:] + names[:number % 3]:
                client, address, port = ways[name]
                found = self.call(client, "connect", address, port, count)
                if number:
                    figures[name].append(found)
        print(f"\n{'connections, one after the other':44} {'to the pod':>11} {'1 Service':>11} {many:>11} {'ratio':>8} {'wanted':>8}")
        for name, title in (("per_second", "per second"), ("median", "first packet and its answer, us"), ("late", "the same, 99 of 100, us")):
            pod, least, most = (statistics.median(found[name] for found in figures[way]) for way in ways)
            # Of the rounds' own ratios: a round's figures belong together.
            ratio = statistics.median(b[name] / a[name] for a, b in zip(figures["one"], figures["many"]))
            wanted = {"per_second": ">= 0.95", "median": "<= 1.05"}.get(name, "")
            print(f"{title:44} {pod:11.1f} {least:11.1f} {most:11.1f} {ratio:8.3f} {wanted:>8}", flush=True)


def row(title, own, same=None, other=None, wanted=None):
    def figure(value, width, digits):
        return f"{'' if value is None else format(value, f'.{digits}f'):>{width}}"

    digits = 2 if own < 100 else 0
    cells = [figure(own, 10, digits)]
    for peer in (same, other):
        cells += [figure(peer, 11, digits), figure(peer and peer / own, 8, 1)]
    print(f"{title:44} {' '.join(cells)} {'' if wanted is None else f'<= {wanted}':>8}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the built ProxyBench")
    parser.add_argument("--sizes", default="1000,10000,50000", help="numbers of Services, ascending")
    parser.add_argument("--runs", type=int, default=3, help="full syncs of each size")
    parser.add_argument("--kube-proxy-limit", type=int, default=10000, help="rules of its shape up to so many Services: time grows with the square")
    parser.add_argument("--rounds", type=int, default=12, help="rounds of connections")
    parser.add_argument("--connections", type=int, default=2000, help="connections of a round on each way")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="swl-bench-", dir="/var/tmp"))
        bench = Bench(options.program, folder, stack, options.runs)
        load = read_text("/proc/loadavg").split()[0]
        print(f"kernel {os.uname().release}, {os.cpu_count()} processors, load {load}; medians of {options.runs}, a peer's by swiftlet's")
        print(f"{'':44} {'swiftlet':>10} {'nft -f':>11} {'ratio':>8} {'kube-proxy':>11} {'ratio':>8} {'wanted':>8}", flush=True)
        for size in sizes:
            bench.size(size, size <= options.kube_proxy_limit)
        bench.connections(sizes[-1], options.rounds, options.connections)
    return 0


if __name__ == "__main__":
    sys.exit(main())
