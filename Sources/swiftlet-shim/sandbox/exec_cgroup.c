// A cgroup for each exec, `exec-<id>` below the container's. The container's limits hold in it, and its cgroup.kill ends every
// process that the exec started, however it detached itself. A container that has given controllers to children of its cgroup, as
// systemd in a container does, has no other place for a process.
#include "sandbox/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Execs with the same id that have left processes behind.
#define NAMES_MAX 10

// The cgroup of an exec that has left processes behind.
struct leftover {
    struct leftover *next;
    char name[];
};

void exec_cgroup_make(const struct container *container, struct exec *exec)
{
    if (container->cgroup < 0) {
        return;
    }
    // An id can be used again while processes of its first exec still run.
    for (int number = 0; number < NAMES_MAX; number++) {
        int length = snprintf(exec->cgroup_name, sizeof exec->cgroup_name, "exec-%s", exec->id);
        if (number) {
            snprintf(exec->cgroup_name + length, sizeof exec->cgroup_name - (size_t)length, "-%d", number);
        }
        if (mkdirat(container->cgroup, exec->cgroup_name, 0755) == 0) {
            exec->cgroup = openat(container->cgroup, exec->cgroup_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (exec->cgroup < 0) {
                unlinkat(container->cgroup, exec->cgroup_name, AT_REMOVEDIR);
            }
            return;
        }
        // After any other error, such as a limit on the number of cgroups, the exec uses the container's cgroup.
        if (errno != EEXIST) {
            return;
        }
    }
}

void exec_cgroup_leave(struct container *container, struct exec *exec)
{
    if (exec->cgroup < 0) {
        return;
    }
    close_owned(&exec->cgroup);
    // When the container is gone, the agent removes the cgroups below the container's.
    if (!container || container->cgroup < 0) {
        return;
    }
    if (unlinkat(container->cgroup, exec->cgroup_name, AT_REMOVEDIR) != 0 && errno == EBUSY) {
        size_t size = strlen(exec->cgroup_name) + 1;
        struct leftover *leftover = malloc(sizeof *leftover + size);
        if (leftover) {
            memcpy(leftover->name, exec->cgroup_name, size);
            leftover->next = container->leftovers;
            container->leftovers = leftover;
        }
        return;
    }
    exec_cgroups_sweep(container);
}

void exec_cgroups_sweep(struct container *container)
{
    for (struct leftover **link = &container->leftovers; *link;) {
        struct leftover *leftover = *link;
        if (unlinkat(container->cgroup, leftover->name, AT_REMOVEDIR) != 0 && errno == EBUSY) {
            link = &leftover->next;
            continue;
        }
        *link = leftover->next;
        free(leftover);
    }
}

void exec_cgroups_forget(struct container *container)
{
    exec_cgroups_sweep(container);
    while (container->leftovers) {
        struct leftover *leftover = container->leftovers;
        container->leftovers = leftover->next;
        free(leftover);
    }
}
