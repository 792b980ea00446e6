// The pause: cloned into the pod's new namespaces, it sets them up and becomes swiftlet-pause in an empty root.
#include "child/steps.h"

#include <linux/limits.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// Without a root of its own the pause would keep every mount of the host busy for the life of the pod.
static int empty_root(struct fault *fault)
{
    OWNED int root = mount_new("tmpfs", "size=0,mode=0555,nr_inodes=2",
                               MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);
    if (root < 0 || attach_root(root) != 0) {
        return fail(fault, SWL_STEP_ROOTFS, "mount the pause's empty root");
    }
    return pivot_into(root, fault);
}

static int change_root(const struct child *child, struct fault *fault)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return fail(fault, SWL_STEP_PROPAGATION, "make / private");
    }
    // In a user namespace no program of the pod has capabilities over a process on its way into the pod.
    if (child->record->namespaces.pid == SWL_NS_NEW && !child->ids && keep_procfs(child, fault) != 0) {
        return -1;
    }
    return empty_root(fault);
}

// Joins the given namespaces. The kernel checks the kind of each.
static int join_given(const struct child *child, struct fault *fault)
{
    const struct swl_namespaces *names = &child->record->namespaces;
    const struct {
        uint32_t mode;
        int kind;
        const char *name;
    } all[] = {{names->network, CLONE_NEWNET, "network"}, {names->ipc, CLONE_NEWIPC, "ipc"}, {names->uts, CLONE_NEWUTS, "uts"}};
    const int *next = child->sources;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].mode == SWL_NS_GIVEN && setns(*next++, all[i].kind) != 0) {
            return fail(fault, SWL_STEP_NAMESPACES, "join the given %s namespace", all[i].name);
        }
    }
    return 0;
}

// swiftlet-pause filters its own system calls and exits where it cannot. This check reports the reason.
static int check_seccomp(struct fault *fault)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
        return fail(fault, SWL_STEP_SECCOMP, "filter the pause's system calls, which needs a kernel with CONFIG_SECCOMP_FILTER");
    }
    return 0;
}

static int steps(struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    int kept[3 + 3] = {child->report, child->stdio[0], child->program};
    for (size_t i = 0; i < child->source_count; i++) {
        kept[3 + i] = child->sources[i];
    }
    if (child_begin(child, kept, 3 + child->source_count, fault) != 0 || set_oom_score_adj(child, fault) != 0 ||
        join_given(child, fault) != 0) {
        return -1;
    }
    // In a user namespace this process has no uid until its id mappings are written.
    if (child->ids) {
        child_await(child);
    }
    if (record->hostname && sethostname(record->hostname, strlen(record->hostname)) != 0) {
        return fail(fault, SWL_STEP_HOSTNAME, "set the hostname to \"%.64s\"", record->hostname);
    }
    if (record->domainname && setdomainname(record->domainname, strlen(record->domainname)) != 0) {
        return fail(fault, SWL_STEP_HOSTNAME, "set the domain name to \"%.64s\"", record->domainname);
    }
    // /proc/sys shows the namespaces of the process that opens it, so the host's /proc serves.
    if (write_sysctls(child, fault) != 0 || (child->ids && become_namespace_root(fault) != 0) || change_root(child, fault) != 0 ||
        child_session(child, fault) != 0 || lead_session(record, fault) != 0) {
        return -1;
    }
    static const struct swl_capabilities none;
    if (drop_bounding_set(&none, fault) != 0 || change_user(record, fault) != 0 || set_capabilities(&none, fault) != 0) {
        return -1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_NO_NEW_PRIVILEGES, "set no_new_privs");
    }
    if (check_seccomp(fault) != 0) {
        return -1;
    }
    // Without the shim no process could manage the pod. Processes in the pause's pid namespace end with the pause.
    if (child_die_with_shim(fault) != 0) {
        return -1;
    }
    if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "mark descriptors close-on-exec");
    }
    return 0;
}

_Noreturn void pause_child(struct child *child)
{
    struct fault fault = {0};
    if (steps(child, &fault) != 0) {
        child_fail(child, &fault);
    }
    // swiftlet-pause waits for these signals instead of handling them. A signal before its first step must find them blocked, or
    // the pause is killed.
    sigset_t waited_for;
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGTERM);
    sigaddset(&waited_for, SIGINT);
    sigprocmask(SIG_BLOCK, &waited_for, NULL);
    child_ready(child);
    char *const arguments[] = {"/pause", NULL}, *const environment[] = {NULL};
    // By descriptor: its root has no file.
    execveat(child->program, "", arguments, environment, AT_EMPTY_PATH);
    exec_failed(child->record->pause_path, errno, &fault);
    child_fail(child, &fault);
}
