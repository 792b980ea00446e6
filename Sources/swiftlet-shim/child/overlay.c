// The overlay of a container's layers.
#include "child/steps.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

// Since Linux 6.7 each lower directory is a parameter of its own, without a common length limit. EINVAL: the kernel does not know
// it.
int overlay_by_fsconfig(const struct record *record, bool nodev)
{
    OWNED int context = fsopen("overlay", FSOPEN_CLOEXEC);
    if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "source", "overlay", 0) != 0) {
        return -1;
    }
    for (size_t i = 0; i < record->lowers.count; i++) {
        if (fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", record->lowers.items[i], 0) != 0) {
            return -1;
        }
    }
    if (record->upper && (fsconfig(context, FSCONFIG_SET_STRING, "upperdir", record->upper, 0) != 0 ||
                          fsconfig(context, FSCONFIG_SET_STRING, "workdir", record->work, 0) != 0)) {
        return -1;
    }
    for (const char *at = record->overlay_options; *at;) {
        char option[256];
        size_t length = strcspn(at, ",");
        if (length >= sizeof option) {
            errno = E2BIG;
            return -1;
        }
        snprintf(option, sizeof option, "%.*s", (int)length, at);
        at += length + (at[length] == ',');
        char *value = strchr(option, '=');
        if (value) {
            *value++ = 0;
        }
        if (fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value, 0) != 0) {
            return -1;
        }
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        return -1;
    }
    return fsmount(context, FSMOUNT_CLOEXEC, nodev ? MOUNT_ATTR_NODEV : 0);
}

#define MOUNT_OPTIONS_MAX 4096
// Reserved for the upper and work directory.
#define MOUNT_OPTIONS_REST 64

// Before Linux 6.7, mount(2) takes one page of options. Descriptor numbers, relative to /proc/self/fd, are the shortest possible
// names: a page holds about a thousand of them, and no colon in a path needs an escape.
int overlay_by_mount(const struct record *record, bool nodev, int *mount_fd)
{
    char options[MOUNT_OPTIONS_MAX];
    int used = snprintf(options, sizeof options, "lowerdir=");
    for (size_t i = 0; i < record->lowers.count; i++) {
        int lower = open(record->lowers.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC); // closed by exec, at the latest
        if (lower < 0) {
            return -1;
        }
        used += snprintf(options + used, sizeof options - (size_t)used, "%s%d", i ? ":" : "", lower);
        if ((size_t)used >= sizeof options - MOUNT_OPTIONS_REST) {
            errno = E2BIG;
            return -1;
        }
    }
    if (record->upper) {
        int upper = open(record->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int work = open(record->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (upper < 0 || work < 0) {
            return -1;
        }
        used += snprintf(options + used, sizeof options - (size_t)used, ",upperdir=%d,workdir=%d", upper, work);
    }
    if (record->overlay_options[0]) {
        used += snprintf(options + used, sizeof options - (size_t)used, ",%s", record->overlay_options);
    }
    if ((size_t)used >= sizeof options) {
        errno = E2BIG;
        return -1;
    }
    if (chdir("/proc/self/fd") != 0 || mount("overlay", record->root_path, "overlay", nodev ? MS_NODEV : 0, options) != 0) {
        return -1;
    }
    *mount_fd = open(record->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *mount_fd < 0 || chdir("/") != 0 ? -1 : 0;
}

bool root_is_nodev(const struct child *child)
{
    return child->cgroup < 0 && !child->record->host_devices;
}

#define LOWERS_MAX 500 // the kernel's limit

// The owners of image layers are ids of the container. In a user namespace each layer is used through a clone with shifted
// owners. An overlay needs lower directories that are mounted in this namespace: they are stacked at `place`, where the overlay
// will hide them, and named by descriptor, since a path reaches only the last one.
static int shift_lowers(const struct child *child, int place, struct record *shifted, int *trees, struct fault *fault)
{
    static char names[LOWERS_MAX][24];
    static const char *items[LOWERS_MAX + 1];
    const struct record *record = child->record;
    for (size_t i = 0; i < record->lowers.count; i++) {
        const char *path = record->lowers.items[i];
        trees[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (trees[i] < 0) {
            return fail(fault, SWL_STEP_ROOTFS, "clone the lower directory \"%.300s\"", path);
        }
        if (shift_owners(trees[i], 0, child->user, path, fault) != 0) {
            return -1;
        }
        if (attach(trees[i], place) != 0) {
            return fail(fault, SWL_STEP_ROOTFS, "attach the lower directory \"%.300s\"", path);
        }
        snprintf(names[i], sizeof names[i], "/proc/self/fd/%d", trees[i]);
        items[i] = names[i];
    }
    *shifted = *record;
    shifted->lowers.items = items;
    return 0;
}

// The agent's upper directory is empty; its owner shows as the owner of the container's root directory.
static int own_upper(const struct child *child, struct fault *fault)
{
    OWNED int upper = open(child->record->upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (upper < 0 || fstat(upper, &status) != 0 ||
        (status.st_uid == 0 && fchownat(upper, "", host_uid(child->ids, 0), host_gid(child->ids, 0), AT_EMPTY_PATH) != 0)) {
        return fail(fault, SWL_STEP_ROOTFS, "give the upper directory \"%.300s\" to the container's root", child->record->upper);
    }
    return 0;
}

int mount_overlay(const struct child *child, int place, struct fault *fault)
{
    static int trees[LOWERS_MAX];
    const struct record *record = child->record;
    const char *uppermost = record->lowers.items[0], *hint = child->ids ? " (with a user namespace this takes Linux 5.19)" : "";
    size_t count = record->lowers.count;
    struct record shifted;
    if (count > LOWERS_MAX) {
        return refuse(fault, SWL_STEP_ROOTFS, E2BIG, "%zu lower directories, the kernel takes at most %d", count, LOWERS_MAX);
    }
    if (child->ids) {
        if (shift_lowers(child, place, &shifted, trees, fault) != 0 || (record->upper && own_upper(child, fault) != 0)) {
            return -1;
        }
        record = &shifted;
    }
    OWNED int root = overlay_by_fsconfig(record, root_is_nodev(child));
    bool attached = false;
    if (root < 0 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
        attached = overlay_by_mount(record, root_is_nodev(child), &root) == 0;
    }
    if (root < 0 || (!attached && attach(root, place) != 0)) {
        return fail(fault, SWL_STEP_ROOTFS, "mount the overlay of %zu lower directories, uppermost \"%.200s\"%s", count,
                    uppermost, hint);
    }
    for (size_t i = 0; child->ids && i < count; i++) {
        close(trees[i]);
    }
    return take(&root);
}
