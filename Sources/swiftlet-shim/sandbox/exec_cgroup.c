// A cgroup of its own for each exec, `exec-<id>` below the container's: its limits are the container's, cgroup.kill there ends all that
// the exec started, however it detached itself, and a container that has given controllers to children of its cgroup, as systemd in
// a container does, has no other place left for a process.
#include "sandbox/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Execs of one id that have left processes.
#define NAMES_MAX 10

// A cgroup that an exec has left processes in.
struct leftover {
    struct leftover *next;
    char name[];
};

void exec_cgroup_make(const struct container *container, struct exec *exec)
{
    if (container->cgroup < 0) {
        return;
    }
    // An id can come again while something of its first exec still runs.
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
        // Anything else, like a limit on the number of cgroups: the container's own does.
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
    // Without its container the agent removes what is below the container's cgroup.
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
