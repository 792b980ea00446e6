// The first and the last steps that every program of a container goes through.
#include "child.h"
#include "fail_point.h"

#include <limits.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

void child_report(const struct child *child, uint32_t kind, const struct fault *fault, int descriptor)
{
    struct report report = {.kind = kind};
    if (fault) {
        report.fault = *fault;
    }
    send_packet(child->report, &report, sizeof report, descriptor);
}

void child_wait(const struct child *child)
{
    char go_on;
    ssize_t got;
    while ((got = read(child->report, &go_on, sizeof go_on)) < 0 && errno == EINTR) {
    }
    if (got != sizeof go_on) {
        _exit(1);
    }
}

void child_await(const struct child *child)
{
    child_report(child, REPORT_WAITING, NULL, -1);
    child_wait(child);
}

int child_die_with_shim(struct fault *fault)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 ? 0 : fail(fault, SWL_STEP_SESSION, "ask to die with the shim");
}

void child_ready(const struct child *child)
{
    struct report ready = {.kind = REPORT_READY};
    ssize_t written;
    while ((written = write(child->report, &ready, sizeof ready)) < 0 && errno == EINTR) {
    }
    if (written < 0) {
        _exit(1); // the shim died before it could be asked to take this process along
    }
}

void child_warn(const struct child *child, const struct fault *fault)
{
    child_report(child, REPORT_WARNING, fault, -1);
}

_Noreturn void child_fail(const struct child *child, const struct fault *fault)
{
    // By write(), like READY: the last ones come from behind the seccomp filter.
    struct report report = {.kind = REPORT_FAULT, .fault = *fault};
    while (write(child->report, &report, sizeof report) < 0 && errno == EINTR) {
    }
    _exit(1);
}

int child_begin(struct child *child, const int *kept, size_t count, struct fault *fault)
{
    // Blocked and ignored signals survive exec; the program expects defaults.
    reset_signals();
    // The shim's sockets and other containers' pipes must not be within reach of what runs below.
    if (close_other_fds(kept, count) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "close_range");
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    child->proc = procfs_open(fault);
    if (child->proc < 0) {
        return -1;
    }
    umask(0); // modes of mount points and devices are meant as written; the program's umask is set right before exec
    for (int i = 0; i < 3; i++) {
        if (dup2(child->stdio[i], i) < 0) { // dup2 also drops close-on-exec
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
    // A keyring of its own, or the container would share keys with the shim and with other containers.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS) {
        return fail(fault, SWL_STEP_SESSION, "join a new session keyring%s",
                    errno == EDQUOT ? " (the user has as many keys as kernel.keys allows, see /proc/key-users)" : "");
    }
    return child->record->terminal ? open_terminal(child, fault) : 0;
}

// Not reachable by terminal signals of whoever started the shim, and killable as a whole.
int lead_session(const struct record *record, struct fault *fault)
{
    if (setsid() < 0) {
        return fail(fault, SWL_STEP_SESSION, "setsid");
    }
    // This process leads a new session and no other has the terminal.
    if (record->terminal && ioctl(0, TIOCSCTTY, 0) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "make it the controlling terminal");
    }
    return 0;
}

// Programs open /dev/stdout again by name: the pipes must belong to the user that they will run as. The pod's user namespace has no say over
// pipes of the host, hence before it is entered.
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

// A directory outside the root can be reached through a leaked descriptor in /proc/self/fd (CVE-2024-21626); the kernel then names
// it "(unreachable)/...".
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
    // First as root: work directories of images can be closed to the user, and runc enters them all the same. Then, where a network
    // file system is closed to root, as the user.
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
    // Close-on-exec is too late: the kernel looks the program up before it closes anything, and its name, a link in the image, the interpreter
    // of a script or an ELF file may lead through /proc/self/fd (CVE-2024-21626). What stays is no directory: a socket, and a file in memory.
    const int kept[] = {child->report, child->hook_state};
    if (close_other_fds(kept, sizeof kept / sizeof *kept) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "close_range");
    }
    // Without no_new_privs the filter takes CAP_SYS_ADMIN, which programs in the container are not to get hold of: so before they can, if it lets
    // everything pass that has to follow.
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
    // Before seccomp as well: what waits needs no system call that a filter may forbid.
    if (record->hold & SWL_HOLD_EXEC) {
        child_await(child);
    }
    if (run_hooks(child, SWL_HOOK_START_CONTAINER, fault) != 0) {
        return -1;
    }
    umask(record->user.flags & SWL_USER_UMASK ? record->user.umask & 0777 : 0022);
    // Without no_new_privs it comes before the capabilities are given up; with it, last.
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
