"""Processes of this machine, as /proc shows them."""
import contextlib
import os

from labs.files import read_text

PROGRAMS = ("swiftlet", "swiftlet-shim", "swiftlet-pause", "swiftlet-devcluster", "docker-registry")


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name: state, parent, process group, session and so on."""
    return read_text(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()


def alive(pid):
    """Whether the process runs. A zombie does not: reaping a shim is the business of the machine's init."""
    try:
        return stat_fields(pid)[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def start_time(pid):
    """The start in clock ticks since boot. Process id and start time together identify a process, also after the id is used again."""
    return int(stat_fields(pid)[19])


def cpu_ticks(pid):
    """Clock ticks that the process has used, in user and kernel mode."""
    fields = stat_fields(pid)
    return int(fields[11]) + int(fields[12])


def status(pid, name):
    """A field of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as file:
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith(name + ":"))


def children(pid):
    return [int(child) for child in read_text(f"/proc/{pid}/task/{pid}/children").split()]


def memory(pid, name):
    """A figure of /proc/PID/smaps_rollup, such as Pss, in KB."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def anonymous_memory(pid):
    """KB of memory that only this process has."""
    return memory(pid, "Anonymous")


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def command_lines():
    """The words of every process' command line by process id."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as line:
            found[int(pid)] = line.read().decode(errors="replace").rstrip("\0").split("\0")
    return found


def project_processes():
    """Command lines of this project's processes, and of registries, by process id."""
    found = {}
    for pid, words in command_lines().items():
        with contextlib.suppress(OSError):
            name = read_text(f"/proc/{pid}/comm").strip()
            if name.startswith("swiftlet") or os.path.basename(words[0]) in PROGRAMS:
                found[pid] = " ".join(words).strip() or name
    return found


def spawner_of(run_folder):
    """The process id of the spawner of a run directory, None if there is none."""
    return next((pid for pid, words in command_lines().items() if "spawner" in words and run_folder in words), None)
