// The proc file system of the pod's shared pid namespace.
#include "child/steps.h"

#include <sched.h>
#include <sys/mount.h>

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
