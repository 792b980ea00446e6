// Reads the child's reports in the event loop.
#include "sandbox/task.h"

#include <sys/wait.h>

void starting_warn(struct starting *starting, const struct fault *fault)
{
    if (starting->warning_count < WARNINGS_MAX) {
        starting->warnings[starting->warning_count++] = *fault;
    }
}

// Returns the size of a report and stores its descriptor in `descriptor`; 0 at the end, -1 when no report has arrived.
static ssize_t receive(int socket, struct report *report, int *descriptor)
{
    ssize_t got = receive_packet(socket, report, sizeof *report, descriptor);
    // ECONNRESET comes once, when the child has left a packet unread; its reports still follow.
    if (got < 0 && errno == ECONNRESET) {
        got = receive_packet(socket, report, sizeof *report, descriptor);
    }
    // A program that traces the child can report any length.
    if (report->fault.length >= sizeof report->fault.text) {
        report->fault.length = sizeof report->fault.text - 1;
    }
    return got;
}

// Switches to the process that takes over. Accepted once, and only for a child of this process: the sender may be within the
// container's reach by now and report anything.
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
    // Before the child may go on: after a crash of the shim, cleaning up depends on the pid in this file.
    if (task->kind->save(task, &fault) != 0) {
        task_abort(task, &fault);
    } else if (task_continue(task, &fault) != 0) {
        task_abort(task, &fault);
    }
}

// The kind of task decides whether this process keeps the descriptor. A terminal that it does not keep belongs to the client and
// travels with the reply.
static void received(struct task *task, enum report_kind report, int *descriptor)
{
    struct fault fault;
    if (task->kind->receive(task, report, descriptor, &fault) != 0) {
        task_abort(task, &fault);
    } else if (report == REPORT_TERMINAL) {
        close_owned(&task->starting->terminal);
        task->starting->terminal = take(descriptor);
    }
}

bool starting_read_reports(struct task *task)
{
    struct starting *starting = task->starting;
    struct report report = {0};
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
            starting_warn(starting, &report.fault);
            break;
        case REPORT_WAITING:
            starting->waits = true;
            break;
        case REPORT_APPEARED:
            appeared(task, report.pid, &descriptor);
            break;
        default:
            received(task, report.kind, &descriptor);
        }
    }
}

bool starting_moved(struct task *task, pid_t pid)
{
    if (task->starting && task->starting->appears) {
        starting_read_reports(task);
    }
    return task->process.pid != pid;
}
