// SHUTDOWN: the end of the pod and of this process.
#include "sandbox/verbs.h"
#include "system/fail_point.h"

int shut_down(struct sandbox *sandbox, struct client *client, const struct request *request, struct fault *fault)
{
    if (sandbox->stopping) {
        return refuse(fault, SWL_STEP_LOOKUP, EALREADY, "the sandbox is being shut down");
    }
    fail_point("shutdown.begun");
    sandbox->stopping = true;
    sandbox->stop_client = client->serial;
    sandbox->stop_request = (struct request){.type = request->type, .sequence = request->sequence};
    for (struct container *container = sandbox->containers; container; container = container->next) {
        container->task.kind->kill(&container->task);
    }
    for (struct exec *exec = sandbox->execs; exec; exec = exec->next) {
        exec->task.kind->kill(&exec->task);
    }
    return 0;
}

// Containers and execs end first, the pause last: their namespaces and network exist until their last process has ended.
void shut_down_step(struct sandbox *sandbox)
{
    if (!sandbox->stopping || sandbox->execs) {
        return;
    }
    for (struct container *container = sandbox->containers; container; container = container->next) {
        if (container->task.state != SWL_STATE_EXITED) {
            return;
        }
    }
    if (sandbox->pause.state == SWL_STATE_STARTING || sandbox->pause.state == SWL_STATE_RUNNING) {
        fail_point("shutdown.containers-ended");
        sandbox->pause.kind->kill(&sandbox->pause);
        return;
    }
    fail_point("shutdown.ended");
    readers_flush(sandbox);
    unlinkat(sandbox->directory, "shim.sock", 0);
    unlinkat(sandbox->directory, "shim.pid", 0);
    server_reply_status(&sandbox->server, sandbox->stop_client, &sandbox->stop_request, NULL);
    _exit(0);
}
