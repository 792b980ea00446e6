// The streams of a container's program: pipes or a terminal, its log, and attached readers.
#include "sandbox/container.h"

#include <sys/epoll.h>

// A pipe holds at most 1 MiB. Another process that has a write end and goes on writing must not delay the container's end.
#define DRAIN_TURNS_MAX 128

static void stream_changed(struct container *container, struct stream *stream)
{
    if (stream->watch.fd < 0) {
        readers_end(stream);
    }
    struct sandbox *sandbox = container->task.sandbox;
    struct log *log = &container->log;
    if (log->rotated) {
        log->rotated = false;
        send_rotated(sandbox, container);
    }
    if (log->dropped && !log->warned) {
        struct fault fault;
        log->warned = true;
        errno = log->drop_error;
        fail(&fault, SWL_STEP_LOG, "lines of \"%.300s\" are being lost", log->path);
        send_warning(sandbox, container->id, &fault);
    }
}

static void out_changed(struct stream *stream)
{
    stream_changed((struct container *)((char *)stream - offsetof(struct container, out)), stream);
}

static void err_changed(struct stream *stream)
{
    stream_changed((struct container *)((char *)stream - offsetof(struct container, err)), stream);
}

// Adds the shim's end of an output pipe to the loop and returns the program's end.
static int open_stream(struct sandbox *sandbox, struct container *container, struct stream *stream, const char *name,
                       void (*changed)(struct stream *))
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    *stream = (struct stream){
        .watch = {ends[0], stream_ready}, .server = &sandbox->server, .log = &container->log, .name = name, .changed = changed};
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || server_watch(&sandbox->server, &stream->watch, EPOLLIN) != 0) {
        close(ends[1]);
        return -1;
    }
    return ends[1];
}

int container_terminal(struct container *container, int master, struct fault *fault)
{
    struct sandbox *sandbox = container->task.sandbox;
    struct stream *out = &container->out;
    container->terminal = master;
    // Read through a duplicate, which is closed at the end of the output. Closing the terminal itself would hang up on a program
    // that has closed its own side and goes on.
    int reads = fcntl(master, F_DUPFD_CLOEXEC, 3);
    if (container->stdin_open) {
        container->stdin_write = fcntl(master, F_DUPFD_CLOEXEC, 3);
    }
    *out = (struct stream){.watch = {reads, stream_ready},
                           .server = &sandbox->server,
                           .log = &container->log,
                           .name = "stdout",
                           .changed = out_changed};
    if (reads < 0 || (container->stdin_open && container->stdin_write < 0) || fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) != 0 ||
        server_watch(&sandbox->server, &out->watch, EPOLLIN) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "watch the terminal of the container");
    }
    return 0;
}

static int open_stdin(struct container *container)
{
    int ends[2];
    if (!container->stdin_open) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    container->stdin_write = ends[1];
    return ends[0];
}

int container_streams(struct container *container, struct request *request, const struct record *record, struct child *child,
                      struct fault *fault)
{
    struct sandbox *sandbox = container->task.sandbox;
    int *given = request->stdio;
    bool own = given[0] >= 0 || given[1] >= 0 || given[2] >= 0;
    if (own && (record->terminal || record->log_path || record->stdin_flags)) {
        return refuse(fault, SWL_STEP_STDIO, EINVAL,
                      "a container with given descriptors cannot have a terminal, log or stdin of the shim");
    }
    container->stdin_open = record->stdin_flags & SWL_STDIN_OPEN;
    container->stdin_once = record->stdin_flags & SWL_STDIN_ONCE;
    if (own) {
        for (int i = 0; i < 3; i++) {
            child->stdio[i] = given[i] >= 0 ? take(&given[i]) : open("/dev/null", O_RDWR | O_CLOEXEC);
        }
    } else if (record->terminal) {
        // The child opens the terminal in the container and hands it over, see container_terminal().
        container->gives_terminal = !record->log_path;
        for (int i = 0; i < 3; i++) {
            child->stdio[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
        }
    } else {
        child->stdio[0] = open_stdin(container);
        child->stdio[1] = open_stream(sandbox, container, &container->out, "stdout", out_changed);
        child->stdio[2] = open_stream(sandbox, container, &container->err, "stderr", err_changed);
    }
    if (child->stdio[0] < 0 || child->stdio[1] < 0 || child->stdio[2] < 0) {
        return fail(fault, SWL_STEP_STDIO, "open the container's standard streams");
    }
    return 0;
}

// Slow readers do not delay the container's end either: at most the content of a pipe is kept for them.
static void drain(struct container *container, struct stream *stream)
{
    for (int turns = 0; turns < DRAIN_TURNS_MAX; turns++) {
        stream->paused = false;
        if (!stream_read(stream)) {
            break;
        }
    }
    readers_end(stream);
    stream_changed(container, stream);
}

void container_drain(struct container *container)
{
    drain(container, &container->out);
    drain(container, &container->err);
}
