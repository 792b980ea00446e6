#!/usr/bin/env python3
"""The test suite of crun, another OCI runtime, over `swiftlet oci`. Tests that expect another behaviour are listed here with the reason.
The suite comes as Debian's source package, by apt and with a fixed checksum. Without the package all of it is skipped."""
import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile

from labs import cgroups, programs

PACKAGE, ARCHIVE = "crun", "crun_1.8.1.orig.tar.xz"
SHA256 = "01b68269d94e5fe11106a9b14c2f144be03b16ec798951f4efa6aa16ba9da29a"
# Needs a kernel with CRIU's support, and criu.
LEFT_OUT = {"test_checkpoint_restore.py"}

ROOT = "the host's root is never mapped into a user namespace: it would be root of the host's files"
WORDS = "wants the words of crun's own message; the container is refused here as well"
OWN = "crun's own, not of the specification: "
CONTROLLERS = "wants a controller of cgroup v2"
DIFFERENT = {
    ("test_delete.py", "test_multiple_containers_delete"): OWN + "delete --regex",
    ("test_devices.py", "owner-device"): ROOT,
    ("test_exec.py", "exec_add_no_new_privileges"): "a further program has no more privileges than the container's own, unless asked to",
    ("test_mounts.py", "mount-idmapped-mounts"): OWN + "mappings as words of a mount option",
    ("test_preserve_fds.py", "preserve-fds-some"): "descriptors beyond the three standard ones are refused by name",
    ("test_resources.py", "resources-pid-limit-userns"): ROOT,
    ("test_resources.py", "resources-unified-invalid-controller"): WORDS,
    ("test_resources.py", "resources-unified-invalid-key"): WORDS,
    ("test_seccomp.py", "seccomp-listener"): "seccomp notifications are refused by name",
    ("test_start.py", "start"): OWN + "looks into its status file",
    ("test_start.py", "listen_pid_env"): OWN + "sockets handed on from the runtime's environment",
    ("test_start.py", "delete-in-created-state"): "the specification: delete of a container that is not stopped must fail",
    ("test_uid_gid.py", "userns-full-mapping"): ROOT,
    ("test_uid_gid.py", "keep-groups"): OWN + "groups of the caller kept by an annotation",
}
# These pass on some machines, or mostly.
DEPENDING = {
    ("test_exec.py", "exec-root-netns-with-userns"): "wants to open the network namespace of the machine's first process",
    ("test_limits.py", "limit-pid-n"): CONTROLLERS,
    ("test_resources.py", "resources-pid-limit"): CONTROLLERS,
    ("test_resources.py", "resources-unified"): CONTROLLERS,
    ("test_resources.py", "resources-unified-exec-cgroup"): "wants a machine without hierarchies of cgroup v1",
    ("test_resources.py", "resources-fail-with-enoent"): CONTROLLERS,
    ("test_resources.py", "resources-cpu-weight"): CONTROLLERS,
    ("test_start.py", "start-override-config"): "starts once there is a state, which may still be creating: start must be refused then",
}


class Unavailable(Exception):
    pass


def command(*words, **how):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **how)
    if done.returncode:
        raise Unavailable(f"{' '.join(words[:3])}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode}")
    return done.stdout


def fetch(work):
    """Downloads the source package from the machine's own Debian mirror, checked by apt; the machine's sources need not list source packages."""
    if not shutil.which("apt-get"):
        raise Unavailable("there is no apt-get")
    mirrors = {tuple(line.split("\t")) for line in command(
        "apt-get", "indextargets", "--format", "$(ORIGIN)\t$(REPO_URI)\t$(CODENAME)\t$(COMPONENT)", "Created-By: Packages").splitlines()}
    apt = work + "/apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(f"{apt}/{folder}", exist_ok=True)
    with open(apt + "/sources.list", "w") as file:
        for origin, uri, name, component in sorted(mirrors):
            if origin == "Debian" and component == "main":
                file.write(f"deb-src {uri} {name} {component}\n")
    settings = {
        "Dir::Etc::sourcelist": apt + "/sources.list", "Dir::Etc::sourceparts": "-", "Dir::State::lists": apt + "/lists",
        "Dir::Cache": apt + "/cache", "APT::Sandbox::User": "root", "Acquire::Retries": "1", "Acquire::http::Timeout": "10",
    }  # fmt: skip
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    command("apt-get", *options, "-q", "update", timeout=120)
    command("apt-get", *options, "-q", "source", "--download-only", PACKAGE, cwd=work, timeout=120)
    shutil.rmtree(apt)


