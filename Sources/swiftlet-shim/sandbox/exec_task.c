// An exec as a task of the event loop: its start and the functions of its kind.
#include "sandbox/exec.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct exec *exec_of(struct task *task)
{
    return (struct exec *)task; // the first member
}

static void forget(struct task *task)
{
    struct sandbox *sandbox = task->sandbox;
    struct exec *exec = exec_of(task);
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

static void kill_exec(struct task *task)
{
    const struct exec *exec = exec_of(task);
    // The process is not reaped, so the pid is still its own; it leads the process group that setsid() made.
    if (exec->cgroup < 0 && task->state == SWL_STATE_RUNNING) {
        kill(-task->process.pid, SIGKILL);
    }
    task_kill(task, exec->cgroup);
}

// An exec has no state file: it does not outlive its shim.
static int save(struct task *task, struct fault *fault)
{
    (void)task, (void)fault;
    return 0;
}

// The terminal of an exec belongs to the client.
static int receive(struct task *task, enum report_kind report, int *descriptor, struct fault *fault)
{
    (void)task, (void)report, (void)descriptor, (void)fault;
    return 0;
}

static void started(struct task *task)
{
    (void)task; // the reply is enough
}

static void ended(struct task *task, const struct swl_exit *exit)
{
    const struct exec *exec = exec_of(task);
    task->state = SWL_STATE_EXITED;
    send_exited(task->sandbox, SWL_EVENT_EXEC_EXITED, exec->container, exec->id, exit);
    forget(task);
}

static const struct task_kind exec_kind = {
    .run = exec_child,
    .started_point = "exec.started",
    .save = save,
    .receive = receive,
    .started = started,
    .ended = ended,
    .kill = kill_exec,
    .forget = forget,
};

static int start_exec(struct exec *exec, struct container *container, struct client *client, struct request *request,
                      const struct record *record, struct fault *fault)
{
    OWNED int given = -1;
    OWNED int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct sandbox *sandbox = container->task.sandbox;
    struct child child;
    child_init(&child, record);
    child.target = container->task.pidfd;
    child.appears = true;
    child.timed = container->timed;
    child.ids = sandbox_ids(sandbox);
    child.user = sandbox->user_namespace;
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
    if (task_cgroup(request, record, &given, fault) != 0) {
        return -1;
    }
    struct task_clone clone = {.pid_namespace = -1, .cgroup = given >= 0 ? given : container->cgroup};
    if (given < 0) {
        exec_cgroup_make(container, exec);
    }
    if (exec->cgroup >= 0) {
        clone.cgroup = exec->cgroup;
        if (task_start(&exec->task, &clone, &child, client, request, fault) == 0) {
            return 0;
        }
        // No process can enter a cgroup below a threaded one, which the container may have made of its own.
        if (fault->error != EOPNOTSUPP && fault->error != EBUSY) {
            return -1;
        }
        exec_cgroup_leave(container, exec);
        clone.cgroup = container->cgroup;
    }
    return task_start(&exec->task, &clone, &child, client, request, fault);
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
        exec->task = (struct task){.kind = &exec_kind, .sandbox = sandbox, .pidfd = -1};
        exec->cgroup = -1;
        memcpy(exec->id, request->exec, sizeof exec->id);
        memcpy(exec->container, request->container, sizeof exec->container);
        exec->next = sandbox->execs;
        sandbox->execs = exec;
        sandbox->exec_count++;
        result = start_exec(exec, container, client, request, &record, fault);
        if (result != 0) {
            forget(&exec->task);
        }
    }
    record_free(&record);
    return result;
}
