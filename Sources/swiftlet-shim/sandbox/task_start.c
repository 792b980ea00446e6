// From clone to exec, in the event loop: when a request is answered.
#include "sandbox/task.h"
#include "system/fail_point.h"

#include <stdlib.h>
#include <sys/epoll.h>
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
    OWNED int network = task->kind->shows_network ? open_network(task->process.pid) : -1;
    if (network >= 0) {
        message_fd(message, SWL_FD_NETNS, network);
    }
    if (starting->terminal >= 0) {
        message_fd(message, SWL_FD_TERMINAL, starting->terminal);
    }
    server_reply(&sandbox->server, starting->client, message);
    close_owned(&starting->terminal); // a copy here would keep the terminal from hanging up
    starting->verb = 0;
}

// The child has reached the place where it is held. This answers LAUNCH or the START that led here; the next START continues it.
static void held(struct task *task)
{
    struct starting *starting = task->starting;
    struct fault fault;
    starting->held = true;
    task->state = SWL_STATE_CREATED;
    if (task->kind->save(task, &fault) != 0) {
        starting_warn(starting, &fault);
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
    if (task->kind->save(task, &fault) != 0) {
        starting_warn(starting, &fault);
    }
    fail_point(task->kind->started_point);
    reply_started(task);
    task->kind->started(task);
    starting_free(task);
}

static void starting_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct starting *starting = (struct starting *)watch;
    struct task *task = starting->task;
    bool end = starting_read_reports(task);
    if (starting->waits && task->kind->is_held && task->state == SWL_STATE_STARTING && !end && !starting->fault.error) {
        held(task);
    } else if (end && starting->ready && !starting->fault.error) {
        started(task);
    } else if (end) {
        server_unwatch(&task->sandbox->server, watch); // tasks_reap() answers when the child is reaped
    }
}

static void reply_failed(struct task *task, int status)
{
    struct starting *starting = task->starting;
    struct fault fault = starting->fault;
    if (!fault.error && WIFSIGNALED(status)) {
        refuse(&fault, SWL_STEP_CLONE, ECANCELED, "the new process was killed by signal %d before it ran the program",
               WTERMSIG(status));
    } else if (!fault.error) {
        refuse(&fault, SWL_STEP_CLONE, ECANCELED,
               "the new process ended with code %d before it ran the program; does its seccomp profile allow write and execve?",
               WEXITSTATUS(status));
    }
    struct request request = {.type = starting->verb, .sequence = starting->sequence};
    uint64_t client = starting->client;
    struct sandbox *sandbox = task->sandbox;
    bool known = starting->held;
    starting_free(task);
    // Forgotten first, then answered: the client may use the same id again at once. A held container is known to the client and
    // has an exit.
    if (!known) {
        task->kind->forget(task);
    }
    if (request.type) {
        server_reply_status(&sandbox->server, client, &request, &fault);
    }
}

bool starting_ended(struct task *task, int status)
{
    starting_read_reports(task);
    if (task->starting->ready && !task->starting->fault.error) {
        started(task); // the program ran and ended before the loop read the report
        return true;
    }
    bool known = task->starting->held;
    reply_failed(task, status);
    return known;
}

int task_resume(struct task *task, struct client *client, const struct request *request, struct fault *fault)
{
    if (task->state != SWL_STATE_CREATED) {
        return refuse(fault, SWL_STEP_LOOKUP, EALREADY, "container \"%s\" is not held before its start", request->container);
    }
    if (task_continue(task, fault) != 0) {
        return -1; // its exit follows
    }
    task->state = SWL_STATE_STARTING;
    task->starting->waits = false;
    task->starting->client = client->serial;
    task->starting->verb = request->type;
    task->starting->sequence = request->sequence;
    return 0;
}

int task_start(struct task *task, const struct task_clone *clone, struct child *child, struct client *client,
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
    // Before the clone: after it no call may fail.
    if (server_watch(&sandbox->server, &starting->watch, EPOLLIN) != 0) {
        free(starting);
        return fail(fault, SWL_STEP_LIMIT, "epoll_ctl");
    }
    child->report = child_end;
    task->process.pid = task_clone(task, clone, child, fault);
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
