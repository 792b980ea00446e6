// ATTACH: from now on a client reads the container's output.
#include "sandbox/container.h"

#include <sys/stat.h>

static int check(const struct container *container, const struct stream *stream, int fd, int number, struct fault *fault)
{
    struct stat status;
    if (fd < 0) {
        return 0;
    }
    int flags = fcntl(fd, F_GETFL);
    if (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode) || flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
        return refuse(fault, SWL_STEP_STDIO, EINVAL, "descriptor %d of the reader is not the write end of a pipe", number);
    }
    if (stream->reader_count >= SWL_ATTACHED_MAX) {
        readers_drop_gone(container->task.sandbox, stream);
    }
    if (stream->reader_count >= SWL_ATTACHED_MAX) {
        return refuse(fault, SWL_STEP_LIMIT, ENOSPC, "%d readers are attached to container \"%s\" already", SWL_ATTACHED_MAX,
                      container->id);
    }
    // The client shares the open file description, but it has given the pipe away.
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : fail(fault, SWL_STEP_STDIO, "make the reader's pipe non-blocking");
}

int container_attach(struct container *container, struct request *request, struct fault *fault)
{
    if (container->task.state != SWL_STATE_RUNNING && container->task.state != SWL_STATE_CREATED) {
        return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "container \"%s\" does not run", container->id);
    }
    if (container->terminal >= 0) {
        close_owned(&request->stdio[STDERR_FILENO]); // a terminal carries both streams
    }
    int *out = &request->stdio[STDOUT_FILENO], *err = &request->stdio[STDERR_FILENO];
    if (*out < 0 && *err < 0) {
        return refuse(fault, SWL_STEP_STDIO, EINVAL, "no pipe for stdout or stderr came with the request");
    }
    if (check(container, &container->out, *out, STDOUT_FILENO, fault) != 0 ||
        check(container, &container->err, *err, STDERR_FILENO, fault) != 0) {
        return -1;
    }
    struct sandbox *sandbox = container->task.sandbox;
    struct reader *first = NULL;
    // For a stream that has ended already, the pipe ends when the request's descriptors are closed.
    if (*out >= 0 && container->out.watch.fd >= 0 && !(first = reader_add(sandbox, &container->out, container->id, out))) {
        return fail(fault, SWL_STEP_LIMIT, "add a reader");
    }
    if (*err >= 0 && container->err.watch.fd >= 0 && !reader_add(sandbox, &container->err, container->id, err)) {
        if (first) {
            reader_drop(first);
        }
        return fail(fault, SWL_STEP_LIMIT, "add a reader");
    }
    return 0;
}
