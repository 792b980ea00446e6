#include "sandbox/state.h"

#include <string.h>

struct container *container_find(struct sandbox *sandbox, const char *id)
{
    for (struct container *container = sandbox->containers; container; container = container->next) {
        if (strcmp(container->id, id) == 0) {
            return container;
        }
    }
    return NULL;
}

int container_named(struct sandbox *sandbox, const struct request *request, struct container **container, struct fault *fault)
{
    *container = container_find(sandbox, request->container);
    return *container ? 0 : refuse(fault, SWL_STEP_LOOKUP, ENOENT, "there is no container \"%s\"", request->container);
}

struct exec *exec_find(struct sandbox *sandbox, const char *container, const char *id)
{
    struct exec *exec = sandbox->execs;
    while (exec && (strcmp(exec->id, id) != 0 || strcmp(exec->container, container) != 0)) {
        exec = exec->next;
    }
    return exec;
}
