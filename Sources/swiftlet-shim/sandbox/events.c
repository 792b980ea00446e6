// Events for subscribers.
#include "sandbox/state.h"

void send_started(struct sandbox *sandbox, const struct container *container)
{
    const struct task *task = &container->task;
    struct message *message = message_begin(SWL_EVENT_STARTED, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, container->id);
    message_field(message, SWL_TAG_PROCESS, &task->process, sizeof task->process, NULL, 0);
    for (size_t i = 0; task->starting && i < task->starting->warning_count; i++) {
        message_warning(message, &task->starting->warnings[i]);
    }
    server_broadcast(&sandbox->server, message);
}

void send_exited(struct sandbox *sandbox, uint16_t event, const char *container, const char *exec, const struct swl_exit *exit)
{
    struct message *message = message_begin(event, 0);
    if (container) {
        message_string(message, SWL_TAG_CONTAINER_ID, container);
    }
    if (exec) {
        message_string(message, SWL_TAG_EXEC_ID, exec);
    }
    message_field(message, SWL_TAG_EXIT, exit, sizeof *exit, NULL, 0);
    server_broadcast(&sandbox->server, message);
}

void send_warning(struct sandbox *sandbox, const char *container, const struct fault *warning)
{
    struct message *message = message_begin(SWL_EVENT_WARNING, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, container);
    message_warning(message, warning);
    server_broadcast(&sandbox->server, message);
}

void send_rotated(struct sandbox *sandbox, struct container *container)
{
    struct message *message = message_begin(SWL_EVENT_LOG_ROTATED, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, container->id);
    container->rotation_pending = !server_offer(&sandbox->server, message);
}

void send_pending(struct server *server)
{
    struct sandbox *sandbox = sandbox_of(server);
    for (struct container *container = sandbox->containers; container; container = container->next) {
        if (container->rotation_pending) {
            send_rotated(sandbox, container);
        }
    }
}
