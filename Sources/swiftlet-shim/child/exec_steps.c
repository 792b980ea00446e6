// A further process in a running container. The shim clones it into the container's cgroup; it appears in the pid namespace at
// the end.
#include "child/steps.h"

#include <sched.h>

static int steps(struct child *child, struct fault *fault)
{
    const int kept[] = {child->report, child->stdio[0], child->stdio[1], child->stdio[2], child->target, child->user};
    if (child_begin(child, kept, sizeof kept / sizeof *kept, fault) != 0 || set_oom_score_adj(child, fault) != 0) {
        return -1;
    }
    // While the host's root still runs this: it may raise an rlimit, and the pipes belong to it.
    if (set_rlimits(child, fault) != 0 || give_stdio(child, fault) != 0) {
        return -1;
    }
    // All at once and by pidfd: a reused pid cannot be joined by mistake. The mount namespace sets root and working directory.
    int kinds = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWPID |
                (child->timed ? CLONE_NEWTIME : 0);
    if (setns(child->target, kinds) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "join the container's namespaces");
    }
    // The pod's user namespace, not one that the container's init may have made since.
    if (enter_user_namespace(child, fault) != 0) {
        return -1;
    }
    return child_session(child, fault);
}

_Noreturn void exec_child(struct child *child)
{
    struct fault fault = {0};
    if (steps(child, &fault) != 0) {
        child_fail(child, &fault);
    }
    child_become_program(child);
}
