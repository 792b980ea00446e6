"""Where the project's files and programs are."""
import os

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TESTS = os.path.join(ROOT, "Tests")
EXAMPLE = os.path.join(ROOT, "config", "examples", "hello.yaml")


def program(name):
    """The path of a program of this project: below SWIFTLET_TEST_BIN, or where make puts it."""
    return os.path.join(os.environ.get("SWIFTLET_TEST_BIN", os.path.join(ROOT, "build", "bin")), name)


def test_program(name):
    """The path of a C program that only tests use: below SWIFTLET_TEST_PROGRAMS, or where make puts it."""
    return os.path.join(os.environ.get("SWIFTLET_TEST_PROGRAMS", os.path.join(ROOT, "build", "obj", "shim-test")), name)
