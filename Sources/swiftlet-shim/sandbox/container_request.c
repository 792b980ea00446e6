// Checks that a requested launch fits the sandbox.
#include "sandbox/container.h"

#include <sys/mount.h>

static int check_user_namespace(const struct sandbox *sandbox, const struct record *record, struct fault *fault)
{
    bool wanted = record->namespaces.user == SWL_NS_SANDBOX, there = sandbox_ids(sandbox) != NULL;
    return wanted == there ? 0
                           : refuse(fault, SWL_STEP_RECORD, EINVAL, "the record %s a user namespace, the sandbox %s one",
                                    wanted ? "wants" : "wants no", there ? "has" : "has no");
}

static int check_descriptors(const struct request *request, const struct record *record, struct fault *fault)
{
    if (request->namespace_count != record_given_namespaces(record)) {
        return refuse(fault, SWL_STEP_NAMESPACES, EINVAL, "%zu namespaces came with the request, the record wants %zu",
                      request->namespace_count, record_given_namespaces(record));
    }
    if (record->hooks.count && request->hook_state < 0) {
        return refuse(fault, SWL_STEP_HOOK, EINVAL, "the record has %zu hooks, but no state for them came with the request",
                      record->hooks.count);
    }
    return 0;
}

int check_launch(const struct sandbox *sandbox, const struct request *request, const struct record *record, struct fault *fault)
{
    return check_user_namespace(sandbox, record, fault) != 0 || check_sysctls_of(&sandbox->namespaces, record, fault) != 0 ||
                   check_descriptors(request, record, fault) != 0
               ? -1
               : 0;
}

int pid_namespace_of(struct sandbox *sandbox, const struct request *request, const struct record *record, int *pidfd,
                     struct fault *fault)
{
    *pidfd = -1;
    if (record->namespaces.pid == SWL_NS_GIVEN) {
        *pidfd = request->namespaces[0];
    }
    if (record->namespaces.pid == SWL_NS_SANDBOX) {
        if (sandbox->namespaces.pid != SWL_NS_NEW) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "the sandbox has no pid namespace to share");
        }
        *pidfd = sandbox->pause.pidfd;
    } else if (record->namespaces.pid == SWL_NS_TARGET) {
        struct container *target = container_find(sandbox, record->pid_target);
        if (!target || target->task.state != SWL_STATE_RUNNING) {
            return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "the container \"%.64s\", whose pid namespace is wanted, does not run",
                          record->pid_target);
        }
        *pidfd = target->task.pidfd;
    }
    return 0;
}

bool procfs_takes_namespace(int namespace)
{
    OWNED int context = fsopen("proc", FSOPEN_CLOEXEC);
    return context >= 0 && fsconfig(context, FSCONFIG_SET_FD, "pidns", NULL, namespace) == 0;
}
