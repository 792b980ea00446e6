// The end of a container whose pid namespace is not its own: that of the pod, of another container, of the host. What its first process leaves
// behind would go on, hold the ports that the next start wants, and write to its log. It is ended as well, and the container has ended when the last
// process has, as the kernel sees to it where the first process is the namespace's init.
#include "sandbox/container.h"
#include "system/fail_point.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

// `oom_kill` counts processes of this cgroup and below it that the OOM killer took, whoever's limit was the reason: the container's own,
// the pod's or the machine's. What it takes of a neighbour counts there. `oom_group_kill` counts where the group was ended, not what
// died, and memory.events.local forgets the cgroups that a container made for itself. It is counted before the signal is sent, so
// that it is there when the first process has ended.
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

// No process of it is left.
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
    // On disk before anybody is told.
    if (write_exit(sandbox, container, &fault) != 0) {
        send_warning(sandbox, container->id, &fault);
    }
    fail_point("exit.written");
    send_exited(sandbox, SWL_EVENT_EXITED, container->id, NULL, &container->exit);
}

static bool populated(const struct container *container)
{
    char text[256];
    // Also arms the next EPOLLPRI: the kernel compares with what was read last.
    ssize_t length = pread(container->ending.fd, text, sizeof text - 1, 0);
    if (length < 0) {
        return false; // somebody has removed the cgroup: nothing is in it
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

// False when there is nothing to wait for.
static bool end_others(struct container *container)
{
    struct sandbox *sandbox = container->task.sandbox;
    if (!container->shares_pids || container->cgroup < 0 || write_file_at(container->cgroup, "cgroup.kill", "1") != 0) {
        return false;
    }
    for (struct exec *exec = sandbox->execs; exec; exec = exec->next) {
        if (strcmp(exec->container, container->id) == 0) {
            exec->task.kind->kill(&exec->task); // its cgroup can be elsewhere
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
