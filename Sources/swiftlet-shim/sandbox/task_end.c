// The ends of children.
#include "sandbox/task.h"

#include <sys/signalfd.h>
#include <sys/wait.h>

// Added to the number of a signal, as shells do.
#define SIGNALED 128

static struct swl_exit exit_of(const struct task *task, int status)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return (struct swl_exit){
        .magic = SWL_EXIT_MAGIC,
        .version = SWL_WIRE_VERSION,
        .pid = task->process.pid,
        .exit_code = signal ? SIGNALED + signal : WEXITSTATUS(status),
        .signal = signal,
        .start_time = task->process.start_time,
        .started_at = task->process.started_at,
        .finished_at = realtime_ns(),
    };
}

static void task_ended(struct task *task, int status)
{
    if (task->starting && !starting_ended(task, status)) {
        return;
    }
    struct swl_exit exit = exit_of(task, status);
    task->kind->ended(task, &exit);
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
    return NULL; // an orphan of a container without its own pid namespace
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
}
