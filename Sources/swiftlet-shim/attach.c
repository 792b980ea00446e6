// Readers of what a container writes, besides its log. A reader that is slow slows the container: the stream is not read on until every
// reader has taken what was read last, so that this is all that is ever kept for them.
#include "sandbox.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

// What was read and is not taken by everybody yet, once for all slow readers of a stream.
struct backlog {
    size_t references;
    size_t length;
    char *bytes;
};

struct reader {
    struct watch watch; // the write end of its pipe
    struct reader *next;
    struct sandbox *sandbox;
    struct stream *stream;          // NULL: nothing but the backlog will come
    struct backlog *backlog;        // NULL: it has taken everything
    size_t taken;                   // of the backlog
    int64_t deadline;               // ms; with a backlog: when it is let go, should it take nothing until then
    const char *name;               // of the stream
    char container[SWL_ID_MAX + 1]; // which it may outlive
};

static int64_t now_ms(void)
{
    return monotonic_ns() / 1000000;
}

static void resume(struct stream *stream)
{
    if (stream->paused) {
        stream->paused = false;
        if (stream->watch.fd >= 0) {
            server_change(stream->server, &stream->watch, EPOLLIN);
        }
    }
}

static void release_backlog(struct reader *reader)
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
            resume(reader->stream);
        }
    }
}

static void leave_stream(struct reader *reader)
{
    struct stream *stream = reader->stream;
    reader->stream = NULL;
    if (stream && --stream->reader_count == 0) {
        stream->tee = NULL;
    }
}

static void let_go(struct reader *reader)
{
    for (struct reader **link = &reader->sandbox->readers; *link; link = &(*link)->next) {
        if (*link == reader) {
            *link = reader->next;
            break;
        }
    }
    release_backlog(reader);
    leave_stream(reader);
    server_unwatch(&reader->sandbox->server, &reader->watch);
    free(reader);
}

// How many bytes the pipe took, or -1 when nobody reads it any more.
static ssize_t offer(const struct reader *reader, const char *bytes, size_t length)
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
        let_go(reader);
        return;
    }
    if (!backlog) {
        return;
    }
    ssize_t written = offer(reader, backlog->bytes + reader->taken, backlog->length - reader->taken);
    if (written < 0) {
        let_go(reader);
        return;
    }
    if (written > 0) {
        reader->taken += (size_t)written;
        reader->deadline = now_ms() + SWL_ATTACH_STALL_SECONDS * 1000;
    }
    if (reader->taken == backlog->length) {
        server_change(&reader->sandbox->server, watch, 0);
        release_backlog(reader);
        if (!reader->stream) {
            let_go(reader);
        }
    }
}

// Appends, at the container's end: what is still in its pipe is read at once then.
static bool keep(struct stream *stream, const char *bytes, size_t length)
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
            memset(reader->backlog->bytes, 0, reader->backlog->length); // too long for the heap, perhaps
        }
    }
}

static void fall_behind(struct reader *reader, struct backlog *backlog, size_t taken)
{
    reader->backlog = backlog;
    reader->taken = taken;
    reader->deadline = now_ms() + SWL_ATTACH_STALL_SECONDS * 1000;
    backlog->references++;
    reader->sandbox->slow_readers++;
    server_change(&reader->sandbox->server, &reader->watch, EPOLLOUT);
}

static void tee_to_readers(struct stream *stream, const char *bytes, size_t length)
{
    struct sandbox *sandbox = (struct sandbox *)((char *)stream->server - offsetof(struct sandbox, server));
    bool kept = false;
    if (stream->backlog && !(kept = keep(stream, bytes, length))) {
        readers_end(stream); // without memory they get no more than what is kept for them
        return;
    }
    for (struct reader *reader = sandbox->readers, *next; reader; reader = next) {
        next = reader->next;
        if (reader->stream != stream || reader->backlog) {
            continue;
        }
        ssize_t written = offer(reader, bytes, length);
        if (written == (ssize_t)length) {
            continue;
        }
        if (written < 0 || !(kept = kept || keep(stream, bytes, length))) {
            let_go(reader);
            continue;
        }
        fall_behind(reader, stream->backlog, stream->backlog->length - length + (size_t)written);
    }
    if (stream->backlog && !stream->paused) {
        stream->paused = true;
        server_change(stream->server, &stream->watch, EPOLLET);
    }
}

void readers_end(struct stream *stream)
{
    struct sandbox *sandbox = (struct sandbox *)((char *)stream->server - offsetof(struct sandbox, server));
    for (struct reader *reader = sandbox->readers, *next; reader && stream->reader_count; reader = next) {
        next = reader->next;
        if (reader->stream == stream) {
            leave_stream(reader);
            if (!reader->backlog) {
                let_go(reader);
            }
        }
    }
    stream->backlog = NULL; // the readers', who free it
    resume(stream);
}

// The end of one may still wait to be read behind the request that wants its place.
static void let_go_of_gone(struct sandbox *sandbox, const struct stream *stream)
{
    for (struct reader *reader = sandbox->readers, *next; reader; reader = next) {
        next = reader->next;
        struct pollfd state = {.fd = reader->watch.fd};
        if (reader->stream == stream && poll(&state, 1, 0) == 1) {
            let_go(reader);
        }
    }
}

