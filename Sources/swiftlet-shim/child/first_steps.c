// The first steps of every child, and steps that every child takes later on its way.
#include "child/steps.h"

#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int child_begin(struct child *child, const int *kept, size_t count, struct fault *fault)
{
    // Blocked and ignored signals survive exec; the program expects defaults.
    reset_signals();
    // The steps below must not reach the shim's sockets and other containers' pipes.
    if (close_other_fds(kept, count) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "close_range");
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    child->proc = procfs_open(fault);
    if (child->proc < 0) {
        return -1;
    }
    umask(0); // modes of mount points and devices are exact; the program's umask is set right before exec
    for (int i = 0; i < 3; i++) {
        if (dup2(child->stdio[i], i) < 0) { // dup2 also clears close-on-exec
            return fail(fault, SWL_STEP_STDIO, "dup2 to %d", i);
        }
    }
    return shield_null(child, fault);
}

int set_oom_score_adj(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    if (!record_has(record, SWL_TAG_PROCESS_OOM_SCORE_ADJ)) {
        return 0;
    }
    char value[16];
    snprintf(value, sizeof value, "%d", record->oom_score_adj);
    if (procfs_write(child->proc, "self/oom_score_adj", value) != 0) {
        fail(fault, SWL_STEP_OOM_SCORE_ADJ, "set oom_score_adj to %s", value);
        if (fault->error != EACCES && fault->error != EPERM) {
            return -1;
        }
        child_warn(child, fault); // lowering needs CAP_SYS_RESOURCE, which a machine in a container lacks
    }
    return 0;
}

int set_rlimits(const struct child *child, struct fault *fault)
{
    for (size_t i = 0; i < child->record->rlimits.count; i++) {
        const struct swl_rlimit *limit = &child->record->rlimits.items[i];
        struct rlimit value = {.rlim_cur = limit->soft, .rlim_max = limit->hard};
        if (setrlimit((int)limit->resource, &value) != 0) {
            fail(fault, SWL_STEP_RLIMIT, "set rlimit %u to %llu/%llu", limit->resource, (unsigned long long)limit->soft,
                 (unsigned long long)limit->hard);
            if (fault->error != EPERM) {
                return -1;
            }
            child_warn(child, fault);
        }
    }
    return 0;
}

int child_session(const struct child *child, struct fault *fault)
{
    // Without a keyring of its own the container would share keys with the shim and with other containers.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS) {
        return fail(fault, SWL_STEP_SESSION, "join a new session keyring%s",
                    errno == EDQUOT ? " (the user has as many keys as kernel.keys allows, see /proc/key-users)" : "");
    }
    return child->record->terminal ? open_terminal(child, fault) : 0;
}

// Starts a session: terminal signals for the shim's starter do not reach it, and it can be killed as a whole.
int lead_session(const struct record *record, struct fault *fault)
{
    if (setsid() < 0) {
        return fail(fault, SWL_STEP_SESSION, "setsid");
    }
    // This process leads a new session and no other session has the terminal.
    if (record->terminal && ioctl(0, TIOCSCTTY, 0) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "make the terminal the controlling one");
    }
    return 0;
}

// Programs open /dev/stdout again by name, so the pipes must belong to the program's user. Comes before the pod's user namespace
// is entered, which has no rights over pipes of the host.
int give_stdio(const struct child *child, struct fault *fault)
{
    uint32_t uid = host_uid(child->ids, child->record->user.uid);
    for (int i = 0; i < 3; i++) {
        struct stat status;
        if (fstat(i, &status) != 0 || (S_ISFIFO(status.st_mode) && status.st_uid != uid && fchown(i, uid, (gid_t)-1) != 0)) {
            return fail(fault, SWL_STEP_STDIO, "give descriptor %d to user %u", i, child->record->user.uid);
        }
    }
    return 0;
}

int child_die_with_shim(struct fault *fault)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0
               ? 0
               : fail(fault, SWL_STEP_SESSION, "set the signal for the death of the shim");
}
