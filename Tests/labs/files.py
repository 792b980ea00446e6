"""Whole files, and descriptors of paths."""
import os


def read_text(path):
    with open(path) as file:
        return file.read()


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def write_text(path, text):
    with open(path, "w") as file:
        file.write(str(text))


def o_path(path):
    """A descriptor that only stands for a path."""
    return os.open(path, os.O_PATH | os.O_CLOEXEC)
