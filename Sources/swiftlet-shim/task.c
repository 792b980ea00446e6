// Starting, watching and reaping the children of a sandbox process.
#include "sandbox.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static void task_forget(struct task *task)
{
    struct sandbox *sandbox = task->sandbox;
    switch (task->kind) {
    case TASK_PAUSE:
        close_owned(&task->pidfd);
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

static void reply_started(struct task *task, const struct starting *starting)
{
    struct sandbox *sandbox = task->sandbox;
    struct message *message = message_begin(starting->verb | SWL_REPLY, starting->sequence);
    message_status(message, NULL);
    message_field(message, SWL_TAG_PROCESS, &task->process, sizeof task->process, NULL, 0);
    for (size_t i = 0; i < starting->warning_count; i++) {
        message_warning(message, &starting->warnings[i]);
    }
    message_fd(message, SWL_FD_PIDFD, task->pidfd);
    OWNED int network = task->kind == TASK_PAUSE ? open_network(task->process.pid) : -1;
    if (network >= 0) {
        message_fd(message, SWL_FD_NETNS, network);
    }
    server_reply(&sandbox->server, starting->client, message);
}

static void finish_start(struct task *task)
{
    struct starting *starting = task->starting;
    struct fault fault;
    task->state = SWL_STATE_RUNNING;
    task->process.started_at = realtime_ns();
    if (task->kind == TASK_CONTAINER) {
        container_started((struct container *)task);
    } else if (task->kind == TASK_PAUSE && write_sandbox_state(task->sandbox, &fault) != 0 &&
               starting->warning_count < WARNINGS_MAX) {
        starting->warnings[starting->warning_count++] = fault;
    }
    reply_started(task, starting);
    if (task->kind == TASK_CONTAINER) {
        send_started(task->sandbox, task);
    }
    server_unwatch(&task->sandbox->server, &starting->watch);
    task->starting = NULL;
    free(starting);
}

// True when the end of the pipe was reached.
static bool read_reports(struct starting *starting)
{
    struct report report;
    for (;;) {
        ssize_t got = starting->watch.fd < 0 ? 0 : read(starting->watch.fd, &report, sizeof report);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != (ssize_t)sizeof report) {
            return got >= 0;
        }
        if (report.kind == REPORT_READY) {
            starting->ready = true;
        } else if (report.kind == REPORT_FAULT) {
            starting->fault = report.fault;
        } else if (starting->warning_count < WARNINGS_MAX) {
            starting->warnings[starting->warning_count++] = report.fault;
        }
    }
}

static void starting_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct starting *starting = (struct starting *)watch;
    if (!read_reports(starting)) {
        return;
    }
    if (starting->ready && !starting->fault.error) {
        finish_start(starting->task);
    } else {
        server_unwatch(&starting->task->sandbox->server, watch); // tasks_reap() answers when the child is gone
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
        switch (task->kind) {
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
        fail(fault, SWL_STEP_CLONE, start->cgroup >= 0 ? "clone3 into the cgroup" : "clone3");
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
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail(fault, SWL_STEP_STDIO, "pipe");
    }
    OWNED int reports = ends[0];
    OWNED int child_end = ends[1];
    struct starting *starting = calloc(1, sizeof *starting);
    if (!starting || fcntl(reports, F_SETFL, O_NONBLOCK) != 0) {
        free(starting);
        return fail(fault, SWL_STEP_LIMIT, "prepare a start");
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

static void start_failed(struct task *task, int status)
{
    struct starting *starting = task->starting;
    struct fault fault = starting->fault;
    if (!fault.error) {
        refuse(&fault, SWL_STEP_CLONE, ECANCELED, "the new process was killed by signal %d before it ran the program",
               WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    struct request request = {.type = starting->verb, .sequence = starting->sequence};
    uint64_t client = starting->client;
    struct sandbox *sandbox = task->sandbox;
    server_unwatch(&sandbox->server, &starting->watch);
    task->starting = NULL;
    free(starting);
    // First forgotten, then answered: the client may try the same id again at once.
    task_forget(task);
    server_reply_status(&sandbox->server, client, &request, &fault);
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
    if (task->starting) {
        read_reports(task->starting);
        if (!task->starting->ready || task->starting->fault.error) {
            start_failed(task, status);
            return;
        }
        finish_start(task); // it ran the program and ended before the loop came to its report
    }
    struct swl_exit exit = exit_of(task, status);
    struct fault ignored;
    task->state = SWL_STATE_EXITED;
    switch (task->kind) {
    case TASK_PAUSE:
        sandbox->pause_exit = exit;
        write_sandbox_state(sandbox, &ignored);
        send_exited(sandbox, task, &exit);
        close_owned(&task->pidfd);
        break;
    case TASK_CONTAINER:
        ((struct container *)task)->exit = exit;
        container_exited((struct container *)task);
        break;
    case TASK_EXEC:
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
        if (container->task.process.pid == pid && container->task.state != SWL_STATE_EXITED) {
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
        if (task) {
            task_ended(task, status);
        }
    }
    sandbox_stop_step(sandbox);
}
