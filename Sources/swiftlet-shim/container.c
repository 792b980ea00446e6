// The life of containers and execs in the event loop.
#include "fail_point.h"
#include "sandbox.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

void container_forget(struct sandbox *sandbox, struct container *container)
{
    for (struct container **link = &sandbox->containers; *link; link = &(*link)->next) {
        if (*link == container) {
            *link = container->next;
            sandbox->container_count--;
            break;
        }
    }
    readers_end(&container->out);
    readers_end(&container->err);
    stream_finish(&container->out);
    stream_finish(&container->err);
    log_close(&container->log);
    server_unwatch(&sandbox->server, &container->ending);
    exec_cgroups_forget(container);
    close_owned(&container->stdin_write);
    close_owned(&container->terminal);
    close_owned(&container->cgroup);
    close_owned(&container->task.pidfd);
    free(container);
}

int cgroup_for(struct request *request, const struct record *record, int *cgroup, struct fault *fault)
{
    *cgroup = take(&request->cgroup);
    if (*cgroup < 0 && record->cgroup_path) {
        *cgroup = open(record->cgroup_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (*cgroup < 0) {
            return fail(fault, SWL_STEP_CGROUP, "open the cgroup \"%.300s\"", record->cgroup_path);
        }
    }
    return 0;
}

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
        send_warning(sandbox, container, &fault);
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

// The shim's end of an output pipe goes into the loop, the program's end is returned.
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
    // Read through a duplicate: at the end of the output that one is closed. Closing the terminal itself would hang up on a program that
    // has closed its own side and goes on.
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

// What leads to the pid namespace that the container lives in, a pidfd or the namespace itself; -1 for one of its own or the host's.
static int pid_namespace_of(struct sandbox *sandbox, const struct request *request, const struct record *record, int *pidfd,
                            struct fault *fault)
{
    *pidfd = -1;
    if (request->namespace_count != given_namespaces(record)) {
        return refuse(fault, SWL_STEP_NAMESPACES, EINVAL, "%zu namespaces came with the request, the record wants %zu",
                      request->namespace_count, given_namespaces(record));
    }
    if (record->hooks.count && request->hook_state < 0) {
        return refuse(fault, SWL_STEP_HOOK, EINVAL, "%zu hooks, and no state for them to read", record->hooks.count);
    }
    if (record->namespaces.pid == SWL_NS_GIVEN) {
        *pidfd = request->namespaces[0];
    }
    if (record->namespaces.pid == SWL_NS_SANDBOX) {
        if (sandbox->namespaces.pid != SWL_NS_NEW) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "the sandbox has no pid namespace to share");
        }
        *pidfd = sandbox->pause.pidfd;
    } else if (record->namespaces.pid == SWL_NS_TARGET) {
        struct container *target = container_find(sandbox, record->pid_target);
        if (!target || target->task.state != SWL_STATE_RUNNING) {
            return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "the container \"%.64s\", whose pid namespace is wanted, does not run",
                          record->pid_target);
        }
        *pidfd = target->task.pidfd;
    }
    return 0;
}

static int check_user_namespace(const struct sandbox *sandbox, const struct record *record, struct fault *fault)
{
    bool wanted = record->namespaces.user == SWL_NS_SANDBOX, there = sandbox_ids(sandbox) != NULL;
    return wanted == there ? 0
                           : refuse(fault, SWL_STEP_RECORD, EINVAL, "the record %s a user namespace, the sandbox %s one",
                                    wanted ? "wants" : "wants no", there ? "has" : "has no");
}

// A sysctl is only the pod's own if the sandbox has that namespace for itself.
static int check_sysctls_of(const struct sandbox *sandbox, const struct record *record, struct fault *fault)
{
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const char *key = record->sysctls.items[i].key;
        uint32_t mode = strncmp(key, "net", 3) == 0 ? sandbox->namespaces.network : sandbox->namespaces.ipc;
        if (mode != SWL_NS_NEW) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "sysctl %.200s would change the host: the pod shares that namespace",
                          key);
        }
    }
    return 0;
}

static int prepare(struct sandbox *sandbox, struct container *container, struct request *request, const struct record *record,
                   struct child *child, struct fault *fault)
{
    if (log_open(&container->log, record->log_path, &record->log_limits, fault) != 0) {
        return -1;
    }
    int *given = request->stdio;
    bool own = given[0] >= 0 || given[1] >= 0 || given[2] >= 0;
    if (own && (record->terminal || record->log_path || record->stdin_flags)) {
        return refuse(fault, SWL_STEP_STDIO, EINVAL,
                      "a container that gets descriptors has no terminal, log or stdin of the shim");
    }
    container->stdin_open = record->stdin_flags & SWL_STDIN_OPEN;
    container->stdin_once = record->stdin_flags & SWL_STDIN_ONCE;
    if (own) {
        for (int i = 0; i < 3; i++) {
            child->stdio[i] = given[i] >= 0 ? take(&given[i]) : open("/dev/null", O_RDWR | O_CLOEXEC);
        }
    } else if (record->terminal) {
        // The child opens it in the container and hands it over, see container_terminal().
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
        return fail(fault, SWL_STEP_STDIO, "open what the container reads and writes");
    }
    // Also tells, before anything is started, that the container's directory is there.
    return write_container_state(sandbox, container, fault);
}

static void close_child_ends(struct child *child)
{
    for (int i = 0; i < 3; i++) {
        close_owned(&child->stdio[i]);
    }
}

