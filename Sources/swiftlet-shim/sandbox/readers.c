#include "sandbox/readers.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

static void leave_stream(struct reader *reader)
{
    struct stream *stream = reader->stream;
    reader->stream = NULL;
    if (stream && --stream->reader_count == 0) {
        stream->tee = NULL;
    }
}

void reader_drop(struct reader *reader)
{
    for (struct reader **link = &reader->sandbox->readers; *link; link = &(*link)->next) {
        if (*link == reader) {
            *link = reader->next;
            break;
        }
    }
    reader_catch_up(reader);
    leave_stream(reader);
    server_unwatch(&reader->sandbox->server, &reader->watch);
    free(reader);
}

ssize_t reader_offer(const struct reader *reader, const char *bytes, size_t length)
{
    ssize_t written;
    do {
        written = write(reader->watch.fd, bytes, length);
    } while (written < 0 && errno == EINTR);
    return written < 0 && errno == EAGAIN ? 0 : written;
}

static void reader_ready(struct watch *watch, uint32_t events)
{
    struct reader *reader = (struct reader *)watch;
    struct backlog *backlog = reader->backlog;
    if (events & (EPOLLERR | EPOLLHUP)) {
        reader_drop(reader);
        return;
    }
    if (!backlog) {
        return;
    }
    ssize_t written = reader_offer(reader, backlog->bytes + reader->taken, backlog->length - reader->taken);
    if (written < 0) {
        reader_drop(reader);
        return;
    }
    if (written > 0) {
        reader_took(reader, (size_t)written);
    }
    if (reader->taken == backlog->length) {
        server_change(&reader->sandbox->server, watch, 0);
        reader_catch_up(reader);
        if (!reader->stream) {
            reader_drop(reader);
        }
    }
}

static void tee_to_readers(struct stream *stream, const char *bytes, size_t length)
{
    struct sandbox *sandbox = sandbox_of(stream->server);
    bool kept = false;
    if (stream->backlog && !(kept = backlog_keep(stream, bytes, length))) {
        readers_end(stream); // without memory the readers get only the bytes kept so far
        return;
    }
    for (struct reader *reader = sandbox->readers, *next; reader; reader = next) {
        next = reader->next;
        if (reader->stream != stream || reader->backlog) {
            continue;
        }
        ssize_t written = reader_offer(reader, bytes, length);
        if (written == (ssize_t)length) {
            continue;
        }
        if (written < 0 || !(kept = kept || backlog_keep(stream, bytes, length))) {
            reader_drop(reader);
            continue;
        }
        reader_fall_behind(reader, stream->backlog->length - length + (size_t)written);
    }
    if (stream->backlog) {
        stream_pause(stream);
    }
}

void readers_end(struct stream *stream)
{
    struct sandbox *sandbox = sandbox_of(stream->server);
    for (struct reader *reader = sandbox->readers, *next; reader && stream->reader_count; reader = next) {
        next = reader->next;
        if (reader->stream == stream) {
            leave_stream(reader);
            if (!reader->backlog) {
                reader_drop(reader);
            }
        }
    }
    stream->backlog = NULL; // the readers own it and free it
    stream_resume(stream);
}

void readers_drop_gone(struct sandbox *sandbox, const struct stream *stream)
{
    for (struct reader *reader = sandbox->readers, *next; reader; reader = next) {
        next = reader->next;
        struct pollfd state = {.fd = reader->watch.fd};
        if (reader->stream == stream && poll(&state, 1, 0) == 1) {
            reader_drop(reader);
        }
    }
}

struct reader *reader_add(struct sandbox *sandbox, struct stream *stream, const char *container, int *fd)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return NULL;
    }
    reader->watch = (struct watch){*fd, reader_ready};
    // Without requested events epoll still reports the end of the pipe.
    if (server_watch(&sandbox->server, &reader->watch, 0) != 0) {
        free(reader);
        return NULL;
    }
    take(fd);
    reader->sandbox = sandbox;
    reader->stream = stream;
    reader->name = stream->name;
    snprintf(reader->container, sizeof reader->container, "%s", container);
    reader->next = sandbox->readers;
    sandbox->readers = reader;
    stream->reader_count++;
    stream->tee = tee_to_readers;
    return reader;
}
