#!/usr/bin/env python3
"""Boots a virtual machine with the installed programs and units, and tests there what this machine's kernel or service manager cannot show.

    make vm-test [ARGS="-k name"]
"""
import argparse
import contextlib
import itertools
import os
import shutil
import signal
import sys
import time
import traceback

import test_cgroups
import test_confinement
import test_isolation
import test_limits
import test_pod_level
import test_reboot
import test_refusals
import test_resize
import test_restarts
import test_settings
import test_units
from vmlab import image
from vmlab.node import VMLab

# In this order: the machine as it came up first, what takes it down last.
MODULES = (
    test_units, test_cgroups, test_pod_level, test_limits, test_isolation, test_confinement, test_resize, test_settings, test_refusals, test_restarts,
    test_reboot,
)  # fmt: skip
NEEDED = ("qemu-system-x86_64", "mmdebstrap", "mkfs.ext4", "docker-registry", "kubectl")


class Overdue(BaseException):
    """The whole run took too long; not an Exception, so that no test takes it for its own."""


def chosen(patterns):
    found = [(module.__name__, name, test) for module in MODULES for name, test in vars(module).items() if name.startswith("test_") and callable(test)]
    return [entry for entry in found if any(pattern in f"{entry[0]}.{entry[1]}" for pattern in patterns)]


def run_tests(lab, tests, failures, done):
    """A module may have `around(lab)`, which lasts from its first test to its last one."""
    for module, group in itertools.groupby(tests, lambda entry: entry[0]):
        around = getattr(sys.modules[module], "around", contextlib.nullcontext)
        started = time.monotonic()
        try:
            with around(lab):
                run_group(lab, group, failures, done)
                left = lab.left_of_pods()
            if left:
                failures.append(f"{module} left something")
                print(f"FAILED  {module} has left on the node: {left}", flush=True)
        except Exception:
            failures.append(f"{module}.around")
            print(f"FAILED  {module}.around ({time.monotonic() - started:.1f} s)\n{traceback.format_exc()}", flush=True)


def run_group(lab, tests, failures, done):
    for module, name, test in tests:
        started = time.monotonic()
        try:
            note = test(lab)
            print(f"ok      {module}.{name} ({time.monotonic() - started:.1f} s){': ' + note if note else ''}", flush=True)
        except Exception:
            failures.append(name)
            print(f"FAILED  {module}.{name} ({time.monotonic() - started:.1f} s)\n{traceback.format_exc()}", flush=True)
        done.append(name)


def stop_after(seconds, lab):
    def overdue(*_):
        # First, so that nothing that has to be undone waits for it.
        lab.switch_off()
        raise Overdue

    signal.signal(signal.SIGALRM, overdue)
    signal.alarm(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--installed", required=True, help="what make install DESTDIR= has left")
    parser.add_argument("--cache", required=True, help="folder for the base of the disk")
    parser.add_argument("--logs", required=True, help="folder for the console's log and the journal")
    parser.add_argument("--image-only", action="store_true", help="only make the base of the disk")
    parser.add_argument("--seconds", type=int, default=840, help="for everything")
    parser.add_argument("-k", default="", help="only tests whose name contains one of these, separated by commas")
    options = parser.parse_args()
    missing = [name for name in NEEDED if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        print(f"SKIPPED: all tests in a virtual machine, {'they need root' if os.geteuid() else 'not installed: ' + ', '.join(missing)}")
        return 0
    began = time.monotonic()
    if options.image_only:
        print(f"{image.base(options.cache)} ({time.monotonic() - began:.0f} s)")
        return 0
    tests, failures, done = chosen(options.k.split(",")), [], []
    lab = VMLab(os.path.abspath(options.installed), os.path.abspath(options.cache), os.path.abspath(options.logs))
    stop_after(options.seconds, lab)
    try:
        with lab:
            print(", ".join(f"{what} {seconds:.0f} s" for what, seconds in lab.figures.items()), flush=True)
            run_tests(lab, tests, failures, done)
            if failures:
                lab.keep_journal()
            if not lab.vm.power_off():
                failures.append("power off")
                print("FAILED  power off: the machine was still running after a minute")
        left = lab.leaks()
        if left:
            failures.append("leftovers")
            print(f"FAILED  leftovers: {left}")
        signal.alarm(0)
    except Overdue:
        print(f"FAILED  the run was not over after {options.seconds} s")
    except Exception:
        print(f"FAILED  the machine\n{traceback.format_exc()}")
    missing = [name for _, name, _ in tests if name not in done]
    for name in missing:
        print(f"FAILED  {name}: no result")
    bad = failures + missing
    passed = [name for name in done if name not in failures]
    print(f"{len(passed)} of {len(tests)} passed in {time.monotonic() - began:.0f} s" + (f", failed: {', '.join(bad)}" if bad else ""))
    if bad:
        print(f"console and journal: {options.logs}")
    return 1 if bad or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
