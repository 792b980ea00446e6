// The pause: cloned into the pod's new namespaces, it fits them out and becomes swiftlet-pause in an empty root.
#include "child.h"

#include <linux/limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// Without a root of its own the pause would keep every mount of the host busy for the life of the pod.
static int empty_root(struct fault *fault)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return fail(fault, SWL_STEP_PROPAGATION, "make / private");
    }
    OWNED int place = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC); // any directory that exists will do
    OWNED int root = mount_new("tmpfs", "size=0,mode=0555,nr_inodes=2",
                               MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (place < 0 || root < 0 || attach(root, place) != 0) {
        return fail(fault, SWL_STEP_ROOTFS, "mount the pause's empty root");
    }
    return pivot_into(root, fault);
}

static int steps(const struct child *child, int program, struct fault *fault)
{
    const struct record *record = child->record;
    const int kept[] = {child->report, child->stdio[0], program};
    if (child_begin(child, kept, sizeof kept / sizeof *kept, fault) != 0 || set_oom_score_adj(child, fault) != 0) {
        return -1;
    }
    if (record->hostname && sethostname(record->hostname, strlen(record->hostname)) != 0) {
        return fail(fault, SWL_STEP_HOSTNAME, "set the hostname to \"%.64s\"", record->hostname);
    }
    // /proc/sys shows the namespaces of who opens it, so the host's /proc will do.
    OWNED int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) {
        return fail(fault, SWL_STEP_SYSCTL, "open /proc");
    }
    if (write_sysctls(record, proc, fault) != 0 || empty_root(fault) != 0 || child_session(child, fault) != 0) {
        return -1;
    }
    static const struct swl_capabilities none;
    if (drop_bounding_set(&none, fault) != 0 || change_user(record, fault) != 0 || set_capabilities(&none, fault) != 0) {
        return -1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_NO_NEW_PRIVILEGES, "set no_new_privs");
    }
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "mark descriptors close-on-exec");
    }
    return 0;
}

_Noreturn void pause_child(const struct child *child, int program)
{
    struct fault fault = {0};
    if (steps(child, program, &fault) != 0) {
        child_fail(child, &fault);
    }
    struct report ready = {.kind = REPORT_READY};
    while (write(child->report, &ready, sizeof ready) < 0 && errno == EINTR) {
    }
    char *const arguments[] = {"/pause", NULL}, *const environment[] = {NULL};
    // By descriptor: there is no file in its root.
    execveat(program, "", arguments, environment, AT_EMPTY_PATH);
    exec_failed(child->record->pause_path, errno, &fault);
    child_fail(child, &fault);
}
