// Ends a container that shares its pid namespace with the pod, another container or the host. The processes that its first
// process left behind would go on, hold the ports that the next start needs, and write to its log. They are killed, and the
// container ends with its last process. In a pid namespace of its own, the kernel does the same when the namespace's init ends.
#include "sandbox/container.h"
#include "system/fail_point.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

// `oom_kill` counts the processes of this cgroup and those below that the OOM killer took, whether for the limit of the
// container, the pod or the machine. A neighbour's processes count in the neighbour's cgroup. `oom_group_kill` counts kills of
// the group, not processes, and memory.events.local leaves out the cgroups that a container made for itself. The kernel counts
// before it sends the signal, so the count is complete when the first process has ended.
uint64_t read_oom_kills(int cgroup)
{
    static const char key[] = "oom_kill ";
    char text[512];
    OWNED int fd = cgroup < 0 ? -1 : openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length < 0) {
        return 0;
    }
    text[length] = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, sizeof key - 1) == 0) {
            return strtoull(line + sizeof key - 1, NULL, 10);
        }
    }
    return 0;
}

// Called when no process of the container is left.
static void container_exited(struct container *container)
{
    struct sandbox *sandbox = container->task.sandbox;
    struct fault fault;
    container->task.state = SWL_STATE_EXITED;
    container_drain(container);
    exec_cgroups_sweep(container);
    close_owned(&container->stdin_write);
    close_owned(&container->terminal);
    close_owned(&container->task.pidfd);
    if (read_oom_kills(container->cgroup) > container->oom_kills_before) {
        container->exit.flags |= SWL_EXIT_OOM_KILLED;
    }
    // The exit is on disk before any client learns of it.
    if (write_exit(sandbox, container, &fault) != 0) {
        send_warning(sandbox, container->id, &fault);
    }
    fail_point("exit.written");
    send_exited(sandbox, SWL_EVENT_EXITED, container->id, NULL, &container->exit);
}

static bool populated(const struct container *container)
{
    char text[256];
    // Reading also arms the next EPOLLPRI: the kernel compares with the last read.
    ssize_t length = pread(container->ending.fd, text, sizeof text - 1, 0);
    if (length < 0) {
        return false; // the cgroup was removed, so it is empty
    }
    text[length] = 0;
    return strstr(text, "populated 1") != NULL;
}

static bool has_execs(const struct container *container)
{
    const struct exec *exec = container->task.sandbox->execs;
    while (exec && strcmp(exec->container, container->id) != 0) {
        exec = exec->next;
    }
    return exec != NULL;
}

void container_ending_step(struct container *container)
{
    if (container->ending.fd < 0 || populated(container) || has_execs(container)) {
        return;
    }
    server_unwatch(&container->task.sandbox->server, &container->ending);
    container_exited(container);
}

static void cgroup_changed(struct watch *watch, uint32_t events)
{
    (void)events;
    struct container *container = (struct container *)((char *)watch - offsetof(struct container, ending));
    container_ending_step(container);
}

// Kills the processes left behind. Returns false when there are none to wait for.
static bool end_others(struct container *container)
{
    struct sandbox *sandbox = container->task.sandbox;
    if (!container->shares_pids || container->cgroup < 0 || write_file_at(container->cgroup, "cgroup.kill", "1") != 0) {
        return false;
    }
    for (struct exec *exec = sandbox->execs; exec; exec = exec->next) {
        if (strcmp(exec->container, container->id) == 0) {
            exec->task.kind->kill(&exec->task); // its cgroup may be elsewhere
        }
    }
    container->ending = (struct watch){openat(container->cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC), cgroup_changed};
    if (container->ending.fd < 0) {
        return false;
    }
    if (server_watch(&sandbox->server, &container->ending, EPOLLPRI) != 0) {
        close_owned(&container->ending.fd);
        return false;
    }
    return true;
}

void container_first_exited(struct container *container)
{
    if (end_others(container)) {
        container_ending_step(container);
    } else {
        container_exited(container);
    }
}
