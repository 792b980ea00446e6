// The end of a container whose pid namespace is not its own: that of the pod, of another container, of the host. What its first process leaves
// behind would go on, hold the ports that the next start wants, and write to its log. It is ended as well, and the container has ended when the last
// process has, as the kernel sees to it where the first process is the namespace's init.
#include "sandbox.h"

#include <string.h>
#include <sys/epoll.h>

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
    sandbox_stop_step(container->task.sandbox);
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
            exec_kill(exec); // its cgroup can be elsewhere
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
