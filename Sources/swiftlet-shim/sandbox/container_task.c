// A container as a task of the event loop: its launch and the functions of its kind.
#include "sandbox/container.h"
#include "system/fail_point.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

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

static struct container *container_of(struct task *task)
{
    return (struct container *)task; // the first member
}

static int save(struct task *task, struct fault *fault)
{
    return write_container_state(task->sandbox, container_of(task), fault);
}

// Without a log, the terminal belongs to the client.
static int receive(struct task *task, enum report_kind report, int *descriptor, struct fault *fault)
{
    struct container *container = container_of(task);
    // The sender may be within the container's reach: output that is read already is not replaced by a terminal of its choice.
    if (report != REPORT_TERMINAL || container->gives_terminal || container->out.watch.fd >= 0) {
        return 0;
    }
    return container_terminal(container, take(descriptor), fault);
}

static void started(struct task *task)
{
    send_started(task->sandbox, container_of(task));
}

static void ended(struct task *task, const struct swl_exit *exit)
{
    fail_point("exit.reaped");
    container_of(task)->exit = *exit;
    container_first_exited(container_of(task));
}

static void kill_container(struct task *task)
{
    task_kill(task, container_of(task)->cgroup);
}

static void forget(struct task *task)
{
    container_forget(task->sandbox, container_of(task));
}

static const struct task_kind container_kind = {
    .run = container_child,
    .is_held = true,
    .started_point = "launch.started",
    .save = save,
    .receive = receive,
    .started = started,
    .ended = ended,
    .kill = kill_container,
    .forget = forget,
};

static int launch(struct container *container, struct client *client, struct request *request, const struct record *record,
                  struct fault *fault)
{
    struct sandbox *sandbox = container->task.sandbox;
    struct child child;
    child_init(&child, record);
    child.sources = request->sources;
    child.source_count = request->source_count;
    child.namespaces = request->namespaces;
    child.namespace_count = request->namespace_count;
    child.hook_state = request->hook_state;
    child.sandbox = sandbox->pause.pidfd;
    child.ids = sandbox_ids(sandbox);
    child.user = sandbox->user_namespace;
    struct task_clone clone = {.flags = record->namespaces.pid == SWL_NS_NEW ? CLONE_NEWPID : 0};
    int result = -1;
    if (check_launch(sandbox, request, record, fault) == 0 &&
        pid_namespace_of(sandbox, request, record, &clone.pid_namespace, fault) == 0 &&
        task_cgroup(request, record, &container->cgroup, fault) == 0 &&
        log_open(&container->log, record->log_path, &record->log_limits, fault) == 0 &&
        container_streams(container, request, record, &child, fault) == 0 &&
        // Fails here, before the clone, when the container's directory does not exist.
        write_container_state(sandbox, container, fault) == 0) {
        container->oom_kills_before = read_oom_kills(container->cgroup);
        container->timed = record->time_namespace != SWL_NS_HOST;
        container->shares_pids = record->namespaces.pid != SWL_NS_NEW;
        clone.cgroup = child.cgroup = container->cgroup;
        int procfs = record->namespaces.pid == SWL_NS_SANDBOX ? sandbox->procfs : -1;
        // A held container, and one with hooks, needs its final pid before the end, so it starts in the namespace. In a user
        // namespace no program of the pod has capabilities over this process, so appearing there has no use.
        if (clone.pid_namespace >= 0 && !record->hold && !record->hooks.count && !child.ids &&
            (procfs >= 0 || procfs_takes_namespace(sandbox->own_pid_namespace))) {
            child.appears = true;
            child.procfs = procfs;
            child.pids = clone.pid_namespace;
            clone.pid_namespace = -1;
        }
        fail_point("launch.prepared");
        fail_points_arm_child();
        result = task_start(&container->task, &clone, &child, client, request, fault);
    }
    for (int i = 0; i < 3; i++) {
        close_owned(&child.stdio[i]);
    }
    if (result == 0) {
        // As early as possible: after a crash of the shim, cleaning up depends on the pid in this file.
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
        container->task = (struct task){.kind = &container_kind, .sandbox = sandbox, .pidfd = -1};
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
