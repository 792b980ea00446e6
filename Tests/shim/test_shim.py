#!/usr/bin/env python3
"""Runs swiftlet-shim and swiftlet-pause as the agent would, on real namespaces, overlays and cgroups. Needs root.

    make -f Sources/swiftlet-shim/shim.mk test-shim [ARGS="-k name"]
"""
import argparse
import os
import sys
import time
import traceback

import test_attach
import test_compare
import test_containers
import test_ending
import test_exec
import test_faults
import test_figures
import test_given
import test_hostile
import test_hostile_mounts
import test_hostile_programs
import test_isolation
import test_lifecycle
import test_logs
import test_mounts
import test_options
import test_pause
import test_spawner
import test_terminal
import test_userns
from world import World

MODULES = (test_containers, test_isolation, test_mounts, test_userns, test_hostile, test_hostile_mounts, test_hostile_programs, test_compare, test_logs,
           test_lifecycle, test_ending, test_terminal, test_attach, test_exec, test_given, test_options, test_pause, test_spawner, test_faults, test_figures)


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
    failures, count = [], 0
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
    # Nothing of others: they may mount and unmount at the same time.
    left = [line.split()[4] for line in open("/proc/self/mountinfo") if world.base in line]
    if left or (world.cgroup and os.path.exists(world.cgroup)):
        failures.append("leftovers")
        print(f"FAILED  leftovers: mounts {left}" + (f", cgroup {world.cgroup}" if world.cgroup and os.path.exists(world.cgroup) else ""))
    print(f"{count - len(failures)} of {count} passed" + (f", failed: {', '.join(failures)}" if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
