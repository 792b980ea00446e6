// The requests that a sandbox process answers.
#include "fail_point.h"
#include "sandbox.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>

struct container *container_find(struct sandbox *sandbox, const char *id)
{
    for (struct container *container = sandbox->containers; container; container = container->next) {
        if (strcmp(container->id, id) == 0) {
            return container;
        }
    }
    return NULL;
}

static int find(struct sandbox *sandbox, const struct request *request, struct container **container, struct fault *fault)
{
    *container = container_find(sandbox, request->container);
    return *container ? 0 : refuse(fault, SWL_STEP_LOOKUP, ENOENT, "there is no container \"%s\"", request->container);
}

// Every member of a cgroup and of those below it. Members come and go while the files are read; who wants certainty sends SIGKILL, which
// goes by cgroup.kill.
static int signal_members(int cgroup, int number, int depth)
{
    char text[1024];
    OWNED int fd = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    ssize_t length;
    long pid = 0;
    while (fd >= 0 && (length = read(fd, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + text[i] - '0';
            } else if (pid) {
                kill((pid_t)pid, number);
                pid = 0;
            }
        }
    }
    int list = fd < 0 || depth == 0 ? -1 : openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = list < 0 ? NULL : fdopendir(list);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        OWNED int below = entry->d_type == DT_DIR && entry->d_name[0] != '.'
                              ? openat(cgroup, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                              : -1;
        if (below >= 0) {
            signal_members(below, number, depth - 1);
        }
    }
    if (entries) {
        closedir(entries);
    } else if (list >= 0) {
        close(list);
    }
    return fd < 0 ? -1 : 0;
}

// A container that makes cgroups deeper than this below its own has processes that only SIGKILL reaches.
#define CGROUP_DEPTH 8

static int signal_cgroup(int cgroup, int number, struct fault *fault)
{
    int sent = number == SIGKILL ? write_file_at(cgroup, "cgroup.kill", "1") : signal_members(cgroup, number, CGROUP_DEPTH);
    return sent == 0 ? 0 : fail(fault, SWL_STEP_SIGNAL, "signal the cgroup");
}

static int signal_exec(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct exec *exec = exec_find(sandbox, request->container, request->exec);
    if (!exec) {
        return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "exec \"%s\" does not run", request->exec);
    }
    int number = request->signal.signal;
    if ((request->signal.flags & SWL_SIGNAL_ALL) && exec->cgroup >= 0) {
        return signal_cgroup(exec->cgroup, number, fault);
    }
    // Not reaped, so the pid is still its own; it leads the process group that setsid() made for it.
    if (exec->task.state == SWL_STATE_RUNNING && kill(-exec->task.process.pid, number) == 0) {
        return 0;
    }
    return pidfd_send_signal(exec->task.pidfd, number, NULL, 0) == 0 ? 0 : fail(fault, SWL_STEP_SIGNAL, "send signal %d", number);
}

static int send_signal(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct container *container;
    int number = request->signal.signal;
    if (!request->has_signal || number < 0 || number > SIGRTMAX || (request->signal.flags & ~(uint32_t)SWL_SIGNAL_ALL)) {
        return refuse(fault, SWL_STEP_SIGNAL, EINVAL, "signal %d with flags %u is not valid", number, request->signal.flags);
    }
    if (request->exec[0]) {
        return signal_exec(sandbox, request, fault);
    }
    if (find(sandbox, request, &container, fault) != 0) {
        return -1;
    }
    if ((request->signal.flags & SWL_SIGNAL_ALL) && container->cgroup >= 0) {
        // Also for an exited one: processes of a container without a pid namespace can outlive it.
        return signal_cgroup(container->cgroup, number, fault);
    }
    if (container->task.pidfd < 0) {
        return refuse(fault, SWL_STEP_SIGNAL, ESRCH, "container \"%s\" has exited", container->id);
    }
    return pidfd_send_signal(container->task.pidfd, number, NULL, 0) == 0
               ? 0
               : fail(fault, SWL_STEP_SIGNAL, "send signal %d", number);
}

static int remove_container(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct container *container;
    if (find(sandbox, request, &container, fault) != 0) {
        return -1;
    }
    if (container->task.state != SWL_STATE_EXITED) {
        return refuse(fault, SWL_STEP_LOOKUP, EBUSY, "container \"%s\" runs", container->id);
    }
    container_forget(sandbox, container);
    return 0;
}

static int hand_out_stdin(struct sandbox *sandbox, struct client *client, const struct request *request, struct fault *fault)
{
    struct container *container;
    if (find(sandbox, request, &container, fault) != 0) {
        return -1;
    }
    if (container->stdin_write < 0) {
        return refuse(fault, SWL_STEP_STDIO, EPIPE, "stdin of container \"%s\" is not open", container->id);
    }
    struct message *message = message_begin(request->type | SWL_REPLY, request->sequence);
    message_status(message, NULL);
    message_fd(message, SWL_FD_STDIN, container->stdin_write);
    server_reply(&sandbox->server, client->serial, message);
    if (container->stdin_once) {
        close_owned(&container->stdin_write);
    }
    return 0;
}

