// The last steps of every container program, up to its exec.
#include "child/steps.h"
#include "system/fail_point.h"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

// A leaked descriptor in /proc/self/fd can lead to a directory outside the root (CVE-2024-21626); the kernel then names it
// "(unreachable)/...".
static int check_cwd(const struct record *record, struct fault *fault)
{
    char path[PATH_MAX];
    if (syscall(SYS_getcwd, path, sizeof path) < 0 || path[0] != '/') {
        return refuse(fault, SWL_STEP_CWD, EXDEV, "the working directory \"%.300s\" is not inside the container", record->cwd);
    }
    return 0;
}

static int become(const struct child *child, char *path, struct fault *fault)
{
    const struct record *record = child->record;
    if (set_scheduling(child, fault) != 0) {
        return -1;
    }
    // First as root, as runc does: work directories of images can be closed to the user. Then as the user: a network file system
    // can be closed to root.
    bool entered = chdir(record->cwd) == 0;
    if (!entered && errno != EACCES) {
        return fail(fault, SWL_STEP_CWD, "chdir to \"%.300s\"", record->cwd);
    }
    // While CAP_SETPCAP is still there.
    if (drop_bounding_set(&record->capabilities, fault) != 0 || change_user(record, fault) != 0) {
        return -1;
    }
    if (!entered && chdir(record->cwd) != 0) {
        return fail(fault, SWL_STEP_CWD, "chdir to \"%.300s\"", record->cwd);
    }
    if (check_cwd(record, fault) != 0 || set_apparmor_profile(child, fault) != 0 || adopt_null(child, fault) != 0) {
        return -1;
    }
    // Close-on-exec comes too late: the kernel looks the program up before it closes descriptors, and its name, a link in the
    // image, or the interpreter of a script or ELF file may lead through /proc/self/fd (CVE-2024-21626). The descriptors that
    // stay are not directories: a socket and a file in memory.
    const int kept[] = {child->report, child->hook_state};
    if (close_other_fds(kept, sizeof kept / sizeof *kept) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "close_range");
    }
    // Without no_new_privs the filter needs CAP_SYS_ADMIN, which programs in the container must not get. So it is installed
    // before they can see this process, if it allows all later system calls.
    bool filtered = child->appears && !record->no_new_privileges && filter_lets_start(record);
    if (filtered && install_seccomp(record, fault) != 0) {
        return -1;
    }
    if (child->appears && (lower_privileges(record, filtered, fault) != 0 || appear(child, fault) != 0)) {
        return -1;
    }
    if (lead_session(record, fault) != 0 || child_die_with_shim(fault) != 0) {
        return -1;
    }
    // Before seccomp: a filter may forbid stat and access.
    if (find_program(record, path, fault) != 0) {
        return -1;
    }
    // Before seccomp as well: waiting must not need a system call that a filter may forbid.
    if (record->hold & SWL_HOLD_EXEC) {
        child_await(child);
    }
    if (run_hooks(child, SWL_HOOK_START_CONTAINER, fault) != 0) {
        return -1;
    }
    umask(record->user.flags & SWL_USER_UMASK ? record->user.umask & 0777 : 0022);
    // Without no_new_privs the filter comes before the capabilities are dropped; with it, last.
    if (!record->no_new_privileges) {
        return (!filtered && install_seccomp(record, fault) != 0) || set_capabilities(&record->capabilities, fault) != 0 ? -1 : 0;
    }
    if (set_capabilities(&record->capabilities, fault) != 0) {
        return -1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_NO_NEW_PRIVILEGES, "set no_new_privs");
    }
    return install_seccomp(record, fault);
}

_Noreturn void child_become_program(const struct child *child)
{
    const struct record *record = child->record;
    struct fault fault = {0};
    char path[PATH_MAX];
    if (become(child, path, &fault) != 0) {
        child_fail(child, &fault);
    }
    fail_point_in_child("child.ready");
    child_ready(child);
    execve(path, (char *const *)record->args.items, record->env.items ? (char *const *)record->env.items : NULL);
    exec_failed(record->args.items[0], errno, &fault);
    child_fail(child, &fault);
}
