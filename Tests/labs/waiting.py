"""Waiting for other processes: by event where the kernel offers one, by repeated checks where it does not."""
import os
import select
import time

SHORTEST, LONGEST = 0.002, 0.05  # seconds between two checks


def wait_until(what, check, seconds=60):
    """Calls `check` until its answer is true and returns the answer; raises TimeoutError, with `what` in its message, after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = SHORTEST
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST)


def wait_for_end(pid, seconds=30):
    """Returns when the process has ended; it need not be a child of this process."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([fd], [], [], seconds)[0]:
            raise TimeoutError(f"waited {seconds} s for the end of process {pid}")
    finally:
        os.close(fd)
