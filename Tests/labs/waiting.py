"""Waiting for other processes: by event where the kernel offers one, by repeated checks where it does not."""
import os
import select
import time

SHORTEST, LONGEST = 0.002, 0.05  # seconds between two checks
PATIENCE = 3  # times as long as an idle machine needs: builds may run beside the tests, on a slower one


def wait_until(what, check, seconds=60):
    """Calls `check` until its answer is true and returns the answer; raises TimeoutError, with `what` in its message, after PATIENCE * `seconds`."""
    deadline = time.monotonic() + PATIENCE * seconds
    pause = SHORTEST
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE * seconds} s for {what}")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST)


def wait_for_end(pid, seconds=30):
    """Returns when the process has ended; it need not be a child of this process."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([fd], [], [], PATIENCE * seconds)[0]:
            raise TimeoutError(f"waited {PATIENCE * seconds} s for the end of process {pid}")
    finally:
        os.close(fd)
