// Between clone and exec: what a new process reports, and who is told.
#include "fail_point.h"
#include "sandbox.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void starting_free(struct task *task)
{
    struct starting *starting = task->starting;
    server_unwatch(&task->sandbox->server, &starting->watch);
    close_owned(&starting->terminal);
    task->starting = NULL;
    free(starting);
}

static void add_warning(struct starting *starting, const struct fault *fault)
{
    if (starting->warning_count < WARNINGS_MAX) {
        starting->warnings[starting->warning_count++] = *fault;
    }
}

static void reply_started(struct task *task)
{
    struct sandbox *sandbox = task->sandbox;
    struct starting *starting = task->starting;
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
    if (starting->terminal >= 0) {
        message_fd(message, SWL_FD_TERMINAL, starting->terminal);
    }
    server_reply(&sandbox->server, starting->client, message);
    close_owned(&starting->terminal); // a copy here would keep it from ever hanging up
    starting->verb = 0;
}

// It has come to where it was to be held. LAUNCH is answered, or the START that led here; the next START will be.
static void held(struct task *task)
{
    struct starting *starting = task->starting;
    struct fault fault;
    starting->held = true;
    task->state = SWL_STATE_CREATED;
    if (write_container_state(task->sandbox, (struct container *)task, &fault) != 0) {
        add_warning(starting, &fault);
    }
    reply_started(task);
    starting->warning_count = 0;
}

static void started(struct task *task)
{
    struct starting *starting = task->starting;
    struct fault fault;
    task->state = SWL_STATE_RUNNING;
    task->process.started_at = realtime_ns();
    int written = task->kind == TASK_CONTAINER ? write_container_state(task->sandbox, (struct container *)task, &fault)
                  : task->kind == TASK_PAUSE   ? write_sandbox_state(task->sandbox, &fault)
                                               : 0;
    if (written != 0) {
        add_warning(starting, &fault);
    }
    fail_point(task->kind == TASK_CONTAINER ? "launch.started" : task->kind == TASK_PAUSE ? "pause.started" : "exec.started");
    reply_started(task);
    if (task->kind == TASK_CONTAINER) {
        send_started(task->sandbox, task);
    }
    starting_free(task);
}

// The size of a report and what came with it in `descriptor`, 0 at the end, -1 when nothing is there yet.
static ssize_t receive(int socket, struct report *report, int *descriptor)
{
    ssize_t got = receive_packet(socket, report, sizeof *report, descriptor);
    // Told once, when the child has left something unread; what it said still follows.
    return got < 0 && errno == ECONNRESET ? receive_packet(socket, report, sizeof *report, descriptor) : got;
}

static bool read_reports(struct task *task);

// The process that goes on for it. Taken once, and only a child of this process: what it has been cloned for may be in the container's reach by now
// and say anything.
static void appeared(struct task *task, pid_t pid, int *pidfd)
{
    struct starting *starting = task->starting;
    siginfo_t info;
    struct fault fault;
    if (!starting->appears || *pidfd < 0 || waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        return;
    }
    starting->appears = false;
    close_owned(&task->pidfd);
    task->pidfd = take(pidfd);
    task->process.pid = pid;
    task->process.start_time = process_start_time(pid);
    // Before it may go on: whoever cleans up after a dead shim finds the pid here.
    if (task->kind == TASK_CONTAINER && write_container_state(task->sandbox, (struct container *)task, &fault) != 0) {
        task_abort(task, &fault);
    } else if (task_continue(task, &fault) != 0) {
        task_abort(task, &fault);
    }
}

bool starting_moved(struct task *task, pid_t pid)
{
    if (task->starting && task->starting->appears) {
        read_reports(task);
    }
    return task->process.pid != pid;
}

// True when the end was reached: the child runs its program, or is dead.
static bool read_reports(struct task *task)
{
    struct starting *starting = task->starting;
    struct report report;
    for (;;) {
        OWNED int descriptor = -1;
        ssize_t got = starting->watch.fd < 0 ? 0 : receive(starting->watch.fd, &report, &descriptor);
        if (got != (ssize_t)sizeof report) {
            return got >= 0;
        }
        switch (report.kind) {
        case REPORT_READY:
            starting->ready = true;
            break;
        case REPORT_FAULT:
            starting->fault = report.fault;
            break;
        case REPORT_WARNING:
            add_warning(starting, &report.fault);
            break;
        case REPORT_WAITING:
            starting->waits = true;
            break;
        case REPORT_PROCFS:
            if (task->kind == TASK_PAUSE) {
                close_owned(&task->sandbox->procfs);
                task->sandbox->procfs = take(&descriptor);
            }
            break;
        case REPORT_APPEARED:
            appeared(task, report.pid, &descriptor);
            break;
        case REPORT_TERMINAL: {
            close_owned(&starting->terminal);
            starting->terminal = take(&descriptor);
            // That of an exec, and of a container that keeps no log, is the client's and travels with the reply.
            struct fault fault;
            if (task->kind == TASK_CONTAINER && !((struct container *)task)->gives_terminal &&
                container_terminal((struct container *)task, take(&starting->terminal), &fault) != 0) {
                task_abort(task, &fault);
            }
            break;
        }
        }
    }
}

void starting_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct starting *starting = (struct starting *)watch;
    struct task *task = starting->task;
    bool end = read_reports(task);
    if (starting->waits && task->kind == TASK_CONTAINER && task->state == SWL_STATE_STARTING && !end && !starting->fault.error) {
        held(task);
    } else if (end && starting->ready && !starting->fault.error) {
        started(task);
    } else if (end) {
        server_unwatch(&task->sandbox->server, watch); // tasks_reap() answers when the child is gone
    }
}

static void reply_failed(struct task *task, int status)
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
    bool known = starting->held;
    starting_free(task);
    // First forgotten, then answered: the client may try the same id again at once. What was held is known and has an exit.
    if (!known) {
        task_forget(task);
    }
    if (request.type) {
        server_reply_status(&sandbox->server, client, &request, &fault);
    }
}

bool starting_ended(struct task *task, int status)
{
    read_reports(task);
    if (task->starting->ready && !task->starting->fault.error) {
        started(task); // it ran the program and ended before the loop came to its report
        return true;
    }
    bool known = task->starting->held;
    reply_failed(task, status);
    return known;
}

int task_continue(struct task *task, struct fault *fault)
{
    static const char go_on = 1;
    if (!task->starting || task->starting->watch.fd < 0 || send(task->starting->watch.fd, &go_on, 1, MSG_NOSIGNAL) != 1) {
        return refuse(fault, SWL_STEP_CLONE, ESRCH, "the new process is gone before it could go on");
    }
    return 0;
}

int task_go(struct task *task, struct client *client, const struct request *request, struct fault *fault)
{
    if (task->state != SWL_STATE_CREATED) {
        return refuse(fault, SWL_STEP_LOOKUP, EALREADY, "container \"%s\" is not held before its start", request->container);
    }
    if (task_continue(task, fault) != 0) {
        return -1; // its exit is on the way
    }
    task->state = SWL_STATE_STARTING;
    task->starting->waits = false;
    task->starting->client = client->serial;
    task->starting->verb = request->type;
    task->starting->sequence = request->sequence;
    return 0;
}

void task_abort(struct task *task, const struct fault *fault)
{
    if (task->starting) {
        task->starting->fault = *fault;
        task_kill(task, -1); // tasks_reap() answers
    }
}
