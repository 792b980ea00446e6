// The bytes that slow readers have not taken yet.
#include "sandbox/readers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

void stream_resume(struct stream *stream)
{
    if (stream->paused) {
        stream->paused = false;
        if (stream->watch.fd >= 0) {
            server_change(stream->server, &stream->watch, EPOLLIN);
        }
    }
}

void stream_pause(struct stream *stream)
{
    if (!stream->paused) {
        stream->paused = true;
        server_change(stream->server, &stream->watch, EPOLLET);
    }
}

bool backlog_keep(struct stream *stream, const char *bytes, size_t length)
{
    struct backlog *backlog = stream->backlog;
    if (!backlog && !(backlog = stream->backlog = calloc(1, sizeof *backlog))) {
        return false;
    }
    char *longer = realloc(backlog->bytes, backlog->length + length);
    if (!longer) {
        if (!backlog->references) {
            free(backlog);
            stream->backlog = NULL;
        }
        return false;
    }
    memcpy(longer + backlog->length, bytes, length);
    backlog->bytes = longer;
    backlog->length += length;
    return true;
}

void readers_forget(const struct sandbox *sandbox)
{
    for (const struct reader *reader = sandbox->readers; reader; reader = reader->next) {
        if (reader->backlog) {
            memset(reader->backlog->bytes, 0,
                   reader->backlog->length); // this block may lie outside the heap that memory_forget() clears
        }
    }
}

static int64_t stall_deadline(void)
{
    return monotonic_ms() + SWL_ATTACH_STALL_SECONDS * MS_PER_S;
}

void reader_fall_behind(struct reader *reader, size_t taken)
{
    struct backlog *backlog = reader->stream->backlog;
    reader->backlog = backlog;
    reader->taken = taken;
    reader->deadline = stall_deadline();
    backlog->references++;
    reader->sandbox->slow_readers++;
    server_change(&reader->sandbox->server, &reader->watch, EPOLLOUT);
}

void reader_took(struct reader *reader, size_t length)
{
    reader->taken += length;
    reader->deadline = stall_deadline();
}

void reader_catch_up(struct reader *reader)
{
    struct backlog *backlog = reader->backlog;
    if (!backlog) {
        return;
    }
    reader->backlog = NULL;
    reader->sandbox->slow_readers--;
    if (--backlog->references == 0) {
        free(backlog->bytes);
        free(backlog);
        if (reader->stream) {
            reader->stream->backlog = NULL;
            stream_resume(reader->stream);
        }
    }
}
