#!/usr/bin/env python3
"""Runs swiftlet-shim and swiftlet-pause as the agent would, on real namespaces, overlays and cgroups. Needs root.

    make -f Sources/swiftlet-shim/shim.mk test-shim [ARGS="-k name"]
"""
import argparse
import os
import sys
import time
import traceback

import test_containers
import test_faults
import test_figures
import test_isolation
import test_lifecycle
import test_logs
from world import World

MODULES = (test_containers, test_isolation, test_logs, test_lifecycle, test_faults, test_figures)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--helpers", required=True)
    parser.add_argument("-k", default="", help="only tests whose name contains this")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("SKIPPED: all shim tests, they need root")
        return 0
    if not os.path.exists("/bin/busybox"):
        print("FAILED: /bin/busybox is missing, install busybox-static")
        return 1
    mounts, failures, count = len(open("/proc/self/mountinfo").readlines()), [], 0
    world = World(options.bin)
    world.helpers = options.helpers
    if not world.cgroup:
        print("SKIPPED: everything about cgroups, no cgroup2 is mounted")
    try:
        world.start_spawner()
        for module in MODULES:
            for name, test in sorted(vars(module).items()):
                if not name.startswith("test_") or options.k not in name or not callable(test):
                    continue
                started = time.monotonic()
                try:
                    count += 1
                    note = test(world)
                    print(f"ok      {name} ({time.monotonic() - started:.2f} s){': ' + note if note else ''}", flush=True)
                except Exception:
                    failures.append(name)
                    print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    finally:
        world.close()
    left = len(open("/proc/self/mountinfo").readlines()) - mounts
    if left or (world.cgroup and os.path.exists(world.cgroup)):
        failures.append("leftovers")
        print(f"FAILED  leftovers: {left} mounts, cgroup {world.cgroup}")
    print(f"{count - len(failures)} of {count} passed" + (f", failed: {', '.join(failures)}" if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
