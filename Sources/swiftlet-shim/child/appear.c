#include "child/steps.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int appear(const struct child *child, struct fault *fault)
{
    OWNED int pidfd = -1;
    // The change of user may have set it again.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_CLONE, "hide descriptors and memory from the pod");
    }
    // Not clone3(): filters forbid it because they cannot read its arguments.
    pid_t pid = (pid_t)syscall(SYS_clone, APPEAR_FLAGS, NULL, &pidfd, NULL, NULL);
    if (pid < 0) {
        // The kernel returns ENOMEM for a pid namespace that has lost its init.
        return fail(fault, SWL_STEP_CLONE, "clone into the container's pid namespace");
    }
    if (pid == 0) {
        child_wait(child); // until the shim knows the new pid
        return 0;
    }
    struct report report = {.kind = REPORT_APPEARED, .pid = pid};
    send_packet(child->report, &report, sizeof report, pidfd);
    _exit(0); // if the shim is gone, the new process notices by itself
}
