// A container's first process, from clone3 to exec. The shim clones it with CLONE_INTO_CGROUP, so it never runs outside its
// limits, and into its pid namespace, unless it appears there at the end.
#include "child/steps.h"
#include "system/fail_point.h"

#include <sched.h>
#include <string.h>
#include <sys/mount.h>

// Made while root may still write: the program's user finds an existing directory.
static int make_cwd(const struct record *record, int root, struct fault *fault)
{
    OWNED int directory = open_in_root(root, record->cwd, TARGET_DIRECTORY, 0755);
    return directory >= 0 ? 0 : fail(fault, SWL_STEP_CWD, "open or make the working directory \"%.300s\"", record->cwd);
}

// Decides whether the program's own mounts propagate to namespaces below.
static int propagate_root(const struct record *record, struct fault *fault)
{
    static const uint64_t modes[] = {MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE};
    struct mount_attr root = {.propagation = modes[record->rootfs_propagation]};
    if (record->rootfs_propagation != SWL_PROPAGATION_PRIVATE && mount_setattr(AT_FDCWD, "/", 0, &root, sizeof root) != 0) {
        return fail(fault, SWL_STEP_PROPAGATION, "change the propagation of the container's root");
    }
    return 0;
}

static int build_root(const struct child *child, int *trees, struct fault *fault)
{
    const struct record *record = child->record;
    OWNED int root = mount_rootfs(child, fault);
    // From here on directories and files are made in the container's own root.
    if (root < 0) {
        return -1;
    }
    fail_point_in_child("child.root");
    if (own_as_mapped_root(child, fault) != 0 || mount_volumes(record, root, fault) != 0 ||
        mount_all(child, root, trees, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.mounts");
    if (make_devices(child, root, fault) != 0 || make_cwd(record, root, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.devices");
    if (record->hold & SWL_HOLD_ROOT) {
        child_await(child);
    }
    if (run_hooks(child, SWL_HOOK_CREATE_CONTAINER, fault) != 0) {
        return -1;
    }
    // Protection comes after everything that writes or mounts.
    if (protect_mounts(record, root, fault) != 0 || mask_paths(record, root, fault) != 0 ||
        protect_paths(record, root, fault) != 0 || protect_root(record, root, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.protected");
    return pivot_into(root, fault) != 0 || propagate_root(record, fault) != 0 ? -1 : 0;
}

// The host's root made the mounts in a mount namespace of the host. The program's copy belongs to the pod's user namespace, so
// the kernel locks every mount in it: even CAP_SYS_ADMIN in the container cannot uncover a path or make it writable again. The
// cgroup namespace is made again for the same owner.
static int change_owner(const struct child *child, struct fault *fault)
{
    if (!child->ids) {
        return 0;
    }
    if (enter_user_namespace(child, fault) != 0) {
        return -1;
    }
    int flags = CLONE_NEWNS | (child->record->namespaces.cgroup == SWL_NS_NEW ? CLONE_NEWCGROUP : 0);
    return unshare(flags) == 0 ? 0 : fail(fault, SWL_STEP_USER_NAMESPACE, "make mount and cgroup namespaces of the pod's user");
}

// Single descriptors; the lists together have at most SWL_FDS_MAX, because one message brings them.
#define OWN_MAX 10

static int steps(struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    int kept[OWN_MAX + SWL_FDS_MAX] = {child->report, child->stdio[0], child->stdio[1],   child->stdio[2], child->sandbox,
                                       child->cgroup, child->user,     child->hook_state, child->pids,     child->procfs};
    int trees[SWL_FDS_MAX];
    size_t count = OWN_MAX;
    if (record->mounts.count > sizeof trees / sizeof *trees) {
        return refuse(fault, SWL_STEP_MOUNT, E2BIG, "%zu mounts, at most %d are supported", record->mounts.count, SWL_FDS_MAX);
    }
    for (size_t i = 0; i < child->source_count; i++) {
        kept[count++] = child->sources[i];
    }
    for (size_t i = 0; i < child->namespace_count; i++) {
        kept[count++] = child->namespaces[i];
    }
    if (child_begin(child, kept, count, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.begun");
    // Early, because memory used from here on counts for the container. The device filter is loaded while CAP_SYS_ADMIN is there
    // and no program of the container runs.
    if (set_oom_score_adj(child, fault) != 0 || limit_devices(child, fault) != 0) {
        return -1;
    }
    // Still in the mount namespace of the sources.
    if (clone_sources(child, trees, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.sources");
    // Before the mounts: /sys shows the network namespace, and mqueue the ipc namespace, of the process that mounts it.
    if (join_sandbox(child, fault) != 0 || make_namespaces(child, fault) != 0) {
        return -1;
    }
    // For the process that takes over.
    if (child->appears && setns(child->pids, CLONE_NEWPID) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "enter the pid namespace");
    }
    fail_point_in_child("child.namespaces");
    if (build_root(child, trees, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.pivoted");
    // While the host's root still runs this: it may raise an rlimit, and the pipes belong to it.
    if (write_sysctls(child, fault) != 0 || set_rlimits(child, fault) != 0 || give_stdio(child, fault) != 0) {
        return -1;
    }
    if (change_owner(child, fault) != 0 || child_session(child, fault) != 0) {
        return -1;
    }
    fail_point_in_child("child.session");
    return 0;
}

_Noreturn void container_child(struct child *child)
{
    struct fault fault = {0};
    if (steps(child, &fault) != 0) {
        child_fail(child, &fault);
    }
    child_become_program(child);
}
