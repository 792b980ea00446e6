// A container's first process, from clone3 to exec. The shim has cloned it with CLONE_INTO_CGROUP (it never runs outside its limits)
// and into its pid namespace.
#include "child.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>

// The pause holds them; a pod on the host's network has a pause in the host's namespace, and joining it changes nothing.
static int join_sandbox(const struct child *child, struct fault *fault)
{
    if (setns(child->sandbox, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "join the sandbox's network, ipc and uts namespaces");
    }
    return 0;
}

static int new_namespaces(const struct record *record, struct fault *fault)
{
    // The cgroup namespace's root is the cgroup of this moment: the container's own.
    int flags = CLONE_NEWNS | (record->namespaces.cgroup == SWL_NS_NEW ? CLONE_NEWCGROUP : 0);
    if (unshare(flags) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "make mount and cgroup namespaces");
    }
    // No mount or unmount from here may reach the host.
    unsigned long mode = record->rootfs_propagation == SWL_PROPAGATION_SLAVE ? MS_SLAVE : MS_PRIVATE;
    if (mount(NULL, "/", NULL, MS_REC | mode, NULL) != 0) {
        return fail(fault, SWL_STEP_PROPAGATION, "change the propagation of /");
    }
    return 0;
}

// Made now, while root may still write: the program's user gets an existing directory.
static int make_cwd(const struct record *record, int root, struct fault *fault)
{
    OWNED int directory = open_in_root(root, record->cwd, TARGET_DIRECTORY, 0755);
    return directory >= 0 ? 0 : fail(fault, SWL_STEP_CWD, "open or make the working directory \"%.300s\"", record->cwd);
}

static int build_root(const struct child *child, int *trees, struct fault *fault)
{
    const struct record *record = child->record;
    OWNED int root = mount_rootfs(record, fault);
    if (root < 0 || mount_all(child, root, trees, fault) != 0 || make_devices(record, root, fault) != 0 ||
        make_cwd(record, root, fault) != 0) {
        return -1;
    }
    // Protection comes after everything that writes or mounts.
    if (mask_paths(record, root, fault) != 0 || protect_paths(record, root, fault) != 0 ||
        protect_root(record, root, fault) != 0) {
        return -1;
    }
    return pivot_into(root, fault);
}

static int steps(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    int kept[SWL_FDS_MAX + 8] = {child->report, child->stdio[0], child->stdio[1], child->stdio[2], child->sandbox, child->cgroup};
    int trees[SWL_FDS_MAX];
    size_t count = 6;
    if (record->mounts.count > sizeof trees / sizeof *trees) {
        return refuse(fault, SWL_STEP_MOUNT, E2BIG, "%zu mounts, at most %d are supported", record->mounts.count, SWL_FDS_MAX);
    }
    for (size_t i = 0; i < child->source_count; i++) {
        kept[count++] = child->sources[i];
    }
    if (child_begin(child, kept, count, fault) != 0) {
        return -1;
    }
    // The host's /proc is still there. Early also because the memory used from here on counts for the container.
    OWNED int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) {
        return fail(fault, SWL_STEP_SYSCTL, "open /proc");
    }
    // The filter while CAP_SYS_ADMIN is there and no program of the container runs yet.
    if (set_oom_score_adj(child, fault) != 0 || limit_devices(child, fault) != 0) {
        return -1;
    }
    // In the mount namespace that the sources belong to.
    if (clone_sources(child, trees, fault) != 0) {
        return -1;
    }
    // Before the mounts: /sys shows the network namespace, mqueue the ipc namespace of who mounts it.
    if (join_sandbox(child, fault) != 0 || new_namespaces(record, fault) != 0 || build_root(child, trees, fault) != 0) {
        return -1;
    }
    if (write_sysctls(record, proc, fault) != 0 || set_rlimits(child, fault) != 0) {
        return -1;
    }
    return child_session(child, fault);
}

_Noreturn void container_child(const struct child *child)
{
    struct fault fault = {0};
    if (steps(child, &fault) != 0) {
        child_fail(child, &fault);
    }
    child_become_program(child);
}