static int check(const struct container *container, const struct request *request, int which, struct fault *fault)
{
    int fd = request->stdio[which];
    const struct stream *stream = which == 1 ? &container->out : &container->err;
    struct stat status;
    if (fd < 0) {
        return 0;
    }
    int flags = fcntl(fd, F_GETFL);
    if (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode) || flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
        return refuse(fault, SWL_STEP_STDIO, EINVAL, "descriptor %d of the reader is not the write end of a pipe", which);
    }
    if (stream->reader_count >= SWL_ATTACHED_MAX) {
        let_go_of_gone(container->task.sandbox, stream);
    }
    if (stream->reader_count >= SWL_ATTACHED_MAX) {
        return refuse(fault, SWL_STEP_LIMIT, ENOSPC, "%d readers are attached to container \"%s\" already", SWL_ATTACHED_MAX,
                      container->id);
    }
    // The description is the client's as well, but it has given the pipe away.
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : fail(fault, SWL_STEP_STDIO, "make the reader's pipe non-blocking");
}

static struct reader *add(struct container *container, int which, int *fd)
{
    struct sandbox *sandbox = container->task.sandbox;
    struct stream *stream = which == 1 ? &container->out : &container->err;
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        return NULL;
    }
    reader->watch = (struct watch){*fd, reader_ready};
    // No events asked for: its end is told all the same.
    if (server_watch(&sandbox->server, &reader->watch, 0) != 0) {
        free(reader);
        return NULL;
    }
    take(fd);
    reader->sandbox = sandbox;
    reader->stream = stream;
    reader->name = which == 1 ? "stdout" : "stderr";
    snprintf(reader->container, sizeof reader->container, "%s", container->id);
    reader->next = sandbox->readers;
    sandbox->readers = reader;
    stream->reader_count++;
    stream->tee = tee_to_readers;
    return reader;
}

int container_attach(struct container *container, struct request *request, struct fault *fault)
{
    if (container->task.state != SWL_STATE_RUNNING && container->task.state != SWL_STATE_CREATED) {
        return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "container \"%s\" does not run", container->id);
    }
    if (container->terminal >= 0) {
        close_owned(&request->stdio[2]); // everything comes by the terminal
    }
    if (request->stdio[1] < 0 && request->stdio[2] < 0) {
        return refuse(fault, SWL_STEP_STDIO, EINVAL, "no pipe for stdout or stderr came with the request");
    }
    if (check(container, request, 1, fault) != 0 || check(container, request, 2, fault) != 0) {
        return -1;
    }
    struct reader *first = NULL;
    // A stream that has ended already: the client finds the end of its pipe when the request's descriptors are closed.
    if (request->stdio[1] >= 0 && container->out.watch.fd >= 0 && !(first = add(container, 1, &request->stdio[1]))) {
        return fail(fault, SWL_STEP_LIMIT, "add a reader");
    }
    if (request->stdio[2] >= 0 && container->err.watch.fd >= 0 && !add(container, 2, &request->stdio[2])) {
        if (first) {
            let_go(first);
        }
        return fail(fault, SWL_STEP_LIMIT, "add a reader");
    }
    return 0;
}

void readers_flush(struct sandbox *sandbox)
{
    for (struct reader *reader = sandbox->readers; reader; reader = reader->next) {
        size_t rest = reader->backlog ? reader->backlog->length - reader->taken : 0;
        int size = rest ? fcntl(reader->watch.fd, F_GETPIPE_SZ) : -1;
        // Pages can be partly filled: twice the room.
        if (size > 0 && fcntl(reader->watch.fd, F_SETPIPE_SZ, size + 2 * (int)rest) > 0) {
            offer(reader, reader->backlog->bytes + reader->taken, rest);
        }
    }
}

int readers_timeout(const struct sandbox *sandbox)
{
    if (!sandbox->slow_readers) {
        return -1;
    }
    int64_t first = INT64_MAX, now = now_ms();
    for (const struct reader *reader = sandbox->readers; reader; reader = reader->next) {
        if (reader->backlog && reader->deadline < first) {
            first = reader->deadline;
        }
    }
    return first > now ? (int)(first - now) : 0;
}

// Its pipe ends as if the container had, so somebody has to say why.
static void tell_stalled(const struct reader *reader)
{
    struct fault fault;
    refuse(&fault, SWL_STEP_STDIO, ETIMEDOUT,
           "an attached client took nothing of %s for %d s and is let go; %zu bytes were waiting for it", reader->name,
           SWL_ATTACH_STALL_SECONDS, reader->backlog->length - reader->taken);
    struct message *message = message_begin(SWL_EVENT_WARNING, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, reader->container);
    message_warning(message, &fault);
    server_broadcast(&reader->sandbox->server, message);
}

void readers_expire(struct sandbox *sandbox)
{
    if (!sandbox->slow_readers) {
        return;
    }
    int64_t now = now_ms();
    for (struct reader *reader = sandbox->readers, *next; reader; reader = next) {
        next = reader->next;
        if (reader->backlog && reader->deadline <= now) {
            tell_stalled(reader);
            let_go(reader);
        }
    }
}
