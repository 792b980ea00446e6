#include "child.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

int appear(const struct child *child, struct fault *fault)
{
    OWNED int pidfd = -1;
    // The change of user may have undone it.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_CLONE, "keep descriptors and memory to itself");
    }
    // A child of the shim, as this process is.
    pid_t pid = sys_clone(CLONE_PARENT, -1, &pidfd);
    if (pid < 0) {
        // ENOMEM is how the kernel says that a pid namespace has lost its init.
        return fail(fault, SWL_STEP_CLONE, "clone3 into the container's pid namespace");
    }
    if (pid == 0) {
        child_wait(child); // for the shim to know its pid
        return 0;
    }
    struct report report = {.kind = REPORT_APPEARED, .pid = pid};
    send_packet(child->report, &report, sizeof report, pidfd);
    _exit(0); // where the shim is gone, the new one finds that out by itself
}

bool procfs_takes_namespace(int namespace)
{
    OWNED int context = fsopen("proc", FSOPEN_CLOEXEC);
    return context >= 0 && fsconfig(context, FSCONFIG_SET_FD, "pidns", NULL, namespace) == 0;
}
