#include "child/steps.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

static int write_all(const struct record *record, int proc, struct fault *fault)
{
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const struct sysctl_spec *sysctl = &record->sysctls.items[i];
        char path[SYSCTL_PATH_MAX + 4] = "sys/";
        sysctl_path(sysctl->key, path + 4);
        if (procfs_write(proc, path, sysctl->value) != 0) {
            return fail(fault, SWL_STEP_SYSCTL, "set sysctl %.200s to \"%.100s\"", sysctl->key, sysctl->value);
        }
    }
    return 0;
}

int write_sysctls(const struct child *child, struct fault *fault)
{
    if (write_all(child->record, child->proc, fault) == 0) {
        return 0;
    }
    if (!child->ids || (fault->error != EACCES && fault->error != EPERM)) {
        return -1;
    }
    // Sysctls of an ipc namespace check only the effective uid: older kernels want the host's root, newer ones the root of the
    // user namespace that owns it.
    if (syscall(SYS_setresuid, -1, host_uid(child->ids, 0), -1) != 0 && syscall(SYS_setresuid, -1, 0, -1) != 0) {
        return -1;
    }
    return write_all(child->record, child->proc, fault);
}
