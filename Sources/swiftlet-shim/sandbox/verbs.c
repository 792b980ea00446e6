// The requests of a sandbox process.
#include "sandbox/verbs.h"

#include <sys/ioctl.h>

static int remove_container(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct container *container;
    if (container_named(sandbox, request, &container, fault) != 0) {
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
    if (container_named(sandbox, request, &container, fault) != 0) {
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
    if (container_named(sandbox, request, &container, fault) != 0) {
        return -1;
    }
    if (!request->has_console_size) {
        return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "the request states no size");
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
    struct sandbox *sandbox = sandbox_of(server);
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
        result = container_named(sandbox, request, &container, &fault) != 0 ? -1 : log_reopen(&container->log, &fault);
        break;
    case SWL_VERB_SUBSCRIBE:
        client->subscribed = true;
        break;
    case SWL_VERB_STDIN:
        answered = (result = hand_out_stdin(sandbox, client, request, &fault)) == 0;
        break;
    case SWL_VERB_START:
        result = container_named(sandbox, request, &container, &fault) != 0
                     ? -1
                     : task_resume(&container->task, client, request, &fault);
        answered = result == 0;
        break;
    case SWL_VERB_ATTACH:
        result = container_named(sandbox, request, &container, &fault) != 0 ? -1 : container_attach(container, request, &fault);
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
