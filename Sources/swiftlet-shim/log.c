// From output pipes to log lines. Whatever happens to the file, the pipe is read: a container must not hang on a full disk, and
// this process must not grow.
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "log_time.h"

// Lines of one batch go out in one writev(). They arrived in one read and carry its time.
#define BATCH_LINES 256

struct batch {
    struct log *log;
    struct iovec parts[BATCH_LINES * 3];
    size_t count;
    size_t bytes;
    size_t lines;
    char headers[2][64]; // "<time> <stream> P " and "... F "
    size_t header_length;
};

static struct batch batch; // one loop, one batch at a time
static char buffer[LOG_LINE_MAX];

static void batch_begin(struct log *log, const char *stream)
{
    struct log_time now;
    char time[32];
    log_time_now(&now);
    time[log_time_format(&now, time)] = 0;
    for (int full = 0; full < 2; full++) {
        batch.header_length =
            (size_t)snprintf(batch.headers[full], sizeof batch.headers[full], "%s %s %c ", time, stream, full ? 'F' : 'P');
    }
    batch.log = log;
    batch.count = batch.bytes = batch.lines = 0;
}

// After lost lines the file says so, as soon as it can be written again.
static void write_marker(struct log *log)
{
    struct log_time now;
    char text[192], time[32];
    log_time_now(&now);
    time[log_time_format(&now, time)] = 0;
    const char *reason = strerrordesc_np(log->drop_error);
    int length = snprintf(text, sizeof text, "%s stderr F swiftlet: %llu log lines were lost here: %s\n", time,
                          (unsigned long long)log->dropped, reason ? reason : "unknown error");
    if (write(log->fd, text, (size_t)length) == length) {
        log->size += (uint64_t)length;
        log->dropped = 0;
        log->warned = false;
    } else if (ftruncate(log->fd, (off_t)log->size) != 0) {
        return; // half a marker stays; the next try repeats it
    }
}

static void batch_write(void)
{
    struct log *log = batch.log;
    if (batch.count == 0) {
        return;
    }
    if (log->fd >= 0) {
        if (log->limits.max_size && log->size && log->size + batch.bytes > log->limits.max_size) {
            log_rotate(log);
        }
        if (log->dropped) {
            write_marker(log);
        }
        ssize_t written = log->dropped ? -1 : writev(log->fd, batch.parts, (int)batch.count);
        if (written == (ssize_t)batch.bytes) {
            log->size += batch.bytes;
        } else {
            if (!log->dropped) {
                log->drop_error = written < 0 ? errno : ENOSPC;
            }
            log->dropped += batch.lines;
            // Readers must not find half a line: back to the last whole one.
            if (written > 0 && ftruncate(log->fd, (off_t)log->size) != 0) {
                log->size += (uint64_t)written;
            }
        }
    }
    batch.count = batch.bytes = batch.lines = 0;
}

static void part(const void *bytes, size_t length)
{
    batch.parts[batch.count++] = (struct iovec){(void *)bytes, length};
    batch.bytes += length;
}

// One line out of the kept beginning and the new bytes.
static void emit(struct stream *stream, bool full, const char *bytes, size_t length)
{
    if (batch.count + 4 > sizeof batch.parts / sizeof *batch.parts) {
        batch_write();
    }
    part(batch.headers[full], batch.header_length);
    if (stream->partial_length) {
        part(stream->partial, stream->partial_length);
    }
    part(bytes, length);
    part("\n", 1);
    batch.lines++;
    if (stream->partial_length) {
        batch_write(); // before the kept beginning is overwritten
        stream->partial_length = 0;
    }
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
            // "\r\n" ends a line as well; its "\r" may have come with the previous read.
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

bool stream_read(struct stream *stream)
{
    if (stream->watch.fd < 0) {
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
        batch_begin(stream->log, stream->name);
        split(stream, buffer, (size_t)got);
        batch_write();
    }
    if (!stream->partial_length) {
        free(stream->partial);
        stream->partial = NULL;
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
    if (stream->partial_length && stream->log->fd >= 0) {
        batch_begin(stream->log, stream->name);
        emit(stream, false, "", 0);
        batch_write();
    }
    free(stream->partial);
    stream->partial = NULL;
    stream->partial_length = 0;
    server_unwatch(stream->server, &stream->watch);
}
