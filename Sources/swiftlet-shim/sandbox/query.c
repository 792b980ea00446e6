// The answer to QUERY.
#include "sandbox/verbs.h"

#include <stdio.h>
#include <string.h>

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