def suite(work):
    """Returns the folder with the suite's files; builds its program for the inside of containers."""
    archive = f"{work}/{ARCHIVE}"
    if not os.path.exists(archive):
        try:
            fetch(work)
        except (Unavailable, subprocess.TimeoutExpired) as problem:
            raise Unavailable(f"the source package {PACKAGE} cannot be had: {problem}") from problem
    if not os.path.exists(archive):
        raise Unavailable(f"this Debian has another {PACKAGE} than {ARCHIVE}")
    with open(archive, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{archive}: found SHA-256 {found}, wanted {SHA256}: remove the file and try again")
    folder = work + "/tests"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with tarfile.open(archive) as content:
        for member in content:
            name = member.name.split("/", 1)[-1]
            if member.isfile() and re.fullmatch(r"tests/(\w+\.py|init\.c)", name):
                with open(f"{work}/{name}", "wb") as file:
                    file.write(content.extractfile(member).read())
    open(folder + "/config.h", "w").close()
    command("cc", "-static", "-O1", "-DHAVE_SECCOMP", "-DHAVE_ERROR_H", f"-I{folder}", "-o", folder + "/init", folder + "/init.c")
    return folder


def wrapper(work, binaries):
    path = work + "/runtime"
    with open(path, "w") as file:
        file.write(f'#!/bin/sh\nexec {binaries}/swiftlet oci --shim {binaries}/swiftlet-shim --pause {binaries}/swiftlet-pause "$@"\n')
    os.chmod(path, 0o755)
    return path


# In namespaces of pids and mounts, so that leftovers of a test end with it. One test wants pids of five digits. On a machine that has
# hierarchies of version 1 as well, the suite sees version 2 alone: it takes a mixture for version 1.
INSIDE = """
echo 20000 > /proc/sys/kernel/ns_last_pid
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -R -l /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
exec "$@"
"""


def run(name, work, runtime):
    """Runs one file; returns the outcome of each test: ok, SKIP or not ok."""
    environment = {**os.environ, "OCI_RUNTIME": runtime, "INIT": work + "/tests/init", "PYTHONPATH": programs.TESTS + "/oci/standin",
                   "PYTHONDONTWRITEBYTECODE": "1"}
    line = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", INSIDE, "sh",
            sys.executable, f"{work}/tests/{name}"]
    log = f"{work}/{name}.log"
    with open(log, "wb") as errors:
        try:
            done = subprocess.run(line, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, timeout=300,
                                  check=False)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{name}: not done after 300 s, see {log}") from None
    found = {}
    for line in done.stdout.decode(errors="replace").splitlines():
        match = re.match(r"(ok|not ok) \d+ - (\S+)( #SKIP)?", line)
        if match:
            found[match[2]] = "SKIP" if match[3] else match[1]
    if not found or done.returncode:
        raise SystemExit(f"{name}: exit code {done.returncode} after {len(found)} tests, see {log}")
    return found


def clear():
    """Removes the cgroups of containers that ended with their namespace."""
    group = f"{cgroups.hierarchy()}/swiftlet-oci"
    folders = glob.glob(group + "/test-*") + glob.glob(group + "/container-*")
    cgroups.remove_if_empty(*(inner for folder in folders for inner, _, _ in os.walk(folder, topdown=False)), group, group + "-shims")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.path.dirname(programs.program("swiftlet")), help="folder of swiftlet, swiftlet-shim and swiftlet-pause")
    parser.add_argument("--work", default=programs.ROOT + "/build/oci-public", help="folder for the suite and its logs")
    parser.add_argument("--runtime", help="another runtime, to see how that does; nothing is expected of it")
    parser.add_argument("files", nargs="*", help="some of the suite's files")
    arguments = parser.parse_args()
    if os.geteuid():
        print("SKIPPED: the public OCI suite, it needs root")
        return 0
    work = os.path.abspath(arguments.work)
    os.makedirs(work, exist_ok=True)
    try:
        folder = suite(work)
    except Unavailable as reason:
        print(f"SKIPPED: the public OCI suite, {reason}")
        return 0
    runtime = arguments.runtime or wrapper(work, os.path.abspath(arguments.bin))
    count, wrong = {"ok": 0, "SKIP": 0, "not ok": 0}, []
    for path in sorted(glob.glob(folder + "/test_*.py")):
        name = os.path.basename(path)
        if name in LEFT_OUT or (arguments.files and name not in arguments.files):
            continue
        for test, result in run(name, work, runtime).items():
            count[result] += 1
            reason = DIFFERENT.get((name, test)) or DEPENDING.get((name, test))
            if result == "not ok" and (arguments.runtime or reason):
                print(f"{name} {test}: {'not ok' if arguments.runtime else reason}")
            elif result == "not ok":
                wrong.append(f"{name} {test}: fails, see {work}/{name}.log")
            elif result == "ok" and (name, test) in DIFFERENT and not arguments.runtime:
                wrong.append(f"{name} {test}: passes; take it from the list of differences")
    clear()
    print(f"{sum(count.values())} tests: {count['ok']} passed, {count['not ok']} different, {count['SKIP']} skipped by the suite")
    for line in wrong:
        print(f"FAILED: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
