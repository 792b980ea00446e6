// The life of execs in the event loop.
#include "sandbox.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct exec *exec_find(struct sandbox *sandbox, const char *container, const char *id)
{
    struct exec *exec = sandbox->execs;
    while (exec && (strcmp(exec->id, id) != 0 || strcmp(exec->container, container) != 0)) {
        exec = exec->next;
    }
    return exec;
}

void exec_forget(struct sandbox *sandbox, struct exec *exec)
{
    for (struct exec **link = &sandbox->execs; *link; link = &(*link)->next) {
        if (*link == exec) {
            *link = exec->next;
            sandbox->exec_count--;
            break;
        }
    }
    struct container *container = container_find(sandbox, exec->container);
    exec_cgroup_leave(container, exec);
    close_owned(&exec->task.pidfd);
    free(exec);
    if (container) {
        container_ending_step(container);
    }
}

void exec_kill(struct exec *exec)
{
    // Not reaped, so the pid is still its own; it leads the process group that setsid() made for it.
    if (exec->cgroup < 0 && exec->task.state == SWL_STATE_RUNNING) {
        kill(-exec->task.process.pid, SIGKILL);
    }
    task_kill(&exec->task, exec->cgroup);
}

static int start_exec(struct exec *exec, struct container *container, struct client *client, struct request *request,
                      const struct record *record, struct fault *fault)
{
    OWNED int given = -1;
    OWNED int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct sandbox *sandbox = container->task.sandbox;
    struct child child = {.record = record,
                          .sandbox = -1,
                          .target = container->task.pidfd,
                          .appears = true,
                          .cgroup = -1,
                          .hook_state = -1,
                          .timed = container->timed,
                          .ids = sandbox_ids(sandbox),
                          .user = sandbox->user_namespace};
    for (int i = 0; i < 3; i++) {
        if (record->terminal && request->stdio[i] >= 0) {
            return refuse(fault, SWL_STEP_STDIO, EINVAL,
                          "an exec with a terminal takes no descriptors for stdin, stdout, stderr");
        }
        child.stdio[i] = request->stdio[i] >= 0 ? request->stdio[i] : null;
    }
    if (null < 0) {
        return fail(fault, SWL_STEP_STDIO, "open /dev/null");
    }
    if (cgroup_for(request, record, &given, fault) != 0) {
        return -1;
    }
    struct task_start start = {.pid_namespace = -1, .cgroup = given >= 0 ? given : container->cgroup};
    if (given < 0) {
        exec_cgroup_make(container, exec);
    }
    if (exec->cgroup >= 0) {
        start.cgroup = exec->cgroup;
        if (task_start(&exec->task, &start, &child, client, request, fault) == 0) {
            return 0;
        }
        // Where the container made its cgroup a threaded one, no process can go below it.
        if (fault->error != EOPNOTSUPP && fault->error != EBUSY) {
            return -1;
        }
        exec_cgroup_leave(container, exec);
        start.cgroup = container->cgroup;
    }
    return task_start(&exec->task, &start, &child, client, request, fault);
}

int container_exec(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault)
{
    struct container *container = container_find(sandbox, request->container);
    if (!container || container->task.state != SWL_STATE_RUNNING || sandbox->stopping) {
        return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "container \"%s\" does not run", request->container);
    }
    for (struct exec *other = sandbox->execs; other; other = other->next) {
        if (strcmp(other->id, request->exec) == 0) {
            return refuse(fault, SWL_STEP_LOOKUP, EEXIST, "exec \"%s\" exists", request->exec);
        }
    }
    if (sandbox->exec_count >= SWL_EXECS_MAX) {
        return refuse(fault, SWL_STEP_LIMIT, ENOSPC, "%d execs run already", SWL_EXECS_MAX);
    }
    struct record record;
    if (record_read(request->record, SWL_KIND_EXEC, &record, fault) != 0) {
        return -1;
    }
    struct exec *exec = calloc(1, sizeof *exec);
    int result = -1;
    if (!exec) {
        fail(fault, SWL_STEP_LIMIT, "allocate an exec");
    } else {
        exec->task = (struct task){.kind = TASK_EXEC, .sandbox = sandbox, .pidfd = -1};
        exec->cgroup = -1;
        memcpy(exec->id, request->exec, sizeof exec->id);
        memcpy(exec->container, request->container, sizeof exec->container);
        exec->next = sandbox->execs;
        sandbox->execs = exec;
        sandbox->exec_count++;
        result = start_exec(exec, container, client, request, &record, fault);
        if (result != 0) {
            exec_forget(sandbox, exec);
        }
    }
    record_free(&record);
    return result;
}