static int resize(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct container *container;
    if (find(sandbox, request, &container, fault) != 0) {
        return -1;
    }
    if (!request->has_console_size) {
        return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "the request says no size");
    }
    if (container->task.state == SWL_STATE_EXITED) {
        return refuse(fault, SWL_STEP_TERMINAL, ESRCH, "container \"%s\" has exited", container->id);
    }
    if (container->terminal < 0) {
        return refuse(fault, SWL_STEP_TERMINAL, ENOTTY, "container \"%s\" has no terminal", container->id);
    }
    struct winsize size = {.ws_row = request->console_size.rows,
                           .ws_col = request->console_size.columns,
                           .ws_xpixel = request->console_size.width,
                           .ws_ypixel = request->console_size.height};
    return ioctl(container->terminal, TIOCSWINSZ, &size) == 0 ? 0
                                                              : fail(fault, SWL_STEP_TERMINAL, "set the size of the terminal");
}

static int shut_down(struct sandbox *sandbox, struct client *client, const struct request *request, struct fault *fault)
{
    if (sandbox->stopping) {
        return refuse(fault, SWL_STEP_LOOKUP, EALREADY, "the sandbox is being shut down");
    }
    fail_point("shutdown.begun");
    sandbox->stopping = true;
    sandbox->stop_client = client->serial;
    sandbox->stop_request = (struct request){.type = request->type, .sequence = request->sequence};
    for (struct container *container = sandbox->containers; container; container = container->next) {
        task_kill(&container->task, container->cgroup);
    }
    for (struct exec *exec = sandbox->execs; exec; exec = exec->next) {
        exec_kill(exec);
    }
    sandbox_stop_step(sandbox);
    return 0;
}

static void reply_ping(struct sandbox *sandbox, struct client *client, const struct request *request)
{
    struct message *message = message_begin(request->type | SWL_REPLY, request->sequence);
    struct swl_shim_info info = {SWL_WIRE_VERSION, sandbox->shim.pid, sandbox->shim.start_time};
    message_status(message, NULL);
    message_field(message, SWL_TAG_SHIM_INFO, &info, sizeof info, NULL, 0);
    server_reply(&sandbox->server, client->serial, message);
}

void sandbox_handle(struct server *server, struct client *client, struct request *request)
{
    struct sandbox *sandbox = (struct sandbox *)((char *)server - offsetof(struct sandbox, server));
    struct container *container;
    struct fault fault = {0};
    bool names_container = request->type >= SWL_VERB_LAUNCH && request->type <= SWL_VERB_RESIZE &&
                           request->type != SWL_VERB_QUERY && request->type != SWL_VERB_SUBSCRIBE &&
                           request->type != SWL_VERB_SHUTDOWN;
    int result = 0;
    bool answered = false; // by the verb itself, now or later
    if ((names_container && !request->container[0]) || (request->type == SWL_VERB_EXEC && !request->exec[0])) {
        refuse(&fault, SWL_STEP_MESSAGE, EINVAL, "the request names no container or exec");
        server_reply_status(server, client->serial, request, &fault);
        return;
    }
    switch (request->type) {
    case SWL_VERB_PING:
        reply_ping(sandbox, client, request);
        return;
    case SWL_VERB_QUERY:
        reply_query(sandbox, client->serial, request);
        return;
    case SWL_VERB_CREATE_SANDBOX:
        answered = (result = sandbox_create(sandbox, client, request, &fault)) == 0;
        break;
    case SWL_VERB_LAUNCH:
        answered = (result = container_launch(sandbox, client, request, &fault)) == 0;
        break;
    case SWL_VERB_EXEC:
        answered = (result = container_exec(sandbox, client, request, &fault)) == 0;
        break;
    case SWL_VERB_SIGNAL:
        result = send_signal(sandbox, request, &fault);
        break;
    case SWL_VERB_REMOVE:
        result = remove_container(sandbox, request, &fault);
        break;
    case SWL_VERB_REOPEN_LOG:
        result = find(sandbox, request, &container, &fault) != 0 ? -1 : log_reopen(&container->log, &fault);
        break;
    case SWL_VERB_SUBSCRIBE:
        client->subscribed = true;
        break;
    case SWL_VERB_STDIN:
        answered = (result = hand_out_stdin(sandbox, client, request, &fault)) == 0;
        break;
    case SWL_VERB_START:
        result = find(sandbox, request, &container, &fault) != 0 ? -1 : task_go(&container->task, client, request, &fault);
        answered = result == 0;
        break;
    case SWL_VERB_ATTACH:
        result = find(sandbox, request, &container, &fault) != 0 ? -1 : container_attach(container, request, &fault);
        break;
    case SWL_VERB_RESIZE:
        result = resize(sandbox, request, &fault);
        break;
    case SWL_VERB_SHUTDOWN:
        answered = (result = shut_down(sandbox, client, request, &fault)) == 0;
        break;
    default:
        result = refuse(&fault, SWL_STEP_MESSAGE, ENOTSUP, "a sandbox knows no verb %u", request->type);
    }
    if (!answered) {
        server_reply_status(server, client->serial, request, result == 0 ? NULL : &fault);
    }
}
