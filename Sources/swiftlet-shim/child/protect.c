// Masked paths, read-only paths, read-only root. After all mounts, so that no mount hides or undoes the protection.
#include "child/steps.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

// Returns a read-only copy of a mount. Writing to the null device still works; mode, owner and times of the host's node cannot be
// changed.
static int clone_mount(int source)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    OWNED int tree = open_tree(source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return tree >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 ? take(&tree) : -1;
}

// The host's /dev/null hides a file; an empty read-only tmpfs, one for all, hides a directory.
int mask_paths(const struct record *record, int root, struct fault *fault)
{
    OWNED int null = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    OWNED int empty = -1;
    struct stat status;
    // The name is not trusted: another file bound there would be exposed by the mask (CVE-2025-31133).
    if (null < 0 || fstat(null, &status) != 0 || !is_null_device(&status)) {
        return refuse(fault, SWL_STEP_MASKED_PATH, ENODEV, "the host's /dev/null is not the null device");
    }
    for (size_t i = 0; i < record->masked_paths.count; i++) {
        const char *path = record->masked_paths.items[i];
        OWNED int target = open_in_root(root, path, TARGET_EXISTING, 0);
        if (target < 0) {
            if (errno == ENOENT || errno == ENOTDIR) {
                continue;
            }
            return fail(fault, SWL_STEP_MASKED_PATH, "open \"%.300s\"", path);
        }
        if (fstat(target, &status) != 0) {
            return fail(fault, SWL_STEP_MASKED_PATH, "stat \"%.300s\"", path);
        }
        OWNED int cover = -1;
        if (!S_ISDIR(status.st_mode)) {
            cover = clone_mount(null);
        } else if (empty >= 0) {
            cover = clone_mount(empty);
        } else {
            cover = mount_new("tmpfs", "size=0,mode=0555,nr_inodes=2",
                              MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);
        }
        if (cover < 0 || attach(cover, target) != 0) {
            return fail(fault, SWL_STEP_MASKED_PATH, "cover \"%.300s\"", path);
        }
        if (S_ISDIR(status.st_mode) && empty < 0) {
            empty = take(&cover);
        }
    }
    return 0;
}

// Returns whether a later mount on the same place hides this one.
static bool is_hidden(const struct record *record, size_t index)
{
    for (size_t i = index + 1; i < record->mounts.count; i++) {
        if (strcmp(record->mounts.items[i].destination, record->mounts.items[index].destination) == 0) {
            return true;
        }
    }
    return false;
}

int protect_mounts(const struct record *record, int root, struct fault *fault)
{
    for (size_t i = 0; i < record->mounts.count; i++) {
        const struct mount_spec *mount = &record->mounts.items[i];
        uint32_t wanted = mount->fixed.attributes & (SWL_ATTR_READONLY | SWL_ATTR_RECURSIVE_READONLY);
        if (mount->fixed.type != SWL_MOUNT_TMPFS || !wanted || is_hidden(record, i)) {
            continue;
        }
        struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
        OWNED int target = open_in_root(root, mount->destination, TARGET_EXISTING, 0);
        if (target < 0 || mount_setattr(target, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
            return fail(fault, SWL_STEP_MOUNT, "make the tmpfs on \"%.300s\" read-only", mount->destination);
        }
    }
    return 0;
}

int protect_paths(const struct record *record, int root, struct fault *fault)
{
    for (size_t i = 0; i < record->readonly_paths.count; i++) {
        const char *path = record->readonly_paths.items[i];
        OWNED int target = open_in_root(root, path, TARGET_EXISTING, 0);
        if (target < 0) {
            if (errno == ENOENT || errno == ENOTDIR) {
                continue;
            }
            return fail(fault, SWL_STEP_READONLY_PATH, "open \"%.300s\"", path);
        }
        struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
        OWNED int tree = open_tree(target, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0 ||
            attach(tree, target) != 0) {
            return fail(fault, SWL_STEP_READONLY_PATH, "make \"%.300s\" read-only", path);
        }
    }
    return 0;
}

// Last, because mount points had to be made in the root.
int protect_root(const struct record *record, int root, struct fault *fault)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (record->root_readonly && mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        return fail(fault, SWL_STEP_ROOTFS, "make the root file system read-only");
    }
    return 0;
}
