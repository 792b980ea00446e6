"""Reading the output of programs, to its end or up to a word. A test that waits in vain fails after a while and does not hang."""
import errno
import os
import select

PATIENCE = 30  # seconds without a single byte


def read_some(fd):
    assert select.select([fd], [], [], PATIENCE)[0], f"nothing came for {PATIENCE} s, and no end"
    return os.read(fd, 65536)


def read_all(fd):
    """Reads to the end, which a terminal reports as EIO, and closes the descriptor."""
    out = b""
    try:
        while more := read_some(fd):
            out += more
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    finally:
        os.close(fd)
    return out


def read_until(fd, text):
    out = b""
    while text not in out:
        more = read_some(fd)
        assert more, out
        out += more
    return out


def side_by_side(streams):
    """Reads all descriptors to their ends, appends the output to the values of `streams`, yields each descriptor at its end."""
    left = set(streams)
    while left:
        ready = select.select(list(left), [], [], PATIENCE)[0]
        assert ready, f"nothing came for {PATIENCE} s from {len(left)} readers, and no end"
        for fd in ready:
            more = os.read(fd, 65536)
            streams[fd] += more
            if not more:
                left.remove(fd)
                os.close(fd)
                yield fd
