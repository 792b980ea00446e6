"""The part of python3-libmount that the public suite uses; Debian does not package python3-libmount."""


class Entry:
    def __init__(self, line):
        words = line.split()
        self.target, self.vfs_options, self.fs_options = words[4], words[5], words[-1]


class Table:
    def __init__(self, path):
        with open(path) as file:
            self.entries = [Entry(line) for line in file if " - " in line]

    def find_target(self, target):
        return next((entry for entry in reversed(self.entries) if entry.target == target), None)
