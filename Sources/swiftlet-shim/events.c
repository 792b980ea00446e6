// Messages about tasks: events to subscribers, the answer to QUERY.
#include "sandbox.h"

#include <stdio.h>
#include <string.h>

int open_network(pid_t pid)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

void send_started(struct sandbox *sandbox, const struct task *task)
{
    const struct container *container = (const struct container *)task;
    struct message *message = message_begin(SWL_EVENT_STARTED, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, container->id);
    message_field(message, SWL_TAG_PROCESS, &task->process, sizeof task->process, NULL, 0);
    for (size_t i = 0; task->starting && i < task->starting->warning_count; i++) {
        message_warning(message, &task->starting->warnings[i]);
    }
    server_broadcast(&sandbox->server, message);
}

void send_exited(struct sandbox *sandbox, const struct task *task, const struct swl_exit *exit)
{
    static const uint16_t types[] = {
        [TASK_PAUSE] = SWL_EVENT_SANDBOX_EXITED, [TASK_CONTAINER] = SWL_EVENT_EXITED, [TASK_EXEC] = SWL_EVENT_EXEC_EXITED};
    struct message *message = message_begin(types[task->kind], 0);
    if (task->kind == TASK_CONTAINER) {
        message_string(message, SWL_TAG_CONTAINER_ID, ((const struct container *)task)->id);
    } else if (task->kind == TASK_EXEC) {
        message_string(message, SWL_TAG_CONTAINER_ID, ((const struct exec *)task)->container);
        message_string(message, SWL_TAG_EXEC_ID, ((const struct exec *)task)->id);
    }
    message_field(message, SWL_TAG_EXIT, exit, sizeof *exit, NULL, 0);
    server_broadcast(&sandbox->server, message);
}

void send_warning(struct sandbox *sandbox, const struct container *container, const struct fault *warning)
{
    struct message *message = message_begin(SWL_EVENT_WARNING, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, container->id);
    message_warning(message, warning);
    server_broadcast(&sandbox->server, message);
}

void send_rotated(struct sandbox *sandbox, struct container *container)
{
    struct message *message = message_begin(SWL_EVENT_LOG_ROTATED, 0);
    message_string(message, SWL_TAG_CONTAINER_ID, container->id);
    container->rotation_untold = !server_offer(&sandbox->server, message);
}

void send_untold(struct server *server)
{
    struct sandbox *sandbox = (struct sandbox *)((char *)server - offsetof(struct sandbox, server));
    for (struct container *container = sandbox->containers; container; container = container->next) {
        if (container->rotation_untold) {
            send_rotated(sandbox, container);
        }
    }
}

void reply_query(struct sandbox *sandbox, uint64_t client, const struct request *request)
{
    struct message *message = message_begin(request->type | SWL_REPLY, request->sequence);
    message_status(message, NULL);
    struct swl_sandbox_state state;
    fill_sandbox_state(sandbox, &state);
    message_field(message, SWL_TAG_SANDBOX_STATE, &state, sizeof state, NULL, 0);
    OWNED int network = -1;
    if (sandbox->pause.state == SWL_STATE_RUNNING) {
        network = open_network(sandbox->pause.process.pid);
        message_fd(message, SWL_FD_PIDFD, sandbox->pause.pidfd);
        if (network >= 0) {
            message_fd(message, SWL_FD_NETNS, network);
        }
    }
    for (const struct container *container = sandbox->containers; container; container = container->next) {
        struct swl_container_state one;
        fill_container_state(container, &one);
        message_field(message, SWL_TAG_CONTAINER_STATE, &one, sizeof one, container->id, one.id_length);
        if (container->task.state == SWL_STATE_RUNNING) {
            message_fd(message, SWL_FD_CONTAINER_PIDFD, container->task.pidfd);
        }
    }
    for (const struct exec *exec = sandbox->execs; exec; exec = exec->next) {
        char names[2 * SWL_ID_MAX + 1];
        struct swl_exec_state one = {exec->task.process, (uint32_t)strlen(exec->id), (uint32_t)strlen(exec->container)};
        snprintf(names, sizeof names, "%s%s", exec->id, exec->container);
        message_field(message, SWL_TAG_EXEC_STATE, &one, sizeof one, names, one.id_length + one.container_id_length);
    }
    server_reply(&sandbox->server, client, message);
}
