// The root file system of a container: an overlay, or a directory as it is.
#include "child/steps.h"

#include <sys/mount.h>
#include <sys/syscall.h>

// Binds a directory as the root: a single read-only layer of the image, or the caller's own directory.
static int bind_root(const struct child *child, int place, struct fault *fault)
{
    const struct record *record = child->record;
    bool layer = record->lowers.count == 1;
    const char *source = layer ? record->lowers.items[0] : record->root_path;
    struct mount_attr attributes = {.attr_set = (root_is_nodev(child) ? MOUNT_ATTR_NODEV : 0) | (layer ? MOUNT_ATTR_RDONLY : 0),
                                    .propagation = MS_PRIVATE};
    OWNED int root = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (root < 0 || mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        return fail(fault, SWL_STEP_ROOTFS, "bind the root directory \"%.300s\"", source);
    }
    if (layer && child->ids && shift_owners(root, 0, child->user, source, fault) != 0) {
        return -1;
    }
    if (attach(root, place) != 0) {
        return fail(fault, SWL_STEP_ROOTFS, "attach the root file system at \"%.300s\"", record->root_path);
    }
    return take(&root);
}

// The path must be a plain directory of the host: it is the agent's own.
int mount_rootfs(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    OWNED int place = sys_openat2(AT_FDCWD, record->root_path, O_PATH | O_DIRECTORY, 0, 0);
    if (place < 0) {
        return fail(fault, SWL_STEP_ROOTFS, "open the root directory \"%.300s\"", record->root_path);
    }
    // An overlay needs two directories.
    bool overlay = record->lowers.count > 1 || record->upper;
    return overlay ? mount_overlay(child, place, fault) : bind_root(child, place, fault);
}

// Volumes are directories of the root itself: they have the image's content, owners and modes, belong to the container and end
// with it. As mounts of their own they stay writable in a read-only root.
int mount_volumes(const struct record *record, int root, struct fault *fault)
{
    if (record->volumes.count > SWL_FDS_MAX) {
        return refuse(fault, SWL_STEP_ROOTFS, E2BIG, "the image has %zu volumes, at most %d are supported", record->volumes.count,
                      SWL_FDS_MAX);
    }
    for (size_t i = 0; i < record->volumes.count; i++) {
        const char *path = record->volumes.items[i];
        OWNED int place = open_in_root(root, path, TARGET_DIRECTORY, 0755);
        OWNED int tree = place < 0 ? -1 : open_tree(place, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree < 0 || attach(tree, place) != 0) {
            return fail(fault, SWL_STEP_ROOTFS, "make \"%.300s\" a volume of the image", path);
        }
    }
    return 0;
}

// pivot_root(".", ".") stacks the old root on the new one, so it needs no directory for the old root. Detaching the old root
// removes every mount of the host that the new namespace had copied.
int pivot_into(int root, struct fault *fault)
{
    if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) {
        return fail(fault, SWL_STEP_PIVOT_ROOT, "pivot_root");
    }
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return fail(fault, SWL_STEP_PIVOT_ROOT, "detach the host's root");
    }
    return 0;
}
