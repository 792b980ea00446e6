#!/usr/bin/env python3
"""Boots a virtual machine with the installed programs and units, and tests there what needs another kernel or systemd.

    make vm-test [ARGS="-k name"]
"""
import argparse
import os
import shutil
import signal
import sys
import time
import traceback
import unittest

from labs.vm import image
from labs.vm.case import VMCase
from labs.vm.lab import VMLab

# In this order: the freshly booted machine first, reboots last.
MODULES = (
    "test_units", "test_cgroups", "test_pod_level", "test_limits", "test_counters", "test_journal", "test_isolation", "test_confinement",
    "test_resize", "test_settings", "test_eviction", "test_nfs", "test_refusals",
    "test_restarts", "test_reboot", "test_shutdown", "test_power_cut",
)  # fmt: skip
# The least that has to pass before a change is taken: each kind of thing once, under emulation some minutes instead of half an hour.
CORE = (
    "Units", "test_guaranteed", "test_burstable", "test_nothing_is_left", "test_devices", "test_delegation_ends_at_the_container",
    "Limits.test_memory_limit", "test_cpu_limit", "test_resize", "test_user_namespace", "test_data_outlives_the_pod",
    "test_agent_killed", "test_whole_of_swiftlet_killed", "test_without_the_control_plane",
)  # fmt: skip
NEEDED = ("qemu-system-x86_64", "mmdebstrap", "mkfs.ext4", "docker-registry", "kubectl")


class Overdue(KeyboardInterrupt):
    """The whole run took too long. As the exception of an interrupt it passes through every test."""


class InOrder(unittest.TestLoader):
    """Takes the tests of a class in the order in which they are written."""

    def getTestCaseNames(self, case):
        return sorted(super().getTestCaseNames(case), key=lambda name: getattr(case, name).__code__.co_firstlineno)


class Results(unittest.TextTestResult):
    """Remembers which tests have passed, and says how long each took."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = []
        self.began = 0.0

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        print(f"    {time.monotonic() - self.began:.0f} s", file=sys.stderr, flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed.append(test.id())


def chosen(patterns):
    """The tests whose name contains one of the patterns."""
    loader = InOrder()
    loader.testNamePatterns = [f"*{pattern}*" for pattern in patterns]
    return loader.loadTestsFromNames(MODULES)


def names(tests):
    return [name for test in tests for name in (names(test) if isinstance(test, unittest.TestSuite) else [test.id()])]


def stop_after(seconds, lab):
    def overdue(*_):
        # First, so that no cleanup waits for the machine.
        lab.switch_off()
        raise Overdue

    signal.signal(signal.SIGALRM, overdue)
    signal.alarm(seconds)


def run(options, tests, results):
    """Boots the machine, runs the tests, switches the machine off; returns the errors outside of tests."""
    wrong = []
    lab = VMLab(*(os.path.abspath(path) for path in (options.installed, options.cache, options.logs)))
    stop_after(options.seconds, lab)
    try:
        with lab:
            print(", ".join(f"{what} {seconds:.0f} s" for what, seconds in lab.figures.items()), flush=True)
            VMCase.lab = lab
            tests.run(results)
            if results.failures or results.errors:
                lab.keep_journal()
            if not lab.vm.power_off():
                wrong.append("power off: the machine was still running after a minute")
        left = lab.leaks()
        if left:
            wrong.append(f"leftovers: {left}")
        signal.alarm(0)
    except Overdue:
        wrong.append(f"the run was not over after {options.seconds} s")
    except Exception:
        wrong.append(f"the machine: {traceback.format_exc()}")
    return wrong


def report(options, wanted, results, wrong, seconds):
    """Prints the end of the run; returns whether everything passed."""
    results.printErrors()
    missing = set(wanted) - set(results.passed) - {test.id() for test, _ in results.failures + results.errors + results.skipped}
    wrong += [f"{name}: no result" for name in wanted if name in missing]
    for line in wrong:
        print(f"FAILED  {line}")
    bad = len(results.failures) + len(results.errors) + len(wrong)
    print(f"{len(results.passed)} of {len(wanted)} passed in {seconds:.0f} s" + (f", {bad} failures" if bad else ""))
    if bad:
        print(f"console and journal: {options.logs}")
    return not bad and bool(wanted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--installed", required=True, help="what make install DESTDIR= has left")
    parser.add_argument("--cache", required=True, help="folder for the base of the disk")
    parser.add_argument("--logs", required=True, help="folder for the console's log and the journal")
    parser.add_argument("--image-only", action="store_true", help="only make the base of the disk")
    parser.add_argument("--seconds", type=int, default=2400, help="for everything")
    parser.add_argument("-k", default="", help="only tests whose name contains one of these, separated by commas")
    parser.add_argument("--core", action="store_true", help="only those that a change has to pass")
    options = parser.parse_args()
    missing = [name for name in NEEDED if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        print(f"SKIPPED: all tests in a virtual machine, {'they need root' if os.geteuid() else 'not installed: ' + ', '.join(missing)}")
        return 0
    began = time.monotonic()
    if options.image_only:
        print(f"{image.base(options.cache)} ({time.monotonic() - began:.0f} s)")
        return 0
    tests = chosen(CORE if options.core else options.k.split(","))
    wanted = names(tests)
    results = Results(unittest.runner._WritelnDecorator(sys.stderr), descriptions=False, verbosity=2)
    wrong = run(options, tests, results)
    return 0 if report(options, wanted, results, wrong, time.monotonic() - began) else 1


if __name__ == "__main__":
    sys.exit(main())