static int launch(struct container *container, struct client *client, struct request *request, const struct record *record,
                  struct fault *fault)
{
    struct sandbox *sandbox = container->task.sandbox;
    struct child child = {.record = record,
                          .stdio = {-1, -1, -1},
                          .sources = request->sources,
                          .source_count = request->source_count,
                          .namespaces = request->namespaces,
                          .namespace_count = request->namespace_count,
                          .hook_state = request->hook_state,
                          .sandbox = sandbox->pause.pidfd,
                          .target = -1,
                          .pids = -1,
                          .procfs = -1,
                          .ids = sandbox_ids(sandbox),
                          .user = sandbox->user_namespace};
    struct task_start start = {.flags = record->namespaces.pid == SWL_NS_NEW ? CLONE_NEWPID : 0};
    int result = -1;
    if (check_user_namespace(sandbox, record, fault) == 0 && check_sysctls_of(sandbox, record, fault) == 0 &&
        pid_namespace_of(sandbox, request, record, &start.pid_namespace, fault) == 0 &&
        cgroup_for(request, record, &container->cgroup, fault) == 0 &&
        prepare(sandbox, container, request, record, &child, fault) == 0) {
        container->oom_kills_before = read_oom_kills(container->cgroup);
        container->timed = record->time_namespace != SWL_NS_HOST;
        container->shares_pids = record->namespaces.pid != SWL_NS_NEW;
        start.cgroup = child.cgroup = container->cgroup;
        int procfs = record->namespaces.pid == SWL_NS_SANDBOX ? sandbox->procfs : -1;
        // Who is held, or runs hooks, is known by its pid before the end. In a user namespace nobody has capabilities over this process.
        if (start.pid_namespace >= 0 && !record->hold && !record->hooks.count && !child.ids &&
            (procfs >= 0 || procfs_takes_namespace(sandbox->own_pid_namespace))) {
            child.appears = true;
            child.procfs = procfs;
            child.pids = start.pid_namespace;
            start.pid_namespace = -1;
        }
        fail_point("launch.prepared");
        fail_points_arm_child();
        result = task_start(&container->task, &start, &child, client, request, fault);
    }
    close_child_ends(&child);
    if (result == 0) {
        // As early as possible: whoever cleans up after a dead shim finds the pid here.
        struct fault ignored;
        write_container_state(sandbox, container, &ignored);
        fail_point("launch.cloned");
    }
    return result;
}

int container_launch(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault)
{
    if (sandbox->pause.state != SWL_STATE_RUNNING || sandbox->stopping) {
        return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "there is no running sandbox to launch in");
    }
    if (container_find(sandbox, request->container)) {
        return refuse(fault, SWL_STEP_LOOKUP, EEXIST, "container \"%s\" exists", request->container);
    }
    if (sandbox->container_count >= SWL_CONTAINERS_MAX) {
        return refuse(fault, SWL_STEP_LIMIT, ENOSPC, "%d containers exist, remove exited ones first", SWL_CONTAINERS_MAX);
    }
    struct record record;
    if (record_read(request->record, SWL_KIND_LAUNCH, &record, fault) != 0) {
        return -1;
    }
    fail_point("launch.read");
    struct container *container = calloc(1, sizeof *container);
    int result = -1;
    if (!container) {
        fail(fault, SWL_STEP_LIMIT, "allocate a container");
    } else {
        container->task = (struct task){.kind = TASK_CONTAINER, .sandbox = sandbox, .pidfd = -1};
        container->log.fd = container->log.folder = container->cgroup = container->stdin_write = container->terminal =
            container->out.watch.fd = container->err.watch.fd = container->ending.fd = -1;
        container->out.server = container->err.server = &sandbox->server;
        container->out.log = container->err.log = &container->log;
        memcpy(container->id, request->container, sizeof container->id);
        container->next = sandbox->containers;
        sandbox->containers = container;
        sandbox->container_count++;
        result = launch(container, client, request, &record, fault);
        if (result != 0) {
            container_forget(sandbox, container);
        }
    }
    record_free(&record);
    return result;
}

// Readers that are slow do not hold up its end either: what they have not taken yet is kept for them, at most what a pipe holds.
static void drain(struct container *container, struct stream *stream)
{
    // A pipe holds at most 1 MiB; whoever else has got hold of it and goes on writing must not hold up its end.
    for (int turns = 0; turns < 128; turns++) {
        stream->paused = false;
        if (!stream_read(stream)) {
            break;
        }
    }
    readers_end(stream);
    stream_changed(container, stream);
}

void container_exited(struct container *container)
{
    struct sandbox *sandbox = container->task.sandbox;
    struct fault fault;
    container->task.state = SWL_STATE_EXITED;
    drain(container, &container->out);
    drain(container, &container->err);
    exec_cgroups_sweep(container);
    close_owned(&container->stdin_write);
    close_owned(&container->terminal);
    close_owned(&container->task.pidfd);
    if (read_oom_kills(container->cgroup) > container->oom_kills_before) {
        container->exit.flags |= SWL_EXIT_OOM_KILLED;
    }
    // On disk before anybody is told.
    if (write_exit(sandbox, container, &fault) != 0) {
        send_warning(sandbox, container, &fault);
    }
    fail_point("exit.written");
    send_exited(sandbox, &container->task, &container->exit);
}
