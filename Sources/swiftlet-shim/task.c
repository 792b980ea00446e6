// Starting, watching and reaping the children of a sandbox process.
#include "fail_point.h"
#include "sandbox.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

void task_forget(struct task *task)
{
    struct sandbox *sandbox = task->sandbox;
    switch (task->kind) {
    case TASK_PAUSE:
        close_owned(&task->pidfd);
        close_owned(&sandbox->procfs);
        *task = (struct task){.kind = TASK_PAUSE, .sandbox = sandbox, .pidfd = -1};
        break;
    case TASK_CONTAINER:
        container_forget(sandbox, (struct container *)task);
        break;
    case TASK_EXEC:
        exec_forget(sandbox, (struct exec *)task);
        break;
    }
}

// Children are made in the pid namespace that was entered last; this process itself never changes its own.
static int enter_pid_namespace(int fd, struct fault *fault)
{
    return setns(fd, CLONE_NEWPID) == 0 ? 0 : fail(fault, SWL_STEP_NAMESPACES, "enter the pid namespace");
}

static pid_t clone_child(struct task *task, const struct task_start *start, struct child *child, struct fault *fault)
{
    if (start->pid_namespace >= 0 && enter_pid_namespace(start->pid_namespace, fault) != 0) {
        return -1;
    }
    pid_t pid = sys_clone(start->flags, start->cgroup, &task->pidfd);
    if (pid == 0) {
        enum task_kind kind = task->kind;
        // It is going to be seen by programs that can read its memory: nothing of other containers is in there.
        if (child->appears) {
            readers_forget(task->sandbox);
            streams_forget();
            memory_forget();
        }
        switch (kind) {
        case TASK_PAUSE:
            pause_child(child, start->program);
        case TASK_CONTAINER:
            container_child(child);
        case TASK_EXEC:
            exec_child(child);
        }
    }
    if (pid < 0) {
        // ENOMEM is how the kernel says that a pid namespace has lost its init.
        const char *hint = start->flags & CLONE_NEWUSER ? " with a user namespace (is user.max_user_namespaces 0?)" : "";
        fail(fault, SWL_STEP_CLONE, "clone3%s%s", start->cgroup >= 0 ? " into the cgroup" : "", hint);
    }
    struct fault second;
    if (start->pid_namespace >= 0 && enter_pid_namespace(task->sandbox->own_pid_namespace, &second) != 0) {
        abort(); // no child must ever be started in the wrong namespace; setns to one's own cannot fail
    }
    return pid;
}

int task_start(struct task *task, const struct task_start *start, struct child *child, struct client *client,
               const struct request *request, struct fault *fault)
{
    struct sandbox *sandbox = task->sandbox;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail(fault, SWL_STEP_STDIO, "socketpair");
    }
    OWNED int reports = ends[0];
    OWNED int child_end = ends[1];
    struct starting *starting = calloc(1, sizeof *starting);
    if (!starting) {
        return fail(fault, SWL_STEP_LIMIT, "allocate a start");
    }
    starting->watch = (struct watch){reports, starting_ready};
    // Before the clone: nothing that can fail may come after it.
    if (server_watch(&sandbox->server, &starting->watch, EPOLLIN) != 0) {
        free(starting);
        return fail(fault, SWL_STEP_LIMIT, "epoll_ctl");
    }
    child->report = child_end;
    task->process.pid = clone_child(task, start, child, fault);
    if (task->process.pid < 0) {
        free(starting);
        return -1;
    }
    take(&reports);
    task->process.start_time = process_start_time(task->process.pid);
    task->state = SWL_STATE_STARTING;
    starting->task = task;
    starting->appears = child->appears;
    starting->terminal = -1;
    starting->client = client->serial;
    starting->verb = request->type;
    starting->sequence = request->sequence;
    task->starting = starting;
    return 0;
}

void task_kill(struct task *task, int cgroup)
{
    if (cgroup >= 0 && write_file_at(cgroup, "cgroup.kill", "1") == 0) {
        return;
    }
    if (task->pidfd >= 0) {
        pidfd_send_signal(task->pidfd, SIGKILL, NULL, 0);
    }
}

static struct swl_exit exit_of(const struct task *task, int status)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return (struct swl_exit){
        .magic = SWL_EXIT_MAGIC,
        .version = SWL_WIRE_VERSION,
        .pid = task->process.pid,
        .exit_code = signal ? 128 + signal : WEXITSTATUS(status),
        .signal = signal,
        .start_time = task->process.start_time,
        .started_at = task->process.started_at,
        .finished_at = realtime_ns(),
    };
}

static void task_ended(struct task *task, int status)
{
    struct sandbox *sandbox = task->sandbox;
    if (task->starting && !starting_ended(task, status)) {
        return;
    }
    struct swl_exit exit = exit_of(task, status);
    struct fault ignored;
    switch (task->kind) {
    case TASK_PAUSE:
        task->state = SWL_STATE_EXITED;
        sandbox->pause_exit = exit;
        write_sandbox_state(sandbox, &ignored);
        send_exited(sandbox, task, &exit);
        close_owned(&task->pidfd);
        break;
    case TASK_CONTAINER:
        fail_point("exit.reaped");
        ((struct container *)task)->exit = exit;
        container_first_exited((struct container *)task);
        break;
    case TASK_EXEC:
        task->state = SWL_STATE_EXITED;
        send_exited(sandbox, task, &exit);
        exec_forget(sandbox, (struct exec *)task);
        break;
    }
}

static struct task *task_of(struct sandbox *sandbox, pid_t pid)
{
    if (sandbox->pause.process.pid == pid && sandbox->pause.state != SWL_STATE_EXITED) {
        return &sandbox->pause;
    }
    for (struct container *container = sandbox->containers; container; container = container->next) {
        if (container->task.process.pid == pid && container->task.state != SWL_STATE_EXITED && container->ending.fd < 0) {
            return &container->task;
        }
    }
    for (struct exec *exec = sandbox->execs; exec; exec = exec->next) {
        if (exec->task.process.pid == pid) {
            return &exec->task;
        }
    }
    return NULL; // an orphan of a container without a pid namespace of its own
}

void tasks_reap(struct sandbox *sandbox)
{
    struct signalfd_siginfo info;
    while (read(sandbox->signals.fd, &info, sizeof info) > 0) {
    }
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct task *task = task_of(sandbox, pid);
        if (task && !starting_moved(task, pid)) {
            task_ended(task, status);
        }
    }
    sandbox_stop_step(sandbox);
}
