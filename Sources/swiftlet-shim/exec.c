// A further process in a running container. The shim has cloned it into the container's pid namespace and cgroup.
#include "child.h"

#include <sched.h>

static int steps(const struct child *child, struct fault *fault)
{
    const int kept[] = {child->report, child->stdio[0], child->stdio[1], child->stdio[2], child->target};
    if (child_begin(child, kept, sizeof kept / sizeof *kept, fault) != 0 || set_oom_score_adj(child, fault) != 0) {
        return -1;
    }
    // All at once and by pidfd: a reused pid cannot be joined by mistake. The mount namespace brings root and working directory.
    if (setns(child->target, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNS) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "join the container's namespaces");
    }
    if (set_rlimits(child, fault) != 0) {
        return -1;
    }
    return child_session(child, fault);
}

_Noreturn void exec_child(const struct child *child)
{
    struct fault fault = {0};
    if (steps(child, &fault) != 0) {
        child_fail(child, &fault);
    }
    child_become_program(child);
}
