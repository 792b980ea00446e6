#!/usr/bin/env python3
"""`make simulate-planted`: plants one bug after the other and expects the simulation to find each of them.

    planted.py [--tree DIR] [--configuration release] [--seeds N] [--steps N] [NAME ...]

The bugs are planted in DIR, which has to be a copy of this tree that nothing else uses; without it, in a git worktree of the last commit that
is removed in the end. The unchanged tree comes first: the simulation must find nothing there. Then each bug is built, must be found within the
seeds by an invariant that it is expected to break, and is taken out again. Exits with 1 unless all of that is so."""
import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOUND = re.compile(r"^seed (\d+) fails after (\d+) steps:$", re.MULTILINE)


@dataclass
class Bug:
    name: str
    file: str
    old: str
    new: str
    breaks: str
    """What no longer holds."""
    notices: str
    """The invariant that should notice, as an expression for its words."""


BUGS = [
    Bug(
        "kill-without-grace", "Sources/PodCore/Machine/Containers/ContainerStop.swift",
        "stopDue.map { max(deadline, $0 + Self.leastGrace) }", "stopDue.map { _ in deadline }",
        "a stop signal that comes late, after a preStop hook or another container, is followed by the kill at once",
        r"is killed (without a stop signal|.* after the stop signal)",
    ),
    Bug(
        "count-lost-at-recovery", "Sources/PodCore/Machine/Containers/ContainerRecord+Recovery.swift",
        "        restartCount = current.configuration.restartCount\n", "",
        "a restarted agent counts the restarts of a container from 0 again",
        r"with the restart count \d+ for the second time|the restart count of .* goes from",
    ),
    Bug(
        "sandbox-before-containers", "Sources/PodCore/Machine/PodMachine+Decide.swift",
        "            guard isQuiet else { return }\n", "            guard sandbox.state != .creating else { return }\n",
        "the sandbox of a pod that ends is stopped while its containers still have their grace",
        r"is stopped while .* run in it|is removed while it runs|given back while something runs|while containers run",
    ),
    Bug(
        "second-start", "Sources/PodCore/Machine/Containers/ContainerRecord+Decide.swift",
        "        case .ensuringImage, .starting: return true\n", "        case .ensuringImage: return true\n        case .starting: break\n",
        "a container whose start is under way is started once more by the next decision",
        r"is started while it runs|for the second time",
    ),
    Bug(
        "older-status-last", "Sources/NodeAgent/Status/StatusQueue.swift",
        "            waiting.insert(report, at: 0)\n", "            waiting.append(report)\n",
        "a status that could not be written is written again after a newer one",
        r"status of .*: ",
    ),
]


class Failure(Exception):
    pass


class Tree:
    """A copy of the sources, with the program that `make simulate` runs."""

    def __init__(self, path, configuration):
        self.path = path
        self.build_command = ["swift", "build", "-c", configuration, "--product", "Simulate"]

    def build(self):
        built = subprocess.run(self.build_command, cwd=self.path, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            errors = [line for line in built.stdout.splitlines() if "error:" in line]
            raise Failure("the build fails: " + "; ".join(errors[:3] or [built.stderr.strip()[-500:]]))
        shown = subprocess.run([*self.build_command, "--show-bin-path"], cwd=self.path, capture_output=True, text=True, check=True)
        return os.path.join(shown.stdout.strip(), "Simulate")

    def simulate(self, seeds, steps):
        """Returns the seed that found something, or None, and the invariants' words."""
        command = [self.build(), "0", str(seeds), str(steps)]
        environment = {**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"}
        run = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, check=False)
        found = FOUND.search(run.stdout)
        if found:
            return int(found[1]), run.stdout[found.end():].strip()
        if run.returncode != 0:
            raise Failure(f"the simulation ends with {run.returncode} and names no seed: {run.stderr.strip()[-500:]}")
        return None, ""

    @contextlib.contextmanager
    def planted(self, bug):
        path = os.path.join(self.path, bug.file)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.count(bug.old) != 1:
            raise Failure(f"found the text {text.count(bug.old)} times in {bug.file}, wanted it once: adapt the bug to the code")
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(bug.old, bug.new))
            yield
        finally:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


@contextlib.contextmanager
def worktree():
    with tempfile.TemporaryDirectory(prefix="swiftlet-planted-") as folder:
        path = os.path.join(folder, "tree")
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", path, "HEAD"], check=True)
        try:
            yield path
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", path], check=True)


def look_for(bug, tree, arguments):
    """Returns the seed that found the bug, what it says, and whether that is as expected."""
    try:
        with tree.planted(bug):
            seed, words = tree.simulate(arguments.seeds, arguments.steps)
    except Failure as failure:
        return None, str(failure), False
    if seed is None:
        return None, f"not found by {arguments.seeds} seeds of {arguments.steps} steps", False
    first = words.splitlines()[0].strip() if words else ""
    return seed, first, re.search(bug.notices, words) is not None


def look_for_all(bugs, tree, arguments):
    print("unchanged tree ...", flush=True)
    seed, words = tree.simulate(arguments.seeds, arguments.steps)
    if seed is not None:
        raise Failure(f"seed {seed} fails in the unchanged tree: {words}")
    rows = []
    for bug in bugs:
        print(f"{bug.name}: {bug.breaks} ...", flush=True)
        rows.append((bug, *look_for(bug, tree, arguments)))
    print(f"\n{'bug':28}{'seed':>5}  found")
    for bug, seed, words, is_expected in rows:
        note = "" if is_expected else "   UNEXPECTED" if seed is not None else "   MISSED"
        print(f"{bug.name:28}{'-' if seed is None else seed:>5}  {words}{note}")
    return all(row[3] for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", help="the copy in which the bugs are planted")
    parser.add_argument("--configuration", default="release")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {bug.name for bug in BUGS}
    if unknown:
        parser.error(f"found no bug {', '.join(sorted(unknown))}, wanted some of {', '.join(bug.name for bug in BUGS)}")
    bugs = [bug for bug in BUGS if not arguments.names or bug.name in arguments.names]
    try:
        with contextlib.nullcontext(arguments.tree) if arguments.tree else worktree() as path:
            return 0 if look_for_all(bugs, Tree(path, arguments.configuration), arguments) else 1
    except Failure as failure:
        print(f"planted.py: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
