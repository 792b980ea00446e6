#include "child/steps.h"

#include <linux/major.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NULL_MINOR 3

bool is_null_device(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(MEM_MAJOR, NULL_MINOR);
}

// Opens the file behind an O_PATH descriptor.
static int open_again(const struct child *child, int path, int flags)
{
    char name[32];
    snprintf(name, sizeof name, "self/fd/%d", path);
    return openat(child->proc, name, flags | O_NOCTTY | O_CLOEXEC);
}

static int replace(const struct child *child, int path, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    OWNED int opened = flags < 0 ? -1 : open_again(child, path, flags & O_ACCMODE);
    return opened >= 0 && dup2(opened, fd) == fd ? 0 : -1;
}

int shield_null(const struct child *child, struct fault *fault)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    OWNED int tree = -1;
    for (int i = 0; i < 3; i++) {
        struct stat status;
        if (fstat(i, &status) != 0) {
            return fail(fault, SWL_STEP_STDIO, "stat descriptor %d", i);
        }
        if (!is_null_device(&status)) {
            continue;
        }
        if (tree < 0) {
            tree = open_tree(AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
            if (tree < 0 || fstat(tree, &status) != 0 ||
                mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
                return fail(fault, SWL_STEP_STDIO, "make a read-only mount of the host's /dev/null");
            }
            if (!is_null_device(&status)) {
                return refuse(fault, SWL_STEP_STDIO, ENODEV, "the host's /dev/null is not the null device");
            }
        }
        if (replace(child, tree, i) != 0) {
            return fail(fault, SWL_STEP_STDIO, "open the null device for descriptor %d", i);
        }
    }
    return 0;
}

int adopt_null(const struct child *child, struct fault *fault)
{
    struct stat own, status;
    OWNED int path = sys_openat2(AT_FDCWD, "/dev/null", O_PATH, 0, RESOLVE_NO_LINKS);
    if (path < 0 || fstat(path, &own) != 0 || !is_null_device(&own)) {
        return 0; // no null device of its own: the host's read-only one stays
    }
    for (int i = 0; i < 3; i++) {
        if (fstat(i, &status) != 0) {
            return fail(fault, SWL_STEP_STDIO, "stat descriptor %d", i);
        }
        // If the container shows the host's own node, the read-only one stays. It also stays if the node cannot be opened: nodev,
        // or its mode.
        if (is_null_device(&status) && (status.st_dev != own.st_dev || status.st_ino != own.st_ino)) {
            replace(child, path, i);
        }
    }
    return 0;
}
