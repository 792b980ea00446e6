// Readers that take nothing for too long, and readers with a backlog when this process ends.
#include "sandbox/readers.h"

void readers_flush(struct sandbox *sandbox)
{
    for (struct reader *reader = sandbox->readers; reader; reader = reader->next) {
        size_t rest = reader->backlog ? reader->backlog->length - reader->taken : 0;
        int size = rest ? fcntl(reader->watch.fd, F_GETPIPE_SZ) : -1;
        // Pages can be partly filled, hence twice the room.
        if (size > 0 && fcntl(reader->watch.fd, F_SETPIPE_SZ, size + 2 * (int)rest) > 0) {
            reader_offer(reader, reader->backlog->bytes + reader->taken, rest);
        }
    }
}

int readers_timeout(const struct sandbox *sandbox)
{
    if (!sandbox->slow_readers) {
        return -1;
    }
    int64_t first = INT64_MAX, now = monotonic_ms();
    for (const struct reader *reader = sandbox->readers; reader; reader = reader->next) {
        if (reader->backlog && reader->deadline < first) {
            first = reader->deadline;
        }
    }
    return first > now ? (int)(first - now) : 0;
}

// The dropped reader's pipe ends as if the container had ended, so a warning gives the reason.
static void warn_stalled(const struct reader *reader)
{
    struct fault fault;
    refuse(&fault, SWL_STEP_STDIO, ETIMEDOUT,
           "an attached client took nothing of %s for %d s and is disconnected; %zu bytes were waiting for it", reader->name,
           SWL_ATTACH_STALL_SECONDS, reader->backlog->length - reader->taken);
    send_warning(reader->sandbox, reader->container, &fault);
}

void readers_expire(struct sandbox *sandbox)
{
    if (!sandbox->slow_readers) {
        return;
    }
    int64_t now = monotonic_ms();
    for (struct reader *reader = sandbox->readers, *next; reader; reader = next) {
        next = reader->next;
        if (reader->backlog && reader->deadline <= now) {
            warn_stalled(reader);
            reader_drop(reader);
        }
    }
}
