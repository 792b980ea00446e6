#include "child.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int appear(const struct child *child, struct fault *fault)
{
    OWNED int pidfd = -1;
    // The change of user may have undone it.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_CLONE, "keep descriptors and memory to itself");
    }
    // Not clone3(), which filters forbid because they cannot see its arguments.
    pid_t pid = (pid_t)syscall(SYS_clone, APPEAR_FLAGS, NULL, &pidfd, NULL, NULL);
    if (pid < 0) {
        // ENOMEM is how the kernel says that a pid namespace has lost its init.
        return fail(fault, SWL_STEP_CLONE, "clone into the container's pid namespace");
    }
    if (pid == 0) {
        child_wait(child); // for the shim to know its pid
        return 0;
    }
    struct report report = {.kind = REPORT_APPEARED, .pid = pid};
    send_packet(child->report, &report, sizeof report, pidfd);
    _exit(0); // where the shim is gone, the new one finds that out by itself
}

int keep_procfs(const struct child *child, struct fault *fault)
{
    OWNED int proc = mount_new("proc", "", 0, NULL);
    if (proc < 0 || attach_root(proc) != 0) {
        return fail(fault, SWL_STEP_MOUNT, "make the pod's proc file system");
    }
    if (pivot_into(proc, fault) != 0) {
        return -1;
    }
    OWNED int namespace = openat(child->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || unshare(CLONE_NEWNS) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "leave the mount namespace of the pod's proc file system");
    }
    child_report(child, REPORT_PROCFS, NULL, namespace);
    return 0;
}

bool procfs_takes_namespace(int namespace)
{
    OWNED int context = fsopen("proc", FSOPEN_CLOEXEC);
    return context >= 0 && fsconfig(context, FSCONFIG_SET_FD, "pidns", NULL, namespace) == 0;
}
