// Turns output pipes into log lines. The pipe is read whatever happens to the file: a container must not hang on a full disk, and
// this process must not grow.
#include "log/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

// A pipe's default size: one read empties a full pipe. A small read does not touch the buffer's later pages.
#define READ_MAX 65536
#define LARGE_READ (READ_MAX / 4)
static char buffer[READ_MAX] __attribute__((aligned(PAGE)));
static bool is_large; // most of the buffer is in memory

// Emits one line made of the kept beginning and the new bytes.
static void emit(struct stream *stream, bool full, const char *bytes, size_t length)
{
    log_line(full, stream->partial, stream->partial_length, bytes, length);
    stream->partial_length = 0;
}

static void keep(struct stream *stream, const char *bytes, size_t length)
{
    if (!stream->partial && !(stream->partial = malloc(LOG_LINE_MAX))) {
        emit(stream, false, bytes, length); // no memory: cut the line here
        return;
    }
    memcpy(stream->partial + stream->partial_length, bytes, length);
    stream->partial_length += length;
}

static void split(struct stream *stream, const char *bytes, size_t length)
{
    while (length) {
        const char *newline = memchr(bytes, '\n', length);
        size_t content = newline ? (size_t)(newline - bytes) : length, room = LOG_LINE_MAX - stream->partial_length;
        if (content > room) {
            emit(stream, false, bytes, room);
            bytes += room;
            length -= room;
        } else if (!newline) {
            keep(stream, bytes, content);
            return;
        } else {
            size_t shown = content;
            // "\r\n" ends a line as well; the "\r" may have come with the previous read.
            if (shown && bytes[shown - 1] == '\r') {
                shown--;
            } else if (!shown && stream->partial_length && stream->partial[stream->partial_length - 1] == '\r') {
                stream->partial_length--;
            }
            emit(stream, true, bytes, shown);
            bytes += content + 1;
            length -= content + 1;
        }
    }
}

void streams_settle(void)
{
    if (is_large) {
        madvise(buffer, sizeof buffer, MADV_DONTNEED);
        log_relax();
        is_large = false;
    }
}

void streams_forget(void)
{
    madvise(buffer, sizeof buffer, MADV_DONTNEED);
    log_forget();
}

bool stream_read(struct stream *stream)
{
    if (stream->watch.fd < 0 || stream->paused) {
        return false;
    }
    ssize_t got = read(stream->watch.fd, buffer, sizeof buffer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        stream_finish(stream);
        return false;
    }
    if (stream->log->fd >= 0) {
        log_begin(stream->log, stream->name);
        split(stream, buffer, (size_t)got);
        log_end();
    }
    if (stream->tee) {
        stream->tee(stream, buffer, (size_t)got);
    }
    if (!stream->partial_length) {
        free(stream->partial);
        stream->partial = NULL;
    }
    // Gives the memory of a flood back when a small read follows. Not at every drained pipe: a writer as fast as this process
    // leaves a drained pipe again and again.
    if (got > LARGE_READ) {
        is_large = true;
    } else if (got < PAGE) {
        streams_settle();
    }
    return true;
}

void stream_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct stream *stream = (struct stream *)watch;
    stream_read(stream);
    stream->changed(stream);
}

void stream_finish(struct stream *stream)
{
    if (stream->log->fd >= 0 && (stream->partial_length || stream->log->dropped)) {
        log_begin(stream->log, stream->name);
        if (stream->partial_length) {
            emit(stream, false, "", 0);
        }
        log_end();
    }
    free(stream->partial);
    stream->partial = NULL;
    stream->partial_length = 0;
    server_unwatch(stream->server, &stream->watch);
    streams_settle();
}
